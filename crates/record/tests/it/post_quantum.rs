//! ML-DSA-44 beside Ed25519 (docs/record-format.md, sections 3, 7 and 9): golden objects, which pacts are post-quantum, and what a line counts for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use skypact_record::{
    AddCheckpoint, Algorithm, Checkpoint, Cosignature, Genesis, KeyRole, NoteSignature, PartyKey, PublicKey,
    SignatureType, SignedCheckpoint, SignedGenesis, VerifierKey, WitnessKey, WitnessRefusal, cosign, tree,
};

use crate::bundle::maker::MlDsaSigner;
use crate::golden::{LOG, Pact, TIME_S, TestSigner, fixed, golden, origin};

fn signer(label: &str) -> MlDsaSigner {
    MlDsaSigner::new(fixed("key", &format!("{label} ml-dsa-44")))
}

/// Gives each party its two ML-DSA-44 keys.
fn name_party_keys(genesis: &mut Genesis) {
    for party in &mut genesis.parties {
        for (role, word) in [(KeyRole::Checkpoint, "checkpoint"), (KeyRole::Mirror, "mirror")] {
            let key = signer(&format!("{} {word}", party.name)).key;
            party.keys.push(PartyKey { role, label: format!("{word} ml-dsa-44").parse().expect("a label"), key });
        }
        party.keys.sort_by(|a, b| (a.role, &a.label).cmp(&(b.role, &b.label)));
    }
}

fn name_witness_keys(genesis: &mut Genesis) {
    for (name, label) in [("w1.example", "witness one"), ("w2.example", "witness two")] {
        genesis.witnesses.push(WitnessKey { name: origin(name), key: signer(label).key });
    }
    genesis.witnesses.sort_by(|a, b| (&a.name, a.key.algorithm()).cmp(&(&b.name, b.key.algorithm())));
}

/// The golden pact with ML-DSA-44 keys for parties and witnesses.
pub(crate) fn pact() -> Pact {
    Pact::of(|genesis| {
        name_party_keys(genesis);
        name_witness_keys(genesis);
    })
}

/// The ML-DSA-44 lines of author, witnesses and mirror over a head of RED's log.
fn lines(head: &Checkpoint) -> Vec<NoteSignature> {
    let line = |label: &str, name: &str, time_s| {
        cosign(head, time_s, &origin(name), &signer(label)).expect("a key at hand signs")
    };
    let time_s = TIME_S + head.size;
    vec![
        line("RED checkpoint", LOG, 0),
        line("witness one", "w1.example", time_s),
        line("witness two", "w2.example", time_s),
        line("BLUE mirror", "blue.example/mirror", time_s),
    ]
}

pub(crate) fn objects() -> Vec<(&'static str, Vec<u8>)> {
    let pact = pact();
    let mut note = pact.checkpoint(&pact.log(7), 7);
    for line in lines(&note.checkpoint().clone()) {
        assert!(note.add(line));
    }
    vec![
        ("genesis-post-quantum", pact.signed.genesis_bytes().to_vec()),
        ("signed-genesis-post-quantum", pact.signed.encode()),
        ("checkpoint-post-quantum", note.encode()),
    ]
}

/// The four ML-DSA-44 keys that may stand under RED's log, in the order of `lines`.
fn keys(genesis: &Genesis) -> Vec<VerifierKey> {
    let author = genesis.checkpoint_key_ml_dsa_44(&origin(LOG)).expect("a post-quantum pact");
    let mirror = genesis.mirror_key_ml_dsa_44(&genesis.parties[0].name).expect("a post-quantum pact");
    let witnesses = genesis.witness_keys().into_iter().filter(|key| key.key().algorithm() == Algorithm::MlDsa44);
    [author].into_iter().chain(witnesses).chain([mirror]).collect()
}

