//! Two parties with keys out of a counter, and a machine for each: a channel, its stored entries, its frames.
//! Parties stand in a genesis in the order of their names: BLUE is 0, RED is 1.

use ed25519_dalek::{Signer as _, SigningKey};
use skypact_airspace::{Altitude, AltitudeBand, Circle, Datum, Footprint, LatLng, TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{
    ActivityClass, Channel, Command, Context, Decision, Draft, Entropy, Frame, FrameError, LogRef, Message,
    MlDsa44Signers, Notice, NoticeAct, Pact, Rejection, Signers, Submission, Terms, VerifiedReceipt,
};
use skypact_record::{
    Act, ChannelName, Checkpoint, Entry, Genesis, Hash, KeyRole, Label, LogClass, Origin, Party, PartyKey, PartyName,
    PublicKey, SignedCheckpoint, SignedGenesis, Signer, SignerError, WitnessKey, cosign,
};

use crate::post_quantum::MlDsaKey;
use crate::snapshot;

pub(crate) const BLUE: usize = 0;
pub(crate) const RED: usize = 1;
pub(crate) const SECOND: i64 = 1_000_000_000;
/// Start of virtual time.
pub(crate) const T0: i64 = 1_790_000_000 * SECOND;

/// An Ed25519 key in memory.
pub(crate) struct Key {
    secret: SigningKey,
    public: PublicKey,
}

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::ed25519(secret.verifying_key().as_bytes()).unwrap();
        Self { secret, public }
    }
}

impl Signer for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.secret.sign(message).to_bytes().to_vec())
    }
}

/// Ids and salts out of a counter.
pub(crate) struct Counter(pub(crate) u64);

impl Counter {
    fn next(&mut self) -> [u8; 32] {
        self.0 += 1;
        Hash::of(&self.0.to_be_bytes()).0
    }
}

impl Entropy for Counter {
    fn message_id(&mut self, _now: UtcNanos) -> [u8; 16] {
        self.next()[..16].try_into().unwrap()
    }

    fn salt(&mut self) -> [u8; 32] {
        self.next()
    }
}

/// Key of a party's role. Seeds of BLUE begin at 16, those of RED at 32.
pub(crate) fn key(party: usize, role: KeyRole) -> Key {
    Key::new(16 * (party as u8 + 1) + role.number())
}

/// What the node of a party signs with.
pub(crate) fn signers(party: usize) -> Signers {
    let signer = |role| Box::new(key(party, role));
    Signers {
        node: signer(KeyRole::Node),
        checkpoint: signer(KeyRole::Checkpoint),
        mirror: signer(KeyRole::Mirror),
        ml_dsa_44: None,
        rotated: Vec::new(),
    }
}

/// The same with the ML-DSA-44 keys that a pact may name.
pub(crate) fn post_quantum_signers(party: usize) -> Signers {
    let signer = |role| Box::new(MlDsaKey::new(party, role));
    let ml_dsa_44 = MlDsa44Signers { checkpoint: signer(KeyRole::Checkpoint), mirror: signer(KeyRole::Mirror) };
    Signers { ml_dsa_44: Some(ml_dsa_44), ..signers(party) }
}

pub(crate) fn witness() -> Key {
    Key::new(200)
}

const NAMES: [(&str, &str); 2] = [("BLUE", "blue.example"), ("RED", "red.example")];

fn party(index: usize) -> Party {
    let roles =
        [KeyRole::Root, KeyRole::Node, KeyRole::Officer, KeyRole::Transport, KeyRole::Checkpoint, KeyRole::Mirror];
    let keys = roles.map(|role| PartyKey {
        role,
        label: Label::new(format!("{role:?} 1")).unwrap(),
        key: key(index, role).public,
    });
    let (name, prefix) = NAMES[index];
    Party { name: PartyName::new(name).unwrap(), prefix: Origin::new(prefix).unwrap(), keys: keys.to_vec() }
}

/// Bytes of a pact with these terms in a channel of this name, signed by both roots.
pub(crate) fn pact_bytes(channel: &str, terms: &Terms) -> Vec<u8> {
    signed(&genesis(channel, terms))
}

