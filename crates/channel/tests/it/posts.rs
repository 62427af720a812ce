//! Two stations with what they have stored, at times that a test moves.

use skypact_airspace::UtcNanos;
use skypact_channel::{
    Channel, Context, Draft, Frame, Kind, LogRef, Message, Pact, Rejection, Station, Terms, VerifiedReceipt,
};
use skypact_record::{Entry, Hash, KeyRole, cosign};

use crate::parties::{BLUE, Counter, RED, SECOND, T0, key, pact_bytes, post_quantum_signers};
use crate::post_quantum::MlDsaKey;
use crate::snapshot;

/// A station with what it has stored, at a time that the test moves.
pub(crate) struct Post {
    pub(crate) station: Station,
    pub(crate) entropy: Counter,
    pub(crate) now: UtcNanos,
    pub(crate) stored: Vec<(LogRef, Entry)>,
}

impl Post {
    pub(crate) fn new(me: usize) -> Self {
        Self::under(me, &Terms::template())
    }

    /// A post under a pact with these terms.
    pub(crate) fn under(me: usize, terms: &Terms) -> Self {
        Self::of(me, Pact::decode(&pact_bytes("test-1", terms)).unwrap())
    }

    /// A post under this pact, which also has the ML-DSA-44 keys that a pact may name.
    pub(crate) fn of(me: usize, pact: Pact) -> Self {
        Self::out_of(me, pact, &[])
    }

    /// A post that starts out of these stored entries.
    pub(crate) fn out_of(me: usize, pact: Pact, stored: &[(LogRef, Entry)]) -> Self {
        let station = Station::new(Channel::new(pact, ["BLUE", "RED"][me]).unwrap(), post_quantum_signers(me));
        // A start must not draw again what was drawn before: a message id that repeats changes nothing.
        let entropy = Counter(10_000_000 * (me as u64 + 1) + 10_000 * stored.len() as u64);
        let mut post = Self { station, entropy, now: UtcNanos(T0), stored: stored.to_vec() };
        for (log, entry) in stored {
            post.station.replay(*log, entry.leaf.index, entry.clone()).unwrap();
        }
        snapshot::check(post.station.channel(), stored, stored.len() / 2);
        post.station.open(&mut Context { now: post.now, entropy: &mut post.entropy });
        post.finish();
        post
    }

    pub(crate) fn finish(&mut self) {
        let changes = self.station.finish(&mut Context { now: self.now, entropy: &mut self.entropy });
        self.stored.extend(changes.entries.into_iter().map(|(log, entry)| (log, entry.entry)));
    }

    /// An officer says something.
    pub(crate) fn says(&mut self, message: &Message) -> Result<Hash, Rejection> {
        let channel = self.station.channel();
        let officer = key(channel.me(), KeyRole::Officer);
        let draft = Draft::new(&channel.facts(), message, Vec::new(), self.now, &mut self.entropy);
        let act = draft.sign(&officer).unwrap();
        let placed = self.station.submit(act, &mut Context { now: self.now, entropy: &mut self.entropy })?;
        self.finish();
        Ok(placed.leaf)
    }

    /// The witness cosigns the head of one of the own logs at this post's time.
    pub(crate) fn is_witnessed(&mut self, log: LogRef) {
        let channel = self.station.channel();
        let witness = channel.pact().log_keys(log).witnesses[0].name().clone();
        let mut note = self.station.checkpoint(log, channel.log(log).size());
        let time_s = (self.now.0 / SECOND) as u64;
        note.add(cosign(note.checkpoint(), time_s, &witness, &crate::parties::witness()).unwrap());
        if channel.pact().genesis().is_post_quantum() {
            let key = MlDsaKey::new(2, KeyRole::Witness);
            note.add(cosign(note.checkpoint(), time_s, &witness, &key).unwrap());
        }
        let receipt = VerifiedReceipt::verify(&note.encode(), channel.pact(), channel.keys()).unwrap();
        self.station.keep(receipt, &mut Context { now: self.now, entropy: &mut self.entropy }).unwrap();
        self.finish();
    }

    /// The frame that the other end takes in next of a log.
    pub(crate) fn frame(&self, log: LogRef, start: u64) -> Frame {
        let entries = self.stored.iter().filter(|(of, entry)| *of == log && entry.leaf.index >= start);
        let entries = entries.map(|(_, entry)| entry.encode().unwrap()).collect();
        self.station.frame(log, start, entries)
    }

    /// Whether it has nothing to say within the next minute.
    pub(crate) fn is_quiet(&self) -> bool {
        self.station.due().is_none_or(|due| due.0 > self.now.0 + 60 * SECOND)
    }

    /// Own entries of a kind.
    pub(crate) fn said(&self, kind: Kind) -> Vec<Message> {
        let me = self.station.channel().me();
        let own = self.stored.iter().filter(|(log, entry)| log.party == me && entry.leaf.act.act().kind == kind.wire());
        own.map(|(_, entry)| Message::decode(kind, &entry.parts[0].as_ref().unwrap().bytes).unwrap()).collect()
    }

    /// Takes in all that the other has and this one does not hold; each log in a round of its own.
    pub(crate) fn hears(&mut self, other: &mut Self) {
        for note in self.takes(other) {
            let receipt =
                VerifiedReceipt::verify(&note, other.station.channel().pact(), other.station.channel().keys()).unwrap();
            let context = &mut Context { now: other.now, entropy: &mut other.entropy };
            other.station.keep(receipt, context).unwrap();
        }
    }

    /// The same without telling the other; the receipts.
    pub(crate) fn takes(&mut self, other: &Self) -> Vec<Vec<u8>> {
        let mut receipts = Vec::new();
        let author = other.station.channel().me();
        for log in LogRef::ALL.into_iter().filter(|log| log.party == author) {
            let start = self.station.channel().log(log).size();
            let frame = other.frame(log, start).encode();
            let frame = Frame::decode(&frame).unwrap();
            let frame = frame.verify(self.station.channel().pact(), self.station.channel().keys(), author).unwrap();
            let context = &mut Context { now: self.now, entropy: &mut self.entropy };
            let answer = self.station.receive(frame, context).unwrap();
            self.finish();
            receipts.push(answer.note);
        }
        receipts
    }
}

/// BLUE and RED, before either has heard of the other.
pub(crate) fn posts() -> (Post, Post) {
    (Post::new(BLUE), Post::new(RED))
}

/// Time passes for both.
pub(crate) fn wait(posts: [&mut Post; 2], ms: i64) {
    for post in posts {
        post.now = UtcNanos(post.now.0 + ms * 1_000_000);
    }
}
