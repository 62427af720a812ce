//! A party's node as the shell would run it: stations, a disk, couriers. Answers wait for the commit of their round; a
//! crash strikes at a commit, before or after it reached the disk, and takes everything that is not on the disk.

mod carriage;
mod erasure;
mod fingerprint;
mod guard;
mod recovery;
mod rotation;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};

use skypact_airspace::UtcNanos;
use skypact_channel::{
    Channel, Context, Draft, Frame, FrameAnswer, Heard, LogRef, Message, Next, Rejection, Station, VerifiedReceipt,
};
use skypact_record::{
    AddCheckpoint, AddedKey, Hash, KeyChange, KeyRole, Label, LogClass, PartyKey, RevokedKey, SignatureType,
    SignedCheckpoint, Signer as _,
};

pub(crate) use self::carriage::Carrying;
pub(crate) use self::fingerprint::{Fingerprint, fingerprint};
use crate::disk::{ChannelPlace, Disk, Snapshot};
use crate::fleet::Fleet;
use crate::keys::Key;
use crate::mutation::Mutation;
use crate::network::{Flight, Host, Packet};
use crate::officer;
use crate::random::{BoundedRandom, Random};

/// Start of virtual time, ns since the Unix epoch, UTC.
pub(crate) const EPOCH_NS: i64 = 1_790_000_000_000_000_000;
/// How long a courier waits for an answer, ms.
const PATIENCE_MS: u64 = 5_000;
/// How long it rests after a refusal, ms.
const PAUSE_MS: u64 = 500;
/// How long it has nothing to say before it asks whether the counterpart is there, where nodes knock.
const IDLE_MS: u64 = 5_000;

/// What a crash does to the commit that it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Nothing of it is on the disk.
    NotWritten,
    /// All of it is, and nobody was told.
    Written,
}

/// An officer's act that was acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledged {
    pub(crate) channel: ChannelPlace,
    pub(crate) log: LogRef,
    pub(crate) index: u64,
    pub(crate) leaf: Hash,
    pub(crate) message_id: [u8; 16],
}

/// A frame that was refused because its head and what is held cannot both be.
#[derive(Debug, Clone)]
pub(crate) struct Contradiction {
    pub(crate) channel: ChannelPlace,
    pub(crate) log: LogRef,
    pub(crate) start: u64,
    pub(crate) leaves: Vec<Hash>,
    /// Size that the node held then.
    pub(crate) held: u64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

/// One log on its way to one peer.
#[derive(Debug, Default)]
struct Courier {
    waiting: Option<(u64, u64)>,
    /// What the counterpart said it holds, a beginning of the log; none before it said so.
    confirmed: Option<u64>,
    cosigned_told: u64,
    /// When something was sent, ms.
    sent_ms: u64,
    held: Option<u64>,
    /// What a witness was asked last, by request.
    asked: Option<(u64, SignedCheckpoint)>,
}

/// A party's node.
pub(crate) struct Node {
    pub(crate) party: usize,
    pub(crate) disk: Disk,
    /// What a disk that lies has stored. `disk` is then what it says it has; the next crash shows it.
    pub(crate) platter: Option<Disk>,
    /// Empty while the node is down.
    pub(crate) stations: BTreeMap<ChannelPlace, Station>,
    /// Clock error, ns.
    pub(crate) offset_ns: i64,
    /// Strikes the next commit.
    pub(crate) crash: Option<Crash>,
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) contradictions: Vec<Contradiction>,
    /// State of each channel when a written commit was struck: a start must come back to it.
    pub(crate) left: BTreeMap<ChannelPlace, Fingerprint>,
    pub(crate) entropy: BoundedRandom,
    staged: Vec<Flight>,
    staged_acts: Vec<Acknowledged>,
    staged_contradictions: Vec<Contradiction>,
    couriers: BTreeMap<(ChannelPlace, usize, Host), Courier>,
    /// Own logs of which the counterpart has said since the start that it holds a beginning.
    confirmed: BTreeSet<(ChannelPlace, usize)>,
    recoveries: BTreeMap<ChannelPlace, recovery::Recovery>,
    guard: guard::Guard,
    /// Whether whoever starts it says that its disk is an old one.
    is_out_of_backup: bool,
    /// How often what was missing came back.
    pub(crate) recovered: u64,
    /// How many bodies went.
    pub(crate) erased: u64,
    /// A start keeps a snapshot when it folded more entries than this; none where no start does.
    pub(crate) snapshot_after: Option<usize>,
    /// How many snapshots were kept.
    pub(crate) snapshots: u64,
    /// How many starts went on from one.
    pub(crate) snapshot_starts: u64,
    /// Whether couriers with nothing to say ask whether the counterpart is there. The shell's always do; here it would be most
    /// of what is sent, so it is done in runs with old disks, where it is what tells a counterpart of one.
    pub(crate) knocks: bool,
    requests: u64,
    /// In runs in which files are carried.
    pub(crate) carrying: Option<Carrying>,

