//! Rotation of the key that heads are under: which head is under which key, and that neither side, nor a thief of an old key, can use it as a
//! weapon.

use skypact_airspace::UtcNanos;
use skypact_channel::{
    Changes, Channel, Command, Context, Frame, LogRef, Message, Station, Submission, VerifiedReceipt, Witnessed,
};
use skypact_record::{
    Checkpoint, Entry, ForkProof, KeyRole, KeyRotation, LogClass, PartyName, RotatedKey, SignedAct, SignedCheckpoint,
    Signer, cosign,
};

use crate::parties::{
    BLUE, Counter, Key, Machine, NEXT_HEAD_KEYS, RED, T0, deliver, deliver_log, forged, here, key, pact, pair, settle,
    signers, witness,
};
use crate::post_quantum::MlDsaKey;

fn named(machine: &Machine, signer: &dyn Signer) -> RotatedKey {
    named_as(machine, KeyRole::Checkpoint, signer)
}

/// Names a key for a role.
pub(crate) fn named_as(machine: &Machine, role: KeyRole, signer: &dyn Signer) -> RotatedKey {
    let author = PartyName::new(["BLUE", "RED"][machine.me]).unwrap();
    RotatedKey::new(role, machine.channel.pact().channel(), &author, signer).unwrap()
}

/// A rotation to the key of that seed.
pub(crate) fn to(machine: &Machine, seed: u8) -> KeyRotation {
    as_role(machine, KeyRole::Checkpoint, seed)
}

/// The same of another role.
pub(crate) fn as_role(machine: &Machine, role: KeyRole, seed: u8) -> KeyRotation {
    KeyRotation { keys: vec![named_as(machine, role, &Key::new(seed))], trusted: [0, 0] }
}

fn act(machine: &mut Machine, rotation: &KeyRotation, class: LogClass) -> Submission {
    act_by(machine, rotation, class, &key(machine.me, KeyRole::Root))
}

/// A rotation in a log, signed by that root.
pub(crate) fn act_by(machine: &mut Machine, rotation: &KeyRotation, class: LogClass, root: &Key) -> Submission {
    let draft = machine.draft(&Message::KeyRotation(rotation.clone()));
    forged(draft, root, |act| act.log_class = class)
}

/// Asks for a rotation in both logs, and places it where it is not refused.
pub(crate) fn rotate(machine: &mut Machine, rotation: &KeyRotation) -> Result<(), &'static str> {
    rotate_by(machine, rotation, &key(machine.me, KeyRole::Root))
}

/// The same by another root.
pub(crate) fn rotate_by(machine: &mut Machine, rotation: &KeyRotation, root: &Key) -> Result<(), &'static str> {
    for class in LogClass::ALL {
        let submission = act_by(machine, rotation, class, root);
        let decided = machine.decide(Command::Submit(Box::new(submission.clone())));
        decided.map_err(|refused| refused.code())?;
        machine.commit(submission);
    }
    Ok(())
}

/// A head of a log of RED's as it stands, whatever key signs it.
fn head_under(red: &Machine, size: u64, signer: &Key) -> Vec<u8> {
    let origin = red.channel.pact().log_keys(red.routine()).origin.clone();
    let root = red.channel.log(red.routine()).tree.root_at(size).unwrap();
    SignedCheckpoint::sign(Checkpoint { origin, size, root }, signer).unwrap().encode()
}