#[test]
fn golden_objects_verify_with_the_keys_of_the_golden_post_quantum_pact() {
    let signed = SignedGenesis::decode(&golden("signed-genesis-post-quantum")).unwrap();
    signed.verify().unwrap();
    assert_eq!(signed.genesis_bytes(), golden("genesis-post-quantum"));
    let genesis = signed.genesis();
    assert_eq!(Genesis::decode(signed.genesis_bytes()).unwrap().encode().unwrap(), signed.genesis_bytes());
    assert!(genesis.is_post_quantum());
    assert_eq!(genesis.witness_names().count(), 2);
    let note = SignedCheckpoint::parse(&golden("checkpoint-post-quantum")).unwrap();
    note.verify(&genesis.checkpoint_key(&origin(LOG)).unwrap()).unwrap();
    assert_eq!(note.signatures().len(), 8);
    for (key, line) in keys(genesis).iter().zip(&note.signatures()[4..]) {
        let time_s = if key.name().as_str() == LOG { 0 } else { TIME_S + 7 };
        assert_eq!(Cosignature::verify(key, note.checkpoint(), line).unwrap().time_s, time_s);
        assert!(note.is_cosigned_by(key).unwrap());
    }
    let classical = SignedGenesis::decode(&golden("signed-genesis")).unwrap();
    assert!(!classical.genesis().is_post_quantum());
    assert_eq!(classical.genesis().checkpoint_key_ml_dsa_44(&origin(LOG)), None);
}

