//! What the fuzz targets do with bytes of an enemy's choice. Nothing may panic, take long or take much memory, and each refusal has a code
//! and words. `make fuzz` looks for new inputs, `make test` runs the seeds and changes of them.
#![allow(dead_code, reason = "each fuzz target takes one of them")]

use std::io::Write as _;
use std::sync::LazyLock;

use skypact::http::dss::keys::KeySet;
use skypact::http::dss::metrics::Metrics;
use skypact::http::dss::token::{Authenticator, TokenRules};
use skypact_airspace::position::{StatedPosition, TEXT_BYTES_MAX, gars, mgrs, separation};
use skypact_airspace::{AltitudeMargins, LatLng, UtcNanos};
use skypact_channel::{
    ActKeys, ActivityClass, Board, Channel, Dictation, Frame, FramesItem, FramesReader, FramesWriter, Kind, LogRef,
    Message, Origin as Placed, Pact, ShortForm, Terms, VerifiedAnswer, days, dictate,
};
use skypact_dss::{Caller, Change, Dss, Operation, Recorded, Scope, Scopes, Stamp, Target};
use skypact_f3548::{
    ErrorReport, ParseOptions, PutConstraintReference, PutOperationalIntentReference, PutSubscription, Query, Request,
    SetUssAvailability,
};
use skypact_papers::{Entry as PaperEntry, Format};
use skypact_record::verify::{Expectation, verify};
use skypact_record::{
    Algorithm, Beacon, Cosignature, Entry, Erasure, ForkProof, Hash, JournalLeaf, KeyChange, KeyHistory, KeyId,
    KeyRotation, NoteSignature, Offer, Origin, PublicKey, SignedCheckpoint, SignedSealing, SignedStamp, TileResource,
    TileSpan, VerifierKey, entry_bundle, leaves_of, open, verify_journal,
};

/// What a target runs.
type Run = fn(&[u8]);

/// The targets: name, which is that of a folder of seeds, and what it runs.
pub(crate) const TARGETS: [(&str, Run); 18] = [
    ("request", request),
    ("changes", changes),
    ("token", token),
    ("dss_entry", dss_entry),
    ("journal_bundle", journal_bundle),
    ("record_bundle", record_bundle),
    ("note", note),
    ("frames_file", frames_file),
    ("short_form", short_form),
    ("tile", tile),
    ("dropped", dropped),
    ("beacon", beacon),
    ("position", position),
    ("keys", keys),
    ("papers", papers),
    ("aco", aco),
    ("board", board),
    ("message", message),
];

/// The time at which everything here takes place: 2026-01-01.
const NOW: UtcNanos = UtcNanos(1_767_225_600_000_000_000);

/// A body of the channel protocol. The first byte is its kind.
pub(crate) fn message(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first() else { return };
    let Some(kind) = Kind::from_wire(u16::from(*kind)) else { return };
    match Message::decode(kind, body) {
        Ok(message) => {
            assert_eq!(message.kind(), kind);
            assert_eq!(message.encode(), body, "it has one form");
        }
        Err(error) => assert!(!error.code().is_empty() && error.to_string().len() < 1_024),
    }
}

/// A request body. The first byte chooses the kind.
pub(crate) fn request(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first() else { return };
    match kind % 6 {
        0 => parsed::<PutOperationalIntentReference>(body),
        1 => parsed::<PutConstraintReference>(body),
        2 => parsed::<PutSubscription>(body),
        3 => parsed::<Query>(body),
        4 => parsed::<SetUssAvailability>(body),
        _ => parsed::<ErrorReport>(body),
    }
}

fn parsed<T: Request + PartialEq + std::fmt::Debug>(body: &[u8]) {
    let strict = T::parse(body, &ParseOptions { allow_http_base_urls: false });
    let lenient = T::parse(body, &ParseOptions { allow_http_base_urls: true });
    match (strict, lenient) {
        (Ok(strict), lenient) => assert_eq!(Ok(strict), lenient, "what is allowed stays what it is"),
        (Err(refusal), _) => {
            assert!(!refusal.code().is_empty() && !refusal.to_string().is_empty());
            assert!(refusal.to_string().len() < 4_096, "an answer is short whatever was asked");
        }
    }
}

