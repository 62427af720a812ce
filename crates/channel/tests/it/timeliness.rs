//! Time to effect, proof of knowledge, overdue read-backs and quotas, on two stations.

use skypact_airspace::UtcNanos;
use skypact_channel::{Context, Existence, Frame, Kind, LogRef, Message, NoteKind, NoticeAct, Timeliness};
use skypact_record::{Hash, KeyRole, LogClass};

use crate::parties::{BLUE, Machine, RED, SECOND, T0, disc, key, notice, settle};
use crate::posts::{Post, posts, wait};

const ROUTINE: LogRef = LogRef { party: RED, class: LogClass::Routine };

/// A notice that takes effect so many seconds after the beginning of the test.
fn effective_in(seconds: i64) -> Message {
    notice(NoticeAct::New, None, vec![disc(40_000_000_000, 20_000_000, seconds, seconds + 20_000)])
}

fn timeliness(post: &Post, id: &Hash) -> Timeliness {
    post.station.channel().timeliness(post.station.channel().board().notice_of(id).unwrap())
}

#[test]
fn a_notice_is_late_by_what_witnesses_saw_on_both_sides_and_for_ever() {
    let (mut blue, mut red) = posts();
    // RED's clock, and so what RED claims, is an hour behind: its notice seems to come in time.
    red.now = UtcNanos(T0 - 3_600 * SECOND);
    let id = red.says(&effective_in(300)).unwrap();
    blue.hears(&mut red);
    for post in [&red, &blue] {
        assert_eq!(timeliness(post, &id), Timeliness { lead_ns: 3_900 * SECOND, is_late: false, is_provisional: true });
    }
    red.now = UtcNanos(T0 + 2 * SECOND);
    red.is_witnessed(ROUTINE);
    blue.hears(&mut red);
    let late = Timeliness { lead_ns: 298 * SECOND, is_late: true, is_provisional: false };
    assert_eq!([timeliness(&red, &id), timeliness(&blue, &id)], [late; 2]);
    assert_eq!(late.mark(), Some("LATE"));
    let notice = |act| notice(act, Some(id), vec![disc(40_000_000_000, 20_000_000, 300, 20_000)]);
    red.says(&notice(NoticeAct::Activated)).unwrap();
    blue.hears(&mut red);
    assert_eq!([timeliness(&red, &id).mark(), timeliness(&blue, &id).mark()], [Some("LATE"); 2]);
}

#[test]
fn a_claim_outside_of_what_witnesses_prove_is_marked_on_both_sides_and_a_right_one_is_not() {
    let (mut blue, mut red) = posts();
    let existence = |post: &Post, id: &Hash| {
        let channel = post.station.channel();
        channel.existence(&channel.board().notice_of(id).unwrap().origin)
    };
    red.is_witnessed(ROUTINE);
    red.now = UtcNanos(T0 + 100 * SECOND);
    let right = red.says(&effective_in(9_000)).unwrap();
    // RED's clock is set back by a minute for one notice, and ahead by one for the next.
    red.now = UtcNanos(T0 - 60 * SECOND);
    let behind = red.says(&effective_in(9_000)).unwrap();
    red.now = UtcNanos(T0 + 200 * SECOND);
    let ahead = red.says(&effective_in(9_000)).unwrap();
    red.now = UtcNanos(T0 + 140 * SECOND);
    red.is_witnessed(ROUTINE);
    red.now = UtcNanos(T0 + 300 * SECOND);
    red.says(&effective_in(9_000)).unwrap();
    blue.hears(&mut red);
    for post in [&red, &blue] {
        let [right, behind, ahead] = [&right, &behind, &ahead].map(|id| existence(post, id));
        assert_eq!(right.not_before, Some(UtcNanos(T0 - SECOND)));
        assert_eq!(right.not_after, Some(UtcNanos(T0 + 141 * SECOND)));
        assert_eq!([right, behind, ahead].map(Existence::is_clock_off), [false, true, true]);
    }
}

#[test]
fn what_witnesses_saw_is_stated_once_for_each_head_and_never_for_itself() {
    let (mut blue, mut red) = posts();
    red.says(&effective_in(9_000)).unwrap();
    for _ in 0..6 {
        wait([&mut blue, &mut red], 1_000);
        red.is_witnessed(ROUTINE);
        blue.hears(&mut red);
    }
    assert_eq!(red.said(Kind::Witnessed).len(), 1);
    assert!(red.is_quiet());
    assert_eq!(blue.station.channel().anomalies().count(), 0);
}