#[test]
fn what_is_signed_is_the_message_of_c2sp_to_the_byte() {
    let head = Checkpoint { origin: origin("log.example"), size: 0x0102, root: skypact_record::Hash([9; 32]) };
    let line = cosign(&head, 0x0a0b, &origin("w.example"), &signer("witness one")).unwrap();
    let mut message = b"subtree/v1\n\0\x09w.example\0\0\0\0\0\0\x0a\x0b\x0blog.example".to_vec();
    message.extend(b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x02");
    message.extend([9; 32]);
    let (time, signature) = line.bytes.split_first_chunk::<8>().unwrap();
    assert_eq!((time, signature.len()), (&0x0a0b_u64.to_be_bytes(), 2420));
    signer("witness one").key.verify(&message, signature).unwrap();
    let key = VerifierKey::cosigner(origin("w.example"), signer("witness one").key);
    let hashed = [b"w.example\n\x06", key.key().as_bytes()].concat();
    assert_eq!(key.key_id().to_be_bytes(), skypact_record::Hash::of(&hashed).0[..4]);
    assert_eq!(key.to_string().parse::<VerifierKey>().unwrap(), key);
    let vkey = format!("w.example+{:08x}+{}", key.key_id(), BASE64.encode([&[6], key.key().as_bytes()].concat()));
    assert_eq!(key.to_string(), vkey);
    assert!(vkey.replacen('+', "+0", 1).parse::<VerifierKey>().is_err());
}

#[test]
fn a_line_holds_for_its_head_name_time_and_type_alone() {
    let (signer, other) = (signer("witness one"), signer("witness two"));
    let head = |size| Checkpoint { origin: origin(LOG), size, root: skypact_record::Hash([size as u8; 32]) };
    let line = cosign(&head(3), TIME_S, &origin("w1.example"), &signer).unwrap();
    let key = VerifierKey::cosigner(origin("w1.example"), signer.key.clone());
    Cosignature::verify(&key, &head(3), &line).unwrap();
    let code = |key: &VerifierKey, head: &Checkpoint, line: &NoteSignature| {
        Cosignature::verify(key, head, line).unwrap_err().code()
    };
    assert_eq!(code(&key, &head(4), &line), "signature-invalid");
    assert_eq!(code(&key, &Checkpoint { origin: origin("other.example"), ..head(3) }, &line), "signature-invalid");
    for at in [0, 7, 8, 100, 2427] {
        let mut changed = line.clone();
        changed.bytes[at] ^= 1;
        assert_eq!(code(&key, &head(3), &changed), "signature-invalid", "byte {at}");
    }
    let stranger = VerifierKey::cosigner(origin("w1.example"), other.key.clone());
    assert_eq!(code(&stranger, &head(3), &line), "note-not-signed");
    // The signed message names the cosigner: the same key says nothing under another name.
    let renamed = VerifierKey::cosigner(origin("w2.example"), signer.key.clone());
    let forged = NoteSignature { name: "w2.example".to_owned(), key_id: renamed.key_id(), ..line.clone() };
    assert_eq!(code(&renamed, &head(3), &forged), "signature-invalid");
    // A key under the type of the other algorithm never verifies.
    for (kind, key) in
        [(SignatureType::Cosignature, &signer.key), (SignatureType::CosignatureMlDsa44, &TestSigner::new("w").key)]
    {
        let confused = VerifierKey::new(origin("w1.example"), kind, key.clone());
        let line = NoteSignature { key_id: confused.key_id(), ..line.clone() };
        assert_eq!(code(&confused, &head(3), &line), "algorithm-unsupported");
    }
}

#[test]
fn a_second_line_of_one_key_with_one_time_is_not_kept() {
    let pact = pact();
    let mut note = pact.head(&pact.log(3), 3);
    let head = note.checkpoint().clone();
    let line = cosign(&head, 0, &origin(LOG), &signer("RED checkpoint")).unwrap();
    // As a hedged signature would be: other bytes after the time.
    let mut hedged = line.clone();
    hedged.bytes[2000] ^= 1;
    let later = cosign(&head, 1, &origin(LOG), &signer("RED checkpoint")).unwrap();
    assert!(note.add(line.clone()) && note.add(hedged) && note.add(later.clone()));
    assert_eq!(note.signatures()[1..], [line, later]);
}

/// Whether a genesis with this change can be written, and what is wrong.
fn refused(change: impl FnOnce(&mut Genesis)) -> Option<String> {
    let mut genesis = pact().signed.genesis().clone();
    change(&mut genesis);
    genesis.encode().err().map(|error| error.to_string())
}

fn without(genesis: &mut Genesis, party: usize, role: KeyRole, algorithm: Algorithm) {
    genesis.parties[party].keys.retain(|key| key.role != role || key.key.algorithm() != algorithm);
}

#[test]
fn a_pact_is_post_quantum_on_both_sides_or_on_none() {
    use KeyRole::{Checkpoint, Mirror};
    assert_eq!(refused(|_| {}), None);
    assert_eq!(refused(|genesis| genesis.witnesses.retain(|w| w.key.algorithm() == Algorithm::Ed25519)), None);
    let of_party = "keys";
    for (party, role) in [(0, Checkpoint), (0, Mirror), (1, Checkpoint), (1, Mirror)] {
        for algorithm in [Algorithm::Ed25519, Algorithm::MlDsa44] {
            let refusal = refused(|genesis| without(genesis, party, role, algorithm)).unwrap();
            assert!(refusal.contains(of_party), "{refusal}");
        }
    }
    let one_side = |genesis: &mut Genesis| {
        without(genesis, 0, Checkpoint, Algorithm::MlDsa44);
        without(genesis, 0, Mirror, Algorithm::MlDsa44);
    };
    assert!(refused(one_side).unwrap().contains("on one side alone"));
    let two_of_one_kind = |genesis: &mut Genesis| {
        let key = PartyKey { role: Checkpoint, label: "checkpoint z".parse().unwrap(), key: signer("z").key };
        genesis.parties[0].keys.push(key);
        genesis.parties[0].keys.sort_by(|a, b| (a.role, &a.label).cmp(&(b.role, &b.label)));
    };
    assert!(refused(two_of_one_kind).unwrap().contains(of_party));
    let passkey = |genesis: &mut Genesis| {
        let key = PublicKey::new(Algorithm::WebauthnEs256, &[4; 65]).unwrap();
        genesis.parties[0].keys.iter_mut().find(|held| held.role == Mirror).unwrap().key = key;
    };
    assert!(refused(passkey).unwrap().contains(of_party));
}

#[test]
fn witnesses_have_ed25519_keys_and_all_that_the_quorum_needs_of_ml_dsa_44_or_none() {
    let remove = |name: &'static str, algorithm| {
        move |genesis: &mut Genesis| {
            genesis.witnesses.retain(|held| held.name.as_str() != name || held.key.algorithm() != algorithm);
        }
    };
    assert_eq!(refused(remove("w2.example", Algorithm::MlDsa44)), None);
    assert!(refused(remove("w2.example", Algorithm::Ed25519)).unwrap().contains("without an Ed25519 key"));
    let of_two = |genesis: &mut Genesis| {
        genesis.quorum = 2;
        remove("w2.example", Algorithm::MlDsa44)(genesis);
    };
    assert!(refused(of_two).unwrap().contains("quorum needs more"));
    assert_eq!(refused(|genesis| genesis.quorum = 2), None);
    assert!(refused(|genesis| genesis.quorum = 3).unwrap().contains("quorum"), "keys are not witnesses");
    assert!(refused(|genesis| genesis.witnesses.reverse()).unwrap().contains("ascending"));
    assert!(refused(|genesis| genesis.witnesses.swap(0, 1)).unwrap().contains("ascending"));
    let twice = |genesis: &mut Genesis| {
        genesis.witnesses.insert(1, WitnessKey { name: origin("w1.example"), key: TestSigner::new("again").key });
    };
    assert!(refused(twice).unwrap().contains("ascending"));
    let classical_parties = |genesis: &mut Genesis| {
        for (party, role) in
            [(0, KeyRole::Checkpoint), (0, KeyRole::Mirror), (1, KeyRole::Checkpoint), (1, KeyRole::Mirror)]
        {
            without(genesis, party, role, Algorithm::MlDsa44);
        }
    };
    assert!(refused(classical_parties).unwrap().contains("the parties have none"));
    let of_a_passkey =
        |genesis: &mut Genesis| genesis.witnesses[0].key = PublicKey::new(Algorithm::WebauthnEs256, &[4; 65]).unwrap();
    assert!(refused(of_a_passkey).is_some());
}

