//! Views of joint incident cases. Every text of an officer is made safe to show; what is signed is the body beside it.

use serde::{Deserialize, Serialize};
use skypact_airspace::UtcNanos;
use skypact_channel::{
    Answer, Asked, Case, CaseAct, CaseEntry, CaseFile, Causes, Channel, Message, Neutral, NoticeState, Origin,
};
use skypact_record::Hash;
use utoipa::ToSchema;

use super::shown_name;
use super::time::{EntryTimeView, entry_time};
use super::words::{paragraphs, words};
use crate::directory::base64;

/// Most cases in a list in which nobody has acted.
const UNTOUCHED_MAX: usize = 100;
/// Most other cases in a list.
const TOUCHED_MAX: usize = 400;
/// Most items of one sort in the view of a case, the newest.
const ITEMS_MAX: usize = 500;

/// The cases of a channel.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CasesView {
    /// Cases that are not closed by both sides.
    pub open: usize,
    /// Closed ones.
    pub closed: usize,
    /// Open cases that opened by themselves, by cause and party.
    pub causes: Vec<CauseCountView>,
    /// The newest ones: at most 400 in which somebody has acted, and 100 others.
    pub cases: Vec<CaseSummaryView>,
}

/// How many open cases a cause has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CauseCountView {
    /// LATE, UNSEEN OVERLAP, STOP UNANSWERED or PROTECTED SITE.
    pub cause: String,
    /// The party to which it happened.
    pub party: String,
    /// Open cases.
    pub open: usize,
}

/// A case in a line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CaseSummaryView {
    /// What it is named by.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What opened it by itself.
    pub causes: Vec<CauseView>,
    /// Party that opened it by a report.
    pub opened_by: Option<String>,
    /// Whether both sides have closed it, knowing all its causes.
    pub closed: bool,
    /// Parties that have closed it, knowing all its causes.
    #[serde(default)]
    pub closed_by: Vec<String>,
    /// The newest time that anything in it claims, nanoseconds UTC.
    pub newest_ns: i64,
    /// Entries that were added to it.
    pub entries: usize,
    /// Facts that were proposed.
    pub facts: usize,
    /// Those that both sides have signed.
    pub agreed: usize,
    /// Those that the other side disputes.
    pub disputed: usize,
    /// Requests for evidence.
    pub requests: usize,
    /// Those for which nothing was given, with a reason.
    pub withheld: usize,
    /// Those that have no answer.
    pub unanswered: usize,
    /// Parties that have not answered a fact or a request of the other one.
    pub waits_for: Vec<String>,
}

/// Why a case opened by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CauseView {
    /// LATE, UNSEEN OVERLAP, STOP UNANSWERED or PROTECTED SITE.
    pub cause: String,
    /// Its bit in what closes a case.
    pub bit: u64,
    /// The party to which it happened.
    pub party: String,
    /// Since when, as the entry claims, nanoseconds UTC.
    pub since_ns: i64,
    /// Leaf hash of the entry that shows it.
    pub leaf: String,
}

/// A case, whole; of each sort of item at most the 500 newest.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CaseView {
    /// The same in a line.
    pub summary: CaseSummaryView,
    /// The report that opened it.
    pub report: Option<SaidView>,
    /// When it happened, as the report says, nanoseconds UTC.
    pub at_ns: Option<i64>,
    /// Leaf hashes of what it is about, as the report says.
    pub about: Vec<String>,
    /// Statements of both sides.
    pub statements: Vec<SaidView>,
    /// Facts.
    pub facts: Vec<AskedView>,
    /// Requests for evidence.
    pub requests: Vec<AskedView>,
    /// Evidence by its hash.
    pub evidence: Vec<FileView>,
    /// Whom each side takes for neutral.
    pub neutrals: Vec<NeutralView>,
    /// Findings that reached a side.
    pub findings: Vec<FileView>,
    /// Each side's last word.
    pub closed: Vec<SaidView>,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SaidView {
    /// Leaf hash.
    pub id: String,
    /// Party.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// In words, of several lines where it has line feeds.
    pub text: String,
    /// When, as its author claims, nanoseconds UTC.
    pub at_ns: i64,
    /// Whether the claimed time is outside of what is proven.
    pub clock_off: bool,
}

/// A fact or a request.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AskedView {
    /// What was said.
    pub said: SaidView,
    /// open, agreed or disputed; unanswered, given or withheld.
    pub state: String,
    /// CBOR of its body, base64.
    pub body: String,
    /// SHA-256 of its body: what is agreed to or disputed.
    pub content: String,
    /// Answers of the other side, oldest first; the text is the reason of what is disputed or withheld.
    pub answers: Vec<SaidView>,
}

/// A file by its hash.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FileView {
    /// Who put it to the case, and what it shows.
    pub said: SaidView,
    /// Name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Leaf hash of the request that it answers.
    pub request: Option<String>,
    /// Of a finding: the Ed25519 key that signed it, base64.
    pub key: Option<String>,
    /// Of a finding: whether both sides have named that key as that of a neutral.
    pub neutral: Option<bool>,
}