    mutation: Option<Mutation>,
}

impl Node {
    pub(crate) fn new(party: usize, entropy: BoundedRandom, mutation: Option<Mutation>) -> Self {
        Self {
            party,
            disk: Disk::default(),
            platter: None,
            stations: BTreeMap::new(),
            offset_ns: 0,
            crash: None,
            acknowledged: Vec::new(),
            contradictions: Vec::new(),
            left: BTreeMap::new(),
            entropy,
            staged: Vec::new(),
            staged_acts: Vec::new(),
            staged_contradictions: Vec::new(),
            couriers: BTreeMap::new(),
            confirmed: BTreeSet::new(),
            recoveries: BTreeMap::new(),
            guard: guard::Guard::default(),
            is_out_of_backup: false,
            recovered: 0,
            erased: 0,
            snapshot_after: None,
            snapshots: 0,
            snapshot_starts: 0,
            knocks: false,
            requests: 0,
            carrying: None,
            mutation,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        !self.stations.is_empty()
    }

    /// The node's own time.
    pub(crate) fn now(&self, now_ms: u64) -> UtcNanos {
        UtcNanos(EPOCH_NS + now_ms as i64 * 1_000_000 + self.offset_ns)
    }

    /// Starts out of what is on the disk. Fails when that is not what was signed.
    pub(crate) fn start(&mut self, now_ms: u64, fleet: &Fleet) -> Result<(), String> {
        let snapshot = self.disk.snapshot.as_ref();
        let folded = |channel| Ok((channel, self.folded(fleet, channel, snapshot)?));
        let folded: BTreeMap<_, _> = fleet.channels_of(self.party).map(folded).collect::<Result<_, String>>()?;
        self.keep_snapshot(&folded);
        for (channel, mut station) in folded {
            self.replay_notes(channel, &mut station)?;
            let state = fingerprint(station.channel());
            let left = self.left.get(&channel).into_iter().flatten();
            if let Some(((part, _), _)) = state.iter().zip(left).find(|(now, before)| now != before) {
                return Err(format!("replay gave other {part} than those that were left"));
            }
            station.hold_cuts();
            self.stations.insert(channel, station);
        }
        self.left.clear();
        let now = self.now(0);
        for station in self.stations.values_mut() {
            station.open(&mut Context { now, entropy: &mut self.entropy });
        }
        self.ask_witnesses(now_ms, fleet);
        self.begin_carrying();
        Ok(())
    }

    /// The end of a channel as the disk has it: from a snapshot on, or from the first entry.
    pub(crate) fn restored(
        &self,
        fleet: &Fleet,
        channel: ChannelPlace,
        snapshot: Option<&Snapshot>,
    ) -> Result<Station, String> {
        let mut station = self.folded(fleet, channel, snapshot)?;
        self.replay_notes(channel, &mut station)?;
        Ok(station)
    }

    /// Folds the entries of a channel; notes come behind them.
    fn folded(&self, fleet: &Fleet, channel: ChannelPlace, snapshot: Option<&Snapshot>) -> Result<Station, String> {
        let state = snapshot.map(|snapshot| &*snapshot.states[&channel]);
        let mut station = fleet.station(channel, self.party, state).map_err(|error| error.to_string())?;
        let begins = snapshot.map_or(0, |snapshot| self.begins(snapshot));
        let behind = self.disk.entries.iter().skip(begins);
        let mut entries: Vec<_> = behind.filter(|entry| entry.channel == channel).collect();
        match self.mutation {
            Some(Mutation::StartForgetsNewest) => drop(entries.pop()),
            Some(Mutation::StartReplaysLogByLog) => entries.sort_by_key(|entry| entry.log.place()),
            Some(Mutation::StoresTwice) => entries.extend(entries.last().copied()),
            _ => {}
        }
        for stored in entries {
            let index = stored.entry.leaf.index;
            if station.channel().log(stored.log).size() != index {
                return Err(format!("entry {index} of log {:?} is not the next one", stored.log));
            }
            station.replay(stored.log, index, stored.entry.clone()).map_err(|error| error.to_string())?;
        }
        if station.channel().lacks_residue() {
            self.disk.refold(channel, &mut station)?;
        }
        Ok(station)
    }

    /// Holds what was folded against its heads, and takes in what they prove.
    fn replay_notes(&self, channel: ChannelPlace, station: &mut Station) -> Result<(), String> {
        for ((of, _, kind), note) in &self.disk.notes {
            if *of == channel {
                station.replay_note(kind, note).map_err(|error| error.to_string())?;
            }
        }
        if let Some(log) = LogRef::ALL.into_iter().find(|log| !station.unsealed(*log).is_empty()) {
            return Err(format!("entries {:?} of log {log:?} are under no stored head", station.unsealed(log)));
        }
        Ok(())
    }

    /// Has an officer say something; what is refused changes nothing.
    pub(crate) fn officer_acts(&mut self, now_ms: u64, random: &mut Random) {
        let now = self.now(now_ms);
        let places: Vec<ChannelPlace> = self.stations.keys().copied().collect();
        let Some(channel) = places.get(random.place(places.len().max(1))).copied() else { return };
        let station = self.stations.get_mut(&channel).expect("its own channel");
        let Some(message) = officer::message(station.channel(), now, random) else { return };
        self.officer_says(channel, &message, now);
    }

    fn officer_says(&mut self, channel: ChannelPlace, message: &Message, now: UtcNanos) {
        let station = self.stations.get_mut(&channel).expect("its own channel");
        let draft = Draft::new(&station.channel().facts(), message, Vec::new(), now, &mut self.entropy);
        let act = draft.sign(&officer_key(self.party, station.channel()).0).expect("a key in memory signs");
        let message_id = act.act.act().message_id;
        let log = LogRef { party: station.channel().me(), class: act.act.act().log_class };
        if let Ok(placed) = station.submit(act, &mut Context { now, entropy: &mut self.entropy }) {
            self.staged_acts.push(Acknowledged { channel, log, index: placed.index, leaf: placed.leaf, message_id });
        }
    }

    /// The root replaces the officer's key in both logs of a channel.
    pub(crate) fn officer_is_replaced(&mut self, now_ms: u64, random: &mut Random) {
        let now = self.now(now_ms);
        let places: Vec<ChannelPlace> = self.stations.keys().copied().collect();
        let Some(channel) = places.get(random.place(places.len().max(1))).copied() else { return };
        let station = self.stations.get_mut(&channel).expect("its own channel");
        let (old, next) = officer_key(self.party, station.channel());
        let new = Key::of_officer(self.party, next);
        let label = Label::new(format!("Officer {next}")).expect("a label");
        let key = PartyKey { role: KeyRole::Officer, label, key: new.public_key().clone() };
        let added = AddedKey::new(key, station.channel().pact().channel(), &new).expect("a key in memory signs");
        let revoked = RevokedKey { id: old.public_key().id(), trusted: [0, 0] };
        let message = Message::KeyChange(KeyChange { added: vec![added], revoked: vec![revoked] });
        self.root_files(now, channel, &message);
    }

    /// Takes in a packet; its answer waits for the commit.
    pub(crate) fn take(&mut self, now_ms: u64, flight: Flight) {
        let (here, from) = (Host::Node(self.party), flight.from);
        let now = self.now(now_ms);
        match flight.packet {
            Packet::Frame { channel, log, request, bytes } => {
                let bytes = self.take_frame(channel, &bytes, now).map(|answer| answer.encode());
                let packet = Packet::Answer { channel, log, request, bytes };
                self.staged.push(Flight { from: here, to: from, packet });
            }
            Packet::Answer { channel, log, request, bytes } => {
                let key = (channel, log.place(), from);
                let (mut is_behind, mut confirmed, mut heard) = (false, false, None);
                if bytes.is_none() {
                    // It may hold less than it said.
                    self.couriers.entry(key).or_default().confirmed = None;
                }
                let receipt = bytes.and_then(|bytes| {
                    let answer = FrameAnswer::decode(&bytes).ok()?;
                    let station = self.stations.get(&channel)?;
                    let courier = self.couriers.entry(key).or_default();
                    if courier.waiting.is_none_or(|(waiting, _)| waiting != request) {
                        return None;
                    }
                    if !station.begins_with(log, &answer) {
                        courier.confirmed = None;
                        is_behind = true;
                        heard = Some(Heard::Contradicts(answer.held));
                        return None;
                    }
                    courier.confirmed = Some(answer.held);
                    self.confirmed.insert((channel, log.place()));
                    confirmed = true;
                    let receipt =
                        VerifiedReceipt::verify(&answer.note, station.channel().pact(), station.channel().keys())
                            .ok()?;
                    let counts = receipt.mirrored && receipt.log == log;
                    heard = counts.then_some(Heard::Holds(answer.held));
                    counts.then_some(receipt)
                });
                let taken = receipt.is_some();
                if let Some(station) = self.stations.get_mut(&channel).filter(|_| confirmed) {
                    station.confirm(log);
                }
                self.keep(channel, receipt, now);
                if let Some(heard) = heard {
                    self.hears_by_link(channel, log, heard);
                }
                self.answered(now_ms, key, request, taken);
                if is_behind {
                    self.begin_recovery(channel, now_ms);
                }
            }
            Packet::Held { channel, log, request, start } => {
                let bytes = self.held(channel, log, start);
                let packet = Packet::Given { channel, log, request, bytes };
                self.staged.push(Flight { from: here, to: from, packet });
            }
            Packet::Given { channel, log, request, bytes } => self.take_given(channel, log, request, bytes),
            Packet::Cosigned { channel, log, request, status, body } => {
                let key = (channel, log.place(), from);
                let stale = body.parse().ok().filter(|_| status == 409);
                let courier = self.couriers.entry(key).or_default();
                courier.held = stale.or(courier.held);
                let receipt = self.cosigned(key, request, &body).filter(|_| status == 200);
                let taken = receipt.is_some() || status == 409;
                self.keep(channel, receipt, now);
                self.answered(now_ms, key, request, taken);
            }
            Packet::Shown { channel, log, request, bytes } => self.take_shown((channel, log, from), request, bytes),
            Packet::AddCheckpoint { .. } | Packet::AskHead { .. } => {}
        }
    }

    fn take_frame(&mut self, channel: ChannelPlace, bytes: &[u8], now: UtcNanos) -> Option<FrameAnswer> {
        let station = self.stations.get_mut(&channel)?;
        let (pact, sender) = (station.channel().pact(), 1 - station.channel().me());
        let frame = Frame::decode(bytes).and_then(|frame| frame.verify(pact, station.channel().keys(), sender)).ok()?;
        let (log, start, size, root) = (frame.log, frame.start, frame.checkpoint.size, frame.checkpoint.root);
        let held = station.channel().log(log).size();
        let leaves = frame.entries.iter().map(|entry| entry.hash).collect();
        match station.receive(frame, &mut Context { now, entropy: &mut self.entropy }) {
            Ok(answer) => Some(answer),
            Err(Rejection::RootDiffers { .. }) => {
                self.staged_contradictions.push(Contradiction { channel, log, start, leaves, held, size, root });
                None
            }
            Err(_) => None,
        }
    }

    /// The cosignature in a witness's answer to the request that its courier waits for.
    fn cosigned(&self, key: (ChannelPlace, usize, Host), request: u64, body: &str) -> Option<VerifiedReceipt> {
        let (channel, place, Host::Witness(witness)) = key else { return None };
        let state = self.stations.get(&channel)?.channel();
        let pact = state.pact();
        let name = pact.log_keys(LogRef::ALL[place]).witnesses.get(witness)?.name().as_str();
        let (_, asked) = self.couriers.get(&key)?.asked.clone().filter(|(asked, _)| *asked == request)?;
        VerifiedReceipt::of_witness(pact, state.keys(), asked, name, body).ok().flatten()
    }

    fn keep(&mut self, channel: ChannelPlace, receipt: Option<VerifiedReceipt>, now: UtcNanos) {
        let (Some(receipt), Some(station)) = (receipt, self.stations.get_mut(&channel)) else { return };
        // A receipt that contradicts what is held is refused, and changes nothing.
        let _ = station.keep(receipt, &mut Context { now, entropy: &mut self.entropy });
    }

    fn answered(&mut self, now_ms: u64, key: (ChannelPlace, usize, Host), request: u64, taken: bool) {
        let courier = self.couriers.entry(key).or_default();
        if courier.waiting.is_some_and(|(waiting, _)| waiting == request) {
            courier.waiting = if taken { None } else { Some((request, now_ms + PAUSE_MS)) };
        }
    }

    /// The node is down, and gets this disk. What was acknowledged and is not on it is gone.
    pub(crate) fn restore(&mut self, backup: Disk) {
        self.disk = backup;
        self.is_out_of_backup = true;
        self.left.clear();
        let disk = &self.disk;
        let has = |act: &Acknowledged| disk.tree(act.channel, act.log).and_then(|tree| tree.leaf(act.index));
        self.acknowledged.retain(|act| has(act) == Some(act.leaf));
        self.contradictions.clear();
    }

    /// Ends the round: what has to be stored is, then answers go. A crash may strike.
    pub(crate) fn commit(&mut self, now_ms: u64) -> Vec<Flight> {
        let now = self.now(now_ms);
        let mut rounds = Vec::new();
        for (channel, station) in &mut self.stations {
            rounds.push((*channel, station.finish(&mut Context { now, entropy: &mut self.entropy })));
        }
        // A crash waits for a round that has something to lose.
        let idle = rounds.iter().all(|(_, changes)| changes.is_empty());
        let crash = if idle { None } else { self.crash.take() };
        if crash != Some(Crash::NotWritten) {
            for (channel, changes) in rounds {
                self.disk.commit(channel, changes, self.mutation);
            }
        }
        if crash.is_some() {
            if crash == Some(Crash::Written) {
                self.left = self.as_left();
            }
            self.goes_down();
        }
        let (staged, acts) = (std::mem::take(&mut self.staged), std::mem::take(&mut self.staged_acts));
        let contradictions = std::mem::take(&mut self.staged_contradictions);
        if crash.is_some() && self.mutation != Some(Mutation::AnswersBeforeCommit) {
            return Vec::new();
        }
        self.acknowledged.extend(acts);
        self.contradictions.extend(contradictions);
        self.recover(now);
        self.erase(now);
        staged
    }

    /// State of each channel, but for those in which a start folds in at once what stands for missing bodies.
    fn as_left(&self) -> BTreeMap<ChannelPlace, Fingerprint> {
        let whole = self.stations.iter().filter(|(_, station)| !station.channel().lacks_residue());
        whole.map(|(place, station)| (*place, fingerprint(station.channel()))).collect()
    }

    /// Only the disk is left.
    pub(crate) fn goes_down(&mut self) {
        self.stations.clear();
        self.couriers.clear();
        self.confirmed.clear();
        self.recoveries.clear();
        self.guard = guard::Guard::default();
    }

    /// What the couriers send now, out of committed state.
    pub(crate) fn send(&mut self, now_ms: u64, fleet: &Fleet) -> Vec<Flight> {
        let mut flights = self.questions(now_ms, fleet);
        flights.extend(self.guards(now_ms, fleet));
        let gives_up = self.mutation == Some(Mutation::CourierGivesUp);
        let asks_nobody = self.mutation == Some(Mutation::CourierAsksNobody);
        for (channel, station) in &self.stations {
            for class in LogClass::ALL {
                let log = LogRef { party: station.channel().me(), class };
                let peers = (0..fleet.witnesses.len()).map(Host::Witness);
                let counterpart = Host::Node(fleet.counterpart(*channel, self.party));
                let courier = self.couriers.entry((*channel, log.place(), counterpart)).or_default();
                if asks_nobody {
                    courier.confirmed = Some(station.channel().log(log).delivered);
                }
                let is_confirmed = courier.confirmed.is_some();
                for to in peers.chain([counterpart]) {
                    let courier = self.couriers.entry((*channel, log.place(), to)).or_default();
                    if to != counterpart && !is_confirmed {
                        continue;
                    }
                    if courier.waiting.is_some_and(|(_, until_ms)| gives_up || now_ms < until_ms) {
                        continue;
                    }
                    self.requests += 1;
                    let ask = self.knocks && to == counterpart && now_ms >= courier.sent_ms + IDLE_MS;
                    let packet = packet(&self.disk, *channel, station, log, to, fleet, courier, self.requests, ask);
                    let Some(packet) = packet else {
                        courier.waiting = None;
                        continue;
                    };
                    courier.waiting = Some((self.requests, now_ms + PATIENCE_MS));
                    courier.sent_ms = now_ms;
                    flights.push(Flight { from: Host::Node(self.party), to, packet });
                }
            }
        }
        flights
    }
}

/// The key with which the officer of a party signs now, and the number of the next one.
fn officer_key(party: usize, channel: &Channel) -> (Key, u64) {
    let log = LogRef { party: channel.me(), class: LogClass::Routine };
    let next = channel.keys().history(log).added().count() as u64 + 1;
    let signs = |key: &Key| channel.key(log, key.public_key().id()).is_some();
    let key = (0..next).map(|rotation| Key::of_officer(party, rotation)).find(signs);
    (key.expect("whoever is revoked is replaced"), next)
}

#[expect(clippy::too_many_arguments, reason = "one place that knows what a courier looks at")]
fn packet(
    disk: &Disk,
    channel: ChannelPlace,
    station: &Station,
    log: LogRef,
    to: Host,
    fleet: &Fleet,
    courier: &mut Courier,
    request: u64,
    ask: bool,
) -> Option<Packet> {
    if let Host::Witness(witness) = to {
        let name = fleet.witnesses[witness].as_str();
        let asked = station.witness_request(log, name, courier.held.take())?;
        courier.asked = Some((request, asked.checkpoint.clone()));
        return Some(Packet::AddCheckpoint { channel, log, request, bytes: asked.encode() });
    }
    let size = station.channel().log(log).size();
    let frame = match station.next(log, courier.confirmed, courier.cosigned_told, ask) {
        Next::Nothing => return None,
        Next::Entries { start } => station.frame(log, start, disk.read(channel, log, start, 16)),
        Next::Cosigned { size } => {
            courier.cosigned_told = size;
            let (_, note) = disk.cosigned(channel, log).find(|(of, _)| *of == size)?;
            station.note_frame(log, size, note.clone())
        }
        Next::Checkpoint => station.note_frame(log, size, station.checkpoint(log, size).encode()),
        Next::Confirm => station.note_frame(log, 0, station.checkpoint(log, 0).encode()),
    };
    // A link with little room leaves out the lines that nothing waits for.
    let frame = if request.is_multiple_of(3) { classical(&frame) } else { frame };
    Some(Packet::Frame { channel, log, request, bytes: frame.encode() })
}

/// A frame whose note has no ML-DSA-44 line.
fn classical(frame: &Frame) -> Frame {
    let mut note = SignedCheckpoint::parse(&frame.note).expect("a note of this node");
    note.retain(|line| line.bytes.len() < SignatureType::CosignatureMlDsa44.signature_length());
    Frame { note: note.encode(), ..frame.clone() }
}

/// The head that a packet of a log's author carries.
pub(crate) fn head_of(packet: &Packet) -> Option<SignedCheckpoint> {
    match packet {
        Packet::Frame { bytes, .. } => SignedCheckpoint::parse(&Frame::decode(bytes).ok()?.note).ok(),
        Packet::AddCheckpoint { bytes, .. } => Some(AddCheckpoint::parse(bytes).ok()?.checkpoint),
        Packet::Answer { bytes, .. } => SignedCheckpoint::parse(&FrameAnswer::decode(bytes.as_ref()?).ok()?.note).ok(),
        Packet::Given { bytes, .. } => SignedCheckpoint::parse(&Frame::decode(bytes.as_ref()?).ok()?.note).ok(),
        Packet::AskHead { bytes, .. } => SignedCheckpoint::parse(bytes).ok(),
        Packet::Held { .. } | Packet::Cosigned { .. } | Packet::Shown { .. } => None,
    }
}
