//! A party that cheats with its own keys: it signs a second history and shows it to counterparts and witnesses, withholds
//! bodies, gives receipts under a mirror key that it replaced, repeats what was ever sent, to anybody and under other channels, and floods.

use skypact_channel::{Draft, Frame, FrameAnswer, LogRef};
use skypact_record::{AddCheckpoint, Checkpoint, Entry, KeyRole, Leaf, LogClass, SignedCheckpoint, Tree, cosign};

use crate::check::Checker;
use crate::fleet::Fleet;
use crate::keys::Key;
use crate::network::{Flight, Host, Network, Packet};
use crate::node::{Node, head_of};
use crate::officer;
use crate::random::Random;

/// Packets of one hostile act.
pub(crate) fn act(
    fleet: &Fleet,
    enemy: &Node,
    checker: &mut Checker,
    network: &Network,
    now_ms: u64,
    random: &mut Random,
) -> Vec<Flight> {
    match random.below(9) {
        8 => old_receipt(fleet, enemy, network, now_ms, random).into_iter().collect(),
        0 | 1 => twin(fleet, enemy, checker, now_ms, random).unwrap_or_default(),
        2 => without_bodies(fleet, enemy, random).into_iter().collect(),
        3 => (0..30).filter_map(|_| replay(fleet, network, random)).collect(),
        _ => replay(fleet, network, random).into_iter().collect(),
    }
}

/// A channel of the enemy and its routine log there.
fn place(fleet: &Fleet, enemy: &Node, random: &mut Random) -> (usize, LogRef) {
    let channels: Vec<usize> = fleet.channels_of(enemy.party).collect();
    let channel = channels[random.place(channels.len())];
    let party = usize::from(fleet.pairs[channel].parties[1] == enemy.party);
    (channel, LogRef { party, class: LogClass::Routine })
}

fn sign_head(fleet: &Fleet, enemy: &Node, channel: usize, log: LogRef, tree: &Tree) -> SignedCheckpoint {
    let origin = fleet.pairs[channel].pact.log_keys(log).origin.clone();
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
    SignedCheckpoint::sign(checkpoint, &Key::of_party(enemy.party, KeyRole::Checkpoint)).expect("a key in memory signs")
}

/// A second history that leaves the first one somewhere, for the counterpart and for every witness.
pub(crate) fn twin(
    fleet: &Fleet,
    enemy: &Node,
    checker: &mut Checker,
    now_ms: u64,
    random: &mut Random,
) -> Option<Vec<Flight>> {
    let (channel, log) = place(fleet, enemy, random);
    let station = enemy.stations.get(&channel)?;
    let real = enemy.disk.tree(channel, log).filter(|tree| tree.size() > 1)?;
    let fork_at = 1 + random.below(real.size() - 1);
    let start = random.below(fork_at + 1);
    let mut entries = enemy.disk.read(channel, log, start, (fork_at - start) as usize);
    let mut tree: Tree = (0..fork_at).filter_map(|index| real.leaf(index)).collect();
    for _ in 0..=random.below(3) {
        let message = officer::message(station.channel(), enemy.now(now_ms), random)?;
        let mut entropy = random.fork();
        let draft = Draft::new(&station.channel().facts(), &message, Vec::new(), enemy.now(now_ms), &mut entropy);
        let act = draft.sign(&Key::of_party(enemy.party, KeyRole::Officer)).expect("a key in memory signs");
        let origin = fleet.pairs[channel].pact.log_keys(log).origin.clone();
        let leaf = Leaf { origin, index: tree.size(), seen: Vec::new(), cosignature: None, act: act.act };
        tree.push(leaf.hash());
        entries.push(Entry { leaf, parts: vec![Some(act.part)] }.encode().expect("a bounded entry"));
    }
    let head = sign_head(fleet, enemy, channel, log, &tree);
    let pact = &fleet.pairs[channel].pact;
    let origin = pact.log_keys(log).origin.to_string();
    let frame = Frame { channel: pact.channel(), origin, start, entries, note: head.encode() };
    let (from, request) = (Host::Node(enemy.party), 0);
    let to = Host::Node(fleet.counterpart(channel, enemy.party));
    let mut flights = vec![Flight { from, to, packet: Packet::Frame { channel, log, request, bytes: frame.encode() } }];
    for witness in 0..fleet.witnesses.len() {
        let old_size = station.channel().log(log).cosigned.values().copied().max().unwrap_or(0).min(tree.size());
        let proof = tree.consistency(old_size, tree.size()).expect("sizes of this tree");
        let bytes = AddCheckpoint { old_size, proof, checkpoint: head.clone() }.encode();
        let packet = Packet::AddCheckpoint { channel, log, request, bytes };
        flights.push(Flight { from, to: Host::Witness(witness), packet });
    }
    checker.twins.entry((channel, log.place())).or_default().push(tree);
    Some(flights)
}

