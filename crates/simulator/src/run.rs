//! One run: a fleet, a seed, so many steps of trouble, then everything heals and has to come to rest.

mod carriage;

use std::any::Any;
use std::cell::Cell;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};

use skypact_channel::{Channel, LogRef, Station};
use skypact_record::{AddCheckpoint, Tree};

use self::carriage::Carrier;
use crate::bounds::Bounds;
use crate::check::{Checker, Violation, goes_on_from_its_snapshot};
use crate::disk::Disk;
use crate::enemy;
use crate::fleet::Fleet;
use crate::keys::{Key, MlDsaKey};
use crate::mutation::Mutation;
use crate::network::{Flight, Host, Network, Packet, Weather};
use crate::node::{Crash, Node};
use crate::random::{BoundedRandom, Random};
use crate::witness::Witness;

/// Steps in which a healed fleet has to come to rest.
const REST_STEPS_MAX: u64 = 3_000;
/// One seed in so many has parties that close periods; the stories of the others are as they were.
const PERIODS_SHARE: u64 = 4;
/// Half a minute before the first midnight of virtual time, at which periods end.
const BEFORE_MIDNIGHT_MS: u64 = (9 * 3_600 + 46 * 60 + 10) * 1_000;
/// One seed in so many has nodes that ask witnesses after a start, and enemies that hide what an old disk lacks.
const ASKING_SHARE: u64 = 5;
/// Steps of half a second in which nothing fails, before an enemy that hides goes about it.
const CALM_STEPS: u64 = 60;
/// One seed in so many has post-quantum pacts.
const POST_QUANTUM_SHARE: u64 = 16;

/// One seed in so many has nodes that keep snapshots.
const SNAPSHOT_SHARE: u64 = 3;
/// How many entries a start folds at most that keeps none, by whether the place of its party is odd: few, and so many that several starts go on
/// from one snapshot.
const SNAPSHOT_AFTER: [usize; 2] = [8, 64];

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Where all chance comes from.
    pub seed: u64,
    /// Steps of trouble.
    pub steps: u64,
    /// A bug to plant.
    pub mutation: Option<Mutation>,
}

/// What happened in a run that violated nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Parties, witnesses.
    pub hosts: (usize, usize),
    /// Parties that cheated: one at most.
    pub enemies: u64,
    /// Packets that arrived.
    pub packets: u64,
    /// Officers' acts that were acknowledged.
    pub acts: u64,
    /// Crashes of nodes.
    pub crashes: u64,
    /// Crashes of witnesses.
    pub witness_crashes: u64,
    /// Old disks: backups, and disks that had lied.
    pub restored: u64,
    /// Those of them that had lied.
    pub lied: u64,
    /// How often a node on an old disk got back what it lacked.
    pub recovered: u64,
    /// Files that were written for a counterpart.
    pub files: u64,
    /// Frames and answers that were taken out of files.
    pub file_items: u64,
    /// Bodies that were erased, at each node that held them.
    pub erased: u64,
    /// Snapshots that starts kept.
    pub snapshots: u64,
    /// Starts that went on from one.
    pub snapshot_starts: u64,
    /// Hostile acts.
    pub hostile: u64,
    /// Proofs of forks that honest nodes hold.
    pub forks_proven: u64,
    /// Resumptions that both ends of a channel completed.
    pub resumptions: u64,
    /// Periods that were closed, as their authors see it.
    pub periods: u64,
}

/// Sums over runs.
impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        // Every field by its name, so that one that is added is counted.
        #[rustfmt::skip]
        let Self {
            hosts: (parties, witnesses), enemies, packets, acts, crashes, witness_crashes, restored, lied, recovered, files, file_items, snapshots, snapshot_starts,
            erased, hostile, forks_proven, resumptions, periods,
        } = other;
        self.hosts.0 += parties;
        self.hosts.1 += witnesses;
        self.enemies += enemies;
        self.packets += packets;
        self.acts += acts;
        self.crashes += crashes;
        self.witness_crashes += witness_crashes;
        self.restored += restored;
        self.lied += lied;
        self.recovered += recovered;
        self.files += files;
        self.file_items += file_items;
        self.snapshots += snapshots;
        self.snapshot_starts += snapshot_starts;
        self.erased += erased;
        self.hostile += hostile;
        self.forks_proven += forks_proven;
        self.resumptions += resumptions;
        self.periods += periods;
    }
}

