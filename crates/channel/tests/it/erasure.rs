//! Bodies go by a signed entry, and the rest of the record says what it said: on both sides, after a start, and to who lost everything.

use std::collections::BTreeMap;

use skypact_airspace::{TimeWindow, UtcNanos};
use skypact_channel::{
    AnomalyReason, Erased, Kind, LogRef, Message, NoticeAct, Refold, Rejection, Remedy, Residue, health,
};
use skypact_record::{Hash, LogClass};

use crate::golden::{applied, hospital};
use crate::parties::{BLUE, RED, SECOND, T0, disc, here, notice};
use crate::posts::{Post, posts, wait};
use crate::recovery::{held, recover, whole};

/// To and fro, with a minute in between for what is due.
fn exchange(blue: &mut Post, red: &mut Post) {
    for _ in 0..2 {
        blue.hears(red);
        red.hears(blue);
        wait([blue, red], 61_000);
        blue.finish();
        red.finish();
    }
}

/// Does what a node does when bodies are to go: takes them out of what is stored, and folds that anew.
fn carry_out(post: &mut Post) -> usize {
    let due = post.station.erasures_due(post.now);
    for at in &due {
        let held = |(log, entry): &&mut (LogRef, skypact_record::Entry)| *log == at.log && entry.leaf.index == at.index;
        let (_, entry) = post.stored.iter_mut().find(held).unwrap();
        entry.parts[0] = None;
    }
    if !due.is_empty() {
        refold(post);
    }
    due.len()
}

fn refold(post: &mut Post) {
    let mut refold = Refold::new(post.station.channel()).unwrap();
    for (log, entry) in &post.stored {
        refold.stored(*log, entry.leaf.index, entry.clone()).unwrap();
    }
    post.station.refold(refold);
}

/// The same post after a start.
fn restarted(post: &Post) -> Post {
    let mut again = Post::out_of(post.station.channel().me(), post.station.channel().pact().clone(), &post.stored);
    if again.station.channel().lacks_residue() {
        refold(&mut again);
    }
    again
}

fn picture(post: &Post) -> String {
    let (channel, board) = (post.station.channel(), post.station.channel().board());
    let notices: Vec<_> = board.notices().collect();
    let (conflicts, proposals): (Vec<_>, Vec<_>) = (board.conflicts().collect(), board.proposals().collect());
    let anomalies: Vec<_> = channel.anomalies().collect();
    let erasures: Vec<_> = channel.erasures().collect();
    format!("{notices:#?} {conflicts:#?} {proposals:#?} {anomalies:#?} {erasures:#?}")
}

/// What has to be the same before and after.
fn verdicts(post: &Post) -> String {
    let channel = post.station.channel();
    let marks = channel.board().notices().map(|state| {
        let said = (state.id(), state.origin.leaf, state.window(), state.versions.len(), state.read_backs.len());
        (said, state.protection.is_some(), channel.timeliness(state), channel.filed_in_suspension(&state.origin))
    });
    let conflicts = channel.board().conflicts().map(|(key, at)| (key, at.window, at.open, at.unseen, at.filed));
    let (marks, conflicts): (Vec<_>, Vec<_>) = (marks.collect(), conflicts.collect());
    let lists = [BLUE, RED].map(|party| channel.board().protected_list(party));
    let late = UtcNanos(T0 + 10_000 * SECOND);
    let cases: Vec<_> = channel.board().case_ids(late).collect();
    format!("{marks:?} {conflicts:?} {lists:?} {cases:?} {:?}", health(channel, late))
}

fn erasing(post: &Post) -> Erased {
    let channel = post.station.channel();
    Erased { bodies: channel.erasable(channel.me()).into_iter().map(|body| (body.leaf, body.residue)).collect() }
}

fn erases(post: &mut Post) -> Result<Hash, Rejection> {
    let erased = erasing(post);
    post.says(&Message::Erased(erased))
}

