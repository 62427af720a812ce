//! Joint incident cases and the agenda of the working group: two machines that hold the same entries have the same cases.

use std::borrow::Cow;

use skypact_airspace::UtcNanos;
use skypact_channel::{
    AgendaAct, AgendaEntry, AgendaItem, CaseAct, CaseEntry, CaseFile, CaseReport, CauseKind, Causes, Cited, Message,
    Neutral, NeutralFinding, Notice, NoticeAct, OpenItem, Protected, Rung, Stop, StopRung, Topic, Witnessed, agenda,
};
use skypact_record::{Hash, KeyRole, LogClass, Origin, Signer as _, cosign};

use crate::golden::hospital;
use crate::parties::{
    BLUE, Key, Machine, RED, SECOND, T0, deliver, deliver_log, disc, here, key, notice, pair, settle, witness,
};

fn at(seconds: i64) -> UtcNanos {
    UtcNanos(T0 + seconds * SECOND)
}

fn report(about: Vec<Hash>) -> Message {
    let text = "passed at 500 ft".to_owned();
    Message::Case(CaseReport { title: "Pass over the river".to_owned(), text, at: Some(at(5)), about })
}

fn adds(case: Hash, act: CaseAct) -> Message {
    Message::CaseEntry(CaseEntry { case, act })
}

fn words(text: &str) -> String {
    text.to_owned()
}

/// One of each body, for the golden files.
pub(crate) fn messages(a: Hash, b: Hash) -> Vec<(&'static str, Message)> {
    let file = CaseFile { name: words("tape.ogg"), media_type: words("audio/ogg"), size: 9, sha256: b };
    let (neutral, cited) = (Key::new(77), Cited { leaf: b, content: a });
    let signature = neutral.sign(&NeutralFinding::signed(&a, &b)).unwrap().try_into().unwrap();
    let key = neutral.public_key().clone();
    let says = |act: AgendaAct| Message::AgendaEntry(AgendaEntry { item: a, act });
    vec![
        ("case", report(vec![a, b])),
        ("case-statement", adds(a, CaseAct::Statement { text: words("we saw nothing") })),
        ("case-fact", adds(a, CaseAct::Fact { text: words("both at FL200") })),
        ("case-agreed", adds(a, CaseAct::Agreed(cited))),
        ("case-disputed", adds(a, CaseAct::Disputed { fact: cited, reason: words("FL220") })),
        ("case-request", adds(a, CaseAct::Request { text: words("radar recording") })),
        ("case-evidence", adds(a, CaseAct::Evidence { request: Some(b), file: file.clone(), note: None })),
        ("case-withheld", adds(a, CaseAct::Withheld { request: b, reason: words("source") })),
        ("case-neutral", adds(a, CaseAct::Neutral(Neutral { name: words("Neutral"), key: key.clone() }))),
        ("case-finding", adds(a, CaseAct::Finding(NeutralFinding { file, key, signature }))),
        ("case-closed", adds(a, CaseAct::Closed { causes: 9, reason: words("settled") })),
        ("agenda-item", Message::AgendaItem(AgendaItem { title: words("Languages"), text: Some(words("of calls")) })),
        ("agenda-position", says(AgendaAct::Position { text: words("both") })),
        ("agenda-proposed", says(AgendaAct::Proposed { text: words("English and Arabic") })),
        ("agenda-accepted", says(AgendaAct::Accepted(cited))),
    ]
}

/// What both sides have to have alike: cases with their causes, and the agenda.
fn settled(machine: &Machine, now: UtcNanos) -> (String, Vec<OpenItem>) {
    let board = machine.channel.board();
    let mut cases: Vec<_> = board.case_ids(now).collect();
    cases.sort();
    let state = |(id, causes): &(Hash, Cow<'_, Causes>)| {
        let case = board.case(id);
        let facts = case.map(|case| case.facts.clone());
        (*id, format!("{causes:?} {facts:?} {:?}", case.map(|case| case.is_closed(causes))))
    };
    (format!("{:#?}", cases.iter().map(state).collect::<Vec<_>>()), agenda(&machine.channel, now))
}

fn same(red: &Machine, blue: &Machine, now: UtcNanos) -> Vec<OpenItem> {
    let (reds, blues) = (settled(red, now), settled(blue, now));
    assert_eq!(reds, blues);
    reds.1
}

