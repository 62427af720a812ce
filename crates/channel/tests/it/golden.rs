//! Golden files of docs/channel-protocol.md. To write them anew after a deliberate change of the format, run the ignored
//! test here and review the difference.

use std::path::PathBuf;

use skypact_airspace::{
    Altitude, AltitudeBand, Corridor, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d,
};
use skypact_channel::{
    ActKeys, ActivityClass, Anchor, Assurance, AssuranceAct, BillTurn, Commitment, CommitmentFinding, ConflictKey,
    CrossingDispute, Dictation, DisputeAct, DisputeReason, Draft, Erased, Finding, Frame, FrameAnswer, Hotline, Kind,
    ListReceipt, LogHead, LogRef, Message, Notice, NoticeAct, Pact, Parameter, Period, Propagation, Protected, Reach,
    Reconciled, Remedy, Residue, Rung, Statement, Stop, StopArea, StopRung, Terms, Verification, VerifiedReceipt,
    Watch, WatchAct, WatchBill, Witnessed, dictate,
};
use skypact_record::{
    AddedKey, ForkProof, Hash, KeyChange, KeyRole, Label, LogClass, PartyKey, RevokedKey, Signer as _,
};

use crate::carriage::{self, round_trip};
use crate::parties::{BLUE, Key, Machine, NEXT_HEAD_KEYS, RED, SECOND, T0, here, pact_bytes, pair};
use crate::short_form;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("golden/{name}: {error}"))
}

fn point(lat_e9: i64, lng_e9: i64) -> LatLng {
    LatLng::new(lat_e9, lng_e9).unwrap()
}

/// A polygon, open above, and a corridor of which each altitude has another datum.
fn shapes() -> Vec<Volume4d> {
    let corners = vec![
        point(35_000_000_000, 40_000_000_000),
        point(35_500_000_000, 40_000_000_000),
        point(35_000_000_000, 40_500_000_000),
    ];
    let window = TimeWindow::new(UtcNanos(T0), UtcNanos(T0 + 3_600 * SECOND)).unwrap();
    let band = |lower, upper| AltitudeBand::new(lower, upper).unwrap();
    let at = |mm, datum| Some(Altitude { mm, datum });
    let route = vec![point(-1_000_000_000, -1), point(0, 1)];
    vec![
        Volume4d::new(Footprint::Polygon(Polygon::new(corners).unwrap()), band(at(-1, Datum::W84), None), window),
        Volume4d::new(
            Footprint::Corridor(Corridor::new(route, 500_000).unwrap()),
            band(None, at(3_000_000, Datum::Amsl)),
            window,
        ),
    ]
}

