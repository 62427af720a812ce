//! Key changes: who may sign, from which entry on, and that neither side can use a change as a weapon.

use skypact_channel::{ActKeys, Frame, LogRef, Message, Submission};
use skypact_record::{AddedKey, KeyChange, KeyId, KeyRole, Label, LogClass, PartyKey, RevokedKey, Signer};

use crate::parties::{BLUE, Key, Machine, RED, deliver, forged, here, key, pair, settle};

/// An officer who is not in the pact.
pub(crate) fn newcomer() -> Key {
    Key::new(99)
}

pub(crate) fn id(key: &Key) -> KeyId {
    key.public_key().id()
}

pub(crate) fn adds(machine: &Machine, new: &Key, role: KeyRole) -> KeyChange {
    let key = PartyKey { role, label: Label::new("R. Two").unwrap(), key: new.public_key().clone() };
    let added = AddedKey::new(key, machine.channel.pact().channel(), new).unwrap();
    KeyChange { added: vec![added], revoked: Vec::new() }
}

/// Revokes the only officer of a party, and adds another: somebody has to act.
pub(crate) fn replaces(machine: &Machine, id: KeyId, trusted: [u64; 2]) -> KeyChange {
    KeyChange { revoked: revokes(id, trusted).revoked, ..adds(machine, &Key::new(97), KeyRole::Officer) }
}

pub(crate) fn revokes(id: KeyId, trusted: [u64; 2]) -> KeyChange {
    KeyChange { added: Vec::new(), revoked: vec![RevokedKey { id, trusted }] }
}

/// The change as an act of the root for one log.
fn act(machine: &mut Machine, change: &KeyChange, class: LogClass) -> Submission {
    let draft = machine.draft(&Message::KeyChange(change.clone()));
    forged(draft, &key(machine.me, KeyRole::Root), |act| act.log_class = class)
}

/// Asks for a change in both logs, and places it where it is not refused.
pub(crate) fn change(machine: &mut Machine, change: &KeyChange) -> Result<(), &'static str> {
    for class in LogClass::ALL {
        let submission = act(machine, change, class);
        let decided = machine.decide(skypact_channel::Command::Submit(Box::new(submission.clone())));
        decided.map_err(|refused| refused.code())?;
        machine.commit(submission);
    }
    Ok(())
}

/// An act of an officer with this key: recorded, or the code of the refusal.
fn files(machine: &mut Machine, officer: &Key) -> Result<(), &'static str> {
    let submission = machine.draft(&here()).sign(officer).unwrap();
    let decided = machine.decide(skypact_channel::Command::Submit(Box::new(submission.clone())));
    decided.map_err(|refused| refused.code())?;
    machine.commit(submission);
    Ok(())
}

#[test]
fn a_new_officer_signs_from_the_change_on_and_the_counterpart_follows() {
    let (mut red, mut blue) = pair();
    assert_eq!(files(&mut red, &newcomer()), Err("not-an-officer"));
    let adding = adds(&red, &newcomer(), KeyRole::Officer);
    change(&mut red, &adding).unwrap();
    files(&mut red, &newcomer()).unwrap();
    // The change and what it allows come in one frame.
    settle(&mut red, &mut blue);
    assert_eq!(blue.channel.board().notices().next().unwrap().origin.signer, "R. Two");
    assert_eq!(blue.channel.keys(), red.channel.keys());
    assert_eq!(blue.channel.anomalies().count(), 0);
}

#[test]
fn a_revoked_key_signs_no_more_and_all_that_it_signed_stays() {
    let (mut red, mut blue) = pair();
    let officer = key(RED, KeyRole::Officer);
    files(&mut red, &officer).unwrap();
    settle(&mut red, &mut blue);
    // RED repudiates: it says that it never vouched for anything.
    let replacing = replaces(&red, id(&officer), [0, 0]);
    change(&mut red, &replacing).unwrap();
    assert_eq!(files(&mut red, &officer), Err("not-an-officer"));
    settle(&mut red, &mut blue);
    assert_eq!(blue.channel.board().notices().count(), 1, "what was delivered stays");
    // A thief goes on with the key, on a machine that does not ask.
    let stolen = red.draft(&here()).sign(&officer).unwrap();
    let log = red.routine();
    let start = red.channel.log(log).size();
    let leaf = red.channel.place(stolen.act.clone());
    let entry = skypact_record::Entry { leaf, parts: vec![Some(stolen.part.clone())] };
    let frame = Frame { entries: vec![entry.encode().unwrap()], ..red.frame_of(log, start, start) };
    assert_eq!(blue.receive(&frame), Err("act-not-permitted"));
    assert!(red.decide(skypact_channel::Command::Submit(Box::new(stolen))).is_err());
}

#[test]
fn a_frame_from_before_the_revocation_still_holds() {
    let (mut red, mut blue) = pair();
    let officer = key(RED, KeyRole::Officer);
    files(&mut red, &officer).unwrap();
    let replacing = replaces(&red, id(&officer), [0, 0]);
    change(&mut red, &replacing).unwrap();
    // All at once, and the beginning of it again.
    settle(&mut red, &mut blue);
    blue.receive(&red.frame(0, 2)).unwrap();
    assert_eq!(blue.channel.board().notices().count(), 1);
}

