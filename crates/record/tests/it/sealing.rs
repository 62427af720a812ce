//! What passes through a witness's hands: sealed bytes, the announcement of whom they are sealed to, and the stamp on them.

use skypact_record::tree::empty_root;
use skypact_record::{
    Checkpoint, Cosignature, Hash, Note, NoteSignature, Origin, PartyName, SEALED_OVERHEAD, SealError, SealingKey,
    SignatureType, SignedCheckpoint, SignedSealing, SignedStamp, Stamp, VerifierKey, open, seal, sealing_key,
};

use crate::golden::{self, Pact, TIME_S, TestSigner, blue_sealing, fixed, origin};

fn blue() -> PartyName {
    "BLUE".parse().expect("a party name")
}

#[test]
fn what_is_sealed_opens_for_its_recipient_in_its_channel_and_unchanged_only() {
    let (channel, seed, key) = (Hash::of(b"channel"), fixed("seed", "1"), sealing_key(&blue_sealing()));
    for length in [0, 1, 100, 70_000] {
        let bytes = vec![7; length];
        let sealed = seal(key, channel, &blue(), &seed, &bytes).unwrap();
        assert_eq!(sealed.len(), length + SEALED_OVERHEAD);
        assert_eq!(open(&blue_sealing(), channel, &blue(), &sealed).as_ref(), Ok(&bytes));
        let again = seal(key, channel, &blue(), &seed, &bytes).unwrap();
        assert_eq!(again, sealed, "whoever has the seed makes the same bytes");
        assert_ne!(seal(key, channel, &blue(), &fixed("seed", "2"), &bytes).unwrap(), sealed);

        let no = Err(SealError::NotOpened);
        assert_eq!(open(&fixed("key", "RED sealing"), channel, &blue(), &sealed), no);
        assert_eq!(open(&blue_sealing(), Hash::of(b"another"), &blue(), &sealed), no);
        assert_eq!(open(&blue_sealing(), channel, &"RED".parse().unwrap(), &sealed), no);
        for at in [0, 31, 32, sealed.len() - 17, sealed.len() - 1].into_iter().filter(|at| *at < sealed.len()) {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&blue_sealing(), channel, &blue(), &changed), no, "byte {at}");
        }
        assert!(open(&blue_sealing(), channel, &blue(), &sealed[..sealed.len() - 1]).is_err());
    }
    assert_eq!(open(&blue_sealing(), channel, &blue(), &[0; SEALED_OVERHEAD - 1]), Err(SealError::TooShort));
}

#[test]
fn nothing_is_sealed_to_a_point_of_small_order() {
    let one = {
        let mut one = [0; 32];
        one[0] = 1;
        one
    };
    for key in [[0; 32], one] {
        let sealed = seal(SealingKey(key), Hash::of(b"channel"), &blue(), &fixed("seed", ""), b"bytes");
        assert_eq!(sealed, Err(SealError::Key));
    }
}

#[test]
fn an_announcement_holds_for_its_signer_and_as_it_was_signed_only() {
    let signed = golden::announcement(&Pact::new());
    let (node, other) = (TestSigner::new("BLUE node").key, TestSigner::new("RED node").key);
    assert_eq!(signed.signer(), node.id());
    signed.verify(&node).unwrap();
    signed.verify(&other).unwrap_err();
    let bytes = signed.encode();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let verified = SignedSealing::decode(&changed).map(|signed| signed.verify(&node).is_ok());
            assert!(!matches!(verified, Ok(true)), "bit {bit} of byte {at}");
        }
    }
    assert!(SignedSealing::decode(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn a_stamp_holds_for_its_witness_and_as_it_was_signed_only() {
    let pact = Pact::new();
    let signed = golden::stamp(&pact);
    let keys = pact.signed.genesis().witness_keys();
    assert_eq!(signed.verify(&keys[0]), Ok(TIME_S));
    signed.verify(&keys[1]).unwrap_err();
    let renamed = VerifierKey::new(origin("w3.example"), SignatureType::Cosignature, keys[0].key().clone());
    signed.verify(&renamed).unwrap_err();
    let bytes = signed.encode();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let verified = SignedStamp::parse(&changed).map(|signed| signed.verify(&keys[0]).is_ok());
            assert!(!matches!(verified, Ok(true)), "bit {bit} of byte {at}");
        }
    }
    let twice = [&bytes[..], signed_line(&bytes).as_bytes()].concat();
    assert!(SignedStamp::parse(&twice).is_err(), "a stamp has one signature");
}

fn signed_line(note: &[u8]) -> String {
    Note::parse(note).expect("a note").signatures[0].to_string()
}

/// The keys of a witness sign stamps and checkpoints alike, so neither may be taken for the other.
#[test]
fn a_stamp_is_no_checkpoint_and_a_checkpoint_no_stamp() {
    let pact = Pact::new();
    let stamp = golden::stamp(&pact);
    assert!(SignedCheckpoint::parse(&stamp.encode()).is_err());
    assert!(Checkpoint::parse_text(&stamp.stamp().text()).is_err());
    let witness = &pact.signed.genesis().witness_keys()[0];
    let line: NoteSignature = signed_line(&stamp.encode()).parse().unwrap();
    // Whatever origin a log is given, even that of the first line.
    for name in ["skypact.witness-stamp/v1", golden::LOG] {
        for (size, root) in [(0, empty_root()), (stamp.stamp().length, stamp.stamp().dropped)] {
            let head = Checkpoint { origin: Origin::new(name).unwrap(), size, root };
            Cosignature::verify(witness, &head, &line).unwrap_err();
            assert!(Stamp::parse_text(&head.text()).is_err());
        }
    }
    let text = stamp.stamp().text();
    let longer = text.clone() + "more\n";
    for (from, to) in [
        ("to BLUE", "to blue"),
        ("to BLUE", "TO BLUE"),
        ("/v1\n", "/v2\n"),
        ("witness ", "witness  "),
        ("bytes 64 ", "bytes 064 "),
        ("bytes 64 ", "bytes 1048577 "),
        ("channel ", "channel A"),
        ("skypact", "Skypact"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Stamp::parse_text(&changed).is_err(), "{changed}");
    }
    assert!(Stamp::parse_text(&longer).is_err() && Stamp::parse_text(text.trim_end()).is_err());
    assert_eq!(Stamp::parse_text(&text).as_ref(), Ok(stamp.stamp()));
}
