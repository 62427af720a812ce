//! What has to hold whatever happened. Checked at each packet that leaves, after each commit, and when all has healed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use skypact_airspace::UtcNanos;
use skypact_channel::{Anomaly, AnomalyReason, Channel, LogRef, NoteKind, Station, VerifiedReceipt, agenda};
use skypact_record::{Checkpoint, Hash, Tree};

use crate::disk::{ChannelPlace, StoredEntry};
use crate::fleet::Fleet;
use crate::network::{Flight, Host, Packet};
use crate::node::{Node, fingerprint, head_of};
use crate::witness::Witness;

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Step of the run in which it was seen.
    pub step: u64,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}: {}", self.step, self.what)
    }
}

type Check = Result<(), String>;

/// What the checkers remember beyond the disks.
#[derive(Default)]
pub(crate) struct Checker {
    /// Party that cheats, if one does.
    pub(crate) enemy: Option<usize>,
    /// Parties whose disk was restored from a backup.
    pub(crate) restored: BTreeSet<usize>,
    /// Histories of a log besides the one on its author's disk: an enemy's, and what a restored disk lost.
    pub(crate) twins: BTreeMap<(ChannelPlace, usize), Vec<Tree>>,
    /// Heads that each witness cosigned, by log.
    cosigned: BTreeMap<(usize, ChannelPlace, usize), BTreeSet<(u64, Hash)>>,
    /// Longest history of an honest author's log of which anybody took a head.
    taken: BTreeMap<(ChannelPlace, usize), Tree>,
}

impl Checker {
    /// Checkers of a run in which this party cheats, if one does.
    pub(crate) fn new(enemy: Option<usize>) -> Self {
        Self { enemy, ..Self::default() }
    }

    fn is_honest(&self, party: usize) -> bool {
        self.enemy != Some(party)
    }