/// Runs a seed to its end, or to the first violation, which a panic is too; `tell` gets a line for each event.
pub fn run(options: Options, tell: &mut dyn FnMut(&str)) -> Result<Outcome, Violation> {
    let step = Cell::new(0);
    // Nothing of the world is looked at after a panic.
    let ended = catch_unwind(AssertUnwindSafe(|| run_steps(options, &step, tell)));
    let ended = ended.unwrap_or_else(|panic| Err(format!("it panics: {}", words(&*panic))));
    ended.map_err(|what| Violation { step: step.get(), what })
}

fn run_steps(options: Options, step: &Cell<u64>, tell: &mut dyn FnMut(&str)) -> Result<Outcome, String> {
    let mut world = World::new(options);
    world.start(tell)?;
    for now in 0..options.steps {
        step.set(now);
        if now == options.steps / 2 {
            world.hide(tell)?;
        }
        world.step(tell)?;
    }
    step.set(options.steps);
    world.rest(tell)
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word")
}

struct World {
    fleet: Fleet,
    nodes: Vec<Node>,
    witnesses: Vec<Witness>,
    network: Network,
    checker: Checker,
    /// A copy of each node's disk as it was once.
    backups: Vec<Option<Disk>>,
    /// What arrived at each node in its round.
    arrivals: Vec<Vec<Flight>>,
    /// In runs in which files are carried.
    carrier: Option<Carrier>,
    random: Random,
    now_ms: u64,
    /// Whether officers erase what is over: in every second seed.
    erases: bool,
    bounds: Bounds,
    outcome: Outcome,
}

impl World {
    fn new(options: Options) -> Self {
        let mut random = Random::new(options.seed);
        let parties = [2, 2, 2, 3, 4, 5][random.place(6)];
        let witnesses = 1 + random.place(3);
        // A share of the seeds: such a run takes six times as long, nearly all of it for signing.
        let is_post_quantum = options.seed.is_multiple_of(POST_QUANTUM_SHARE);
        let closes_periods = options.seed % PERIODS_SHARE == PERIODS_SHARE / 2;
        let now_ms = if closes_periods { BEFORE_MIDNIGHT_MS } else { 0 };
        let asks_witnesses = options.seed % ASKING_SHARE == 1;
        let fleet = Fleet { closes_periods, asks_witnesses, ..Fleet::new(parties, witnesses, is_post_quantum) };
        let named = fleet.witnesses.iter().enumerate();
        let witnesses: Vec<Witness> = named
            .map(|(place, name)| {
                let ml_dsa_44 = is_post_quantum.then(|| MlDsaKey::of_witness(place));
                Witness::new(name.clone(), Key::of_witness(place), ml_dsa_44, fleet.log_keys(), options.mutation)
            })
            .collect();
        let bounds = Bounds::of(options.steps);
        let mut entropy = || BoundedRandom::new(random.fork(), bounds.draws);
        let mut nodes: Vec<_> = (0..parties).map(|party| Node::new(party, entropy(), options.mutation)).collect();
        if options.seed % SNAPSHOT_SHARE == 1 {
            for node in &mut nodes {
                node.snapshot_after = Some(SNAPSHOT_AFTER[node.party % 2]);
            }
        }
        let enemy = random.happens(500).then(|| random.place(parties));
        let mut network = Network::new(Weather::of(&mut random));
        let carrier = Carrier::of(options.seed, &mut nodes, &mut network);
        let hosts = (parties, witnesses.len());
        let outcome = Outcome { hosts, enemies: u64::from(enemy.is_some()), ..Outcome::default() };
        let checker = Checker::new(enemy);
        let erases = options.seed.is_multiple_of(2);
        let (backups, arrivals) = (vec![None; parties], vec![Vec::new(); parties]);
        Self {
            fleet,
            nodes,
            witnesses,
            network,
            checker,
            backups,
            arrivals,
            carrier,
            random,
            now_ms,
            erases,
            bounds,
            outcome,
        }
    }

