//! Makes bundles of two parties, four logs and one witness, with keys out of fixed bytes; each can be wrong in a chosen way.

#![expect(clippy::unwrap_used, reason = "a bundle that cannot be made ends the test")]

use ed25519_dalek::{Signer as _, SigningKey};
use ml_dsa::{Keypair as _, MlDsa44};
use skypact_record::bundle::BundleWriter;
use skypact_record::{
    Act, Algorithm, Beacon, ChannelName, Checkpoint, Entry, Erasure, Genesis, Hash, KeyRole, KeyRotation, Label, Leaf,
    LogName, Note, NoteSignature, Offer, Origin, Part, Party, PartyKey, PartyName, PublicKey, RotatedKey,
    SealingAnnouncement, Seen, SignedAct, SignedCheckpoint, SignedGenesis, SignedStamp, Signer, SignerError, Stamp,
    Tree, WitnessKey, cosign, seal, sealing_key,
};

/// A deterministic signer.
pub(crate) struct FixedSigner {
    secret: SigningKey,
    public: PublicKey,
}

impl FixedSigner {
    pub(crate) fn new(seed: u8) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        Self { public: PublicKey::ed25519(secret.verifying_key().as_bytes()).unwrap(), secret }
    }
}

impl Signer for FixedSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.secret.sign(message).to_bytes().to_vec())
    }
}

/// A deterministic signer under ML-DSA-44.
pub(crate) struct MlDsaSigner {
    pub(crate) key: PublicKey,
    secret: ml_dsa::SigningKey<MlDsa44>,
}

impl MlDsaSigner {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let secret = ml_dsa::SigningKey::<MlDsa44>::from_seed(&seed.into());
        let key = PublicKey::new(Algorithm::MlDsa44, &secret.verifying_key().encode()).unwrap();
        Self { key, secret }
    }
}

impl Signer for MlDsaSigner {
    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signature = self.secret.expanded_key().sign_deterministic(message, b"").unwrap();
        Ok(signature.encode().to_vec())
    }
}

/// First witness cosignature, s since the Unix epoch; each later one is 10 s after the one before.
pub(crate) const FIRST_COSIGNED_S: u64 = 1_800_000_000;

/// Seed of a party's key of a role.
pub(crate) fn seed(party: usize, role: KeyRole) -> u8 {
    10 * (party as u8 + 1) + role.number()
}

/// Seed of its ML-DSA-44 key of the same role.
pub(crate) fn ml_dsa_44_seed(party: usize, role: KeyRole) -> [u8; 32] {
    [100 + seed(party, role); 32]
}

pub(crate) const WITNESS_SEED: u8 = 99;
const WITNESSES: [(&str, u8); 2] = [("witness.example", WITNESS_SEED), ("witness2.example", 98)];
pub(crate) const PARTIES: [&str; 2] = ["BLUE", "RED"];

pub(crate) fn origin(text: &str) -> Origin {
    Origin::new(text).unwrap()
}

/// The genesis with so many witnesses, one or two, all of whom are needed, and with ML-DSA-44 keys for everybody or for nobody.
fn genesis_of(quorum: u64, is_post_quantum: bool) -> Genesis {
    let parties = [0, 1].map(|party| {
        let roles = [KeyRole::Root, KeyRole::Node, KeyRole::Officer, KeyRole::Checkpoint, KeyRole::Mirror];
        let key = |role| {
            let key = FixedSigner::new(seed(party, role)).public;
            PartyKey { role, label: Label::new(role.to_string()).unwrap(), key }
        };
        let prefix = origin(&format!("{}.example", PARTIES[party].to_lowercase()));
        let mut keys = roles.map(key).to_vec();
        if is_post_quantum {
            for (place, role) in [(4, KeyRole::Checkpoint), (6, KeyRole::Mirror)] {
                let key = MlDsaSigner::new(ml_dsa_44_seed(party, role)).key;
                keys.insert(place, PartyKey { role, label: Label::new(format!("{role} ml-dsa-44")).unwrap(), key });
            }
        }
        Party { name: PartyName::new(PARTIES[party]).unwrap(), prefix, keys }
    });
    let witness = |(name, seed)| {
        let ed25519 = WitnessKey { name: origin(name), key: FixedSigner::new(seed).public };
        let ml_dsa_44 = WitnessKey { name: origin(name), key: MlDsaSigner::new([seed; 32]).key };
        [ed25519].into_iter().chain(is_post_quantum.then_some(ml_dsa_44))
    };
    let mut witnesses: Vec<_> = WITNESSES.into_iter().take(quorum as usize).flat_map(witness).collect();
    witnesses.sort_by(|a, b| (&a.name, a.key.algorithm()).cmp(&(&b.name, b.key.algorithm())));
    let channel_name = ChannelName::new("east-river").unwrap();
    Genesis { channel_name, parties, witnesses, quorum, terms: b"terms".to_vec() }
}