/// Two parties after a conflict about a notice of RED's, which came late, was changed, and is over. RED's other notice stands.
fn over() -> (Post, Post, Hash) {
    let (mut blue, mut red) = posts();
    exchange(&mut blue, &mut red);
    blue.says(&here()).unwrap();
    exchange(&mut blue, &mut red);
    wait([&mut blue, &mut red], 600_000);
    let filed = red.says(&here()).unwrap();
    red.says(&Message::PositionForms { notice: filed, forms: vec!["441LL19".to_owned()] }).unwrap();
    red.says(&Message::Propagation(applied(filed, "DRONE CELL"))).unwrap();
    red.says(&notice(NoticeAct::New, None, vec![disc(50_000_000_000, 1_000, 9_000, 9_500)])).unwrap();
    exchange(&mut blue, &mut red);
    let state = blue.station.channel().board().notice_of(&filed).unwrap();
    let (content, volumes) = (state.origin.content, state.notice.volumes.clone());
    blue.says(&Message::ReadBack { notice: filed, content }).unwrap();
    let key = *red.station.channel().board().conflicts().next().unwrap().0;
    let proposal = blue.says(&Message::Proposal { key, notice: filed, remedy: Remedy::Level, volumes }).unwrap();
    exchange(&mut blue, &mut red);
    let content = red.station.channel().board().content_of(&proposal).unwrap();
    red.says(&Message::Acceptance { proposal, content }).unwrap();
    let changed = vec![disc(40_000_000_000, 20_000_000, 9_000, 9_500)];
    let changed = red.says(&notice(NoticeAct::Changed, Some(filed), changed)).unwrap();
    exchange(&mut blue, &mut red);
    red.says(&notice(NoticeAct::Cancelled, Some(changed), vec![disc(40_000_000_000, 1, 9_000, 9_500)])).unwrap();
    exchange(&mut blue, &mut red);
    (blue, red, filed)
}

#[test]
fn what_was_said_of_a_notice_that_is_over_goes_and_every_verdict_stays() {
    let (mut blue, mut red, filed) = over();
    let before = [verdicts(&blue), verdicts(&red)];
    assert!(red.station.channel().timeliness(red.station.channel().board().notice_of(&filed).unwrap()).is_late);
    let erasing = erasing(&red);
    assert_eq!(erasing.bodies.len(), 6, "three versions, forms, unit, acceptance");
    erases(&mut blue).unwrap();
    exchange(&mut blue, &mut red);
    assert_eq!([carry_out(&mut blue), carry_out(&mut red)], [2, 2], "read-back and proposal; RED's acceptance is left");
    let anomalies = [&blue, &red].map(|post| post.station.channel().anomalies().count());
    assert_eq!((anomalies, &verdicts(&blue), &verdicts(&red)), ([0, 0], &before[0], &before[1]));
    erases(&mut red).unwrap();
    exchange(&mut blue, &mut red);
    for (post, before) in [(&mut blue, &before[0]), (&mut red, &before[1])] {
        assert_eq!([carry_out(post), carry_out(post)], [5, 0], "three versions, forms, unit");
        assert_eq!(&verdicts(post), before);
        let channel = post.station.channel();
        let state = channel.board().notice_of(&filed).unwrap();
        assert!(state.is_erased() && state.notice.volumes.is_empty() && state.forms.is_empty());
        assert_eq!((state.units[RED].names().count(), channel.board().proposals().count()), (0, 0));
        assert_eq!(channel.anomalies().count(), 0, "{:?}", channel.anomalies().collect::<Vec<_>>());
        assert_eq!(channel.erasure(&filed).unwrap().origin.signer, "Officer 1");
        assert_eq!(picture(post), picture(&restarted(post)));
        assert!(channel.erasable(RED).is_empty() && channel.pending_erasures().is_empty());
    }
    // What stands goes on: it is found in conflict as before.
    blue.says(&notice(NoticeAct::New, None, vec![disc(50_000_000_000, 1_000, 9_000, 9_500)])).unwrap();
    assert_eq!(blue.station.channel().board().conflicts().filter(|(_, conflict)| conflict.open).count(), 1);
}

#[test]
fn a_protected_site_that_was_ended_goes_without_its_name() {
    let (mut blue, mut red) = posts();
    exchange(&mut blue, &mut red);
    let site = red.says(&Message::Protected(hospital())).unwrap();
    let mut ended = hospital();
    (ended.notice.act, ended.notice.previous) = (NoticeAct::Ended, Some(site));
    red.says(&Message::Protected(ended)).unwrap();
    exchange(&mut blue, &mut red);
    let before = verdicts(&blue);
    erases(&mut red).unwrap();
    exchange(&mut blue, &mut red);
    assert_eq!(carry_out(&mut blue), 2);
    assert_eq!(verdicts(&blue), before);
    assert!(!picture(&blue).contains("Kafr"));
}