/// The newest entries with their bodies withheld, under a head that holds.
fn without_bodies(fleet: &Fleet, enemy: &Node, random: &mut Random) -> Option<Flight> {
    let (channel, log) = place(fleet, enemy, random);
    let tree = enemy.disk.tree(channel, log)?;
    let start = random.below(tree.size());
    let withheld = |bytes: Vec<u8>| {
        let mut entry = Entry::decode(&bytes).expect("a stored entry");
        entry.parts.iter_mut().for_each(|part| *part = None);
        entry.encode().expect("a stored entry")
    };
    let entries = enemy.disk.read(channel, log, start, usize::MAX).into_iter().map(withheld).collect();
    let pact = &fleet.pairs[channel].pact;
    let origin = pact.log_keys(log).origin.to_string();
    let note = sign_head(fleet, enemy, channel, log, tree).encode();
    let bytes = Frame { channel: pact.channel(), origin, start, entries, note }.encode();
    let to = Host::Node(fleet.counterpart(channel, enemy.party));
    Some(Flight { from: Host::Node(enemy.party), to, packet: Packet::Frame { channel, log, request: 0, bytes } })
}

/// An answer to a frame that came, with a receipt under the mirror key of the pact, whatever took its place since.
fn old_receipt(fleet: &Fleet, enemy: &Node, network: &Network, now_ms: u64, random: &mut Random) -> Option<Flight> {
    let here = Host::Node(enemy.party);
    let asked: Vec<&Flight> = network.recorded.iter().rev().filter(|flight| flight.to == here).take(20).collect();
    let flight = asked.get(random.place(asked.len().max(1)))?;
    // That it holds nothing is what a node on an old store is protected from by witnesses alone (docs/threat-model.md).
    head_of(&flight.packet).filter(|head| head.checkpoint().size > 0)?;
    plays_along(fleet, enemy, flight, now_ms)
}

/// The answer of a counterpart that says that it holds what it is sent, and nothing else: whoever asks out of an old store is
/// to write a second history. Nothing is given back.
pub(crate) fn plays_along(fleet: &Fleet, enemy: &Node, flight: &Flight, now_ms: u64) -> Option<Flight> {
    if let Packet::Held { channel, log, request, .. } = flight.packet {
        let packet = Packet::Given { channel, log, request, bytes: None };
        return Some(Flight { from: flight.to, to: flight.from, packet });
    }
    let Packet::Frame { channel, log, request, bytes } = &flight.packet else { return None };
    let mut note = SignedCheckpoint::parse(&Frame::decode(bytes).ok()?.note).ok()?;
    let Checkpoint { size, root, .. } = *note.checkpoint();
    let name = fleet.pairs[*channel].pact.log_keys(*log).mirror.name().clone();
    let time_s = u64::try_from(enemy.now(now_ms).0 / 1_000_000_000).ok()?;
    let line = cosign(note.checkpoint(), time_s, &name, &Key::of_party(enemy.party, KeyRole::Mirror)).ok()?;
    note.add(line);
    let bytes = Some(FrameAnswer { held: size, note: note.encode(), root }.encode());
    let packet = Packet::Answer { channel: *channel, log: *log, request: *request, bytes };
    Some(Flight { from: flight.to, to: flight.from, packet })
}

/// Something that was sent before, again: to the same, to anybody, or under another channel.
fn replay(fleet: &Fleet, network: &Network, random: &mut Random) -> Option<Flight> {
    if network.recorded.is_empty() {
        return None;
    }
    let mut flight = network.recorded[random.place(network.recorded.len())].clone();
    if random.happens(300) {
        flight.to = Host::Node(random.place(fleet.parties));
    }
    let other = random.place(fleet.pairs.len());
    if random.happens(300) {
        let (Packet::Frame { channel, .. }
        | Packet::Answer { channel, .. }
        | Packet::AddCheckpoint { channel, .. }
        | Packet::Held { channel, .. }
        | Packet::Given { channel, .. }
        | Packet::Cosigned { channel, .. }
        | Packet::AskHead { channel, .. }
        | Packet::Shown { channel, .. }) = &mut flight.packet;
        *channel = other;
    }
    Some(flight)
}
