//! Golden files of every object (crates/record/golden), and the pact of fixed keys from which they are made.
//! `SKYPACT_GOLDEN=write` writes them anew: only for a new version of the format, never to make a test pass.

use std::fmt::Write as _;
use std::path::PathBuf;

use ed25519_dalek::{Signer as _, SigningKey};
use skypact_record::{
    Act, AddCheckpoint, Beacon, Checkpoint, Cosignature, Entry, Genesis, Hash, KeyRole, Leaf, LogClass, NoteSignature,
    Offer, Origin, Part, Party, PartyKey, PublicKey, SealingAnnouncement, Seen, SignedAct, SignedCheckpoint,
    SignedGenesis, SignedSealing, SignedStamp, Signer, SignerError, Stamp, TlogProof, Tree, WitnessKey, cosign, open,
    seal, sealing_key, tree,
};

use crate::post_quantum;

/// Time of the first cosignature, s since the Unix epoch.
pub(crate) const TIME_S: u64 = 1_790_000_000;

/// Origin of the log of all golden leaves.
pub(crate) const LOG: &str = "red.example/east-river/routine";

/// Every golden object, in the bytes that this crate writes.
fn objects() -> Vec<(&'static str, Vec<u8>)> {
    let pact = Pact::new();
    let log = pact.log(7);
    let note = pact.checkpoint(&log, 7);
    let entry = &log.entries[6];
    let proof = TlogProof {
        extra: entry.leaf.encode().expect("a golden leaf"),
        index: 6,
        proof: log.tree.inclusion(6, 7).expect("leaf 6 of 7"),
        checkpoint: note.clone(),
    };
    let proof_of_growth = log.tree.consistency(3, 7).expect("sizes of the log");
    let request = AddCheckpoint { old_size: 3, proof: proof_of_growth, checkpoint: pact.head(&log, 7) };
    let withheld = Entry { leaf: entry.leaf.clone(), parts: vec![entry.parts[0].clone(), None] };
    vec![
        ("act", entry.leaf.act.bytes().to_vec()),
        ("leaf", entry.leaf.encode().expect("a golden leaf")),
        ("leaf-genesis", log.entries[0].leaf.encode().expect("a golden leaf")),
        ("part", entry.parts[0].as_ref().expect("a golden part").encode().expect("a golden part")),
        ("entry", entry.encode().expect("a golden entry")),
        ("entry-withheld", withheld.encode().expect("a golden entry")),
        ("genesis", pact.signed.genesis_bytes().to_vec()),
        ("signed-genesis", pact.signed.encode()),
        ("checkpoint", note.encode()),
        ("add-checkpoint", request.encode()),
        ("tlog-proof", proof.encode()),
        ("sealing-announcement", announcement(&pact).encode()),
        ("sealed", sealed(&pact)),
        ("stamp", stamp(&pact).encode()),
        ("offer", offer(&pact, note).encode()),
        ("beacon", Beacon::sign(&origin("w1.example"), TIME_S, &pact.witnesses[0]).expect("a key at hand signs")),
    ]
    .into_iter()
    .chain(post_quantum::objects())
    .collect()
}

/// Secret of BLUE's sealing key.
pub(crate) fn blue_sealing() -> [u8; 32] {
    fixed("key", "BLUE sealing")
}

/// BLUE's node says which key bytes for it are sealed to.
pub(crate) fn announcement(pact: &Pact) -> SignedSealing {
    let announcement = SealingAnnouncement {
        channel: pact.signed.channel(),
        party: "BLUE".parse().expect("a party name"),
        key: sealing_key(&blue_sealing()),
        claimed_ns: TIME_S as i64 * 1_000_000_000,
    };
    announcement.sign(&TestSigner::new("BLUE node")).expect("a key at hand signs")
}

/// Bytes for BLUE.
fn sealed(pact: &Pact) -> Vec<u8> {
    let (blue, seed) = ("BLUE".parse().expect("a party name"), fixed("seed", ""));
    seal(sealing_key(&blue_sealing()), pact.signed.channel(), &blue, &seed, b"a frame for BLUE").expect("a sound key")
}

/// What RED keeps of them, as if they were the frame of its entry 6.
fn offer(pact: &Pact, note: SignedCheckpoint) -> Offer {
    let (seed, sealing) = (fixed("seed", ""), announcement(pact));
    Offer { stamp: stamp(pact), seed, sealing, start: 6, count: 1, note }
}

