//! One round of the core: the answers that wait for its commit, and the batch that storage gets.

use skypact_channel::{Channel, KeptNote, LogRef, NoteKind};
use skypact_record::{Entry, Origin};
use tokio::sync::oneshot;

use super::NodeError;
use super::core::{Channels, Member, Read};
use super::recovery::Waiting;
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
    /// Whether the links were looked at, which happens once a second.
    pub(super) looked: bool,
    pub(super) answers: Vec<Answer>,
    /// Small documents to keep, by name.
    pub(super) documents: Vec<(String, Vec<u8>)>,
    /// Recoveries that begin when the round is committed.
    pub(super) recoveries: Vec<Waiting>,
    /// The same of what was measured: the node goes on when they cannot be written.
    pub(super) measured: Vec<(String, Vec<u8>)>,
}

impl Round {
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

/// Puts what one channel has to store into the batch of the round: entries in the order in which they were folded in, over
/// all logs, since a start folds them in as they are stored. A finding behind the notice that it is about must not come
/// before it.
pub(super) fn gather(member: &Member, changes: skypact_channel::Changes, batch: &mut Batch) {
    let channel = member.station.channel();
    for run in changes.entries.chunk_by(|(before, _), (after, _)| before == after) {
        let [(log, first), ..] = run else { continue };
        batch.appends.push(Append {
            log: origin(channel, *log).to_string(),
            term: member.terms[log.place()],
            expected_size: first.entry.leaf.index,
            entries: run.iter().map(|(_, entry)| stored(&entry.entry)).collect(),
        });
    }
    let heads = changes.notes.into_iter().map(|KeptNote { log, kind, note }| Head {
        log: origin(channel, log).to_string(),
        kind: head_kind(kind),
        bytes: note,
    });
    batch.heads.extend(heads);
}

/// A kind of note as storage knows it.
fn head_kind(kind: NoteKind) -> HeadKind {
    match kind {
        NoteKind::Checkpoint => HeadKind::Checkpoint,
        NoteKind::Receipt => HeadKind::Receipt,
        NoteKind::Cosignature(witness) => HeadKind::Cosignature(witness),
    }
}

/// And back.
pub(super) fn note_kind(kind: HeadKind) -> NoteKind {
    match kind {
        HeadKind::Checkpoint => NoteKind::Checkpoint,
        HeadKind::Receipt => NoteKind::Receipt,
        HeadKind::Cosignature(witness) => NoteKind::Cosignature(witness),
    }
}

pub(super) fn origin(channel: &Channel, log: LogRef) -> &Origin {
    &channel.pact().log_keys(log).origin
}

/// An entry as storage takes it.
fn stored(entry: &Entry) -> StoredEntry {
    let parts = entry
        .parts
        .iter()
        .map(|part| part.as_ref().map(|part| StoredPart { salt: part.salt, bytes: part.bytes.clone() }));
    StoredEntry { leaf: entry.leaf.encode().expect("a leaf that was placed or read"), parts: parts.collect() }
}
