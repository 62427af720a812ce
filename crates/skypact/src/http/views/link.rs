//! Views of what this node measured of the link and heard of the witnesses, apart from what both sides count alike.

use serde::{Deserialize, Serialize};
use skypact_channel::Channel;
use utoipa::ToSchema;

use crate::node::{LinkWeek, WitnessContact};

/// What this node alone measured in one week, from Monday 0000 UTC by its clock.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LinkWeekView {
    /// Its beginning, nanoseconds UTC.
    pub start_ns: i64,
    /// Time in which this node ran and tried to reach the counterpart, nanoseconds.
    pub ran_ns: i64,
    /// Time of that in which the counterpart answered, nanoseconds.
    pub up_ns: i64,
    /// Time between two runs of this node, nanoseconds.
    pub absent_ns: i64,
    /// How often the counterpart ceased to answer.
    pub outages: u64,
    /// The longest time for which it did not, nanoseconds.
    pub longest_outage_ns: i64,
    /// Largest offsets of the clocks that were measured: the counterpart's, then those of witnesses.
    pub clocks: Vec<LargestOffsetView>,
}

/// How far a clock was at most, as far as it is certain.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LargestOffsetView {
    /// The counterpart, or the name of a witness.
    pub name: String,
    /// At least so far ahead or behind, nanoseconds.
    pub offset_ns: i64,
}

/// Whether a witness answers this node.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WitnessView {
    /// Its name.
    pub name: String,
    /// Whether it has to be looked after: it has not answered for two minutes, or nobody asks it.
    pub silent: bool,
    /// For how long it has not answered, nanoseconds. None when node.toml has no address of it.
    pub silent_ns: Option<i64>,
    /// Whether it has answered since the node's start.
    pub answered: bool,
}

impl WitnessView {
    pub(super) fn of(contact: &WitnessContact) -> Self {
        let (silent, silent_ns) = (contact.is_silent(), contact.silent_ns);
        Self { name: contact.name.clone(), silent, silent_ns, answered: contact.answered }
    }

    /// How it stands, in a line.
    pub fn line(&self) -> String {
        match (self.silent, self.silent_ns) {
            (false, _) if self.answered => format!("{} answers", self.name),
            (false, _) => format!("{} has not answered since the start", self.name),
            (true, Some(silent_ns)) => format!(
                "WITNESS SILENT: {} has not answered for {} s; what is filed is not witnessed",
                self.name,
                silent_ns / 1_000_000_000
            ),
            (true, None) => format!("WITNESS SILENT: node.toml has no address of {}; put it there", self.name),
        }
    }
}

/// View of one week.
pub fn link_week(channel: &Channel, (start_ns, week): (i64, &LinkWeek)) -> LinkWeekView {
    let largest = |(name, offset_ns): (&str, i64)| LargestOffsetView { name: name.to_owned(), offset_ns };
    let counterpart = channel.pact().party_name(1 - channel.me());
    let witnesses = week.witness_clocks_ns.iter().map(|(name, offset_ns)| (name.as_str(), *offset_ns));
    let clocks = week.counterpart_clock_ns.map(|offset_ns| (counterpart, offset_ns)).into_iter().chain(witnesses);
    LinkWeekView {
        start_ns,
        ran_ns: week.ran_ns,
        up_ns: week.up_ns,
        absent_ns: week.absent_ns,
        outages: week.outages,
        longest_outage_ns: week.longest_outage_ns,
        clocks: clocks.map(largest).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_that_was_never_heard_is_not_said_to_answer() {
        let said = |answered, silent| {
            WitnessView { name: "w.example".to_owned(), silent, silent_ns: Some(0), answered }.line()
        };
        assert_eq!(said(true, false), "w.example answers");
        assert_eq!(said(false, false), "w.example has not answered since the start");
        assert!(said(false, true).starts_with("WITNESS SILENT"));
    }
}
