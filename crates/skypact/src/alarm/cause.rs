//! What somebody has to hear of, out of the record, the plans and the clocks.

use skypact_airspace::UtcNanos;
use skypact_channel::{
    APPLIED_BEFORE_NS, AssuranceState, Channel, Clocks, CommitmentState, KeyChangeEntry, LogRef, Notice, NoticeState,
};
use skypact_record::Hash;

use super::AlarmView;
use crate::command::time_text;
use crate::http::views;
use crate::node::WitnessContact;

/// A day, ns.
const DAY_NS: i64 = 86_400_000_000_000;

/// When it is looked, and what counts as too long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Now.
    pub(super) now: UtcNanos,
    /// When the node began to look.
    pub(super) started: UtcNanos,
    /// How long nobody of a party may have the watch, ns.
    pub(super) unattended_after_ns: i64,
}

/// What a plan that was not notified is in conflict with. It rings here, and leaves in no message.
pub(super) fn of_plan(name: &str, channel: &Channel, (plan, notice): &(String, Notice)) -> Vec<AlarmView> {
    let found = channel.board().conflicts_with(channel.me(), notice).into_iter();
    let alarm = |version: Hash| AlarmView {
        event: "plan-conflict",
        channel: name.to_owned(),
        id: format!("{version}-{plan}"),
        rung: 0,
        text: format!("plan {plan} is in conflict with a notice of the counterpart; it is known here alone"),
    };
    found.map(|(version, ..)| alarm(version)).collect()
}

/// That nothing is said to be clear because clocks are off.
pub(super) fn of_clocks(name: &str, channel: &Channel, clocks: &Clocks) -> Option<AlarmView> {
    let off = views::clock_off(channel, clocks)?;
    let id = format!("{}-clock-off", channel.pact().channel());
    let text = format!("nothing is said to be clear: {}; {}", off.reason, off.remedy);
    Some(AlarmView { event: "clock-off", channel: name.to_owned(), id, rung: 0, text })
}

/// Witnesses that do not answer: what is filed meanwhile is in two hands alone.
pub(super) fn of_witnesses(name: &str, channel: &Channel, contacts: &[WitnessContact]) -> Vec<AlarmView> {
    let alarm = |contact: &WitnessContact| AlarmView {
        event: "witness-silent",
        channel: name.to_owned(),
        id: format!("{}-{}-silent", channel.pact().channel(), contact.name),
        rung: 0,
        text: match contact.silent_ns {
            Some(_) => format!("witness {} does not answer: what is filed is not witnessed", contact.name),
            None => format!("nobody asks witness {}: node.toml has no address of it", contact.name),
        },
    };
    contacts.iter().filter(|contact| contact.is_silent()).map(alarm).collect()
}