    /// Every history of a log: the one on its author's disk, and the others that are known.
    fn histories<'a>(
        &'a self,
        fleet: &Fleet,
        nodes: &'a [Node],
        channel: ChannelPlace,
        log: LogRef,
    ) -> impl Iterator<Item = &'a Tree> + use<'a> {
        let twins = self.twins.get(&(channel, log.place())).into_iter().flatten();
        nodes[fleet.author(channel, log)].disk.tree(channel, log).into_iter().chain(twins)
    }

    /// Nothing that an honest node sends speaks of more than its disk holds, or of anything else.
    pub(crate) fn leaves(&self, fleet: &Fleet, nodes: &[Node], flight: &Flight) -> Check {
        let Host::Node(sender) = flight.from else { return Ok(()) };
        if !self.is_honest(sender) {
            return Ok(());
        }
        let Some(head) = head_of(&flight.packet) else { return Ok(()) };
        let (channel, log) = place_of(&flight.packet);
        let (size, root) = (head.checkpoint().size, head.checkpoint().root);
        let empty = Tree::new();
        if nodes[sender].disk.tree(channel, log).unwrap_or(&empty).root_at(size) == Ok(root) {
            return Ok(());
        }
        let what = if fleet.author(channel, log) == sender { "signed head" } else { "receipt" };
        Err(format!("node {sender} sent a {what} of {size} entries of {log:?} that its disk does not hold"))
    }

    /// All heads of an honest party's log that a witness or a counterpart ever took lie in one history.
    pub(crate) fn taken(&mut self, fleet: &Fleet, nodes: &[Node], flight: &Flight) -> Check {
        let (channel, log) = place_of(&flight.packet);
        let holds = |node: usize, head: &Checkpoint| {
            nodes[node].disk.tree(channel, log).is_some_and(|tree| tree.root_at(head.size) == Ok(head.root))
        };
        let is_taken = match flight.to {
            Host::Witness(_) => true,
            Host::Node(node) => head_of(&flight.packet).is_some_and(|head| holds(node, head.checkpoint())),
        };
        if is_taken { self.kept(fleet, nodes, flight) } else { Ok(()) }
    }

    /// Whoever got this keeps the head in it, as evidence at least.
    pub(crate) fn kept(&mut self, fleet: &Fleet, nodes: &[Node], flight: &Flight) -> Check {
        let (Packet::Frame { channel, log, .. } | Packet::AddCheckpoint { channel, log, .. }) = &flight.packet else {
            return Ok(());
        };
        let author = fleet.author(*channel, *log);
        let Some(head) = head_of(&flight.packet).filter(|_| flight.from == Host::Node(author)) else { return Ok(()) };
        let is_signed = head.signer(&fleet.head_keys(*channel, *log)).is_ok();
        let (size, root) = (head.checkpoint().size, head.checkpoint().root);
        if !is_signed || !self.is_honest(author) {
            return Ok(());
        }
        let taken = self.taken.entry((*channel, log.place())).or_default();
        if taken.root_at(size) == Ok(root) {
            return Ok(());
        }
        let empty = Tree::new();
        let disk = nodes[author].disk.tree(*channel, *log).unwrap_or(&empty);
        if size <= taken.size() || disk.root_at(size) != Ok(root) || disk.root_at(taken.size()) != Ok(taken.root()) {
            return Err(format!("node {author} signed two histories of {log:?} of channel {channel}"));
        }
        for index in taken.size()..size {
            taken.push(disk.leaf(index).expect("a size that the disk holds"));
        }
        Ok(())
    }

    /// How many entries of a log are known to have been taken by anybody.
    pub(crate) fn taken_size(&self, channel: ChannelPlace, log: LogRef) -> u64 {
        self.taken.get(&(channel, log.place())).map_or(0, Tree::size)
    }

    /// A witness never cosigns heads of which no history has both.
    pub(crate) fn witness_signs(
        &mut self,
        fleet: &Fleet,
        nodes: &[Node],
        witness: usize,
        (channel, log): (ChannelPlace, LogRef),
        head: &Checkpoint,
    ) -> Check {
        let heads = self.cosigned.entry((witness, channel, log.place())).or_default();
        heads.insert((head.size, head.root));
        let heads = &self.cosigned[&(witness, channel, log.place())];
        if self
            .histories(fleet, nodes, channel, log)
            .any(|tree| heads.iter().all(|(size, root)| tree.root_at(*size) == Ok(*root)))
        {
            return Ok(());
        }
        Err(format!("witness {witness} cosigned two histories of {log:?} of channel {channel}"))
    }

    /// After a commit of `node`: what it holds of others is what they wrote, once each.
    pub(crate) fn committed(&self, fleet: &Fleet, nodes: &[Node], node: usize) -> Check {
        for channel in fleet.channels_of(node) {
            for log in LogRef::ALL {
                let author = fleet.author(channel, log);
                let Some(held) = nodes[node].disk.tree(channel, log).filter(|_| author != node) else { continue };
                if !self.histories(fleet, nodes, channel, log).any(|tree| tree.root_at(held.size()) == Ok(held.root()))
                {
                    return Err(format!(
                        "node {node} holds {} entries of {log:?} that {author} did not write",
                        held.size()
                    ));
                }
            }
        }
        match nodes[node].disk.forks.iter().find(|(channel, log, _)| self.is_honest(fleet.author(*channel, *log))) {
            Some((channel, log, _)) => Err(format!("honest author of {log:?} of channel {channel} is proven guilty")),
            None => Ok(()),
        }
    }

    /// At rest: everything acknowledged is there, nothing is there twice, everything arrived, and both sides agree.
    pub(crate) fn at_rest(&self, fleet: &Fleet, nodes: &[Node], witnesses: &[Witness]) -> Check {
        for node in nodes {
            self.keeps_its_word(fleet, node)?;
        }
        for (channel, pair) in fleet.pairs.iter().enumerate() {
            if !pair.parties.iter().all(|party| self.is_honest(*party)) {
                continue;
            }
            hold_the_same(channel, pair.parties.map(|party| &nodes[party]), witnesses)?;
            agree(channel, pair.parties.map(|party| &nodes[party]), witnesses)?;
            followed(channel, pair.parties.map(|party| &nodes[party]), witnesses)?;
        }
        for node in nodes.iter().filter(|node| self.is_honest(node.party)) {
            self.proves_contradictions(fleet, nodes, node)?;
        }
        Ok(())
    }

    /// When all is said: what each honest node goes by is what its disk says, and what is erased is not on it. A start for each, so it is asked
    /// once.
    pub(crate) fn stored(&self, fleet: &Fleet, nodes: &[Node]) -> Check {
        for node in nodes.iter().filter(|node| self.is_honest(node.party)) {
            is_what_is_stored(fleet, node, self.enemy)?;
            goes_on_from_its_snapshot(fleet, node)?;
        }
        Ok(())
    }

    /// What officers were told is recorded is on the disk, where they were told, and no message is there twice.
    pub(crate) fn keeps_its_word(&self, fleet: &Fleet, node: &Node) -> Check {
        for act in &node.acknowledged {
            let stored = node.disk.tree(act.channel, act.log).and_then(|tree| tree.leaf(act.index));
            if stored != Some(act.leaf) {
                return Err(format!(
                    "node {} lost entry {} of {:?}, which it had acknowledged",
                    node.party, act.index, act.log
                ));
            }
        }
        receipts_count(node)?;
        let snapshot = node.disk.snapshot.as_ref();
        if snapshot.is_some_and(|snapshot| snapshot.bodies != node.disk.bodies(snapshot.entries)) {
            return Err(format!("a body that node {} erased is in its snapshot", node.party));
        }
        let mut messages = BTreeSet::new();
        for stored in &node.disk.entries {
            let author = fleet.author(stored.channel, stored.log);
            let id = stored.entry.leaf.act.act().message_id;
            if !messages.insert((stored.channel, author, id)) && self.is_honest(author) {
                return Err(format!("node {} holds a message of party {author} twice", node.party));
            }
        }
        Ok(())
    }

    /// Where both histories of the enemy reached an honest node, it has the proof.
    fn proves_contradictions(&self, fleet: &Fleet, nodes: &[Node], node: &Node) -> Check {
        for seen in &node.contradictions {
            let author = fleet.author(seen.channel, seen.log);
            // What is held proves it alone when the head is no longer. Otherwise the frame has to show the head's history: its
            // entries are not damaged, and go on from where that history is what is held.
            let held = node.disk.tree(seen.channel, seen.log);
            let shows = |tree: &Tree| {
                let mut leaves = (seen.start..).zip(&seen.leaves);
                held.is_some_and(|held| tree.root_at(seen.start).is_ok_and(|root| held.root_at(seen.start) == Ok(root)))
                    && leaves.all(|(index, leaf)| tree.leaf(index) == Some(*leaf))
            };
            let real = self
                .histories(fleet, nodes, seen.channel, seen.log)
                .any(|tree| tree.root_at(seen.size) == Ok(seen.root) && (seen.size <= seen.held || shows(tree)));
            let proof = node.disk.forks.iter().find(|(channel, log, _)| *channel == seen.channel && *log == seen.log);
            if real && proof.is_none() {
                return Err(format!("node {} saw two histories of party {author} and cannot prove it", node.party));
            }
        }
        let holds = |channel: usize, proof: &skypact_record::ForkProof| {
            proof.verify(&proof.log_keys(fleet.pairs[channel].pact.genesis())).is_ok()
        };
        match node.disk.forks.iter().find(|(channel, _, proof)| !holds(*channel, proof)) {
            Some(_) => Err(format!("node {} keeps a proof that does not hold", node.party)),
            None => Ok(()),
        }
    }
}