pub(crate) fn messages() -> Vec<(&'static str, Message)> {
    let (a, b) = (Hash([0x11; 32]), Hash([0x22; 32]));
    let key = ConflictKey::new(b, a);
    let changed = Notice {
        act: NoticeAct::Changed,
        previous: Some(a),
        class: ActivityClass::HazardArea,
        call_sign: None,
        contact: None,
        volumes: shapes(),
    };
    let window = TimeWindow::new(UtcNanos(T0), UtcNanos(T0 + SECOND)).unwrap();
    let mut messages = vec![
        ("notice-new", here()),
        ("notice-changed", Message::Notice(changed)),
        ("read-back", Message::ReadBack { notice: a, content: b }),
        ("conflict", Message::Conflict { key, window, volume_pairs: 2 }),
        ("proposal", Message::Proposal { key, notice: a, remedy: Remedy::Level, volumes: shapes() }),
        ("acceptance", Message::Acceptance { proposal: a, content: b }),
        ("stop", Message::Stop(stop(Some(a)))),
        ("stop-rung", Message::StopRung(StopRung { stop: a, rung: Rung::PassedTo, text: Some("GUN 2".to_owned()) })),
        ("stop-lifted", Message::StopLifted { stop: a }),
        ("suspend", Message::Suspend { reason: "strike of 6 April".to_owned() }),
        ("resume", Message::Resume { suspends: vec![a, b] }),
        ("reconciled", Message::Reconciled(Reconciled { resumes: [a, b], heads: [LogHead { size: 7, root: b }; 4] })),
        ("anchor", Message::Anchor(anchor())),
        ("witnessed", Message::Witnessed(Witnessed { class: LogClass::Urgent, note: anchor().note })),
        ("overdue", Message::Overdue { notice: a }),
        ("key-change", Message::KeyChange(key_change())),
        ("key-rotation", Message::KeyRotation(crate::rotation::to(&Machine::new(RED), NEXT_HEAD_KEYS[0]))),
        ("key-rotation-mirror", rotation(KeyRole::Mirror)),
        ("key-rotation-transport", rotation(KeyRole::Transport)),
        ("key-rotation-root", rotation(KeyRole::Root)),
        ("watch", Message::Watch(Watch { act: WatchAct::Takes, at: UtcNanos(T0), remarks: Some("quiet".to_owned()) })),
        ("test-call", Message::TestCall),
        ("test-answer", Message::TestAnswer { call: a }),
        ("propagation", Message::Propagation(applied(a, "DRONE CELL"))),
        ("protected", Message::Protected(hospital())),
        ("position-forms", Message::PositionForms { notice: a, forms: vec!["441LL19".to_owned()] }),
        ("erased", Message::Erased(erased())),
        ("period", Message::Period(Period { number: 2, size: 7, root: b })),
        ("crossing", Message::Crossing(crate::settlement::report("KOBALT 21", 0, 1))),
        ("crossing-dispute", Message::CrossingDispute(dispute(a))),
        ("commitment", Message::Commitment(commitment(b))),
        ("commitment-finding", Message::CommitmentFinding(finding(a))),
        ("statement", Message::Statement(statement(b))),
        ("assurance", Message::Assurance(denial())),
        ("list-receipt", Message::ListReceipt(ListReceipt { version: a, count: 3 })),
        ("hotline-phrase", Message::Hotline(phrase())),
        ("hotline-text", Message::Hotline(Hotline::Text { language: "ar".into(), text: "صباح الخير".into() })),
        ("watch-bill", Message::WatchBill(bill(&[("Officer 1", 0, 8 * 3_600), ("R. Two", 8 * 3_600, 16 * 3_600)]))),
    ];
    messages.extend(crate::cases::messages(a, b));
    messages
}

/// A notice that was cancelled, its read-back, and a position in other forms.
fn erased() -> Erased {
    let hash = |byte| Hash([byte; 32]);
    let window = TimeWindow::new(UtcNanos(T0), UtcNanos(T0 + SECOND)).unwrap();
    let version = |act, previous, unseen_overlap| {
        Some(Residue::Notice { act, previous, class: ActivityClass::Manned, window, unseen_overlap })
    };
    let bodies = [
        (hash(0x11), version(NoticeAct::New, None, true)),
        (hash(0x22), version(NoticeAct::Cancelled, Some(hash(0x11)), false)),
        (hash(0x33), Some(Residue::ReadBack { notice: hash(0x44) })),
        (hash(0x55), None),
    ];
    Erased { bodies: bodies.into() }
}

fn rotation(role: KeyRole) -> Message {
    Message::KeyRotation(crate::rotation::as_role(&Machine::new(RED), role, NEXT_HEAD_KEYS[0]))
}

/// A watch bill: officers, and from when to when, s after [`T0`].
/// A phrase with a parameter of each kind; no edition has it yet.
fn phrase() -> Hotline {
    let parameters = vec![
        Parameter::Position(LatLng::new(35_285_400_000, 40_176_000_000).unwrap()),
        Parameter::Altitude(Altitude::flight_level(180)),
        Parameter::Time(UtcNanos(1_491_555_600_000_000_000)),
        Parameter::Text("KOBALT 21".into()),
        Parameter::Number(-3),
    ];
    Hotline::Phrase { edition: 2, code: 999, parameters }
}

