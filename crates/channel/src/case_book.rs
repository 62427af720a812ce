//! Joint incident cases: a fold over what the two sides add to them, and over what opens one by itself. A case is named by a leaf hash:
//! of its report, or of what went wrong: the first version of a notice, the first STOP of an alarm. So all that goes wrong with one
//! notice is one case, both sides name it alike, and no machine files anything for it.

use std::collections::{BTreeMap, HashMap};

use skypact_airspace::UtcNanos;
use skypact_record::{Hash, PublicKey};

use crate::board::{Misfit, Origin};
use crate::case::{CaseAct, CaseEntry, CaseFile, CaseReport, Neutral, NeutralFinding};

/// What opens a case by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum CauseKind {
    /// A notice came below the minimum of the pact.
    Late,
    /// A notice does not cite what its author's node held and it is in conflict with.
    UnseenOverlap,
    /// A STOP had no last word when the last rung of the pact had passed.
    UnansweredStop,
    /// A notice came into conflict with something protected.
    ProtectedConflict,
}

impl CauseKind {
    /// Every cause, in the order of its bit.
    pub const ALL: [Self; 4] = [Self::Late, Self::UnseenOverlap, Self::UnansweredStop, Self::ProtectedConflict];

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Late => "LATE",
            Self::UnseenOverlap => "UNSEEN OVERLAP",
            Self::UnansweredStop => "STOP UNANSWERED",
            Self::ProtectedConflict => "PROTECTED SITE",
        }
    }

    /// Its bit in what a closing entry covers.
    pub fn bit(self) -> u64 {
        1 << self as u64
    }
}

/// Why a case stands: the first time that it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Cause {
    /// When, as the entry claims that brought it about.
    pub since: UtcNanos,
    /// Leaf hash of the entry that shows it beside what the case is named by.
    pub leaf: Hash,
    /// The party to which it happened.
    pub party: usize,
}

/// Causes of a case.
pub type Causes = BTreeMap<CauseKind, Cause>;

/// An answer of the other side: to a fact, agreed or disputed; to a request, given or withheld.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// Why it is disputed or withheld; none when it is agreed or given.
    pub reason: Option<String>,
    /// Where that stands.
    pub origin: Origin,
}

/// What one side said and the other one ought to answer: a fact or a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Asked {
    /// In words.
    pub text: String,
    /// Where it stands.
    pub origin: Origin,
    /// Answers of the other side, oldest first. All stay.
    pub answers: Vec<Answer>,
}

impl Asked {
    /// The newest answer: to a fact it is the one that counts.
    pub fn answer(&self) -> Option<&Answer> {
        self.answers.last()
    }

    /// Whether a request was answered with evidence at any time.
    pub fn is_given(&self) -> bool {
        self.answers.iter().any(|answer| answer.reason.is_none())
    }
}

/// A file that one side has put to the case, by its hash.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Evidence {
    /// The file.
    pub file: CaseFile,
    /// The request that it answers.
    pub request: Option<Hash>,
    /// What it shows.
    pub note: Option<String>,
    /// Where that stands.
    pub origin: Origin,
}

/// One side's word that a case is closed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Closed {
    /// The causes that it covers, a bit for each.
    pub causes: u64,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub origin: Origin,
}

/// A case: what opened it, and what the two sides added.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Case {
    /// The reports of a case that somebody opened.
    pub report: Option<(CaseReport, Origin)>,
    /// What opened it by itself, but for a STOP that still escalates: that is a matter of the time.
    pub causes: Causes,
    /// Statements of both sides, in the order in which this node took them in.
    pub statements: Vec<(String, Origin)>,
    /// Facts that a side proposed.
    pub facts: Vec<Asked>,
    /// Evidence that a side asked for.
    pub requests: Vec<Asked>,
    /// Evidence that was given.
    pub evidence: Vec<Evidence>,
    /// Whom each side takes for neutral, in the order of the parties; the newest counts.
    pub neutrals: [Option<(Neutral, Origin)>; 2],
    /// Findings that reached a side.
    pub findings: Vec<(NeutralFinding, Origin)>,
    /// Each side's last word, unless it said more since.
    pub closed: [Option<Closed>; 2],
    /// Leaf hashes of all that was added.
    pub leaves: Vec<Hash>,
}

