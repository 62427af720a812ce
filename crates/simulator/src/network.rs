//! Packets on their way. The network loses, delays, repeats and reorders them, damages them, and falls apart between any
//! two for a while, in one direction or both (a half-open link).

use std::collections::{BTreeMap, BTreeSet};

use skypact_channel::LogRef;

use crate::disk::ChannelPlace;
use crate::random::Random;

/// Who sends and receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Host {
    /// A party's node.
    Node(usize),
    /// A witness.
    Witness(usize),
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) enum Packet {
    /// Entries of a log, or a note alone. `request` pairs it with its answer.
    Frame { channel: ChannelPlace, log: LogRef, request: u64, bytes: Vec<u8> },
    /// The answer to a frame: bytes of a `FrameAnswer`, or none when it was refused.
    Answer { channel: ChannelPlace, log: LogRef, request: u64, bytes: Option<Vec<u8>> },
    /// A checkpoint for a witness.
    AddCheckpoint { channel: ChannelPlace, log: LogRef, request: u64, bytes: Vec<u8> },
    /// A question for entries of the sender's own log from `start` on.
    Held { channel: ChannelPlace, log: LogRef, request: u64, start: u64 },
    /// The answer: bytes of a `Frame`, or none when nothing is held.
    Given { channel: ChannelPlace, log: LogRef, request: u64, bytes: Option<Vec<u8>> },
    /// A witness's answer: status and body.
    Cosigned { channel: ChannelPlace, log: LogRef, request: u64, status: u16, body: String },
    /// A question to a witness for the newest head that it was given of a log: one that it knows.
    AskHead { channel: ChannelPlace, log: LogRef, request: u64, bytes: Vec<u8> },
    /// The answer: bytes of a head, none when there is none, or a refusal.
    Shown { channel: ChannelPlace, log: LogRef, request: u64, bytes: Option<Vec<u8>> },
}

/// A packet with its ends.
#[derive(Debug, Clone)]
pub(crate) struct Flight {
    pub(crate) from: Host,
    pub(crate) to: Host,
    pub(crate) packet: Packet,
}

/// How bad the network is, in thousandths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) damaged: u64,
    pub(crate) delay_ms_max: u64,
}

impl Weather {
    /// Weather of a run.
    pub(crate) fn of(random: &mut Random) -> Self {
        let pick = |random: &mut Random, choices: &[u64]| choices[random.place(choices.len())];
        Self {
            lost: pick(random, &[0, 20, 200]),
            repeated: pick(random, &[0, 20, 200]),
            damaged: pick(random, &[0, 0, 30]),
            delay_ms_max: pick(random, &[1, 50, 2_000, 30_000]),
        }
    }

    /// Nothing is lost, repeated or damaged any more.
    pub(crate) fn fair() -> Self {
        Self { lost: 0, repeated: 0, damaged: 0, delay_ms_max: 10 }
    }
}

/// The network.
pub(crate) struct Network {
    pub(crate) weather: Weather,
    /// By time of arrival, ms, and a number that tells those of one time apart.
    flights: BTreeMap<(u64, u64), Flight>,
    sent: u64,
    /// Directions that are cut.
    cut: BTreeSet<(Host, Host)>,
    /// What was sent before, for whoever replays it.
    pub(crate) recorded: Vec<Flight>,
}

/// Most packets that are remembered for replays.
const RECORDED_MAX: usize = 400;

impl Network {
    pub(crate) fn new(weather: Weather) -> Self {
        Self { weather, flights: BTreeMap::new(), sent: 0, cut: BTreeSet::new(), recorded: Vec::new() }
    }

    /// Sends a packet at `now_ms`.
    pub(crate) fn send(&mut self, now_ms: u64, flight: &Flight, random: &mut Random) {
        if self.recorded.len() < RECORDED_MAX {
            self.recorded.push(flight.clone());
        }
        if self.cut.contains(&(flight.from, flight.to)) || random.happens(self.weather.lost) {
            return;
        }
        let copies = if random.happens(self.weather.repeated) { 2 } else { 1 };
        for _ in 0..copies {
            let mut flight = flight.clone();
            if random.happens(self.weather.damaged) {
                damage(&mut flight.packet, random);
            }
            let arrival = now_ms + 1 + random.below(self.weather.delay_ms_max);
            self.sent += 1;
            self.flights.insert((arrival, self.sent), flight);
        }
    }

    /// The next packet that has arrived by `now_ms`.
    pub(crate) fn arrived(&mut self, now_ms: u64) -> Option<Flight> {
        let first = self.flights.first_entry().filter(|entry| entry.key().0 <= now_ms)?;
        let flight = first.remove();
        (!self.cut.contains(&(flight.from, flight.to))).then_some(flight).or_else(|| self.arrived(now_ms))
    }

    /// How many packets are on their way.
    pub(crate) fn on_their_way(&self) -> usize {
        self.flights.len()
    }

    /// When the next packet arrives, ms.
    pub(crate) fn next_arrival(&self) -> Option<u64> {
        self.flights.keys().next().map(|(arrival, _)| *arrival)
    }

    /// Cuts or mends one direction.
    pub(crate) fn toggle(&mut self, from: Host, to: Host) {
        if !self.cut.remove(&(from, to)) {
            self.cut.insert((from, to));
        }
    }

    /// Forgets what is on its way from a host: its connections ended long ago.
    pub(crate) fn forget_from(&mut self, host: Host) {
        self.flights.retain(|_, flight| flight.from != host);
        self.recorded.retain(|flight| flight.from != host);
    }

    /// Mends everything.
    pub(crate) fn mend(&mut self) {
        self.cut.clear();
        self.weather = Weather::fair();
    }
}

/// Changes, cuts or adds a byte. TLS would refuse it; parsers must not rely on that.
fn damage(packet: &mut Packet, random: &mut Random) {
    let (Packet::Frame { bytes, .. }
    | Packet::Answer { bytes: Some(bytes), .. }
    | Packet::Given { bytes: Some(bytes), .. }
    | Packet::AddCheckpoint { bytes, .. }
    | Packet::AskHead { bytes, .. }
    | Packet::Shown { bytes: Some(bytes), .. }) = packet
    else {
        return;
    };
    if bytes.is_empty() {
        return;
    }
    let place = random.place(bytes.len());
    match random.below(3) {
        0 => bytes[place] ^= 1 << random.below(8),
        1 => bytes.truncate(place),
        _ => bytes.insert(place, random.next() as u8),
    }
}
