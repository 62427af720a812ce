//! What a station says by itself when the time for it has come: the counterpart's signed heads and its own witnessed ones
//! go into the own log, and what was not read back in time is stated.

use std::collections::{BTreeMap, BTreeSet};

use skypact_airspace::UtcNanos;
use skypact_record::{LogClass, NoteSignature, SignedCheckpoint};

use super::Station;
use crate::anchor::{Anchor, Witnessed};
use crate::decide::Context;
use crate::draft::Draft;
use crate::frame::VerifiedReceipt;
use crate::log::LogRef;
use crate::message::Message;
use crate::period::{Period, PeriodSpan};

/// Least time between two entries about heads, ns, where nothing else is said: many frames of a busy counterpart become one, and each head is anchored
/// within 1 s.
const HEADS_PAUSE_NS: i64 = 500_000_000;

/// Time after a start in which the counterpart's read-backs may come in before one is stated to be missing, ns.
const CATCH_UP_NS: i64 = 30_000_000_000;

/// What the clerk remembers; a start begins anew.
#[derive(Debug, Default)]
pub(super) struct Clerk {
    /// When heads were last put into the log.
    heads_at: Option<UtcNanos>,
    /// Least time to the next, ns, where it is another one.
    heads_pause_ns: Option<i64>,
    /// The newest cosignature of each witness over each log: size and line.
    lines: BTreeMap<(usize, String), (u64, NoteSignature)>,
    /// Own entries up to here have a deadline, as far as they need one.
    watched: u64,
    /// When notices have to be read back, ns UTC, with their index in the own routine log.
    deadlines: BTreeSet<(i64, u64)>,
    /// How long the periods of the own logs are; without it none is closed.
    span: Option<PeriodSpan>,
}

impl Clerk {
    /// Has heads put into the log at most this often, ns.
    pub(super) fn rest_heads(&mut self, pause_ns: i64) {
        self.heads_pause_ns = Some(pause_ns);
    }

    /// One that remembers nothing, under the same settings.
    pub(super) fn anew(&self) -> Self {
        Self { heads_pause_ns: self.heads_pause_ns, span: self.span, ..Self::default() }
    }

    /// Has a period of each own log closed when it is over.
    pub(super) fn cut_periods(&mut self, span: PeriodSpan) {
        self.span = Some(span);
    }

    /// When heads may be put into the log again; none before the first time.
    fn rested_at(&self) -> Option<UtcNanos> {
        let pause_ns = self.heads_pause_ns.unwrap_or(HEADS_PAUSE_NS);
        self.heads_at.map(|at| UtcNanos(at.0.saturating_add(pause_ns)))
    }

    /// Keeps the Ed25519 lines of witnesses: a receipt counts no others as cosignatures.
    pub(super) fn note(&mut self, receipt: &VerifiedReceipt) {
        if receipt.cosignatures.is_empty() {
            return;
        }
        let Ok(signed) = SignedCheckpoint::parse(&receipt.note) else { return };
        let size = receipt.checkpoint.size;
        for line in signed.signatures() {
            if !receipt.cosignatures.iter().any(|known| known.hash == line.hash()) {
                continue;
            }
            let kept = self.lines.entry((receipt.log.place(), line.name.clone()));
            let kept = kept.or_insert_with(|| (0, line.clone()));
            if size > kept.0 {
                *kept = (size, line.clone());
            }
        }
    }
}

impl Station {
    /// When a round has to be ended even if nothing comes in.
    pub fn due(&self) -> Option<UtcNanos> {
        let heads = (self.unanchored().next().is_some() || self.unstated().next().is_some())
            .then(|| self.clerk.rested_at().unwrap_or(UtcNanos(i64::MIN)));
        let deadline = self.clerk.deadlines.first().map(|(due_ns, _)| UtcNanos(*due_ns));
        let period = self.open_periods().map(|(_, since, span)| span.end(since)).min();
        heads.into_iter().chain(deadline).chain(self.erasure_due()).chain(period).min()
    }

    pub(super) fn say_what_is_due(&mut self, context: &mut Context<'_>) {
        self.watch(context.now);
        let now = context.now;
        self.close_periods(context);
        // A clock that was set back must not silence the clerk until it comes round.
        let set_back = self.clerk.heads_at.is_some_and(|at| at > now);
        let rested = set_back || self.clerk.rested_at().is_none_or(|at| at <= now);
        let mut messages = Vec::new();
        if rested {
            messages.extend(self.anchors().into_iter().map(Message::Anchor));
            messages.extend(self.witnessed().into_iter().map(Message::Witnessed));
        }
        if !messages.is_empty() {
            self.clerk.heads_at = Some(now);
        }
        let later = self.clerk.deadlines.split_off(&(now.0.saturating_add(1), 0));
        for (_, index) in std::mem::replace(&mut self.clerk.deadlines, later) {
            let unread = self.channel.board().unread(self.channel.me(), index..index + 1).next();
            messages.extend(unread.map(|(_, notice)| Message::Overdue { notice }));
        }
        for message in messages {
            self.say(Draft::new(&self.channel.facts(), &message, Vec::new(), now, context.entropy));
        }
    }