/// What waits in the record of a channel.
pub(super) fn of_channel(name: &str, channel: &Channel, look: Look) -> Vec<AlarmView> {
    let alarm =
        |event, id: &str, rung, text| AlarmView { event, channel: name.to_owned(), id: id.to_owned(), rung, text };
    let now_ns = look.now.0;
    let mut found = Vec::new();
    for stop in channel.board().alarms().iter().filter(|alarm| alarm.is_escalating() && alarm.caller() != channel.me())
    {
        let view = views::stop(channel, stop, now_ns);
        let text = format!("STOP {} called by {}: not answered", view.what, view.party);
        found.push(alarm("stop", &view.id, view.escalation, text));
    }
    let conflicts = channel.board().conflicts().filter(|(_, state)| state.open && channel.board().is_protected(state));
    for (key, state) in conflicts {
        let view = views::conflict(channel, key, state);
        let text = format!("conflict with something protected: {} - {}", view.notices[0], view.notices[1]);
        found.push(alarm("protected-conflict", &view.versions.join("-"), 0, text));
    }
    if let Some(suspension) = channel.suspension() {
        let theirs = suspension.stands[1 - channel.me()].suspends.last();
        found.extend(theirs.map(|cut| {
            let text = format!("the counterpart suspended the channel: {}", views::words(&cut.reason));
            alarm("suspended", &cut.origin.leaf.to_string(), 0, text)
        }));
    }
    let overdue = channel.board().notices().filter(|state| state.origin.party == channel.me() && state.stands());
    for state in overdue.filter(|state| state.overdue().is_some() && state.read_back().is_none()) {
        let text = "a notice was delivered and not read back in time: telephone".to_owned();
        found.push(alarm("overdue", &state.origin.leaf.to_string(), 0, text));
    }
    let is_due = |notice: &NoticeState| {
        let window = notice.window();
        window.start().0.saturating_sub(now_ns) <= APPLIED_BEFORE_NS && now_ns <= window.end().0
    };
    for state in channel.board().notices().filter(|state| state.stands()) {
        let gaps = state.units[channel.me()].gaps(&state.origin.leaf);
        if !gaps.is_empty() && is_due(state) {
            let text = format!("a notice takes effect and is not applied by {}", views::words(&gaps.join(", ")));
            found.push(alarm("unit-gap", &format!("{}-units", state.origin.leaf), 0, text));
        }
    }
    let unanswered = channel.board().test_calls().iter();
    for call in unanswered.filter(|call| call.answer.is_none() && call.origin.party != channel.me()) {
        found.push(alarm("test-call", &call.origin.leaf.to_string(), 0, "a test call waits for an answer".to_owned()));
    }
    // The newest alone: an old miss is history, and stands in the record.
    let newest = channel.board().test_calls().iter().filter(|call| call.origin.party == channel.me()).last();
    if let Some(call) = newest.filter(|call| call.is_missed(channel.pact().terms(), UtcNanos(now_ns))) {
        let text = "the counterpart did not answer a test call".to_owned();
        found.push(alarm("test-call-missed", &call.origin.leaf.to_string(), 0, text));
    }
    for party in [0, 1] {
        let Some((_, since)) = channel.board().test_call_due(party).filter(|(due, _)| due.0 < now_ns) else { continue };
        found.push(if party == channel.me() {
            let text = "no test call was made for twelve hours: make one".to_owned();
            alarm("test-call-due", &format!("{}-test-call", since.leaf), 0, text)
        } else {
            let text = "the counterpart has made no test call for twelve hours: telephone".to_owned();
            alarm("test-call-absent", &format!("{}-their-test-call", since.leaf), 0, text)
        });
    }
    found.extend([0, 1].into_iter().flat_map(|party| of_watch(name, channel, party, look)));
    found.extend([0, 1].into_iter().filter_map(|party| of_list(name, channel, party, look)));
    found
}

/// How many entries that change keys each log of a channel had when the node began to look, in the order of [`LogRef::ALL`].
pub(super) fn key_changes(channel: &Channel) -> [usize; 4] {
    LogRef::ALL.map(|log| channel.key_changes(log).len())
}

/// Entries that change keys, of both parties: since this node looks, whatever time they claim, and for a day after the one that they claim. A thief of
/// a root can do it, and nobody can do it unseen.
pub(super) fn of_keys(name: &str, channel: &Channel, began: [usize; 4], now: UtcNanos) -> Vec<AlarmView> {
    let mut found = Vec::new();
    for log in LogRef::ALL {
        let (pact, changes) = (channel.pact(), channel.key_changes(log).iter().enumerate());
        let is_news = |(place, change): &(usize, &KeyChangeEntry)| {
            *place >= began[log.place()] || now.0.saturating_sub(change.claimed_time.0) <= DAY_NS
        };
        for (_, KeyChangeEntry { index, .. }) in changes.filter(is_news) {
            let Some(leaf) = channel.log(log).tree.leaf(*index) else { continue };
            let (party, origin) = (pact.party_name(log.party), &pact.log_keys(log).origin);
            let (event, ask) = if log.party == channel.me() {
                ("keys-changed", "if nobody here ordered it")
            } else {
                ("keys-changed-there", "if nobody announced it")
            };
            let text = format!(
                "{party} changed its keys, entry {index} of {origin}: see 'skypact key list' and 'skypact officer list'; {ask}, telephone"
            );
            found.push(AlarmView { event, channel: name.to_owned(), id: format!("{leaf}-keys"), rung: 0, text });
        }
    }
    found
}

