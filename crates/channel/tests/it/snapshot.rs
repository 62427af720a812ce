//! A fold that goes on from a snapshot comes to the state of a fold of everything. The other tests take part: a machine makes a snapshot before
//! one entry in eight, and a post at each start.

use proptest::prelude::*;
use skypact_channel::{Channel, LogRef, SnapshotError};
use skypact_record::Entry;

use crate::agreement::{Standing, play, step};
use crate::golden::messages;
use crate::parties::{Machine, RED, key, pair, settle};

/// The channel out of its own snapshot.
pub(crate) fn again(channel: &Channel) -> Channel {
    let (pact, bytes) = (channel.pact().clone(), channel.snapshot());
    let again = Channel::from_snapshot(pact, channel.pact().party_name(channel.me()), &bytes).unwrap();
    assert_eq!(again.snapshot(), bytes);
    again
}

/// Holds a fold of these entries against one that goes on from a snapshot behind the first `cut` of them.
pub(crate) fn check(folded: &Channel, stored: &[(LogRef, Entry)], cut: usize) {
    let mut channel = Channel::new(folded.pact().clone(), folded.pact().party_name(folded.me())).unwrap();
    for (place, (log, entry)) in stored.iter().enumerate() {
        if place == cut {
            channel = again(&channel);
        }
        channel.replay(*log, entry.leaf.index, entry.clone()).unwrap();
    }
    assert_eq!(channel.snapshot(), folded.snapshot(), "after entry {cut} of {}", stored.len());
}

fn stored(machine: &Machine) -> Vec<(LogRef, Entry)> {
    machine.stored.iter().map(|(log, _, bytes)| (*log, Entry::decode(bytes).unwrap())).collect()
}

/// The same fold, with nothing of notes and receipts.
fn folded(machine: &Machine) -> Channel {
    let mut folded = Machine::unopened(machine.me, machine.channel.pact().clone()).channel;
    for (log, entry) in stored(machine) {
        folded.replay(log, entry.leaf.index, entry).unwrap();
    }
    folded
}

#[test]
fn every_kind_of_message_is_kept_whatever_came_of_it() {
    let (mut red, mut blue) = pair();
    // With other keys nobody could say the rest.
    for (_, message) in messages().into_iter().filter(|(_, message)| !message.kind().tells_keys()) {
        for machine in [&mut red, &mut blue] {
            let signer = key(machine.me, message.kind().signer());
            let said = machine.draft(&message).sign(&signer).unwrap();
            machine.commit(said);
        }
    }
    settle(&mut red, &mut blue);
    let (stored, folded) = (stored(&red), folded(&red));
    assert!(folded.anomalies().count() > 20 && folded.board().notices().count() > 2);
    for cut in 0..stored.len() {
        check(&folded, &stored, cut);
    }
    let told = |channel: &Channel| channel.anomalies().map(|at| (at.leaf, at.reason.to_string())).collect::<Vec<_>>();
    assert_eq!(told(&again(&folded)), told(&folded));
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    let (red, _) = pair();
    let (pact, bytes) = (red.channel.pact(), red.channel.snapshot());
    let read = |bytes: &[u8]| Channel::from_snapshot(pact.clone(), pact.party_name(RED), bytes).err();
    assert!(read(&bytes).is_none());
    assert!((0..bytes.len()).all(|length| read(&bytes[..length]).is_some()), "cut short");
    assert!(matches!(read(&[&bytes[..], &[0]].concat()), Some(SnapshotError::TooLong { bytes: 1 })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fold_from_a_snapshot_comes_to_the_state_of_a_whole_one(
        steps in prop::collection::vec(step(), 1..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 4),
    ) {
        let (red, blue) = pair();
        let mut machines = [blue, red];
        let mut standing = [Standing::new(), Standing::new()];
        for step in steps {
            play(step, &mut machines, &mut standing);
        }
        for machine in &machines {
            let (stored, folded) = (stored(machine), folded(machine));
            for cut in &cuts {
                check(&folded, &stored, cut.index(stored.len()));
            }
        }
    }
}
