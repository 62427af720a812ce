//! A channel's frames into a file and out of one (docs/channel-protocol.md, section 10). The core is asked for one frame
//! after another, so that it decides about other things in between; what comes in is checked before it is asked.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use skypact_channel::{
    Carriage, ExportFrom, Frame, FrameAnswer, FramesHead, FramesItem, FramesReader, FramesWriter, LogRef, OwnLogs,
    Pact, Run, VerifiedAnswer,
};

use super::core::{CarriedItem, Member, Request};
use super::courier::{cosigned_frame, entries_frame};
use super::round::origin;
use super::{NodeError, NodeHandle};
use crate::storage::{HeadKind, Store};
use crate::system::in_words;

/// How much a reader is given at once.
const PIECE_BYTES: usize = 1 << 20;

/// What goes into a file.
#[derive(Debug, Clone, Copy)]
pub struct ExportOptions {
    /// From where on.
    pub from: ExportFrom,
    /// What of the own logs.
    pub own: OwnLogs,
    /// Most bytes of the file; what does not fit goes into the next one.
    pub bytes_max: u64,
}

/// What came out of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Frames that were taken.
    pub frames: u64,
    /// Entries in them, those that were held before among them.
    pub entries: u64,
    /// Answers that were taken: receipts for own logs.
    pub answers: u64,
    /// Whether the file answers to one that this node wrote since its start.
    pub is_fresh: bool,
    /// Whether the sender has more than the file had room for.
    pub more: bool,
    /// Size of each log of the counterpart's that the file had frames of, as it is held now.
    pub held: Vec<(String, u64)>,
}

/// What an export begins with.
struct Plan {
    head: FramesHead,
    answers: Vec<FrameAnswer>,
    runs: Vec<Run>,
}

impl NodeHandle {
    /// Writes the frames and answers for the counterpart of a channel to `out`, and gives their length in bytes; what is
    /// written is not synced.
    pub async fn export_frames(&self, channel: &str, options: ExportOptions, out: File) -> Result<u64, NodeError> {
        let plan = self.with_member(channel, move |member, store| plan(member, store, options)).await?;
        let (mut writer, begin) = FramesWriter::new(&plan.head);
        let mut out = Out { file: BufWriter::new(out), length: 0 };
        out.write(&begin)?;
        for answer in plan.answers {
            out.write(&writer.item(&FramesItem::Answer(answer)))?;
        }
        let mut more = false;
        for run in plan.runs {
            self.leave(channel.to_owned(), run.log, run.end).await?;
            if !self.export_run(channel, run, options.bytes_max, &mut writer, &mut out).await? {
                more = true;
                break;
            }
        }
        out.write(&writer.item(&FramesItem::End { more }))?;
        out.finish()
    }

    /// Writes one run and the newest cosigned note within it; false when it did not fit.
    async fn export_run(
        &self,
        channel: &str,
        Run { log, start, end }: Run,
        bytes_max: u64,
        writer: &mut FramesWriter,
        out: &mut Out,
    ) -> Result<bool, NodeError> {
        let mut at = start;
        loop {
            let next = move |member: &Member, store: &dyn Store| entries_frame(&member.station, store, log, at, end);
            let frame = self.with_member(channel, next).await?;
            let count = frame.entries.len() as u64;
            let Some(bytes) = writer.item_within(&FramesItem::Frame(frame), bytes_max) else { return Ok(false) };
            out.write(&bytes)?;
            at += count;
            if count == 0 || at >= end {
                break;
            }
        }
        let newest = move |member: &Member, store: &dyn Store| newest_cosigned(member, store, log, end);
        let Some(frame) = self.with_member(channel, newest).await? else { return Ok(true) };
        // The counterpart gets it another time if there is no room.
        let bytes = writer.item_within(&FramesItem::Frame(frame), bytes_max);
        out.write(&bytes.unwrap_or_default())?;
        Ok(true)
    }

    /// Takes in a file of the counterpart: nothing of one that is damaged, and otherwise item by item, each durable
    /// before the next. An error after the check of the whole names the item, and those before it stay.
    pub async fn import_frames(&self, channel: &str, file: &[u8]) -> Result<Imported, (Option<u64>, NodeError)> {
        tokio::task::block_in_place(|| check(file)).map_err(|error| (None, error))?;
        let name = channel.to_owned();
        let unknown = || (None, NodeError::UnknownChannel { channel: name.clone() });
        let party = self.pacts.get(channel).ok_or_else(unknown)?;
        let (mut reader, mut imported) = (FramesReader::default(), Imported::default());
        for piece in file.chunks(PIECE_BYTES) {
            reader.push(piece);
            loop {
                let place = reader.items();
                let next = tokio::task::block_in_place(|| reader.next_item()).map_err(|error| (None, error.into()))?;
                let Some(item) = next else { break };
                let taken = self.take(&name, party, item, &mut imported).await;
                taken.map_err(|error| (Some(place), error))?;
            }
        }
        Ok(imported)
    }