/// The first witness's stamp on them.
pub(crate) fn stamp(pact: &Pact) -> SignedStamp {
    let sealed = sealed(pact);
    let stamp = Stamp {
        witness: origin("w1.example"),
        channel: pact.signed.channel(),
        recipient: "BLUE".parse().expect("a party name"),
        dropped: Hash::of(&sealed),
        length: sealed.len() as u64,
    };
    SignedStamp::sign(stamp, TIME_S, &pact.witnesses[0]).expect("a key at hand signs")
}

fn golden_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.hex"))
}

/// The bytes of a golden file.
pub(crate) fn golden(name: &str) -> Vec<u8> {
    let path = golden_path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("golden file {}: {error}", path.display()));
    let bytes = from_hex(&text);
    assert_eq!(to_hex(&bytes), text, "{name} is not plain hexadecimal in lines of 32 bytes");
    bytes
}

#[test]
fn fixed_keys_and_salts_give_the_golden_bytes() {
    let write = std::env::var_os("SKYPACT_GOLDEN").is_some_and(|value| value == "write");
    for (name, bytes) in objects() {
        if write {
            std::fs::write(golden_path(name), to_hex(&bytes)).unwrap();
        }
        assert!(golden(name) == bytes, "{name} is written otherwise than its golden file");
    }
}

#[test]
fn golden_objects_decode_and_encode_again_unchanged() {
    let bytes = golden("act");
    assert_eq!(Act::decode(&bytes).unwrap().encode().unwrap(), bytes);
    for name in ["leaf", "leaf-genesis"] {
        let bytes = golden(name);
        assert_eq!(Leaf::decode(&bytes).unwrap().encode().unwrap(), bytes, "{name}");
    }
    let bytes = golden("part");
    assert_eq!(Part::decode(&bytes).unwrap().encode().unwrap(), bytes);
    for name in ["entry", "entry-withheld"] {
        let bytes = golden(name);
        assert_eq!(Entry::decode(&bytes).unwrap().encode().unwrap(), bytes, "{name}");
    }
    let bytes = golden("genesis");
    assert_eq!(Genesis::decode(&bytes).unwrap().encode().unwrap(), bytes);
    let bytes = golden("signed-genesis");
    assert_eq!(SignedGenesis::decode(&bytes).unwrap().encode(), bytes);
    let bytes = golden("checkpoint");
    assert_eq!(SignedCheckpoint::parse(&bytes).unwrap().encode(), bytes);
    let bytes = golden("add-checkpoint");
    assert_eq!(AddCheckpoint::parse(&bytes).unwrap().encode(), bytes);
    let bytes = golden("tlog-proof");
    assert_eq!(TlogProof::parse(&bytes).unwrap().encode(), bytes);
    let bytes = golden("sealing-announcement");
    assert_eq!(SignedSealing::decode(&bytes).unwrap().encode(), bytes);
    let bytes = golden("stamp");
    assert_eq!(SignedStamp::parse(&bytes).unwrap().encode(), bytes);
    let bytes = golden("offer");
    assert_eq!(Offer::decode(&bytes).unwrap().encode(), bytes);
}

