//! Alarms that leave the machine: a STOP that nobody answers, a conflict with something protected, a unit that has not applied
//! a notice, a watch that nobody has, a list of protected sites that nobody signed for, a test call that was missed or not made,
//! clocks that are off, a witness that is silent, keys that changed.
//! Each goes to the bells that `node.toml` names, when its escalation rung has passed, with retries, and DIR/alarms.log says what became of it.

mod bell;
mod cause;
mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skypact_airspace::UtcNanos;
use tracing::warn;

pub use self::bell::{Bell, BellError};
use self::cause::Look;
pub use self::outcome::{FailedBell, failed_bells};
use crate::node::{NodeError, NodeHandle};
use crate::plans;

/// How often the record is looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// Most alarms of one kind in one channel at one look: a counterpart that calls a thousand STOPs rings for the first of them.
const ALARMS_MAX: usize = 256;

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

/// `[watch]` of `node.toml`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchConfig {
    /// How long nobody of a party may have the watch before it rings, s.
    pub unattended_after_s: u32,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self { unattended_after_s: 300 }
    }
}

/// Something that somebody has to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmView {
    /// stop, protected-conflict, plan-conflict, suspended, overdue, unit-gap, watch-unattended, watch-gap, list-unsigned, test-call,
    /// test-call-missed, test-call-due, witness-silent, commitment-overdue,
    /// assurance-contradicted, keys-changed or clock-off; of the other side watch-unattended-there, watch-gap-there, list-outdated,
    /// test-call-absent and keys-changed-there.
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

/// How many entries that change keys each log had at the first look, by channel.
type Began = BTreeMap<String, [usize; 4]>;

fn known(rung_for: &RungFor) -> std::sync::MutexGuard<'_, BTreeSet<(usize, String)>> {
    rung_for.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at the record and rings, for as long as the node runs. Without a bell nobody looks.
pub async fn watch(node: NodeHandle, bells: Vec<Bell>, config: WatchConfig, log: PathBuf, plans: PathBuf) {
    if bells.is_empty() {
        return;
    }
    let bells: Vec<Arc<Bell>> = bells.into_iter().map(Arc::new).collect();
    // What was rung for since the start. A start rings again for what still waits: better twice than never.
    let rung_for: RungFor = RungFor::default();
    let mut began = Began::new();
    let started = UtcNanos(node.now_ns());
    loop {
        let seen = match alarms(&node, &plans, started, config, began.clone()).await {
            Ok((alarms, looked)) => {
                began = looked;
                Some(alarms)
            }
            Err(NodeError::Stopped | NodeError::NotRecorded { .. }) => return,
            Err(error) => {
                warn!(code = error.code(), %error, "alarms cannot be looked at; trying again");
                None
            }
        };
        for (place, alarm) in due(&bells, &rung_for, seen.as_deref()) {
            let (bell, node, log, rung_for) = (bells[place].clone(), node.clone(), log.clone(), rung_for.clone());
            tokio::spawn(async move {
                if !bell::ring(&bell, &alarm, &node, &log).await {
                    // As long as it waits for somebody it is tried again.
                    known(&rung_for).remove(&(place, alarm.id));
                }
            });
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// The bells that have to ring, by place, after a look. One that failed has seen nothing: no alarm, and none that is over.
fn due(bells: &[Arc<Bell>], rung_for: &RungFor, seen: Option<&[AlarmView]>) -> Vec<(usize, AlarmView)> {
    let Some(alarms) = seen else { return Vec::new() };
    let mut rung_for = known(rung_for);
    let mut due = Vec::new();
    for alarm in alarms {
        for (place, bell) in bells.iter().enumerate() {
            if bell.rung <= alarm.rung && rung_for.insert((place, alarm.id.clone())) {
                due.push((place, alarm.clone()));
            }
        }
    }
    // What is over may ring again if it comes back.
    rung_for.retain(|(_, id)| alarms.iter().any(|alarm| alarm.id == *id));
    due
}

/// Everything that waits for somebody of this party.
async fn alarms(
    node: &NodeHandle,
    plans: &std::path::Path,
    started: UtcNanos,
    config: WatchConfig,
    mut began: Began,
) -> Result<(Vec<AlarmView>, Began), NodeError> {
    let unattended_after_ns = i64::from(config.unattended_after_s) * 1_000_000_000;
    let look = Look { now: UtcNanos(node.now_ns()), started, unattended_after_ns };
    let (plans, exercise) = (plans::all(plans), node.is_exercise());
    node.query(move |channels| {
        let mut found = Vec::new();
        for name in channels.names() {
            if let Some(channel) = channels.get(name) {
                found.extend(channels.clocks(name).and_then(|clocks| cause::of_clocks(name, channel, &clocks)));
                found.extend(cause::of_witnesses(name, channel, &channels.witnesses(name)));
                found.extend(cause::of_channel(name, channel, look));
                found.extend(cause::of_settlement(name, channel, look.now));
                let began = *began.entry(name.to_owned()).or_insert_with(|| cause::key_changes(channel));
                found.extend(cause::of_keys(name, channel, began, look.now));
                found.extend(plans.iter().flat_map(|plan| cause::of_plan(name, channel, plan)));
            }
        }
        let mut alarms = bounded(found);
        for alarm in alarms.iter_mut().filter(|_| exercise) {
            // A pager shows this line alone.
            alarm.text.insert_str(0, "EXERCISE: ");
        }
        (alarms, began)
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

    #[test]
    fn a_look_that_failed_rings_nothing_twice() {
        let config = AlarmConfig { rung: 0, command: Some(vec!["true".to_owned()]), webhook: None };
        let bells = [Arc::new(Bell::new(1, &config).expect("a bell"))];
        let rung_for = RungFor::default();
        let seen = [alarm("stop", "east-river", 7)];
        let rings = |seen| due(&bells, &rung_for, seen).len();
        assert_eq!(rings(Some(&seen[..])), 1);
        assert_eq!(rings(None), 0);
        assert_eq!(rings(Some(&seen)), 0, "nothing was over in between: nobody had looked");
        assert_eq!(rings(Some(&[])), 0);
        assert_eq!(rings(Some(&seen)), 1, "it came back");
    }
}
