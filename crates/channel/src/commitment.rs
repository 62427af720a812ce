//! Commitments: what a party is to do by when, what speaks for it, and what each side finds (docs/channel-protocol.md, sections 2.33
//! and 2.34). One becomes overdue by itself; nobody has to remember it.

use std::collections::{BTreeMap, HashMap};

use skypact_airspace::UtcNanos;
use skypact_record::Hash;

use crate::board::{Misfit, Origin};
use crate::codec::{
    CodecError, Reader, Writer, Written, write_hashes, write_optional_hash, write_optional_text, write_party,
};

/// Longest text of a commitment and of a finding, in bytes.
const TEXT_MAX: usize = 1_000;
const FINDING_TEXT_MAX: usize = 500;
/// Most hashes of evidence.
const EVIDENCE_MAX: u64 = 16;

/// What somebody is to have done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Commitment {
    /// Whose it is, by place in the genesis; none when it binds both parties.
    pub of: Option<usize>,
    /// What; 1 to 1,000 bytes.
    pub text: String,
    /// By when.
    pub due: UtcNanos,
    /// SHA-256 of what speaks for it, at most 16.
    pub evidence: Vec<Hash>,
    /// Leaf hash of the version of the same author that it takes the place of.
    pub supersedes: Option<Hash>,
}

impl Commitment {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(5)?.u8(0)?;
        write_party(writer, self.of)?;
        writer.u8(1)?.str(&self.text)?.u8(2)?.i64(self.due.0)?.u8(3)?;
        write_hashes(writer, &self.evidence)?;
        writer.u8(4)?;
        write_optional_hash(writer, self.supersedes)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "of")?;
        let of = reader.party()?;
        reader.key(1, "text")?;
        let text = reader.words(TEXT_MAX)?;
        reader.key(2, "due")?;
        let due = UtcNanos(reader.i64()?);
        reader.key(3, "evidence")?;
        let evidence = reader.hashes(EVIDENCE_MAX)?;
        reader.key(4, "supersedes")?;
        Ok(Self { of, text, due, evidence, supersedes: reader.optional_hash()? })
    }
}

/// What a side finds about a commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Finding {
    /// It was kept.
    Kept,
    /// It was not.
    NotKept,
    /// It was never made, or does not say that.
    Disputed,
}

impl Finding {
    /// Every finding, in the order of its wire value.
    pub const ALL: [Self; 3] = [Self::Kept, Self::NotKept, Self::Disputed];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::NotKept => "not-kept",
            Self::Disputed => "disputed",
        }
    }

    /// Finding of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.name() == name)
    }
}

/// A side's finding. It takes the place of the same side's earlier one, which stays in the record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CommitmentFinding {
    /// Leaf hash of the version of the commitment.
    pub commitment: Hash,
    /// What is found.
    pub finding: Finding,
    /// Why; at most 500 bytes.
    pub text: Option<String>,
    /// SHA-256 of what speaks for it, at most 16.
    pub evidence: Vec<Hash>,
}

impl CommitmentFinding {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(4)?.u8(0)?.bytes(&self.commitment.0)?.u8(1)?.u8(self.finding as u8)?.u8(2)?;
        write_optional_text(writer, self.text.as_deref())?;
        writer.u8(3)?;
        write_hashes(writer, &self.evidence)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "commitment")?;
        let commitment = reader.hash()?;
        reader.key(1, "finding")?;
        let finding = reader.choice(&Finding::ALL)?;
        reader.key(2, "text")?;
        let text = reader.optional_text(FINDING_TEXT_MAX)?;
        reader.key(3, "evidence")?;
        Ok(Self { commitment, finding, text, evidence: reader.hashes(EVIDENCE_MAX)? })
    }
}

/// A version of a commitment, and what was found about it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct CommitmentState {
    /// What it says.
    pub commitment: Commitment,
    /// Where it stands.
    pub origin: Origin,
    /// Leaf hash of the version that took its place.
    pub superseded_by: Option<Hash>,
    /// Findings of both sides, in the order in which this node took them in.
    pub findings: Vec<(CommitmentFinding, Origin)>,
}

/// How a commitment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitmentStand {
    /// Its date has not come.
    Open,
    /// Its date is past, and a side has found nothing yet.
    Overdue,
    /// Both sides find that it was kept.
    Kept,
    /// Both find that it was not.
    NotKept,
    /// They find different things, or one disputes it.
    Disputed,
    /// Another version took its place.
    Superseded,
}

