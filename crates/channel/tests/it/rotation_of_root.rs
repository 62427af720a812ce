//! Rotation of the root: the new one alone signs what a root signs from there on, in each log by itself, and a fork is proven across it.

use skypact_channel::{Command, LogRef, Message};
use skypact_record::{AddedKey, ForkProof, KeyChange, KeyRole, Label, LogClass, PartyKey, Signer};

use crate::parties::{Counter, Key, Machine, NEXT_HEAD_KEYS, RED, deliver, here, key, pact, pair, settle};
use crate::rotation::{act_by, as_role, blue_station, receive, rotate, rotate_by, to};

/// Seed of RED's next root.
const NEXT_ROOT: u8 = 98;

#[test]
fn the_new_root_signs_from_there_on_and_the_old_one_nothing() {
    let (mut red, mut blue) = pair();
    let next = Key::new(NEXT_ROOT);
    let heads = to(&red, NEXT_HEAD_KEYS[0]);
    assert_eq!(rotate_by(&mut red, &heads, &next), Err("not-an-officer"), "nobody has named it");
    let root = as_role(&red, KeyRole::Root, NEXT_ROOT);
    rotate(&mut red, &root).unwrap();
    assert_eq!(rotate(&mut red, &heads), Err("not-an-officer"));
    let another = as_role(&red, KeyRole::Root, 99);
    assert_eq!(rotate(&mut red, &another), Err("not-an-officer"), "nor another root");
    rotate_by(&mut red, &heads, &next).unwrap();
    let officer = Key::new(60);
    let added =
        PartyKey { role: KeyRole::Officer, label: Label::new("Officer 2").unwrap(), key: officer.public_key().clone() };
    let added = AddedKey::new(added, red.channel.pact().channel(), &officer).unwrap();
    let change = Message::KeyChange(KeyChange { added: vec![added], revoked: Vec::new() });
    for (root, code) in [(key(RED, KeyRole::Root), Some("not-an-officer")), (next, None)] {
        let act = red.draft(&change).sign(&root).unwrap();
        let decided = red.decide(Command::Submit(Box::new(act.clone()))).err().map(|refused| refused.code());
        assert_eq!(decided, code);
        if code.is_none() {
            red.commit(act);
        }
    }
    settle(&mut red, &mut blue);
    assert_eq!((blue.channel.keys(), blue.channel.anomalies().count()), (red.channel.keys(), 0));
}

#[test]
fn what_a_stolen_old_root_signs_is_refused_by_the_counterpart() {
    let (mut red, mut blue) = pair();
    let root = as_role(&red, KeyRole::Root, NEXT_ROOT);
    rotate(&mut red, &root).unwrap();
    deliver(&mut red, &mut blue);
    let (log, size) = (red.routine(), red.channel.log(red.routine()).size());
    // The thief goes on from RED's own history, with every key of old.
    let rotation = to(&red, NEXT_HEAD_KEYS[0]);
    let act = act_by(&mut red, &rotation, LogClass::Routine, &key(RED, KeyRole::Root));
    let leaf = red.channel.place(act.act);
    let mut frame = red.frame(size, size);
    frame.entries.push(skypact_record::Entry { leaf, parts: vec![Some(act.part)] }.encode().unwrap());
    assert_eq!(blue.receive(&frame), Err("act-not-permitted"));
    assert_eq!(blue.channel.log(log).size(), size);
    // It is each log by itself that says who its root is.
    let urgent = LogRef { party: RED, class: LogClass::Urgent };
    assert!(blue.channel.key(urgent, key(RED, KeyRole::Root).public_key().id()).is_none());
}

/// What BLUE keeps when it holds RED's new root and a checkpoint key that this one named, and then hears from a thief of the old keys.
pub(crate) fn proof_across_roots() -> ForkProof {
    let mut entropy = Counter(7);
    let mut station = blue_station(&mut entropy);
    let mut red = Machine::new(RED);
    let begun = red.frame(0, 1);
    let root = as_role(&red, KeyRole::Root, NEXT_ROOT);
    rotate(&mut red, &root).unwrap();
    let heads = to(&red, NEXT_HEAD_KEYS[0]);
    rotate_by(&mut red, &heads, &Key::new(NEXT_ROOT)).unwrap();
    let size = red.channel.log(red.routine()).size();
    assert_eq!(receive(&mut station, &mut entropy, &begun).0, Ok(()));
    assert_eq!(receive(&mut station, &mut entropy, &red.frame(1, size)).0, Ok(()));
    let mut other = Machine::new(RED);
    other.submit(&here()).unwrap();
    let (received, changes) = receive(&mut station, &mut entropy, &other.frame(1, 2));
    assert_eq!(received, Err("root-differs"));
    let [(_, proof)] = &changes.forks[..] else { panic!("{:?}", changes.forks) };
    proof.clone()
}

#[test]
fn a_fork_under_a_key_that_a_later_root_named_is_proven_with_the_pact_alone() {
    let proof = ForkProof::decode(&proof_across_roots().encode()).unwrap();
    let pact = pact();
    assert_eq!(proof.rotations.len(), 2, "that of the key, and that of the root that signed it");
    proof.verify(&proof.log_keys(pact.genesis())).unwrap();
    for missing in 0..2 {
        let mut bare = proof.clone();
        bare.rotations.remove(missing);
        assert!(bare.verify(&bare.log_keys(pact.genesis())).is_err(), "without {missing}");
    }
}
