//! ML-DSA-44 beside Ed25519 in a channel: what stations sign, that nothing waits for it, that it follows, and that a false line is refused.

use ml_dsa::{Keypair as _, MlDsa44};
use skypact_airspace::UtcNanos;
use skypact_channel::{
    ActKeys, Changes, Channel, Context, Frame, FrameAnswer, FrameError, KeptNote, Kind, LogRef, Message, NoteKind,
    Pact, Station, VerifiedReceipt, Witnessed,
};
use skypact_record::{
    Algorithm, KeyRole, LogClass, NoteSignature, Origin, PublicKey, SignatureType, SignedCheckpoint, Signer,
    SignerError, cosign,
};

use crate::parties::{self, BLUE, Counter, Machine, RED, T0, key, post_quantum_signers, witness};
use crate::posts::{Post, wait};

const LOG: LogRef = LogRef { party: RED, class: LogClass::Routine };

/// An ML-DSA-44 key in memory, deterministic.
pub(crate) struct MlDsaKey {
    secret: ml_dsa::SigningKey<MlDsa44>,
    pub(crate) public: PublicKey,
}

impl MlDsaKey {
    /// Key of a party's role, or of the witness (party 2).
    pub(crate) fn new(party: usize, role: KeyRole) -> Self {
        let secret = ml_dsa::SigningKey::<MlDsa44>::from_seed(&[16 * (party as u8 + 1) + role.number(); 32].into());
        let public = PublicKey::new(Algorithm::MlDsa44, &secret.verifying_key().encode()).unwrap();
        Self { secret, public }
    }
}

impl Signer for MlDsaKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.secret.expanded_key().sign_deterministic(message, b"").unwrap().encode().to_vec())
    }
}

/// A station that has begun, and what it wrote then.
fn station(party: usize, pact: &Pact) -> (Station, Changes) {
    let channel = Channel::new(pact.clone(), ["BLUE", "RED"][party]).unwrap();
    let mut station = Station::new(channel, post_quantum_signers(party));
    let changes = in_context(|context| {
        station.open(context);
        station.finish(context)
    });
    (station, changes)
}

