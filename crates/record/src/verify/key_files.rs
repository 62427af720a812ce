//! The key changes and rotations of a log, which come before its leaves in a bundle (docs/record-format.md, sections 17 and 18), so that
//! a leaf's key is known when its signature is checked.

use std::collections::{BTreeMap, BTreeSet};

use super::leaf::{GivenLeaf, Pact, refusal};
use super::report::{Fault, Faults};
use crate::act::Act;
use crate::bundle::TarFile;
use crate::counted;
use crate::genesis::LogName;
use crate::key::{KeyRole, PublicKey};
use crate::key_change::{KeyChange, KeyHistory, checkpoint_verifier};
use crate::key_rotation::{KeyRotation, RotatedKey};
use crate::leaf::Leaf;
use crate::note::VerifierKey;
use crate::part::Part;

/// Key changes that were given, and the history that they make.
#[derive(Default)]
pub(super) struct KeyFiles {
    /// By index, as long as its leaf has not come.
    waiting: BTreeMap<u64, (Part, String, u64)>,
    /// Indices of all that were given.
    given: BTreeSet<u64>,
    history: KeyHistory,
    /// Checkpoint keys that rotations among the files name, whatever their leaves are.
    named: Vec<VerifierKey>,
    /// How many keys of any role they name, as far as they count.
    named_count: usize,
}

impl KeyFiles {
    pub(super) fn history(&self) -> &KeyHistory {
        &self.history
    }

    /// Keys that heads may be under besides those of the genesis; whether they are is known when all leaves are.
    pub(super) fn named(&self) -> &[VerifierKey] {
        &self.named
    }

    /// Whether a file was given for the leaf at this index.
    pub(super) fn has(&self, index: u64) -> bool {
        self.given.contains(&index)
    }

    /// Reads a file; the mirror keys that a rotation in it names, which are for the counterpart's logs.
    pub(super) fn read(&mut self, name: &LogName, file: &TarFile, index: u64, faults: &mut Faults) -> Vec<PublicKey> {
        self.given.insert(index);
        let mut mirror = Vec::new();
        match Part::decode(&file.content) {
            Ok(part) => {
                if let Ok(rotation) = KeyRotation::decode(&part.bytes) {
                    let keys = rotation.keys.iter().take(KeyHistory::ROTATED_MAX.saturating_sub(self.named_count));
                    for RotatedKey { role, key, .. } in keys {
                        self.named_count += 1;
                        match role {
                            KeyRole::Checkpoint => self.named.push(checkpoint_verifier(&name.origin, key)),
                            KeyRole::Mirror => mirror.push(key.clone()),
                            _ => {}
                        }
                    }
                }
                self.waiting.insert(index, (part, file.name.clone(), file.offset));
            }
            Err(error) => {
                let fault = Fault::new(error.code(), &file.name, error.to_string());
                let offset = file.offset + error.offset() as u64;
                faults.push(fault.at(offset).in_log(&name.origin).of_leaf(index));
            }
        }
        mirror
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
            if !act.tells_keys() {
                let message =
                    format!("leaf has the kind {} and {}", act.kind, counted(act.commitments.len(), "commitment"));
                faults.push(fault("key-change-without-leaf", message));
            } else if act.commitments != [part.commitment()] {
                faults.push(fault("part-differs", "part does not match the leaf's commitment".to_owned()));
            } else if refusal(pact, &self.history, name, given.index, &leaf).is_none() {
                // What breaks a rule changes nothing, and is no fault: its author signed it all the same.
                let (genesis, party) = (&pact.genesis, &name.party);
                if act.kind == Act::KEY_ROTATION {
                    let rotation = KeyRotation::decode(&part.bytes);
                    let _ = rotation
                        .map(|rotation| self.history.rotate(genesis, party, (given.index, &leaf.seen), &rotation));
                } else if let Ok(change) = KeyChange::decode(&part.bytes) {
                    let _ = self.history.apply(genesis, party, given.index, &change);
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
