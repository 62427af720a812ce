//! `skypact case`: joint incident cases. Some open by themselves; what each side says, agrees to, disputes, asks for, gives and withholds
//! stands in the record, by hash where it is a file.

use skypact_airspace::UtcNanos;
use skypact_channel::{CaseAct, CaseEntry, CaseReport, Cited, Message};
use skypact_record::Hash;

use super::desk::{Acting, Desk, content, hash, short, show_each};
use super::exit::show;
use super::naming::{CASE_SAID, find};
use super::notice_check::{already, not_to_come};
use super::prose::{Prose, quoted};
use super::quantity::time_ns;
use super::{CliError, Outcome, case_files, case_show};
use crate::http::views::{AskedView, CaseView, PlacedView};
use crate::node::RecordSigner;

/// Arguments of `case`.
pub(super) type Args = Acting<Step>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// List the cases. The same as no subcommand.
    List {
        /// Closed ones too.
        #[arg(long)]
        closed: bool,
    },
    /// Show a case with all that was added to it.
    Show {
        /// Id of the case, or of an entry of it, or of a notice or STOP; or its first 6 or more digits.
        id: String,
    },
    /// Report an incident: opens a case.
    Open {
        /// What the case is called.
        title: String,
        #[command(flatten)]
        report: Prose,
        /// When it happened, UTC: 2017-04-07T09:00:00Z.
        #[arg(long)]
        at: Option<String>,
        /// Id of a notice, STOP or case that it is about; may be given again.
        #[arg(long)]
        about: Vec<String>,
    },
    /// Add a statement of this party to a case.
    State {
        /// Id of the case.
        id: String,
        #[command(flatten)]
        text: Prose,
    },
    /// Propose a fact that both sides ought to agree on.
    Fact {
        /// Id of the case.
        id: String,
        #[command(flatten)]
        text: Prose,
    },
    /// Agree to a fact of the counterpart's, exactly as it stands.
    Agree {
        /// Id of the fact.
        id: String,
    },
    /// Dispute a fact of the counterpart's.
    Dispute {
        /// Id of the fact.
        id: String,
        #[command(flatten)]
        reason: Prose,
    },
    /// Ask the counterpart for evidence.
    Request {
        /// Id of the case.
        id: String,
        #[command(flatten)]
        text: Prose,
    },
    /// Put a file to the case by its SHA-256. The file stays here, sealed under DIR/keys/evidence.key.
    Evidence(case_files::EvidenceArgs),
    /// Answer a request of the counterpart's with a refusal.
    Withhold {
        /// Id of the request.
        id: String,
        #[command(flatten)]
        reason: Prose,
    },
    /// Write a file of evidence that is kept here, to hand it over.
    Give(case_files::GiveArgs),
    /// Say which evidence or finding of a case a file is. Exit code 1 when it is none.
    Check(case_files::CheckArgs),
    /// Name a neutral whose findings this party will take for such. It counts once the counterpart names the same key.
    Neutral(case_files::NeutralArgs),
    /// Sign a finding, as the neutral. Needs no node.
    Sign(case_files::SignArgs),
    /// Record that a signed finding has reached this party.
    Finding(case_files::FindingArgs),
    /// Close a case for this party. It is closed when both have; whatever comes later opens it again.
    Close {
        /// Id of the case.
        id: String,
        #[command(flatten)]
        reason: Prose,
    },
    /// Write the evidence bundle of a case alone, for 'skypact verify'.
    Export(case_files::ExportArgs),
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let Some(step) = &args.step else {
        return show_each(&args.place, json, async |desk| case_show::list(desk, false).await).await;
    };
    match step {
        Step::List { closed } => {
            return show_each(&args.place, json, async |desk| case_show::list(desk, *closed).await).await;
        }
        Step::Show { id } => {
            return case_show::show_one(&Desk::open(&args.place).await?, &args.place.dir, id, json).await;
        }
        Step::Sign(sign) => return case_files::sign(sign, json),
        Step::Check(check) => return case_files::check(&Desk::open(&args.place).await?, check, json).await,
        Step::Give(give) => {
            return case_files::give(&Desk::open(&args.place).await?, &args.place.dir, give, json).await;
        }
        Step::Export(export) => return case_files::export(&Desk::open(&args.place).await?, export, json).await,
        _ => {}
    }
    let signer = args.who.signer(&args.place.dir)?;
    let desk = Desk::open(&args.place).await?;
    let place = Acted { desk: &desk, signer: &signer, json };
    match step {
        Step::Open { title, report, at, about } => place.open(title, report, at.as_deref(), about).await,
        Step::State { id, text } => place.add(id, CaseAct::Statement { text: text.words()? }, "stated").await,
        Step::Fact { id, text } => place.add(id, CaseAct::Fact { text: text.words()? }, "proposed as a fact").await,
        Step::Request { id, text } => place.add(id, CaseAct::Request { text: text.words()? }, "asked for").await,
        Step::Agree { id } => place.answer_fact(id, None).await,
        Step::Dispute { id, reason } => place.answer_fact(id, Some(reason.words()?)).await,
        Step::Withhold { id, reason } => place.withhold(id, reason.words()?).await,
        Step::Close { id, reason } => place.close(id, reason.words()?).await,
        Step::Evidence(evidence) => case_files::evidence(&place, &args.place.dir, evidence).await,
        Step::Neutral(neutral) => case_files::neutral(&place, neutral).await,
        Step::Finding(finding) => case_files::finding(&place, &args.place.dir, finding).await,
        _ => Err(CliError::usage("arguments-invalid", "step", "step: is none that acts")),
    }
}

