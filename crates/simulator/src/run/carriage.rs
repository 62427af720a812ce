//! Carriage by file: in some seeds officers write files, and a person carries them. A file comes late, twice, damaged, or behind one that
//! was written after it, also where the network between the two is cut; the enemy gives old and forged ones. What leaves in a file and is
//! taken out of one is checked as it is on the network. The person's chance is a stream of its own.

use std::collections::BTreeMap;

use skypact_channel::{
    ExportFrom, FRAMES_FILE_MAX_BYTES, Frame, FramesFileError, FramesItem, FramesReader, FramesWriter, OwnLogs,
};

use super::World;
use crate::disk::ChannelPlace;
use crate::enemy;
use crate::network::{Flight, Host, Network, Packet};
use crate::node::{Carrying, Crash, Node};
use crate::random::Random;

/// One seed in so many has parties that carry files, those with this remainder; the stories of the others are as they were.
const SHARE: (u64, u64) = (5, 0);
/// How long a file is on its way, ms, at most: most are with the counterpart by the end of the trouble, and some are not.
const WAY_MS_MAX: u64 = 120_000;
/// Most files that are remembered for whoever gives them again.
const WRITTEN_MAX: usize = 100;

/// A file for the other end of a channel.
#[derive(Clone)]
struct File {
    channel: ChannelPlace,
    from: usize,
    to: usize,
    bytes: Vec<u8>,
    /// Whether a byte of it was changed on the way.
    is_damaged: bool,
    /// Which start of the writer wrote it.
    start: u64,
    /// Which start of the other end wrote the file that the writer had read last by then.
    answers: Option<u64>,
}

/// Whoever carries files.
pub(super) struct Carrier {
    random: Random,
    /// By when they arrive, ms.
    on_the_way: Vec<(u64, File)>,
    written: Vec<File>,
    /// How often each node has started again.
    starts: Vec<u64>,
    /// By reader and channel: which start read the newest file, and which start of the other end had written it.
    read: BTreeMap<(usize, ChannelPlace), (u64, u64)>,
}

impl Carrier {
    /// The carrier of a seed, if somebody carries files in it. Some pairs have no other way to each other then.
    pub(super) fn of(seed: u64, nodes: &mut [Node], network: &mut Network) -> Option<Self> {
        if seed % SHARE.0 != SHARE.1 {
            return None;
        }
        let mut random = Random::new(!seed);
        for node in &mut *nodes {
            node.carrying = Some(Carrying::new(random.fork()));
        }
        for second in 1..nodes.len() {
            for first in 0..second {
                if random.happens(400) {
                    network.toggle(Host::Node(first), Host::Node(second));
                    network.toggle(Host::Node(second), Host::Node(first));
                }
            }
        }
        let (on_the_way, written, read) = (Vec::new(), Vec::new(), BTreeMap::new());
        Some(Self { random, on_the_way, written, starts: vec![0; nodes.len()], read })
    }

    /// A node starts again.
    pub(super) fn starts(&mut self, node: usize) {
        self.starts[node] += 1;
    }

    /// Forgets what a node wrote, as the network does.
    pub(super) fn forget_from(&mut self, node: usize) {
        self.on_the_way.retain(|(_, file)| file.from != node);
        self.written.retain(|file| file.from != node);
    }

    /// A file that a node writes now for the other end of a channel.
    fn file(&self, channel: ChannelPlace, (from, to): (usize, usize), bytes: Vec<u8>) -> File {
        let (start, answers) = (self.starts[from], self.answers(from, channel));
        File { channel, from, to, bytes, is_damaged: false, start, answers }
    }

    /// Which start of the other end wrote the file that this run of a node has read last.
    fn answers(&self, node: usize, channel: ChannelPlace) -> Option<u64> {
        let (reader, writer) = self.read.get(&(node, channel))?;
        (*reader == self.starts[node]).then_some(*writer)
    }

    /// Takes a file along, now and then a second time.
    fn take_along(&mut self, now_ms: u64, file: &File) {
        if self.written.len() < WRITTEN_MAX && !file.is_damaged {
            self.written.push(file.clone());
        }
        let copies = if self.random.happens(200) { 2 } else { 1 };
        for _ in 0..copies {
            let way_ms_max = [5_000, 20_000, WAY_MS_MAX][self.random.place(3)];
            let mut copy = file.clone();
            if self.random.happens(150) {
                let place = self.random.place(copy.bytes.len());
                copy.bytes[place] ^= 1 << self.random.below(8);
                copy.is_damaged = true;
            }
            self.on_the_way.push((now_ms + 1 + self.random.below(way_ms_max), copy));
        }
    }