    /// The own logs, and since when their open periods go by the own clock.
    fn open_periods(&self) -> impl Iterator<Item = (LogRef, UtcNanos, PeriodSpan)> {
        let own = LogRef::ALL.into_iter().filter(|log| log.party == self.channel.me());
        own.filter_map(|log| Some((log, self.channel.log(log).periods.last()?.since, self.clerk.span?)))
    }

    /// Closes the periods that are over: what comes next opens another one.
    fn close_periods(&mut self, context: &mut Context<'_>) {
        let is_over =
            |(log, since, span): (LogRef, UtcNanos, PeriodSpan)| span.is_over(since, context.now).then_some(log);
        let over: Vec<LogRef> = self.open_periods().filter_map(is_over).collect();
        for log in over {
            let state = self.channel.log(log);
            let number = state.periods.len() as u64 + 1;
            let period = Message::Period(Period { number, size: state.size(), root: state.tree.root() });
            let facts = self.channel.facts();
            let draft = Draft::new(&facts, &period, Vec::new(), context.now, context.entropy);
            self.say(draft.in_log(&facts, log.class));
        }
    }

    /// Sets the deadline of each notice that the counterpart has signed for since: from when that was known here, so that a
    /// silent link is nobody's fault. After a start that is not known any more, and the counterpart's own word counts: when it signed the first entry that
    /// has seen the notice. What came back meanwhile has to come in first.
    fn watch(&mut self, now: UtcNanos) {
        let me = self.channel.me();
        let log = self.channel.log(LogRef { party: me, class: LogClass::Routine });
        let (delivered, board) = (log.delivered, self.channel.board());
        if delivered <= self.clerk.watched {
            return;
        }
        let deadline_ns = self.channel.pact().terms().acknowledgement_deadline_ns;
        // On a slow line what comes in takes minutes.
        let is_slow = self.clerk.heads_pause_ns.is_some();
        let catch_up_ns = if is_slow { deadline_ns } else { deadline_ns.min(CATCH_UP_NS) };
        let due = board.unread(me, self.clerk.watched..delivered).map(|(index, notice)| {
            let filed = board.notice_of(&notice).map_or(now, |state| state.origin.claimed_time);
            let since = log.cited_at(index).map_or(now, |at| at.max(filed).min(now));
            let due_ns = since.0.saturating_add(deadline_ns);
            (due_ns.max(now.0.saturating_add(catch_up_ns)), index)
        });
        self.clerk.deadlines.extend(due);
        self.clerk.watched = delivered;
    }

    /// The counterpart's logs that hold more than entries about heads behind the newest anchored head, with the head that
    /// comes next.
    fn unanchored(&self) -> impl Iterator<Item = (LogRef, &SignedCheckpoint)> {
        let theirs = LogRef::ALL.into_iter().filter(|log| log.party != self.channel.me());
        theirs.filter_map(|log| {
            let (state, head) = (self.channel.log(log), self.heads[log.place()].as_ref()?);
            (state.substance > state.anchored && head.checkpoint().size > state.anchored).then_some((log, head))
        })
    }

    fn anchors(&self) -> Vec<Anchor> {
        let anchor = |(log, head): (LogRef, &SignedCheckpoint)| {
            let state = self.channel.log(log);
            let (previous, size) = (state.anchored, head.checkpoint().size);
            let proof = state.tree.consistency(previous, size).ok()?;
            let note = head.only_by(&self.channel.log_keys(log, size).checkpoint).encode();
            Some(Anchor { class: log.class, note, previous, proof })
        };
        self.unanchored().filter_map(anchor).collect()
    }

    /// Lines of witnesses over own logs beyond what is stated, as far as more than entries about heads stands there.
    fn unstated(&self) -> impl Iterator<Item = (LogRef, u64, &NoteSignature)> {
        self.clerk.lines.iter().filter_map(|((place, witness), (size, line))| {
            let log = LogRef::ALL[*place];
            let state = self.channel.log(log);
            let stated = state.times.size(witness);
            let is_own = log.party == self.channel.me();
            (is_own && *size > stated && state.substance > stated).then_some((log, *size, line))
        })
    }

    /// The own heads that they cosigned, under Ed25519 alone; witnesses of one head share a note.
    fn witnessed(&self) -> Vec<Witnessed> {
        let mut notes: BTreeMap<(usize, u64), SignedCheckpoint> = BTreeMap::new();
        for (log, size, line) in self.unstated() {
            let head = || self.checkpoint(log, size).only_by(&self.channel.log_keys(log, size).checkpoint);
            notes.entry((log.place(), size)).or_insert_with(head).add(line.clone());
        }
        let note = |((place, _), note): ((usize, u64), SignedCheckpoint)| Witnessed {
            class: LogRef::ALL[place].class,
            note: note.encode(),
        };
        notes.into_iter().map(note).collect()
    }
}