impl Case {
    /// Whether both sides have closed it, knowing all of its `causes`.
    pub fn is_closed(&self, causes: &Causes) -> bool {
        self.closed_by(causes) == [true, true]
    }

    /// Which parties have closed it, knowing all of its `causes`.
    pub fn closed_by(&self, causes: &Causes) -> [bool; 2] {
        let known: u64 = causes.keys().map(|kind| kind.bit()).sum();
        self.closed.each_ref().map(|closed| closed.as_ref().is_some_and(|closed| known & !closed.causes == 0))
    }

    /// The key that both sides have named as that of a neutral.
    pub fn neutral(&self) -> Option<&PublicKey> {
        match &self.neutrals {
            [Some((a, _)), Some((b, _))] if a.key == b.key => Some(&a.key),
            _ => None,
        }
    }

    /// Facts whose newest answer disputes them.
    pub fn disputed(&self) -> impl Iterator<Item = &Asked> {
        self.facts.iter().filter(|fact| fact.answer().is_some_and(|answer| answer.reason.is_some()))
    }

    /// Requests for which nothing was given.
    pub fn not_given(&self) -> impl Iterator<Item = &Asked> {
        self.requests.iter().filter(|request| !request.is_given())
    }

    /// The newest time that anything in it claims.
    pub fn newest(&self, causes: &Causes) -> Option<UtcNanos> {
        let said = self.statements.iter().map(|(_, origin)| origin);
        let asked = self.facts.iter().chain(&self.requests);
        let asked = asked
            .flat_map(|asked| std::iter::once(&asked.origin).chain(asked.answers.iter().map(|answer| &answer.origin)));
        let rest = self.evidence.iter().map(|evidence| &evidence.origin);
        let rest = rest.chain(self.findings.iter().map(|(_, origin)| origin));
        let rest = rest.chain(self.neutrals.iter().flatten().map(|(_, origin)| origin));
        let rest = rest.chain(self.closed.iter().flatten().map(|closed| &closed.origin));
        let rest = rest.chain(self.report.iter().map(|(_, origin)| origin));
        let claimed = said.chain(asked).chain(rest).map(|origin| origin.claimed_time);
        claimed.chain(causes.values().map(|cause| cause.since)).max()
    }
}

/// Facts and requests are found by their leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Place {
    Fact(usize),
    Request(usize),
}

/// All cases of a channel.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct CaseBook {
    cases: BTreeMap<Hash, Case>,
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    asked: HashMap<Hash, (Hash, Place)>,
}

impl CaseBook {
    /// Every case, by what it is named by.
    pub fn iter(&self) -> impl Iterator<Item = (&Hash, &Case)> {
        self.cases.iter()
    }

    /// A case.
    pub fn get(&self, id: &Hash) -> Option<&Case> {
        self.cases.get(id)
    }

    /// Something opens a case by itself. Of several times the earliest counts, whichever was taken in first.
    pub(crate) fn derive(&mut self, id: Hash, kind: CauseKind, cause: Cause) {
        let known = self.cases.entry(id).or_default().causes.entry(kind).or_insert(cause);
        *known = cause.min(*known);
    }

    /// It did not come to that.
    pub(crate) fn withdraw(&mut self, id: &Hash, kind: CauseKind) {
        let Some(case) = self.cases.get_mut(id) else { return };
        case.causes.remove(&kind);
        if case.causes.is_empty() && case.report.is_none() && case.leaves.is_empty() {
            self.cases.remove(id);
        }
    }

    pub(crate) fn report(&mut self, report: CaseReport, origin: Origin) {
        let case = self.cases.entry(origin.leaf).or_default();
        case.report = Some((report, origin));
    }