#[test]
fn golden_objects_verify_with_the_keys_of_the_golden_pact() {
    let signed = SignedGenesis::decode(&golden("signed-genesis")).unwrap();
    signed.verify().unwrap();
    assert_eq!(signed.genesis_bytes(), golden("genesis"));
    let pact = signed.genesis();
    assert_eq!(pact.channel(), signed.channel());

    for name in ["leaf", "leaf-genesis"] {
        let leaf = Leaf::decode(&golden(name)).unwrap();
        let key = pact.act_key(&leaf.act).unwrap();
        leaf.act.verify(&key.key).unwrap();
        assert_eq!(leaf.act.act().channel, signed.channel());
        assert_eq!(pact.log(&leaf.origin).unwrap().class, leaf.act.act().log_class);
    }
    for name in ["entry", "entry-withheld"] {
        let entry = Entry::decode(&golden(name)).unwrap();
        entry.check().unwrap();
        assert_eq!(entry.leaf.encode().unwrap(), golden("leaf"));
        assert_eq!(entry.leaf.act.bytes(), golden("act"));
        assert_eq!(entry.parts[0].as_ref().unwrap().encode().unwrap(), golden("part"));
    }

    let note = SignedCheckpoint::parse(&golden("checkpoint")).unwrap();
    let head = note.checkpoint();
    note.verify(&pact.checkpoint_key(&head.origin).unwrap()).unwrap();
    let cosigners = [pact.witness_keys(), vec![pact.mirror_key(&pact.parties[0].name).unwrap()]].concat();
    assert_eq!(note.signatures().len(), 1 + cosigners.len());
    for (key, line) in cosigners.iter().zip(&note.signatures()[1..]) {
        assert_eq!(Cosignature::verify(key, head, line).unwrap().time_s, TIME_S + head.size);
    }

    let proof = TlogProof::parse(&golden("tlog-proof")).unwrap();
    assert_eq!(proof.extra, golden("leaf"));
    proof.verify_inclusion(&tree::leaf_hash(&proof.extra)).unwrap();
    proof.verify_inclusion(&tree::leaf_hash(&golden("leaf-genesis"))).unwrap_err();

    let announced = SignedSealing::decode(&golden("sealing-announcement")).unwrap();
    let blue = pact.parties.iter().find(|party| party.name == announced.announcement().party).unwrap();
    announced.verify(blue.key_of(KeyRole::Node).unwrap()).unwrap();
    let opened = open(&blue_sealing(), signed.channel(), &blue.name, &golden("sealed"));
    assert_eq!(opened.as_deref(), Ok(&b"a frame for BLUE"[..]));
    let stamp = SignedStamp::parse(&golden("stamp")).unwrap();
    assert_eq!(stamp.verify(&pact.witness_keys()[0]), Ok(TIME_S));
    assert_eq!(stamp.stamp().dropped, Hash::of(&golden("sealed")));
    assert_eq!(Beacon::parse(&golden("beacon"), &pact.witness_keys()[0]).unwrap().time_s(), TIME_S);
    let offer = Offer::decode(&golden("offer")).unwrap();
    assert_eq!(offer.reseal(b"a frame for BLUE").unwrap(), golden("sealed"));
    assert_ne!(offer.reseal(b"another frame").unwrap(), golden("sealed"));
}

#[test]
fn there_is_no_golden_file_that_nothing_checks() {
    let mut expected: Vec<String> = objects().iter().map(|(name, _)| format!("{name}.hex")).collect();
    expected.push("README.md".to_owned());
    expected.sort();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("bundle"))
        .collect();
    found.sort();
    assert_eq!(found, expected);
}

/// A pact of RED and BLUE with two witnesses, all keys fixed.
pub(crate) struct Pact {
    pub(crate) signed: SignedGenesis,
    pub(crate) red_node: TestSigner,
    pub(crate) red_checkpoint: TestSigner,
    pub(crate) blue_mirror: TestSigner,
    pub(crate) witnesses: [TestSigner; 2],
}

/// The routine log of RED.
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    pub(crate) tree: Tree,
}

impl Pact {
    pub(crate) fn new() -> Self {
        Self::of(|_| {})
    }

    /// The pact with something changed before the roots sign it.
    pub(crate) fn of(change: impl FnOnce(&mut Genesis)) -> Self {
        let witnesses = ["witness one", "witness two"].map(TestSigner::new);
        let names = ["w1.example", "w2.example"];
        let mut genesis = Genesis {
            channel_name: "east-river".parse().expect("a channel name"),
            parties: [party("BLUE", "blue.example"), party("RED", "red.example")],
            witnesses: names
                .iter()
                .zip(&witnesses)
                .map(|(name, signer)| WitnessKey { name: origin(name), key: signer.key.clone() })
                .collect(),
            quorum: 1,
            terms: b"terms of the channel protocol".to_vec(),
        };
        change(&mut genesis);
        let bytes = genesis.encode().expect("a golden genesis");
        let roots = ["BLUE root", "RED root"]
            .map(|label| Genesis::sign(&bytes, &TestSigner::new(label)).expect("a key at hand signs"));
        Self {
            signed: SignedGenesis::assemble(bytes, roots).expect("a golden genesis"),
            red_node: TestSigner::new("RED node"),
            red_checkpoint: TestSigner::new("RED checkpoint"),
            blue_mirror: TestSigner::new("BLUE mirror"),
            witnesses,
        }
    }

    /// The first `size` entries of RED's routine log. Entry 0 is the genesis; the others cite, commit and look at BLUE's log.
    pub(crate) fn log(&self, size: u64) -> Log {
        let mut log = Log { entries: Vec::new(), tree: Tree::new() };
        for index in 0..size {
            let leaf = self.entry(index, &log.tree);
            log.tree.push(leaf.leaf.hash());
            log.entries.push(leaf);
        }
        log
    }