fn signed(genesis: &Genesis) -> SignedGenesis {
    let bytes = genesis.encode().unwrap();
    let root = |party| Genesis::sign(&bytes, &FixedSigner::new(seed(party, KeyRole::Root))).unwrap();
    SignedGenesis::assemble(bytes.clone(), [root(0), root(1)]).unwrap()
}

/// How a bundle is made, and what is wrong with it.
pub(crate) struct Recipe {
    /// Entries of each log, in the order of `Genesis::origins`; a log of none is not in the bundle.
    pub(crate) sizes: [u64; 4],
    /// Every how many entries there is a checkpoint; there is one at the end of each log too.
    pub(crate) checkpoint_every: u64,
    pub(crate) is_mirrored: bool,
    pub(crate) is_witnessed: bool,
    /// A second witness, whom the pact needs too, and how far its clock is off, s.
    pub(crate) second_witness_s: Option<i64>,
    /// Time between two beacons, s, where leaves cite beacons instead of cosignatures.
    pub(crate) beacon_every_s: Option<u64>,
    /// From which entry of BLUE's routine log on frames of two entries were left with the witness.
    pub(crate) offered_from: Option<u64>,
    /// Which ML-DSA-44 lines there are; the pact names such keys when it is given.
    pub(crate) post_quantum: Option<PostQuantum>,
    /// Size of content of each part, in bytes.
    pub(crate) part_bytes: usize,
    /// Whether logs are given as chosen leaves: those with an odd index are given.
    pub(crate) is_chosen: bool,
    /// Changes a leaf of any log after it was made, and before the log is signed.
    pub(crate) alter: fn(&mut Leaf),
    /// Seed of the key that signs the acts of BLUE.
    pub(crate) blue_signs_with: u8,
    /// BLUE's logs have a rotation.
    pub(crate) rotation: Option<Rotation>,
    /// The entry of this index erases those of odd index before it, in each log that is longer than this.
    pub(crate) erases_at: Option<u64>,
    /// And another one.
    pub(crate) after: Option<Rotation>,
    /// Seed of BLUE's mirror key under its receipt for the head of a size of RED's.
    pub(crate) receipts: fn(u64) -> u8,
    /// From which leaf on RED has seen all of BLUE's logs.
    pub(crate) red_hears_at: Option<u64>,
}

/// A rotation of BLUE's keys of a role, in each of its logs that is longer than this.
#[derive(Clone, Copy)]
pub(crate) struct Rotation {
    /// Which keys.
    pub(crate) role: KeyRole,
    /// Its index.
    pub(crate) at: u64,
    /// Sizes of RED's routine and urgent log that its leaf has seen.
    pub(crate) seen: [u64; 2],
    /// Seed of the new key.
    pub(crate) next: u8,
    /// Changes what it says.
    pub(crate) alter: fn(&mut KeyRotation),
    /// Seed of the key that signs its act.
    pub(crate) signs_with: u8,
    /// Seed of the checkpoint key under the head of a size, when the rotation is at an index.
    pub(crate) heads: fn(u64, u64) -> u8,
    /// Whether its part is given.
    pub(crate) is_given: bool,
}