/// Changes one after the other, a line each: operation (1 to 8), id (a digit), `n` for none or `c` for the version that was given last, and
/// the body. What is allowed is carried out, recorded, and follows again from the record.
pub(crate) fn changes(bytes: &[u8]) {
    carried_out(bytes);
}

/// The same; how many were carried out.
pub(crate) fn carried_out(bytes: &[u8]) -> usize {
    let mut count = 0;
    let (mut dss, mut replica) = (Dss::new(), Dss::new());
    let mut given = String::new();
    for (place, line) in (0..).zip(bytes.split(|byte| *byte == b'\n').take(16)) {
        let [operation, id, version, body @ ..] = line else { continue };
        let Some(operation) = Operation::from_number(u64::from(operation.wrapping_sub(b'0'))) else { continue };
        let id = match operation {
            Operation::SetUssAvailability => format!("uss{}", id % 10),
            _ => format!("0000000{}-0000-4000-8000-000000000000", id % 10),
        };
        let target = Target { id, version: (*version == b'c').then(|| given.clone()) };
        let options = ParseOptions { allow_http_base_urls: true };
        let Ok(change) = Change::parse(operation, &target, body, &options) else { continue };
        let now = UtcNanos(NOW.0 + place * 1_000_000_000);
        let random = [1, 2, 3].map(|number: u128| (place as u128) << 100 | number << 90 | 1);
        let stamp = Stamp { manager: "uss1".into(), now, random };
        let scopes = Scope::ALL.into_iter().fold(Scopes::default(), Scopes::with);
        let caller = Caller { manager: "uss1", scopes };
        if let Err(refusal) = dss.decide(&caller, &change, now) {
            assert!(!refusal.code().is_empty() && !refusal.to_string().is_empty());
            continue;
        }
        let answer = dss.apply(&change, &stamp);
        given = answer.given().unwrap_or_default();
        let recorded =
            Recorded { operation, stamp, token_id: None, target, body: body.to_vec(), given: answer.given() };
        let recorded = Recorded::decode(&recorded.encode()).expect("what was encoded is decoded");
        assert_eq!(replica.audit(&recorded), Ok(answer), "the record gives the same again");
        assert_eq!(dss.sizes(), replica.sizes());
        count += 1;
    }
    count
}

/// An `Authorization` header.
pub(crate) fn token(bytes: &[u8]) {
    static AUTHENTICATOR: LazyLock<Authenticator> = LazyLock::new(|| {
        let path = std::env::temp_dir().join(format!("skypact-fuzz-{}.pem", std::process::id()));
        let written = std::fs::File::create(&path).and_then(|mut file| file.write_all(KEY.as_bytes()));
        written.expect("a file of the key");
        let keys = KeySet::from_pem_file(&path).expect("a sound key");
        // It may stay when the process ends here.
        let _ = std::fs::remove_file(&path);
        let rules = TokenRules::new(vec!["localhost".to_owned()], vec![], false).expect("an audience");
        Authenticator::new(rules, keys, std::sync::Arc::new(Metrics::new()))
    });
    let header = std::str::from_utf8(bytes).ok();
    let refused = AUTHENTICATOR.verify(header, NOW.0 / 1_000_000_000).expect_err("nobody has the private key");
    assert!(!refused.code().is_empty() && refused.to_string().len() < 1_024);
}

/// A paper of notices. The first byte chooses the format. What is read is written and read again as the same.
pub(crate) fn papers(bytes: &[u8]) {
    let Some((kind, paper)) = bytes.split_first() else { return };
    let format = Format::ALL[usize::from(*kind) % Format::ALL.len()];
    let told = |fault: &skypact_papers::Fault| {
        assert!(!fault.code.is_empty() && fault.line > 0);
        assert!(fault.to_string().len() < 4_096, "a fault is short whatever was written");
    };
    let reading = match format.read(paper) {
        Ok(reading) => reading,
        Err(fault) => return told(&fault),
    };
    reading.faults.iter().for_each(told);
    assert!(reading.fault_count >= reading.faults.len());
    let labels: Vec<String> = (0..reading.notices.len()).map(|place| place.to_string()).collect();
    let entries: Vec<PaperEntry<'_>> = labels
        .iter()
        .zip(&reading.notices)
        .map(|(label, (_, notice))| PaperEntry { label, party: "RED", notice })
        .collect();
    let again = format.read(format.write(&entries).as_bytes()).expect("what was written is a paper");
    assert_eq!(again.fault_count, 0, "{:?}", again.faults);
    // XML has no place for two characters that a call sign may hold; those of a paper in XML are none of them.
    let notices = |reading: &skypact_papers::Reading| -> Vec<_> {
        reading.notices.iter().map(|(_, notice)| notice.clone()).collect()
    };
    assert_eq!(notices(&again), notices(&reading));
}