/// Every receipt that a node keeps for a log of its own counts, whatever mirror keys were replaced since.
fn receipts_count(node: &Node) -> Check {
    for ((channel, place, kind), note) in &node.disk.notes {
        let Some(state) = node.stations.get(channel).map(Station::channel) else { continue };
        let is_own = LogRef::ALL[*place].party == state.me();
        let counts =
            || VerifiedReceipt::verify_stored(note, state.pact(), state.keys()).is_ok_and(|kept| kept.mirrored);
        if is_own && *kind == NoteKind::Receipt && !counts() {
            return Err(format!(
                "node {} keeps a receipt for log {place} of channel {channel} that does not count",
                node.party
            ));
        }
    }
    Ok(())
}

/// A start from a node's snapshot is, bit for bit, one from the first entry.
pub(crate) fn goes_on_from_its_snapshot(fleet: &Fleet, node: &Node) -> Check {
    let Some(snapshot) = &node.disk.snapshot else { return Ok(()) };
    for channel in fleet.channels_of(node.party) {
        let [there, here] = [Some(snapshot), None].map(|from| node.restored(fleet, channel, from));
        let (there, here) = (there?, here?);
        let (there, here) = (there.channel(), here.channel());
        let parts = fingerprint(there).into_iter().zip(fingerprint(here));
        if let Some(((part, _), _)) = parts.into_iter().find(|(there, here)| there != here) {
            return Err(format!("a start of node {} from its snapshot gives other {part}", node.party));
        }
        // What is in no part, unless a snapshot leaves it out. Where bodies are still to go, a start that folds a channel twice knows of them
        // already what stays, before it needs it.
        if here.pending_erasures().is_empty() && there.snapshot() != here.snapshot() {
            return Err(format!("a start of node {} from its snapshot gives another state", node.party));
        }
        let mut entries = node.disk.entries.iter().filter(|stored| stored.channel == channel);
        let id = |stored: &StoredEntry| stored.entry.leaf.act.act().message_id;
        if let Some(stored) = entries.find(|stored| !there.knows_message(stored.log.party, id(stored))) {
            return Err(format!("a start of node {} from its snapshot forgets message {:?}", node.party, id(stored)));
        }
    }
    Ok(())
}