/// The content of a fact or decision that a machine has.
fn cited(machine: &Machine, case: Hash, leaf: Hash) -> Cited {
    let case = machine.channel.board().case(&case).unwrap();
    let asked = case.facts.iter().chain(&case.requests).find(|asked| asked.origin.leaf == leaf).unwrap();
    Cited { leaf, content: asked.origin.content }
}

fn topics(items: &[OpenItem], id: Hash) -> Vec<(Topic, usize)> {
    let item = items.iter().find(|item| item.id == id);
    item.map(|item| item.points.iter().map(|point| (point.topic, point.party)).collect()).unwrap_or_default()
}

/// RED's node states that the witness had cosigned its routine log so many seconds after the beginning.
fn witnessed(red: &mut Machine, seconds: i64) {
    let log = red.routine();
    let mut note = red.checkpoint(log, red.channel.log(log).size());
    let time_s = u64::try_from(T0 / SECOND + seconds).unwrap();
    let name = Origin::new("witness.example").unwrap();
    assert!(note.add(cosign(note.checkpoint(), time_s, &name, &witness()).unwrap()));
    let draft = red.draft(&Message::Witnessed(Witnessed { class: LogClass::Routine, note: note.encode() }));
    red.commit(draft.sign(&key(RED, KeyRole::Node)).unwrap());
}

#[test]
fn a_fact_is_agreed_by_its_exact_hash_and_by_the_other_side_alone() {
    let (mut red, mut blue) = pair();
    let case = red.submit(&report(Vec::new())).unwrap();
    let fact = red.submit(&adds(case, CaseAct::Fact { text: words("both were at FL200") })).unwrap();
    settle(&mut red, &mut blue);
    let own = cited(&red, case, fact);
    assert_eq!(red.submit(&adds(case, CaseAct::Agreed(own))).unwrap_err().code(), "wrong-party");
    let other = Cited { content: Hash([7; 32]), ..own };
    assert_eq!(blue.submit(&adds(case, CaseAct::Agreed(other))).unwrap_err().code(), "content-differs");
    let nothing = Cited { leaf: Hash([7; 32]), ..own };
    assert_eq!(blue.submit(&adds(case, CaseAct::Agreed(nothing))).unwrap_err().code(), "citation-unknown");
    assert_eq!(blue.submit(&adds(Hash([9; 32]), CaseAct::Agreed(own))).unwrap_err().code(), "citation-unknown");
    let unknown = adds(Hash([9; 32]), CaseAct::Statement { text: words("nothing") });
    assert_eq!(blue.submit(&unknown).unwrap_err().code(), "citation-unknown");

    let disputed = CaseAct::Disputed { fact: own, reason: words("ours was at FL220") };
    blue.submit(&adds(case, disputed)).unwrap();
    settle(&mut red, &mut blue);
    let items = same(&red, &blue, at(10));
    assert_eq!(topics(&items, case), [(Topic::Incident, RED), (Topic::Disputed, BLUE)]);
    blue.submit(&adds(case, CaseAct::Agreed(own))).unwrap();
    settle(&mut red, &mut blue);
    let items = same(&red, &blue, at(10));
    assert_eq!(topics(&items, case), [(Topic::Incident, RED)]);
    let held = red.channel.board().case(&case).unwrap();
    assert_eq!(held.facts[0].answers.len(), 2, "that it was disputed stays");
    assert!(held.disputed().next().is_none());
    assert_eq!(red.channel.anomalies().count() + blue.channel.anomalies().count(), 0);
}

#[test]
fn what_was_asked_for_and_not_given_stays_in_sight() {
    let (mut red, mut blue) = pair();
    let case = red.submit(&report(Vec::new())).unwrap();
    let request = |machine: &mut Machine, text: &str| {
        machine.submit(&adds(case, CaseAct::Request { text: words(text) })).unwrap()
    };
    let (radar, tapes, log) = (request(&mut red, "radar"), request(&mut red, "tapes"), request(&mut red, "log"));
    settle(&mut red, &mut blue);
    let withheld = |request: Hash| adds(case, CaseAct::Withheld { request, reason: words("source") });
    assert_eq!(red.submit(&withheld(radar)).unwrap_err().code(), "wrong-party");
    blue.submit(&withheld(radar)).unwrap();
    let file = CaseFile { name: words("tape.ogg"), media_type: words("audio/ogg"), size: 9, sha256: Hash([4; 32]) };
    let given = CaseAct::Evidence { request: Some(tapes), file: file.clone(), note: None };
    blue.submit(&adds(case, given)).unwrap();
    let unasked = CaseAct::Evidence { request: None, file, note: Some(words("photograph")) };
    blue.submit(&adds(case, unasked)).unwrap();
    settle(&mut red, &mut blue);
    let items = same(&red, &blue, at(10));
    assert_eq!(
        topics(&items, case),
        [(Topic::Incident, RED), (Topic::Withheld, BLUE), (Topic::Unanswered, BLUE)],
        "the tapes were given"
    );
    let held = red.channel.board().case(&case).unwrap();
    assert_eq!(held.not_given().map(|asked| asked.origin.leaf).collect::<Vec<_>>(), [radar, log]);
    assert_eq!(held.evidence.len(), 2);
    assert!(red.channel.board().case_leaves(&case).contains(&radar));
}

