//! Makes bundles of two parties, four logs and one witness, with keys out of fixed bytes; each can be wrong in a chosen way.

#![expect(clippy::unwrap_used, reason = "a bundle that cannot be made ends the test")]

use ed25519_dalek::{Signer as _, SigningKey};
use ml_dsa::{Keypair as _, MlDsa44};
use skypact_record::bundle::BundleWriter;
use skypact_record::{
    Act, Algorithm, ChannelName, Checkpoint, Genesis, Hash, KeyRole, Label, Leaf, LogName, Origin, Part, Party,
    PartyKey, PartyName, PublicKey, SignedAct, SignedCheckpoint, SignedGenesis, Signer, SignerError, Tree, WitnessKey,
    cosign,
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
            post_quantum: None,
            part_bytes: 20,
            is_chosen: false,
            alter: |_| {},
            blue_signs_with: seed(0, KeyRole::Node),
        }
    }
}

struct MadeLog {
    log: LogName,
    leaves: Vec<Vec<u8>>,
    parts: Vec<Vec<Option<Part>>>,
    tree: Tree,
    checkpoints: Vec<SignedCheckpoint>,
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
        let mut made =
            MadeLog { log, leaves: Vec::new(), parts: Vec::new(), tree: Tree::new(), checkpoints: Vec::new() };
        let mut cosignature = None;
        for index in 0..self.sizes[place] {
            let parts = if index == 0 { vec![signed.encode()] } else { vec![vec![7; self.part_bytes]; 2] };
            let part = |bytes| Some(Part { salt: [index as u8; 32], bytes });
            let mut parts: Vec<_> = parts.into_iter().map(part).collect();
            let act = Act {
                channel: signed.channel(),
                epoch: 0,
                author: made.log.party.clone(),
                log_class: made.log.class,
                kind: u16::from(index > 0),
                message_id: [index as u8; 16],
                references: Vec::new(),
                claimed_time: index as i64,
                commitments: parts.iter().flatten().map(Part::commitment).collect(),
            };
            if index > 0 {
                parts[1] = None;
            }
            let act = SignedAct::sign(act, &node).unwrap();
            let mut leaf = Leaf { origin: made.log.origin.clone(), index, seen: Vec::new(), cosignature, act };
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
        let author = FixedSigner::new(seed(party, KeyRole::Checkpoint));
        let mut signed = SignedCheckpoint::sign(checkpoint.clone(), &author).unwrap();
        let time_s = FIRST_COSIGNED_S + 10 * made.checkpoints.len() as u64;
        if self.is_mirrored {
            let mirror = FixedSigner::new(seed(1 - party, KeyRole::Mirror));
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

    fn add_ml_dsa_44(&self, signed: &mut SignedCheckpoint, party: usize, time_s: u64) {
        let Some(lines) = self.post_quantum else { return };
        let head = signed.checkpoint().clone();
        let mut add = |is_there: bool, time_s: u64, name: Origin, seed: [u8; 32]| {
            if is_there {
                assert!(signed.add(cosign(&head, time_s, &name, &MlDsaSigner::new(seed)).unwrap()));
            }
        };
        add(lines.is_signed, 0, head.origin.clone(), ml_dsa_44_seed(party, KeyRole::Checkpoint));
        let mirror = origin(&format!("{}.example/mirror", PARTIES[1 - party].to_lowercase()));
        add(lines.is_mirrored, time_s, mirror, ml_dsa_44_seed(1 - party, KeyRole::Mirror));
        let named = WITNESSES.into_iter().take(1 + usize::from(self.second_witness_s.is_some()));
        for (name, seed) in named.take(lines.witnesses) {
            add(true, time_s, origin(name), [seed; 32]);
        }
    }
}