/// Seed of the key that takes the place of BLUE's, and of its ML-DSA-44 key.
pub(crate) const NEXT_SEED: u8 = 77;

impl Rotation {
    fn part(&self, signed: &SignedGenesis, index: u64) -> Part {
        let author = PartyName::new(PARTIES[0]).unwrap();
        let named = |signer: &dyn Signer| RotatedKey::new(self.role, signed.channel(), &author, signer).unwrap();
        let mut keys = vec![named(&FixedSigner::new(self.next))];
        if signed.genesis().is_post_quantum() && matches!(self.role, KeyRole::Checkpoint | KeyRole::Mirror) {
            keys.push(named(&MlDsaSigner::new([self.next; 32])));
        }
        let mut rotation = KeyRotation { keys, trusted: [1, 1] };
        (self.alter)(&mut rotation);
        Part { salt: [index as u8; 32], bytes: rotation.encode().unwrap() }
    }
}

/// ML-DSA-44 lines under every checkpoint.
#[derive(Clone, Copy)]
pub(crate) struct PostQuantum {
    pub(crate) is_signed: bool,
    pub(crate) is_mirrored: bool,
    /// How many of the witnesses cosign so.
    pub(crate) witnesses: usize,
}

impl PostQuantum {
    pub(crate) const ALL: Self = Self { is_signed: true, is_mirrored: true, witnesses: 2 };
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            sizes: [3, 1, 2, 1],
            checkpoint_every: 2,
            is_mirrored: true,
            is_witnessed: true,
            second_witness_s: None,
            beacon_every_s: None,
            offered_from: None,
            post_quantum: None,
            part_bytes: 20,
            is_chosen: false,
            alter: |_| {},
            blue_signs_with: seed(0, KeyRole::Node),
            rotation: None,
            erases_at: None,
            after: None,
            receipts: |_| seed(0, KeyRole::Mirror),
            red_hears_at: None,
        }
    }
}

struct MadeLog {
    log: LogName,
    leaves: Vec<Vec<u8>>,
    parts: Vec<Vec<Option<Part>>>,
    tree: Tree,
    checkpoints: Vec<SignedCheckpoint>,
    beacons: Vec<NoteSignature>,
}

/// The first witness's beacon that leaf `index` cites.
pub(crate) fn beacon(index: u64, every_s: u64) -> NoteSignature {
    let (name, witness) = (origin(WITNESSES[0].0), FixedSigner::new(WITNESS_SEED));
    let note = Beacon::sign(&name, FIRST_COSIGNED_S + every_s * index, &witness).unwrap();
    Note::parse(&note).unwrap().signatures.remove(0)
}

impl Recipe {
    /// The genesis of the bundle.
    pub(crate) fn genesis(&self) -> Genesis {
        genesis_of(1 + u64::from(self.second_witness_s.is_some()), self.post_quantum.is_some())
    }