    /// The next file that has arrived by `now_ms`.
    fn arrived(&mut self, now_ms: u64) -> Option<File> {
        let first = (0..self.on_the_way.len()).min_by_key(|place| self.on_the_way[*place].0)?;
        (self.on_the_way[first].0 <= now_ms).then(|| self.on_the_way.remove(first).1)
    }

    /// An old file again, or one of which an item is another than was written; its checks are sound.
    fn old_or_forged(&mut self) -> Option<File> {
        let mut file = self.written.get(self.random.place(self.written.len().max(1)))?.clone();
        let forged = if self.random.happens(500) { read(&file.bytes).ok() } else { None };
        if let Some(mut items) = forged {
            let place = self.random.place(items.len());
            match &mut items[place] {
                FramesItem::Frame(frame) if !frame.entries.is_empty() => {
                    let entry = self.random.place(frame.entries.len());
                    self.damage(&mut frame.entries[entry]);
                }
                FramesItem::Frame(Frame { note, .. }) => self.damage(note),
                FramesItem::Answer(answer) if self.random.happens(500) => self.damage(&mut answer.note),
                FramesItem::Answer(answer) => answer.held += 1,
                FramesItem::Head(_) | FramesItem::End { .. } => {}
            }
            file.bytes = written(&items)?;
        }
        Some(file)
    }

    fn damage(&mut self, bytes: &mut [u8]) {
        let place = self.random.place(bytes.len());
        bytes[place] ^= 1 << self.random.below(8);
    }
}

/// The items of a file that is whole.
fn read(bytes: &[u8]) -> Result<Vec<FramesItem>, FramesFileError> {
    let (mut reader, mut items) = (FramesReader::default(), Vec::new());
    reader.push(bytes);
    while let Some(item) = reader.next_item()? {
        items.push(item);
    }
    reader.finish().map(|()| items)
}

/// A file of items, of which the first is its head.
fn written(items: &[FramesItem]) -> Option<Vec<u8>> {
    let (FramesItem::Head(head), rest) = items.split_first()? else { return None };
    let (mut writer, mut bytes) = FramesWriter::new(head);
    bytes.extend(rest.iter().flat_map(|item| writer.item(item)));
    Some(bytes)
}

impl World {
    /// What has arrived is read, somebody may write something, and the enemy may give what it likes.
    pub(super) fn carry(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        let Some(mut carrier) = self.carrier.take() else { return Ok(()) };
        while let Some(file) = carrier.arrived(self.now_ms) {
            if self.nodes[file.to].is_running() {
                self.import(&mut carrier, &file, true, tell)?;
            } else {
                // Whoever carries it comes again.
                carrier.on_the_way.push((self.now_ms + 2_000, file));
            }
        }
        if carrier.random.happens(300) {
            let place = carrier.random.place(self.nodes.len());
            let channels: Vec<_> = self.fleet.channels_of(place).collect();
            let channel = channels[carrier.random.place(channels.len())];
            self.export(&mut carrier, place, channel, tell)?;
        }
        if self.checker.enemy.is_some() && carrier.random.happens(60) {
            self.hostile_file(&mut carrier, tell);
        }
        self.carrier = Some(carrier);
        Ok(())
    }

    /// Everything heals: whoever has a file still brings it.
    pub(super) fn carry_the_rest(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        let Some(mut carrier) = self.carrier.take() else { return Ok(()) };
        while let Some(file) = carrier.arrived(u64::MAX) {
            self.import(&mut carrier, &file, false, tell)?;
        }
        Ok(())
    }

    fn export(
        &mut self,
        carrier: &mut Carrier,
        place: usize,
        channel: ChannelPlace,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), String> {
        let node = &self.nodes[place];
        let from = match carrier.random.below(10) {
            0 => ExportFrom::Start,
            1 => ExportFrom::Size(carrier.random.below(40)),
            _ => ExportFrom::Known,
        };
        // Nobody answers for a store that was an old one once.
        let own = match carrier.random.below(10) {
            0 | 1 => OwnLogs::Withheld,
            2 | 3 if !self.checker.restored.contains(&place) => OwnLogs::Trusted,
            _ => OwnLogs::IfHeard,
        };
        let bytes_max = if carrier.random.happens(100) { 20_000 } else { FRAMES_FILE_MAX_BYTES };
        let Some(bytes) = node.export(channel, from, own, bytes_max) else { return Ok(()) };
        let to = self.fleet.counterpart(channel, place);
        for item in read(&bytes).map_err(|error| format!("node {place} wrote a file that is none: {error}"))? {
            let Some(flight) = self.flight(channel, place, to, item) else { continue };
            self.checker.leaves(&self.fleet, &self.nodes, &flight)?;
            let is_heard = match &flight.packet {
                Packet::Frame { log, .. } => own == OwnLogs::Trusted || node.is_heard(channel, *log),
                _ => true,
            };
            if !is_heard && self.checker.enemy != Some(place) {
                return Err(format!(
                    "node {place} gives its log away in a file, and its counterpart has said nothing since the start"
                ));
            }
        }
        tell(&format!("{} ms: node {place} writes {} bytes for node {to}, {own:?}", self.now_ms, bytes.len()));
        self.outcome.files += 1;
        let file = carrier.file(channel, (place, to), bytes);
        carrier.take_along(self.now_ms, &file);
        Ok(())
    }