    /// The fact or request of this leaf, if it belongs to the case.
    fn asked(&self, case: &Hash, leaf: &Hash, is_fact: bool) -> Option<&Asked> {
        let (of, place) = self.asked.get(leaf)?;
        let held = self.cases.get(of).filter(|_| of == case)?;
        match place {
            Place::Fact(at) if is_fact => held.facts.get(*at),
            Place::Request(at) if !is_fact => held.requests.get(*at),
            _ => None,
        }
    }

    /// Whether what an entry cites is there, and is the other side's. What the case itself is named by need not have arrived.
    pub(crate) fn check(&self, party: usize, entry: &CaseEntry) -> Result<(), Misfit> {
        let cited = |field, leaf: &Hash, reason| {
            let asked = self.asked(&entry.case, leaf, field == "fact");
            let asked = asked.ok_or(Misfit::Unknown { field, hash: *leaf })?;
            if asked.origin.party == party { Err(Misfit::WrongParty { field, reason }) } else { Ok(asked) }
        };
        match &entry.act {
            CaseAct::Agreed(fact) | CaseAct::Disputed { fact, .. } => {
                let asked = cited("fact", &fact.leaf, "only the other side agrees to a fact or disputes it")?;
                if asked.origin.content == fact.content {
                    return Ok(());
                }
                Err(Misfit::ContentDiffers { stated: fact.content, actual: asked.origin.content })
            }
            CaseAct::Evidence { request: Some(request), .. } | CaseAct::Withheld { request, .. } => {
                cited("request", request, "only the other side answers a request").map(drop)
            }
            CaseAct::Finding(finding) if !finding.holds(&entry.case) => Err(Misfit::FindingInvalid),
            _ => Ok(()),
        }
    }

    /// Takes in what was checked.
    pub(crate) fn add(&mut self, entry: CaseEntry, origin: Origin) {
        let CaseEntry { case: id, act } = entry;
        let (leaf, party) = (origin.leaf, origin.party);
        let answered = match &act {
            CaseAct::Agreed(fact) | CaseAct::Disputed { fact, .. } => Some(fact.leaf),
            CaseAct::Evidence { request, .. } => *request,
            CaseAct::Withheld { request, .. } => Some(*request),
            _ => None,
        };
        let place = answered.and_then(|asked| self.asked.get(&asked)).map(|(_, place)| *place);
        let case = self.cases.entry(id).or_default();
        case.leaves.push(leaf);
        case.closed[party] = None;
        let answer = |case: &mut Case, reason: Option<String>| {
            let asked = match place {
                Some(Place::Fact(at)) => case.facts.get_mut(at),
                Some(Place::Request(at)) => case.requests.get_mut(at),
                None => None,
            };
            if let Some(asked) = asked {
                asked.answers.push(Answer { reason, origin: origin.clone() });
            }
        };
        match act {
            CaseAct::Agreed(_) => answer(case, None),
            CaseAct::Disputed { reason, .. } | CaseAct::Withheld { reason, .. } => answer(case, Some(reason)),
            CaseAct::Evidence { request, file, note } => {
                answer(case, None);
                case.evidence.push(Evidence { file, request, note, origin });
            }
            CaseAct::Fact { text } => {
                self.asked.insert(leaf, (id, Place::Fact(case.facts.len())));
                case.facts.push(Asked { text, origin, answers: Vec::new() });
            }
            CaseAct::Request { text } => {
                self.asked.insert(leaf, (id, Place::Request(case.requests.len())));
                case.requests.push(Asked { text, origin, answers: Vec::new() });
            }
            CaseAct::Statement { text } => case.statements.push((text, origin)),
            CaseAct::Neutral(neutral) => case.neutrals[party] = Some((neutral, origin)),
            CaseAct::Finding(finding) => case.findings.push((finding, origin)),
            CaseAct::Closed { causes, reason } => case.closed[party] = Some(Closed { causes, reason, origin }),
        }
    }
}
