//! Suspension is an act of one person, resumption of two, and both sides call the same things suspended, in whatever
//! order the logs arrive.

use proptest::prelude::*;
use skypact_channel::{LogHead, LogRef, Message, NoticeAct, Reconciled, Rejection, Rung, Stop, StopRung};
use skypact_record::{Entry, Hash, KeyRole, LogClass};

use crate::parties::{BLUE, Machine, RED, deliver, deliver_log, disc, forged, here, key, notice, pair, settle};

fn suspend(machine: &mut Machine) -> Hash {
    machine.submit(&Message::Suspend { reason: "strike of 6 April".to_owned() }).unwrap()
}

fn resume(machine: &mut Machine) -> Result<Hash, Rejection> {
    let suspends = machine.channel.suspensions().epoch(machine.channel.epoch()).newest();
    machine.submit(&Message::Resume { suspends })
}

/// Whether each notice that a machine knows was filed in suspension, by identity.
fn marks(machine: &Machine) -> Vec<(Hash, bool)> {
    let notices = machine.channel.board().notices();
    notices.map(|state| (state.id(), machine.channel.filed_in_suspension(&state.origin))).collect()
}

fn there() -> Message {
    notice(NoticeAct::New, None, vec![disc(50_000_000_000, 20_000_000, 1_000, 8_000)])
}

#[test]
fn one_party_suspends_at_once_and_safety_goes_on() {
    let (mut red, mut blue) = pair();
    let before = red.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    suspend(&mut red);
    assert!(red.channel.suspension().is_some(), "a suspension needs nobody's answer");
    assert!(blue.channel.suspension().is_none(), "BLUE has not heard of it");
    deliver(&mut red, &mut blue);
    assert!(blue.channel.suspension().is_some());

    let after = blue.submit(&there()).unwrap();
    let content = red.channel.board().notice_of(&before).unwrap().origin.content;
    blue.submit(&Message::ReadBack { notice: before, content }).unwrap();
    let stop = Stop { object: None, what: "KOBALT 21".to_owned(), area: None, until: None, reason: None };
    let stop = blue.submit(&Message::Stop(stop)).unwrap();
    settle(&mut red, &mut blue);
    red.submit(&Message::StopRung(StopRung { stop, rung: Rung::Ceased, text: None })).unwrap();
    settle(&mut red, &mut blue);
    assert!(!blue.channel.board().alarms().alarm(&stop).unwrap().is_escalating());
    for machine in [&red, &blue] {
        let mark = |id| marks(machine).into_iter().find(|(of, _)| *of == id).unwrap().1;
        assert!(!mark(before) && mark(after), "what was filed before the suspension stands as it was");
        assert_eq!(machine.channel.anomalies().count(), 0);
    }
}

#[test]
fn nothing_new_binds_the_parties_while_suspended() {
    let (mut red, mut blue) = pair();
    let mine = red.submit(&here()).unwrap();
    let theirs = blue.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    let key = blue.open_conflicts()[0];
    let remedy = skypact_channel::Remedy::Retime;
    let volumes = vec![disc(40_000_000_000, 20_000_000, 9_000, 9_500)];
    let proposal = blue.submit(&Message::Proposal { key, notice: theirs, remedy, volumes }).unwrap();
    settle(&mut red, &mut blue);
    suspend(&mut red);
    let content = red.channel.board().proposal(&proposal).unwrap().origin.content;
    let accepts = Message::Acceptance { proposal, content };
    assert_eq!(red.submit(&accepts).unwrap_err().code(), "channel-suspended");
    assert_eq!(red.submit(&Message::Suspend { reason: "again".to_owned() }).unwrap_err().code(), "suspended-already");
    deliver(&mut red, &mut blue);
    resume(&mut red).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(red.submit(&accepts).unwrap_err().code(), "channel-suspended", "BLUE has not resumed");
    resume(&mut blue).unwrap();
    settle(&mut red, &mut blue);
    red.submit(&accepts).unwrap();
    assert!(red.channel.board().notice_of(&mine).is_some());
}