/// An airspace control order. What is read is written again, outwards, and is read again as the same number of notices.
pub(crate) fn aco(bytes: &[u8]) {
    let reading = match skypact_papers::aco::read(bytes, Some(ActivityClass::Manned)) {
        Ok(reading) => reading,
        Err(fault) => return assert!(!fault.code.is_empty() && fault.line > 0 && fault.to_string().len() < 4_096),
    };
    for fault in &reading.faults {
        assert!(!fault.code.is_empty() && fault.line > 0 && fault.to_string().len() < 4_096, "{fault}");
    }
    let labels: Vec<String> = (0..reading.notices.len()).map(|place| place.to_string()).collect();
    let notices = labels.iter().zip(&reading.notices);
    let entries: Vec<PaperEntry<'_>> =
        notices.map(|(label, (_, notice))| PaperEntry { label, party: "RED", notice }).collect();
    let margins = AltitudeMargins { pressure_mm: 1_000_000, geoid_mm: 110_000 };
    match skypact_papers::aco::write(&entries, &margins) {
        Ok(written) => {
            let again = skypact_papers::aco::read(written.text.as_bytes(), None).expect("what was written is an order");
            assert_eq!((again.fault_count, again.notices.len()), (0, entries.len()), "{:?}", again.faults);
        }
        Err(error) => assert!(!error.code.is_empty() && error.to_string().len() < 1_024),
    }
}

/// An entry of a DSS's log, and the leaf of a journal.
pub(crate) fn dss_entry(bytes: &[u8]) {
    match Recorded::decode(bytes) {
        Ok(recorded) => {
            assert_eq!(recorded.encode(), bytes, "it has one form");
            // The request in it may be none.
            let _ = Dss::new().audit(&recorded);
        }
        Err(error) => assert!(!error.code().is_empty() && !error.to_string().is_empty()),
    }
    if let Ok(leaf) = JournalLeaf::decode(bytes) {
        assert_eq!(leaf.encode().as_deref(), Ok(bytes), "it has one form");
    }
}

/// A journal bundle.
pub(crate) fn journal_bundle(bytes: &[u8]) {
    let mut dss = Dss::new();
    let report = verify_journal(bytes, None, |_, body| {
        let recorded = Recorded::decode(body).map_err(|error| (error.code(), error.to_string()))?;
        dss.audit(&recorded).map(drop).map_err(|error| (error.code(), error.to_string()))
    });
    assert!(report.faults.iter().all(|fault| !fault.code.is_empty() && !fault.message.is_empty()));
    assert!(report.holds() || !report.faults.is_empty(), "what does not hold says why");
}

/// A bundle of a channel.
pub(crate) fn record_bundle(bytes: &[u8]) {
    let report = verify(bytes, &Expectation { channel: None }, 1);
    assert!(report.faults.iter().all(|fault| !fault.code.is_empty() && !fault.message.is_empty()));
}

/// A signed checkpoint, each of whose lines is held to a cosigner's key of either algorithm as if it were by that key.
pub(crate) fn note(bytes: &[u8]) {
    let signed = match SignedCheckpoint::parse(bytes) {
        Ok(signed) => signed,
        Err(error) => return assert!(!error.code().is_empty() && !error.to_string().is_empty()),
    };
    assert_eq!(signed.encode(), bytes, "it has one form");
    // The base point of the curve, and any bytes.
    let base: [u8; 32] = std::array::from_fn(|place| if place == 0 { 0x58 } else { 0x66 });
    let keys = [PublicKey::ed25519(&base), PublicKey::new(Algorithm::MlDsa44, &[7; 1312])];
    for key in keys.into_iter().flatten() {
        for line in signed.signatures() {
            let Ok(name) = line.name.parse::<Origin>() else { continue };
            let key = VerifierKey::cosigner(name, key.clone());
            let line = NoteSignature { key_id: key.key_id(), ..line.clone() };
            let refusal = Cosignature::verify(&key, signed.checkpoint(), &line).expect_err("nobody has the secret");
            assert_eq!(refusal.code(), "signature-invalid");
        }
    }
}