/// The case of this id, of an entry of it, or of a notice or STOP.
pub(super) async fn case(desk: &Desk, id: &str) -> Result<CaseView, CliError> {
    Ok(desk.client.get(&desk.path(&format!("case?id={}", digits(id)?))).await?)
}

/// An id that may stand in a path.
pub(super) fn digits(id: &str) -> Result<&str, CliError> {
    if id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(id);
    }
    Err(CliError::usage("field-invalid", "id", "id: give hex digits, at least 6"))
}

/// The fact or request whose id begins so.
fn asked<'a>(field: &str, id: &str, among: &'a [AskedView]) -> Result<&'a AskedView, CliError> {
    let id = find(CASE_SAID, field, id, among.iter().map(|asked| &asked.said.id))?;
    Ok(among.iter().find(|asked| asked.said.id == *id).expect("found above"))
}

/// An officer at a desk.
pub(super) struct Acted<'a> {
    pub(super) desk: &'a Desk,
    signer: &'a RecordSigner,
    json: bool,
}

impl Acted<'_> {
    async fn open(&self, title: &str, report: &Prose, at: Option<&str>, about: &[String]) -> Result<Outcome, CliError> {
        let at = at.map(|at| time_ns("at", at).map(UtcNanos)).transpose()?;
        at.map_or(Ok(()), |at| not_to_come("at", at.0, self.desk.view.now_ns))?;
        let mut named = Vec::new();
        for id in about {
            named.push(hash(&case(self.desk, id).await?.summary.id)?);
        }
        let report = CaseReport { title: title.to_owned(), text: report.words()?, at, about: named.clone() };
        let placed = self.file(Message::Case(report), named).await?;
        let id = placed.first().map_or("", |placed| short(&placed.leaf));
        let text = format!(
            "opened case {id}: {title}\nnext: 'skypact case state {id}', 'fact' and 'request' add to it,\n'skypact case show {id}' shows it"
        );
        Ok(self.shows(&placed, &text))
    }

    /// Adds to the case of this id, and says what was done.
    async fn add(&self, id: &str, act: CaseAct, done: &str) -> Result<Outcome, CliError> {
        let case = case(self.desk, id).await?;
        let text = match &act {
            CaseAct::Statement { text } | CaseAct::Fact { text } | CaseAct::Request { text } => text.clone(),
            _ => String::new(),
        };
        let placed = self.add_to(hash(&case.summary.id)?, act, Vec::new()).await?;
        let entry = placed.first().map_or("", |placed| short(&placed.leaf));
        Ok(self.shows(&placed, &format!("{entry} {done}, in case {}\n{}", short(&case.summary.id), quoted(&text, 2))))
    }

    /// Places an entry of a case.
    pub(super) async fn add_to(
        &self,
        case: Hash,
        act: CaseAct,
        references: Vec<Hash>,
    ) -> Result<Vec<PlacedView>, CliError> {
        self.file(Message::CaseEntry(CaseEntry { case, act }), references).await
    }

    async fn answer_fact(&self, id: &str, reason: Option<String>) -> Result<Outcome, CliError> {
        let case = case(self.desk, id).await?;
        let fact = asked("id", id, &case.facts)?;
        if let (None, "agreed", Some(signed)) = (&reason, &fact.state[..], fact.answers.last()) {
            return Err(already("id", &format!("{} of {} has agreed to it", signed.officer, signed.party)));
        }
        // What is signed is what is shown, and not what the node says about it.
        let (leaf, content) = (hash(&fact.said.id)?, content(&fact.body, &fact.content)?);
        let (cited, is_agreed) = (Cited { leaf, content }, reason.is_none());
        let act = match reason {
            None => CaseAct::Agreed(cited),
            Some(reason) => CaseAct::Disputed { fact: cited, reason },
        };
        let placed = self.add_to(hash(&case.summary.id)?, act, vec![leaf]).await?;
        let done = if is_agreed { "AGREED: both sides have signed this" } else { "disputed" };
        Ok(self.shows(&placed, &format!("{done}\n{}", quoted(&fact.said.text, 2))))
    }

    async fn withhold(&self, id: &str, reason: String) -> Result<Outcome, CliError> {
        let case = case(self.desk, id).await?;
        let request = hash(&asked("id", id, &case.requests)?.said.id)?;
        let placed = self.add_to(hash(&case.summary.id)?, CaseAct::Withheld { request, reason }, vec![request]).await?;
        let text = format!("withheld; that, and why, stays in sight of {}", self.desk.view.counterpart);
        Ok(self.shows(&placed, &text))
    }

    async fn close(&self, id: &str, reason: String) -> Result<Outcome, CliError> {
        let case = case(self.desk, id).await?;
        let (own, causes) = (&self.desk.view.party, case.summary.causes.iter().map(|cause| cause.bit).sum());
        if case.summary.closed_by.contains(own) {
            return Err(already("id", &format!("{own} has closed it, and nothing was added to what opened it")));
        }
        let placed = self.add_to(hash(&case.summary.id)?, CaseAct::Closed { causes, reason }, Vec::new()).await?;
        let counterpart = &self.desk.view.counterpart;
        let theirs = case.closed.iter().any(|closed| closed.party == *counterpart);
        let text = if theirs {
            "closed, by both sides".to_owned()
        } else {
            format!("closed for this party; it is open until {counterpart} closes it too")
        };
        Ok(self.shows(&placed, &text))
    }

    pub(super) async fn file(&self, message: Message, references: Vec<Hash>) -> Result<Vec<PlacedView>, CliError> {
        // What the counterpart could not read is refused here, where the field can be named.
        Message::decode(message.kind(), &message.encode())
            .map_err(|error| CliError::usage(error.code(), error.field, error.to_string()))?;
        self.desk.file(self.signer, [(message, references)]).await
    }

    pub(super) fn shows(&self, placed: &[PlacedView], text: &str) -> Outcome {
        show(self.json, &placed, text);
        Outcome::Done
    }

    /// The evidence that a request is answered with.
    pub(super) fn request(case: &CaseView, id: Option<&String>) -> Result<Option<Hash>, CliError> {
        id.map(|id| hash(&asked("answers", id, &case.requests)?.said.id)).transpose()
    }
}
