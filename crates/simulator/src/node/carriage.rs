//! A channel's frames into a file and out of one at a simulated node, as the shell does it (docs/channel-protocol.md, section 10): an
//! export is made of what is committed, and an import goes item by item, of which each is a round.

use std::collections::BTreeMap;

use skypact_channel::{
    Carriage, Context, ExportFrom, Frame, FramesHead, FramesItem, FramesWriter, Heard, LogRef, NoteKind, OwnLogs, Run,
    Station, VerifiedAnswer,
};

use super::Node;
use crate::disk::ChannelPlace;
use crate::mutation::Mutation;
use crate::random::Random;

/// Entries of one frame.
const ENTRIES_MAX: u64 = 16;

/// What a node knows since its start of what its counterparts hold.
pub(crate) struct Carrying {
    questions: Random,
    channels: BTreeMap<ChannelPlace, Carriage>,
}

impl Carrying {
    /// That of a node that has not started; its questions come out of a stream of their own.
    pub(crate) fn new(questions: Random) -> Self {
        Self { questions, channels: BTreeMap::new() }
    }
}

impl Node {
    /// Everything that was heard is forgotten with the process.
    pub(super) fn begin_carrying(&mut self) {
        let Some(Carrying { questions, channels }) = &mut self.carrying else { return };
        *channels = BTreeMap::new();
        for channel in self.stations.keys() {
            let mut question = [0; 16];
            question[..8].copy_from_slice(&questions.next().to_be_bytes());
            question[8..].copy_from_slice(&questions.next().to_be_bytes());
            channels.insert(*channel, Carriage::new(question));
        }
    }

    /// Takes in what the counterpart said on the link.
    pub(super) fn hears_by_link(&mut self, channel: ChannelPlace, log: LogRef, heard: Heard) {
        let carrying = self.carrying.as_mut().and_then(|carrying| carrying.channels.get_mut(&channel));
        if let Some(carriage) = carrying {
            carriage.heard_by_link(log, heard);
        }
    }

    /// Whether the counterpart has said since the start that it holds a beginning of an own log.
    pub(crate) fn is_heard(&self, channel: ChannelPlace, log: LogRef) -> bool {
        self.confirmed.contains(&(channel, log.place()))
    }

    fn carried(&self, channel: ChannelPlace) -> Option<(&Station, &Carriage)> {
        self.stations.get(&channel).zip(self.carrying.as_ref()?.channels.get(&channel))
    }

    /// The head of a file for the counterpart.
    pub(crate) fn file_head(&self, channel: ChannelPlace) -> Option<FramesHead> {
        self.carried(channel).map(|(station, carriage)| carriage.head(station))
    }

    /// A file for the counterpart, of at most so many bytes; none when it is refused, or the node is down.
    pub(crate) fn export(
        &self,
        channel: ChannelPlace,
        from: ExportFrom,
        own: OwnLogs,
        bytes_max: u64,
    ) -> Option<Vec<u8>> {
        let (station, carriage) = self.carried(channel)?;
        let asks_nobody = self.mutation == Some(Mutation::FileAsksNobody) && own == OwnLogs::IfHeard;
        let own = if asks_nobody { OwnLogs::Trusted } else { own };
        let runs = carriage.runs(station, from, own).ok()?;
        let (mut writer, mut bytes) = FramesWriter::new(&carriage.head(station));
        for log in LogRef::ALL.into_iter().filter(|log| log.party != station.channel().me()) {
            let receipt = self.disk.notes.get(&(channel, log.place(), NoteKind::Receipt));
            let answer = receipt.and_then(|receipt| Carriage::answer(station, log, receipt.clone()));
            bytes.extend(answer.map(|answer| writer.item(&FramesItem::Answer(answer))).unwrap_or_default());
        }
        let mut more = false;
        for frame in runs.into_iter().flat_map(|run| self.frames(channel, station, run)) {
            match writer.item_within(&FramesItem::Frame(frame), bytes_max) {
                Some(item) => bytes.extend(item),
                None => more = true,
            }
            if more {
                break;
            }
        }
        bytes.extend(writer.item(&FramesItem::End { more }));
        Some(bytes)
    }

    /// The frames of a run, and the newest cosigned note within it.
    fn frames(&self, channel: ChannelPlace, station: &Station, Run { log, start, end }: Run) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut at = start;
        loop {
            let entries = self.disk.read(channel, log, at, (end - at).min(ENTRIES_MAX) as usize);
            let count = entries.len() as u64;
            frames.push(station.frame(log, at, entries));
            at += count;
            if count == 0 || at >= end {
                break;
            }
        }
        let cosigned = self.disk.cosigned(channel, log);
        let newest = cosigned.filter(|(size, _)| *size <= end).max_by_key(|(size, _)| *size);
        frames.extend(newest.map(|(size, note)| station.note_frame(log, size, note.clone())));
        frames
    }

    /// Takes in an item of a file that is whole; false when it is refused, which ends the import. `is_fresh` is set by the
    /// head, and asked by the answers behind it.
    pub(crate) fn take_item(
        &mut self,
        channel: ChannelPlace,
        item: &FramesItem,
        is_fresh: &mut bool,
        now_ms: u64,
    ) -> bool {
        let now = self.now(now_ms);
        let carriage = self.carrying.as_mut().and_then(|carrying| carrying.channels.get_mut(&channel));
        let Some((station, carriage)) = self.stations.get_mut(&channel).zip(carriage) else { return false };
        match item {
            FramesItem::Head(head) => {
                let opened = carriage.open(station, head);
                *is_fresh = matches!(opened, Ok(true)) || self.mutation == Some(Mutation::FileBelievedUnasked);
                opened.is_ok()
            }
            FramesItem::Answer(answer) => {
                let state = station.channel();
                let said = VerifiedAnswer::verify(answer.clone(), state.pact(), state.keys());
                let context = &mut Context { now, entropy: &mut self.entropy };
                let taken = said.and_then(|said| carriage.hear(station, said, *is_fresh, context));
                let confirmed = LogRef::ALL.into_iter().filter(|log| carriage.was_confirmed(*log));
                self.confirmed.extend(confirmed.map(|log| (channel, log.place())));
                taken.is_ok()
            }
            FramesItem::Frame(frame) => {
                let answer = self.take_frame(channel, &frame.encode(), now);
                if self.mutation == Some(Mutation::FileReceiptBeforeEntries)
                    && let Some(answer) = &answer
                    && let Some(log) = self.stations[&channel].channel().pact().log(&frame.origin)
                {
                    self.disk.notes.insert((channel, log.place(), NoteKind::Receipt), answer.note.clone());
                }
                answer.is_some()
            }
            FramesItem::End { .. } => true,
        }
    }
}
