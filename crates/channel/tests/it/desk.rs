//! The watch, test calls, propagation to units, and protected sites.

use skypact_airspace::UtcNanos;
use skypact_channel::{
    ActivityClass, Hotline, ListReceipt, Message, Notice, NoticeAct, Parameter, Propagation, Protected, ProtectedList,
    Reach, Watch, WatchAct, WatchBook, phrasebook,
};
use skypact_record::{Hash, KeyRole};

use crate::golden::{applied, bill, hospital};
use crate::keys::{adds, change, id, newcomer, replaces};
use crate::parties::{BLUE, Key, Machine, RED, SECOND, T0, deliver, here, key, pair, settle};

fn at(seconds: i64) -> UtcNanos {
    UtcNanos(T0 + seconds * SECOND)
}

fn watch(act: WatchAct, seconds: i64) -> Message {
    Message::Watch(Watch { act, at: at(seconds), remarks: None })
}

fn book(machine: &Machine) -> &WatchBook {
    machine.channel.board().watch(RED)
}

#[test]
fn an_empty_chair_is_shown_on_both_sides() {
    let (mut red, mut blue) = pair();
    for (act, seconds) in [
        (WatchAct::Takes, 100),
        (WatchAct::HandsOver, 200),
        (WatchAct::Takes, 230),
        (WatchAct::Leaves, 300),
        (WatchAct::Takes, 360),
    ] {
        red.submit(&watch(act, seconds)).unwrap();
    }
    deliver(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let gaps = book(machine).unattended(at(0), at(400));
        assert_eq!(gaps, [(at(0), at(100)), (at(300), at(360))], "a hand-over leaves nobody alone");
        assert_eq!(book(machine).on_watch().unwrap().0.at, at(360));
    }
    red.submit(&watch(WatchAct::HandsOver, 380)).unwrap();
    assert_eq!(book(&red).on_watch().unwrap().0.at, at(360), "whoever hands over has it until it is taken");
    red.submit(&watch(WatchAct::Leaves, 390)).unwrap();
    assert!(book(&red).on_watch().is_none());
    assert_eq!(book(&red).unattended(at(380), at(400)), [(at(390), at(400))]);
    assert_eq!(WatchBook::default().unattended(at(0), at(10)), [(at(0), at(10))]);
    assert_eq!(book(&blue).unattended(at(120), at(130)), []);
}

/// RED's officers, and BLUE's view of who of them has the watch.
fn says(red: &mut Machine, officer: &Key, act: WatchAct, seconds: i64) {
    let submission = red.draft(&watch(act, seconds)).sign(officer).unwrap();
    red.commit(submission);
}

fn holder(machine: &Machine) -> Option<&str> {
    book(machine).on_watch().map(|(_, origin)| origin.signer.as_str())
}

#[test]
fn who_does_not_have_the_watch_neither_hands_it_over_nor_leaves_it() {
    let (mut red, mut blue) = pair();
    let (first, second) = (key(RED, KeyRole::Officer), newcomer());
    let adding = adds(&red, &second, KeyRole::Officer);
    change(&mut red, &adding).unwrap();
    says(&mut red, &first, WatchAct::Takes, 0);
    says(&mut red, &second, WatchAct::Leaves, 50);
    assert_eq!(holder(&red), Some("Officer 1"), "nobody leaves the watch of another");
    says(&mut red, &first, WatchAct::Leaves, 100);
    says(&mut red, &second, WatchAct::HandsOver, 200);
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert_eq!(holder(machine), None, "an empty chair is handed over by nobody, and not back to who left it");
        assert_eq!(book(machine).unattended(at(0), at(300)), [(at(100), at(300))]);
    }
    says(&mut red, &second, WatchAct::Takes, 250);
    says(&mut red, &first, WatchAct::HandsOver, 260);
    assert_eq!(holder(&red), Some("R. Two"));
    assert_eq!(book(&red).unattended(at(0), at(300)), [(at(100), at(250))]);
}

