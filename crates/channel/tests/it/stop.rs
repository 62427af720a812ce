//! STOP: repeated calls are one alarm, answers end its escalation, and both sides see the same alarms.

use proptest::prelude::*;
use skypact_airspace::UtcNanos;
use skypact_channel::{Alarm, LogRef, Message, Rung, Stop, StopRung};
use skypact_record::Hash;

use crate::parties::{BLUE, Machine, RED, SECOND, T0, deliver, deliver_log, here, pair, settle};

fn stop(object: Option<Hash>, what: &str) -> Message {
    Message::Stop(Stop { object, what: what.to_owned(), area: None, until: None, reason: None })
}

fn rung(stop: Hash, rung: Rung) -> Message {
    let text = matches!(rung, Rung::PassedTo | Rung::Unable | Rung::Refused).then(|| "BATTERY 4".to_owned());
    Message::StopRung(StopRung { stop, rung, text })
}

/// Of each alarm: caller, number of calls, rungs, whether it is lifted. In an order that does not depend on arrival.
fn alarms(machine: &Machine) -> Vec<(Hash, usize, usize, Vec<Rung>, bool)> {
    let view = |alarm: &Alarm| {
        let rungs = alarm.rungs.iter().map(|(rung, _)| rung.rung).collect();
        (alarm.id(), alarm.caller(), alarm.stops.len(), rungs, alarm.lifted.is_some())
    };
    let mut alarms: Vec<_> = machine.channel.board().alarms().iter().map(view).collect();
    alarms.sort();
    alarms
}

#[test]
fn repeated_calls_for_one_object_are_one_alarm_with_a_count() {
    let (mut red, mut blue) = pair();
    let site = Some(Hash([5; 32]));
    let first = red.submit(&stop(site, "shelling of the hospital")).unwrap();
    red.submit(&stop(site, "they still fire at the hospital")).unwrap();
    red.submit(&stop(None, "KOBALT 21")).unwrap();
    red.submit(&stop(None, "kobalt 21")).unwrap();
    deliver(&mut red, &mut blue);
    assert_eq!(alarms(&blue), alarms(&red));
    let counts: Vec<usize> = blue.channel.board().alarms().iter().map(|alarm| alarm.stops.len()).collect();
    assert_eq!(counts, [2, 2]);
    assert_eq!(blue.channel.board().alarms().alarm(&first).unwrap().newest().what, "they still fire at the hospital");
}

#[test]
fn a_stop_arrives_before_the_notice_that_it_speaks_of() {
    let (mut red, mut blue) = pair();
    let filed = red.submit(&here()).unwrap();
    let called = red.submit(&stop(Some(filed), "KOBALT 21")).unwrap();
    let urgent = LogRef::ALL.into_iter().find(|log| log.party == RED && *log != red.routine()).unwrap();
    deliver_log(&mut red, &mut blue, urgent);
    assert!(blue.channel.board().notice_of(&filed).is_none());
    assert!(blue.channel.board().alarms().alarm(&called).unwrap().is_escalating());
    assert_eq!(blue.channel.anomalies().count(), 0);
}

#[test]
fn escalation_ends_with_ceased_unable_or_refused_and_with_nothing_less() {
    let (mut red, mut blue) = pair();
    for last in [Rung::Ceased, Rung::Unable, Rung::Refused] {
        let called = red.submit(&stop(None, last.name())).unwrap();
        deliver(&mut red, &mut blue);
        for step in [Rung::Heard, Rung::PassedTo] {
            blue.submit(&rung(called, step)).unwrap();
            assert!(blue.channel.board().alarms().alarm(&called).unwrap().is_escalating());
        }
        blue.submit(&rung(called, last)).unwrap();
        settle(&mut red, &mut blue);
        for machine in [&red, &blue] {
            let alarm = machine.channel.board().alarms().alarm(&called).unwrap();
            assert_eq!(alarm.ended().unwrap().0.rung, last);
            assert!(!alarm.is_escalating());
        }
    }
}

