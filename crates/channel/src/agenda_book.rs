//! What the working group has said: items that were put on the agenda by hand, positions of both sides, decisions. A fold in which
//! nothing is taken away: a position that was replaced stays, and so does a decision that nobody accepted.

use std::collections::{BTreeMap, HashMap};

use skypact_airspace::UtcNanos;
use skypact_record::Hash;

use crate::agenda::{AgendaAct, AgendaEntry, AgendaItem};
use crate::board::{Misfit, Origin};

/// A decision that one side has signed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AgendaDecision {
    /// In words.
    pub text: String,
    /// Where it stands.
    pub origin: Origin,
    /// Where the other side signed it.
    pub accepted: Option<Origin>,
}

/// What was said about an item.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Discussed {
    /// How it came on the agenda, when somebody put it there.
    pub raised: Option<(AgendaItem, Origin)>,
    /// Positions, in the order of the parties, oldest first; the last one of each counts.
    pub positions: [Vec<(String, Origin)>; 2],
    /// Decisions, in the order in which this node took them in.
    pub decisions: Vec<AgendaDecision>,
    /// Leaf hashes of all that was said.
    pub leaves: Vec<Hash>,
}

impl Discussed {
    /// When the newest decision was signed by both, as the one who signed last claims.
    pub fn decided(&self) -> Option<UtcNanos> {
        self.decisions.iter().filter_map(|decision| Some(decision.accepted.as_ref()?.claimed_time)).max()
    }
}

/// All that the working group of a channel has said.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct AgendaBook {
    items: BTreeMap<Hash, Discussed>,
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    decisions: HashMap<Hash, (Hash, usize)>,
}

impl AgendaBook {
    /// Everything about which something was said.
    pub fn iter(&self) -> impl Iterator<Item = (&Hash, &Discussed)> {
        self.items.iter()
    }

    /// What was said about an item.
    pub fn get(&self, id: &Hash) -> Option<&Discussed> {
        self.items.get(id)
    }

    pub(crate) fn raise(&mut self, item: AgendaItem, origin: Origin) {
        let discussed = self.items.entry(origin.leaf).or_default();
        discussed.leaves.push(origin.leaf);
        discussed.raised = Some((item, origin));
    }

    fn decision(&self, item: &Hash, leaf: &Hash) -> Option<&AgendaDecision> {
        let (of, place) = self.decisions.get(leaf)?;
        self.items.get(of).filter(|_| of == item)?.decisions.get(*place)
    }

    /// Whether a decision that is accepted is there, is the other side's, and is the one that was read.
    pub(crate) fn check(&self, party: usize, entry: &AgendaEntry) -> Result<(), Misfit> {
        let AgendaAct::Accepted(cited) = &entry.act else { return Ok(()) };
        let decision = self.decision(&entry.item, &cited.leaf);
        let decision = decision.ok_or(Misfit::Unknown { field: "decision", hash: cited.leaf })?;
        if decision.origin.party == party {
            return Err(Misfit::WrongParty { field: "decision", reason: "only the other side accepts a decision" });
        }
        if decision.origin.content == cited.content {
            return Ok(());
        }
        Err(Misfit::ContentDiffers { stated: cited.content, actual: decision.origin.content })
    }

    /// Takes in what was checked.
    pub(crate) fn say(&mut self, entry: AgendaEntry, origin: Origin) {
        let discussed = self.items.entry(entry.item).or_default();
        discussed.leaves.push(origin.leaf);
        match entry.act {
            AgendaAct::Position { text } => discussed.positions[origin.party].push((text, origin)),
            AgendaAct::Proposed { text } => {
                self.decisions.insert(origin.leaf, (entry.item, discussed.decisions.len()));
                discussed.decisions.push(AgendaDecision { text, origin, accepted: None });
            }
            AgendaAct::Accepted(cited) => {
                let place = self.decisions.get(&cited.leaf).map(|(_, place)| *place);
                if let Some(decision) = place.and_then(|place| discussed.decisions.get_mut(place)) {
                    decision.accepted.get_or_insert(origin);
                }
            }
        }
    }
}
