//! What is written is read back, what is read has one encoding, and no bytes make a decoder panic
//! (docs/record-format.md, sections 1 to 9).

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use skypact_record::{
    Act, AddCheckpoint, Algorithm, Checkpoint, Entry, Genesis, Hash, KeyId, KeyRole, Label, Leaf, LogClass, Note,
    NoteSignature, Origin, Part, Party, PartyKey, Seen, Signature, SignedAct, SignedCheckpoint, SignedGenesis,
    TlogProof, VerifierKey, WitnessKey,
};

use crate::bundle::maker::MlDsaSigner;
use crate::golden::{Pact, TestSigner, fixed, origin};

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn any_origin() -> impl Strategy<Value = Origin> {
    "[A-Za-z0-9._-]([A-Za-z0-9._/-]{0,126}[A-Za-z0-9._-])?".prop_map(|text| origin(&text))
}

fn signature() -> impl Strategy<Value = Signature> {
    let bytes = prop_oneof![
        4 => vec(any::<u8>(), 64).prop_map(|bytes| (Algorithm::Ed25519, bytes)),
        1 => vec(any::<u8>(), 2420).prop_map(|bytes| (Algorithm::MlDsa44, bytes)),
        1 => vec(any::<u8>(), 1..300).prop_map(|bytes| (Algorithm::WebauthnEs256, bytes)),
    ];
    (bytes, hash()).prop_map(|((algorithm, bytes), id)| Signature { algorithm, key_id: KeyId(id), bytes })
}

prop_compose! {
    fn act_with(commitments: Vec<Hash>)(
        channel in hash(),
        epoch in any::<u64>(),
        author in "[A-Z0-9-]{1,32}",
        urgent in any::<bool>(),
        kind in any::<u16>(),
        message_id in any::<[u8; 16]>(),
        references in vec(hash(), 0..=Act::REFERENCES_MAX),
        claimed_time in any::<i64>(),
    ) -> Act {
        let log_class = if urgent { LogClass::Urgent } else { LogClass::Routine };
        let author = author.parse().expect("a party name");
        let commitments = commitments.clone();
        Act { channel, epoch, author, log_class, kind, message_id, references, claimed_time, commitments }
    }
}

fn act() -> impl Strategy<Value = Act> {
    vec(hash(), 0..=Act::COMMITMENTS_MAX).prop_flat_map(act_with)
}

fn leaf_of(act: impl Strategy<Value = Act>) -> impl Strategy<Value = Leaf> {
    let seen = btree_map(any_origin(), (any::<u64>(), hash()), 0..=12);
    (act, signature(), any_origin(), any::<u64>(), seen, option::of(hash())).prop_map(
        |(act, signature, origin, index, seen, cosignature)| Leaf {
            origin,
            index,
            seen: seen.into_iter().map(|(origin, (size, root))| Seen { origin, size, root }).collect(),
            cosignature,
            act: SignedAct::assemble(act.encode().expect("an act within its bounds"), signature).expect("the same act"),
        },
    )
}

fn part() -> impl Strategy<Value = Part> {
    (any::<[u8; 32]>(), vec(any::<u8>(), 0..300)).prop_map(|(salt, bytes)| Part { salt, bytes })
}

fn entry() -> impl Strategy<Value = Entry> {
    vec((part(), any::<bool>()), 0..=Act::COMMITMENTS_MAX).prop_flat_map(|parts| {
        let commitments = parts.iter().map(|(part, _)| part.commitment()).collect();
        let parts: Vec<_> = parts.into_iter().map(|(part, given)| given.then_some(part)).collect();
        leaf_of(act_with(commitments)).prop_map(move |leaf| Entry { leaf, parts: parts.clone() })
    })
}

