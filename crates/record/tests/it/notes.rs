//! Notes, checkpoints and cosignatures, and each decision of a witness (C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-witness).

use skypact_record::{
    AddCheckpoint, Checkpoint, Cosignature, Hash, Note, NoteError, NoteSignature, SignatureType, SignedCheckpoint,
    VerifierKey, WitnessRefusal, cosign, tree,
};

use crate::golden::{LOG, Log, Pact, TIME_S, TestSigner, origin};

fn log_key(pact: &Pact) -> VerifierKey {
    pact.signed.genesis().checkpoint_key(&origin(LOG)).expect("a log of the pact")
}

#[test]
fn a_checkpoint_holds_for_the_key_of_its_log_only() {
    let pact = Pact::new();
    let note = pact.head(&pact.log(3), 3);
    let key = log_key(&pact);
    SignedCheckpoint::parse(&note.encode()).unwrap().verify(&key).unwrap();

    let stranger = VerifierKey::new(origin(LOG), SignatureType::Ed25519, TestSigner::new("stranger").key);
    assert_eq!(note.verify(&stranger).unwrap_err().code(), "note-not-signed");
    let renamed = VerifierKey::new(origin("red.example/east-river/urgent"), SignatureType::Ed25519, key.key().clone());
    assert_eq!(note.verify(&renamed).unwrap_err().code(), "note-not-signed");
    let cosigner = VerifierKey::new(origin(LOG), SignatureType::Cosignature, key.key().clone());
    assert_eq!(note.verify(&cosigner).unwrap_err().code(), "note-not-signed");
}

#[test]
fn no_flipped_bit_of_a_checkpoint_note_verifies() {
    let pact = Pact::new();
    let (note, key) = (pact.head(&pact.log(3), 3).encode(), log_key(&pact));
    for bit in 0..note.len() * 8 {
        let mut flipped = note.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let verified = SignedCheckpoint::parse(&flipped).and_then(|note| note.verify(&key));
        assert!(verified.is_err(), "bit {bit} of the note can be flipped");
    }
}

#[test]
fn a_line_by_the_log_key_that_does_not_hold_spoils_the_note_and_lines_of_strangers_do_not() {
    let pact = Pact::new();
    let mut note = pact.head(&pact.log(3), 3);
    let key = log_key(&pact);
    let stranger = cosign(note.checkpoint(), TIME_S, &origin("stranger"), &TestSigner::new("stranger")).unwrap();
    assert!(note.add(stranger));
    note.verify(&key).unwrap();
    let bad = NoteSignature { name: LOG.to_owned(), key_id: key.key_id(), bytes: vec![7; 64] };
    assert!(note.add(bad));
    assert_eq!(note.verify(&key).unwrap_err().code(), "signature-invalid");
}

#[test]
fn a_cosignature_holds_for_its_cosigner_its_time_and_its_head_only() {
    let pact = Pact::new();
    let log = pact.log(4);
    let note = pact.checkpoint(&log, 4);
    let key = &pact.signed.genesis().witness_keys()[0];
    let line = note.signatures()[1].clone();
    let cosignature = Cosignature::verify(key, note.checkpoint(), &line).unwrap();
    assert_eq!((cosignature.name, cosignature.time_s), (origin("w1.example"), TIME_S + 4));

    let other = &pact.signed.genesis().witness_keys()[1];
    assert_eq!(Cosignature::verify(other, note.checkpoint(), &line).unwrap_err().code(), "note-not-signed");
    let plain = VerifierKey::new(origin("w1.example"), SignatureType::Ed25519, key.key().clone());
    assert_eq!(Cosignature::verify(&plain, note.checkpoint(), &line).unwrap_err().code(), "note-not-signed");
    let earlier = pact.head(&log, 3);
    assert_eq!(Cosignature::verify(key, earlier.checkpoint(), &line).unwrap_err().code(), "signature-invalid");
    for at in 0..line.bytes.len() {
        let mut changed = line.clone();
        changed.bytes[at] ^= 1;
        assert!(Cosignature::verify(key, note.checkpoint(), &changed).is_err(), "byte {at} of the cosignature");
        changed.bytes.truncate(at);
        assert!(Cosignature::verify(key, note.checkpoint(), &changed).is_err(), "cut at byte {at}");
    }
}

#[test]
fn a_cosignature_signs_the_message_of_c2sp() {
    let pact = Pact::new();
    let head = Checkpoint { origin: origin(LOG), size: 5, root: Hash([7; 32]) };
    let line = cosign(&head, 1_234, &origin("w1.example"), &pact.witnesses[0]).unwrap();
    let message = format!("cosignature/v1\ntime 1234\n{LOG}\n5\n{}=\n", "BwcH".repeat(10) + "Bwc");
    pact.witnesses[0].key.verify(message.as_bytes(), &line.bytes[8..]).unwrap();
    assert_eq!(line.bytes[..8], 1_234_u64.to_be_bytes());
    assert_eq!(line.hash(), Hash::of(line.to_string().as_bytes()));
    assert!(line.to_string().starts_with("\u{2014} w1.example ") && line.to_string().ends_with('\n'));
    assert_eq!(line.to_string().parse::<NoteSignature>().unwrap(), line);
}