    /// An item as the packet that it would be on the network.
    fn flight(&self, channel: ChannelPlace, from: usize, to: usize, item: FramesItem) -> Option<Flight> {
        let log = |origin: &str| self.fleet.pairs[channel].pact.log(origin);
        let packet = match item {
            FramesItem::Frame(frame) => {
                Packet::Frame { channel, log: log(&frame.origin)?, request: 0, bytes: frame.encode() }
            }
            FramesItem::Answer(answer) => {
                let note = skypact_record::SignedCheckpoint::parse(&answer.note).ok()?;
                let log = log(note.checkpoint().origin.as_str())?;
                Packet::Answer { channel, log, request: 0, bytes: Some(answer.encode()) }
            }
            FramesItem::Head(_) | FramesItem::End { .. } => return None,
        };
        Some(Flight { from: Host::Node(from), to: Host::Node(to), packet })
    }

    /// Nothing of a file that is damaged; else item by item, each durable before the next. A crash may strike at each.
    fn import(
        &mut self,
        carrier: &mut Carrier,
        file: &File,
        is_trouble: bool,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), String> {
        let &File { channel, from, to: place, .. } = file;
        let items = match read(&file.bytes) {
            Ok(_) if file.is_damaged => return Err(format!("node {place} takes a damaged file for a whole one")),
            Ok(items) => items,
            Err(_) if file.is_damaged => return Ok(()),
            Err(error) => return Err(format!("node {place} refuses a file that nobody damaged: {error}")),
        };
        let (mut taken, all, mut is_fresh) = (0, items.len(), false);
        for item in items {
            if is_trouble && carrier.random.happens(30) && self.nodes[place].crash.is_none() {
                let crash = if carrier.random.happens(500) { Crash::NotWritten } else { Crash::Written };
                self.outcome.crashes += 1;
                self.nodes[place].crash = Some(crash);
            }
            let is_taken = self.nodes[place].take_item(channel, &item, &mut is_fresh, self.now_ms);
            if is_fresh && file.answers != Some(carrier.starts[place]) {
                return Err(format!("node {place} believes what a file says of now that answers to nothing it asked"));
            }
            self.commit(place)?;
            if !is_taken || !self.nodes[place].is_running() {
                break;
            }
            taken += 1;
            if matches!(item, FramesItem::Head(_)) {
                carrier.read.insert((place, channel), (carrier.starts[place], file.start));
            }
            if let Some(flight) = self.flight(channel, from, place, item) {
                self.outcome.file_items += 1;
                self.checker.taken(&self.fleet, &self.nodes, &flight)?;
            }
        }
        tell(&format!("{} ms: node {place} takes {taken} of {all} items that node {from} wrote", self.now_ms));
        if is_trouble && carrier.random.happens(600) {
            self.export(carrier, place, channel, tell)?;
        }
        Ok(())
    }

    /// A file of the enemy's: of its second history, an old one, or one that it wrote anew.
    fn hostile_file(&mut self, carrier: &mut Carrier, tell: &mut dyn FnMut(&str)) {
        let Some(place) = self.checker.enemy else { return };
        let file =
            if carrier.random.happens(400) { self.second_history(carrier, place) } else { carrier.old_or_forged() };
        if let Some(file) = file {
            tell(&format!("{} ms: the enemy gives node {} a file", self.now_ms, file.to));
            self.outcome.hostile += 1;
            carrier.take_along(self.now_ms, &file);
        }
    }

    fn second_history(&mut self, carrier: &mut Carrier, place: usize) -> Option<File> {
        let node = &self.nodes[place];
        let flights = enemy::twin(&self.fleet, node, &mut self.checker, self.now_ms, &mut carrier.random)?;
        let first = flights.into_iter().next()?;
        let Packet::Frame { channel, bytes, .. } = first.packet else { return None };
        let frame = FramesItem::Frame(Frame::decode(&bytes).ok()?);
        let head = FramesItem::Head(node.file_head(channel)?);
        let bytes = written(&[head, frame, FramesItem::End { more: false }])?;
        let to = self.fleet.counterpart(channel, place);
        Some(carrier.file(channel, (place, to), bytes))
    }
}
