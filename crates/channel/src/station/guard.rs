//! What keeps an own log from leaving after a start, beside the counterpart's word (docs/channel-protocol.md, section 15): witnesses that have not said
//! yet what they know of it, and a head that one of them shows and that this store does not have. A counterpart that hides the newest entries could
//! have a node out of a backup sign a second history; a head that the node's own key signed cannot be hidden by it, nor made up by a witness.

use std::collections::BTreeMap;

use skypact_record::{Algorithm, Hash, SignatureType, SignedCheckpoint, VerifierKey};

use super::Station;
use crate::frame::FrameError;
use crate::log::LogRef;
use crate::recovery::RecoveryError;

/// What a witness knows of a log.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Nothing.
    Nothing,
    /// The newest head that it was given.
    Head(SignedCheckpoint),
    /// A size alone: a witness that shows no heads says it when it is asked to cosign.
    Size(u64),
}

/// What is known of one own log since the start.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// How many witnesses have to say what they know; none where nobody is asked.
    needed: usize,
    /// Whether a size that nobody signed is believed.
    takes_sizes: bool,
    /// Whether the wait for them is over.
    is_over: bool,
    /// What each has shown: a size, and the root where it showed one.
    shown: BTreeMap<String, (u64, Option<Hash>)>,
    /// Size of the log at the start, or when it came back.
    began_with: u64,
    /// Whether nothing held it back at some time since the start: its entries may have left.
    was_open: bool,
}

impl Station {
    /// Holds the own logs back until so many witnesses have said what they know of each ([`Station::hear_witness`]), or the wait is over. A size alone is a
    /// claim that nobody signed: it is believed where a person said that this store comes out of a backup, and else no witness can keep a STOP back by one.
    pub fn ask_witnesses(&mut self, needed: usize, takes_sizes: bool) {
        for log in self.own_logs() {
            let began_with = self.channel.log(log).size();
            self.guards[log.place()] = Guard { needed, takes_sizes, began_with, ..Guard::default() };
        }
    }

    /// Takes in what a witness knows of an own log. A head counts when a key in hand signed it, whoever shows it.
    pub fn hear_witness(&mut self, log: LogRef, witness: &str, shown: Shown) -> Result<(), FrameError> {
        let known = match shown {
            Shown::Nothing => (0, None),
            Shown::Head(head) => {
                self.check_own(log, &head)?;
                (head.checkpoint().size, Some(head.checkpoint().root))
            }
            Shown::Size(_) if !self.guards[log.place()].takes_sizes => (0, None),
            // What left since the start, the witness may have by now.
            Shown::Size(size) if self.was_open(log) && size <= self.channel.log(log).size() => (0, None),
            Shown::Size(size) => (size, None),
        };
        self.guards[log.place()].shown.insert(witness.to_owned(), known);
        self.mark_open();
        Ok(())
    }

    /// Ends the wait for witnesses that do not answer. What one shows later counts all the same.
    pub fn go_without_witnesses(&mut self, log: LogRef) {
        self.guards[log.place()].is_over = true;
        self.mark_open();
    }

    /// Why nothing of an own log may leave, if so.
    pub fn held_back(&self, log: LogRef) -> Option<RecoveryError> {
        let (guard, tree) = (&self.guards[log.place()], &self.channel.log(log).tree);
        let is_here = |(size, root): &(u64, Option<Hash>)| {
            root.map_or(*size <= guard.began_with, |root| tree.root_at(*size) == Ok(root))
        };
        let origin = || self.channel.pact().log_keys(log).origin.to_string();
        if let Some((witness, (size, _))) = guard.shown.iter().find(|(_, known)| !is_here(known)) {
            let (origin, witness) = (origin(), witness.clone());
            return Some(RecoveryError::WitnessAhead { origin, witness, size: *size, held: tree.size() });
        }
        let heard = guard.shown.len();
        let waits = heard < guard.needed && !guard.is_over;
        waits.then(|| RecoveryError::WitnessesUnheard { origin: origin(), heard, needed: guard.needed })
    }

    /// Whether entries of an own log may have left since the start.
    pub fn was_open(&self, log: LogRef) -> bool {
        let guard = &self.guards[log.place()];
        guard.needed == 0 || guard.was_open
    }

    /// Holds what came back against what witnesses have shown.
    pub(super) fn guard_anew(&mut self) {
        for log in self.own_logs() {
            self.guards[log.place()].began_with = self.channel.log(log).size();
        }
        self.mark_open();
    }

    fn own_logs(&self) -> impl Iterator<Item = LogRef> + use<> {
        let me = self.channel.me();
        LogRef::ALL.into_iter().filter(move |log| log.party == me)
    }

    fn mark_open(&mut self) {
        for log in self.own_logs().filter(|log| self.held_back(*log).is_none()).collect::<Vec<_>>() {
            self.guards[log.place()].was_open = true;
        }
    }

    /// Whether a key for heads that is in hand signed a head: the record of an old store may not name the newest one yet.
    fn check_own(&self, log: LogRef, head: &SignedCheckpoint) -> Result<(), FrameError> {
        let origin = &self.channel.pact().log_keys(log).origin;
        if head.checkpoint().origin != *origin {
            let party = self.channel.pact().party_name(log.party).to_owned();
            return Err(FrameError::WrongLog { origin: head.checkpoint().origin.to_string(), party });
        }
        let in_hand =
            [&self.signers.checkpoint].into_iter().chain(&self.signers.rotated).map(|signer| signer.public_key());
        let plain = in_hand.filter(|key| key.algorithm() == Algorithm::Ed25519);
        let mut keys = plain.map(|key| VerifierKey::new(origin.clone(), SignatureType::Ed25519, key.clone()));
        let own = self.channel.log_keys(log, 0).checkpoint.clone();
        if keys.any(|key| head.verify(&key).is_ok()) {
            return Ok(());
        }
        head.verify(&own).map_err(|error| FrameError::Note { origin: origin.to_string(), error })
    }
}