#[test]
fn both_resume_both_nodes_sign_the_same_heads_and_the_next_epoch_begins() {
    let (mut red, mut blue) = pair();
    assert_eq!(resume_of_nothing(&mut red), "not-suspended");
    suspend(&mut red);
    settle(&mut red, &mut blue);
    let late = red.submit(&here()).unwrap();
    resume(&mut red).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!((red.channel.epoch(), blue.channel.epoch()), (1, 1), "one person alone resumes nothing");
    resume(&mut blue).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert!(machine.channel.suspension().is_none());
        assert_eq!([0, 1].map(|party| machine.channel.epoch_of(party)), [2, 2]);
        let opened = |party: usize, class: LogClass| {
            let stands = machine.channel.suspensions().epoch(2).stands;
            stands[party].opened[usize::from(class.number())].clone().unwrap().0
        };
        let first = opened(BLUE, LogClass::Routine);
        for (party, class) in [(BLUE, LogClass::Urgent), (RED, LogClass::Routine), (RED, LogClass::Urgent)] {
            assert_eq!(opened(party, class), first, "the same heads in all four logs");
        }
        assert_eq!(machine.channel.suspensions().iter().count(), 1, "the story stays");
        assert_eq!(marks(machine), [(late, true)], "what was filed in suspension keeps its mark");
        assert_eq!(machine.channel.anomalies().count(), 0);
    }
    let on_time = blue.submit(&there()).unwrap();
    settle(&mut red, &mut blue);
    assert!(marks(&red).contains(&(on_time, false)) && marks(&blue).contains(&(on_time, false)));
}

fn resume_of_nothing(machine: &mut Machine) -> &'static str {
    machine.submit(&Message::Resume { suspends: vec![Hash([7; 32])] }).unwrap_err().code()
}

#[test]
fn a_resumption_answers_every_suspension_that_stands() {
    let (mut red, mut blue) = pair();
    suspend(&mut red);
    suspend(&mut blue);
    // Each resumes before it heard of the other's suspension.
    resume(&mut red).unwrap();
    resume(&mut blue).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let suspension = machine.channel.suspension().unwrap();
        assert!(suspension.resumed(RED).is_none() && suspension.resumed(BLUE).is_none());
    }
    let stale = red.channel.suspensions().epoch(1).stands[RED].suspends[0].origin.leaf;
    assert_eq!(red.submit(&Message::Resume { suspends: vec![stale] }).unwrap_err().code(), "suspension-replaced");
    resume(&mut red).unwrap();
    resume(&mut blue).unwrap();
    settle(&mut red, &mut blue);
    assert!(red.channel.suspension().is_none() && blue.channel.suspension().is_none());
}

#[test]
fn a_suspension_that_crosses_a_resumption_stands_in_the_next_epoch() {
    let (mut red, mut blue) = pair();
    suspend(&mut blue);
    settle(&mut red, &mut blue);
    resume(&mut red).unwrap();
    deliver(&mut red, &mut blue);
    suspend(&mut red);
    // BLUE does not know that yet, and resumes what it knows of.
    resume(&mut blue).unwrap();
    assert_eq!(blue.channel.epoch(), 2);
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert_eq!([0, 1].map(|party| machine.channel.epoch_of(party)), [2, 2]);
        assert!(machine.channel.suspension().unwrap().is_suspended_by(RED));
    }
    resume(&mut blue).unwrap();
    settle(&mut red, &mut blue);
    resume(&mut red).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!((red.channel.epoch(), blue.channel.epoch()), (3, 3));
    assert!(red.channel.suspension().is_none() && blue.channel.suspension().is_none());
}

