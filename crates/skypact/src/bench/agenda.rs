//! The agenda, the cases and the weeks of a channel over a year of entries: folded in this process, as a start of a node folds them, then
//! asked for as the local API asks. Signatures of acts are neither made nor checked: a start does not check them again.

use serde::Serialize;
use skypact_airspace::{Altitude, AltitudeBand, Circle, Datum, Footprint, LatLng, TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{
    ActivityClass, AgendaItem, CaseAct, CaseEntry, CaseReport, Channel, Cited, Command, Context, Decision, Draft,
    Facts, LogRef, Message, Notice, NoticeAct, Rung, Stop, StopRung, Witnessed,
};
use skypact_record::{
    Checkpoint, Entry, Hash, KeyRole, Leaf, LogClass, PartyName, PublicKey, Seen, SignedCheckpoint, Signer,
    SignerError, cosign,
};

use super::parties::{NAMES, Parties};
use super::shapes::Dice;
use super::{percentiles, progress, status_mb};
use crate::clock::Stopwatch;
use crate::command::CliError;
use crate::entropy::SystemEntropy;
use crate::http::views;
use crate::node::RecordSigner;

/// Start of the year: 2029-01-01.
const START_NS: i64 = 1_861_920_000_000_000_000;
const MINUTE_NS: i64 = 60_000_000_000;
const YEAR_NS: i64 = 365 * 24 * 60 * MINUTE_NS;
/// Entries between two that say what the witness had seen.
const WITNESSED_EVERY: u64 = 20;
/// How often each question is asked.
const ASKED: usize = 7;

/// What was measured. Milliseconds are medians of seven, and the longest.
#[derive(Debug, Serialize)]
pub struct AgendaFigures {
    /// Entries of all four logs.
    pub entries: u64,
    /// Notices among them.
    pub notices: usize,
    /// Open cases.
    pub cases: usize,
    /// Open items of the agenda.
    pub items: usize,
    /// Folding the entries in, seconds, with making them.
    pub folded_s: f64,
    /// The agenda.
    pub agenda_p50_ms: f64,
    /// The same, longest.
    pub agenda_max_ms: f64,
    /// The list of cases.
    pub cases_p50_ms: f64,
    /// The same, longest.
    pub cases_max_ms: f64,
    /// Minutes of a month.
    pub minutes_p50_ms: f64,
    /// The same, longest.
    pub minutes_max_ms: f64,
    /// The weeks of the year.
    pub health_p50_ms: f64,
    /// The same, longest.
    pub health_max_ms: f64,
    /// The most that this process held (`VmHWM`), MB.
    pub peak_mb: f64,
}

/// Measures over that many entries.
pub fn run(entries: u64, seed: u64) -> Result<AgendaFigures, CliError> {
    let bar = progress();
    bar.set_message("fold a year");
    let watch = Stopwatch::start();
    let mut year = Year::new(entries)?;
    let mut dice = Dice(seed);
    while year.size() < entries {
        year.notice(&mut dice)?;
    }
    let folded_s = watch.elapsed().as_secs_f64();
    bar.set_message("ask");
    let (channel, now_ns) = (&year.channel, START_NS + YEAR_NS);
    let (agenda_p50_ms, agenda_max_ms) = asked(|| views::agenda_view(channel, now_ns));
    let (cases_p50_ms, cases_max_ms) = asked(|| views::cases(channel, now_ns, false));
    let month_ns = YEAR_NS / 12;
    let (minutes_p50_ms, minutes_max_ms) = asked(|| views::minutes(channel, now_ns - month_ns, now_ns, now_ns));
    let (health_p50_ms, health_max_ms) = asked(|| views::weeks(channel, now_ns));
    bar.finish_and_clear();
    Ok(AgendaFigures {
        entries: year.size(),
        notices: channel.board().notices().count(),
        cases: views::cases(channel, now_ns, false).open,
        items: views::agenda_view(channel, now_ns).open,
        folded_s,
        agenda_p50_ms,
        agenda_max_ms,
        cases_p50_ms,
        cases_max_ms,
        minutes_p50_ms,
        minutes_max_ms,
        health_p50_ms,
        health_max_ms,
        peak_mb: status_mb(std::process::id(), "VmHWM").unwrap_or_default(),
    })
}

/// Median and longest time of a question, ms.
fn asked<T>(question: impl Fn() -> T) -> (f64, f64) {
    let mut times: Vec<f64> = (0..ASKED)
        .map(|_| {
            let watch = Stopwatch::start();
            let answer = question();
            let elapsed_ms = watch.elapsed().as_secs_f64() * 1e3;
            drop(answer);
            elapsed_ms
        })
        .collect();
    let (median, _) = percentiles(&mut times);
    (median, times.last().copied().unwrap_or_default())
}

/// Signs nothing: what is folded out of an own store was verified before.
struct Unsigned(PublicKey);

impl Signer for Unsigned {
    fn public_key(&self) -> &PublicKey {
        &self.0
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(vec![0; 64])
    }
}

/// A channel whose year is being folded.
struct Year {
    parties: Parties,
    channel: Channel,
    /// Keys of officer and node, in the order of the parties.
    signers: [[Unsigned; 2]; 2],
    step_ns: i64,
    now: UtcNanos,
    notices: u64,
    /// How often the witness was heard.
    witnessed: u64,
}

impl Year {
    fn new(entries: u64) -> Result<Self, CliError> {
        let parties = Parties::new()?;
        let pact = || parties.pact.clone();
        let failed = |error: &dyn std::fmt::Display| CliError::io("bench", &error.to_string());
        let mut channel = Channel::new(pact(), NAMES[1].0).map_err(|error| failed(&error))?;
        let now = UtcNanos(START_NS);
        for (party, (name, _)) in NAMES.iter().enumerate() {
            let own = Channel::new(pact(), name).map_err(|error| failed(&error))?;
            let opened = own.decide(Command::Open, &mut Context { now, entropy: &mut SystemEntropy });
            let Ok(Decision::Say(drafts)) = opened else { return Err(failed(&"no log was opened")) };
            let node = RecordSigner::new(parties.keys[party].ring.node.clone());
            for draft in drafts {
                let log = LogRef { party, class: draft.act.log_class };
                let signed = draft.sign(&node).map_err(|error| failed(&error))?;
                let leaf = own.place(signed.act);
                let entry = Entry { leaf, parts: vec![Some(signed.part)] };
                channel.replay(log, 0, entry).map_err(|error| failed(&error))?;
            }
        }
        let signers = [0, 1].map(|party| {
            let keys = &parties.keys[party];
            let node = RecordSigner::new(keys.ring.node.clone());
            [keys.officer.public_key().clone(), node.public_key().clone()].map(Unsigned)
        });
        let step_ns = YEAR_NS / i64::try_from(entries).unwrap_or(i64::MAX);
        Ok(Self { parties, channel, signers, step_ns, now, notices: 0, witnessed: 0 })
    }

    fn size(&self) -> u64 {
        LogRef::ALL.map(|log| self.channel.log(log).size()).into_iter().sum()
    }

    /// A notice and what becomes of it; of some of them something goes wrong.
    fn notice(&mut self, dice: &mut Dice) -> Result<(), CliError> {
        let (number, party) = (self.notices, (self.notices % 2) as usize);
        self.notices += 1;
        // One of twenty is late, one of fifty is not read, and one of a hundred lies over the one before, unseen.
        let lead_ns = if number.is_multiple_of(20) { MINUTE_NS } else { 120 * MINUTE_NS };
        let place = if number % 100 == 3 { number - 1 } else { number };
        let id = self.says(party, &Message::Notice(notice(place, self.now.0 + lead_ns, None)))?;
        let content = self.channel.board().content_of(&id).unwrap_or(id);
        if number % 50 == 2 {
            self.says(party, &Message::Overdue { notice: id })?;
        } else {
            self.says(1 - party, &Message::ReadBack { notice: id, content })?;
            self.says(party, &Message::Notice(notice(place, self.now.0 + lead_ns, Some(id))))?;
        }
        while let Some(draft) = self.channel.finding(true, &mut Context { now: self.now, entropy: &mut SystemEntropy })
        {
            self.places(1, draft, true)?;
        }
        if number % 200 == 3 {
            let what = format!("fire in sector {}", dice.roll(1_000));
            let stop = Stop { object: Some(id), what, area: None, until: None, reason: None };
            let stop = self.says(party, &Message::Stop(stop))?;
            self.now.0 += if number % 1_000 == 3 { 2 * MINUTE_NS } else { MINUTE_NS / 4 };
            self.says(1 - party, &Message::StopRung(StopRung { stop, rung: Rung::Ceased, text: None }))?;
        }
        if number % 500 == 4 {
            self.case(party, id)?;
        }
        if number % 1_000 == 5 {
            let text = Some("how often".to_owned());
            self.says(party, &Message::AgendaItem(AgendaItem { title: format!("Question {number}"), text }))?;
        }
        if self.size() / WITNESSED_EVERY > self.witnessed {
            self.witnessed = self.size() / WITNESSED_EVERY;
            self.witnessed(0)?;
            self.witnessed(1)?;
        }
        Ok(())
    }

    /// A case by hand: a disputed fact and a request without an answer.
    fn case(&mut self, party: usize, about: Hash) -> Result<(), CliError> {
        let report = CaseReport {
            title: "Pass".to_owned(),
            text: "passed at 500 ft".to_owned(),
            at: Some(self.now),
            about: vec![about],
        };
        let case = self.says(party, &Message::Case(report))?;
        let add = |act| Message::CaseEntry(CaseEntry { case, act });
        let fact = self.says(party, &add(CaseAct::Fact { text: "both at FL200".to_owned() }))?;
        let held = self.channel.board().case(&case).and_then(|case| case.facts.first());
        let content = held.map_or(fact, |fact| fact.origin.content);
        let cited = Cited { leaf: fact, content };
        self.says(1 - party, &add(CaseAct::Disputed { fact: cited, reason: "FL220".to_owned() }))?;
        self.says(party, &add(CaseAct::Request { text: "radar recording".to_owned() }))?;
        Ok(())
    }

    /// The witness has seen the routine log of a party, and its node says so.
    fn witnessed(&mut self, party: usize) -> Result<(), CliError> {
        let log = LogRef { party, class: LogClass::Routine };
        let failed = |error: &dyn std::fmt::Display| CliError::io("bench", &error.to_string());
        let state = self.channel.log(log);
        let origin = self.parties.pact.log_keys(log).origin.clone();
        let checkpoint = Checkpoint { origin, size: state.size(), root: state.tree.root() };
        let signer = RecordSigner::new(self.parties.keys[party].ring.checkpoint.clone());
        let mut note = SignedCheckpoint::sign(checkpoint, &signer).map_err(|error| failed(&error))?;
        let time_s = u64::try_from(self.now.0 / 1_000_000_000).unwrap_or_default();
        let witness = self.parties.pact.log_keys(log).witnesses[0].name().clone();
        let line = cosign(note.checkpoint(), time_s, &witness, &self.parties.witness);
        note.add(line.map_err(|error| failed(&error))?);
        self.says(party, &Message::Witnessed(Witnessed { class: LogClass::Routine, note: note.encode() }))?;
        Ok(())
    }

    fn says(&mut self, party: usize, message: &Message) -> Result<Hash, CliError> {
        let author = PartyName::new(NAMES[party].0).expect("a name");
        let facts = Facts { channel: self.parties.pact.channel(), epochs: [1; 2], author };
        let draft = Draft::new(&facts, message, Vec::new(), self.now, &mut SystemEntropy);
        self.places(party, draft, message.kind().signer() == KeyRole::Node)
    }

    /// Places an act at the end of its log, and folds it in.
    fn places(&mut self, party: usize, draft: Draft, is_of_node: bool) -> Result<Hash, CliError> {
        let failed = |error: &dyn std::fmt::Display| CliError::io("bench", &error.to_string());
        let log = LogRef { party, class: draft.act.log_class };
        let signed = draft.sign(&self.signers[party][usize::from(is_of_node)]).map_err(|error| failed(&error))?;
        let head = |log: LogRef| Seen {
            origin: self.parties.pact.log_keys(log).origin.clone(),
            size: self.channel.log(log).size(),
            root: self.channel.log(log).tree.root(),
        };
        let theirs = LogClass::ALL.map(|class| head(LogRef { party: 1 - party, class }));
        let mut seen = theirs.to_vec();
        seen.sort_by(|a, b| a.origin.cmp(&b.origin));
        let (origin, index) = (self.parties.pact.log_keys(log).origin.clone(), self.channel.log(log).size());
        let leaf = Leaf { origin, index, seen, cosignature: None, act: signed.act };
        let hash = leaf.hash();
        let entry = Entry { leaf, parts: vec![Some(signed.part)] };
        self.channel.replay(log, index, entry).map_err(|error| failed(&error))?;
        self.now.0 += self.step_ns;
        Ok(hash)
    }
}

/// A disc at a place of its own, for ten minutes; ended when it follows a version.
fn notice(place: u64, start_ns: i64, previous: Option<Hash>) -> Notice {
    let (row, column) = ((place / 300 % 300) as i64, (place % 300) as i64);
    let centre = LatLng::new(30_000_000_000 + row * 100_000_000, 10_000_000_000 + column * 100_000_000);
    let circle = Circle::new(centre.expect("a position"), 1_000_000).expect("a circle");
    let level = |level: i64| Some(Altitude { mm: level * 30_480, datum: Datum::FlightLevel });
    let window = TimeWindow::new(UtcNanos(start_ns), UtcNanos(start_ns + 10 * MINUTE_NS)).expect("a window");
    let band = AltitudeBand::new(level(180), level(240)).expect("a band");
    let act = if previous.is_some() { NoticeAct::Ended } else { NoticeAct::New };
    let volumes = vec![Volume4d::new(Footprint::Circle(circle), band, window)];
    Notice {
        act,
        previous,
        class: ActivityClass::Manned,
        call_sign: Some("KOBALT 21".to_owned()),
        contact: None,
        volumes,
    }
}
