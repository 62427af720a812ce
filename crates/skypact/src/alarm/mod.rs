//! Alarms that leave the machine: a STOP that nobody answers, a conflict with something protected, a unit that has not applied
//! a notice, a test call that was missed or not made, clocks that are off.
//! Each goes to the bells that `node.toml` names, when its escalation rung has passed, with retries, and DIR/alarms.log says what became of it.

mod bell;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skypact_airspace::UtcNanos;
use skypact_channel::{APPLIED_BEFORE_NS, Channel, Clocks, Notice, Origin, TestCall};
use skypact_record::Hash;
use tracing::warn;

pub use self::bell::{Bell, BellError};
use crate::http::views;
use crate::node::{NodeError, NodeHandle};
use crate::plans;

/// How often the record is looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// Most alarms of one kind in one channel at one look: a counterpart that calls a thousand STOPs rings for the first of them.
const ALARMS_MAX: usize = 256;

/// Longest time on watch without a test call of one's own, ns: two a day.
const TEST_CALL_EVERY_NS: i64 = 12 * 3_600_000_000_000;

/// One `[[alarm]]` of `node.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmConfig {
    /// 0 rings at once; 1, 2 and 3 when that escalation rung of the pact has passed and nobody has answered for good.
    pub rung: u8,
    /// A program and its arguments; it gets the alarm as JSON on standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// A URL that gets the alarm as JSON by POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

/// Something that somebody has to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmView {
    /// stop, protected-conflict, plan-conflict, suspended, overdue, unit-gap, test-call, test-call-missed,
    /// test-call-due or clock-off.
    pub event: &'static str,
    /// Name of the channel.
    pub channel: String,
    /// Leaf hash, or that of the channel, that identifies it.
    pub id: String,
    /// How many escalation rungs have passed.
    pub rung: usize,
    /// What it is, in a line.
    pub text: String,
}

/// Bells, by place, and the alarms for which each was rung or is being rung.
type RungFor = Arc<Mutex<BTreeSet<(usize, String)>>>;

fn known(rung_for: &RungFor) -> std::sync::MutexGuard<'_, BTreeSet<(usize, String)>> {
    rung_for.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at the record and rings, for as long as the node runs. Without a bell nobody looks.
pub async fn watch(node: NodeHandle, bells: Vec<Bell>, log: PathBuf, plans: PathBuf) {
    if bells.is_empty() {
        return;
    }
    let bells: Vec<Arc<Bell>> = bells.into_iter().map(Arc::new).collect();
    // What was rung for since the start. A start rings again for what still waits: better twice than never.
    let rung_for: RungFor = RungFor::default();
    loop {
        let alarms = match alarms(&node, &plans).await {
            Ok(alarms) => alarms,
            Err(NodeError::Stopped | NodeError::NotRecorded { .. }) => return,
            Err(error) => {
                warn!(code = error.code(), %error, "alarms cannot be looked at; trying again");
                Vec::new()
            }
        };
        for alarm in &alarms {
            for (place, bell) in bells.iter().enumerate() {
                let key = (place, alarm.id.clone());
                if bell.rung > alarm.rung || !known(&rung_for).insert(key.clone()) {
                    continue;
                }
                let (bell, alarm, node, log) = (bell.clone(), alarm.clone(), node.clone(), log.clone());
                let rung_for = rung_for.clone();
                tokio::spawn(async move {
                    if !bell::ring(&bell, &alarm, &node, &log).await {
                        // As long as it waits for somebody it is tried again.
                        known(&rung_for).remove(&key);
                    }
                });
            }
        }
        // What is over may ring again if it comes back.
        known(&rung_for).retain(|(_, id)| alarms.iter().any(|alarm| alarm.id == *id));
        tokio::time::sleep(PERIOD).await;
    }
}

/// Everything that waits for somebody of this party.
async fn alarms(node: &NodeHandle, plans: &std::path::Path) -> Result<Vec<AlarmView>, NodeError> {
    let now_ns = node.now_ns();
    let plans = plans::all(plans);
    node.query(move |channels| {
        let mut found = Vec::new();
        for name in channels.names() {
            if let Some(channel) = channels.get(name) {
                found.extend(channels.clocks(name).and_then(|clocks| of_clocks(name, channel, &clocks)));
                found.extend(of_channel(name, channel, now_ns));
                found.extend(plans.iter().flat_map(|plan| of_plan(name, channel, plan)));
            }
        }
        bounded(found)
    })
    .await
}