#[test]
fn what_may_not_go_is_refused_under_its_code() {
    let (mut blue, mut red, filed) = over();
    let standing = red.says(&here()).unwrap();
    exchange(&mut blue, &mut red);
    let of = |post: &Post, leaf: &Hash| post.station.channel().entry(leaf).copied();
    let residue = Residue::ReadBack { notice: filed };
    let genesis = red.stored[0].1.leaf.hash();
    let theirs = blue.station.channel().erasable(BLUE)[0].leaf;
    for (leaf, code) in [
        (standing, "erasure-not-over"),
        (genesis, "erasure-kind"),
        (theirs, "erasure-not-own"),
        (Hash([9; 32]), "erasure-not-own"),
        (filed, "erasure-incomplete"),
    ] {
        let refused = red.says(&Message::Erased(Erased { bodies: [(leaf, Some(residue))].into() })).unwrap_err();
        assert_eq!((refused.code(), refused.field()), (code, Some("bodies")));
    }
    let mut differs = erasing(&red);
    differs.bodies.insert(filed, Some(residue));
    assert_eq!(red.says(&Message::Erased(differs)).unwrap_err().code(), "erasure-differs");
    let over = red.says(&notice(NoticeAct::Ended, Some(standing), vec![disc(1, 1, 1_000, 2_000)])).unwrap();
    let late = red.station.channel().board();
    assert!(late.notice_of(&over).is_some_and(|state| !state.stands()) && of(&red, &over).is_some());
    let held: BTreeMap<Hash, Option<Residue>> = erasing(&red).bodies;
    assert!(!held.contains_key(&standing) && !held.contains_key(&over), "what was not delivered is not offered");
    erases(&mut red).unwrap();
    let again = red.says(&Message::Erased(Erased { bodies: held })).unwrap_err();
    assert_eq!(again.code(), "erasure-repeated");
}

/// RED's node signs whatever it is given.
fn hostile(blue: &mut Post, red: &mut Post, erased: Erased) -> Hash {
    use skypact_channel::{Context, Draft};
    use skypact_record::KeyRole;
    let facts = red.station.channel().facts();
    let draft = Draft::new(&facts, &Message::Erased(erased), Vec::new(), red.now, &mut red.entropy);
    let act = draft.sign(&crate::parties::key(RED, KeyRole::Officer)).unwrap();
    let log = LogRef { party: RED, class: LogClass::Routine };
    let leaf = red.station.channel().place(act.act);
    let (index, hash) = (leaf.index, leaf.hash());
    let entry = skypact_record::Entry { leaf, parts: vec![Some(act.part)] };
    red.stored.push((log, entry.clone()));
    red.station.replay(log, index, entry).unwrap();
    let frame = red.frame(log, blue.station.channel().log(log).size());
    let frame = frame.verify(blue.station.channel().pact(), blue.station.channel().keys(), RED).unwrap();
    blue.station.receive(frame, &mut Context { now: blue.now, entropy: &mut blue.entropy }).unwrap();
    blue.finish();
    hash
}

#[test]
fn a_residue_that_hides_a_mark_or_a_late_filing_erases_nothing_for_good() {
    let (mut blue, mut red, filed) = over();
    let mut lies = erasing(&red);
    let Some(Some(Residue::Notice { window, unseen_overlap, .. })) = lies.bodies.get_mut(&filed) else { panic!() };
    assert!(*unseen_overlap, "RED held BLUE's notice and did not cite it");
    let later = |at: UtcNanos| UtcNanos(at.0 + 100_000 * SECOND);
    let honest = *window;
    *window = TimeWindow::new(later(window.start()), later(window.end())).unwrap();
    let mut unmarked = lies.clone();
    let Some(Some(Residue::Notice { window, unseen_overlap, .. })) = unmarked.bodies.get_mut(&filed) else { panic!() };
    (*window, *unseen_overlap) = (honest, false);
    for (erased, code) in [(lies, "erasure-differs"), (unmarked, "erasure-repeated")] {
        let entry = hostile(&mut blue, &mut red, erased);
        assert_eq!(carry_out(&mut blue), 0);
        let anomaly = blue.station.channel().anomalies().last().unwrap();
        let AnomalyReason::NothingErased(reason) = &anomaly.reason else { panic!("{anomaly:?}") };
        assert_eq!((anomaly.leaf, reason.code()), (entry, code));
    }
    let (mut blue, mut red, filed) = over();
    let mut unmarked = erasing(&red);
    let Some(Some(Residue::Notice { unseen_overlap, .. })) = unmarked.bodies.get_mut(&filed) else { panic!() };
    *unseen_overlap = false;
    hostile(&mut blue, &mut red, unmarked);
    assert_eq!(carry_out(&mut blue), 0);
    let board = blue.station.channel().board();
    assert!(!board.notice_of(&filed).unwrap().versions[0].is_erased);
}

