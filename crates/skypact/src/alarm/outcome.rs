//! What became of the bells, by the end of DIR/alarms.log: a bell that fails has to be seen by somebody who hears none.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much of the end of the log is read, bytes: some 300 tries.
const END_BYTES: u64 = 128 << 10;

/// A bell whose newest try failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailedBell {
    /// Its program, or the host of its webhook.
    pub bell: String,
    /// Channel of the alarm.
    pub channel: String,
    /// What it should have rung for.
    pub event: String,
    /// Why it did not.
    pub reason: String,
    /// When, nanoseconds UTC.
    pub at_ns: i64,
}

/// A line of the log.
#[derive(Deserialize)]
struct Try {
    at_ns: i64,
    alarm: Alarm,
    bell: String,
    outcome: String,
}

#[derive(Deserialize)]
struct Alarm {
    event: String,
    channel: String,
}

/// The bells whose newest try failed, by channel and name. A log that is not there, or cannot be read, tells of none.
pub fn failed_bells(log: &Path) -> Vec<FailedBell> {
    let mut newest: BTreeMap<(String, String), FailedBell> = BTreeMap::new();
    for Try { at_ns, alarm: Alarm { event, channel }, bell, outcome } in tries(log) {
        let place = (channel.clone(), bell.clone());
        newest.insert(place, FailedBell { bell, channel, event, reason: outcome, at_ns });
    }
    newest.into_values().filter(|bell| bell.reason != "rung").collect()
}

/// The newest tries, oldest first. The first line of what is read may be half of one, and is none then.
fn tries(log: &Path) -> impl Iterator<Item = Try> {
    let mut end = Vec::new();
    if let Ok(mut file) = File::open(log) {
        let length = file.metadata().map_or(0, |held| held.len());
        let begun = file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES)));
        // Half of a log tells more than none.
        let _ = begun.and_then(|_| file.take(END_BYTES).read_to_end(&mut end));
    }
    let lines: Vec<Try> = end.split(|c| *c == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    lines.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_try_of_a_bell_counts_and_a_cut_line_does_not() {
        let log = std::env::temp_dir().join(format!("skypact-failed-bells-{}", std::process::id()));
        let line = |at_ns: i64, bell: &str, outcome: &str| {
            let alarm =
                serde_json::json!({ "event": "stop", "channel": "east-river", "id": "7", "rung": 0, "text": "" });
            let line =
                serde_json::json!({ "at_ns": at_ns, "alarm": alarm, "bell": bell, "attempt": 1, "outcome": outcome });
            format!("{line}\n")
        };
        let fill: String = (0..2_000).map(|at_ns| line(at_ns, "old", "answered 503")).collect();
        let end = [
            line(1, "pager", "answered 503"),
            line(2, "pager", "rung"),
            line(3, "horn", "rung"),
            line(4, "horn", "took 10 s"),
        ];
        std::fs::write(&log, fill + &line(9, "old", "rung") + &end.concat() + "{\"at_ns\": 5, ").unwrap();
        let failed = failed_bells(&log);
        std::fs::remove_file(&log).unwrap();
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!((failed[0].bell.as_str(), failed[0].reason.as_str(), failed[0].at_ns), ("horn", "took 10 s", 4));
        assert_eq!(failed_bells(&log), []);
    }
}