/// What a node goes by is what a start out of its disk would be; and what is erased is not on that.
fn is_what_is_stored(fleet: &Fleet, node: &Node, enemy: Option<usize>) -> Check {
    for (channel, station) in &node.stations {
        let (state, again) = (station.channel(), node.restored(fleet, *channel, None)?);
        // Not asked of the live state: out of a snapshot come the words of an anomaly, and no more.
        let is_of_honest = enemy != Some(fleet.counterpart(*channel, node.party));
        if is_of_honest && again.channel().anomalies().any(contradicts) {
            return Err(format!("an honest end of channel {channel} is said to have stated a false head"));
        }
        // What stands for missing bodies is folded in within a minute, and at a start at once.
        if state.lacks_residue() {
            continue;
        }
        let parts = fingerprint(state).into_iter().zip(fingerprint(again.channel()));
        if let Some(((part, _), _)) = parts.into_iter().find(|(here, there)| here != there) {
            return Err(format!("node {} goes by other {part} than its disk says", node.party));
        }
        let of_channel = node.disk.entries.iter().filter(|stored| stored.channel == *channel);
        for stored in of_channel.filter(|stored| stored.entry.parts.iter().any(Option::is_some)) {
            let is_pending = |leaf: &Hash| state.entry(leaf).is_some_and(|at| state.pending_erasures().contains(at));
            let leaf = stored.entry.leaf.hash();
            if state.erasure(&leaf).is_some() && !is_pending(&leaf) {
                return Err(format!("node {} still has a body that is erased", node.party));
            }
        }
    }
    Ok(())
}

/// Both ends of a channel hold the same logs, with receipts and cosignatures over all of it.
fn hold_the_same(channel: ChannelPlace, ends: [&Node; 2], witnesses: &[Witness]) -> Check {
    let [first, second] = ends.map(|node| node.stations[&channel].channel());
    for log in LogRef::ALL {
        let (a, b) = (first.log(log), second.log(log));
        if (a.size(), a.tree.root()) != (b.size(), b.tree.root()) {
            return Err(format!("{log:?} of channel {channel} has {} entries here and {} there", a.size(), b.size()));
        }
        let own = if log.party == first.me() { a } else { b };
        if own.delivered != own.size() {
            return Err(format!("{log:?} of channel {channel}: receipts for {} of {}", own.delivered, own.size()));
        }
        for witness in witnesses {
            let cosigned = own.cosigned.get(witness.name.as_str()).copied().unwrap_or(0);
            if cosigned != own.size() {
                return Err(format!(
                    "{log:?} of channel {channel}: {} cosigned {cosigned} of {}",
                    witness.name,
                    own.size()
                ));
            }
        }
    }
    Ok(())
}

/// Both ends, which hold the same, have stated it, and see the same picture.
fn agree(channel: ChannelPlace, ends: [&Node; 2], witnesses: &[Witness]) -> Check {
    let [first, second] = ends.map(|node| node.stations[&channel].channel());
    let theirs =
        |state: &Channel| LogRef::ALL.into_iter().find(|log| state.log(*log).substance > state.log(*log).anchored);
    if let Some(log) = theirs(first).or_else(|| theirs(second)) {
        return Err(format!("{log:?} of channel {channel} is not anchored by its counterpart"));
    }
    for (log, witness) in LogRef::ALL.into_iter().flat_map(|log| witnesses.iter().map(move |witness| (log, witness))) {
        let state = first.log(log);
        if state.substance > state.times.size(witness.name.as_str()) {
            return Err(format!("when {} saw {log:?} of channel {channel} is not stated", witness.name));
        }
    }
    if first.anomalies().any(contradicts) || second.anomalies().any(contradicts) {
        return Err(format!("an honest end of channel {channel} is said to have stated a false head"));
    }
    resumed_for_the_same(channel, first)?;
    let open = |state: &Channel| -> Vec<_> {
        state.board().conflicts().filter(|(_, conflict)| conflict.open).map(|(key, _)| *key).collect()
    };
    if open(first) != open(second) {
        return Err(format!("the ends of channel {channel} have different open conflicts"));
    }
    let parts = picture(first).into_iter().zip(picture(second));
    match parts.into_iter().find(|(here, there)| here != there) {
        None => Ok(()),
        Some(((part, _), _)) => Err(format!("the ends of channel {channel} see other {part}")),
    }
}