pub(crate) fn bill(turns: &[(&str, i64, i64)]) -> WatchBill {
    let turn = |(officer, from, until): &(&str, i64, i64)| BillTurn {
        officer: Label::new(*officer).unwrap(),
        from: UtcNanos(T0 + from * SECOND),
        until: UtcNanos(T0 + until * SECOND),
    };
    WatchBill { turns: turns.iter().map(turn).collect() }
}

fn dispute(crossing: Hash) -> CrossingDispute {
    CrossingDispute {
        crossing,
        act: DisputeAct::Disputes,
        reason: Some(DisputeReason::GpsInterference),
        text: Some("jamming from 1310 to 1340".to_owned()),
    }
}

fn commitment(supersedes: Hash) -> Commitment {
    let text = "Remove the stocks from the depot".to_owned();
    let evidence = vec![Hash([0x44; 32])];
    Commitment { of: Some(BLUE), text, due: UtcNanos(T0 + 86_400 * SECOND), evidence, supersedes: Some(supersedes) }
}

fn finding(commitment: Hash) -> CommitmentFinding {
    let text = Some("two of three were found empty".to_owned());
    CommitmentFinding { commitment, finding: Finding::NotKept, text, evidence: vec![Hash([0x44; 32])] }
}

fn statement(supersedes: Hash) -> Statement {
    Statement {
        subject: "Strike of 6 April".to_owned(),
        speaker: "BLUE".to_owned(),
        role: Some("Foreign minister".to_owned()),
        said: UtcNanos(T0),
        language: "en".to_owned(),
        quote: "We were told an hour before.".to_owned(),
        source: Some("press conference, 7 April".to_owned()),
        supersedes: Some(supersedes),
    }
}

/// A denial of every class.
fn denial() -> Assurance {
    Assurance {
        act: AssuranceAct::Denies,
        class: None,
        what: "no aircraft of ours was there".to_owned(),
        scope: shapes(),
    }
}

/// A unit that has applied a notice.
pub(crate) fn applied(notice: Hash, unit: &str) -> Propagation {
    Propagation { notice, unit: unit.to_owned(), reach: Reach::Applied, person: Some("Sgt. Three".to_owned()) }
}

/// A protected site, at the place of [`here`].
pub(crate) fn hospital() -> Protected {
    let Message::Notice(notice) = here() else { unreachable!("a notice") };
    Protected {
        notice: Notice { class: ActivityClass::GroundMovement, call_sign: None, ..notice },
        name: "Hospital at Kafr".to_owned(),
        verification: Verification::CrossChecked,
        markings: Some("red crescent on the roof".to_owned()),
        photographs: vec![Hash([0x33; 32])],
    }
}

/// A STOP with every field.
fn stop(object: Option<Hash>) -> Stop {
    Stop {
        object,
        what: "artillery at grid 441LL19".to_owned(),
        area: Some(StopArea { centre: point(35_285_400_000, 40_176_000_000), radius_mm: 3_000_000 }),
        until: Some(UtcNanos(T0 + 3_600 * SECOND)),
        reason: Some("convoy in the area".to_owned()),
    }
}

/// RED adds an officer and revokes another.
fn key_change() -> KeyChange {
    let new = Key::new(99);
    let key = PartyKey { role: KeyRole::Officer, label: Label::new("R. Two").unwrap(), key: new.public_key().clone() };
    let added = AddedKey::new(key, Machine::new(RED).channel.pact().channel(), &new).unwrap();
    let old = crate::parties::key(RED, KeyRole::Officer);
    KeyChange { added: vec![added], revoked: vec![RevokedKey { id: old.public_key().id(), trusted: [7, 1] }] }
}

/// RED's genesis, anchored by BLUE.
fn anchor() -> Anchor {
    let note = Machine::new(RED).checkpoint(Machine::new(RED).routine(), 1).encode();
    Anchor { class: LogClass::Routine, note, previous: 0, proof: Vec::new() }
}