fn in_context<T>(act: impl FnOnce(&mut Context<'_>) -> T) -> T {
    act(&mut Context { now: UtcNanos(T0), entropy: &mut Counter(7) })
}

/// RED's frame of its genesis, BLUE's station, and RED's.
fn ends(pact: &Pact) -> (Frame, Station, Station) {
    let ((red, changes), (blue, _)) = (station(RED, pact), station(BLUE, pact));
    let entries = changes.entries.iter().filter(|(log, _)| *log == LOG).map(|(_, entry)| entry.entry.encode().unwrap());
    (red.frame(LOG, 0, entries.collect()), blue, red)
}

fn receive(blue: &mut Station, frame: &Frame) -> (FrameAnswer, Vec<KeptNote>) {
    let frame = Frame::decode(&frame.encode()).unwrap().verify(blue.channel().pact(), blue.channel().keys(), RED);
    let frame = frame.unwrap();
    in_context(|context| {
        let answer = blue.receive(frame, context).unwrap();
        // Besides, it anchors the head in its own log, which has a head of its own then.
        let kept = blue.finish(context).notes.into_iter().filter(|kept| kept.log == LOG);
        (answer, kept.collect())
    })
}

fn keep(red: &mut Station, note: &[u8]) -> Vec<NoteKind> {
    let receipt = VerifiedReceipt::verify(note, red.channel().pact(), red.channel().keys()).unwrap();
    in_context(|context| {
        red.keep(receipt, context).unwrap();
        // Besides, it states what the witness saw in its own log, which has a new head then.
        let kinds = red.finish(context).notes.into_iter().map(|kept| kept.kind);
        kinds.filter(|kind| *kind != NoteKind::Checkpoint).collect()
    })
}

fn is_ml_dsa_44(line: &NoteSignature) -> bool {
    line.bytes.len() == SignatureType::CosignatureMlDsa44.signature_length()
}

/// The note as it comes over a link with little room.
fn classical(note: &[u8]) -> Vec<u8> {
    let mut signed = SignedCheckpoint::parse(note).unwrap();
    signed.retain(|line| !is_ml_dsa_44(line));
    signed.encode()
}

fn names(note: &[u8]) -> Vec<String> {
    let signed = SignedCheckpoint::parse(note).unwrap();
    signed.signatures().iter().filter(|line| is_ml_dsa_44(line)).map(|line| line.name.clone()).collect()
}

#[test]
fn heads_and_receipts_are_signed_under_both() {
    let pact = parties::post_quantum_pact();
    let (frame, mut blue, mut red) = ends(&pact);
    assert_eq!(names(&frame.note), ["red.example/test-1/routine"]);
    let (answer, kept) = receive(&mut blue, &frame);
    assert_eq!(names(&answer.note), ["red.example/test-1/routine", "blue.example/mirror"]);
    assert_eq!(kept.iter().map(|kept| names(&kept.note).len()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(keep(&mut red, &answer.note), [NoteKind::Receipt]);
    let log = red.channel().log(LOG);
    assert_eq!((log.delivered, log.post_quantum.mirrored), (1, true));
}

#[test]
fn a_pact_without_such_keys_gets_no_such_line_whatever_a_node_has() {
    let (frame, mut blue, _) = ends(&parties::pact());
    assert_eq!(names(&frame.note), [""; 0]);
    assert_eq!(names(&receive(&mut blue, &frame).0.note), [""; 0]);
}

#[test]
fn nothing_waits_for_the_lines_and_they_follow() {
    let pact = parties::post_quantum_pact();
    let (frame, mut blue, mut red) = ends(&pact);
    let (answer, kept) = receive(&mut blue, &Frame { note: classical(&frame.note), ..frame.clone() });
    assert_eq!(kept.iter().map(|kept| names(&kept.note).len()).collect::<Vec<_>>(), [0, 1]);
    let state = |red: &Station| (red.channel().log(LOG).delivered, red.channel().log(LOG).post_quantum.mirrored);
    assert_eq!(keep(&mut red, &classical(&answer.note)), [NoteKind::Receipt]);
    assert_eq!(state(&red), (1, false));
    // The same head once more, with its lines: it takes the place of the one without.
    assert_eq!(keep(&mut red, &answer.note), [NoteKind::Receipt]);
    assert_eq!(state(&red), (1, true));
    for again in [&answer.note, &classical(&answer.note)] {
        assert_eq!(keep(&mut red, again), []);
        assert_eq!(state(&red), (1, true));
    }
    // The receiver keeps the author's line when a note of the same head comes without it.
    let note = red.note_frame(LOG, 1, frame.note.clone());
    let (_, kept) = receive(&mut blue, &note);
    assert_eq!(names(&kept[0].note), ["red.example/test-1/routine"]);
    let (answer, kept) = receive(&mut blue, &Frame { note: classical(&frame.note), ..note });
    assert_eq!(names(&kept[0].note), ["red.example/test-1/routine"]);
    assert_eq!(names(&answer.note).len(), 2);
}

#[test]
fn a_receipt_over_the_empty_log_is_never_kept() {
    let pact = parties::post_quantum_pact();
    let (frame, mut blue, mut red) = ends(&pact);
    // The question with which a node begins (docs/channel-protocol.md, section 5).
    let question = red.note_frame(LOG, 0, red.checkpoint(LOG, 0).encode());
    let (answer, kept) = receive(&mut blue, &question);
    assert_eq!(kept, []);
    assert_eq!(names(&answer.note), ["red.example/test-1/routine", "blue.example/mirror"]);
    assert_eq!(keep(&mut red, &answer.note), [], "a bundle with it would not hold");
    let (answer, _) = receive(&mut blue, &frame);
    assert_eq!(keep(&mut red, &answer.note), [NoteKind::Receipt]);
}

#[test]
fn a_witness_counts_once_and_its_line_follows_too() {
    let pact = parties::post_quantum_pact();
    let (frame, _, mut red) = ends(&pact);
    let asked = red.witness_request(LOG, "witness.example", None).unwrap().checkpoint;
    assert_eq!(names(&asked.encode()).len(), 1);
    let line = |signer: &dyn Signer| {
        cosign(asked.checkpoint(), 5, &Origin::new("witness.example").unwrap(), signer).unwrap().to_string()
    };
    let (ed25519, ml_dsa_44) = (line(&witness()), line(&MlDsaKey::new(2, KeyRole::Witness)));
    let alone =
        VerifiedReceipt::of_witness(&pact, &ActKeys::default(), asked.clone(), "witness.example", &ml_dsa_44).unwrap();
    assert!(alone.is_none(), "ML-DSA-44 alone is no cosignature that counts");
    let kind = [NoteKind::Cosignature("witness.example".to_owned())];
    let both =
        VerifiedReceipt::of_witness(&pact, &ActKeys::default(), asked, "witness.example", &(ed25519 + &ml_dsa_44))
            .unwrap()
            .unwrap();
    assert_eq!(keep(&mut red, &classical(&both.note)), kind);
    assert_eq!(red.channel().log(LOG).witnessed(1), 1);
    assert_eq!(red.channel().log(LOG).post_quantum.cosigned.len(), 0);
    assert_eq!(keep(&mut red, &both.note), kind);
    assert_eq!(red.channel().log(LOG).post_quantum.cosigned.len(), 1);
    assert_eq!(red.channel().log(LOG).cosigned.len(), 1);
    assert_eq!(keep(&mut red, &frame.note), []);
}

#[test]
fn a_false_line_of_ml_dsa_44_refuses_the_note_and_lines_of_others_are_not_kept() {
    let pact = parties::post_quantum_pact();
    let (frame, mut blue, _) = ends(&pact);
    let signed = SignedCheckpoint::parse(&frame.note).unwrap();
    let own = signed.signatures()[1].clone();
    let mut forged = own.clone();
    forged.bytes[1000] ^= 1;
    let note = [&classical(&frame.note)[..], forged.to_string().as_bytes()].concat();
    let refused = Frame { note, ..frame.clone() }.verify(&pact, blue.channel().keys(), RED).unwrap_err();
    assert!(matches!(refused, FrameError::Note { .. }));
    assert_eq!(refused.code(), "signature-invalid");
    // A stranger's line, and the author's once more with another time.
    let stranger = NoteSignature { name: "nobody.example".to_owned(), key_id: 1, bytes: vec![7; 60_000] };
    let again = cosign(signed.checkpoint(), 9, &signed.checkpoint().origin, &MlDsaKey::new(RED, KeyRole::Checkpoint));
    let more = [&frame.note[..], stranger.to_string().as_bytes(), again.unwrap().to_string().as_bytes()].concat();
    let (answer, kept) = receive(&mut blue, &Frame { note: more, ..frame.clone() });
    assert_eq!(kept[0].note, frame.note);
    assert_eq!(SignedCheckpoint::parse(&answer.note).unwrap().signatures().len(), 4);
}

#[test]
fn entries_about_heads_carry_ed25519_lines_alone_and_take_the_others() {
    let [mut blue, mut red] = [BLUE, RED].map(|me| Post::of(me, parties::post_quantum_pact()));
    red.says(&parties::here()).unwrap();
    for _ in 0..4 {
        wait([&mut blue, &mut red], 1_000);
        blue.hears(&mut red);
        red.is_witnessed(LOG);
        red.hears(&mut blue);
    }
    let notes = |post: &Post| {
        let of = |message| match message {
            Message::Anchor(anchor) => anchor.note,
            Message::Witnessed(witnessed) => witnessed.note,
            other => panic!("{other:?} is about no head"),
        };
        [post.said(Kind::Anchor), post.said(Kind::Witnessed)].map(|said| said.into_iter().map(of).collect::<Vec<_>>())
    };
    let [anchors, witnessed] = [notes(&blue)[0].clone(), notes(&red)[1].clone()];
    assert!(!anchors.is_empty() && witnessed.len() == 1, "{} and {}", anchors.len(), witnessed.len());
    for (note, lines) in anchors.iter().map(|note| (note, 1)).chain([(&witnessed[0], 2)]) {
        assert_eq!(names(note), [""; 0]);
        assert_eq!(SignedCheckpoint::parse(note).unwrap().signatures().len(), lines);
        assert!(note.len() < 512, "{} bytes", note.len());
    }
    let anomalies = [&blue, &red].map(|post| post.station.channel().anomalies().count());
    assert_eq!(anomalies, [0; 2]);
    let state = blue.station.channel().log(LOG);
    assert!(state.times.size("witness.example") >= 2 && red.station.channel().log(LOG).anchored >= 2);
    assert!(state.post_quantum.mirrored, "heads and receipts have them all the same");
}

#[test]
fn entries_about_heads_that_another_wrote_with_all_lines_are_read_and_a_false_line_in_them_is_told() {
    for (bit, anomalies) in [(0, 0), (1, 1)] {
        let [mut blue, mut red] = [BLUE, RED].map(|me| {
            let mut machine = Machine::unopened(me, parties::post_quantum_pact());
            machine.open();
            machine
        });
        let mut note = red.checkpoint(LOG, 1);
        let cosigners =
            [("red.example/test-1/routine", RED, KeyRole::Checkpoint), ("witness.example", 2, KeyRole::Witness)];
        for (name, party, role) in cosigners {
            let name = Origin::new(name).unwrap();
            note.add(cosign(note.checkpoint(), 5, &name, &MlDsaKey::new(party, role)).unwrap());
        }
        let mut lines = note.signatures().to_vec();
        lines[2].bytes[1000] ^= bit;
        let text = note.checkpoint().text() + "\n" + &lines.iter().map(ToString::to_string).collect::<String>();
        assert_eq!(names(text.as_bytes()).len(), 2);
        let said = Message::Witnessed(Witnessed { class: LogClass::Routine, note: text.into_bytes() });
        let draft = red.draft(&said);
        red.commit(parties::forged(draft, &key(RED, KeyRole::Node), |_| ()));
        parties::deliver(&mut red, &mut blue);
        assert_eq!(blue.channel.anomalies().count(), anomalies);
        assert_eq!(blue.channel.log(LOG).times.size("witness.example"), 0, "ML-DSA-44 lines state no times");
    }
}
