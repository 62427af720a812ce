//! Rotation of the key that receipts are under: nothing that was received is lost or denied, a thief of the old key gives no receipt that counts, and
//! a counterpart that has not heard of the new key waits and loses nothing.

use skypact_channel::{
    Channel, LogRef, MlDsa44Signers, NoteKind, RestoreError, Signers, Station, Submission, VerifiedReceipt,
};
use skypact_record::{Entry, KeyRole, KeyRotation, LogClass, SignedCheckpoint, Signer, cosign};

use crate::parties::{
    BLUE, Counter, Key, Machine, NEXT_MIRROR_KEY, RED, deliver, deliver_log, here, key, pair, post_quantum_pact,
    post_quantum_signers, settle, signers,
};
use crate::post_quantum::MlDsaKey;
use crate::rotation::{act_by, as_role, blue_station, in_context, named_as, receive, rotate};

fn to_next(machine: &Machine) -> KeyRotation {
    as_role(machine, KeyRole::Mirror, NEXT_MIRROR_KEY)
}

/// A receipt of `mirror` over so many entries of a log of `author`'s, whatever key signs it.
fn receipt_under(author: &Machine, log: LogRef, size: u64, mirror: &Key) -> Vec<u8> {
    let mut note = author.checkpoint(log, size);
    let name = author.channel.pact().log_keys(log).mirror.name().clone();
    note.add(cosign(note.checkpoint(), 1_790_000_000, &name, mirror).unwrap());
    note.encode()
}

fn counts(author: &Machine, note: &[u8]) -> bool {
    VerifiedReceipt::verify(note, author.channel.pact(), author.channel.keys()).unwrap().mirrored
}

fn counts_as_stored(author: &Machine, note: &[u8]) -> bool {
    VerifiedReceipt::verify_stored(note, author.channel.pact(), author.channel.keys()).unwrap().mirrored
}

#[test]
fn receipts_change_their_key_with_the_rotation_and_a_counterpart_that_has_not_heard_of_it_gets_them_again() {
    let (mut red, mut blue) = pair();
    let log = blue.routine();
    let held = blue.channel.log(log).size();
    let rotation = to_next(&red);
    rotate(&mut red, &rotation).unwrap();
    blue.submit(&here()).unwrap();
    // The entries that name the key are still on their way: BLUE's entry is held, and its receipt is none yet.
    let (start, end) = (red.channel.log(log).size(), blue.channel.log(log).size());
    let note = red.receive(&blue.frame(start, end)).unwrap();
    assert!(!counts(&blue, &note));
    blue.receipt(&note).unwrap();
    assert_eq!(blue.channel.log(log).delivered, held);
    for class in LogClass::ALL {
        deliver_log(&mut red, &mut blue, LogRef { party: RED, class });
    }
    let again = red.receive(&blue.frame(end, end)).unwrap();
    assert!(counts(&blue, &again) && counts(&blue, &note), "what came too early counts now");
    blue.receipt(&again).unwrap();
    assert_eq!(blue.channel.log(log).delivered, end);
    settle(&mut red, &mut blue);
    assert_eq!((blue.channel.keys(), blue.channel.anomalies().count()), (red.channel.keys(), 0));
}

#[test]
fn the_old_key_gives_receipts_up_to_what_its_holder_held_and_the_new_one_at_any_size() {
    let (mut red, mut blue) = pair();
    let log = blue.routine();
    let (held, old, new) = (blue.channel.log(log).size(), key(RED, KeyRole::Mirror), Key::new(NEXT_MIRROR_KEY));
    let rotation = to_next(&red);
    rotate(&mut red, &rotation).unwrap();
    deliver(&mut red, &mut blue);
    let later = blue.submit(&here()).map(|_| blue.channel.log(log).size()).unwrap();
    for (size, signer, is_right) in [(held, &old, true), (held, &new, true), (later, &new, true), (later, &old, false)]
    {
        let note = receipt_under(&blue, log, size, signer);
        assert_eq!(counts(&blue, &note), is_right, "{size} of {held}");
        assert_eq!(counts_as_stored(&blue, &note), is_right, "BLUE's own entry has seen the rotation");
    }
    // Of the other log the same, where BLUE has said nothing since: what comes now is judged by what RED held.
    let urgent = LogRef { party: BLUE, class: LogClass::Urgent };
    assert!(counts(&blue, &receipt_under(&blue, urgent, 1, &old)));
}

/// Places a rotation in both logs whose leaves say that RED held nothing of BLUE's.
fn understate(red: &mut Machine) {
    let rotation = to_next(red);
    for class in LogClass::ALL {
        let Submission { act, part, .. } = act_by(red, &rotation, class, &key(RED, KeyRole::Root));
        let mut leaf = red.channel.place(act);
        leaf.seen.iter_mut().for_each(|seen| seen.size = 0);
        let log = LogRef { party: RED, class };
        red.store(log, leaf.index, Entry { leaf, parts: vec![Some(part)] });
    }
}

#[test]
fn a_rotation_that_denies_what_was_held_takes_back_no_receipt() {
    let (mut red, mut blue) = pair();
    blue.submit(&here()).unwrap();
    deliver(&mut blue, &mut red);
    let log = blue.routine();
    let (size, old) = (blue.channel.log(log).size(), key(RED, KeyRole::Mirror));
    let given = receipt_under(&blue, log, size, &old);
    assert_eq!(blue.channel.log(log).delivered, size);
    understate(&mut red);
    deliver(&mut red, &mut blue);
    // What BLUE had stays, and a start out of its storage finds it; nothing more is taken under the old key.
    assert!(counts_as_stored(&blue, &given) && !counts(&blue, &given));
    let later = blue.submit(&here()).map(|_| blue.channel.log(log).size()).unwrap();
    assert!(counts_as_stored(&blue, &given), "it was given before BLUE had heard");
    let forged = receipt_under(&blue, log, later, &old);
    assert!(!counts(&blue, &forged) && !counts_as_stored(&blue, &forged));
    settle(&mut red, &mut blue);
    assert_eq!(blue.channel.log(log).delivered, later, "and RED cannot go on without a receipt under the new one");
}