/// RED's log with the genesis and one notice, as a frame, and BLUE's answer to it.
fn exchange() -> (Vec<u8>, Vec<u8>) {
    let (mut red, mut blue) = (Machine::new(RED), Machine::new(BLUE));
    red.submit(&here()).unwrap();
    let frame = red.frame(0, 2);
    let receipt = blue.receive(&frame).unwrap();
    (frame.encode(), receipt)
}

/// Short forms, each with the frame or the answer that it stands for: RED files a notice, BLUE reads it back, RED calls STOP for it, BLUE
/// answers; the STOP dictated. First what both hold before.
fn by_voice() -> Vec<(&'static str, Vec<u8>)> {
    let (mut red, mut blue) = pair();
    let held = ["short-held-0", "short-held-1", "short-held-2", "short-held-3"].into_iter().zip(LogRef::ALL);
    let of = |log: LogRef| if log.party == RED { &red } else { &blue };
    let mut files: Vec<_> = held.map(|(name, log)| (name, of(log).frame_of(log, 0, 1).encode())).collect();
    let filed = red.submit(&here()).unwrap();
    let log = red.routine();
    let (frame, short, _) = said(&mut red, &mut blue, log);
    files.extend([("short-notice", short), ("short-notice-frame", frame)]);
    let content = blue.channel.board().notice_of(&filed).unwrap().origin.content;
    blue.submit(&Message::ReadBack { notice: filed, content }).unwrap();
    let log = blue.routine();
    let (frame, short, _) = said(&mut blue, &mut red, log);
    files.extend([("short-read-back", short), ("short-read-back-frame", frame)]);
    let call = Message::Stop(stop(Some(filed)));
    let call = Draft::new(&red.channel.facts(), &call, vec![filed], red.now, &mut red.entropy);
    red.commit(call.sign(&crate::parties::key(RED, KeyRole::Officer)).unwrap());
    let log = LogRef { party: RED, class: LogClass::Urgent };
    let (frame, short, answer) = said(&mut red, &mut blue, log);
    let lines = dictate(&short).unwrap().join("\n") + "\n";
    files.extend([("short-stop", short), ("short-stop-frame", frame), ("short-stop-dictation", lines.into_bytes())]);
    let short = blue.channel.shorten_answer(log.class, &answer).unwrap();
    files.extend([("short-answer", short), ("short-answer-full", answer.encode())]);
    let size = red.channel.log(log).size();
    let head = red.checkpoint(log, size);
    let short = red.channel.shorten_head(log, &head).unwrap();
    let frame = Frame { start: size, entries: Vec::new(), note: head.encode(), ..red.frame_of(log, 0, size) };
    assert_eq!(blue.channel.read_short_frame(&short).as_ref(), Ok(&frame));
    files.extend([("short-head", short), ("short-head-frame", frame.encode())]);
    files
}

/// The newest entry of a log as a frame and as a short form, and the answer to it, which is delivered.
fn said(from: &mut Machine, to: &mut Machine, log: LogRef) -> (Vec<u8>, Vec<u8>, FrameAnswer) {
    let (frame, short) = short_form::newest(from, log);
    assert_eq!(to.channel.complete_entry(log.party, &short).as_ref(), Ok(&frame), "what is held is enough");
    let note = to.receive(&frame).unwrap();
    from.receipt(&note).unwrap();
    let held = &to.channel.log(log).tree;
    (frame.encode(), short, FrameAnswer { held: held.size(), note, root: held.root() })
}

#[test]
fn the_golden_short_forms_are_those_of_their_frames() {
    let files = by_voice();
    for (name, bytes) in &files {
        assert_eq!(&read(name), bytes, "{name}");
    }
    assert_eq!(files.len(), 15);
    let mut dictation = Dictation::default();
    for line in String::from_utf8(read("short-stop-dictation")).unwrap().lines() {
        dictation.line(line).unwrap();
    }
    assert_eq!(dictation.finish().unwrap(), read("short-stop"));
}