/// A pact that names ML-DSA-44 keys too.
pub(crate) fn post_quantum_pact() -> Pact {
    let mut genesis = genesis("test-1", &Terms::template());
    for (party, named) in genesis.parties.iter_mut().enumerate() {
        for role in [KeyRole::Checkpoint, KeyRole::Mirror] {
            let label = Label::new(format!("{role:?} 2")).unwrap();
            named.keys.push(PartyKey { role, label, key: MlDsaKey::new(party, role).public });
        }
        named.keys.sort_by(|a, b| (a.role, &a.label).cmp(&(b.role, &b.label)));
    }
    let key = MlDsaKey::new(2, KeyRole::Witness).public;
    genesis.witnesses.push(WitnessKey { name: genesis.witnesses[0].name.clone(), key });
    Pact::decode(&signed(&genesis)).unwrap()
}

fn genesis(channel: &str, terms: &Terms) -> Genesis {
    Genesis {
        channel_name: ChannelName::new(channel).unwrap(),
        parties: [party(BLUE), party(RED)],
        witnesses: vec![WitnessKey { name: Origin::new("witness.example").unwrap(), key: witness().public }],
        quorum: 1,
        terms: terms.encode(),
    }
}

fn signed(genesis: &Genesis) -> Vec<u8> {
    let bytes = genesis.encode().unwrap();
    let signatures = [BLUE, RED].map(|party| Genesis::sign(&bytes, &key(party, KeyRole::Root)).unwrap());
    SignedGenesis::assemble(bytes, signatures).unwrap().encode()
}

pub(crate) fn pact() -> Pact {
    Pact::decode(&pact_bytes("test-1", &Terms::template())).unwrap()
}

/// Seeds of keys that take the place of those that sign heads.
pub(crate) const NEXT_HEAD_KEYS: [u8; 2] = [95, 96];

/// Seed of a key that takes the place of the one for receipts.
pub(crate) const NEXT_MIRROR_KEY: u8 = 97;

/// One node: its channel and what it has stored, in the order in which it committed it.
pub(crate) struct Machine {
    pub(crate) me: usize,
    pub(crate) channel: Channel,
    pub(crate) stored: Vec<(LogRef, u64, Vec<u8>)>,
    pub(crate) entropy: Counter,
    pub(crate) now: UtcNanos,
}

impl Machine {
    /// A node that has not begun.
    pub(crate) fn unopened(me: usize, pact: Pact) -> Self {
        let entropy = Counter(1_000_000 * (me as u64 + 1));
        let channel = Channel::new(pact, NAMES[me].0).unwrap();
        Self { me, channel, stored: Vec::new(), entropy, now: UtcNanos(T0) }
    }

    /// A node that holds the genesis in its own logs.
    pub(crate) fn new(me: usize) -> Self {
        let mut machine = Self::unopened(me, pact());
        machine.open();
        machine
    }

    pub(crate) fn routine(&self) -> LogRef {
        LogRef { party: self.me, class: LogClass::Routine }
    }

    pub(crate) fn decide(&mut self, command: Command) -> Result<Decision, Rejection> {
        self.channel.decide(command, &mut Context { now: self.now, entropy: &mut self.entropy })
    }

    pub(crate) fn open(&mut self) {
        let Decision::Say(drafts) = self.decide(Command::Open).unwrap() else { panic!("opening says something") };
        for draft in drafts {
            self.commit(draft.sign(&key(self.me, KeyRole::Node)).unwrap());
        }
    }

    /// Places an act at the end of its log, with no question asked: what a node does after it decided, and what a
    /// hostile node does without.
    pub(crate) fn commit(&mut self, submission: Submission) -> Hash {
        let log = LogRef { party: self.me, class: submission.act.act().log_class };
        let leaf = self.channel.place(submission.act);
        let (index, hash) = (leaf.index, leaf.hash());
        self.store(log, index, Entry { leaf, parts: vec![Some(submission.part)] });
        hash
    }

    pub(crate) fn store(&mut self, log: LogRef, index: u64, entry: Entry) {
        self.stored.push((log, index, entry.encode().unwrap()));
        // Each of them would take a time that grows with the square of the story.
        let other = entry.leaf.hash().0[0].is_multiple_of(8).then(|| snapshot::again(&self.channel));
        self.channel.replay(log, index, entry.clone()).unwrap();
        if let Some(mut other) = other {
            other.replay(log, index, entry).unwrap();
            assert_eq!(other.snapshot(), self.channel.snapshot(), "a snapshot holds all that the next entry needs");
        }
    }

