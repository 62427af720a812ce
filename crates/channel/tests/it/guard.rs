//! What witnesses remember holds the log of an old store back, and nothing that they make up does.

use skypact_channel::{LogRef, Next, RecoveryError, Shown};
use skypact_record::{Checkpoint, KeyRole, LogClass, SignedCheckpoint};

use crate::parties::{BLUE, RED, key};
use crate::posts::Post;
use crate::recovery::{lost, recover, whole};

const ROUTINE: LogRef = LogRef { party: RED, class: LogClass::Routine };
const URGENT: LogRef = LogRef { party: RED, class: LogClass::Urgent };
const WITNESS: &str = "w1.example";

fn newest_head(red: &Post, log: LogRef) -> Shown {
    Shown::Head(red.station.checkpoint(log, red.station.channel().log(log).size()))
}

/// Whether a counterpart that holds as much as the store gets nothing.
fn is_held_back(old: &Post, log: LogRef) -> bool {
    let next = |held, ask| old.station.next(log, Some(held), 0, ask);
    let state = old.station.channel().log(log);
    assert_eq!(next(state.size(), true) == Next::Confirm, next(0, false) == Next::Nothing);
    next(0, false) == Next::Nothing
}

#[test]
fn a_head_that_is_not_here_holds_its_log_back_until_it_came_back() {
    let (blue, red, mut old) = lost();
    old.station.ask_witnesses(1, true);
    assert!(is_held_back(&old, ROUTINE) && is_held_back(&old, URGENT), "nobody has answered");
    old.station.hear_witness(URGENT, WITNESS, newest_head(&red, URGENT)).unwrap();
    assert!(!is_held_back(&old, URGENT), "nothing of it was lost: a STOP goes out");
    old.station.hear_witness(ROUTINE, WITNESS, newest_head(&red, ROUTINE)).unwrap();
    let size = red.station.channel().log(ROUTINE).size();
    let ahead = |error| matches!(error, Some(RecoveryError::WitnessAhead { size: of, .. }) if of == size);
    assert!(ahead(old.station.held_back(ROUTINE)));
    old.station.go_without_witnesses(ROUTINE);
    // The log grows past the size, and the root tells.
    for place in 0..size {
        old.says(&crate::recovery::elsewhere(40 + i64::try_from(place).unwrap())).unwrap();
    }
    assert!(is_held_back(&old, ROUTINE) && ahead(old.station.held_back(ROUTINE)));
    assert!(old.station.witness_request(ROUTINE, WITNESS, None).is_none());
    assert!(!old.station.was_open(ROUTINE) && old.station.was_open(URGENT));

    old.takes(&blue);
    let (routine, urgent) = (whole(&blue, &old, ROUTINE), whole(&blue, &old, URGENT));
    recover(&mut old, [&routine, &urgent], [0; 2], [false; 2]).unwrap();
    assert!(!is_held_back(&old, ROUTINE) && old.station.was_open(ROUTINE));
}

#[test]
fn a_witness_stops_nobody_with_a_head_that_the_node_did_not_sign() {
    let (_, red, mut old) = lost();
    old.station.ask_witnesses(1, true);
    let Shown::Head(head) = newest_head(&red, ROUTINE) else { panic!("a head") };
    let Checkpoint { origin, size, root } = head.checkpoint().clone();
    for author in [key(BLUE, KeyRole::Checkpoint), key(BLUE, KeyRole::Mirror)] {
        let made_up = Checkpoint { origin: origin.clone(), size: size + 9, root };
        let made_up = SignedCheckpoint::sign(made_up, &author).unwrap();
        old.station.hear_witness(ROUTINE, WITNESS, Shown::Head(made_up)).unwrap_err();
    }
    // One of another log is none of this.
    old.station.hear_witness(URGENT, WITNESS, Shown::Head(head)).unwrap_err();
    assert!(matches!(
        old.station.held_back(ROUTINE),
        Some(RecoveryError::WitnessesUnheard { heard: 0, needed: 1, .. })
    ));
    old.station.go_without_witnesses(ROUTINE);
    assert!(!is_held_back(&old, ROUTINE), "a witness that does not answer stops nothing");
}

#[test]
fn a_size_alone_is_held_against_the_size_at_the_start() {
    let (_, red, mut old) = lost();
    let (now, newest) = (old.station.channel().log(ROUTINE).size(), red.station.channel().log(ROUTINE).size());
    old.station.ask_witnesses(1, true);
    old.station.hear_witness(ROUTINE, WITNESS, Shown::Size(now)).unwrap();
    assert!(!is_held_back(&old, ROUTINE));
    old.station.ask_witnesses(1, true);
    old.station.hear_witness(ROUTINE, WITNESS, Shown::Size(newest)).unwrap();
    for place in 0..newest {
        old.says(&crate::recovery::elsewhere(40 + i64::try_from(place).unwrap())).unwrap();
    }
    assert!(is_held_back(&old, ROUTINE), "growing past it makes no difference");
}

#[test]
fn a_size_that_nobody_signed_keeps_no_stop_back_where_nobody_said_that_the_store_is_an_old_one() {
    let (_, red, mut old) = lost();
    let newest = red.station.channel().log(ROUTINE).size();
    old.station.ask_witnesses(1, false);
    old.station.hear_witness(ROUTINE, WITNESS, Shown::Size(newest)).unwrap();
    assert!(!is_held_back(&old, ROUTINE), "any witness could say so");
}