#[test]
fn a_finding_holds_by_the_key_that_both_sides_named() {
    let (mut red, mut blue) = pair();
    let case = red.submit(&report(Vec::new())).unwrap();
    settle(&mut red, &mut blue);
    let (neutral, stranger) = (Key::new(77), Key::new(78));
    let names = |key: &Key| CaseAct::Neutral(Neutral { name: words("Neutral"), key: key.public_key().clone() });
    red.submit(&adds(case, names(&neutral))).unwrap();
    blue.submit(&adds(case, names(&stranger))).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(red.channel.board().case(&case).unwrap().neutral(), None, "each has named another");
    blue.submit(&adds(case, names(&neutral))).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(blue.channel.board().case(&case).unwrap().neutral(), Some(neutral.public_key()));
    let file = CaseFile { name: words("finding.txt"), media_type: words("text/plain"), size: 3, sha256: Hash([5; 32]) };
    let finding = |case: Hash, key: &Key, signer: &Key| {
        let signature = signer.sign(&NeutralFinding::signed(&case, &file.sha256)).unwrap().try_into().unwrap();
        CaseAct::Finding(NeutralFinding { file: file.clone(), key: key.public_key().clone(), signature })
    };
    let forged = finding(case, &neutral, &stranger);
    assert_eq!(red.submit(&adds(case, forged.clone())).unwrap_err().code(), "finding-invalid");
    let elsewhere = finding(Hash([1; 32]), &neutral, &neutral);
    assert_eq!(red.submit(&adds(case, elsewhere)).unwrap_err().code(), "finding-invalid");
    for machine in [&mut red, &mut blue] {
        machine.submit(&adds(case, finding(case, &neutral, &neutral))).unwrap();
    }
    // A hostile node places it without asking.
    let lie = red.signed(&adds(case, forged));
    red.commit(lie);
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert_eq!(machine.channel.board().case(&case).unwrap().findings.len(), 2);
        assert_eq!(machine.channel.anomalies().count(), 1);
    }
}

#[test]
fn a_case_is_closed_by_both_sides_and_opened_again_by_what_comes_later() {
    let (mut red, mut blue) = pair();
    let case = red.submit(&report(Vec::new())).unwrap();
    settle(&mut red, &mut blue);
    let close = || adds(case, CaseAct::Closed { causes: 0, reason: words("settled") });
    red.submit(&close()).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(same(&red, &blue, at(1)).len(), 1, "one side alone closes nothing");
    blue.submit(&close()).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(same(&red, &blue, at(1)), []);
    red.submit(&adds(case, CaseAct::Statement { text: words("not quite") })).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(same(&red, &blue, at(1)).len(), 1);
}

#[test]
fn an_unseen_overlap_opens_a_case_at_both_sides_in_any_order_and_under_replaced_versions() {
    for crossing in [false, true] {
        let (mut red, mut blue) = pair();
        let first = red.submit(&here()).unwrap();
        deliver(&mut red, &mut blue);
        let second = blue.submit(&here()).unwrap();
        if crossing {
            // RED changes its notice before it hears of the other one, and away from it: at RED the conflict never opens.
            red.submit(&notice(NoticeAct::Changed, Some(first), vec![disc(50_000_000_000, 1_000, 1_000, 8_000)]))
                .unwrap();
        }
        settle(&mut red, &mut blue);
        let items = same(&red, &blue, at(1));
        assert_eq!(topics(&items, second), [(Topic::Cause(CauseKind::UnseenOverlap), BLUE)], "crossing: {crossing}");
        assert!(topics(&items, first).is_empty(), "RED could not know of it");
        let leaves = red.channel.board().case_leaves(&second);
        assert!(leaves.contains(&first) && leaves.contains(&second));
    }
}

