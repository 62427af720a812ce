//! Anchors: each side keeps the other's signed heads in its own log, once a head, never for anchors alone, and an anchor
//! that contradicts a log is told.

use skypact_airspace::UtcNanos;
use skypact_channel::{
    Anchor, AnomalyReason, Channel, Context, Frame, Kind, LogRef, Message, NoteKind, Signers, Station, VerifiedReceipt,
};
use skypact_record::{Checkpoint, Entry, Hash, KeyRole, LogClass, SignedCheckpoint};

use crate::parties::{BLUE, Counter, Machine, RED, T0, forged, here, key, pact, pair};

/// A station with what it has stored, at a time that the test moves.
struct Post {
    station: Station,
    entropy: Counter,
    now: UtcNanos,
    stored: Vec<(LogRef, Entry)>,
    heads: Vec<(NoteKind, Vec<u8>)>,
}

impl Post {
    fn new(me: usize) -> Self {
        let boxed = |role| Box::new(key(me, role));
        let (node, checkpoint) = (boxed(KeyRole::Node), boxed(KeyRole::Checkpoint));
        let signers = Signers { node, checkpoint, mirror: boxed(KeyRole::Mirror) };
        let station = Station::new(Channel::new(pact(), ["BLUE", "RED"][me]).unwrap(), signers);
        let entropy = Counter(10_000_000 * (me as u64 + 1));
        let mut post = Self { station, entropy, now: UtcNanos(T0), stored: Vec::new(), heads: Vec::new() };
        post.station.open(&mut Context { now: post.now, entropy: &mut post.entropy });
        post.finish();
        post
    }

    fn finish(&mut self) {
        let changes = self.station.finish(&mut Context { now: self.now, entropy: &mut self.entropy });
        self.stored.extend(changes.entries.into_iter().map(|(log, entry)| (log, entry.entry)));
        self.heads.extend(changes.notes.into_iter().map(|kept| (kept.kind, kept.note)));
    }

    fn files(&mut self, me: usize) {
        let facts = self.station.channel().facts();
        let draft = skypact_channel::Draft::new(&facts, &here(), Vec::new(), self.now, &mut self.entropy);
        let act = draft.sign(&key(me, KeyRole::Officer)).unwrap();
        self.station.submit(act, &mut Context { now: self.now, entropy: &mut self.entropy }).unwrap();
        self.finish();
    }

    /// Takes in all that the other has and this one does not hold; each log in a round of its own.
    fn hears(&mut self, other: &mut Self) {
        let author = other.station.channel().me();
        for log in LogRef::ALL.into_iter().filter(|log| log.party == author) {
            let start = self.station.channel().log(log).size();
            let entries = other.stored.iter().filter(|(of, entry)| *of == log && entry.leaf.index >= start);
            let entries = entries.map(|(_, entry)| entry.encode().unwrap()).collect();
            let frame = other.station.frame(log, start, entries).encode();
            let frame = Frame::decode(&frame).unwrap().verify(self.station.channel().pact(), author).unwrap();
            let context = &mut Context { now: self.now, entropy: &mut self.entropy };
            let answer = self.station.receive(frame, context).unwrap();
            self.finish();
            let receipt = VerifiedReceipt::verify(&answer.note, other.station.channel().pact()).unwrap();
            let context = &mut Context { now: other.now, entropy: &mut other.entropy };
            other.station.keep(receipt, context).unwrap();
        }
    }

    fn anchors(&self, of: usize) -> Vec<u64> {
        let kind = Kind::Anchor.wire();
        let own = self.stored.iter().filter(|(log, entry)| log.party == of && entry.leaf.act.act().kind == kind);
        own.map(|(_, entry)| {
            let body = &entry.parts[0].as_ref().unwrap().bytes;
            let Message::Anchor(anchor) = Message::decode(Kind::Anchor, body).unwrap() else { unreachable!() };
            SignedCheckpoint::parse(&anchor.note).unwrap().checkpoint().size
        })
        .collect()
    }
}

fn posts() -> (Post, Post) {
    (Post::new(BLUE), Post::new(RED))
}

fn wait(posts: [&mut Post; 2], ms: i64) {
    for post in posts {
        post.now = UtcNanos(post.now.0 + ms * 1_000_000);
    }
}

#[test]
fn a_new_head_is_anchored_at_once_and_anchors_are_not_anchored() {
    let (mut blue, mut red) = posts();
    red.files(RED);
    blue.hears(&mut red);
    assert_eq!(blue.anchors(BLUE), [2], "the routine log's head; the urgent one comes within the pause");
    for _ in 0..5 {
        wait([&mut blue, &mut red], 1_000);
        blue.finish();
        red.hears(&mut blue);
        wait([&mut blue, &mut red], 1_000);
        red.finish();
        blue.hears(&mut red);
    }
    assert_eq!(blue.anchors(BLUE), [2, 1], "RED's two logs, each once");
    assert_eq!(red.anchors(RED).len(), 2, "BLUE's two logs, each once, though anchors came behind");
    assert!(blue.station.due().is_none() && red.station.due().is_none());
    assert_eq!(blue.station.channel().log(LogRef { party: RED, class: LogClass::Routine }).anchored, 2);
    assert_eq!(red.station.channel().log(LogRef { party: RED, class: LogClass::Routine }).anchored, 2);
    assert_eq!(red.station.channel().anomalies().count() + blue.station.channel().anomalies().count(), 0);
}

#[test]
fn many_frames_in_a_moment_are_one_anchor_within_a_second() {
    let (mut blue, mut red) = posts();
    for _ in 0..20 {
        red.files(RED);
        blue.hears(&mut red);
    }
    assert_eq!(blue.anchors(BLUE), [2]);
    let due = blue.station.due().unwrap();
    assert!(due.0 - blue.now.0 < 1_000_000_000);
    blue.now = due;
    blue.finish();
    assert_eq!(blue.anchors(BLUE), [2, 21, 1]);
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_anchors() {
    let (mut blue, mut red) = posts();
    red.files(RED);
    blue.hears(&mut red);
    blue.now = UtcNanos(T0 - 3_600_000_000_000);
    red.files(RED);
    blue.hears(&mut red);
    assert_eq!(blue.anchors(BLUE).first(), Some(&2));
    assert!(blue.anchors(BLUE).contains(&3));
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