    fn start(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        let Outcome { hosts: (parties, witnesses), .. } = self.outcome;
        tell(&format!(
            "{parties} parties, {witnesses} witnesses, enemy {:?}, {:?}",
            self.checker.enemy, self.network.weather
        ));
        for node in &mut self.nodes {
            node.start(self.now_ms, &self.fleet)?;
        }
        self.commit_all()
    }

    /// Time goes on, what has arrived is taken in, couriers send, and something happens.
    fn step(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        self.now_ms += self.random.below(1_000);
        self.deliver(tell)?;
        self.send_all()?;
        self.trouble(tell);
        self.commit_all()?;
        self.carry(tell)
    }

    fn deliver(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        while let Some(flight) = self.network.arrived(self.now_ms) {
            self.outcome.packets += 1;
            match flight.to {
                Host::Witness(place) => self.ask_witness(place, &flight)?,
                Host::Node(place) if self.hides_from(place, &flight) => {
                    self.checker.kept(&self.fleet, &self.nodes, &flight)?;
                    let answer = enemy::plays_along(&self.fleet, &self.nodes[place], &flight, self.now_ms);
                    if let Some(answer) = answer {
                        self.network.send(self.now_ms, &answer, &mut self.random);
                    }
                }
                Host::Node(place) => {
                    self.arrivals[place].push(flight.clone());
                    self.nodes[place].take(self.now_ms, flight);
                    // Sometimes several requests share a round.
                    if self.random.happens(700) {
                        self.commit(place)?;
                    }
                }
            }
        }
        // All of them first: a disk must not become an old one while what left it waits in somebody's round.
        self.commit_all()?;
        self.bounds.hold(self.outcome.packets, &self.network, &self.nodes)?;
        for place in 0..self.nodes.len() {
            if !self.nodes[place].is_running() && self.random.happens(300) {
                if let Some(platter) = self.nodes[place].platter.take() {
                    self.outcome.lied += u64::from(self.gets_old_disk(place, platter, tell));
                } else if self.random.happens(100)
                    && let Some(backup) = self.backups[place].clone()
                {
                    self.gets_old_disk(place, backup, tell);
                }
                tell(&format!("{} ms: node {place} starts again", self.now_ms));
                self.restart(place)?;
            }
        }
        for (place, witness) in self.witnesses.iter_mut().enumerate() {
            if !witness.is_running && self.random.happens(300) {
                tell(&format!("{} ms: witness {place} starts again", self.now_ms));
                witness.start();
            }
        }
        Ok(())
    }

    /// Where an enemy may hide what it holds, it waits for a calm hour in which everybody has everything; then a node's disk dies
    /// behind which the party has gone on, and it gets its backup. Chance alone has that in one seed of fifty.
    fn hide(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        let Some(enemy) = self.checker.enemy.filter(|enemy| self.may_hide(*enemy)) else { return Ok(()) };
        let victim = (enemy + 1) % self.nodes.len();
        self.calm(tell)?;
        let backup = self.nodes[victim].disk.clone();
        for _ in 0..10 {
            self.nodes[victim].officer_acts(self.now_ms, &mut self.random);
        }
        self.calm(tell)?;
        self.nodes[victim].goes_down();
        self.gets_old_disk(victim, backup, tell);
        self.restart(victim)
    }

    /// For a while nothing fails.
    fn calm(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        self.heal()?;
        for _ in 0..CALM_STEPS {
            self.now_ms += 500;
            self.deliver(tell)?;
            self.send_all()?;
        }
        self.commit_all()
    }

    /// Whether an enemy hides from a party on an old disk what it holds of its log.
    fn hides_from(&mut self, place: usize, flight: &Flight) -> bool {
        let Host::Node(author) = flight.from else { return false };
        let (Packet::Frame { channel, log, .. } | Packet::Held { channel, log, .. }) = flight.packet else {
            return false;
        };
        self.may_hide(place)
            && self.fleet.author(channel, log) == author
            && self.checker.restored.contains(&author)
            && self.random.happens(700)
    }