#[test]
fn a_revoked_officer_has_the_watch_no_more() {
    let (mut red, mut blue) = pair();
    let first = key(RED, KeyRole::Officer);
    says(&mut red, &first, WatchAct::Takes, 0);
    red.now = at(100);
    let replacing = replaces(&red, id(&first), [9, 9]);
    change(&mut red, &replacing).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert_eq!(holder(machine), None);
        assert_eq!(book(machine).unattended(at(0), at(300)), [(at(100), at(300))]);
    }
    says(&mut red, &Key::new(97), WatchAct::Takes, 200);
    red.now = at(250);
    let adding = adds(&red, &newcomer(), KeyRole::Officer);
    change(&mut red, &adding).unwrap();
    assert_eq!(holder(&red), Some("R. Two"), "a change that revokes somebody else leaves the watch as it is");
}

#[test]
fn a_bill_that_ends_is_warned_of_two_hours_before_and_a_gap_in_it_a_day_before() {
    const HOUR: i64 = 3_600;
    let (mut red, _) = pair();
    let ahead = |red: &Machine, now: i64| red.channel.board().bill(RED).gaps_ahead(at(now));
    assert_eq!(ahead(&red, 0), [], "who never filed one is not warned");
    red.submit(&Message::WatchBill(bill(&[("Officer 1", 0, 8 * HOUR)]))).unwrap();
    assert_eq!(ahead(&red, 6 * HOUR - 1), [], "more than two hours of it are left");
    assert_eq!(ahead(&red, 6 * HOUR), [(at(8 * HOUR), at(30 * HOUR))]);
    assert_eq!(ahead(&red, 9 * HOUR), [(at(9 * HOUR), at(33 * HOUR))], "it is over");
    let turns = [("Officer 1", 8 * HOUR, 16 * HOUR), ("Officer 1", 17 * HOUR, 20 * HOUR)];
    red.submit(&Message::WatchBill(bill(&turns))).unwrap();
    assert_eq!(ahead(&red, 0), [(at(16 * HOUR), at(17 * HOUR))], "the gap a day before, and not yet the end");
}

#[test]
fn what_is_said_over_the_hotline_is_held_by_both_and_a_phrase_has_its_own_parameters() {
    let (mut red, mut blue) = pair();
    let text =
        |language: &str, text: &str| Message::Hotline(Hotline::Text { language: language.into(), text: text.into() });
    let phrase = |code, parameters: Vec<Parameter>| {
        Message::Hotline(Hotline::Phrase { edition: phrasebook::EDITION, code, parameters })
    };
    let unknown = red.submit(&phrase(999, vec![])).unwrap_err();
    assert_eq!((unknown.code(), unknown.field()), ("phrase-unknown", Some("code")));
    let unlike = red.submit(&phrase(301, vec![Parameter::Time(at(0)), Parameter::Text("K".into())])).unwrap_err();
    assert_eq!((unlike.code(), unlike.field()), ("phrase-unlike", Some("parameters")));
    assert!(unlike.to_string().contains("text, time"), "{unlike}");
    for (language, words) in [("english", "hello"), ("EN", "hello"), ("en", " "), ("en", "a\rb")] {
        assert_eq!(red.submit(&text(language, words)).unwrap_err().code(), "message-malformed", "{language} {words}");
    }
    let takes_off = phrase(301, vec![Parameter::Text("KOBALT 21".into()), Parameter::Time(at(60))]);
    red.submit(&takes_off).unwrap();
    settle(&mut red, &mut blue);
    blue.submit(&text("ru", "Понял, \u{202e}жду")).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let said = machine.channel.board().hotline().messages();
        let said: Vec<_> = said.iter().map(|(said, origin)| (origin.party, Message::Hotline(said.clone()))).collect();
        assert_eq!(said, [(RED, takes_off.clone()), (BLUE, text("ru", "Понял, \u{202e}жду"))], "as it was signed");
    }
}