#[test]
fn a_party_that_does_not_sign_leaves_the_channel_suspended_in_sight_of_all() {
    let (mut red, mut blue) = pair();
    suspend(&mut blue);
    settle(&mut red, &mut blue);
    resume(&mut red).unwrap();
    resume(&mut blue).unwrap();
    deliver(&mut blue, &mut red);
    // RED's node has opened the next epoch; BLUE hears nothing of it and signs nothing.
    assert_eq!([RED, BLUE].map(|party| red.channel.epoch_of(party)), [2, 1]);
    let suspension = red.channel.suspension().unwrap();
    assert!(suspension.resumed(BLUE).is_some() && suspension.resumed(RED).is_some(), "both said that they resume");
    let early = red.submit(&here()).unwrap();
    assert!(marks(&red).contains(&(early, true)), "BLUE has not signed yet");
}

#[test]
fn an_act_of_another_epoch_changes_nothing() {
    let (mut red, mut blue) = pair();
    suspend(&mut red);
    settle(&mut red, &mut blue);
    let old = red.signed(&here());
    resume(&mut red).unwrap();
    settle(&mut red, &mut blue);
    resume(&mut blue).unwrap();
    settle(&mut red, &mut blue);
    let refused = red.decide(skypact_channel::Command::Submit(Box::new(old.clone()))).unwrap_err();
    assert_eq!((refused.code(), refused.field()), ("wrong-channel-facts", Some("epoch")));
    red.commit(old);
    let ahead = red.draft(&there());
    red.commit(forged(ahead, &key(RED, KeyRole::Officer), |act| act.epoch = 3));
    deliver(&mut red, &mut blue);
    assert_eq!(blue.channel.board().notices().count(), 0);
    assert_eq!(blue.channel.anomalies().count(), 2);
}

#[test]
fn a_node_that_opens_an_epoch_alone_is_heard_and_the_channel_counts_as_suspended() {
    let (mut red, mut blue) = pair();
    let heads = [LogHead { size: 0, root: Hash([9; 32]) }; 4];
    let said = Reconciled { resumes: [Hash([1; 32]), Hash([2; 32])], heads };
    for class in LogClass::ALL {
        let draft = red.draft(&Message::Reconciled(said.clone()));
        red.commit(forged(draft, &key(RED, KeyRole::Node), |act| (act.epoch, act.log_class) = (2, class)));
    }
    let filed = red.submit(&here()).unwrap();
    deliver(&mut red, &mut blue);
    assert!(blue.channel.board().notice_of(&filed).is_some(), "aircraft are there, whatever the epoch");
    assert!(blue.channel.suspension().is_some() && blue.channel.epoch() == 1);
    assert_eq!(blue.channel.anomalies().count(), 2, "its heads are not what is held");
}

/// RED resumed over a routine head that there is not, and opened the next epoch in its urgent log over it. BLUE, and what RED then says of the head of
/// BLUE's routine log in its own: the truth, or not.
fn opened_over_what_is_lost(is_true: bool) -> (Machine, Machine) {
    let (mut red, mut blue) = pair();
    suspend(&mut red);
    settle(&mut red, &mut blue);
    let suspends = red.channel.suspensions().epoch(1).newest();
    let act = red.signed(&Message::Resume { suspends });
    let urgent = LogRef { party: RED, class: LogClass::Urgent };
    let mut leaf = red.channel.place(act.act);
    let made_up = LogHead { size: red.channel.log(red.routine()).size() + 3, root: Hash([9; 32]) };
    let own = red.channel.pact().log_keys(red.routine()).origin.clone();
    let seen = leaf.seen.iter_mut().find(|seen| seen.origin == own).unwrap();
    (seen.size, seen.root) = (made_up.size, made_up.root);
    let (index, first) = (leaf.index, leaf.hash());
    red.store(urgent, index, Entry { leaf, parts: vec![Some(act.part)] });
    deliver(&mut red, &mut blue);
    let second = resume(&mut blue).unwrap();
    deliver(&mut blue, &mut red);
    assert_eq!((red.channel.facts().epochs, blue.channel.facts().epochs), ([1, 1], [1, 1]));
    let mut heads = LogRef::ALL.map(|log| head_of(&red, log));
    heads[red.routine().place()] = made_up;
    let mut said = Reconciled { resumes: [second, first], heads };
    opens(&mut red, &said, LogClass::Urgent);
    if is_true {
        red.file_findings();
    } else {
        said.heads[red.routine().place()] = head_of(&red, red.routine());
        said.heads[blue.routine().place()].root = Hash([8; 32]);
        opens(&mut red, &said, LogClass::Routine);
    }
    assert_eq!(red.channel.facts().epochs, [2, 2]);
    deliver(&mut red, &mut blue);
    (red, blue)
}