    /// Whether a party may hide what it holds: the enemy, where witnesses are asked.
    fn may_hide(&self, party: usize) -> bool {
        self.fleet.asks_witnesses && self.checker.enemy == Some(party)
    }

    fn ask_witness(&mut self, place: usize, flight: &Flight) -> Result<(), String> {
        if let Packet::AskHead { channel, log, request, bytes } = &flight.packet {
            let packet = Packet::Shown {
                channel: *channel,
                log: *log,
                request: *request,
                bytes: self.witnesses[place].show(bytes),
            };
            self.network.send(self.now_ms, &Flight { from: flight.to, to: flight.from, packet }, &mut self.random);
            return Ok(());
        }
        let Packet::AddCheckpoint { channel, log, request, bytes } = &flight.packet else { return Ok(()) };
        let Some((status, body)) = self.witnesses[place].answer(self.now_ms, bytes) else { return Ok(()) };
        if status == 200 {
            self.checker.taken(&self.fleet, &self.nodes, flight)?;
        }
        let packet = Packet::Cosigned { channel: *channel, log: *log, request: *request, status, body };
        if let (200, Ok(asked)) = (status, AddCheckpoint::parse(bytes)) {
            // The log is named by its origin alone; a replayed packet may say otherwise around it.
            let head = asked.checkpoint.checkpoint();
            let mut pairs = self.fleet.pairs.iter().enumerate();
            if let Some(place_of) = pairs.find_map(|(at, pair)| Some((at, pair.pact.log(head.origin.as_str())?))) {
                self.checker.witness_signs(&self.fleet, &self.nodes, place, place_of, head)?;
            }
        }
        self.network.send(self.now_ms, &Flight { from: flight.to, to: flight.from, packet }, &mut self.random);
        Ok(())
    }

    fn trouble(&mut self, tell: &mut dyn FnMut(&str)) {
        let place = self.random.place(self.nodes.len());
        match self.random.below(100) {
            0..=43 => {
                for _ in 0..=self.random.below(3) {
                    self.nodes[place].officer_acts(self.now_ms, &mut self.random);
                }
            }
            // The enemy signs its second histories with the keys of the pact.
            44 if self.checker.enemy != Some(place) => {
                self.nodes[place].officer_is_replaced(self.now_ms, &mut self.random);
            }
            // It rotates as others do, and goes on with the keys of old.
            83 | 84 => self.nodes[place].rotates(self.now_ms, &mut self.random),
            45..=52 if self.nodes[place].is_running() => {
                let crash = if self.random.happens(500) { Crash::NotWritten } else { Crash::Written };
                tell(&format!("{} ms: node {place} crashes at its next commit, {crash:?}", self.now_ms));
                self.outcome.crashes += 1;
                self.nodes[place].crash = Some(crash);
            }
            53..=60 => {
                let others = self.nodes.len() + self.witnesses.len();
                let other = self.random.place(others);
                let other = other.checked_sub(self.nodes.len()).map_or(Host::Node(other), Host::Witness);
                let ends =
                    if self.random.happens(500) { (Host::Node(place), other) } else { (other, Host::Node(place)) };
                self.network.toggle(ends.0, ends.1);
                tell(&format!("{} ms: {:?} to {:?} is cut or mended", self.now_ms, ends.0, ends.1));
            }
            61..=63 => {
                let hours = self.random.below(49) as i64 - 24;
                self.nodes[place].offset_ns = hours * 3_600_000_000_000;
                tell(&format!("{} ms: clock of node {place} is {hours} h off", self.now_ms));
            }
            64..=74 => self.hostile(tell),
            75 | 76 => self.backups[place] = Some(self.nodes[place].disk.clone()),
            77 => self.network.weather = Weather::of(&mut self.random),
            78 if self.random.happens(200) && self.nodes[place].is_running() => {
                tell(&format!(
                    "{} ms: the disk of node {place} stores nothing from now on, and says it does",
                    self.now_ms
                ));
                let node = &mut self.nodes[place];
                node.platter.get_or_insert(node.disk.clone());
            }
            79..=82 => {
                let place = self.random.place(self.witnesses.len());
                let crash = if self.random.happens(500) { Crash::NotWritten } else { Crash::Written };
                tell(&format!("{} ms: witness {place} crashes at its next head, {crash:?}", self.now_ms));
                self.outcome.witness_crashes += 1;
                self.witnesses[place].crash = Some(crash);
            }
            83..=90 if self.erases => self.nodes[place].officer_erases(self.now_ms, &mut self.random),
            _ => {}
        }
    }