#[test]
fn a_conflict_with_a_protected_site_is_a_case_of_the_one_who_came_into_it() {
    let (mut red, mut blue) = pair();
    let site = blue.submit(&Message::Protected(hospital())).unwrap();
    let inbound = red.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    let items = same(&red, &blue, at(1));
    assert_eq!(topics(&items, inbound), [(Topic::Cause(CauseKind::ProtectedConflict), RED)]);
    assert!(topics(&items, site).is_empty());
    // A second site is no second case, and a case that is closed stays so until something else happens.
    let close = |causes: u64| adds(inbound, CaseAct::Closed { causes, reason: words("rerouted") });
    for machine in [&mut red, &mut blue] {
        machine.submit(&close(CauseKind::ProtectedConflict.bit())).unwrap();
    }
    settle(&mut red, &mut blue);
    assert_eq!(same(&red, &blue, at(1)), []);
    let other = Protected { name: words("Camp 4"), ..hospital() };
    blue.submit(&Message::Protected(other)).unwrap();
    settle(&mut red, &mut blue);
    let items = same(&red, &blue, at(1));
    assert_eq!(topics(&items, inbound), [], "the same cause");
}

#[test]
fn a_stop_without_a_last_word_is_a_case_when_the_last_rung_has_passed() {
    let (mut red, mut blue) = pair();
    let call =
        |what: &str| Message::Stop(Stop { object: None, what: words(what), area: None, until: None, reason: None });
    let (late, early, open) =
        (red.submit(&call("a")).unwrap(), red.submit(&call("b")).unwrap(), red.submit(&call("c")).unwrap());
    settle(&mut red, &mut blue);
    assert_eq!(same(&red, &blue, at(59)), []);
    let unanswered = [(Topic::Cause(CauseKind::UnansweredStop), BLUE)];
    let items = same(&red, &blue, at(60));
    assert!([late, early, open].iter().all(|stop| topics(&items, *stop) == unanswered));
    let answer = |machine: &mut Machine, stop: Hash, rung: Rung| {
        machine.submit(&Message::StopRung(StopRung { stop, rung, text: None })).unwrap();
    };
    blue.now = at(59);
    answer(&mut blue, early, Rung::Ceased);
    answer(&mut blue, open, Rung::Heard);
    blue.now = at(61);
    answer(&mut blue, late, Rung::Ceased);
    // RED lifts it, by its clock in time: the two last words cross.
    red.now = at(40);
    let lifted = red.submit(&Message::StopLifted { stop: late }).unwrap();
    assert_ne!(lifted, late);
    settle(&mut red, &mut blue);
    let items = same(&red, &blue, at(7_200));
    assert!(topics(&items, early).is_empty() && topics(&items, late).is_empty());
    assert_eq!(topics(&items, open), unanswered, "HEARD ends nothing");
    red.now = at(90);
    red.submit(&Message::StopLifted { stop: open }).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(topics(&same(&red, &blue, at(0)), open), unanswered, "it came too late, and that stays");
}

#[test]
fn a_case_entry_may_come_before_the_stop_that_it_is_about() {
    let (mut red, mut blue) = pair();
    let stop = Stop { object: None, what: words("fire"), area: None, until: None, reason: None };
    let stop = red.submit(&Message::Stop(stop)).unwrap();
    red.submit(&adds(stop, CaseAct::Statement { text: words("nobody answers") })).unwrap();
    let routine = red.routine();
    deliver_log(&mut red, &mut blue, routine);
    assert_eq!(blue.channel.anomalies().count(), 0);
    settle(&mut red, &mut blue);
    assert_eq!(topics(&same(&red, &blue, at(60)), stop), [(Topic::Cause(CauseKind::UnansweredStop), BLUE)]);
}