#[test]
fn heads_change_their_key_behind_the_rotation_and_the_counterpart_follows_without_being_asked() {
    let (mut red, mut blue) = pair();
    red.submit(&here()).unwrap();
    let (log, at) = (red.routine(), red.channel.log(red.routine()).size());
    let first = to(&red, NEXT_HEAD_KEYS[0]);
    rotate(&mut red, &first).unwrap();
    red.submit(&here()).unwrap();
    let old = red.channel.pact().log_keys(log).checkpoint.clone();
    assert_eq!(red.channel.log_keys(log, at).checkpoint, old);
    assert_eq!(red.channel.log_keys(log, at + 1).checkpoint.key(), Key::new(NEXT_HEAD_KEYS[0]).public_key());
    // What comes before, up to the rotation alone, the rotation itself, and what follows: BLUE is asked nothing.
    for (start, end) in [(1, at), (at, at + 1), (at + 1, at + 2)] {
        let receipt = blue.receive(&red.frame(start, end)).unwrap();
        red.receipt(&receipt).unwrap();
    }
    settle(&mut red, &mut blue);
    assert_eq!((blue.channel.keys(), blue.channel.anomalies().count()), (red.channel.keys(), 0));
    // Twice, in one frame with what it allows; and what is held comes again, under the key of its size.
    let second = to(&red, NEXT_HEAD_KEYS[1]);
    rotate(&mut red, &second).unwrap();
    red.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    for (start, end) in [(0, at), (0, at + 1), (at, red.channel.log(log).size())] {
        blue.receive(&red.frame(start, end)).unwrap();
    }
    assert_eq!(blue.channel.keys(), red.channel.keys());
    assert_eq!(red.channel.log(log).delivered, red.channel.log(log).size());
}

#[test]
fn a_head_of_the_log_itself_under_another_key_than_that_of_its_size_is_refused() {
    let (mut red, mut blue) = pair();
    let (at, next) = (red.channel.log(red.routine()).size(), Key::new(NEXT_HEAD_KEYS[0]));
    let rotation = to(&red, NEXT_HEAD_KEYS[0]);
    rotate(&mut red, &rotation).unwrap();
    let old = key(RED, KeyRole::Checkpoint);
    let entries = red.frame(at, at + 1);
    let under =
        |frame: &Frame, size: u64, signer: &Key| Frame { note: head_under(&red, size, signer), ..frame.clone() };
    // With the rotation, and alone before and after it is held: its author cannot make a note that would spoil a bundle.
    assert_eq!(blue.receive(&under(&entries, at + 1, &old)), Err("checkpoint-key"));
    let alone = |start: u64| Frame { start, entries: Vec::new(), ..entries.clone() };
    assert_eq!(blue.receive(&under(&alone(0), at, &next)), Err("note-not-signed"));
    blue.receive(&entries).unwrap();
    assert_eq!(blue.receive(&under(&alone(0), at + 1, &old)), Err("checkpoint-key"));
    assert_eq!(blue.receive(&under(&alone(at + 1), at + 1, &old)), Err("note-not-signed"));
    assert_eq!(blue.receive(&under(&alone(0), at, &next)), Err("note-not-signed"));
    blue.receive(&under(&alone(0), at + 1, &next)).unwrap();
    blue.receive(&under(&alone(0), at, &old)).unwrap();
}

#[test]
fn a_rotation_names_a_new_key_that_is_held_and_the_root_alone_signs_it() {
    let (mut red, _) = pair();
    let mut stolen = to(&red, NEXT_HEAD_KEYS[0]);
    stolen.keys[0].possession[0] ^= 1;
    assert_eq!(rotate(&mut red, &stolen), Err("key-not-possessed"));
    let of_blue = RotatedKey::new(
        KeyRole::Checkpoint,
        red.channel.pact().channel(),
        &PartyName::new("BLUE").unwrap(),
        &Key::new(NEXT_HEAD_KEYS[0]),
    );
    let taken = KeyRotation { keys: vec![of_blue.unwrap()], trusted: [0, 0] };
    assert_eq!(rotate(&mut red, &taken), Err("key-not-possessed"), "shown by another party");
    for known in [key(RED, KeyRole::Checkpoint), key(BLUE, KeyRole::Checkpoint), key(RED, KeyRole::Officer), witness()]
    {
        let again = KeyRotation { keys: vec![named(&red, &known)], trusted: [0, 0] };
        assert_eq!(rotate(&mut red, &again), Err("key-known"));
    }
    let other = KeyRotation { keys: vec![named(&red, &MlDsaKey::new(9, KeyRole::Checkpoint))], trusted: [0, 0] };
    assert_eq!(rotate(&mut red, &other), Err("key-not-post-quantum"));
    let rotation = to(&red, NEXT_HEAD_KEYS[0]);
    for role in [KeyRole::Officer, KeyRole::Node] {
        let submission = red.draft(&Message::KeyRotation(rotation.clone())).sign(&key(RED, role)).unwrap();
        let refused = red.decide(Command::Submit(Box::new(submission))).unwrap_err();
        assert_eq!(refused.code(), "not-an-officer");
    }
    rotate(&mut red, &rotation).unwrap();
    assert_eq!(rotate(&mut red, &rotation), Err("key-known"), "a replaced key, or one in force, does not come back");
}