    async fn take(
        &self,
        channel: &str,
        (pact, me): &(Pact, usize),
        item: FramesItem,
        imported: &mut Imported,
    ) -> Result<(), NodeError> {
        match item {
            FramesItem::Head(head) => {
                imported.is_fresh = self.carry(channel, CarriedItem::Head(head)).await?;
            }
            FramesItem::Answer(answer) => {
                let keys = self.keys(channel).await?;
                let said = tokio::task::block_in_place(|| VerifiedAnswer::verify(answer, pact, &keys))?;
                self.carry(channel, CarriedItem::Answer(said, imported.is_fresh)).await?;
                imported.answers += 1;
            }
            FramesItem::Frame(frame) => {
                let verified = self.verify(channel, pact, 1 - me, &frame).await?;
                let answer = self.receive(channel.to_owned(), verified).await?;
                imported.frames += 1;
                imported.entries += frame.entries.len() as u64;
                imported.held.retain(|(origin, _)| *origin != frame.origin);
                imported.held.push((frame.origin, answer.held));
            }
            FramesItem::End { more } => imported.more = more,
        }
        Ok(())
    }

    pub(super) async fn carry(&self, channel: &str, item: CarriedItem) -> Result<bool, NodeError> {
        let (channel, item) = (channel.to_owned(), Box::new(item));
        self.ask(|reply| Request::Carry { channel, item, reply }).await?
    }

    pub(super) async fn with_member<T: Send + 'static>(
        &self,
        channel: &str,
        read: impl FnOnce(&Member, &dyn Store) -> Result<T, NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        let name = channel.to_owned();
        let look = move |channels: &super::Channels, store: &dyn Store| match channels.members.get(&name) {
            Some(member) => read(member, store),
            None => Err(NodeError::UnknownChannel { channel: name }),
        };
        self.with_store(look).await?
    }
}

/// Whether a file is whole, item by item.
fn check(file: &[u8]) -> Result<(), NodeError> {
    let mut reader = FramesReader::default();
    for piece in file.chunks(PIECE_BYTES) {
        reader.push(piece);
        while reader.next_item()?.is_some() {}
    }
    Ok(reader.finish()?)
}

fn plan(member: &Member, store: &dyn Store, options: ExportOptions) -> Result<Plan, NodeError> {
    let (station, carriage) = (&member.station, &member.carriage);
    let runs = carriage.runs(station, options.from, options.own)?;
    let mut answers = Vec::new();
    for log in LogRef::ALL.into_iter().filter(|log| log.party != station.channel().me()) {
        let heads = store.heads(origin(station.channel(), log).as_str())?;
        let receipt = heads.into_iter().find(|head| head.kind == HeadKind::Receipt);
        answers.extend(receipt.and_then(|receipt| Carriage::answer(station, log, receipt.bytes)));
    }
    Ok(Plan { head: carriage.head(station), answers, runs })
}

/// The newest note over at most `end` entries that a witness cosigned.
fn newest_cosigned(member: &Member, store: &dyn Store, log: LogRef, end: u64) -> Result<Option<Frame>, NodeError> {
    let cosigned = &member.station.channel().log(log).cosigned;
    let newest = cosigned.values().copied().filter(|size| *size <= end).max();
    newest.map_or(Ok(None), |size| cosigned_frame(&member.station, store, log, size))
}

/// A file that is being written.
struct Out {
    file: BufWriter<File>,
    length: u64,
}

impl Out {
    fn write(&mut self, bytes: &[u8]) -> Result<(), NodeError> {
        self.length += bytes.len() as u64;
        tokio::task::block_in_place(|| self.file.write_all(bytes)).map_err(unusable)
    }

    fn finish(mut self) -> Result<u64, NodeError> {
        self.file.flush().map_err(unusable)?;
        Ok(self.length)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn unusable(error: std::io::Error) -> NodeError {
    NodeError::File { path: "frames".to_owned(), reason: in_words(&error) }
}