#[test]
fn a_notice_that_is_not_read_back_in_time_is_stated_once_and_may_still_be_read() {
    let (mut blue, mut red) = posts();
    let id = red.says(&effective_in(9_000)).unwrap();
    wait([&mut blue, &mut red], 600_000);
    red.finish();
    assert_eq!(red.said(Kind::Overdue), [], "the counterpart has not got it: a silent link is nobody's fault");
    blue.hears(&mut red);
    red.finish();
    let deadline_ns = red.station.channel().pact().terms().acknowledgement_deadline_ns;
    assert_eq!(red.station.due().unwrap().0, red.now.0 + deadline_ns);
    wait([&mut blue, &mut red], deadline_ns / 1_000_000 - 1);
    red.finish();
    assert_eq!(red.said(Kind::Overdue), []);
    for _ in 0..3 {
        wait([&mut blue, &mut red], 1_000);
        red.finish();
        blue.hears(&mut red);
    }
    assert_eq!(red.said(Kind::Overdue), [Message::Overdue { notice: id }]);
    let content = blue.station.channel().board().notice_of(&id).unwrap().origin.content;
    blue.says(&Message::ReadBack { notice: id, content }).unwrap();
    red.hears(&mut blue);
    for post in [&red, &blue] {
        let state = post.station.channel().board().notice_of(&id).unwrap();
        assert!(state.overdue().is_some() && state.read_back().is_some(), "late, and read");
    }
}

/// A post out of what it has stored, with the receipt that it had kept, at its time.
fn started_again(post: &Post, receipt: &[u8]) -> Post {
    let mut again = Post::out_of(post.station.channel().me(), post.station.channel().pact().clone(), &post.stored);
    again.station.replay_note(&NoteKind::Receipt, receipt).unwrap();
    again.now = post.now;
    again.finish();
    again
}

#[test]
fn a_start_does_not_begin_the_deadline_anew_where_the_counterpart_has_cited_the_notice() {
    let (mut blue, mut red) = posts();
    let id = red.says(&effective_in(9_000)).unwrap();
    let receipt = blue.takes(&red).remove(ROUTINE.class as usize);
    let deadline_s = red.station.channel().pact().terms().acknowledgement_deadline_ns / SECOND;
    wait([&mut blue, &mut red], 1_000);
    blue.finish();
    red.hears(&mut blue);
    let overdue = [Message::Overdue { notice: id }];
    // It starts again and again, faster than the deadline passes.
    for _ in 1..deadline_s / 50 {
        wait([&mut red, &mut blue], 50_000);
        red = started_again(&red, &receipt);
        assert_eq!(red.said(Kind::Overdue), []);
    }
    wait([&mut red, &mut blue], 50_000);
    red.finish();
    assert_eq!(red.said(Kind::Overdue), overdue);
    red = started_again(&red, &receipt);
    wait([&mut red, &mut blue], 600_000);
    red.finish();
    assert_eq!(red.said(Kind::Overdue), overdue, "once");
}

#[test]
fn what_was_read_back_while_a_node_was_off_has_time_to_come_in() {
    let (mut blue, mut red) = posts();
    let id = red.says(&effective_in(9_000)).unwrap();
    let receipt = blue.takes(&red).remove(ROUTINE.class as usize);
    wait([&mut blue, &mut red], 1_000);
    blue.finish();
    red.hears(&mut blue);
    let content = blue.station.channel().board().notice_of(&id).unwrap().origin.content;
    blue.says(&Message::ReadBack { notice: id, content }).unwrap();
    wait([&mut blue, &mut red], 3_600_000);
    let mut red = started_again(&red, &receipt);
    assert_eq!(red.said(Kind::Overdue), [], "nobody has asked the counterpart yet");
    wait([&mut blue, &mut red], 20_000);
    red.hears(&mut blue);
    wait([&mut blue, &mut red], 3_600_000);
    red.finish();
    assert_eq!(red.said(Kind::Overdue), []);
}

#[test]
fn what_is_read_back_or_replaced_in_time_is_never_overdue() {
    let (mut blue, mut red) = posts();
    let read = red.says(&effective_in(9_000)).unwrap();
    let replaced = red.says(&effective_in(9_500)).unwrap();
    blue.hears(&mut red);
    red.finish();
    let content = blue.station.channel().board().notice_of(&read).unwrap().origin.content;
    blue.says(&Message::ReadBack { notice: read, content }).unwrap();
    red.hears(&mut blue);
    let volumes = vec![disc(40_000_000_000, 20_000_000, 9_500, 20_000)];
    red.says(&notice(NoticeAct::Cancelled, Some(replaced), volumes)).unwrap();
    wait([&mut blue, &mut red], 3_600_000);
    red.finish();
    assert_eq!(red.said(Kind::Overdue), []);
}