fn head_of(machine: &Machine, log: LogRef) -> LogHead {
    let state = machine.channel.log(log);
    LogHead { size: state.size(), root: state.tree.root() }
}

fn opens(machine: &mut Machine, said: &Reconciled, class: LogClass) {
    let draft = machine.draft(&Message::Reconciled(said.clone()));
    let node = key(machine.me, KeyRole::Node);
    machine.commit(forged(draft, &node, |act| (act.epoch, act.log_class) = (2, class)));
}

#[test]
fn an_opening_over_what_its_author_lost_is_followed_when_it_says_what_is_held_and_else_not() {
    let (_, blue) = opened_over_what_is_lost(true);
    assert_eq!(blue.channel.facts().epochs, [2, 2]);
    assert_eq!(blue.channel.anomalies().count(), 0);
    let (red, blue) = opened_over_what_is_lost(false);
    assert_eq!(blue.channel.facts().epochs, [1, 1], "RED states of BLUE's log what BLUE does not hold");
    assert!(red.channel.suspension().is_some() && blue.channel.suspension().is_some());
}

/// What a step of the property does.
#[derive(Debug, Clone, Copy)]
enum Step {
    Notice(usize),
    Suspend(usize),
    Resume(usize),
    Deliver(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..2_usize).prop_map(Step::Notice),
        (0..2_usize).prop_map(Step::Suspend),
        (0..2_usize).prop_map(Step::Resume),
        (0..4_usize).prop_map(Step::Deliver),
        (0..4_usize).prop_map(Step::Deliver),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_sides_mark_the_same_in_whatever_order_the_logs_arrive(steps in steps()) {
        let (red, blue) = pair();
        let mut machines = [blue, red];
        for step in steps {
            match step {
                Step::Notice(party) => drop(machines[party].submit(&here())),
                Step::Suspend(party) => drop(machines[party].submit(&Message::Suspend { reason: "x".to_owned() })),
                Step::Resume(party) => drop(resume(&mut machines[party])),
                Step::Deliver(place) => {
                    let log = LogRef::ALL[place];
                    let [blue, red] = &mut machines;
                    if log.party == BLUE { deliver_log(blue, red, log) } else { deliver_log(red, blue, log) }
                }
            }
        }
        let [blue, red] = &mut machines;
        settle(red, blue);
        prop_assert_eq!(marks(red), marks(blue));
        prop_assert_eq!(red.channel.suspension().is_some(), blue.channel.suspension().is_some());
        prop_assert_eq!(red.channel.epoch_of(RED), blue.channel.epoch_of(RED));
        prop_assert_eq!(red.channel.epoch_of(BLUE), blue.channel.epoch_of(BLUE));
        prop_assert_eq!(red.channel.anomalies().count() + blue.channel.anomalies().count(), 0);
        // Whoever is still suspended can resume: nothing is stuck.
        for _ in 0..2 {
            drop(resume(red));
            settle(red, blue);
            drop(resume(blue));
            settle(red, blue);
        }
        prop_assert!(red.channel.suspension().is_none() && blue.channel.suspension().is_none());
    }
}