/// A file of frames, read in pieces whose length the first byte chooses. What is in it is held against the pact of the golden files.
pub(crate) fn frames_file(bytes: &[u8]) {
    let Some((piece, file)) = bytes.split_first() else { return };
    let mut reader = FramesReader::default();
    let mut again: Option<(FramesWriter, Vec<u8>)> = None;
    let refused = |code: &str, words: &str| assert!(!code.is_empty() && !words.is_empty());
    for piece in file.chunks(1 + usize::from(*piece)) {
        reader.push(piece);
        loop {
            let item = match reader.next_item() {
                Ok(Some(item)) => item,
                Ok(None) => break,
                Err(error) => return refused(error.code(), &error.to_string()),
            };
            match &item {
                FramesItem::Head(head) => {
                    again = Some(FramesWriter::new(head));
                    continue;
                }
                FramesItem::Answer(answer) => {
                    if let Err(error) = VerifiedAnswer::verify(answer.clone(), &PACT, &ActKeys::default()) {
                        refused(error.code(), &error.to_string());
                    }
                }
                FramesItem::Frame(frame) => {
                    for sender in [0, 1] {
                        if let Err(error) = frame.verify(&PACT, &ActKeys::default(), sender) {
                            refused(error.code(), &error.to_string());
                        }
                    }
                }
                FramesItem::End { .. } => {}
            }
            let (writer, written) = again.as_mut().expect("the head is first");
            written.extend(writer.item(&item));
        }
    }
    match reader.finish() {
        Ok(()) => assert_eq!(again.expect("it has a head").1, file, "it has one form"),
        Err(error) => refused(error.code(), &error.to_string()),
    }
}

/// A short form as either party takes it in, which holds the beginning of the golden files; lines of a dictation where the first byte is `=`.
pub(crate) fn short_form(bytes: &[u8]) {
    static CHANNELS: LazyLock<[Channel; 2]> = LazyLock::new(|| ["BLUE", "RED"].map(beginning));
    if let Some(text) = bytes.strip_prefix(b"=") {
        return dictation(&String::from_utf8_lossy(text));
    }
    for channel in &*CHANNELS {
        if let Ok(frame) = channel.read_short_frame(bytes) {
            assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame), "it is a frame");
        }
        match channel.read_short(bytes) {
            Ok(ShortForm::Entry(log, frame)) => {
                assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame), "it is a frame");
                if let Err(error) = frame.verify(channel.pact(), channel.keys(), log.party) {
                    assert!(!error.code().is_empty() && !error.to_string().is_empty());
                }
            }
            Ok(ShortForm::Answer(answer)) => {
                assert!(answer.size <= channel.log(LogRef { party: channel.me(), class: answer.class }).size());
            }
            Err(error) => assert!(!error.code().is_empty() && error.to_string().len() < 1_024),
        }
    }
}

/// A party's channel that holds the first entry of each log.
pub(crate) fn beginning(party: &str) -> Channel {
    let pact = Pact::decode(PACT_BYTES).expect("a pact in force");
    let mut channel = Channel::new(pact, party).expect("a party of it");
    for (log, frame) in LogRef::ALL.into_iter().zip(HELD) {
        let frame = Frame::decode(frame).expect("a golden frame");
        let entry = Entry::decode(&frame.entries[0]).expect("a golden entry");
        channel.replay(log, 0, entry).expect("a sound entry");
    }
    channel
}

fn dictation(text: &str) {
    let mut dictation = Dictation::default();
    for line in text.lines() {
        if let Err(error) = dictation.line(line) {
            assert!(!error.code().is_empty() && error.to_string().len() < 1_024);
        }
    }
    match dictation.finish() {
        Ok(bytes) => {
            let mut again = Dictation::default();
            for line in dictate(&bytes).expect("as many bytes as were dictated") {
                again.line(&line).expect("a line that was just made");
            }
            assert_eq!(again.finish(), Ok(bytes));
        }
        Err(error) => assert!(!error.code().is_empty()),
    }
}

/// The first entry of each log in the channel's golden files.
const HELD: [&[u8]; 4] = [
    include_bytes!("../crates/channel/golden/short-held-0"),
    include_bytes!("../crates/channel/golden/short-held-1"),
    include_bytes!("../crates/channel/golden/short-held-2"),
    include_bytes!("../crates/channel/golden/short-held-3"),
];