    /// Puts an old disk into a node that is down, and tells whether it did: always the same party's, or nobody might
    /// remember. Left out where a witness has seen what the counterpart has not: against that a node has no defence but
    /// other witnesses (docs/threat-model.md).
    fn gets_old_disk(&mut self, place: usize, old: Disk, tell: &mut dyn FnMut(&str)) -> bool {
        if self.checker.restored.iter().any(|party| *party != place) || self.may_hide(place) {
            return false;
        }
        let mut lost = Vec::new();
        for channel in self.fleet.channels_of(place) {
            let counterpart = &self.nodes[self.fleet.counterpart(channel, place)];
            for log in LogRef::ALL.into_iter().filter(|log| self.fleet.author(channel, *log) == place) {
                let origin = &self.fleet.pairs[channel].pact.log_keys(log).origin;
                let held = counterpart.disk.tree(channel, log).map_or(0, Tree::size);
                if self.witnesses.iter().any(|witness| witness.size(origin) > held) {
                    return false;
                }
                // Where the counterpart may hide it, enough witnesses know all that was ever taken: every quorum has one of them.
                let taken = self.checker.taken_size(channel, log).max(held);
                let know = self.witnesses.iter().filter(|witness| witness.size(origin) == taken).count();
                if self.may_hide(counterpart.party) && know + self.fleet.quorum() <= self.witnesses.len() {
                    return false;
                }
                let twin = self.nodes[place].disk.tree(channel, log).cloned().unwrap_or_default();
                lost.push(((channel, log.place()), twin));
            }
        }
        for (of, twin) in lost {
            self.checker.twins.entry(of).or_default().push(twin);
        }
        tell(&format!("{} ms: node {place} gets an old disk", self.now_ms));
        self.network.forget_from(Host::Node(place));
        if let Some(carrier) = &mut self.carrier {
            carrier.forget_from(place);
        }
        self.nodes[place].restore(old);
        for node in &mut self.nodes {
            node.knocks = true;
        }
        self.checker.restored.insert(place);
        self.outcome.restored += 1;
        true
    }

    fn hostile(&mut self, tell: &mut dyn FnMut(&str)) {
        let Some(enemy) = self.checker.enemy else { return };
        let flights = enemy::act(
            &self.fleet,
            &self.nodes[enemy],
            &mut self.checker,
            &self.network,
            self.now_ms,
            &mut self.random,
        );
        tell(&format!("{} ms: the enemy sends {} packets", self.now_ms, flights.len()));
        self.outcome.hostile += 1;
        for flight in flights {
            self.network.send(self.now_ms, &flight, &mut self.random);
        }
    }

    fn restart(&mut self, place: usize) -> Result<(), String> {
        if let Some(carrier) = &mut self.carrier {
            carrier.starts(place);
        }
        goes_on_from_its_snapshot(&self.fleet, &self.nodes[place])?;
        self.nodes[place]
            .start(self.now_ms, &self.fleet)
            .map_err(|error| format!("node {place} does not start: {error}"))?;
        self.checker.keeps_its_word(&self.fleet, &self.nodes[place])
    }

