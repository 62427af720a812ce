//! Views of the clocks of a channel, and of why nothing is said to be clear.

use serde::{Deserialize, Serialize};
use skypact_channel::{Channel, ClockState, Clocks, Span, Suspect};
use utoipa::ToSchema;

use crate::node::LinkState;

/// How far another clock is from this node's, as this node measures it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ClockView {
    /// The counterpart, or the name of a witness.
    pub name: String,
    /// counterpart or witness. The counterpart's time is its word alone.
    pub of: String,
    /// Least that it may be ahead of this node's clock, nanoseconds; negative when it is behind. None when it was not measured.
    pub least_ns: Option<i64>,
    /// Most that it may be ahead.
    pub most_ns: Option<i64>,
    /// not-measured, within, warns (the whole interval is beyond 1 s) or off (beyond 5 s).
    pub state: String,
}

/// Why it is not known whether something is clear.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UnknownView {
    /// counterpart-silent or clock-off.
    pub code: String,
    /// What is the matter, in a line.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// What to do about a clock.
const CLOCK_REMEDY: &str = "compare with a watch, run NTP";

impl ClockView {
    fn new(name: &str, of: &str, offset: Option<Span>, state: ClockState) -> Self {
        Self {
            name: name.to_owned(),
            of: of.to_owned(),
            least_ns: offset.map(|offset| offset.least_ns),
            most_ns: offset.map(|offset| offset.most_ns),
            state: state.name().to_owned(),
        }
    }

    /// Where it is, in words.
    pub fn line(&self, own: &str) -> String {
        let (Some(least_ns), Some(most_ns)) = (self.least_ns, self.most_ns) else {
            return format!("clock of {}: not measured", self.name);
        };
        let mark = match self.state.as_str() {
            "off" => "OFF: ",
            "warns" => "WARNING: ",
            _ => "",
        };
        let (least, most) = (seconds(least_ns), seconds(most_ns));
        let than = if most_ns < 0 {
            format!("at least {} s behind {own}'s", seconds(most_ns.saturating_neg()))
        } else if least_ns > 0 {
            format!("at least {least} s ahead of {own}'s")
        } else {
            format!("within {} s of {own}'s", seconds(most_ns.max(least_ns.saturating_neg())))
        };
        format!("{mark}clock of {}: {than} ({least} to {most} s)", self.name)
    }
}

/// Seconds with three digits behind the point.
fn seconds(ns: i64) -> String {
    format!("{:.3}", ns as f64 / 1e9)
}

/// Views of the counterpart's clock and those of the witnesses.
pub(super) fn clocks(channel: &Channel, clocks: &Clocks) -> Vec<ClockView> {
    let counterpart = channel.pact().party_name(1 - channel.me());
    let first = ClockView::new(counterpart, "counterpart", clocks.counterpart, clocks.state(clocks.counterpart));
    let witness =
        |(name, offset): &(String, Option<Span>)| ClockView::new(name, "witness", *offset, clocks.state(*offset));
    [first].into_iter().chain(clocks.witnesses.iter().map(witness)).collect()
}

/// Whose clock is wrong, by name: a party's or a witness's.
pub(super) fn suspect(channel: &Channel, clocks: &Clocks) -> Option<String> {
    let party = |party| channel.pact().party_name(party).to_owned();
    clocks.suspect().map(|suspect| match suspect {
        Suspect::Own => party(channel.me()),
        Suspect::Counterpart => party(1 - channel.me()),
        Suspect::Witness(name) => name,
    })
}

/// Every reason for which nothing is said to be clear: none, and it may be.
pub(super) fn unknown(channel: &Channel, link: &LinkState, clocks: &Clocks) -> Vec<UnknownView> {
    let silent = (!link.connected).then(|| UnknownView {
        code: "counterpart-silent".to_owned(),
        reason: format!(
            "{} does not answer, and what it filed since is not here",
            channel.pact().party_name(1 - channel.me())
        ),
        remedy: "telephone".to_owned(),
    });
    silent.into_iter().chain(clock_off(channel, clocks)).collect()
}

/// That clocks are off, when they are.
pub fn clock_off(channel: &Channel, clocks: &Clocks) -> Option<UnknownView> {
    if !clocks.are_off() {
        return None;
    }
    let own = channel.pact().party_name(channel.me());
    let off = self::clocks(channel, clocks).into_iter().filter(|view| view.state == ClockState::Off.name());
    let mut reasons: Vec<String> = off.map(|view| view.line(own)).collect();
    reasons.extend(suspect(channel, clocks).map(|suspect| {
        if suspect == own {
            "they agree with each other: this node's own clock is the suspect".to_owned()
        } else {
            format!("the suspect is the clock of {suspect}")
        }
    }));
    Some(UnknownView { code: "clock-off".to_owned(), reason: reasons.join("; "), remedy: CLOCK_REMEDY.to_owned() })
}