/// A position in any of its forms. What is read is an area around its middle, and what is printed of that is read again.
pub(crate) fn position(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match StatedPosition::read(text) {
        Ok(stated) => {
            assert!(text.len() <= TEXT_BYTES_MAX && stated.area().across_mm() >= 0);
            let middle = stated.area().middle();
            for printed in [mgrs(middle, 5), gars(middle)] {
                let again = StatedPosition::read(&printed).expect("what is printed is read");
                assert!(separation(stated.area(), again.area()).apart_mm <= 1, "{text} and {printed}");
            }
        }
        Err(error) => {
            assert!(!error.code().is_empty() && !error.field().is_empty() && !error.to_string().is_empty());
            assert!(error.to_string().len() < 2_048, "an answer is short whatever was asked");
        }
    }
}

/// The pact of the channel's golden files.
const PACT_BYTES: &[u8] = include_bytes!("../crates/channel/golden/pact");

/// A path of a tiled log; and a bundle of as many leaves as the first byte says, plus one.
pub(crate) fn tile(bytes: &[u8]) {
    if let Ok(path) = std::str::from_utf8(bytes) {
        match path.parse::<TileResource>() {
            Ok(resource) => assert_eq!(resource.to_string(), path, "it has one form"),
            Err(error) => assert!(!error.code().is_empty() && !error.to_string().is_empty()),
        }
    }
    let Some((width, bundle)) = bytes.split_first() else { return };
    let span = TileSpan::new(0, u16::from(*width) + 1).expect("1 to 256");
    match leaves_of(bundle, span) {
        Ok(leaves) => assert_eq!(entry_bundle(leaves).as_deref(), Ok(bundle), "it has one form"),
        Err(error) => assert!(!error.code().is_empty() && !error.to_string().is_empty()),
    }
}

/// What comes from a witness's drop-box, or by way of it: a stamp, an announcement, an offer, sealed bytes.
pub(crate) fn dropped(bytes: &[u8]) {
    match SignedStamp::parse(bytes) {
        Ok(stamp) => assert_eq!(stamp.encode(), bytes, "it has one form"),
        Err(error) => assert!(!error.code().is_empty() && !error.to_string().is_empty()),
    }
    if SignedStamp::parse(bytes).is_ok() {
        assert!(SignedCheckpoint::parse(bytes).is_err(), "a stamp is no checkpoint");
    }
    match SignedSealing::decode(bytes) {
        Ok(signed) => assert_eq!(signed.encode(), bytes, "it has one form"),
        Err(error) => assert!(!error.code().is_empty() && !error.to_string().is_empty()),
    }
    match Offer::decode(bytes) {
        Ok(offer) => assert_eq!(offer.encode(), bytes, "it has one form"),
        Err(error) => assert!(!error.code().is_empty() && !error.to_string().is_empty()),
    }
    let opened = open(&[7; 32], Hash([0; 32]), &"BLUE".parse().expect("a party name"), bytes);
    assert!(opened.is_err_and(|error| !error.code().is_empty()), "nobody sealed it");
}

/// The pact of the golden files.
static PACT: LazyLock<Pact> = LazyLock::new(|| Pact::decode(PACT_BYTES).expect("a pact in force"));

/// A beacon, as a witness publishes it.
pub(crate) fn beacon(bytes: &[u8]) {
    static KEY: LazyLock<VerifierKey> = LazyLock::new(|| WITNESS.parse().expect("a sound key"));
    match Beacon::parse(bytes, &KEY) {
        Ok(beacon) => assert!(Beacon::verify(beacon.line().clone(), &KEY).is_ok_and(|again| again == beacon)),
        Err(error) => assert!(!error.code().is_empty() && !error.to_string().is_empty()),
    }
}