#[test]
fn a_note_key_is_read_as_it_is_written_and_not_when_a_character_changes() {
    let key = log_key(&Pact::new());
    let text = key.to_string();
    assert_eq!(text.parse::<VerifierKey>().unwrap(), key);
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(changed.parse::<VerifierKey>().is_err(), "{changed}");
    }
}

#[test]
fn notes_in_another_form_are_refused() {
    let line = "\u{2014} name AAAAAAA=\n";
    let many = format!("text\n\n{}", line.repeat(Note::SIGNATURES_MAX));
    Note::parse(format!("text\n\n{line}").as_bytes()).unwrap();
    Note::parse(many.as_bytes()).unwrap();
    let refused = [
        String::new(),
        "\n\n".to_owned(),
        "text\n".to_owned(),
        "text\n\n".to_owned(),
        format!("text\n{line}"),
        format!("text\n\n{}", line.trim_end()),
        format!("text\n\n{line}\n"),
        format!("te\rxt\n\n{line}"),
        format!("te\0xt\n\n{line}"),
        "text\n\n- name AAAAAAA=\n".to_owned(),
        "text\n\n\u{2014} name AAAAAAA\n".to_owned(),
        "text\n\n\u{2014} name AAAAAAB=\n".to_owned(),
        "text\n\n\u{2014} name AAAAAA==\n".to_owned(),
        "text\n\n\u{2014} na+me AAAAAAA=\n".to_owned(),
        "text\n\n\u{2014}  AAAAAAA=\n".to_owned(),
        "text\n\n\u{2014} name  AAAAAAA=\n".to_owned(),
        many + line,
        format!("{}\n\n{line}", "a".repeat(Note::BYTES_MAX)),
    ];
    for note in refused {
        let error = Note::parse(note.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "note-malformed", "{note:?}");
    }
    Note::parse(b"te\xffxt\n\n").unwrap_err();
}

#[test]
fn checkpoints_in_another_form_are_refused() {
    let root = "BwcH".repeat(10) + "Bwc=";
    let parsed = Checkpoint::parse_text(&format!("{LOG}\n5\n{root}\n")).unwrap();
    assert_eq!(parsed, Checkpoint { origin: origin(LOG), size: 5, root: Hash([7; 32]) });
    let refused = [
        format!("{LOG}\n5\n{root}"),
        format!("{LOG}\n5\n{root}\nextension\n"),
        format!("{LOG}\n5\n{root}\n\n"),
        format!("{LOG}\n05\n{root}\n"),
        format!("{LOG}\n+5\n{root}\n"),
        format!("{LOG}\n-5\n{root}\n"),
        format!("{LOG}\n 5\n{root}\n"),
        format!("{LOG}\n\n{root}\n"),
        format!("{LOG}\n18446744073709551616\n{root}\n"),
        format!("{LOG}\n5\n{}\n", root.trim_end_matches('=')),
        format!("{LOG}\n5\n{}d=\n", &root[..42]),
        format!("{LOG}\n5\nBwcH{root}\n"),
        format!("/{LOG}\n5\n{root}\n"),
        format!("red example\n5\n{root}\n"),
        format!("\n5\n{root}\n"),
    ];
    for text in refused {
        Checkpoint::parse_text(&text).expect_err(&text);
    }
}

#[test]
fn a_size_that_go_cannot_read_is_neither_read_nor_signed() {
    let head = |size| Checkpoint { origin: origin(LOG), size, root: Hash([7; 32]) };
    let signer = TestSigner::new("log");
    let largest = head((1 << 63) - 1);
    let signed = SignedCheckpoint::sign(largest.clone(), &signer).unwrap();
    assert_eq!(SignedCheckpoint::parse(&signed.encode()).unwrap().checkpoint(), &largest);
    for size in [1 << 63, u64::MAX] {
        let unread = Checkpoint::parse_text(&head(size).text()).unwrap_err();
        let unsigned = SignedCheckpoint::sign(head(size), &signer).unwrap_err();
        let place = format!("note tree size at byte {}: is above 2^63-1", LOG.len() + 1);
        assert!(unread.to_string().starts_with(&place), "{unread}");
        assert_eq!(unsigned, unread);
    }
}

fn request(pact: &Pact, log: &Log, old: u64, new: u64) -> AddCheckpoint {
    let proof = log.tree.consistency(old, new).expect("sizes of the log");
    AddCheckpoint { old_size: old, proof, checkpoint: pact.head(log, new) }
}