/// Whom a side takes for neutral.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NeutralView {
    /// Who says so; the text is the name of the neutral.
    pub said: SaidView,
    /// Its Ed25519 key, base64.
    pub key: String,
    /// Whether both sides have named this key.
    pub agreed: bool,
}

/// View of all cases.
pub fn cases(channel: &Channel, now_ns: i64, with_closed: bool) -> CasesView {
    let mut view = CasesView { open: 0, closed: 0, causes: Vec::new(), cases: Vec::new() };
    // Sorted before anything is made to show: there may be very many.
    let mut listed: Vec<(bool, i64, Hash)> = Vec::new();
    for (id, causes) in channel.board().case_ids(UtcNanos(now_ns)) {
        let case = channel.board().case(&id);
        let is_closed = case.is_some_and(|case| case.is_closed(&causes));
        if is_closed {
            view.closed += 1;
        } else {
            view.open += 1;
            count(channel, &causes, &mut view.causes);
        }
        if with_closed || !is_closed {
            let is_touched = case.is_some_and(is_touched);
            listed.push((is_touched, newest_ns(case, &causes), id));
        }
    }
    listed.sort_unstable_by_key(|(is_touched, newest_ns, id)| (!is_touched, -newest_ns, *id));
    let (touched, untouched) = listed.split_at(listed.partition_point(|(is_touched, ..)| *is_touched));
    let shown = touched.iter().take(TOUCHED_MAX).chain(untouched.iter().take(UNTOUCHED_MAX));
    let causes = |id| channel.board().causes(id, UtcNanos(now_ns));
    view.cases = shown.map(|(_, _, id)| summary(channel, id, &causes(id))).collect();
    view.causes.sort_by(|a, b| (&a.cause, &a.party).cmp(&(&b.cause, &b.party)));
    view
}

fn is_touched(case: &Case) -> bool {
    case.report.is_some() || !case.leaves.is_empty()
}

fn newest_ns(case: Option<&Case>, causes: &Causes) -> i64 {
    let caused = causes.values().map(|cause| cause.since).max();
    let newest = case.map_or(caused, |case| case.newest(causes));
    // Nobody claims a time that cannot be turned round.
    newest.map_or(0, |newest| newest.0.max(-i64::MAX))
}

fn count(channel: &Channel, causes: &Causes, counts: &mut Vec<CauseCountView>) {
    for (kind, cause) in causes {
        let (name, party) = (kind.name(), channel.pact().party_name(cause.party));
        match counts.iter_mut().find(|known| known.cause == name && known.party == party) {
            Some(known) => known.open += 1,
            None => counts.push(CauseCountView { cause: name.to_owned(), party: party.to_owned(), open: 1 }),
        }
    }
}

/// What people call something that a case or an item is named by.
pub(super) fn title(channel: &Channel, id: &Hash) -> String {
    let board = channel.board();
    if let Some((report, _)) = board.case(id).and_then(|case| case.report.as_ref()) {
        return words(&report.title);
    }
    if let Some((item, _)) = board.agenda_book().get(id).and_then(|discussed| discussed.raised.as_ref()) {
        return words(&item.title);
    }
    let of = |what: &str, party: usize| format!("{} of {}", words(what), channel.pact().party_name(party));
    let notice =
        board.notice_of(id).map(|state: &NoticeState| of(shown_name(state).unwrap_or("notice"), state.origin.party));
    let stop = || board.alarms().alarm(id).map(|alarm| of(&format!("STOP '{}'", alarm.newest().what), alarm.caller()));
    let commitment = || {
        let state = board.commitments().get(id)?;
        let text = format!("commitment '{}'", state.commitment.text);
        Some(match state.commitment.of {
            Some(party) => of(&text, party),
            None => format!("{} of both parties", words(&text)),
        })
    };
    let crossing = || {
        let reported = board.line().report(id)?;
        Some(format!("crossing of {}", words(&reported.report.flight)))
    };
    let named = notice.or_else(stop).or_else(commitment).or_else(crossing);
    named.unwrap_or_else(|| "something that has not arrived here".to_owned())
}

fn summary(channel: &Channel, id: &Hash, causes: &Causes) -> CaseSummaryView {
    let case = channel.board().case(id);
    let name = |party: usize| channel.pact().party_name(party).to_owned();
    let facts = case.map_or(&[][..], |case| &case.facts);
    let agreed = |fact: &&Asked| fact.answer().is_some_and(|answer| answer.reason.is_none());
    let closed_by = case.map_or([false; 2], |case| case.closed_by(causes));
    let withheld = case.map_or(0, |case| case.not_given().filter(|request| request.answer().is_some()).count());
    let asked = case.into_iter().flat_map(|case| case.facts.iter().chain(&case.requests));
    let open: Vec<usize> = asked.filter(|asked| asked.answer().is_none()).map(|asked| 1 - asked.origin.party).collect();
    CaseSummaryView {
        id: id.to_string(),
        title: title(channel, id),
        causes: causes
            .iter()
            .map(|(kind, cause)| CauseView {
                cause: kind.name().to_owned(),
                bit: kind.bit(),
                party: name(cause.party),
                since_ns: cause.since.0,
                leaf: cause.leaf.to_string(),
            })
            .collect(),
        opened_by: case.and_then(|case| case.report.as_ref()).map(|(_, origin)| name(origin.party)),
        closed: closed_by == [true, true],
        closed_by: [0, 1].into_iter().filter(|party| closed_by[*party]).map(name).collect(),
        newest_ns: newest_ns(case, causes),
        entries: case.map_or(0, |case| case.leaves.len()),
        facts: facts.len(),
        agreed: facts.iter().filter(agreed).count(),
        disputed: case.map_or(0, |case| case.disputed().count()),
        requests: case.map_or(0, |case| case.requests.len()),
        withheld,
        unanswered: case.map_or(0, |case| case.not_given().count()) - withheld,
        waits_for: [0, 1].into_iter().filter(|party| open.contains(party)).map(name).collect(),
    }
}