    fn entry(&self, index: u64, before: &Tree) -> Entry {
        let salt = |part: usize| fixed("salt", &format!("{index} {part}"));
        let contents = if index == 0 {
            vec![self.signed.encode()]
        } else {
            vec![format!("notice {index}").into_bytes(), vec![index as u8; 100]]
        };
        let parts: Vec<Part> =
            contents.into_iter().enumerate().map(|(n, bytes)| Part { salt: salt(n), bytes }).collect();
        let mut message_id = [0; 16];
        message_id[15] = index as u8;
        let act = Act {
            channel: self.signed.channel(),
            epoch: index.min(1),
            author: "RED".parse().expect("a party name"),
            log_class: LogClass::Routine,
            kind: if index == 0 { Act::GENESIS } else { 0x101 },
            message_id,
            references: before.leaf(index.wrapping_sub(1)).into_iter().filter(|_| index > 1).collect(),
            claimed_time: TIME_S as i64 * 1_000_000_000 + index as i64 - 3,
            commitments: parts.iter().map(Part::commitment).collect(),
        };
        let seen =
            Seen { origin: origin("blue.example/east-river/urgent"), size: index, root: Hash(fixed("root", "")) };
        let leaf = Leaf {
            origin: origin(LOG),
            index,
            seen: if index == 0 { Vec::new() } else { vec![seen] },
            cosignature: (index > 0).then(|| self.cosignature(before).hash()),
            act: SignedAct::sign(act, &self.red_node).expect("a key at hand signs"),
        };
        Entry { leaf, parts: parts.into_iter().map(Some).collect() }
    }

    fn cosignature(&self, tree: &Tree) -> NoteSignature {
        let head = Checkpoint { origin: origin(LOG), size: tree.size(), root: tree.root() };
        cosign(&head, TIME_S + tree.size(), &origin("w1.example"), &self.witnesses[0]).expect("a key at hand signs")
    }

    /// The checkpoint of RED's routine log at `size`, signed by RED alone.
    pub(crate) fn head(&self, log: &Log, size: u64) -> SignedCheckpoint {
        let root = log.tree.root_at(size).expect("a size of the log");
        let head = Checkpoint { origin: origin(LOG), size, root };
        SignedCheckpoint::sign(head, &self.red_checkpoint).expect("a key at hand signs")
    }

    /// The same with the cosignatures of both witnesses and the receipt of BLUE's mirror.
    pub(crate) fn checkpoint(&self, log: &Log, size: u64) -> SignedCheckpoint {
        let mut note = self.head(log, size);
        let cosigners = [
            ("w1.example", &self.witnesses[0]),
            ("w2.example", &self.witnesses[1]),
            ("blue.example/mirror", &self.blue_mirror),
        ];
        for (name, signer) in cosigners {
            let line = cosign(note.checkpoint(), TIME_S + size, &origin(name), signer).expect("a key at hand signs");
            assert!(note.add(line), "a note of four signatures has room");
        }
        note
    }
}

fn party(name: &str, prefix: &str) -> Party {
    let roles = [
        (KeyRole::Root, "root"),
        (KeyRole::Node, "node"),
        (KeyRole::Officer, "officer"),
        (KeyRole::Transport, "transport"),
        (KeyRole::Checkpoint, "checkpoint"),
        (KeyRole::Mirror, "mirror"),
    ];
    let key = |(role, label): (KeyRole, &str)| PartyKey {
        role,
        label: label.parse().expect("a label"),
        key: TestSigner::new(&format!("{name} {label}")).key,
    };
    Party {
        name: name.parse().expect("a party name"),
        prefix: origin(prefix),
        keys: roles.into_iter().map(key).collect(),
    }
}

pub(crate) fn origin(text: &str) -> Origin {
    text.parse().expect("an origin")
}

/// A signer with a fixed key, for tests only.
pub(crate) struct TestSigner {
    pub(crate) key: PublicKey,
    secret: SigningKey,
}

impl TestSigner {
    pub(crate) fn new(label: &str) -> Self {
        let secret = SigningKey::from_bytes(&fixed("key", label));
        let key = PublicKey::ed25519(secret.verifying_key().as_bytes()).expect("an honest key");
        Self { key, secret }
    }
}

impl Signer for TestSigner {
    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.secret.sign(message).to_vec())
    }
}

pub(crate) fn fixed(what: &str, label: &str) -> [u8; 32] {
    Hash::of(format!("skypact golden {what} {label}").as_bytes()).0
}

/// Leaves a test out on a machine that lacks something; in CI nothing may be lacking.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "CI runs every test, but {reason}");
    eprintln!("skipped: {reason}");
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").expect("a String takes every digit");
        }
        text.push('\n');
    }
    text
}