    /// The bytes of the bundle.
    pub(crate) fn make(&self) -> Vec<u8> {
        let signed = signed(&self.genesis());
        let mut writer = BundleWriter::new(Vec::new(), &signed).unwrap();
        let mut logs = Vec::new();
        for (place, log) in signed.genesis().origins().into_iter().enumerate() {
            if self.sizes[place] > 0 {
                logs.push(self.make_log(&signed, place, log));
            }
        }
        let beacons: Vec<NoteSignature> = logs.iter().flat_map(|made| made.beacons.clone()).collect();
        writer.beacons(&beacons).unwrap();
        for made in logs.iter().filter(|made| made.log.party.as_str() == PARTIES[0]) {
            let all = self.rotation.into_iter().chain(self.after);
            for rotation in all.filter(|rotation| rotation.is_given && rotation.at < made.tree.size()) {
                let index = rotation.at;
                let part = made.parts[index as usize][0].as_ref().unwrap();
                writer.key_change(&made.log.origin, index, part).unwrap();
            }
        }
        for made in &logs {
            let origin = &made.log.origin;
            if self.is_chosen {
                writer.start_chosen_log(origin, &made.checkpoints).unwrap();
                for index in (1..made.tree.size()).step_by(2) {
                    let proof = made.tree.inclusion(index, made.tree.size()).unwrap();
                    writer.chosen_leaf(index, &made.leaves[index as usize], proof).unwrap();
                }
            } else {
                writer.start_whole_log(origin, &made.checkpoints).unwrap();
                made.leaves.iter().for_each(|leaf| writer.leaf(leaf).unwrap());
            }
        }
        writer.manifest(vec!["a claim".to_owned()]).unwrap();
        if let Some(from) = self.offered_from {
            let heads = |size| self.head_seed(0, size);
            writer.offered(&logs[0].log.origin, &offers(&signed, &logs[0], from, heads)).unwrap();
        }
        for made in &logs {
            for (index, parts) in made.parts.iter().enumerate().filter(|(index, _)| !self.is_chosen || index % 2 == 1) {
                writer.parts(&made.log.origin, index as u64, parts).unwrap();
            }
        }
        writer.finish().unwrap()
    }

    fn make_log(&self, signed: &SignedGenesis, place: usize, log: LogName) -> MadeLog {
        let party = place / 2;
        let node = FixedSigner::new(if party == 0 { self.blue_signs_with } else { seed(party, KeyRole::Node) });
        let mut made = MadeLog {
            log,
            leaves: Vec::new(),
            parts: Vec::new(),
            tree: Tree::new(),
            checkpoints: Vec::new(),
            beacons: Vec::new(),
        };
        let mut cosignature = None;
        for index in 0..self.sizes[place] {
            let mut rotations = self.rotation.into_iter().chain(self.after);
            let rotation = rotations.find(|rotation| party == 0 && rotation.at == index);
            let parts = if index == 0 { vec![signed.encode()] } else { vec![vec![7; self.part_bytes]; 2] };
            let part = |bytes| Some(Part { salt: [index as u8; 32], bytes });
            let mut parts: Vec<_> = parts.into_iter().map(part).collect();
            if let Some(rotation) = rotation {
                parts = vec![Some(rotation.part(signed, index))];
            }
            let erases = self.erases_at == Some(index) && rotation.is_none();
            if erases {
                let odd =
                    made.leaves.iter().skip(1).step_by(2).map(|leaf| (skypact_record::tree::leaf_hash(leaf), None));
                let mut bodies: Vec<_> = odd.collect();
                bodies.sort_unstable();
                parts = vec![part(Erasure { bodies }.encode().unwrap())];
            }
            let act = Act {
                channel: signed.channel(),
                epoch: 0,
                author: made.log.party.clone(),
                log_class: made.log.class,
                kind: match (rotation.is_some(), erases) {
                    (true, _) => Act::KEY_ROTATION,
                    (_, true) => Act::ERASED,
                    _ => u16::from(index > 0),
                },
                message_id: [index as u8; 16],
                references: Vec::new(),
                claimed_time: index as i64,
                commitments: parts.iter().flatten().map(Part::commitment).collect(),
            };
            if index > 0 && rotation.is_none() && !erases {
                parts[1] = None;
            }
            if index % 2 == 1 && rotation.is_none() && self.erases_at.is_some_and(|at| index < at) {
                parts.fill(None);
            }
            if let Some(every_s) = self.beacon_every_s.filter(|_| index > 0) {
                let line = beacon(index, every_s);
                cosignature = Some(line.hash());
                made.beacons.push(line);
            }
            let root = rotation.map(|rotation| FixedSigner::new(rotation.signs_with));
            let act = SignedAct::sign(act, root.as_ref().unwrap_or(&node)).unwrap();
            let hears =
                self.red_hears_at.filter(|at| party == 1 && index >= *at).map(|_| [self.sizes[0], self.sizes[1]]);
            let seen = seen(signed.genesis(), party, rotation.map(|rotation| rotation.seen).or(hears));
            let mut leaf = Leaf { origin: made.log.origin.clone(), index, seen, cosignature, act };
            (self.alter)(&mut leaf);
            made.tree.push(leaf.hash());
            made.leaves.push(leaf.encode().unwrap());
            made.parts.push(parts);
            let size = index + 1;
            if size.is_multiple_of(self.checkpoint_every) || size == self.sizes[place] {
                let (checkpoint, hash) = self.checkpoint(&made, party);
                cosignature = hash.or(cosignature);
                made.checkpoints.push(checkpoint);
            }
        }
        made
    }