#[test]
fn only_the_authors_node_says_that_a_notice_is_overdue() {
    let (mut red, mut blue) = crate::parties::pair();
    let id = red.submit(&effective_in(9_000)).unwrap();
    settle(&mut red, &mut blue);
    let draft = blue.draft(&Message::Overdue { notice: id });
    blue.commit(draft.sign(&key(BLUE, KeyRole::Node)).unwrap());
    settle(&mut red, &mut blue);
    assert_eq!((red.channel.anomalies().count(), blue.channel.anomalies().count()), (1, 1));
    assert!(red.channel.board().notice_of(&id).unwrap().overdue().is_none());
}

/// UNSEEN OVERLAP of the only conflict of a machine.
fn unseen(machine: &Machine) -> [bool; 2] {
    machine.channel.board().conflicts().next().unwrap().1.unseen
}

#[test]
fn an_overlap_that_the_node_held_and_the_officer_does_not_cite_is_marked_on_both_sides() {
    for cites in [false, true] {
        let (mut red, mut blue) = crate::parties::pair();
        let first = red.submit(&effective_in(9_000)).unwrap();
        settle(&mut red, &mut blue);
        let mut draft = blue.draft(&effective_in(9_000));
        if cites {
            draft.act.references.push(first);
        }
        blue.commit(draft.sign(&key(BLUE, KeyRole::Officer)).unwrap());
        blue.file_findings();
        settle(&mut red, &mut blue);
        assert_eq!([unseen(&red), unseen(&blue)], [[!cites, false]; 2]);
    }
    let (mut red, mut blue) = crate::parties::pair();
    red.submit(&effective_in(9_000)).unwrap();
    blue.submit(&effective_in(9_000)).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!([unseen(&red), unseen(&blue)], [[false; 2]; 2], "filings that crossed: nobody could have known");
}

#[test]
fn over_the_quota_entries_are_taken_later_and_stop_is_taken_at_once() {
    let terms = skypact_channel::Terms { entries_per_hour_max: 1, ..skypact_channel::Terms::template() };
    let (mut blue, mut red) = (Post::under(BLUE, &terms), Post::under(RED, &terms));
    red.says(&effective_in(9_000)).unwrap();
    let refused = red.says(&effective_in(9_000)).unwrap_err();
    assert_eq!(refused.code(), "quota-exceeded");
    // A machine that does not keep its own quota.
    for hour in 1..30 {
        red.now = UtcNanos(T0 + hour * 3_600 * SECOND);
        let volumes = vec![disc(40_000_000_000, 20_000_000, 900_000, 1_000_000)];
        red.says(&notice(NoticeAct::New, None, volumes)).unwrap();
    }
    let take = |blue: &mut Post, red: &Post, log: LogRef| {
        let start = blue.station.channel().log(log).size();
        let frame = Frame::decode(&red.frame(log, start).encode()).unwrap();
        let frame = frame.verify(blue.station.channel().pact(), blue.station.channel().keys(), RED).unwrap();
        blue.station.receive(frame, &mut Context { now: blue.now, entropy: &mut blue.entropy })
    };
    take(&mut blue, &red, ROUTINE).unwrap();
    red.says(&effective_in(900_000)).unwrap_err();
    red.now = UtcNanos(T0 + 30 * 3_600 * SECOND);
    red.says(&effective_in(900_000)).unwrap();
    let refused = take(&mut blue, &red, ROUTINE).unwrap_err();
    assert_eq!(refused.code(), "quota-exceeded", "a day and a frame is what may be saved up");
    let stop = skypact_channel::Stop { object: None, what: "fire".to_owned(), area: None, until: None, reason: None };
    red.says(&Message::Stop(stop)).unwrap();
    take(&mut blue, &red, LogRef { class: LogClass::Urgent, ..ROUTINE }).unwrap();
    assert_eq!(blue.station.channel().board().alarms().iter().count(), 1);
    blue.now = UtcNanos(T0 + 10 * 3_600 * SECOND);
    take(&mut blue, &red, ROUTINE).unwrap();
    assert_eq!(blue.station.channel().board().notices().count(), 31, "nothing was lost");
}