#[test]
fn a_watch_bill_says_who_is_to_be_there_and_who_is_late_at_both_sides() {
    let (mut red, mut blue) = pair();
    let adding = adds(&red, &newcomer(), KeyRole::Officer);
    change(&mut red, &adding).unwrap();
    let file = |red: &mut Machine, turns: &[(&str, i64, i64)]| red.submit(&Message::WatchBill(bill(turns)));
    let unknown = file(&mut red, &[("Officer 1", 0, 100), ("R. Too", 100, 200)]).unwrap_err();
    assert_eq!((unknown.code(), unknown.field()), ("officer-unknown", Some("turns")));
    assert_eq!(file(&mut red, &[("Officer 1", 0, 100), ("R. Two", 99, 200)]).unwrap_err().code(), "message-malformed");
    assert_eq!(file(&mut red, &[("Officer 1", 100, 100)]).unwrap_err().code(), "message-malformed");
    assert_eq!(file(&mut red, &[]).unwrap_err().code(), "message-malformed");
    file(&mut red, &[("Officer 1", 0, 100), ("R. Two", 100, 200), ("Officer 1", 250, 300)]).unwrap();
    says(&mut red, &key(RED, KeyRole::Officer), WatchAct::Takes, 0);
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let board = machine.channel.board();
        assert_eq!(board.bill(RED).gaps(at(50), at(400)), [(at(200), at(250)), (at(300), at(400))]);
        assert_eq!(board.late(RED, at(99)), None, "it has the watch");
        let late = board.late(RED, at(100)).unwrap();
        assert_eq!((late.officer.as_str(), late.from, late.until), ("R. Two", at(100), at(200)));
        assert_eq!(board.late(RED, at(200)), None, "nobody is late in a gap");
        assert!(board.bill(BLUE).is_empty());
    }
    // A later bill counts for its own time, and leaves both ends of the turn that it falls into.
    file(&mut red, &[("Officer 1", 120, 140), ("Officer 1", 150, 160)]).unwrap();
    settle(&mut red, &mut blue);
    let turns = |machine: &Machine| {
        let turns = machine.channel.board().bill(RED).from(at(0));
        turns
            .map(|turn| (turn.officer.to_string(), (turn.from.0 - T0) / SECOND, (turn.until.0 - T0) / SECOND))
            .collect()
    };
    let expected: Vec<(String, i64, i64)> = [
        ("Officer 1", 0, 100),
        ("R. Two", 100, 120),
        ("Officer 1", 120, 140),
        ("Officer 1", 150, 160),
        ("R. Two", 160, 200),
        ("Officer 1", 250, 300),
    ]
    .map(|(officer, from, until)| (officer.to_owned(), from, until))
    .to_vec();
    assert_eq!((turns(&red), turns(&blue)), (expected.clone(), expected));
}

#[test]
fn a_test_call_is_answered_by_the_counterpart_alone() {
    let (mut red, mut blue) = pair();
    let call = red.submit(&Message::TestCall).unwrap();
    deliver(&mut red, &mut blue);
    assert_eq!(red.submit(&Message::TestAnswer { call }).unwrap_err().code(), "wrong-party");
    assert_eq!(blue.submit(&Message::TestAnswer { call: Hash([1; 32]) }).unwrap_err().code(), "citation-unknown");
    blue.submit(&Message::TestAnswer { call }).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert!(machine.channel.board().test_calls().iter().next().unwrap().answer.is_some());
    }
}

fn named(notice: Hash, unit: &str) -> Message {
    Message::Propagation(Propagation { notice, unit: unit.to_owned(), reach: Reach::Named, person: None })
}