#[test]
fn a_rotation_in_one_log_alone_ends_no_key() {
    let (mut red, mut blue) = pair();
    let rotation = to_next(&red);
    let routine = act_by(&mut red, &rotation, LogClass::Routine, &key(RED, KeyRole::Root));
    red.commit(routine);
    deliver(&mut red, &mut blue);
    blue.submit(&here()).unwrap();
    let log = blue.routine();
    let size = blue.channel.log(log).size();
    for signer in [key(RED, KeyRole::Mirror), Key::new(NEXT_MIRROR_KEY)] {
        assert!(counts(&blue, &receipt_under(&blue, log, size, &signer)));
    }
}

#[test]
fn a_station_gives_receipts_under_the_key_of_now_and_starts_again_with_both() {
    let (mut entropy, mut station) = (Counter(7), None);
    let station = station.get_or_insert_with(|| blue_station(&mut entropy));
    let mut red = Machine::new(RED);
    assert_eq!(receive(station, &mut entropy, &red.frame(0, 1)).0, Ok(()));
    let rotation = to_next(&Machine::new(BLUE));
    let mut acts = LogClass::ALL.map(|class| {
        let mut machine = Machine::new(BLUE);
        act_by(&mut machine, &rotation, class, &key(BLUE, KeyRole::Root))
    });
    let mut submit = |station: &mut Station, act: &Submission| {
        in_context(&mut entropy, |context| station.submit(act.clone(), context).map_err(|refused| refused.code()))
    };
    assert_eq!(submit(station, &acts[0]).unwrap_err(), "key-not-held");
    station.hold(Box::new(Key::new(NEXT_MIRROR_KEY)));
    // Each draft has an id of its own.
    acts[1] = {
        let mut machine = Machine::new(BLUE);
        machine.entropy = Counter(99);
        act_by(&mut machine, &rotation, LogClass::Urgent, &key(BLUE, KeyRole::Root))
    };
    for act in &acts {
        submit(station, act).unwrap();
    }
    let name_of = |note: &[u8], station: &Station| {
        let receipt = VerifiedReceipt::verify(note, station.channel().pact(), station.channel().keys()).unwrap();
        assert!(receipt.mirrored);
        SignedCheckpoint::parse(note).unwrap().signatures().last().unwrap().key_id
    };
    red.submit(&here()).unwrap();
    let mut ids = Vec::new();
    for frame in [red.frame(0, 1), red.frame(1, 2)] {
        let verified = frame.verify(station.channel().pact(), station.channel().keys(), RED).unwrap();
        let answer = in_context(&mut entropy, |context| station.receive(verified, context)).unwrap();
        ids.push(name_of(&answer.note, station));
    }
    assert_eq!(ids[0], ids[1], "a receipt that is given again is under the key of now too");
    let log = LogRef { party: RED, class: LogClass::Routine };
    let mirror = station.channel().log_keys(log, 2).mirror.clone();
    assert_eq!(mirror.key_id(), ids[1]);
    assert_eq!(mirror.key(), Key::new(NEXT_MIRROR_KEY).public_key());
    assert_eq!(station.missing_key(), None);
    let note: Result<(), RestoreError> =
        station.replay_note(&NoteKind::Receipt, &receipt_under(&red, log, 1, &key(BLUE, KeyRole::Mirror)));
    note.unwrap();
}

#[test]
fn a_post_quantum_mirror_changes_both_keys() {
    let mut entropy = Counter(7);
    let MlDsa44Signers { checkpoint, .. } = post_quantum_signers(BLUE).ml_dsa_44.unwrap();
    let first = MlDsa44Signers { checkpoint, mirror: Box::new(MlDsaKey::new(BLUE, KeyRole::Mirror)) };
    let signers = Signers { ml_dsa_44: Some(first), ..signers(BLUE) };
    let mut station = Station::new(Channel::new(post_quantum_pact(), "BLUE").unwrap(), signers);
    in_context(&mut entropy, |context| {
        station.open(context);
        station.finish(context)
    });
    let mut machine = Machine::unopened(BLUE, post_quantum_pact());
    let next = MlDsaKey::new(7, KeyRole::Mirror);
    let keys = vec![
        named_as(&machine, KeyRole::Mirror, &Key::new(NEXT_MIRROR_KEY)),
        named_as(&machine, KeyRole::Mirror, &next),
    ];
    let rotation = KeyRotation { keys, trusted: [0, 0] };
    station.hold(Box::new(Key::new(NEXT_MIRROR_KEY)));
    station.hold(Box::new(MlDsaKey::new(7, KeyRole::Mirror)));
    for class in LogClass::ALL {
        let act = act_by(&mut machine, &rotation, class, &key(BLUE, KeyRole::Root));
        in_context(&mut entropy, |context| station.submit(act, context)).unwrap();
    }
    let keys = station.channel().log_keys(LogRef { party: RED, class: LogClass::Routine }, 1).into_owned();
    assert_eq!(keys.mirror.key(), Key::new(NEXT_MIRROR_KEY).public_key());
    assert_eq!(keys.ml_dsa_44.unwrap().mirror.key(), next.public_key());
    assert_eq!(station.missing_key(), None);
}