/// What tells keys, a proof of a fork, and what erases bodies. The first byte chooses the kind.
pub(crate) fn keys(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => {
            if let Ok(change) = KeyChange::decode(bytes) {
                assert_eq!(change.encode().as_deref(), Ok(bytes));
            }
        }
        1 => {
            if let Ok(rotation) = KeyRotation::decode(bytes) {
                assert_eq!(rotation.encode().as_deref(), Ok(bytes));
                let genesis = PACT.genesis();
                for party in &genesis.parties {
                    let mut history = KeyHistory::default();
                    let rotated = history.rotate(genesis, &party.name, (1, &[]), &rotation).is_ok();
                    assert_eq!(rotated, history != KeyHistory::default(), "as a whole or not at all");
                }
            }
        }
        2 => {
            if let Ok(proof) = ForkProof::decode(bytes) {
                assert_eq!(proof.encode(), bytes);
                if let Err(error) = proof.verify(&proof.log_keys(PACT.genesis())) {
                    assert!(!error.code().is_empty() && !error.to_string().is_empty());
                }
            }
        }
        _ => {
            let of_record = Erasure::decode(bytes);
            assert!(of_record.iter().all(|erasure| erasure.encode().as_deref() == Ok(bytes)));
            // The channel also reads what stays of each body.
            if let Ok(message) = Message::decode(Kind::Erased, bytes) {
                assert!(of_record.is_ok() && message.encode() == bytes);
            }
        }
    }
}

/// Bodies of messages, one behind the other, each with its kind (a byte) and its length (two bytes) before it: as a counterpart's node
/// takes them in, under a pact with a line. A board folds all that fits, and shows it.
pub(crate) fn board(bytes: &[u8]) {
    let along = |lat: i64| LatLng::new(lat * 1_000_000_000, 40_000_000_000).expect("a place");
    let mut board = Board::new(Terms { deconfliction_line: vec![along(30), along(40)], ..Terms::template() });
    let mut rest = bytes;
    for index in 0..64 {
        let Some((&[kind, high, low], behind)) = rest.split_first_chunk() else { break };
        let (body, behind) = behind.split_at(behind.len().min((usize::from(high) << 8) | usize::from(low)));
        rest = behind;
        let Some(kind) = Kind::from_wire(u16::from(kind)) else { continue };
        match Message::decode(kind, body) {
            Err(error) => assert!(!error.code().is_empty() && !error.to_string().is_empty()),
            Ok(message) => {
                assert_eq!(message.encode(), body);
                if let Err(misfit) = board.apply(origin(index, body), message) {
                    assert!(!misfit.code().is_empty() && !misfit.to_string().is_empty());
                }
            }
        }
    }
    let counted = board.line().count();
    let crossings: u64 = days(&counted).values().map(|day| day.total() + day.struck).sum();
    assert_eq!(crossings, counted.len() as u64, "each crossing is of one day");
    assert!(board.announced_crossings().take(1_000).count() <= 1_000);
    assert!(board.commitments().overdue(NOW).all(|state| state.stand(NOW).name() == "overdue"));
}

/// Where a body stands: party 0 and 1 in turn. Its leaf hash is that of its bytes, so that later ones can cite it.
fn origin(index: u64, body: &[u8]) -> Placed {
    Placed {
        party: usize::from(index % 2 == 1),
        signer: "Officer".to_owned(),
        key: KeyId(Hash([0; 32])),
        leaf: Hash::of(body),
        index,
        epoch: 1,
        seen_urgent: 0,
        seen_routine: index,
        references: Vec::new(),
        content: Hash::of(body),
        claimed_time: NOW,
    }
}

/// The key of the first witness of the golden files.
const WITNESS: &str = "w1.example+d2dc3dad+BNGxUJki/Ecryqc9OgtWHA/Szt4i7b+utscmCNkSbz9s";

/// A public key made for these targets; the private one was thrown away.
const KEY: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyrRNtnUeB/Nkdo2ryEAE\n\
+BlP6F17cG8DbdKNnjfWPqvADNxVQHqCsuLhm9oRxf73yP32qaVYBINQe64TaA5M\n\
8p+UXP5JqbWX3ORIj08jo5XmZ4YAKWwIkrc2RhTc5zZvRnV+lzM5E8UXzUTZeUzj\n\
4hWCr871NkWCtw/WBcW2W14fD775OUB9yc0U01wFhHo+kzvaMxyUY796nZRqrJij\n\
TdTwV8plLeKbmz/LFmDP26KNJos4tZbyBr6AF9Jt2AzwqQ9+gTPyqNljPZavfC9d\n\
xatSKA9VQ0WoCqFZb2o8+/57L0KdzRK3PLhVYclYKqvlr1WGqqL1jYq1kKM8vb3O\n\
/wIDAQAB\n\
-----END PUBLIC KEY-----\n";
