//! `skypact conflicts level`, `retime`, `reroute`, `accept`, `apply`: the way out of a conflict, from the proposal of one
//! side over the acceptance of the other to the changed notice of its author. Each step says what the next one is.

use std::path::PathBuf;

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{ConflictKey, Message, Notice, NoticeAct, Remedy};
use skypact_record::{Hash, counted};

use super::desk::{Desk, Where, hash, short};
use super::exit::show;
use super::naming::{NOTICE, PROPOSAL, find, find_notice};
use super::notice::{file_notices, overlaps_by, read_file};
use super::notice_check::{already, not_over};
use super::quantity::{FootprintText, band, duration_ns};
use super::reading::{self, Proposed};
use super::{CliError, Outcome};
use crate::http::views::{ConflictView, NoticeView, ProposalView};
use crate::node::RecordSigner;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Step {
    /// Propose other altitudes for a notice in conflict.
    Level {
        /// Id of the notice, or its first 6 or more digits.
        id: String,
        /// New lower limit of all its volumes.
        #[arg(long)]
        lower: String,
        /// New upper limit.
        #[arg(long)]
        upper: String,
        #[command(flatten)]
        answering: Answering,
    },
    /// Propose other times for a notice in conflict.
    Retime {
        /// Id of the notice, or its first 6 or more digits.
        id: String,
        /// New first instant, UTC: 2017-04-07T09:00:00Z.
        #[arg(long)]
        from: Option<String>,
        /// New last instant.
        #[arg(long)]
        until: Option<String>,
        /// Move all its volumes by this: 20min for later, -20min for earlier.
        #[arg(long, allow_hyphen_values = true)]
        shift: Option<String>,
        #[command(flatten)]
        answering: Answering,
    },
    /// Propose other places for a notice in conflict.
    Reroute {
        /// Id of the notice, or its first 6 or more digits.
        id: String,
        /// JSON file with the notice as it would be, instead of one new footprint for all its volumes.
        #[arg(long, conflicts_with_all = ["circle", "polygon", "corridor", "width"])]
        file: Option<PathBuf>,
        #[command(flatten)]
        footprint: FootprintText,
        #[command(flatten)]
        answering: Answering,
    },
    /// Accept a proposal of the counterpart.
    Accept {
        /// Id of the proposal, or its first 6 or more digits.
        id: String,
    },
    /// File the changed notice that an accepted proposal describes.
    Apply {
        /// Id of the proposal, or its first 6 or more digits.
        id: String,
    },
}

/// What a proposal answers.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Answering {
    /// Id of a proposal of the counterpart about the same conflict: this one is the counter-proposal to it.
    #[arg(long)]
    counter: Option<String>,
}

/// The desk of the channel that a step is about.
pub(super) async fn desk(step: &Step, place: &Where) -> Result<Desk, CliError> {
    let (desk, ()) = match step {
        Step::Level { id, .. } | Step::Retime { id, .. } | Step::Reroute { id, .. } => {
            let (desk, _) = Desk::with_notice(place, "id", id).await?;
            (desk, ())
        }
        Step::Accept { id } | Step::Apply { id } => {
            Desk::with(place, async |desk| proposal(desk, id).await.map(|_| ())).await?
        }
    };
    Ok(desk)
}

pub(super) async fn run(step: &Step, desk: &Desk, signer: &RecordSigner, json: bool) -> Result<Outcome, CliError> {
    match step {
        Step::Level { id, lower, upper, answering } => {
            let band = band(Some(lower), Some(upper))?;
            let level = |notice: &Notice| Ok(each(notice, |volume| volume.band = band));
            propose(desk, signer, (id, answering), Remedy::Level, level, json).await
        }
        Step::Retime { id, from, until, shift, answering } => {
            let retimed = |notice: &Notice| match (from, until, shift) {
                (Some(from), Some(until), None) => stretched(notice, from, until),
                (None, None, Some(shift)) => shifted(notice, shift),
                _ => {
                    let message = "shift: give --from and --until, or --shift, such as 20min for later";
                    Err(CliError::usage("field-missing", "shift", message))
                }
            };
            propose(desk, signer, (id, answering), Remedy::Retime, retimed, json).await
        }
        Step::Reroute { id, file, footprint, answering } => {
            let rerouted = |notice: &Notice| match file {
                None => {
                    let footprint = footprint.footprint()?;
                    Ok(each(notice, |volume| volume.footprint = footprint.clone()))
                }
                Some(file) => match &mut read_file(file)?[..] {
                    [stated] if stated.class == notice.class => Ok(std::mem::take(&mut stated.volumes)),
                    _ => {
                        Err(CliError::usage("field-invalid", "file", "file: give one notice, of the class that it has"))
                    }
                },
            };
            propose(desk, signer, (id, answering), Remedy::Reroute, rerouted, json).await
        }
        Step::Accept { id } => accept(desk, signer, id, json).await,
        Step::Apply { id } => apply(desk, signer, id, json).await,
    }
}