    pub(crate) fn draft(&mut self, message: &Message) -> Draft {
        Draft::new(&self.channel.facts(), message, Vec::new(), self.now, &mut self.entropy)
    }

    /// Has the officer of this party sign.
    pub(crate) fn signed(&mut self, message: &Message) -> Submission {
        let officer = key(self.me, KeyRole::Officer);
        self.draft(message).sign(&officer).unwrap()
    }

    /// An officer's act, decided and placed; then the node files what it found.
    pub(crate) fn submit(&mut self, message: &Message) -> Result<Hash, Rejection> {
        let submission = self.signed(message);
        let Decision::Place(submission) = self.decide(Command::Submit(Box::new(submission)))? else {
            panic!("an act is placed")
        };
        let hash = self.commit(*submission);
        self.file_findings();
        Ok(hash)
    }

    /// Files every conflict that the node has not recorded.
    pub(crate) fn file_findings(&mut self) {
        while let Some(draft) = self.channel.finding(true, &mut Context { now: self.now, entropy: &mut self.entropy }) {
            self.commit(draft.sign(&key(self.me, KeyRole::Node)).unwrap());
        }
    }

    /// Checkpoint of one of the own logs at `size`.
    pub(crate) fn checkpoint(&self, log: LogRef, size: u64) -> SignedCheckpoint {
        let origin = self.channel.pact().log_keys(log).origin.clone();
        let root = self.channel.log(log).tree.root_at(size).unwrap();
        SignedCheckpoint::sign(Checkpoint { origin, size, root }, &self.signs_heads(log, size)).unwrap()
    }

    /// The key that heads of that size are under: that of the pact or a later one.
    fn signs_heads(&self, log: LogRef, size: u64) -> Key {
        let in_force = self.channel.log_keys(log, size).checkpoint.key().clone();
        let mut held = [key(log.party, KeyRole::Checkpoint)].into_iter().chain(NEXT_HEAD_KEYS.map(Key::new));
        held.find(|key| *key.public_key() == in_force).expect("a key of these tests")
    }

    /// Frame of entries `[start, end)` of one of the own logs, with a checkpoint at `end`.
    pub(crate) fn frame_of(&self, log: LogRef, start: u64, end: u64) -> Frame {
        let held = self.stored.iter().filter(|(of, index, _)| *of == log && (start..end).contains(index));
        Frame {
            channel: self.channel.pact().channel(),
            origin: self.channel.pact().log_keys(log).origin.to_string(),
            start,
            entries: held.map(|(_, _, bytes)| bytes.clone()).collect(),
            note: self.checkpoint(log, end).encode(),
        }
    }

    /// Frame of the routine log.
    pub(crate) fn frame(&self, start: u64, end: u64) -> Frame {
        self.frame_of(self.routine(), start, end)
    }