/// At most [`ALARMS_MAX`] of one kind in one channel, and one more that tells how many others there are: who floods one
/// channel with STOPs mutes neither another one nor what else waits in the same.
fn bounded(found: Vec<AlarmView>) -> Vec<AlarmView> {
    let mut counts: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    let mut kept: Vec<AlarmView> = found
        .into_iter()
        .filter(|alarm| {
            let count = counts.entry((alarm.channel.clone(), alarm.event)).or_default();
            *count += 1;
            *count <= ALARMS_MAX
        })
        .collect();
    for ((channel, event), count) in counts.into_iter().filter(|(_, count)| *count > ALARMS_MAX) {
        let text = format!("{} more of this kind wait in the channel", count - ALARMS_MAX);
        kept.push(AlarmView { event, id: format!("{channel}-{event}-more"), channel, rung: 0, text });
    }
    kept
}

/// What a plan that was not notified is in conflict with. It rings here, and leaves in no message.
fn of_plan(name: &str, channel: &Channel, (plan, notice): &(String, Notice)) -> Vec<AlarmView> {
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
fn of_clocks(name: &str, channel: &Channel, clocks: &Clocks) -> Option<AlarmView> {
    let off = views::clock_off(channel, clocks)?;
    let id = format!("{}-clock-off", channel.pact().channel());
    let text = format!("nothing is said to be clear: {}; {}", off.reason, off.remedy);
    Some(AlarmView { event: "clock-off", channel: name.to_owned(), id, rung: 0, text })
}

fn of_channel(name: &str, channel: &Channel, now_ns: i64) -> Vec<AlarmView> {
    let alarm =
        |event, id: &str, rung, text| AlarmView { event, channel: name.to_owned(), id: id.to_owned(), rung, text };
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
    let is_due = |notice: &Notice| {
        let window = notice.window();
        window.start().0.saturating_sub(now_ns) <= APPLIED_BEFORE_NS && now_ns <= window.end().0
    };
    for state in channel.board().notices().filter(|state| state.stands()) {
        let gaps = state.units[channel.me()].gaps(&state.origin.leaf);
        if !gaps.is_empty() && is_due(&state.notice) {
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
    found.extend(test_call_due(channel, newest, now_ns).map(|since| {
        let id = format!("{}-test-call", since.leaf);
        alarm("test-call-due", &id, 0, "no test call was made for twelve hours: make one".to_owned())
    }));
    found
}

/// The entry since which this party should have made a test call: its `newest` one, or the first change of its watch.
fn test_call_due<'a>(channel: &'a Channel, newest: Option<&'a TestCall>, now_ns: i64) -> Option<&'a Origin> {
    let on_watch = || channel.board().watch(channel.me()).entries().next().map(|(_, origin)| origin);
    let since = newest.map(|call| &call.origin).or_else(on_watch)?;
    (now_ns.saturating_sub(since.claimed_time.0) > TEST_CALL_EVERY_NS).then_some(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(event: &'static str, channel: &str, place: usize) -> AlarmView {
        AlarmView { event, channel: channel.to_owned(), id: place.to_string(), rung: 0, text: String::new() }
    }

    #[test]
    fn a_flood_of_stops_mutes_neither_another_channel_nor_another_kind() {
        let mut found: Vec<AlarmView> = (0..1_000).map(|place| alarm("stop", "a-hostile", place)).collect();
        found.push(alarm("protected-conflict", "a-hostile", 0));
        found.push(alarm("stop", "quiet", 0));
        let kept = bounded(found);
        let of = |event, channel| kept.iter().filter(move |alarm| alarm.event == event && alarm.channel == channel);
        assert_eq!(of("stop", "a-hostile").count(), ALARMS_MAX + 1);
        assert_eq!(of("protected-conflict", "a-hostile").count(), 1);
        assert_eq!(of("stop", "quiet").count(), 1);
        let told = of("stop", "a-hostile").next_back().expect("the one that counts the others");
        assert_eq!(told.text, "744 more of this kind wait in the channel");
    }
}