/// The volumes of a notice, each changed in the same way; those that become the same are one.
fn each(notice: &Notice, change: impl Fn(&mut Volume4d)) -> Vec<Volume4d> {
    let mut volumes: Vec<Volume4d> = Vec::new();
    for volume in &notice.volumes {
        let mut volume = volume.clone();
        change(&mut volume);
        if !volumes.contains(&volume) {
            volumes.push(volume);
        }
    }
    volumes
}

fn stretched(notice: &Notice, from: &str, until: &str) -> Result<Vec<Volume4d>, CliError> {
    let window = super::quantity::window(from, until)?;
    if notice.volumes.iter().any(|volume| volume.window != notice.window()) {
        let message =
            "from: its volumes have times of their own; move them all with --shift, or give each with 'reroute --file'";
        return Err(CliError::usage("field-invalid", "from", message));
    }
    Ok(each(notice, |volume| volume.window = window))
}

fn shifted(notice: &Notice, shift: &str) -> Result<Vec<Volume4d>, CliError> {
    let shift_ns = duration_ns("shift", shift)?;
    let moved = |at: UtcNanos| at.0.checked_add(shift_ns).map(UtcNanos);
    let beyond = || CliError::usage("field-invalid", "shift", format!("shift: {shift} leads beyond all time"));
    let whole = notice.window();
    moved(whole.start()).zip(moved(whole.end())).ok_or_else(beyond)?;
    Ok(each(notice, |volume| {
        let (start, end) = (moved(volume.window.start()), moved(volume.window.end()));
        let (start, end) = start.zip(end).expect("it lies within the whole, which can be moved");
        volume.window = TimeWindow::new(start, end).expect("both ends move alike");
    }))
}

/// Files a proposal to change a notice in an open conflict.
async fn propose(
    desk: &Desk,
    signer: &RecordSigner,
    (id, answering): (&str, &Answering),
    remedy: Remedy,
    change: impl Fn(&Notice) -> Result<Vec<Volume4d>, CliError>,
    json: bool,
) -> Result<Outcome, CliError> {
    let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let view = desk.found(find_notice(NOTICE, "id", id, &notices)).await?;
    let id = &view.id;
    let conflicts: Vec<ConflictView> = desk.client.get(&desk.path("conflicts")).await?;
    let mut open = conflicts.iter().filter(|conflict| conflict.open && conflict.versions.contains(&view.version));
    let earlier = match &answering.counter {
        Some(counter) => Some(countered(desk, counter).await?),
        None => None,
    };
    let conflict = match &earlier {
        Some(earlier) => open.find(|conflict| conflict.proposals.contains(earlier)).ok_or_else(|| {
            let message = format!("counter: {} is about no open conflict of {}", short(earlier), short(id));
            CliError::usage("no-conflict", "counter", message)
        })?,
        None => open
            .next()
            .ok_or_else(|| CliError::usage("no-conflict", "id", format!("id: {} is in no open conflict", short(id))))?,
    };
    let notice = reading::notice(view)?;
    let volumes = change(&notice)?;
    if volumes == notice.volumes {
        return Err(CliError::usage("nothing-changes", "id", "id: the notice is like that already; propose a change"));
    }
    let end_ns = volumes.iter().map(|volume| volume.window.end().0).max().unwrap_or(i64::MAX);
    not_over(if remedy == Remedy::Retime { "until" } else { "id" }, end_ns, desk.view.now_ns)?;
    let (mine, version) = (view.party == desk.view.party, hash(&view.version)?);
    let changed = Notice { act: NoticeAct::Changed, previous: Some(version), volumes: volumes.clone(), ..notice };
    let left = overlaps_by(desk, &Message::Notice(changed), mine).await?.len();
    let warning = if left > 0 {
        let of = if mine { &desk.view.counterpart } else { &desk.view.party };
        format!("like that it would still be in conflict with {} of {of}\n", counted(left, "notice"))
    } else {
        String::new()
    };
    let key = ConflictKey::new(hash(&conflict.versions[0])?, hash(&conflict.versions[1])?);
    let shown = reading::lines(&volumes);
    let message = Message::Proposal { key, notice: version, remedy, volumes };
    let mut references = vec![version];
    if let Some(earlier) = &earlier {
        references.push(hash(earlier)?);
    }
    let placed = desk.file(signer, [(message, references)]).await?;
    let (name, other) = (view.call_sign.as_deref().unwrap_or(short(id)), &desk.view.counterpart);
    let proposal = placed.first().map_or("", |placed| short(&placed.leaf));
    let counter = earlier.map(|earlier| format!(", a counter-proposal to {}", short(&earlier))).unwrap_or_default();
    let author = if mine { "you file" } else { "it files" };
    let text = format!(
        "proposed {proposal}: {} {name}{counter}\n{shown}{warning}next: {other} accepts with 'skypact conflicts accept {proposal}',\n\
         then {author} the change with 'skypact conflicts apply {proposal}'",
        remedy.name()
    );
    show(json, &placed, &text);
    Ok(Outcome::Done)
}