#[test]
fn a_rotation_of_another_epoch_or_a_repeated_message_id_has_one_meaning_for_everybody() {
    let (mut red, mut blue) = pair();
    let at = red.channel.log(red.routine()).size();
    let rotation = to(&red, NEXT_HEAD_KEYS[0]);
    let draft = red.draft(&Message::KeyRotation(rotation));
    let strange = forged(draft, &key(RED, KeyRole::Root), |act| act.epoch = 7);
    red.commit(strange);
    // A verifier of bundles takes it, so the nodes do: otherwise RED could make BLUE's bundles false.
    assert_ne!(
        red.channel.log_keys(red.routine(), at + 1).checkpoint,
        red.channel.log_keys(red.routine(), at).checkpoint
    );
    deliver(&mut red, &mut blue);
    assert_eq!((blue.channel.keys(), blue.channel.anomalies().count()), (red.channel.keys(), 1));
}

#[test]
fn a_rotation_does_not_come_without_its_body() {
    let (mut red, mut blue) = pair();
    let at = red.channel.log(red.routine()).size();
    let rotation = to(&red, NEXT_HEAD_KEYS[0]);
    rotate(&mut red, &rotation).unwrap();
    let mut frame = red.frame(at, at + 1);
    let entry = Entry::decode(&frame.entries[0]).unwrap();
    frame.entries[0] = Entry { parts: vec![None], ..entry }.encode().unwrap();
    frame.note = head_under(&red, at + 1, &key(RED, KeyRole::Checkpoint));
    assert_eq!(blue.receive(&frame), Err("act-not-permitted"));
}

#[test]
fn what_witnesses_saw_of_one_log_counts_though_the_other_log_told_the_key_first() {
    let (mut red, mut blue) = pair();
    let rotation = to(&red, NEXT_HEAD_KEYS[0]);
    rotate(&mut red, &rotation).unwrap();
    // RED states in its routine log what a witness saw of its urgent one, which BLUE does not hold yet.
    let urgent = LogRef { party: RED, class: LogClass::Urgent };
    let mut note = red.checkpoint(urgent, red.channel.log(urgent).size());
    let name = red.channel.pact().log_keys(urgent).witnesses[0].name().clone();
    note.add(cosign(note.checkpoint(), 1_790_000_000, &name, &witness()).unwrap());
    let said = Witnessed { class: LogClass::Urgent, note: note.encode() };
    let said = red.draft(&Message::Witnessed(said)).sign(&key(RED, KeyRole::Node)).unwrap();
    red.commit(said);
    let routine = red.routine();
    deliver_log(&mut red, &mut blue, routine);
    let anomalies: Vec<_> = blue.channel.anomalies().collect();
    assert!(anomalies.is_empty(), "{anomalies:?}");
    assert_eq!(blue.channel.log(urgent).times.size("witness.example"), note.checkpoint().size);
    deliver(&mut red, &mut blue);
}

/// BLUE as a node runs it, with its logs begun.
pub(crate) fn blue_station(entropy: &mut Counter) -> Station {
    let mut station = Station::new(Channel::new(pact(), "BLUE").unwrap(), signers(BLUE));
    in_context(entropy, |context| {
        station.open(context);
        station.finish(context)
    });
    station
}

