//! Assurances and denials: that nothing of the signer's party will be, or was, in a scope (docs/channel-protocol.md, section 2.36). A notice
//! of the same party in that scope contradicts one, on both sides and for good.

use std::collections::BTreeSet;

use skypact_airspace::{Minima, UtcNanos, Volume4d, VolumeIndex};
use skypact_record::Hash;

use crate::board::Origin;
use crate::class::ActivityClass;
use crate::codec::{CodecError, Reader, Writer, Written};
use crate::volume_codec::{read_volumes, write_volumes};

/// Longest words, in bytes, and most volumes.
const WHAT_MAX: usize = 500;
const SCOPE_MAX: usize = 16;

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum AssuranceAct {
    /// Nothing of this party will be there.
    Assures,
    /// Nothing of this party was there.
    Denies,
}

impl AssuranceAct {
    /// Both, in the order of their wire value.
    pub const ALL: [Self; 2] = [Self::Assures, Self::Denies];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Assures => "assures",
            Self::Denies => "denies",
        }
    }
}

/// An assurance or a denial.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Assurance {
    /// Which of the two.
    pub act: AssuranceAct,
    /// Class of activity that it speaks of; none for every one.
    pub class: Option<ActivityClass>,
    /// What is assured or denied, in words; 1 to 500 bytes.
    pub what: String,
    /// Where and when; 1 to 16 volumes.
    pub scope: Vec<Volume4d>,
}

impl Assurance {
    /// The first instant of its scope.
    pub fn start(&self) -> UtcNanos {
        self.scope.iter().map(|volume| volume.window.start()).min().unwrap_or(UtcNanos(0))
    }

    /// The last instant of its scope.
    pub fn end(&self) -> UtcNanos {
        self.scope.iter().map(|volume| volume.window.end()).max().unwrap_or(UtcNanos(0))
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(4)?.u8(0)?.u8(self.act as u8)?.u8(1)?;
        match self.class {
            Some(class) => writer.u8(class.wire())?,
            None => writer.null()?,
        };
        writer.u8(2)?.str(&self.what)?.u8(3)?;
        write_volumes(writer, &self.scope)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "act")?;
        let act = reader.choice(&AssuranceAct::ALL)?;
        reader.key(1, "class")?;
        let class = if reader.null()? { None } else { Some(reader.choice(&ActivityClass::ALL)?) };
        reader.key(2, "what")?;
        let what = reader.words(WHAT_MAX)?;
        reader.key(3, "scope")?;
        let scope = read_volumes(reader)?;
        if scope.len() > SCOPE_MAX {
            return Err(reader.error(format!("has {} volumes, at most {SCOPE_MAX} are allowed", scope.len())));
        }
        Ok(Self { act, class, what, scope })
    }
}

/// An assurance or denial on the record.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct AssuranceState {
    /// What it says.
    pub assurance: Assurance,
    /// Where it stands.
    pub origin: Origin,
    /// Leaf hash of the first version of a notice of the same party that lies in its scope.
    pub contradicted_by: Option<Hash>,
}

/// The assurances and denials of one party.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct AssuranceBook {
    states: Vec<AssuranceState>,
    /// Scopes of those that nothing contradicts yet, by their places above.
    scopes: VolumeIndex<usize>,
}

impl Default for AssuranceBook {
    fn default() -> Self {
        Self { states: Vec::new(), scopes: VolumeIndex::new() }
    }
}

impl AssuranceBook {
    /// Every one, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &AssuranceState> {
        self.states.iter()
    }

    pub(crate) fn push(&mut self, state: AssuranceState) {
        if state.contradicted_by.is_none() {
            for volume in &state.assurance.scope {
                self.scopes.insert(self.states.len(), volume);
            }
        }
        self.states.push(state);
    }

    /// A version of a notice of the same party was filed: it contradicts those whose scope it lies in. Each is contradicted once, so that
    /// no flood of notices makes more work than one look at each.
    pub(crate) fn contradict(&mut self, volumes: &[Volume4d], version: Hash, lies_in: impl Fn(&Assurance) -> bool) {
        let mut near = BTreeSet::new();
        for volume in volumes {
            self.scopes.for_each_candidate(volume, &Minima::default(), |place| {
                near.insert(place);
            });
        }
        for place in near {
            let state = &mut self.states[place];
            if lies_in(&state.assurance) {
                state.contradicted_by = Some(version);
                for volume in &state.assurance.scope {
                    self.scopes.remove(place, volume);
                }
            }
        }
    }
}