/// The counterpart's proposal that is countered.
async fn countered(desk: &Desk, id: &str) -> Result<String, CliError> {
    let proposals: Vec<ProposalView> = desk.client.get(&desk.path("proposals")).await?;
    let id = desk.found(find(PROPOSAL, "counter", id, proposals.iter().map(|proposal| &proposal.id))).await?;
    if proposals.iter().any(|proposal| proposal.id == *id && proposal.party == desk.view.party) {
        let message = "counter: it is your own proposal; propose another one without --counter";
        return Err(CliError::usage("wrong-party", "counter", message));
    }
    Ok(id.clone())
}

async fn accept(desk: &Desk, signer: &RecordSigner, id: &str, json: bool) -> Result<Outcome, CliError> {
    let (id, accepted_by, Proposed { notice, remedy, volumes, content }) = proposal(desk, id).await?;
    if let Some(officer) = accepted_by {
        return Err(already("id", &format!("{officer} has accepted it, see 'skypact conflicts' for what is next")));
    }
    let message = Message::Acceptance { proposal: id, content };
    let placed = desk.file(signer, [(message, vec![id])]).await?;
    let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let mine = notices.iter().any(|view| view.version == notice.to_string() && view.party == desk.view.party);
    let leaf = id.to_string();
    let next = if mine {
        format!("next: file the change of your notice with 'skypact conflicts apply {}'", short(&leaf))
    } else {
        format!("next: {} files the changed notice; the conflict is open until then", desk.view.counterpart)
    };
    let shown = reading::lines(&volumes);
    show(json, &placed, &format!("accepted {}: {}\n{shown}{next}{}", short(&leaf), remedy.name(), desk.silence()));
    Ok(Outcome::Done)
}

async fn apply(desk: &Desk, signer: &RecordSigner, id: &str, json: bool) -> Result<Outcome, CliError> {
    let (id, accepted_by, Proposed { notice: version, volumes, .. }) = proposal(desk, id).await?;
    if accepted_by.is_none() {
        let message = "id: the other side has not accepted this proposal; see 'skypact conflicts'";
        return Err(CliError::usage("not-accepted", "id", message));
    }
    let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let current = notices.iter().find(|view| view.version == version.to_string() && view.stands);
    let own = current.filter(|view| view.party == desk.view.party);
    let view = own.ok_or_else(|| match current {
        Some(view) => CliError::usage("wrong-party", "id", format!("id: {} changes its own notice", view.party)),
        None => CliError::usage(
            "citation-replaced",
            "id",
            "id: the notice was changed or ended since; see 'skypact conflicts'",
        ),
    })?;
    let notice = Notice { act: NoticeAct::Changed, previous: Some(version), volumes, ..reading::notice(view)? };
    file_notices(desk, signer, vec![notice], &[version, id], json).await
}

/// A proposal by the beginning of its id, with the officer who accepted it.
async fn proposal(desk: &Desk, id: &str) -> Result<(Hash, Option<String>, Proposed), CliError> {
    let proposals: Vec<ProposalView> = desk.client.get(&desk.path("proposals")).await?;
    let id = find(PROPOSAL, "id", id, proposals.iter().map(|proposal| &proposal.id))?;
    let view = proposals.iter().find(|proposal| proposal.id == *id).expect("found above");
    Ok((hash(id)?, view.accepted_by.clone(), reading::proposal(view)?))
}