#[test]
fn golden_messages_decode_to_what_they_say_and_encode_unchanged() {
    for (name, message) in messages() {
        let bytes = read(name);
        assert_eq!(Message::decode(message.kind(), &bytes).as_ref(), Ok(&message), "{name}");
        assert_eq!(message.encode(), bytes, "{name}");
    }
}

#[test]
fn golden_terms_and_pact_decode_and_encode_unchanged() {
    assert_eq!(Terms::decode(&read("terms")).unwrap().encode(), read("terms"));
    let pact = Pact::decode(&read("pact")).unwrap();
    assert_eq!(pact.encode(), read("pact"));
    assert_eq!(pact.terms(), &Terms::template());
    assert_eq!(pact_bytes("test-1", &Terms::template()), read("pact"));
}

#[test]
fn the_golden_frame_holds_and_its_receipt_is_the_mirrors() {
    let pact = Pact::decode(&read("pact")).unwrap();
    let frame = Frame::decode(&read("frame")).unwrap();
    assert_eq!(frame.encode(), read("frame"));
    let verified = frame.verify(&pact, &ActKeys::default(), RED).unwrap();
    assert_eq!((verified.start, verified.entries.len(), verified.checkpoint.size), (0, 2, 2));
    let act = verified.entries[1].entry.leaf.act.act();
    assert_eq!(Kind::from_wire(act.kind), Some(Kind::Notice));
    assert!(VerifiedReceipt::verify(&read("receipt"), &pact, &ActKeys::default()).unwrap().mirrored);
    assert_eq!(exchange(), (read("frame"), read("receipt")));
}

#[test]
fn the_golden_files_of_frames_are_red_s_and_blue_s_answer_to_it() {
    let (out, back) = round_trip();
    for (name, items) in [("frames-file", out), ("frames-file-answer", back)] {
        assert_eq!(carriage::read(&read(name), 4_096).unwrap(), items, "{name}");
        assert_eq!(carriage::written(&items), read(name), "{name}");
    }
}

#[test]
fn the_golden_proofs_of_forks_hold_with_the_pact_alone() {
    let pact = Pact::decode(&read("pact")).unwrap();
    for (name, rotations) in [("fork-rotated", 1), ("fork-rotated-root", 2)] {
        let proof = ForkProof::decode(&read(name)).unwrap();
        assert_eq!((proof.encode(), proof.rotations.len()), (read(name), rotations));
        let [older, newer] = proof.verify(&proof.log_keys(pact.genesis())).unwrap();
        assert_ne!(older, newer);
    }
    assert_eq!(crate::rotation::proof_of_a_theft(2, 0).encode(), read("fork-rotated"));
    assert_eq!(crate::rotation_of_root::proof_across_roots().encode(), read("fork-rotated-root"));
}

#[test]
#[ignore = "writes the golden files"]
fn write_golden_files() {
    std::fs::create_dir_all(path("")).unwrap();
    for (name, message) in messages() {
        std::fs::write(path(name), message.encode()).unwrap();
    }
    let (frame, receipt) = exchange();
    std::fs::write(path("frame"), frame).unwrap();
    std::fs::write(path("receipt"), receipt).unwrap();
    for (name, bytes) in by_voice() {
        std::fs::write(path(name), bytes).unwrap();
    }
    let (out, back) = round_trip();
    std::fs::write(path("frames-file"), carriage::written(&out)).unwrap();
    std::fs::write(path("frames-file-answer"), carriage::written(&back)).unwrap();
    std::fs::write(path("fork-rotated"), crate::rotation::proof_of_a_theft(2, 0).encode()).unwrap();
    let across_roots = crate::rotation_of_root::proof_across_roots().encode();
    std::fs::write(path("fork-rotated-root"), across_roots).unwrap();
    std::fs::write(path("terms"), Terms::template().encode()).unwrap();
    std::fs::write(path("pact"), pact_bytes("test-1", &Terms::template())).unwrap();
}
