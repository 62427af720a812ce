//! Views of the periods of logs, and of what is in the archive.

use serde::{Deserialize, Serialize};
use skypact_channel::{Channel, LogRef, PlacedPeriod};
use utoipa::ToSchema;

use crate::node::Channels;

/// One log of a channel and its periods.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LogPeriodsView {
    /// Party that writes it.
    pub party: String,
    /// Its origin.
    pub log: String,
    /// Entries.
    pub size: u64,
    /// Entries from before this node's open period that the other side has signed for.
    pub closed: u64,
    /// Entries of those that are plain files in this node's archive.
    pub archived: u64,
    /// Entries, from the first one on, that the next start does not read because they are in its snapshot. Files of the archive that hold no
    /// others are not needed for a start.
    pub folded: u64,
    /// Its periods as its author closed them, oldest first; the last one is open.
    pub periods: Vec<PeriodView>,
}

/// One period of a log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PeriodView {
    /// Number, from 1.
    pub number: u64,
    /// When it began, by the time that its author claims, nanoseconds UTC.
    pub since_ns: i64,
    /// Index of its first entry: the size of the log that closed the period before.
    pub start: u64,
    /// Root of the log at that size, hex.
    pub root: String,
}

/// The four logs of a channel.
pub fn periods(channel: &Channel, channels: &Channels, name: &str) -> Vec<LogPeriodsView> {
    let period = |placed: &PlacedPeriod| PeriodView {
        number: placed.period.number,
        since_ns: placed.since.0,
        start: placed.period.size,
        root: placed.period.root.to_string(),
    };
    let view = |log: LogRef| LogPeriodsView {
        party: channel.pact().party_name(log.party).to_owned(),
        log: channel.pact().log_keys(log).origin.to_string(),
        size: channel.log(log).size(),
        closed: channel.closed(log),
        archived: channels.archived(name, log),
        folded: channels.folded(name, log),
        periods: channel.log(log).periods.iter().map(period).collect(),
    };
    LogRef::ALL.into_iter().map(view).collect()
}
