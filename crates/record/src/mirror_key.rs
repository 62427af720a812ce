//! Under which mirror keys receipts count, and how far (docs/record-format.md, section 18). A mirror key signs that its party holds logs of the
//! counterpart, so the rotation stands in other logs than those that the receipts are about: what ties the two together is what leaves
//! have seen.

use crate::act::LogClass;
use crate::genesis::Genesis;
use crate::key::{Algorithm, KeyRole};
use crate::key_change::{KeyHistory, Replacement};
use crate::name::PartyName;
use crate::note::VerifierKey;

/// What a receipt of a size is worth by the key that signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReceiptWorth {
    /// Nothing: another key had taken the key's place, and the log's author knew it at that size.
    Nothing,
    /// The author's word: the key was replaced, and nothing shows whether its author knew it by then.
    Claimed,
    /// It binds the mirror. The mirror disputes it: it says that it held less when it replaced the key, of which its counterpart had not heard.
    Disputed,
    /// It binds the mirror: the key is in force, or the mirror says itself that it held so much when it replaced it.
    Full,
}

/// A mirror key of a party, for receipts over one log of its counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorKey {
    /// The key under the mirror's name in notes.
    pub key: VerifierKey,
    /// How far it counts; none while it is in force.
    ended: Option<Ended>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ended {
    /// Size that the mirror says it held.
    held: u64,
    /// Size of the log when its author had heard of it; none while nothing shows that.
    heard: Option<u64>,
}

impl MirrorKey {
    /// The mirror keys of `mirror` of an algorithm for its counterpart's log of `class`, that of the genesis first. `histories` are those of the mirror's
    /// own logs, in the order of [`LogClass::ALL`]: either names keys, and a key has ended when each that names it says so. `heard` tells the first index of the counterpart's log whose leaf has seen the
    /// entry at an index of the mirror's log of a class.
    pub fn all(
        genesis: &Genesis,
        mirror: &PartyName,
        class: LogClass,
        algorithm: Algorithm,
        histories: [&KeyHistory; 2],
        heard: impl Fn(LogClass, u64) -> Option<u64>,
    ) -> Vec<Self> {
        let Some(name) = genesis.party(mirror).map(crate::Party::mirror_name) else { return Vec::new() };
        let of = usize::from(class == LogClass::Urgent);
        let mut keys: Vec<Self> = Vec::new();
        for (told_in, history) in LogClass::ALL.into_iter().zip(histories) {
            for (key, replaced) in history.keys_of(genesis, mirror, KeyRole::Mirror, algorithm) {
                let end = |by: Replacement| Ended { held: by.seen[of], heard: heard(told_in, by.index) };
                let ended = replaced.map(end);
                match keys.iter_mut().find(|known| *known.key.key() == key) {
                    Some(known) => known.ended = known.ended.zip(ended).map(|(a, b)| a.later(b)),
                    None => keys.push(Self { key: VerifierKey::cosigner(name.clone(), key), ended }),
                }
            }
        }
        keys
    }

    /// Whether it is the one that the mirror signs with now.
    pub fn is_in_force(&self) -> bool {
        self.ended.is_none()
    }

    /// What a receipt over `size` entries is worth under it.
    pub fn worth(&self, size: u64) -> ReceiptWorth {
        match self.ended {
            None => ReceiptWorth::Full,
            Some(Ended { held, .. }) if size <= held => ReceiptWorth::Full,
            Some(Ended { heard: None, .. }) => ReceiptWorth::Claimed,
            Some(Ended { heard: Some(heard), .. }) if size <= heard => ReceiptWorth::Disputed,
            Some(_) => ReceiptWorth::Nothing,
        }
    }
}

impl Ended {
    /// A key counts as far as either log of the mirror says: they travel apart, and the counterpart must lose nothing by which came first.
    fn later(self, other: Self) -> Self {
        let heard = self.heard.zip(other.heard).map(|(a, b)| a.max(b));
        Self { held: self.held.max(other.held), heard }
    }
}