#[test]
fn who_lost_everything_gets_the_same_picture_from_what_is_left() {
    let (mut blue, mut red) = posts();
    exchange(&mut blue, &mut red);
    let filed = red.says(&here()).unwrap();
    red.says(&Message::PositionForms { notice: filed, forms: vec!["441LL19".to_owned()] }).unwrap();
    red.says(&notice(NoticeAct::Cancelled, Some(filed), vec![disc(1, 1, 1_000, 2_000)])).unwrap();
    exchange(&mut blue, &mut red);
    erases(&mut red).unwrap();
    exchange(&mut blue, &mut red);
    assert_eq!([carry_out(&mut blue), carry_out(&mut red)], [3, 3]);
    let mut anew = Post::out_of(BLUE, blue.station.channel().pact().clone(), &[]);
    anew.now = red.now;
    anew.takes(&red);
    assert!(anew.station.channel().lacks_residue(), "they came without bodies, and before the entry that says why");
    carry_out(&mut anew);
    assert_eq!(anew.station.channel().anomalies().count(), 0, "{:?}", anew.station.channel().anomalies().next());
    let of = |post: &Post| post.station.channel().board().notice_of(&filed).unwrap().versions.clone();
    assert_eq!(of(&anew), of(&blue));
    assert_eq!(picture(&anew), picture(&restarted(&anew)));
}

#[test]
fn a_store_that_was_lost_gets_its_erased_entries_back_without_bodies_and_no_others() {
    let (mut blue, mut red, filed) = over();
    erases(&mut red).unwrap();
    exchange(&mut blue, &mut red);
    carry_out(&mut blue);
    carry_out(&mut red);
    let mut empty = Post::out_of(RED, red.station.channel().pact().clone(), &[]);
    empty.now = red.now;
    empty.takes(&blue);
    let routine = LogRef { party: RED, class: LogClass::Routine };
    let whole = [LogClass::Routine, LogClass::Urgent].map(|class| whole(&blue, &empty, LogRef { class, ..routine }));
    // Up to before the entry that erases them, bodies are missing for no reason.
    let places: Vec<u64> = red.station.channel().erasures().map(|(leaf, _)| place(&red, leaf)).collect();
    let half = held(&blue, routine, 0, places.iter().max().unwrap() + 1);
    let refused = recover(&mut empty, [&half, &whole[1]], [0; 2], [false; 2]).expect_err("withheld");
    assert!(refused.to_string().contains("withheld"), "{refused}");
    recover(&mut empty, [&whole[0], &whole[1]], [0; 2], [false; 2]).unwrap();
    carry_out(&mut empty);
    assert!(empty.station.channel().board().notice_of(&filed).unwrap().is_erased());
    assert_eq!(picture(&empty), picture(&red));
}

fn place(post: &Post, leaf: &Hash) -> u64 {
    post.station.channel().entry(leaf).unwrap().index
}

#[test]
fn a_body_that_never_came_is_withheld_until_an_entry_erases_it() {
    let (mut blue, mut red) = posts();
    exchange(&mut blue, &mut red);
    let filed = red.says(&here()).unwrap();
    let kept = red.stored.iter().position(|(_, entry)| entry.leaf.hash() == filed).unwrap();
    red.stored[kept].1.parts[0] = None;
    exchange(&mut blue, &mut red);
    let anomalies: Vec<_> = blue.station.channel().anomalies().map(|at| (at.leaf, at.reason.clone())).collect();
    assert_eq!(anomalies, [(filed, AnomalyReason::BodyWithheld)]);
    assert!(blue.station.channel().board().notice_of(&filed).is_none());
    assert!(red.said(Kind::Erased).is_empty());
}
