//! The key changes of a log, which come before its leaves in a bundle (docs/record-format.md, section 17), so that a leaf's
//! key is known when its signature is checked.

use std::collections::{BTreeMap, BTreeSet};

use super::leaf::{GivenLeaf, Pact, refusal};
use super::report::{Fault, Faults};
use crate::act::Act;
use crate::bundle::TarFile;
use crate::genesis::LogName;
use crate::key_change::{KeyChange, KeyHistory};
use crate::leaf::Leaf;
use crate::part::Part;

/// Key changes that were given, and the history that they make.
#[derive(Default)]
pub(super) struct KeyFiles {
    /// By index, as long as its leaf has not come.
    waiting: BTreeMap<u64, (Part, String, u64)>,
    /// Indices of all that were given.
    given: BTreeSet<u64>,
    history: KeyHistory,
}

impl KeyFiles {
    pub(super) fn history(&self) -> &KeyHistory {
        &self.history
    }

    /// Whether a file was given for the leaf at this index.
    pub(super) fn has(&self, index: u64) -> bool {
        self.given.contains(&index)
    }

    pub(super) fn read(&mut self, name: &LogName, file: &TarFile, index: u64, faults: &mut Faults) {
        self.given.insert(index);
        match Part::decode(&file.content) {
            Ok(part) => drop(self.waiting.insert(index, (part, file.name.clone(), file.offset))),
            Err(error) => {
                let fault = Fault::new(error.code(), &file.name, error.to_string());
                let offset = file.offset + error.offset() as u64;
                faults.push(fault.at(offset).in_log(&name.origin).of_leaf(index));
            }
        }
    }

    /// Takes in the changes among these leaves, in their order, before the leaves are checked on several threads.
    pub(super) fn take(&mut self, pact: &Pact, name: &LogName, leaves: &[GivenLeaf<'_>], faults: &mut Faults) {
        for given in leaves {
            let Some((part, file, offset)) = self.waiting.remove(&given.index) else { continue };
            let fault = |code, message: String| {
                Fault::new(code, &file, message).at(offset).in_log(&name.origin).of_leaf(given.index)
            };
            // A leaf that is not what it should be has a fault of its own.
            let Ok(leaf) = Leaf::decode(given.bytes) else { continue };
            let act = leaf.act.act();
            if act.kind != Act::KEY_CHANGE || act.commitments.len() != 1 {
                let message = format!("leaf has the kind {} and {} commitments", act.kind, act.commitments.len());
                faults.push(fault("key-change-without-leaf", message));
            } else if act.commitments != [part.commitment()] {
                faults.push(fault("part-differs", "part does not match the leaf's commitment".to_owned()));
            } else if refusal(pact, &self.history, name, given.index, &leaf).is_none() {
                // What breaks a rule changes nothing, and is no fault: its author signed it all the same.
                if let Ok(change) = KeyChange::decode(&part.bytes) {
                    let _ = self.history.apply(&pact.genesis, &name.party, given.index, &change);
                }
            }
        }
    }

    /// Once everything was read: changes whose leaf did not come.
    pub(super) fn check_end(&self, name: &LogName, faults: &mut Faults) {
        for (index, (_, file, offset)) in &self.waiting {
            let fault = Fault::new("key-change-without-leaf", file, "its leaf is not in the bundle");
            faults.push(fault.at(*offset).in_log(&name.origin).of_leaf(*index));
        }
    }
}