    fn checkpoint(&self, made: &MadeLog, party: usize) -> (SignedCheckpoint, Option<Hash>) {
        let checkpoint = Checkpoint { origin: made.log.origin.clone(), size: made.tree.size(), root: made.tree.root() };
        let author = FixedSigner::new(self.head_seed(party, made.tree.size()));
        let mut signed = SignedCheckpoint::sign(checkpoint.clone(), &author).unwrap();
        let time_s = FIRST_COSIGNED_S + 10 * made.checkpoints.len() as u64;
        if self.is_mirrored {
            let mirror = self.mirror_seed(party, checkpoint.size);
            let mirror = FixedSigner::new(mirror);
            let name = origin(&format!("{}.example/mirror", PARTIES[1 - party].to_lowercase()));
            assert!(signed.add(cosign(&checkpoint, time_s, &name, &mirror).unwrap()));
        }
        let witness = FixedSigner::new(WITNESS_SEED);
        let line = cosign(&checkpoint, time_s, &origin("witness.example"), &witness).unwrap();
        let hash = line.hash();
        if let Some(offset_s) = self.second_witness_s {
            let (name, seed) = WITNESSES[1];
            let time_s = time_s.saturating_add_signed(offset_s);
            assert!(signed.add(cosign(&checkpoint, time_s, &origin(name), &FixedSigner::new(seed)).unwrap()));
        }
        self.add_ml_dsa_44(&mut signed, party, time_s);
        (self.is_witnessed && signed.add(line))
            .then_some(hash)
            .map_or((signed.clone(), None), |hash| (signed, Some(hash)))
    }

    /// Seed of the mirror key under the receipt for a head of that party's.
    fn mirror_seed(&self, party: usize, size: u64) -> u8 {
        if party == 1 { (self.receipts)(size) } else { seed(1, KeyRole::Mirror) }
    }

    /// Seed of the checkpoint key of a party for a head of a size.
    fn head_seed(&self, party: usize, size: u64) -> u8 {
        let rotation = self.rotation.filter(|rotation| party == 0 && rotation.role == KeyRole::Checkpoint);
        rotation.map_or(seed(party, KeyRole::Checkpoint), |rotation| (rotation.heads)(size, rotation.at))
    }

    fn add_ml_dsa_44(&self, signed: &mut SignedCheckpoint, party: usize, time_s: u64) {
        let Some(lines) = self.post_quantum else { return };
        let head = signed.checkpoint().clone();
        let mut add = |is_there: bool, time_s: u64, name: Origin, seed: [u8; 32]| {
            if is_there {
                assert!(signed.add(cosign(&head, time_s, &name, &MlDsaSigner::new(seed)).unwrap()));
            }
        };
        let author = match self.head_seed(party, head.size) {
            NEXT_SEED => [NEXT_SEED; 32],
            _ => ml_dsa_44_seed(party, KeyRole::Checkpoint),
        };
        add(lines.is_signed, 0, head.origin.clone(), author);
        let mirror = origin(&format!("{}.example/mirror", PARTIES[1 - party].to_lowercase()));
        let mirror_seed = match self.mirror_seed(party, head.size) {
            NEXT_SEED => [NEXT_SEED; 32],
            _ => ml_dsa_44_seed(1 - party, KeyRole::Mirror),
        };
        add(lines.is_mirrored, time_s, mirror, mirror_seed);
        let named = WITNESSES.into_iter().take(1 + usize::from(self.second_witness_s.is_some()));
        for (name, seed) in named.take(lines.witnesses) {
            add(true, time_s, origin(name), [seed; 32]);
        }
    }
}

