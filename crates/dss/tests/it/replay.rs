//! Replay and audit of a log: what does not follow from the entries before it is told, and nothing panics.

use skypact_dss::{Dss, Operation, Recorded, ReplayError};

use crate::desk::{ARBITER, BLUE, CITY, Desk, RED, block, ovn, planned, subscribed};
use crate::requests::{
    delete_constraint, delete_intent, delete_subscription, id, put_constraint, put_intent, put_subscription, report,
    set_availability,
};

/// A log with each operation in it.
fn log() -> Vec<Recorded> {
    let mut desk = Desk::default();
    let first = ovn(&desk.done(RED, &put_intent(&id(1), None, &subscribed(&[block(0, 0)]))));
    let second = ovn(&desk.done(BLUE, &put_intent(&id(2), None, &planned(&[block(0, 0)]).knowing(&[&first]))));
    let first =
        ovn(&desk.done(RED, &put_intent(&id(1), Some(&first), &subscribed(&[block(0, 1)]).knowing(&[&second]))));
    desk.done(RED, &delete_intent(&id(1), &first));
    let made = desk.done(CITY, &put_constraint(&id(11), None, &[block(5, 5)], "https://city.example.com"));
    desk.done(CITY, &delete_constraint(&id(11), &ovn(&made)));
    let made = desk.done(RED, &put_subscription(&id(21), None, &block(0, 0), "https://red.example.com", [true, false]));
    let version = made["subscription"]["version"].as_str().expect("a version").to_owned();
    desk.done(RED, &delete_subscription(&id(21), &version));
    desk.done(ARBITER, &set_availability("blue", "Down", ""));
    desk.done(RED, &report("https://red.example.com"));
    desk.machine.log.iter().map(|entry| Recorded::decode(entry).expect("it was encoded here")).collect()
}

/// What replay says of the first entry that does not follow, and where it is.
fn replay(log: &[Recorded]) -> Result<(), (usize, ReplayError)> {
    let mut dss = Dss::new();
    log.iter().enumerate().try_for_each(|(index, entry)| dss.replay(entry).map(drop).map_err(|error| (index, error)))
}

#[test]
fn an_entry_that_is_there_twice_or_gone_does_not_follow() {
    let log = log();
    assert_eq!(replay(&log), Ok(()));
    for (index, entry) in log.iter().enumerate() {
        let mut doubled = log.clone();
        doubled.insert(index, entry.clone());
        // A report changes nothing, so it may be made twice.
        let expected = (entry.operation != Operation::MakeDssReport).then_some((index + 1, "dss-entry-other-version"));
        let said = replay(&doubled).err().map(|(index, error)| (index, error.code()));
        assert_eq!(said, expected, "{:?}", entry.operation);
    }
    // The update of the intent that was never made.
    let (index, error) = replay(&log[1..]).expect_err("the first intent is not there");
    assert_eq!((index, error.code()), (1, "dss-entry-other-version"));
    assert!(error.to_string().contains(&id(1)), "{error}");
}

#[test]
fn another_version_given_than_follows_is_told() {
    let log = log();
    for (index, entry) in log.iter().enumerate() {
        let mut changed = log.clone();
        changed[index].given = Some(id(99));
        let error = replay(&changed).expect_err("it gave another");
        assert_eq!((error.0, error.1.code()), (index, "dss-given-differs"), "{:?}", entry.operation);
    }
}

#[test]
fn an_audit_asks_the_rules_and_a_replay_does_not() {
    let log = log();
    let mut unaware = log.clone();
    let body = String::from_utf8(log[1].body.clone()).expect("JSON");
    let key = log[0].given.clone().expect("an OVN");
    unaware[1].body = body.replace(&key, &id(99)).into_bytes();
    assert_eq!(replay(&unaware[..2]), Ok(()), "what was answered stands");
    let mut dss = Dss::new();
    dss.audit(&unaware[0]).expect("it was allowed");
    let error = dss.audit(&unaware[1]).expect_err("its key lacks an OVN");
    assert_eq!(error.code(), "dss-entry-refused");
    assert!(error.to_string().contains("put-operational-intent-reference by blue: key: lacks"), "{error}");
}

#[test]
fn a_body_that_is_no_request_is_told() {
    let mut log = log();
    log[0].body = b"{}".to_vec();
    let (index, error) = replay(&log).expect_err("no request");
    assert_eq!((index, error.code()), (0, "dss-entry-malformed"));
}