#[test]
fn a_revoked_key_does_not_come_back_and_a_known_one_is_not_added() {
    let (mut red, _) = pair();
    let adding = adds(&red, &newcomer(), KeyRole::Officer);
    change(&mut red, &adding).unwrap();
    assert_eq!(change(&mut red, &adding), Err("key-known"));
    change(&mut red, &revokes(id(&newcomer()), [1, 1])).unwrap();
    assert_eq!(change(&mut red, &adding), Err("key-known"));
    assert_eq!(change(&mut red, &revokes(id(&newcomer()), [1, 1])), Err("key-unknown"));
    for known in [key(RED, KeyRole::Root), key(BLUE, KeyRole::Officer), key(RED, KeyRole::Mirror)] {
        let adding = adds(&red, &known, KeyRole::Officer);
        assert_eq!(change(&mut red, &adding), Err("key-known"));
    }
    for foreign in [key(RED, KeyRole::Root), key(BLUE, KeyRole::Officer), key(RED, KeyRole::Checkpoint)] {
        assert_eq!(change(&mut red, &revokes(id(&foreign), [0, 0])), Err("key-unknown"));
    }
    assert_eq!(change(&mut red, &revokes(id(&key(RED, KeyRole::Node)), [0, 0])), Err("key-last"));
    assert_eq!(change(&mut red, &revokes(id(&key(RED, KeyRole::Officer)), [0, 0])), Err("key-last"));
}

#[test]
fn nobody_but_the_root_changes_keys_and_nobody_adds_a_key_that_they_do_not_hold() {
    let (mut red, mut blue) = pair();
    let mut adding = adds(&red, &newcomer(), KeyRole::Officer);
    for role in [KeyRole::Officer, KeyRole::Node] {
        let draft = red.draft(&Message::KeyChange(adding.clone()));
        let submission = draft.sign(&key(RED, role)).unwrap();
        let refused = red.decide(skypact_channel::Command::Submit(Box::new(submission))).unwrap_err();
        assert_eq!(refused.code(), "not-an-officer");
    }
    adding.added[0].possession[0] ^= 1;
    assert_eq!(change(&mut red, &adding), Err("key-not-possessed"));
    // A node that does not ask itself: the counterpart takes the entry in, and its keys stay as they were.
    let forced = act(&mut red, &adding, LogClass::Routine);
    red.commit(forced);
    deliver(&mut red, &mut blue);
    assert_eq!(blue.channel.anomalies().count(), 1);
    assert_eq!(*blue.channel.keys(), ActKeys::default());
}

#[test]
fn a_key_that_was_added_to_one_log_signs_in_that_one_alone() {
    let (mut red, mut blue) = pair();
    let adding = adds(&red, &newcomer(), KeyRole::Officer);
    let only = act(&mut red, &adding, LogClass::Routine);
    red.commit(only);
    let stop = skypact_channel::Stop { object: None, what: "fire".to_owned(), area: None, until: None, reason: None };
    let urgent = red.draft(&Message::Stop(stop)).sign(&newcomer()).unwrap();
    let refused = red.decide(skypact_channel::Command::Submit(Box::new(urgent))).unwrap_err();
    assert_eq!(refused.code(), "not-an-officer");
    files(&mut red, &newcomer()).unwrap();
    settle(&mut red, &mut blue);
    let log = LogRef { party: RED, class: LogClass::Urgent };
    assert_eq!(blue.channel.keys().history(log).added().count(), 0);
    assert_eq!(blue.channel.board().notices().count(), 1);
}

#[test]
fn a_node_key_is_replaced_without_a_moment_without_one() {
    let (mut red, mut blue) = pair();
    let node = Key::new(98);
    let mut rotation = adds(&red, &node, KeyRole::Node);
    rotation.revoked = vec![RevokedKey { id: id(&key(RED, KeyRole::Node)), trusted: [1, 1] }];
    change(&mut red, &rotation).unwrap();
    settle(&mut red, &mut blue);
    let log = red.routine();
    assert!(blue.channel.key(log, id(&node)).is_some());
    assert!(blue.channel.key(log, id(&key(RED, KeyRole::Node))).is_none());
}

#[test]
fn a_change_revokes_each_key_once_and_none_that_it_adds() {
    let (mut red, _) = pair();
    let mut both = adds(&red, &newcomer(), KeyRole::Officer);
    both.revoked = revokes(id(&newcomer()), [0, 0]).revoked;
    assert_eq!(change(&mut red, &both), Err("key-unknown"));
    let mut twice = replaces(&red, id(&key(RED, KeyRole::Officer)), [0, 0]);
    twice.revoked.push(twice.revoked[0].clone());
    assert_eq!(change(&mut red, &twice), Err("key-unknown"));
}