/// Where an epoch was opened, an officer of each party had answered the same suspensions.
fn resumed_for_the_same(channel: ChannelPlace, state: &Channel) -> Check {
    for epoch in 1..state.epoch_of(0).max(state.epoch_of(1)) {
        let ended = state.suspensions().epoch(epoch).stands;
        let opened = state.suspensions().epoch(epoch + 1).stands.iter().flat_map(|stand| &stand.opened);
        for (reconciled, _) in opened.flatten() {
            let resume = |party: usize| {
                let mut resumes = ended[party].resumes.iter();
                resumes.find(|cut| cut.origin.leaf == reconciled.resumes[party]).map(|cut| &cut.answers)
            };
            if resume(0).is_none() || resume(0) != resume(1) {
                return Err(format!("epoch {} of channel {channel} was opened over two suspensions", epoch + 1));
            }
        }
    }
    Ok(())
}

/// What both ends have to see alike, whatever the order in which the logs came.
fn picture(channel: &Channel) -> Vec<(&'static str, String)> {
    let notices = channel.board().notices();
    let notices: Vec<_> = notices
        .map(|notice| {
            let marks = (channel.filed_in_suspension(&notice.origin), channel.timeliness(notice), notice.overdue());
            (notice.id(), notice.origin.leaf, format!("{marks:?}"))
        })
        .collect();
    let conflicts = channel.board().conflicts().filter(|(_, conflict)| conflict.open);
    let unseen: Vec<_> = conflicts.map(|(key, conflict)| (*key, conflict.unseen)).collect();
    let alarms = channel.board().alarms().iter();
    let mut alarms: Vec<_> = alarms
        .map(|alarm| {
            let rungs: Vec<_> = alarm.rungs.iter().map(|(_, origin)| origin.leaf).collect();
            (alarm.id(), alarm.stops.len(), rungs, alarm.lifted.as_ref().map(|origin| origin.leaf))
        })
        .collect();
    alarms.sort();
    // At the end of time every STOP that nobody answered is a case.
    let end = UtcNanos(i64::MAX);
    let cases: BTreeMap<_, _> = channel.board().case_ids(end).collect();
    let epochs = [0, 1].map(|party| channel.epoch_of(party));
    let anchored = LogRef::ALL.map(|log| (channel.log(log).anchored, channel.log(log).substance));
    let erased: Vec<_> = channel.erasures().map(|(leaf, _)| *leaf).collect();
    vec![
        ("erasures", format!("{erased:?}")),
        ("notices or marks", format!("{notices:?}")),
        ("overlaps that were not seen", format!("{unseen:?}")),
        ("keys", format!("{:?}", channel.keys())),
        ("alarms", format!("{alarms:?}")),
        ("cases", format!("{cases:?}")),
        ("agenda", format!("{:?}", agenda(channel, end))),
        ("epochs or suspension", format!("{epochs:?} {:?}", channel.suspension().map(|at| at.newest()))),
        ("anchors", format!("{anchored:?}")),
    ]
}

/// Whether an entry states a head that is not what is held.
fn contradicts(anomaly: &Anomaly) -> bool {
    matches!(anomaly.reason, AnomalyReason::HeadDiffers { .. } | AnomalyReason::NoteDiffers { .. })
}

/// In a post-quantum pact the newest receipts and cosignatures have come with their ML-DSA-44 lines, though some notes of authors had none.
fn followed(channel: ChannelPlace, ends: [&Node; 2], witnesses: &[Witness]) -> Check {
    for state in ends.map(|node| node.stations[&channel].channel()) {
        let is_post_quantum = state.pact().genesis().is_post_quantum();
        for log in LogRef::ALL.into_iter().filter(|log| log.party == state.me()) {
            let lines = &state.log(log).post_quantum;
            let cosigned = witnesses.iter().filter(|witness| lines.cosigned.contains(witness.name.as_str())).count();
            let all = if is_post_quantum { witnesses.len() } else { 0 };
            if (lines.mirrored, cosigned) != (is_post_quantum, all) {
                return Err(format!("{log:?} of channel {channel} has the ML-DSA-44 lines {lines:?}"));
            }
        }
    }
    Ok(())
}

fn place_of(packet: &Packet) -> (ChannelPlace, LogRef) {
    match packet {
        Packet::Frame { channel, log, .. }
        | Packet::Answer { channel, log, .. }
        | Packet::AddCheckpoint { channel, log, .. }
        | Packet::Held { channel, log, .. }
        | Packet::Given { channel, log, .. }
        | Packet::Cosigned { channel, log, .. }
        | Packet::AskHead { channel, log, .. }
        | Packet::Shown { channel, log, .. } => (*channel, *log),
    }
}