pub(crate) fn in_context<T>(entropy: &mut Counter, act: impl FnOnce(&mut Context<'_>) -> T) -> T {
    act(&mut Context { now: UtcNanos(T0), entropy })
}

pub(crate) fn receive(
    station: &mut Station,
    entropy: &mut Counter,
    frame: &Frame,
) -> (Result<(), &'static str>, Changes) {
    let verified = frame.verify(station.channel().pact(), station.channel().keys(), RED);
    let verified = match verified {
        Ok(verified) => verified,
        Err(error) => return (Err(error.code()), Changes::default()),
    };
    in_context(entropy, |context| {
        let received = station.receive(verified, context).map(drop).map_err(|refused| refused.code());
        (received, station.finish(context))
    })
}

/// What BLUE keeps when it holds RED's rotation and so many entries behind it, and then hears so many entries and one of a thief, who has the old key and
/// an officer's, and goes on from before the rotation.
pub(crate) fn proof_of_a_theft(honest: u64, thief: u64) -> ForkProof {
    let mut entropy = Counter(7);
    let mut station = blue_station(&mut entropy);
    let mut red = Machine::new(RED);
    let begun = red.frame(0, 1);
    let rotation = to(&red, NEXT_HEAD_KEYS[0]);
    rotate(&mut red, &rotation).unwrap();
    for _ in 0..honest {
        red.submit(&here()).unwrap();
    }
    let size = red.channel.log(red.routine()).size();
    assert_eq!(receive(&mut station, &mut entropy, &begun).0, Ok(()));
    assert_eq!(receive(&mut station, &mut entropy, &red.frame(1, size)).0, Ok(()));
    let mut other = Machine::new(RED);
    for _ in 0..=thief {
        other.submit(&here()).unwrap();
    }
    let (received, changes) = receive(&mut station, &mut entropy, &other.frame(1, 2 + thief));
    assert_eq!(received, Err("root-differs"), "{honest} {thief}");
    let [(_, proof)] = &changes.forks[..] else { panic!("{:?}", changes.forks) };
    proof.clone()
}

#[test]
fn a_thief_of_the_old_key_signs_a_second_history_and_is_proven_with_the_pact_alone() {
    // Of the same size as what is held, smaller and larger: each leads to another form of the proof.
    for (honest, thief) in [(0, 0), (2, 0), (0, 3)] {
        let proof = ForkProof::decode(&proof_of_a_theft(honest, thief).encode()).unwrap();
        let pact = pact();
        let [older, newer] = proof.verify(&proof.log_keys(pact.genesis())).unwrap();
        assert_ne!(older, newer, "the old key and the new one");
        // Without the entry that names the new key nobody has to believe that it is RED's.
        let bare = ForkProof { rotations: Vec::new(), ..proof.clone() };
        assert!(bare.verify(&bare.log_keys(pact.genesis())).is_err());
        // Nor with one that somebody else signed.
        let mut forged = proof;
        forged.rotations[0].leaf.act = forged_by_an_officer(&forged.rotations[0]);
        assert!(forged.verify(&forged.log_keys(pact.genesis())).is_err());
    }
}

fn forged_by_an_officer(entry: &Entry) -> SignedAct {
    SignedAct::sign(entry.leaf.act.act().clone(), &key(RED, KeyRole::Officer)).unwrap()
}

#[test]
fn a_station_signs_each_head_under_the_key_of_its_size_and_takes_no_key_that_it_does_not_hold() {
    let (mut entropy, mut machine) = (Counter(7), Machine::new(BLUE));
    let mut station = blue_station(&mut entropy);
    let rotation = to(&machine, NEXT_HEAD_KEYS[0]);
    let log = LogRef { party: BLUE, class: LogClass::Routine };
    let submitted = act(&mut machine, &rotation, LogClass::Routine);
    let refused = in_context(&mut entropy, |context| station.submit(submitted.clone(), context)).unwrap_err();
    assert_eq!(refused.code(), "key-not-held");
    station.hold(Box::new(Key::new(NEXT_HEAD_KEYS[0])));
    in_context(&mut entropy, |context| {
        station.submit(submitted, context).unwrap();
        station.finish(context)
    });
    let keys = [0, 1, 2].map(|size| station.checkpoint(log, size).signatures()[0].key_id);
    assert!(keys[0] == keys[1] && keys[1] != keys[2], "{keys:?}");
    for size in 0..3 {
        let note = station.checkpoint(log, size).encode();
        VerifiedReceipt::verify(&note, station.channel().pact(), station.channel().keys()).unwrap();
    }
    assert_eq!(station.missing_key(), None);
}