#[test]
fn a_witness_accepts_what_grows_consistently_and_nothing_else() {
    let pact = Pact::new();
    let (log, key) = (pact.log(9), log_key(&pact));
    let root = |size| log.tree.root_at(size).unwrap();
    let decide = |request: &AddCheckpoint, last| request.decide(std::slice::from_ref(&key), last).map(|head| head.size);

    for old in 0..=9 {
        for new in old..=9 {
            let last = (old > 0).then(|| (old, root(old)));
            assert_eq!(decide(&request(&pact, &log, old, new), last), Ok(new), "from {old} to {new}");
        }
    }
    assert_eq!(decide(&request(&pact, &log, 0, 5), Some((0, tree::empty_root()))), Ok(5));

    // The witness stands elsewhere than the log believes.
    assert_eq!(decide(&request(&pact, &log, 3, 5), Some((4, root(4)))), Err(WitnessRefusal::Stale { size: 4 }));
    assert_eq!(decide(&request(&pact, &log, 0, 5), Some((5, root(5)))), Err(WitnessRefusal::Stale { size: 5 }));
    assert_eq!(decide(&request(&pact, &log, 3, 5), None), Err(WitnessRefusal::Stale { size: 0 }));
    assert_eq!(decide(&request(&pact, &log, 3, 5), Some((7, root(7)))), Err(WitnessRefusal::Stale { size: 7 }));

    // A second history: seen at the same size, or by a proof that does not lead from the old root.
    let fork = Hash([9; 32]);
    assert_eq!(decide(&request(&pact, &log, 5, 5), Some((5, fork))), Err(WitnessRefusal::Fork { size: 5 }));
    let inconsistent = |result: Result<u64, WitnessRefusal>| {
        assert!(matches!(result, Err(WitnessRefusal::Inconsistent(_))), "{result:?}");
    };
    inconsistent(decide(&request(&pact, &log, 3, 5), Some((3, fork))));
    for old in 1..9 {
        let good = request(&pact, &log, old, 9);
        let last = Some((old, root(old)));
        for at in 0..good.proof.len() {
            let mut changed = good.clone();
            changed.proof[at].0[31] ^= 1;
            inconsistent(decide(&changed, last));
            changed.proof.remove(at);
            inconsistent(decide(&changed, last));
        }
        let mut longer = good.clone();
        longer.proof.push(fork);
        inconsistent(decide(&longer, last));
    }
    for size in [0, 5] {
        let mut needless = request(&pact, &log, size, 5);
        needless.proof.push(fork);
        inconsistent(decide(&needless, (size > 0).then(|| (size, root(size)))));
    }

    let mut above = request(&pact, &log, 3, 5);
    above.old_size = 6;
    let refusal = WitnessRefusal::OldSizeAbove { old_size: 6, size: 5 };
    assert_eq!(decide(&above, Some((6, root(6)))), Err(refusal));
}

#[test]
fn a_witness_asks_who_signed_before_it_tells_anything() {
    let pact = Pact::new();
    let log = pact.log(5);
    let request = request(&pact, &log, 3, 5);
    assert_eq!(request.decide(&[], None), Err(WitnessRefusal::UnknownOrigin));
    // Refused for the signature, though the size is stale as well.
    let stranger = VerifierKey::new(origin(LOG), SignatureType::Ed25519, TestSigner::new("stranger").key);
    let refusal = request.decide(&[stranger], Some((4, Hash([9; 32])))).unwrap_err();
    assert_eq!(refusal, WitnessRefusal::NotSigned(NoteError::NotSigned { name: origin(LOG) }));
    // A head that somebody else signed in the log's name.
    let head = request.checkpoint.checkpoint().clone();
    let forged = SignedCheckpoint::sign(head, &TestSigner::new("stranger")).unwrap();
    let forged = AddCheckpoint { checkpoint: forged, ..request };
    let last = Some((3, log.tree.root_at(3).unwrap()));
    assert_eq!(forged.decide(&[log_key(&pact)], last).unwrap_err().code(), "witness-not-signed");
}

#[test]
fn witness_requests_in_another_form_are_refused() {
    let pact = Pact::new();
    let request = request(&pact, &pact.log(5), 3, 5);
    let text = String::from_utf8(request.encode()).unwrap();
    assert_eq!(AddCheckpoint::parse(text.as_bytes()).unwrap(), request);
    for (from, to) in
        [("old 3", "old 03"), ("old 3", "old  3"), ("old 3", "new 3"), ("old 3\n", ""), ("old 3", "old -3")]
    {
        let changed = text.replacen(from, to, 1);
        assert_eq!(AddCheckpoint::parse(changed.as_bytes()).unwrap_err().code(), "note-malformed", "{changed}");
    }
    let line = "BwcH".repeat(10) + "Bwc=\n";
    let with_hashes = |count| text.replacen("old 3\n", &format!("old 3\n{}", line.repeat(count)), 1);
    let present = request.proof.len();
    let full = AddCheckpoint::parse(with_hashes(AddCheckpoint::PROOF_MAX - present).as_bytes()).unwrap();
    assert_eq!(full.proof.len(), AddCheckpoint::PROOF_MAX);
    AddCheckpoint::parse(with_hashes(AddCheckpoint::PROOF_MAX - present + 1).as_bytes()).unwrap_err();
}