fn party(name: &str, officers: &[Label], is_post_quantum: bool) -> Party {
    let roles = [
        (KeyRole::Root, "root"),
        (KeyRole::Node, "node"),
        (KeyRole::Checkpoint, "checkpoint"),
        (KeyRole::Mirror, "mirror"),
    ];
    let roles = roles.map(|(role, label)| (role, label.parse().expect("a label")));
    let officers = officers.iter().map(|label| (KeyRole::Officer, label.clone()));
    let key = |(role, label): (KeyRole, Label)| PartyKey {
        role,
        key: TestSigner::new(&format!("{name} {role} {label}")).key,
        label,
    };
    let mut keys: Vec<_> = roles.into_iter().chain(officers).map(key).collect();
    if is_post_quantum {
        keys.extend([KeyRole::Checkpoint, KeyRole::Mirror].map(|role| PartyKey {
            role,
            label: "ml-dsa-44".parse().expect("a label"),
            key: MlDsaSigner::new(fixed("key", &format!("{name} {role}"))).key,
        }));
    }
    keys.sort_by(|a, b| (a.role, &a.label).cmp(&(b.role, &b.label)));
    let prefix = origin(&format!("{}.example", name.to_lowercase()));
    Party { name: name.parse().expect("a party name"), prefix, keys }
}

prop_compose! {
    fn genesis()(
        channel_name in "[a-z0-9-]{1,48}",
        names in ("A[A-Z0-9-]{0,31}", "B[A-Z0-9-]{0,31}"),
        labels in proptest::collection::btree_set("[a-zà-þ][a-z à-þ]{0,20}[a-z]", 0..4),
        witnesses in btree_map("w[a-z./-]{0,60}[a-z]", Just(()), 0..=5),
        quorum in any::<u64>(),
        (is_post_quantum, are_witnesses_too) in any::<(bool, bool)>(),
        terms in vec(any::<u8>(), 0..300),
    ) -> Genesis {
        let officers: Vec<Label> = labels.iter().map(|label| label.parse().expect("a label")).collect();
        let witness = |name: &String| {
            let ed25519 = WitnessKey { name: origin(name), key: TestSigner::new(&format!("witness {name}")).key };
            let ml_dsa_44 = (is_post_quantum && are_witnesses_too)
                .then(|| WitnessKey { name: origin(name), key: MlDsaSigner::new(fixed("key", name)).key });
            [ed25519].into_iter().chain(ml_dsa_44)
        };
        Genesis {
            channel_name: channel_name.parse().expect("a channel name"),
            parties: [party(&names.0, &officers, is_post_quantum), party(&names.1, &officers, is_post_quantum)],
            quorum: quorum % (witnesses.len() as u64 + 1),
            witnesses: witnesses.keys().flat_map(witness).collect(),
            terms,
        }
    }
}

fn note_signature() -> impl Strategy<Value = NoteSignature> {
    // As long as a line of Ed25519, or of ML-DSA-44.
    let bytes = prop_oneof![8 => vec(any::<u8>(), 1..100), 1 => vec(any::<u8>(), 2428)];
    ("[^\\s+\\x00-\\x1f]{1,30}", any::<u32>(), bytes).prop_map(|(name, key_id, bytes)| NoteSignature {
        name,
        key_id,
        bytes,
    })
}

fn checkpoint() -> impl Strategy<Value = Checkpoint> {
    (any_origin(), 0..=Checkpoint::SIZE_MAX, hash()).prop_map(|(origin, size, root)| Checkpoint { origin, size, root })
}