impl CommitmentStand {
    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Overdue => "overdue",
            Self::Kept => "kept",
            Self::NotKept => "not-kept",
            Self::Disputed => "disputed",
            Self::Superseded => "superseded",
        }
    }
}

impl CommitmentState {
    /// The newest finding of a party, by its own log.
    pub fn finding(&self, party: usize) -> Option<&(CommitmentFinding, Origin)> {
        self.findings.iter().filter(|(_, origin)| origin.party == party).max_by_key(|(_, origin)| origin.index)
    }

    /// How it stands at a time.
    pub fn stand(&self, now: UtcNanos) -> CommitmentStand {
        let found = [0, 1].map(|party| self.finding(party).map(|(found, _)| found.finding));
        match found {
            _ if self.superseded_by.is_some() => CommitmentStand::Superseded,
            [Some(Finding::Kept), Some(Finding::Kept)] => CommitmentStand::Kept,
            [Some(Finding::NotKept), Some(Finding::NotKept)] => CommitmentStand::NotKept,
            [Some(_), Some(_)] | [Some(Finding::Disputed), _] | [_, Some(Finding::Disputed)] => {
                CommitmentStand::Disputed
            }
            _ if self.commitment.due < now => CommitmentStand::Overdue,
            _ => CommitmentStand::Open,
        }
    }
}

/// The commitments of a channel.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct CommitmentBook {
    states: Vec<CommitmentState>,
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    places: HashMap<Hash, usize>,
    /// Versions that stand and that not both sides have found something about, by date.
    awaited: BTreeMap<(UtcNanos, Hash), usize>,
}

impl CommitmentBook {
    /// Every version, in the order in which this node took them in.
    pub fn iter(&self) -> impl Iterator<Item = &CommitmentState> {
        self.states.iter()
    }

    /// A version by its leaf hash.
    pub fn get(&self, leaf: &Hash) -> Option<&CommitmentState> {
        self.places.get(leaf).map(|place| &self.states[*place])
    }

    /// What is overdue at a time, the oldest date first.
    pub fn overdue(&self, now: UtcNanos) -> impl Iterator<Item = &CommitmentState> {
        let past = self.awaited.range(..(now, Hash([0; 32]))).map(|(_, place)| &self.states[*place]);
        past.filter(move |state| state.stand(now) == CommitmentStand::Overdue)
    }

    pub(crate) fn check(&self, party: usize, commitment: &Commitment) -> Result<(), Misfit> {
        let Some(hash) = commitment.supersedes else { return Ok(()) };
        let state = self.get(&hash).ok_or(Misfit::Unknown { field: "supersedes", hash })?;
        if state.origin.party != party {
            let reason = "only its author puts another version in its place; file a finding instead";
            return Err(Misfit::WrongParty { field: "supersedes", reason });
        }
        match state.superseded_by {
            Some(newest) => Err(Misfit::Replaced { field: "supersedes", hash, newest }),
            None => Ok(()),
        }
    }

    /// A finding may be about a version that was replaced in the meantime: that it came late does not undo it.
    pub(crate) fn check_finding(&self, finding: &CommitmentFinding) -> Result<(), Misfit> {
        let hash = finding.commitment;
        self.get(&hash).map(drop).ok_or(Misfit::Unknown { field: "commitment", hash })
    }

    pub(crate) fn take(&mut self, commitment: Commitment, origin: Origin) {
        if let Some(place) = commitment.supersedes.and_then(|earlier| self.places.get(&earlier).copied()) {
            let earlier = &mut self.states[place];
            earlier.superseded_by = Some(origin.leaf);
            self.awaited.remove(&(earlier.commitment.due, earlier.origin.leaf));
        }
        let place = self.states.len();
        self.places.insert(origin.leaf, place);
        self.awaited.insert((commitment.due, origin.leaf), place);
        self.states.push(CommitmentState { commitment, origin, superseded_by: None, findings: Vec::new() });
    }

    pub(crate) fn find(&mut self, finding: CommitmentFinding, origin: Origin) {
        let Some(place) = self.places.get(&finding.commitment) else { return };
        let state = &mut self.states[*place];
        state.findings.push((finding, origin));
        if [0, 1].into_iter().all(|party| state.finding(party).is_some()) {
            self.awaited.remove(&(state.commitment.due, state.origin.leaf));
        }
    }
}