#[test]
fn a_late_notice_is_a_case_once_the_witnesses_fixed_it_and_for_ever() {
    let (mut red, mut blue) = pair();
    // The minimum of the pact for this class is 10 minutes; this one starts 1,000 s after the beginning.
    let id = red.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(same(&red, &blue, at(900)), [], "a provisional time fixes nothing");
    witnessed(&mut red, 500);
    settle(&mut red, &mut blue);
    assert_eq!(topics(&same(&red, &blue, at(900)), id), [(Topic::Cause(CauseKind::Late), RED)]);
    witnessed(&mut red, 10);
    settle(&mut red, &mut blue);
    assert_eq!(topics(&same(&red, &blue, at(900)), id), [(Topic::Cause(CauseKind::Late), RED)]);
    let case = red.channel.board().case(&id).unwrap();
    let leaf = case.causes[&CauseKind::Late].leaf;
    assert!(red.channel.board().case_leaves(&id).contains(&leaf), "with the entry that fixed it");
}

#[test]
fn an_unread_notice_leaves_the_agenda_when_it_is_read_changed_or_ended() {
    let (mut red, mut blue) = pair();
    let Message::Notice(stated) = here() else { unreachable!("a notice") };
    let overdue = |red: &mut Machine, notice: Hash| {
        let draft = red.draft(&Message::Overdue { notice });
        red.commit(draft.sign(&key(RED, KeyRole::Node)).unwrap())
    };
    let ids = [0; 3].map(|_| red.submit(&here()).unwrap());
    for id in ids {
        overdue(&mut red, id);
    }
    settle(&mut red, &mut blue);
    let items = same(&red, &blue, at(1));
    assert!(ids.iter().all(|id| topics(&items, *id) == [(Topic::Unacknowledged, BLUE)]));
    let content = blue.channel.board().notice_of(&ids[0]).unwrap().origin.content;
    blue.submit(&Message::ReadBack { notice: ids[0], content }).unwrap();
    for (id, act) in [(ids[1], NoticeAct::Changed), (ids[2], NoticeAct::Ended)] {
        red.submit(&Message::Notice(Notice { act, previous: Some(id), ..stated.clone() })).unwrap();
    }
    settle(&mut red, &mut blue);
    assert_eq!(same(&red, &blue, at(1)), []);
}

#[test]
fn a_decision_binds_when_both_have_signed_its_bytes_and_positions_stay() {
    let (mut red, mut blue) = pair();
    let item = red.submit(&Message::AgendaItem(AgendaItem { title: words("Languages"), text: None })).unwrap();
    settle(&mut red, &mut blue);
    let says = |act: AgendaAct| Message::AgendaEntry(AgendaEntry { item, act });
    for text in ["English alone", "English and Arabic"] {
        blue.submit(&says(AgendaAct::Position { text: words(text) })).unwrap();
    }
    let decision = blue.submit(&says(AgendaAct::Proposed { text: words("both") })).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(topics(&same(&red, &blue, at(1)), item), [(Topic::Raised, RED), (Topic::Undecided, RED)]);
    let content = red.channel.board().agenda_book().get(&item).unwrap().decisions[0].origin.content;
    let accepts = |content: Hash| says(AgendaAct::Accepted(Cited { leaf: decision, content }));
    assert_eq!(blue.submit(&accepts(content)).unwrap_err().code(), "wrong-party");
    assert_eq!(red.submit(&accepts(Hash([1; 32]))).unwrap_err().code(), "content-differs");
    red.now = at(2);
    red.submit(&accepts(content)).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(same(&red, &blue, at(3)), []);
    let discussed = blue.channel.board().agenda_book().get(&item).unwrap();
    assert_eq!(
        discussed.positions[BLUE].iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(),
        ["English alone", "English and Arabic"]
    );
    // News of a decided item put it there again.
    blue.now = at(9);
    blue.submit(&says(AgendaAct::Proposed { text: words("and French") })).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(topics(&same(&red, &blue, at(10)), item), [(Topic::Undecided, RED)]);
}

#[test]
fn a_case_body_keeps_its_bounds() {
    let (mut red, _) = pair();
    let case = red.submit(&report(Vec::new())).unwrap();
    let long = "x".repeat(8_001);
    for act in [CaseAct::Statement { text: long.clone() }, CaseAct::Fact { text: "  ".to_owned() }] {
        assert_eq!(red.submit(&adds(case, act)).unwrap_err().code(), "message-malformed");
    }
    let bell = adds(case, CaseAct::Statement { text: words("a\u{7}b") });
    assert_eq!(red.submit(&bell).unwrap_err().field(), Some("fields"));
    let many = CaseReport { title: words("t"), text: words("x"), at: None, about: vec![case; 65] };
    assert_eq!(red.submit(&Message::Case(many)).unwrap_err().field(), Some("about"));
}