    /// Takes in a frame: the receipt, or the code of the refusal.
    pub(crate) fn receive(&mut self, frame: &Frame) -> Result<Vec<u8>, &'static str> {
        let bytes = frame.encode();
        let code = |error: FrameError| error.code();
        let frame =
            Frame::decode(&bytes).and_then(|frame| frame.verify(self.channel.pact(), self.channel.keys(), 1 - self.me));
        let command = Command::Receive(Box::new(frame.map_err(code)?));
        let Decision::Mirror { frame, skip } = self.decide(command).map_err(|error| error.code())? else {
            panic!("a frame is mirrored")
        };
        for entry in frame.entries.into_iter().skip(skip) {
            self.store(frame.log, entry.entry.leaf.index, entry.entry);
        }
        let mut note = SignedCheckpoint::parse(&frame.note).unwrap();
        let mirror = self.channel.log_keys(frame.log, frame.checkpoint.size).mirror.clone();
        let mut held = [key(self.me, KeyRole::Mirror), Key::new(NEXT_MIRROR_KEY)].into_iter();
        let signer = held.find(|held| held.public_key() == mirror.key()).expect("a key of these tests");
        let time_s = (self.now.0 / SECOND) as u64;
        let line = cosign(note.checkpoint(), time_s, mirror.name(), &signer).unwrap();
        assert!(note.add(line));
        self.file_findings();
        Ok(note.encode())
    }

    /// Takes in a receipt.
    pub(crate) fn receipt(&mut self, note: &[u8]) -> Result<(), &'static str> {
        let receipt =
            VerifiedReceipt::verify(note, self.channel.pact(), self.channel.keys()).map_err(|error| error.code())?;
        let Decision::Keep(receipt) = self.decide(Command::Receipt(Box::new(receipt))).map_err(|error| error.code())?
        else {
            panic!("a receipt is kept")
        };
        self.channel.apply_receipt(&receipt);
        Ok(())
    }

    pub(crate) fn open_conflicts(&self) -> Vec<skypact_channel::ConflictKey> {
        self.channel.board().conflicts().filter(|(_, state)| state.open).map(|(key, _)| *key).collect()
    }

    /// What the board says, for comparison.
    pub(crate) fn dump(&self) -> String {
        let board = self.channel.board();
        let notices: Vec<_> = board.notices().collect();
        let conflicts: Vec<_> = board.conflicts().collect();
        let proposals: Vec<_> = board.proposals().collect();
        let anomalies: Vec<_> = self.channel.anomalies().collect();
        format!("{notices:#?}\n{conflicts:#?}\n{proposals:#?}\n{anomalies:#?}")
    }
}

/// Sends what the other does not hold yet of all logs, and brings the receipt back.
pub(crate) fn deliver(from: &mut Machine, to: &mut Machine) {
    let author = from.me;
    for log in LogRef::ALL.into_iter().filter(|log| log.party == author) {
        deliver_log(from, to, log);
    }
}

/// The same of one log.
pub(crate) fn deliver_log(from: &mut Machine, to: &mut Machine, log: LogRef) {
    let (start, end) = (to.channel.log(log).size(), from.channel.log(log).size());
    let receipt = to.receive(&from.frame_of(log, start, end)).unwrap();
    from.receipt(&receipt).unwrap();
}

/// Delivers to and fro until nobody has anything to say.
pub(crate) fn settle(a: &mut Machine, b: &mut Machine) {
    for _ in 0..3 {
        deliver(a, b);
        deliver(b, a);
    }
}

/// Two nodes that hold all four entries of the beginning.
pub(crate) fn pair() -> (Machine, Machine) {
    let (mut red, mut blue) = (Machine::new(RED), Machine::new(BLUE));
    settle(&mut red, &mut blue);
    (red, blue)
}

/// A disc of `radius_mm` around 35 N at `lng_e9`, FL180 to FL240, from `start_s` to `end_s` after [`T0`].
pub(crate) fn disc(lng_e9: i64, radius_mm: i64, start_s: i64, end_s: i64) -> Volume4d {
    let altitude = |level: i64| Some(Altitude { mm: level * 30_480, datum: Datum::FlightLevel });
    Volume4d::new(
        Footprint::Circle(Circle::new(LatLng::new(35_000_000_000, lng_e9).unwrap(), radius_mm).unwrap()),
        AltitudeBand::new(altitude(180), altitude(240)).unwrap(),
        TimeWindow::new(UtcNanos(T0 + start_s * SECOND), UtcNanos(T0 + end_s * SECOND)).unwrap(),
    )
}

pub(crate) fn notice(act: NoticeAct, previous: Option<Hash>, volumes: Vec<Volume4d>) -> Message {
    Message::Notice(Notice {
        act,
        previous,
        class: ActivityClass::Manned,
        call_sign: Some("KOBALT 21".to_owned()),
        contact: Some("130.000".to_owned()),
        volumes,
    })
}

/// A notice of an area at 40 E, from 1,000 s to 8,000 s after [`T0`].
pub(crate) fn here() -> Message {
    notice(NoticeAct::New, None, vec![disc(40_000_000_000, 20_000_000, 1_000, 8_000)])
}

/// An act that no honest draft gives: `edit` changes it before `signer` signs.
pub(crate) fn forged(mut draft: Draft, signer: &Key, edit: impl FnOnce(&mut Act)) -> Submission {
    edit(&mut draft.act);
    draft.sign(signer).unwrap()
}