fn signed_checkpoint() -> impl Strategy<Value = SignedCheckpoint> {
    (checkpoint(), vec(note_signature(), 0..5)).prop_map(|(head, lines)| {
        let mut note = SignedCheckpoint::sign(head, &TestSigner::new("log")).expect("a key at hand signs");
        for line in lines {
            assert!(note.add(line), "a note of six signatures has room");
        }
        note
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_act_is_read_as_it_was_written(act in act()) {
        let bytes = act.encode().unwrap();
        prop_assert!(bytes.len() <= Act::BYTES_MAX);
        prop_assert_eq!(Act::decode(&bytes).unwrap(), act);
    }

    #[test]
    fn a_leaf_is_read_as_it_was_written(leaf in leaf_of(act())) {
        let bytes = leaf.encode().unwrap();
        prop_assert_eq!(Leaf::decode(&bytes).unwrap(), leaf);
    }

    #[test]
    fn a_part_and_an_entry_are_read_as_they_were_written(entry in entry()) {
        for part in entry.parts.iter().flatten() {
            prop_assert_eq!(&Part::decode(&part.encode().unwrap()).unwrap(), part);
        }
        entry.check().unwrap();
        let bytes = entry.encode().unwrap();
        prop_assert_eq!(Entry::decode(&bytes).unwrap(), entry);
    }

    #[test]
    fn a_genesis_is_read_as_it_was_written_and_holds_when_both_roots_signed(genesis in genesis()) {
        let bytes = genesis.encode().unwrap();
        prop_assert_eq!(&Genesis::decode(&bytes).unwrap(), &genesis);
        let sign = |party: &Party| Genesis::sign(&bytes, &TestSigner::new(&format!("{} root root", party.name))).unwrap();
        let [a, b] = genesis.parties.each_ref().map(sign);
        let signed = SignedGenesis::assemble(bytes.clone(), [a.clone(), b.clone()]).unwrap();
        signed.verify().unwrap();
        prop_assert_eq!(SignedGenesis::decode(&signed.encode()).unwrap(), signed);
        prop_assert!(SignedGenesis::assemble(bytes, [b, a]).unwrap().verify().is_err());
    }

    #[test]
    fn a_note_is_read_as_it_was_written(text in "([^\\x00-\\x1f]{0,40}\n){1,6}", lines in vec(note_signature(), 1..5)) {
        let note = Note { text, signatures: lines };
        let bytes = note.encode();
        prop_assert_eq!(Note::parse(&bytes).unwrap(), note);
    }

    #[test]
    fn a_checkpoint_a_request_and_a_proof_are_read_as_they_were_written(
        checkpoint in signed_checkpoint(),
        size in any::<u64>(),
        proof in vec(hash(), 0..=63),
        extra in vec(any::<u8>(), 0..200),
    ) {
        let text = checkpoint.checkpoint().text();
        prop_assert_eq!(&Checkpoint::parse_text(&text).unwrap(), checkpoint.checkpoint());
        prop_assert_eq!(&SignedCheckpoint::parse(&checkpoint.encode()).unwrap(), &checkpoint);
        let request = AddCheckpoint { old_size: size, proof: proof.clone(), checkpoint: checkpoint.clone() };
        prop_assert_eq!(AddCheckpoint::parse(&request.encode()).unwrap(), request);
        let proof = TlogProof { extra, index: size, proof, checkpoint };
        prop_assert_eq!(TlogProof::parse(&proof.encode()).unwrap(), proof);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_never_decode_to_another_form(bytes in vec(any::<u8>(), 0..400)) {
        hold_every_decoder_to_one_form(&bytes);
    }

    #[test]
    fn damaged_objects_never_panic_and_never_decode_to_another_form(
        damages in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..4),
    ) {
        for mut bytes in one_of_each() {
            for (at, byte, kind) in &damages {
                if bytes.is_empty() { break }
                let at = at.index(bytes.len());
                match kind {
                    0 => bytes[at] = *byte,
                    1 => bytes.insert(at, *byte),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at),
                }
            }
            hold_every_decoder_to_one_form(&bytes);
        }
    }
}

/// What decodes must encode again to the same bytes.
fn hold_every_decoder_to_one_form(bytes: &[u8]) {
    let one_form = |again: Option<Vec<u8>>| assert!(again.is_none_or(|again| again == bytes), "{bytes:02x?}");
    one_form(Act::decode(bytes).ok().map(|it| it.encode().expect("it was read")));
    one_form(Leaf::decode(bytes).ok().map(|it| it.encode().expect("it was read")));
    one_form(Part::decode(bytes).ok().map(|it| it.encode().expect("it was read")));
    one_form(Entry::decode(bytes).ok().map(|it| it.encode().expect("it was read")));
    one_form(Genesis::decode(bytes).ok().map(|it| it.encode().expect("it was read")));
    one_form(SignedGenesis::decode(bytes).ok().map(|it| it.encode()));
    one_form(Note::parse(bytes).ok().map(|it| it.encode()));
    one_form(SignedCheckpoint::parse(bytes).ok().map(|it| it.encode()));
    one_form(AddCheckpoint::parse(bytes).ok().map(|it| it.encode()));
    one_form(TlogProof::parse(bytes).ok().map(|it| it.encode()));
    if let Ok(text) = std::str::from_utf8(bytes) {
        one_form(Checkpoint::parse_text(text).ok().map(|it| it.text().into_bytes()));
        one_form(text.parse::<VerifierKey>().ok().map(|it| it.to_string().into_bytes()));
        one_form(text.parse::<Hash>().ok().map(|it| it.to_string().into_bytes()));
    }
}

fn one_of_each() -> Vec<Vec<u8>> {
    let pact = Pact::new();
    let log = pact.log(3);
    let entry = &log.entries[2];
    let checkpoint = pact.checkpoint(&log, 3);
    let proof = log.tree.consistency(2, 3).expect("sizes of the log");
    vec![
        entry.leaf.act.bytes().to_vec(),
        entry.leaf.encode().expect("a golden leaf"),
        entry.parts[0].as_ref().expect("a golden part").encode().expect("a golden part"),
        entry.encode().expect("a golden entry"),
        pact.signed.genesis_bytes().to_vec(),
        pact.signed.encode(),
        checkpoint.encode(),
        AddCheckpoint { old_size: 2, proof: proof.clone(), checkpoint: checkpoint.clone() }.encode(),
        TlogProof { extra: b"extra".to_vec(), index: 2, proof, checkpoint }.encode(),
    ]
}

#[test]
fn no_flipped_bit_of_a_signed_act_verifies() {
    let pact = Pact::new();
    let act = &pact.log(2).entries[1].leaf.act;
    let key = &pact.red_node.key;
    act.verify(key).unwrap();
    for bit in 0..act.bytes().len() * 8 {
        let mut bytes = act.bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let holds = SignedAct::assemble(bytes, act.signature().clone()).is_ok_and(|act| act.verify(key).is_ok());
        assert!(!holds, "bit {bit} of the act can be flipped");
    }
    for bit in 0..64 * 8 {
        let mut signature = act.signature().clone();
        signature.bytes[bit / 8] ^= 1 << (bit % 8);
        let holds = SignedAct::assemble(act.bytes().to_vec(), signature).is_ok_and(|act| act.verify(key).is_ok());
        assert!(!holds, "bit {bit} of the signature can be flipped");
    }
}

#[test]
fn an_act_that_was_found_to_hold_holds_under_that_key_alone() {
    let pact = Pact::new();
    let act = &pact.log(2).entries[1].leaf.act;
    let fresh = SignedAct::assemble(act.bytes().to_vec(), act.signature().clone()).unwrap();
    let other = TestSigner::new("RED officer").key;
    for _ in 0..2 {
        fresh.verify(&pact.red_node.key).unwrap();
        assert!(fresh.verify(&other).is_err());
    }
    assert_eq!(&fresh, act, "what is known of it is no part of it");
    let mut signature = act.signature().clone();
    signature.key_id = other.id();
    let foreign = SignedAct::assemble(act.bytes().to_vec(), signature).unwrap();
    for _ in 0..2 {
        assert!(foreign.verify(&other).is_err() && foreign.verify(&pact.red_node.key).is_err());
    }
}

#[test]
fn an_act_in_another_form_is_refused() {
    let act = Pact::new().log(2).entries[1].leaf.act.bytes().to_vec();
    Act::decode(&act).unwrap();
    // Byte 0 is the map's head; then key 0 and version 1; from byte 3 key 1 and the channel (head 58 20); from byte 38 key 2 and epoch 1.
    assert_eq!((&act[..6], &act[38..40]), (&[0xaa, 0, 1, 1, 0x58, 0x20][..], &[2, 1][..]));
    let put = |range: std::ops::Range<usize>, with: &[u8]| [&act[..range.start], with, &act[range.end..]].concat();
    let claimed = act.len() - 1 - 2 * 34 - 1 - 9..act.len() - 1 - 2 * 34 - 1;
    assert_eq!(act[claimed.start - 1..=claimed.start], [8, 0x1b], "key 8 and the head of the claimed time");
    let refused = [
        ("a byte after it", [&act[..], &[0]].concat()),
        ("a second act after it", [&act[..], &act[..]].concat()),
        ("nothing", Vec::new()),
        ("its first half", act[..act.len() / 2].to_vec()),
        ("a long map head", put(0..1, &[0xb8, 10])),
        ("an indefinite map", [&put(0..1, &[0xbf])[..], &[0xff]].concat()),
        ("a missing field", put(0..1, &[0xa9])),
        ("a field more", [&put(0..1, &[0xab])[..], &[10, 0]].concat()),
        ("an array for the map", put(0..1, &[0x94])),
        ("a tag around it", put(0..0, &[0xd9, 0xd9, 0xf7])),
        ("a long key", put(1..2, &[0x18, 0])),
        ("a long version", put(2..3, &[0x18, 1])),
        ("a longer version", put(2..3, &[0x1b, 0, 0, 0, 0, 0, 0, 0, 1])),
        ("version 2", put(2..3, &[2])),
        ("version 0", put(2..3, &[0])),
        ("a key twice", put(3..4, &[0])),
        ("keys in another order", [&act[..1], &act[3..38], &act[1..3], &act[38..]].concat()),
        ("a text key", put(3..4, &[0x61, b'1'])),
        ("a negative key", put(3..4, &[0x20])),
        ("a long string head", put(4..6, &[0x59, 0, 0x20])),
        ("an indefinite string", [&act[..4], &[0x5f], &act[4..38], &[0xff], &act[38..]].concat()),
        ("a hash of 31 bytes", [&act[..4], &[0x58, 0x1f], &act[7..]].concat()),
        ("a text for a hash", put(4..5, &[0x78])),
        ("a string longer than the act", put(4..6, &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ("a long epoch", put(39..40, &[0x19, 0, 1])),
        ("a negative epoch", put(39..40, &[0x20])),
        ("a float for the epoch", put(39..40, &[0xf9, 0x3c, 0])),
        ("a truth value for the epoch", put(39..40, &[0xf5])),
        ("null for the epoch", put(39..40, &[0xf6])),
        ("a bignum for the epoch", put(39..40, &[0xc2, 0x41, 1])),
        ("a claimed time above 64 bits signed", put(claimed.clone(), &[0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0])),
        ("a float for the claimed time", put(claimed.clone(), &[0xfb, 0x41, 0xda, 0xac, 0xd9, 0xe8, 0, 0, 0])),
    ];
    for (what, bytes) in refused {
        assert!(Act::decode(&bytes).is_err(), "an act with {what} is read");
    }
    let latest = put(claimed, &[0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(Act::decode(&latest).unwrap().claimed_time, i64::MAX);
}

#[test]
fn lists_have_their_caps_whatever_their_heads_say() {
    let pact = Pact::new();
    let log = pact.log(3);
    let mut act = log.entries[2].leaf.act.act().clone();
    act.references = vec![Hash([1; 32]); Act::REFERENCES_MAX];
    act.commitments = vec![Hash([2; 32]); Act::COMMITMENTS_MAX];
    let bytes = act.encode().unwrap();
    assert_eq!(Act::decode(&bytes).unwrap(), act);
    let head = bytes.windows(3).position(|three| three == [7, 0x98, 64]).unwrap();
    for count in [
        vec![0x98, 65],
        vec![0x9b, 0x10, 0, 0, 0, 0, 0, 0, 0],
        vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        let claimed = [&bytes[..=head], &count, &bytes[head + 3..]].concat();
        assert_eq!(Act::decode(&claimed).unwrap_err().code(), "object-malformed");
    }
    act.references.push(Hash([1; 32]));
    act.encode().unwrap_err();
    act.references.clear();
    act.commitments.push(Hash([2; 32]));
    act.encode().unwrap_err();

    let mut leaf = log.entries[2].leaf.clone();
    let seen = |n: usize| Seen { origin: origin(&format!("log{n:02}")), size: 1, root: Hash([3; 32]) };
    leaf.seen = (0..Leaf::SEEN_MAX).map(seen).collect();
    assert_eq!(Leaf::decode(&leaf.encode().unwrap()).unwrap(), leaf);
    leaf.seen.push(seen(Leaf::SEEN_MAX));
    leaf.encode().unwrap_err();
    leaf.seen = vec![seen(2), seen(1)];
    leaf.encode().unwrap_err();
    leaf.seen = vec![seen(1), seen(1)];
    leaf.encode().unwrap_err();

    let part = |length| Part { salt: [4; 32], bytes: vec![5; length] };
    let largest = part(Part::CONTENT_MAX);
    assert_eq!(Part::decode(&largest.encode().unwrap()).unwrap(), largest);
    part(Part::CONTENT_MAX + 1).encode().unwrap_err();

    let mut entry = log.entries[2].clone();
    entry.parts = vec![None; Act::COMMITMENTS_MAX + 1];
    assert!(entry.encode().is_err(), "an entry that nobody can read back was written");
}

#[test]
fn an_absent_cosignature_is_null_and_nothing_else() {
    let pact = Pact::new();
    let leaf = &pact.log(1).entries[0].leaf;
    let bytes = leaf.encode().unwrap();
    let at = bytes.windows(3).position(|three| three == [4, 0xf6, 5]).unwrap() + 1;
    for other in [&[0xf7][..], &[0xf4], &[0xf8, 0x16], &[0x40], &[0x80], &[0]] {
        let changed = [&bytes[..at], other, &bytes[at + 1..]].concat();
        assert!(Leaf::decode(&changed).is_err(), "{other:02x?} stands for null");
    }
}

#[test]
fn a_part_that_is_not_the_one_committed_to_makes_the_entry_false() {
    let pact = Pact::new();
    let good = pact.log(2).entries[1].clone();
    good.check().unwrap();
    let changed = |change: &dyn Fn(&mut Part)| {
        let mut entry = good.clone();
        change(entry.parts[1].as_mut().unwrap());
        entry.check().unwrap_err().code()
    };
    assert_eq!(changed(&|part| part.bytes[0] ^= 1), "part-differs");
    assert_eq!(changed(&|part| part.salt[0] ^= 1), "part-differs");
    // A byte that moves from the salt's end to the content.
    assert_eq!(changed(&|part| part.bytes.insert(0, part.salt[31])), "part-differs");
    let mut swapped = good.clone();
    swapped.parts.swap(0, 1);
    assert_eq!(swapped.check().unwrap_err().code(), "part-differs");
    let mut short = good.clone();
    short.parts.pop();
    assert_eq!(short.check().unwrap_err().code(), "part-count");
}

#[test]
fn a_signature_of_the_wrong_length_never_enters_an_object() {
    let pact = Pact::new();
    let act = pact.log(2).entries[1].leaf.act.clone();
    for length in [0, 63, 65] {
        let signature = Signature { bytes: vec![1; length], ..act.signature().clone() };
        assert!(SignedAct::assemble(act.bytes().to_vec(), signature.clone()).is_err(), "{length} bytes");
        let genesis = pact.signed.genesis_bytes().to_vec();
        assert!(SignedGenesis::assemble(genesis, [signature.clone(), signature]).is_err(), "{length} bytes");
    }
}

#[test]
fn a_genesis_that_breaks_a_rule_is_neither_written_nor_read() {
    type Break = fn(&mut Genesis);
    let pact = Pact::new();
    let broken: [(&str, Break); 13] = [
        ("parties in another order", |g| g.parties.reverse()),
        ("one party twice", |g| g.parties[1] = g.parties[0].clone()),
        ("one prefix", |g| g.parties[1].prefix = g.parties[0].prefix.clone()),
        ("a prefix with a slash", |g| g.parties[1].prefix = origin("red/example")),
        ("a long prefix", |g| g.parties[1].prefix = origin(&"r".repeat(64))),
        ("no root", |g| drop(g.parties[0].keys.remove(0))),
        ("no node", |g| drop(g.parties[0].keys.remove(1))),
        ("keys in another order", |g| g.parties[0].keys.swap(0, 1)),
        ("a key of the counterpart", |g| g.parties[0].keys[2].key = g.parties[1].keys[2].key.clone()),
        ("a witness with a party's key", |g| g.witnesses[0].key = g.parties[0].keys[0].key.clone()),
        ("a witness named as a mirror", |g| g.witnesses[0].name = origin("blue.example/mirror")),
        ("witnesses in another order", |g| g.witnesses.reverse()),
        ("a quorum above the witnesses", |g| g.quorum = 3),
    ];
    for (what, break_it) in broken {
        let mut genesis = pact.signed.genesis().clone();
        break_it(&mut genesis);
        assert!(genesis.encode().is_err(), "a genesis with {what} is written");
    }
    let quorum_at = pact.signed.genesis_bytes().windows(3).position(|three| three == [4, 1, 5]).unwrap() + 1;
    let mut bytes = pact.signed.genesis_bytes().to_vec();
    bytes[quorum_at] = 3;
    assert_eq!(Genesis::decode(&bytes).unwrap_err().code(), "object-malformed");
}

#[test]
fn any_changed_byte_of_a_signed_genesis_is_noticed() {
    let good = Pact::new().signed.encode();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        assert!(!SignedGenesis::decode(&bytes).is_ok_and(|it| it.verify().is_ok()), "byte {at}");
    }
}