#[test]
fn only_the_counterpart_answers_and_only_the_caller_lifts() {
    let (mut red, mut blue) = pair();
    let called = red.submit(&stop(None, "KOBALT 21")).unwrap();
    deliver(&mut red, &mut blue);
    assert_eq!(red.submit(&rung(called, Rung::Heard)).unwrap_err().code(), "wrong-party");
    assert_eq!(blue.submit(&Message::StopLifted { stop: called }).unwrap_err().code(), "wrong-party");
    assert_eq!(blue.submit(&rung(Hash([1; 32]), Rung::Heard)).unwrap_err().code(), "citation-unknown");
    red.submit(&Message::StopLifted { stop: called }).unwrap();
    assert_eq!(red.submit(&Message::StopLifted { stop: called }).unwrap_err().code(), "stop-lifted");
    let again = red.submit(&stop(None, "KOBALT 21")).unwrap();
    assert_eq!(
        red.channel.board().alarms().alarm(&again).unwrap().id(),
        again,
        "after it was lifted it is another alarm"
    );
}

#[test]
fn a_call_after_an_answer_that_its_caller_had_seen_raises_a_new_alarm() {
    let (mut red, mut blue) = pair();
    let first = red.submit(&stop(None, "KOBALT 21")).unwrap();
    deliver(&mut red, &mut blue);
    blue.submit(&rung(first, Rung::Ceased)).unwrap();
    let crossing = red.submit(&stop(None, "KOBALT 21")).unwrap();
    settle(&mut red, &mut blue);
    let again = red.submit(&stop(None, "KOBALT 21")).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let alarm = |leaf| machine.channel.board().alarms().alarm(leaf).unwrap();
        assert_eq!(alarm(&crossing).id(), first, "it crossed the answer");
        assert_eq!(alarm(&again).id(), again);
        assert!(alarm(&again).is_escalating() && !alarm(&first).is_escalating());
    }
}

#[test]
fn a_fields_bounds_are_named() {
    let (mut red, _) = pair();
    let unknown =
        red.submit(&Message::Stop(Stop { object: None, what: " ".to_owned(), area: None, until: None, reason: None }));
    assert_eq!(unknown.unwrap_err().field(), Some("what"));
    let mute = StopRung { stop: Hash([1; 32]), rung: Rung::Unable, text: None };
    assert_eq!(red.submit(&Message::StopRung(mute)).unwrap_err().field(), Some("text"));
}

#[test]
fn the_clock_of_escalation_counts_from_the_first_call_and_distrusts_the_future() {
    let (mut red, _) = pair();
    let called = red.submit(&stop(None, "KOBALT 21")).unwrap();
    let alarm = red.channel.board().alarms().alarm(&called).unwrap();
    let rungs = red.channel.pact().terms().stop_rungs_ns;
    let at = |seconds: i64| alarm.escalation(UtcNanos(T0 + seconds * SECOND), &rungs);
    assert_eq!([0, 9, 10, 29, 30, 60, 3600].map(at), [0, 0, 1, 1, 2, 3, 3]);
    assert_eq!(at(-3600), 3, "a call from the future: nobody waits an hour for it");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_sides_see_the_same_alarms_in_whatever_order_the_logs_arrive(
        steps in prop::collection::vec((0..6_usize, 0..2_usize, any::<usize>()), 1..60),
    ) {
        let (red, blue) = pair();
        let mut machines = [blue, red];
        for (what, party, pick) in steps {
            let known: Vec<Hash> =
                machines[party].channel.board().alarms().iter().flat_map(|alarm| alarm.stops.iter().map(|(_, at)| at.leaf)).collect();
            let cited = (!known.is_empty()).then(|| known[pick % known.len()]);
            match (what, cited) {
                (0, _) => drop(machines[party].submit(&stop(Some(Hash([(pick % 2) as u8; 32])), "fire"))),
                (1, Some(cited)) => drop(machines[party].submit(&rung(cited, Rung::ALL[pick % 5]))),
                (2, Some(cited)) => drop(machines[party].submit(&Message::StopLifted { stop: cited })),
                _ => {
                    let log = LogRef::ALL[pick % 4];
                    let [blue, red] = &mut machines;
                    if log.party == BLUE { deliver_log(blue, red, log) } else { deliver_log(red, blue, log) }
                }
            }
        }
        let [blue, red] = &mut machines;
        settle(red, blue);
        prop_assert_eq!(alarms(red), alarms(blue));
        prop_assert_eq!(red.channel.anomalies().count() + blue.channel.anomalies().count(), 0);
    }
}