#[test]
fn a_pact_has_sixteen_witnesses_with_two_keys_each() {
    let name_all = |count: usize| {
        move |genesis: &mut Genesis| {
            genesis.witnesses.clear();
            for number in 0..count {
                let name = origin(&format!("w{number:02}.example"));
                let key = TestSigner::new(&format!("witness {number}")).key;
                genesis.witnesses.push(WitnessKey { name: name.clone(), key });
                genesis.witnesses.push(WitnessKey { name, key: signer(&format!("witness {number}")).key });
            }
            genesis.quorum = count as u64;
        }
    };
    assert_eq!(refused(name_all(16)), None);
    assert!(refused(name_all(17)).unwrap().contains("more than 16"));
    let pact = Pact::of(|genesis| {
        name_party_keys(genesis);
        name_all(16)(genesis);
    });
    assert_eq!(Genesis::decode(pact.signed.genesis_bytes()).unwrap(), *pact.signed.genesis());
    // The largest note that we write fits: author, mirror and sixteen witnesses, two lines each.
    let mut note = pact.head(&pact.log(1), 1);
    let head = note.checkpoint().clone();
    for number in 0..16 {
        let name = origin(&format!("w{number:02}.example"));
        let label = format!("witness {number}");
        note.add(cosign(&head, TIME_S, &name, &TestSigner::new(&label)).unwrap());
        note.add(cosign(&head, TIME_S, &name, &signer(&label)).unwrap());
    }
    note.add(cosign(&head, TIME_S, &origin("blue.example/mirror"), &TestSigner::new("BLUE mirror")).unwrap());
    for line in [&lines(&head)[0], &lines(&head)[3]] {
        note.add(line.clone());
    }
    assert_eq!(note.signatures().len(), 36);
    SignedCheckpoint::parse(&note.encode()).unwrap();
}

#[test]
fn a_witness_takes_a_log_with_or_without_its_ml_dsa_44_line_and_refuses_a_false_one() {
    let pact = pact();
    let genesis = pact.signed.genesis();
    let log_keys =
        [genesis.checkpoint_key(&origin(LOG)).unwrap(), genesis.checkpoint_key_ml_dsa_44(&origin(LOG)).unwrap()];
    let mut request = AddCheckpoint { old_size: 0, proof: Vec::new(), checkpoint: pact.head(&pact.log(4), 4) };
    assert!(request.decide(&log_keys, None).is_ok());
    let head = request.checkpoint.checkpoint().clone();
    let line = lines(&head).remove(0);
    let mut with_line = request.clone();
    with_line.checkpoint.add(line.clone());
    assert!(with_line.decide(&log_keys, Some((0, tree::empty_root()))).is_ok());
    let mut forged = line;
    forged.bytes[50] ^= 1;
    request.checkpoint.add(forged);
    let refusal = request.decide(&log_keys, None).unwrap_err();
    assert!(matches!(refusal, WitnessRefusal::NotSigned(_)), "{refusal}");
    assert!(request.decide(&log_keys[..1], None).is_ok(), "a witness that knows no such key does not judge the line");
    // ML-DSA-44 alone is not the log's signature.
    let mut alone = with_line.checkpoint.encode();
    let text = String::from_utf8(alone.clone()).unwrap();
    let ed25519 = with_line.checkpoint.signatures()[0].to_string();
    alone = text.replace(&ed25519, "").into_bytes();
    let alone = AddCheckpoint { checkpoint: SignedCheckpoint::parse(&alone).unwrap(), ..with_line };
    assert_eq!(alone.decide(&log_keys, None).unwrap_err().code(), "witness-not-signed");
}
