//! Views of what the parties have to settle beside the line: commitments, statements, assurances and denials.

use serde::{Deserialize, Serialize};
use skypact_airspace::UtcNanos;
use skypact_channel::{AssuranceState, Channel, CommitmentFinding, CommitmentState, Message, Origin, StatementState};
use utoipa::ToSchema;

use super::time::{EntryTimeView, entry_time};
use super::volume;
use super::words::{some_words, words};
use crate::directory::base64;

/// A version of a commitment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CommitmentView {
    /// Leaf hash.
    pub id: String,
    /// Party that entered it.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// Party whose commitment it is; none for both.
    pub of: Option<String>,
    /// What is to be done.
    pub text: String,
    /// Last instant at which it is in time, nanoseconds UTC.
    pub due_ns: i64,
    /// SHA-256 of what speaks for it.
    pub evidence: Vec<String>,
    /// open, overdue, kept, not-kept, disputed or superseded.
    pub stand: String,
    /// The version that it took the place of.
    pub supersedes: Option<String>,
    /// The version that took its place.
    pub superseded_by: Option<String>,
    /// Findings of both sides, in the order in which this node took them in. Of each party the newest counts.
    pub findings: Vec<CommitmentFindingView>,
    /// When it was entered.
    pub time: EntryTimeView,
}

/// What a side found about a commitment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CommitmentFindingView {
    /// Leaf hash.
    pub id: String,
    /// Party.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// kept, not-kept or disputed.
    pub finding: String,
    /// Why.
    pub text: Option<String>,
    /// SHA-256 of what speaks for it.
    pub evidence: Vec<String>,
    /// Whether it is the newest of its party.
    pub counts: bool,
    /// When it was filed.
    pub time: EntryTimeView,
}

/// What somebody said, as a party entered it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StatementView {
    /// Leaf hash.
    pub id: String,
    /// Party that entered it.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// What it is about.
    pub subject: String,
    /// Whose statement it is.
    pub speaker: String,
    /// Office or person who said it.
    pub role: Option<String>,
    /// When it was said, as the entry states, nanoseconds UTC.
    pub said_ns: i64,
    /// Language of the quoted text, a BCP 47 tag.
    pub language: String,
    /// What was said.
    pub quote: String,
    /// Where.
    pub source: Option<String>,
    /// The statement that it took the place of.
    pub supersedes: Option<String>,
    /// The statement that took its place.
    pub superseded_by: Option<String>,
    /// When it was entered.
    pub time: EntryTimeView,
}

/// Whether something was on the record at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRecord {
    /// It is proven: a quorum of witnesses had cosigned it by then.
    Proven,
    /// Its author claims so, and nothing contradicts it.
    Claimed,
    /// It was not, by what is proven or claimed.
    NotYet,
}

impl EntryTimeView {
    /// Whether the entry was on the record at a time: by what is proven where it is, else by what its author claims.
    pub fn on_record(&self, at_ns: i64) -> OnRecord {
        match (self.not_after_ns, self.not_before_ns) {
            (Some(not_after_ns), _) if not_after_ns <= at_ns => OnRecord::Proven,
            (_, Some(not_before_ns)) if not_before_ns > at_ns => OnRecord::NotYet,
            _ if self.claimed_ns <= at_ns => OnRecord::Claimed,
            _ => OnRecord::NotYet,
        }
    }
}

/// An assurance or a denial.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AssuranceView {
    /// Leaf hash.
    pub id: String,
    /// Party that gave it.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// assures or denies.
    pub act: String,
    /// Class of activity that it speaks of; none for every one.
    pub class: Option<String>,
    /// What is assured or denied.
    pub what: String,
    /// Where, for people, one line for each volume.
    pub scope: Vec<String>,
    /// First instant of its scope, nanoseconds UTC.
    pub start_ns: i64,
    /// Last instant of its scope.
    pub end_ns: i64,
    /// The body's bytes, base64: the scope to the last digit.
    pub body: String,
    /// Leaf hash of the version of a notice of the same party that contradicts it.
    pub contradicted_by: Option<String>,
    /// When it was given.
    pub time: EntryTimeView,
}

/// Views of all commitments, every version.
pub fn commitments(channel: &Channel, now_ns: i64) -> Vec<CommitmentView> {
    let view = |state: &CommitmentState| {
        let CommitmentState { commitment, origin, superseded_by, findings } = state;
        CommitmentView {
            id: origin.leaf.to_string(),
            party: party(channel, origin.party),
            officer: origin.signer.clone(),
            of: commitment.of.map(|of| party(channel, of)),
            text: words(&commitment.text),
            due_ns: commitment.due.0,
            evidence: commitment.evidence.iter().map(ToString::to_string).collect(),
            stand: state.stand(UtcNanos(now_ns)).name().to_owned(),
            supersedes: commitment.supersedes.map(|hash| hash.to_string()),
            superseded_by: superseded_by.map(|hash| hash.to_string()),
            findings: findings.iter().map(|(finding, origin)| finding_view(channel, state, finding, origin)).collect(),
            time: entry_time(channel, origin),
        }
    };
    channel.board().commitments().iter().map(view).collect()
}

fn finding_view(
    channel: &Channel,
    state: &CommitmentState,
    finding: &CommitmentFinding,
    origin: &Origin,
) -> CommitmentFindingView {
    let newest = state.finding(origin.party).map(|(_, newest)| newest.leaf);
    CommitmentFindingView {
        id: origin.leaf.to_string(),
        party: party(channel, origin.party),
        officer: origin.signer.clone(),
        finding: finding.finding.name().to_owned(),
        text: some_words(finding.text.as_ref()),
        evidence: finding.evidence.iter().map(ToString::to_string).collect(),
        counts: newest == Some(origin.leaf),
        time: entry_time(channel, origin),
    }
}

/// Views of all statements.
pub fn statements(channel: &Channel) -> Vec<StatementView> {
    let view = |StatementState { statement, origin, superseded_by }: &StatementState| StatementView {
        id: origin.leaf.to_string(),
        party: party(channel, origin.party),
        officer: origin.signer.clone(),
        subject: words(&statement.subject),
        speaker: words(&statement.speaker),
        role: some_words(statement.role.as_ref()),
        said_ns: statement.said.0,
        language: statement.language.clone(),
        quote: words(&statement.quote),
        source: some_words(statement.source.as_ref()),
        supersedes: statement.supersedes.map(|hash| hash.to_string()),
        superseded_by: superseded_by.map(|hash| hash.to_string()),
        time: entry_time(channel, origin),
    };
    channel.board().statements().iter().map(view).collect()
}

/// Views of the assurances and denials of both parties.
pub fn assurances(channel: &Channel) -> Vec<AssuranceView> {
    let view = |AssuranceState { assurance, origin, contradicted_by }: &AssuranceState| AssuranceView {
        id: origin.leaf.to_string(),
        party: party(channel, origin.party),
        officer: origin.signer.clone(),
        act: assurance.act.name().to_owned(),
        class: assurance.class.map(|class| class.name().to_owned()),
        what: words(&assurance.what),
        scope: assurance.scope.iter().map(volume).collect(),
        start_ns: assurance.start().0,
        end_ns: assurance.end().0,
        body: base64(&Message::Assurance(assurance.clone()).encode()),
        contradicted_by: contradicted_by.map(|hash| hash.to_string()),
        time: entry_time(channel, origin),
    };
    [0, 1].into_iter().flat_map(|party| channel.board().assurances(party).iter()).map(view).collect()
}

fn party(channel: &Channel, party: usize) -> String {
    channel.pact().party_name(party).to_owned()
}
