//! Anchors: each side keeps the other's signed heads in its own log, once a head, never for anchors alone, and an anchor
//! that contradicts a log is told.

use skypact_airspace::UtcNanos;
use skypact_channel::{Anchor, AnomalyReason, Kind, LogRef, Message};
use skypact_record::{Checkpoint, Hash, KeyRole, LogClass, SignedCheckpoint};

use crate::parties::{BLUE, Machine, RED, SECOND, T0, forged, here, key, pair};
use crate::posts::{Post, posts, wait};

/// Sizes that a post has anchored.
fn anchors(post: &Post) -> Vec<u64> {
    let size = |message: &Message| match message {
        Message::Anchor(anchor) => SignedCheckpoint::parse(&anchor.note).unwrap().checkpoint().size,
        other => panic!("{other:?} is no anchor"),
    };
    post.said(Kind::Anchor).iter().map(size).collect()
}

#[test]
fn a_new_head_is_anchored_at_once_and_anchors_are_not_anchored() {
    let (mut blue, mut red) = posts();
    red.says(&here()).unwrap();
    blue.hears(&mut red);
    assert_eq!(anchors(&blue), [2], "the routine log's head; the urgent one comes within the pause");
    for _ in 0..5 {
        wait([&mut blue, &mut red], 1_000);
        blue.finish();
        red.hears(&mut blue);
        wait([&mut blue, &mut red], 1_000);
        red.finish();
        blue.hears(&mut red);
    }
    assert_eq!(anchors(&blue), [2, 1], "RED's two logs, each once");
    assert_eq!(anchors(&red).len(), 2, "BLUE's two logs, each once, though anchors came behind");
    assert!(blue.is_quiet() && red.is_quiet());
    assert_eq!(blue.station.channel().log(LogRef { party: RED, class: LogClass::Routine }).anchored, 2);
    assert_eq!(red.station.channel().log(LogRef { party: RED, class: LogClass::Routine }).anchored, 2);
    assert_eq!(red.station.channel().anomalies().count() + blue.station.channel().anomalies().count(), 0);
}

#[test]
fn many_frames_in_a_moment_are_one_anchor_within_a_second() {
    let (mut blue, mut red) = posts();
    for _ in 0..20 {
        red.says(&here()).unwrap();
        blue.hears(&mut red);
    }
    assert_eq!(anchors(&blue), [2]);
    let due = blue.station.due().unwrap();
    assert!(due.0 - blue.now.0 < 1_000_000_000);
    blue.now = due;
    blue.finish();
    assert_eq!(anchors(&blue), [2, 21, 1]);
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_anchors() {
    let (mut blue, mut red) = posts();
    red.says(&here()).unwrap();
    blue.hears(&mut red);
    blue.now = UtcNanos(T0 - 3_600_000_000_000);
    red.says(&here()).unwrap();
    blue.hears(&mut red);
    assert_eq!(anchors(&blue).first(), Some(&2));
    assert!(anchors(&blue).contains(&3));
}

/// BLUE anchors a head of RED that `edit` made.
fn anchored(edit: impl FnOnce(Checkpoint) -> SignedCheckpoint) -> Machine {
    let (mut red, mut blue) = pair();
    red.submit(&here()).unwrap();
    crate::parties::settle(&mut red, &mut blue);
    let head = red.checkpoint(red.routine(), 2).checkpoint().clone();
    let anchor = Anchor { class: LogClass::Routine, note: edit(head).encode(), previous: 0, proof: Vec::new() };
    let draft = blue.draft(&Message::Anchor(anchor));
    blue.commit(forged(draft, &key(BLUE, KeyRole::Node), |_| ()));
    crate::parties::deliver(&mut blue, &mut red);
    red
}

fn sign(head: Checkpoint, signer: &crate::parties::Key) -> SignedCheckpoint {
    SignedCheckpoint::sign(head, signer).unwrap()
}

#[test]
fn an_anchor_of_another_head_under_the_own_key_is_told() {
    let own = key(RED, KeyRole::Checkpoint);
    let good = anchored(|head| sign(head, &own));
    assert_eq!(good.channel.anomalies().count(), 0);
    let forked = anchored(|head| sign(Checkpoint { root: Hash([3; 32]), ..head }, &own));
    let reason = &forked.channel.anomalies().next().unwrap().reason;
    assert!(matches!(reason, AnomalyReason::HeadDiffers { size: 2, .. }), "{reason}");
    let foreign = anchored(|head| sign(head, &key(BLUE, KeyRole::Checkpoint)));
    let reason = &foreign.channel.anomalies().next().unwrap().reason;
    assert!(matches!(reason, AnomalyReason::NoteDiffers { .. }), "{reason}");
}

#[test]
fn where_the_link_is_slow_heads_are_said_once_and_then_rest() {
    let (mut red, mut blue) = (Post::new(RED), Post::new(BLUE));
    blue.station.rest_heads(std::time::Duration::from_mins(30));
    for minute in 0..3 {
        red.says(&here()).unwrap();
        blue.hears(&mut red);
        blue.now.0 += 60 * SECOND;
        blue.finish();
        assert_eq!(blue.said(Kind::Anchor).len(), 1, "of the log that came first, after {minute} minutes");
    }
    assert!(blue.is_quiet());
    blue.now.0 += 30 * 60 * SECOND;
    blue.finish();
    assert_eq!(blue.said(Kind::Anchor).len(), 3, "one of each log");
}