    fn commit(&mut self, place: usize) -> Result<(), String> {
        if !self.nodes[place].is_running() {
            self.arrivals[place].clear();
            return Ok(());
        }
        let answers = self.nodes[place].commit(self.now_ms);
        let arrivals = std::mem::take(&mut self.arrivals[place]);
        // What reached a node whose round was lost is known to nobody.
        if self.nodes[place].is_running() {
            arrivals.iter().try_for_each(|flight| self.checker.taken(&self.fleet, &self.nodes, flight))?;
        }
        self.checker.committed(&self.fleet, &self.nodes, place)?;
        self.send(answers)
    }

    fn commit_all(&mut self) -> Result<(), String> {
        (0..self.nodes.len()).try_for_each(|place| self.commit(place))
    }

    fn send_all(&mut self) -> Result<(), String> {
        for place in 0..self.nodes.len() {
            let flights = self.nodes[place].send(self.now_ms, &self.fleet);
            self.send(flights)?;
        }
        Ok(())
    }

    fn send(&mut self, flights: Vec<Flight>) -> Result<(), String> {
        for flight in flights {
            self.checker.leaves(&self.fleet, &self.nodes, &flight)?;
            self.network.send(self.now_ms, &flight, &mut self.random);
        }
        Ok(())
    }

    fn heal(&mut self) -> Result<(), String> {
        self.network.mend();
        for witness in &mut self.witnesses {
            witness.crash = None;
            witness.start();
        }
        for place in 0..self.nodes.len() {
            self.nodes[place].crash = None;
            if !self.nodes[place].is_running() {
                self.restart(place)?;
            }
        }
        Ok(())
    }

    /// Everything heals; what was acknowledged has to be everywhere in the end.
    fn rest(mut self, tell: &mut dyn FnMut(&str)) -> Result<Outcome, String> {
        tell(&format!("{} ms: everything heals", self.now_ms));
        self.heal()?;
        self.carry_the_rest(tell)?;
        let mut quiet = 0;
        for _ in 0..REST_STEPS_MAX {
            self.now_ms = self.network.next_arrival().unwrap_or(self.now_ms + 1_000).max(self.now_ms);
            let packets = self.outcome.packets;
            self.deliver(tell)?;
            self.send_all()?;
            // The enemy's own courier may knock for ever; the others have to fall silent.
            let settled = self.checker.at_rest(&self.fleet, &self.nodes, &self.witnesses);
            quiet = if packets == self.outcome.packets { quiet + 1 } else { 0 };
            if settled.is_ok() {
                self.checker.stored(&self.fleet, &self.nodes)?;
                return Ok(self.count());
            }
            if quiet > 30 {
                settled?;
            }
        }
        self.checker.at_rest(&self.fleet, &self.nodes, &self.witnesses)?;
        self.checker.stored(&self.fleet, &self.nodes)?;
        Ok(self.count())
    }

    fn count(&self) -> Outcome {
        let honest = self.nodes.iter().filter(|node| self.checker.enemy != Some(node.party));
        let forks_proven = honest.map(|node| node.disk.forks.len() as u64).sum();
        let recovered = self.nodes.iter().map(|node| node.recovered).sum();
        let erased = self.nodes.iter().map(|node| node.erased).sum();
        let snapshots = self.nodes.iter().map(|node| node.snapshots).sum();
        let snapshot_starts = self.nodes.iter().map(|node| node.snapshot_starts).sum();
        let acts = self.nodes.iter().map(|node| node.acknowledged.len() as u64).sum();
        let channels = self.nodes.iter().flat_map(|node| node.stations.values().map(Station::channel));
        let closed = |channel: &Channel| -> u64 {
            let own = LogRef::ALL.into_iter().filter(|log| log.party == channel.me());
            own.map(|log| (channel.log(log).periods.len() as u64).saturating_sub(1)).sum()
        };
        let periods = channels.clone().map(closed).sum();
        let ended = |channel: &Channel| channel.epoch_of(0).min(channel.epoch_of(1)) - 1;
        // Each channel was seen from both of its ends.
        let resumptions = channels.map(ended).sum::<u64>() / 2;
        let kept = Outcome { snapshots, snapshot_starts, ..self.outcome };
        Outcome { acts, recovered, erased, forks_proven, resumptions, periods, ..kept }
    }
}