/// That nobody of a party has the watch, and that by its bill nobody will have it.
fn of_watch(name: &str, channel: &Channel, party: usize, look: Look) -> Vec<AlarmView> {
    let (board, pact) = (channel.board(), channel.pact());
    let is_own = party == channel.me();
    let alarm = |event, what: &str, text| {
        // The own ones have the ids that they always had: the other side's have another.
        let id = if is_own { format!("{}-{what}", pact.channel()) } else { format!("{}-their-{what}", pact.channel()) };
        AlarmView { event, channel: name.to_owned(), id, rung: 0, text }
    };
    let mut found = Vec::new();
    if is_unattended(channel, party, look) {
        let turn = board.bill(party).at(look.now);
        let whose =
            turn.map(|turn| format!("; by the watch bill {} should be there", turn.officer)).unwrap_or_default();
        found.push(if is_own {
            alarm("watch-unattended", "watch", format!("nobody of this party has the watch: take it{whose}"))
        } else {
            let text = format!("nobody of {} has the watch: telephone{whose}", pact.party_name(party));
            alarm("watch-unattended-there", "watch", text)
        });
    }
    if let Some((from, _)) = board.bill(party).gaps_ahead(look.now).first() {
        let when = time_text(from.0);
        found.push(if is_own {
            let text = format!("by the watch bill it is nobody's turn from {when} on: file who has the watch then");
            alarm("watch-gap", "bill", text)
        } else {
            let text =
                format!("by the watch bill of {} it is nobody's turn from {when} on: ask who", pact.party_name(party));
            alarm("watch-gap-there", "bill", text)
        });
    }
    found
}

/// What the parties have to settle.
pub(super) fn of_settlement(name: &str, channel: &Channel, now: UtcNanos) -> Vec<AlarmView> {
    let mut found = overdue_commitments(name, channel, now);
    found.extend(contradicted(name, channel, now));
    found
}

/// Commitments whose date is past and about which this party has found nothing.
fn overdue_commitments(name: &str, channel: &Channel, now: UtcNanos) -> Vec<AlarmView> {
    let waits = channel.board().commitments().overdue(now).filter(|state| state.finding(channel.me()).is_none());
    let alarm = |state: &CommitmentState| AlarmView {
        event: "commitment-overdue",
        channel: name.to_owned(),
        id: state.origin.leaf.to_string(),
        rung: 0,
        text: format!("a commitment is overdue: {}; say what you find", views::words(&state.commitment.text)),
    };
    waits.map(alarm).collect()
}

/// Assurances and denials that a notice of their own signer contradicts, for a day after the later of the two was signed: after that it
/// is history, and stands in the record.
fn contradicted(name: &str, channel: &Channel, now: UtcNanos) -> Vec<AlarmView> {
    let board = channel.board();
    let given = [0, 1].into_iter().flat_map(|party| board.assurances(party).iter());
    let alarm = |state: &AssuranceState| {
        let version = state.contradicted_by?;
        let notice = board.notice_of(&version)?.versions.iter().map(|version| &version.origin);
        let filed = notice.into_iter().find(|origin| origin.leaf == version)?.claimed_time;
        if now.0.saturating_sub(filed.max(state.origin.claimed_time).0) > DAY_NS {
            return None;
        }
        let party = channel.pact().party_name(state.origin.party);
        let text = format!("a notice of {party} contradicts what it assured: {}", views::words(&state.assurance.what));
        let id = format!("{}-contradicted", state.origin.leaf);
        Some(AlarmView { event: "assurance-contradicted", channel: name.to_owned(), id, rung: 0, text })
    };
    given.filter_map(alarm).collect()
}

/// Whether nobody of a party has the watch, and that for too long: since it was left, or since the start of a node at which
/// nobody ever had it.
fn is_unattended(channel: &Channel, party: usize, look: Look) -> bool {
    let book = channel.board().watch(party);
    let since_ns = book.left_at().map_or(look.started.0, |at| at.0);
    book.on_watch().is_none() && look.now.0.saturating_sub(since_ns) >= look.unattended_after_ns
}

/// That the other party has not signed for the list of what `party` has protected as it is, longer than the pact lets a notice go
/// unread: it may hold one without the newest hospital.
fn of_list(name: &str, channel: &Channel, party: usize, look: Look) -> Option<AlarmView> {
    let (board, terms) = (channel.board(), channel.pact().terms());
    let changed = board.protected_changed_at(party)?;
    if look.now.0.saturating_sub(changed.0) < terms.acknowledgement_deadline_ns || !board.is_list_unsigned(party) {
        return None;
    }
    let version = board.protected_list(party).version.to_string();
    let other = channel.pact().party_name(1 - party);
    let (event, text) = if party == channel.me() {
        ("list-outdated", format!("{other} has not signed for this party's list of what is protected: telephone"))
    } else {
        let short = version.get(..10).unwrap_or_default();
        (
            "list-unsigned",
            format!("the counterpart's list of what is protected is not signed for: read it, then sign {short}"),
        )
    };
    Some(AlarmView { event, channel: name.to_owned(), id: format!("{version}-{event}"), rung: 0, text })
}