/// Heads of the counterpart's logs of these sizes, as a leaf cites them; the roots do not matter here.
fn seen(genesis: &Genesis, party: usize, sizes: Option<[u64; 2]>) -> Vec<Seen> {
    let logs = genesis.origins().into_iter().skip(2 - 2 * party).take(2).zip(sizes.into_iter().flatten());
    logs.map(|(log, size)| Seen { origin: log.origin, size, root: Hash([0; 32]) }).collect()
}

/// Frames of BLUE's routine log, of two entries each, that the witness keeps for RED.
fn offers(signed: &SignedGenesis, made: &MadeLog, from: u64, heads: impl Fn(u64) -> u8) -> Vec<(Offer, Vec<u8>)> {
    let (channel, red) = (signed.channel(), PartyName::new("RED").unwrap());
    let announcement = SealingAnnouncement { channel, party: red.clone(), key: sealing_key(&[5; 32]), claimed_ns: 1 };
    let sealing = announcement.sign(&FixedSigner::new(seed(1, KeyRole::Node))).unwrap();
    let frame = |start: u64| {
        let count = 2.min(made.tree.size() - start);
        let head = Checkpoint {
            origin: made.log.origin.clone(),
            size: start + count,
            root: made.tree.root_at(start + count).unwrap(),
        };
        let mut note = SignedCheckpoint::sign(head, &FixedSigner::new(heads(start + count))).unwrap();
        if signed.genesis().is_post_quantum() {
            let author = MlDsaSigner::new(ml_dsa_44_seed(0, KeyRole::Checkpoint));
            assert!(note.add(cosign(note.checkpoint(), 0, &made.log.origin, &author).unwrap()));
        }
        let entry = |index: u64| {
            let leaf = Leaf::decode(&made.leaves[index as usize]).unwrap();
            Entry { leaf, parts: made.parts[index as usize].clone() }.encode().unwrap()
        };
        let entries: Vec<Vec<u8>> = (start..start + count).map(entry).collect();
        let bytes = frame_bytes(channel, &made.log.origin, start, &entries, &note.encode());
        let sealed = seal(sealing_key(&[5; 32]), channel, &red, &[start as u8; 32], &bytes).unwrap();
        let (witness, dropped) = (origin(WITNESSES[0].0), Hash::of(&sealed));
        let stamp = Stamp { witness, channel, recipient: red.clone(), dropped, length: sealed.len() as u64 };
        let stamp = SignedStamp::sign(stamp, FIRST_COSIGNED_S + start, &FixedSigner::new(WITNESS_SEED)).unwrap();
        (Offer { stamp, seed: [start as u8; 32], sealing: sealing.clone(), start, count, note }, bytes)
    };
    (from..made.tree.size()).step_by(2).map(frame).collect()
}

/// A frame as docs/channel-protocol.md has it.
fn frame_bytes(channel: Hash, origin: &Origin, start: u64, entries: &[Vec<u8>], note: &[u8]) -> Vec<u8> {
    let head = |major: u8, length: usize| match length {
        0..24 => vec![major << 5 | length as u8],
        24..256 => vec![major << 5 | 0x18, length as u8],
        _ => [&[major << 5 | 0x19][..], &(length as u16).to_be_bytes()].concat(),
    };
    let bytes = |bytes: &[u8]| [&head(2, bytes.len())[..], bytes].concat();
    let text = [&head(3, origin.as_str().len())[..], origin.as_str().as_bytes()].concat();
    let entries = entries.iter().map(|entry| bytes(entry)).collect::<Vec<_>>();
    let list = [head(4, entries.len()), entries.concat()].concat();
    let fields = [
        vec![0xa5, 0],
        bytes(&channel.0),
        vec![1],
        text,
        vec![2],
        head(0, start as usize),
        vec![3],
        list,
        vec![4],
        bytes(note),
    ];
    fields.concat()
}
