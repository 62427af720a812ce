//! One round of the core: the batch that is being put together and the answers that wait for its commit.

use std::collections::BTreeMap;

use skypact_channel::{Channel, LogRef, VerifiedReceipt};
use skypact_record::{Checkpoint, Entry, Origin, SignedCheckpoint, cosign};
use tokio::sync::oneshot;

use super::NodeError;
use super::core::{Channels, Member, Read};
use super::signer::RecordSigner;
use crate::storage::{Append, Batch, CommitError, Head, HeadKind, Store, StoredEntry, StoredPart};

/// Tells one asker how it went; with the failure, if the commit failed.
type Reply = Box<dyn FnOnce(Option<&CommitError>) + Send>;

/// Something that is told after the commit, or told that it failed.
pub(super) enum Answer {
    Query(Read),
    Reply(Reply),
}

/// What a round has gathered.
#[derive(Default)]
pub(super) struct Round {
    pub(super) requests: usize,
    pub(super) entries: usize,
    pub(super) answers: Vec<Answer>,
    appends: BTreeMap<(String, usize), Append>,
    heads: Vec<Head>,
}

impl Round {
    pub(super) fn append(&mut self, name: &str, member: &Member, log: LogRef, expected_size: u64, entry: StoredEntry) {
        let append = self.appends.entry((name.to_owned(), log.place())).or_insert_with(|| Append {
            log: origin(&member.channel, log).to_string(),
            term: member.terms[log.place()],
            expected_size,
            entries: Vec::new(),
        });
        append.entries.push(entry);
        self.entries += 1;
    }

    /// Keeps a note as the newest receipt, and as the newest cosignature of each witness on it.
    pub(super) fn keep(&mut self, channel: &Channel, receipt: &VerifiedReceipt) {
        let log = origin(channel, receipt.log).to_string();
        let known = channel.log(receipt.log);
        if receipt.mirrored && receipt.checkpoint.size > known.delivered {
            self.heads.push(Head { log: log.clone(), kind: HeadKind::Receipt, bytes: receipt.note.clone() });
        }
        for (witness, _) in &receipt.cosignatures {
            if receipt.checkpoint.size > known.cosigned.get(witness).copied().unwrap_or(0) {
                let kind = HeadKind::Cosignature(witness.clone());
                self.heads.push(Head { log: log.clone(), kind, bytes: receipt.note.clone() });
            }
        }
    }

    /// Signs a receipt for a counterpart's checkpoint and keeps it with the checkpoint.
    pub(super) fn mirror(
        &mut self,
        member: &Member,
        log: LogRef,
        checkpoint: &Checkpoint,
        note: &[u8],
        now_s: u64,
        mirror: &RecordSigner,
    ) -> Vec<u8> {
        let name: &Origin = member.channel.pact().log_keys(log).mirror.name();
        let mut signed = SignedCheckpoint::parse(note).expect("verified before");
        let line = cosign(checkpoint, now_s, name, mirror).expect("a key in memory signs");
        signed.add(line);
        let receipt = signed.encode();
        if checkpoint.size == member.channel.log(log).size() {
            let log = checkpoint.origin.to_string();
            self.heads.push(Head { log: log.clone(), kind: HeadKind::Checkpoint, bytes: note.to_vec() });
            self.heads.push(Head { log, kind: HeadKind::Receipt, bytes: receipt.clone() });
        }
        receipt
    }

    /// Signs a checkpoint for each own log that grew.
    pub(super) fn seal(&mut self, name: &str, member: &Member, signer: &RecordSigner) {
        let own = LogRef::ALL.into_iter().filter(|log| log.party == member.channel.me());
        for log in own {
            if self.appends.contains_key(&(name.to_owned(), log.place())) {
                let size = member.channel.log(log).size();
                let bytes = checkpoint_at(&member.channel, log, size, signer).encode();
                let log = origin(&member.channel, log).to_string();
                self.heads.push(Head { log, kind: HeadKind::Checkpoint, bytes });
            }
        }
    }

    /// Answers `reply` once the round is committed; an error that was found before stands whatever the commit does.
    pub(super) fn answer<T: Send + 'static>(
        &mut self,
        reply: oneshot::Sender<Result<T, NodeError>>,
        outcome: Result<T, NodeError>,
    ) {
        self.answers.push(Answer::Reply(Box::new(move |failure| {
            let outcome = match (outcome, failure) {
                (Ok(_), Some(error)) => Err(NodeError::from(error)),
                (outcome, _) => outcome,
            };
            // The asker may have gone away; the record stands all the same.
            let _ = reply.send(outcome);
        })));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.heads.is_empty()
    }

    pub(super) fn batch(&mut self) -> Batch {
        Batch {
            appends: std::mem::take(&mut self.appends).into_values().collect(),
            heads: std::mem::take(&mut self.heads),
        }
    }

    pub(super) fn fail(self, error: &CommitError) {
        for answer in self.answers {
            if let Answer::Reply(reply) = answer {
                reply(Some(error));
            }
        }
    }

    pub(super) fn succeed(self, channels: &Channels, store: &dyn Store) {
        for answer in self.answers {
            match answer {
                Answer::Query(read) => read(channels, store),
                Answer::Reply(reply) => reply(None),
            }
        }
    }
}

/// The signed checkpoint of an own log at a size that it has or had.
pub(super) fn checkpoint_at(channel: &Channel, log: LogRef, size: u64, signer: &RecordSigner) -> SignedCheckpoint {
    let root = channel.log(log).tree.root_at(size).expect("a size that the log has reached");
    let checkpoint = Checkpoint { origin: origin(channel, log).clone(), size, root };
    SignedCheckpoint::sign(checkpoint, signer).expect("a key in memory signs")
}

pub(super) fn origin(channel: &Channel, log: LogRef) -> &Origin {
    &channel.pact().log_keys(log).origin
}

/// An entry as storage takes it.
pub(super) fn stored(entry: &Entry) -> StoredEntry {
    let parts = entry
        .parts
        .iter()
        .map(|part| part.as_ref().map(|part| StoredPart { salt: part.salt, bytes: part.bytes.clone() }));
    StoredEntry { leaf: entry.leaf.encode().expect("a leaf that was placed or read"), parts: parts.collect() }
}