#[test]
fn a_unit_that_has_not_applied_a_notice_is_a_gap_with_a_name_and_an_amendment_reopens_all() {
    let (mut red, mut blue) = pair();
    let convoy = blue.submit(&Message::Protected(hospital())).unwrap();
    deliver(&mut blue, &mut red);
    for unit in ["COMMAND", "DRONE CELL"] {
        red.submit(&named(convoy, unit)).unwrap();
    }
    red.submit(&Message::Propagation(applied(convoy, "COMMAND"))).unwrap();
    settle(&mut red, &mut blue);
    let gaps = |machine: &Machine| {
        let state = machine.channel.board().notice_of(&convoy).unwrap();
        let gaps = state.units[RED].gaps(&state.origin.leaf).into_iter().map(str::to_owned).collect::<Vec<_>>();
        (gaps, state.units[RED].names().count())
    };
    assert_eq!((gaps(&red), gaps(&blue)), ((vec!["DRONE CELL".to_owned()], 2), (vec!["DRONE CELL".to_owned()], 2)));
    let changed = Protected {
        notice: Notice { act: NoticeAct::Changed, previous: Some(convoy), ..hospital().notice },
        ..hospital()
    };
    blue.submit(&Message::Protected(changed)).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(gaps(&red).0, ["COMMAND", "DRONE CELL"], "an amendment reopens receipts");
    assert_eq!(red.submit(&Message::Propagation(applied(convoy, "COMMAND"))).unwrap_err().code(), "citation-replaced");
    let mute = Propagation { person: None, ..applied(convoy, "COMMAND") };
    assert_eq!(red.submit(&Message::Propagation(mute)).unwrap_err().field(), Some("person"));
}

#[test]
fn a_unit_that_is_written_otherwise_is_no_second_unit() {
    let (mut red, mut blue) = pair();
    let notice = red.submit(&here()).unwrap();
    deliver(&mut red, &mut blue);
    red.submit(&named(notice, "ALPHA 1")).unwrap();
    for written in ["Alpha 1", "ALPHA1", "alpha\u{a0} 1"] {
        let refused = red.submit(&Message::Propagation(applied(notice, written))).unwrap_err();
        assert_eq!((refused.code(), refused.field()), ("unit-alike", Some("unit")));
        assert!(refused.to_string().contains("'ALPHA 1'"), "{refused}");
        assert!(red.submit(&named(notice, written)).is_err(), "nor is it named a second time");
    }
    red.submit(&Message::Propagation(applied(notice, "ALPHA 1"))).unwrap();
    red.submit(&named(notice, "ALPHA 11")).unwrap();
    blue.submit(&named(notice, "Alpha 1")).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(blue.channel.board().notice_of(&notice).unwrap().units[RED].names().count(), 2);
}

#[test]
fn a_protected_site_conflicts_like_any_notice_and_stays_protected() {
    let (mut red, mut blue) = pair();
    let site = blue.submit(&Message::Protected(hospital())).unwrap();
    deliver(&mut blue, &mut red);
    red.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!((red.open_conflicts().len(), blue.open_conflicts().len()), (1, 1));
    let protection = |machine: &Machine| machine.channel.board().notice_of(&site).unwrap().protection.clone();
    assert_eq!(protection(&red).unwrap().name, "Hospital at Kafr");
    // A plain amendment, by a tool that knows nothing of protection.
    let plain = Notice { act: NoticeAct::Changed, previous: Some(site), ..hospital().notice };
    blue.submit(&Message::Notice(plain)).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(protection(&red), protection(&blue));
    assert_eq!(protection(&red).unwrap().name, "Hospital at Kafr");
    let wrong = Protected { notice: Notice { class: ActivityClass::Manned, ..hospital().notice }, ..hospital() };
    assert_eq!(blue.submit(&Message::Protected(wrong)).unwrap_err().code(), "message-malformed");
}