/// View of what an entry says.
pub(super) fn said(channel: &Channel, origin: &Origin, text: &str) -> SaidView {
    let time: EntryTimeView = entry_time(channel, origin);
    SaidView {
        id: origin.leaf.to_string(),
        party: channel.pact().party_name(origin.party).to_owned(),
        officer: words(&origin.signer),
        text: paragraphs(text),
        at_ns: origin.claimed_time.0,
        clock_off: time.clock_off,
    }
}

/// View of one case; none when nothing here has this name.
pub fn case(channel: &Channel, id: &Hash, now_ns: i64) -> Option<CaseView> {
    let board = channel.board();
    if !board.is_subject(id) {
        return None;
    }
    let causes = board.causes(id, UtcNanos(now_ns));
    let summary = summary(channel, id, &causes);
    let empty = Case::default();
    let case = board.case(id).unwrap_or(&empty);
    let file = |origin: &Origin, file: &CaseFile, note: &str| FileView {
        said: said(channel, origin, note),
        name: words(&file.name),
        media_type: words(&file.media_type),
        size: file.size,
        sha256: file.sha256.to_string(),
        request: None,
        key: None,
        neutral: None,
    };
    let neutral = |(neutral, origin): &(Neutral, Origin)| NeutralView {
        said: said(channel, origin, &neutral.name),
        key: base64(neutral.key.as_bytes()),
        agreed: case.neutral() == Some(&neutral.key),
    };
    let fact = |fact: &Asked| {
        asked(channel, id, fact, CaseAct::Fact { text: fact.text.clone() }, ["open", "agreed", "disputed"])
    };
    let request = |request: &Asked| {
        let body = CaseAct::Request { text: request.text.clone() };
        asked(channel, id, request, body, ["unanswered", "given", "withheld"])
    };
    Some(CaseView {
        summary,
        report: case.report.as_ref().map(|(report, origin)| said(channel, origin, &report.text)),
        at_ns: case.report.as_ref().and_then(|(report, _)| report.at).map(|at| at.0),
        about: case.report.iter().flat_map(|(report, _)| &report.about).map(ToString::to_string).collect(),
        statements: newest(&case.statements).map(|(text, origin)| said(channel, origin, text)).collect(),
        facts: newest(&case.facts).map(fact).collect(),
        requests: newest(&case.requests).map(request).collect(),
        evidence: newest(&case.evidence)
            .map(|given| FileView {
                request: given.request.map(|request| request.to_string()),
                ..file(&given.origin, &given.file, given.note.as_deref().unwrap_or_default())
            })
            .collect(),
        neutrals: case.neutrals.iter().flatten().map(neutral).collect(),
        findings: newest(&case.findings)
            .map(|(finding, origin)| FileView {
                key: Some(base64(finding.key.as_bytes())),
                neutral: Some(case.neutral() == Some(&finding.key)),
                ..file(origin, &finding.file, "")
            })
            .collect(),
        closed: case.closed.iter().flatten().map(|closed| said(channel, &closed.origin, &closed.reason)).collect(),
    })
}

fn newest<T>(items: &[T]) -> std::slice::Iter<'_, T> {
    items[items.len().saturating_sub(ITEMS_MAX)..].iter()
}

/// View of a fact or a request; `states` are no answer, the other side's yes, and its no.
fn asked(channel: &Channel, case: &Hash, asked: &Asked, act: CaseAct, states: [&str; 3]) -> AskedView {
    let is_request = matches!(act, CaseAct::Request { .. });
    let message = Message::CaseEntry(CaseEntry { case: *case, act });
    let answer = |answer: &Answer| said(channel, &answer.origin, answer.reason.as_deref().unwrap_or_default());
    let yes = if is_request { asked.is_given() } else { asked.answer().is_some_and(|answer| answer.reason.is_none()) };
    let state = match (asked.answer(), yes) {
        (None, _) => states[0],
        (_, true) => states[1],
        _ => states[2],
    };
    AskedView {
        said: said(channel, &asked.origin, &asked.text),
        state: state.to_owned(),
        body: base64(&message.encode()),
        content: asked.origin.content.to_string(),
        answers: newest(&asked.answers).map(answer).collect(),
    }
}