#[test]
fn a_receipt_is_for_one_version_of_the_list_and_outdated_by_every_change() {
    let (mut red, mut blue) = pair();
    let list = |machine: &Machine| machine.channel.board().protected_list(BLUE);
    let receipt = |list: &ProtectedList| Message::ListReceipt(ListReceipt { version: list.version, count: list.count });
    let is_current = |machine: &Machine| {
        let board = machine.channel.board();
        board.list_receipt(RED).map(|(receipt, _)| receipt.version == board.protected_list(BLUE).version)
    };
    let empty = list(&red);
    let site = blue.submit(&Message::Protected(hospital())).unwrap();
    blue.submit(&here()).unwrap();
    assert_ne!(list(&blue).version, empty.version);
    assert_eq!(list(&blue).count, 1, "a notice of anything else is not on it");
    settle(&mut red, &mut blue);
    assert_eq!((list(&red), is_current(&red)), (list(&blue), None));
    assert_eq!(red.submit(&receipt(&empty)).unwrap_err().code(), "content-differs");
    let miscounted = Message::ListReceipt(ListReceipt { version: list(&red).version, count: 2 });
    assert_eq!(red.submit(&miscounted).unwrap_err().code(), "content-differs");
    let first = list(&red);

    // BLUE changes its list while the receipt is on its way: it is for what RED held, and outdated where the change is known.
    let plain = Notice { act: NoticeAct::Changed, previous: Some(site), ..hospital().notice };
    let changed = blue.submit(&Message::Notice(plain)).unwrap();
    red.submit(&receipt(&first)).unwrap();
    assert_eq!(is_current(&red), Some(true));
    settle(&mut red, &mut blue);
    assert_eq!((is_current(&red), is_current(&blue)), (Some(false), Some(false)));
    let current = receipt(&list(&red));
    red.submit(&current).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!((is_current(&red), is_current(&blue)), (Some(true), Some(true)));
    // Whoever claims to hold what it was not sent contradicts its own leaf.
    let lie = red.signed(&receipt(&empty));
    red.commit(lie);
    settle(&mut red, &mut blue);
    assert_eq!((red.channel.anomalies().count(), blue.channel.anomalies().count()), (1, 1));
    assert_eq!(is_current(&blue), Some(true));
    let ended = Notice { act: NoticeAct::Ended, previous: Some(changed), ..hospital().notice };
    blue.submit(&Message::Notice(ended)).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!((is_current(&red), is_current(&blue)), (Some(false), Some(false)));
    assert_eq!(list(&red), empty);
}

#[test]
fn both_sides_count_the_same_weeks() {
    let (mut red, mut blue) = pair();
    red.submit(&watch(WatchAct::Takes, 0)).unwrap();
    let id = red.submit(&here()).unwrap();
    blue.submit(&here()).unwrap();
    let call = red.submit(&Message::TestCall).unwrap();
    let stop = skypact_channel::Stop { object: None, what: "fire".to_owned(), area: None, until: None, reason: None };
    let stop = red.submit(&Message::Stop(stop)).unwrap();
    settle(&mut red, &mut blue);
    blue.now = at(120);
    blue.submit(&Message::TestAnswer { call }).unwrap();
    let content = blue.channel.board().notice_of(&id).unwrap().origin.content;
    blue.submit(&Message::ReadBack { notice: id, content }).unwrap();
    let rung = skypact_channel::StopRung { stop, rung: skypact_channel::Rung::Ceased, text: None };
    blue.submit(&Message::StopRung(rung)).unwrap();
    blue.now = at(8 * 86_400);
    blue.submit(&Message::TestCall).unwrap();
    settle(&mut red, &mut blue);
    let now = at(8 * 86_400 + 3_600);
    let weeks = skypact_channel::health(&red.channel, now);
    assert_eq!(weeks, skypact_channel::health(&blue.channel, now));
    assert_eq!(weeks.len(), 2);
    let first = &weeks[0];
    // T0 is Monday 2026-09-21, 14:13:20 UTC.
    assert_eq!(first.start, UtcNanos(T0 - (14 * 3_600 + 13 * 60 + 20) * SECOND));
    assert_eq!((first.conflicts, first.conflicts_open, first.suspensions), (1, 1, 0));
    let [blues, reds] = &first.parties;
    assert_eq!((reds.notices, blues.notices, blues.read_backs, reds.read_backs), (1, 1, 1, 0));
    assert_eq!((blues.read_back_median_ns, blues.stop_median_ns), (Some(120 * SECOND), Some(120 * SECOND)));
    assert_eq!((blues.stops, blues.stops_open, blues.test_calls, blues.test_calls_missed), (1, 0, 1, 1));
    assert_eq!(reds.unattended_ns, (14 * 3_600 + 13 * 60 + 20) * SECOND, "before the watch was taken");
    assert_eq!(blues.unattended_ns, 7 * 86_400 * SECOND);
    assert_eq!(weeks[1].parties[1].test_calls_missed, 1, "nobody has answered within the rung");
}
