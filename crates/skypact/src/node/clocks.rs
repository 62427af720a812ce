//! How far the clocks of the counterpart and of the witnesses are from this node's (docs/channel-protocol.md, sections 5 and 8):
//! what this node answers when it is asked for its time, how it asks, and what was read since the start.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use skypact_channel::{Clocks, OtherClock, Pact, Span};
use tracing::warn;

use super::peer::refusal;
use super::rounds::Rounds;
use super::tiles::nothing;
use super::{NodeError, NodeHandle};
use crate::clock::NodeClock;
use crate::transport::{Allowance, PeerAnswer, PeerClient};

/// Where a node shows its time.
pub(super) const CLOCK_PATH: &str = "/channel/v1/clock";
/// How often the counterpart is asked, one that has no such path, and one that does not answer.
const EVERY: Duration = Duration::from_secs(10);
/// The same over a slow link.
const EVERY_SLOW: Duration = Duration::from_mins(10);
const WITHOUT_CLOCK: Duration = Duration::from_mins(5);
const PAUSE: Duration = Duration::from_secs(1);
/// How long a witness may not answer, ns: it is asked every few seconds, and one that has no time to show every minute.
const WITNESS_SILENT_NS: i64 = 120_000_000_000;
/// Requests that a party may make at once after a pause, and how many more each second.
const REQUESTS_AT_ONCE: u32 = 16;
const REQUESTS_EACH_SECOND: u32 = 4;

/// Whose clock was read.
#[derive(Debug, Clone)]
pub(super) enum Whose {
    Counterpart,
    /// The witness of this name.
    Witness(String),
}

/// One look at another clock: whose, what it showed, and between which steady times of this node's. A witness that answers and has no
/// time to show shows none.
#[derive(Debug, Clone)]
pub(super) struct ClockNews {
    pub(super) whose: Whose,
    pub(super) shown: Option<Span>,
    pub(super) between: Span,
}

impl NodeHandle {
    /// Waits for the answer to a question, and says between which steady times it was given.
    pub(super) async fn timed<T>(&self, asked: impl Future<Output = T>) -> (T, Span) {
        let least_ns = self.clock.steady_ns();
        let answer = asked.await;
        (answer, Span { least_ns, most_ns: self.clock.steady_ns() })
    }
}

/// Whether a witness of a pact answers this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessContact {
    /// Its name.
    pub name: String,
    /// For how long it has not answered, ns by the machine's clock; from the start on when it never did. None when node.toml has no
    /// address of it, so that nobody asks it.
    pub silent_ns: Option<i64>,
    /// Whether it has answered since the start.
    pub answered: bool,
}

impl WitnessContact {
    /// Whether it has to be looked after.
    pub fn is_silent(&self) -> bool {
        self.silent_ns.is_none_or(|silent_ns| silent_ns > WITNESS_SILENT_NS)
    }
}

/// What was read of the other clocks of a channel since the start.
#[derive(Debug, Default)]
pub(super) struct OtherClocks {
    counterpart: OtherClock,
    witnesses: BTreeMap<String, OtherClock>,
    /// When this began, steady ns.
    begun_ns: i64,
    /// Witnesses that are asked, each with when it last answered, steady ns.
    asked: BTreeMap<String, Option<i64>>,
}

impl OtherClocks {
    /// Of a channel whose witnesses of these names are asked.
    pub(super) fn new<'a>(begun_ns: i64, asked: impl Iterator<Item = &'a String>) -> Self {
        Self { begun_ns, asked: asked.map(|name| (name.clone(), None)).collect(), ..Self::default() }
    }

    pub(super) fn hear(&mut self, news: ClockNews) {
        let clock = match news.whose {
            Whose::Counterpart => &mut self.counterpart,
            Whose::Witness(name) => {
                self.asked.insert(name.clone(), Some(news.between.most_ns));
                self.witnesses.entry(name).or_default()
            }
        };
        if let Some(shown) = news.shown {
            clock.add(shown, news.between.least_ns, news.between.most_ns);
        }
    }

    /// Which witnesses of a pact answer, at a steady time of a clock of this speed.
    pub(super) fn contacts(&self, pact: &Pact, steady_ns: i64, speed: u32) -> Vec<WitnessContact> {
        let contact = |name: &str| {
            let heard_ns = self.asked.get(name);
            let since_ns = heard_ns.map(|heard_ns| heard_ns.unwrap_or(self.begun_ns));
            let silent_ns = since_ns.map(|since_ns| steady_ns.saturating_sub(since_ns) / i64::from(speed.max(1)));
            WitnessContact { name: name.to_owned(), silent_ns, answered: heard_ns.is_some_and(Option::is_some) }
        };
        pact.genesis().witness_keys_ed25519().iter().map(|key| contact(key.name().as_str())).collect()
    }

    /// Where they are now.
    pub(super) fn compare(&self, pact: &Pact, clock: &NodeClock) -> Clocks {
        let before_ns = clock.steady_ns();
        let wall_ns = clock.now_utc_ns();
        let steady = Span { least_ns: before_ns, most_ns: clock.steady_ns() };
        let witness = |name: &str| {
            let offset = self.witnesses.get(name).and_then(|other| other.offset(wall_ns, steady));
            (name.to_owned(), offset)
        };
        Clocks {
            counterpart: self.counterpart.offset(wall_ns, steady),
            // A witness may have a second key in the pact, and has one clock.
            witnesses: pact.genesis().witness_keys_ed25519().iter().map(|key| witness(key.name().as_str())).collect(),
            quorum: usize::try_from(pact.genesis().quorum.max(1)).unwrap_or(usize::MAX),
            speed: clock.speed(),
        }
    }
}

/// Shows this node's time to the parties of its pacts.
pub(super) struct ClockDoor {
    clock: NodeClock,
    allowances: BTreeMap<String, Mutex<Allowance>>,
}

impl ClockDoor {
    /// A door for parties of these names.
    pub(super) fn open<'a>(clock: NodeClock, parties: impl Iterator<Item = &'a str>) -> Self {
        let allowance = || Mutex::new(Allowance::new(REQUESTS_AT_ONCE, REQUESTS_EACH_SECOND));
        Self { clock, allowances: parties.map(|party| (party.to_owned(), allowance())).collect() }
    }

    /// Answers the party of this name.
    pub(super) fn answer(&self, party: &str) -> PeerAnswer {
        let Some(allowance) = self.allowances.get(party) else { return nothing() };
        if !allowance.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return refusal(429, "clock-too-fast", "ask for the time at most 4 times each second");
        }
        PeerAnswer::new(200, self.clock.now_utc_ns().to_be_bytes().to_vec())
    }
}

/// Asks the counterpart for its time, for as long as the node runs.
pub(super) async fn compare(node: NodeHandle, channel: String, client: PeerClient, is_slow: bool) {
    let mut rounds = Rounds::of(&node);
    let report = |error: &NodeError| {
        warn!(channel, code = error.code(), %error, "the counterpart's clock was not read; trying again");
    };
    let (least, pause) = if is_slow { (EVERY_SLOW, EVERY) } else { (EVERY, PAUSE) };
    while rounds.wait(ask(&node, &channel, &client).await.map(|wait| wait.max(least)), pause, report).await {}
}

/// One question; how long to wait for the next.
async fn ask(node: &NodeHandle, channel: &str, client: &PeerClient) -> Result<Duration, NodeError> {
    let (answer, between) = node.timed(client.get(CLOCK_PATH)).await;
    let answer = answer?;
    let unusable = |reason: String| NodeError::File { path: "counterpart's clock".to_owned(), reason };
    match answer.status {
        200 => {}
        404 | 405 => return Ok(WITHOUT_CLOCK),
        status => return Err(unusable(format!("answered {status}"))),
    }
    let shown = <[u8; 8]>::try_from(&answer.body[..]).map_err(|_| unusable("is not of 8 bytes".to_owned()))?;
    let shown = Span::exact(i64::from_be_bytes(shown));
    node.compare(channel.to_owned(), ClockNews { whose: Whose::Counterpart, shown: Some(shown), between }).await?;
    Ok(EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    #[test]
    fn a_witness_is_silent_when_it_has_not_answered_for_two_minutes_or_is_not_asked() {
        let contact = |silent_ns| WitnessContact { name: "witness.example".to_owned(), silent_ns, answered: true };
        assert!(contact(None).is_silent(), "nobody asks it");
        assert!(!contact(Some(120 * SECOND_NS)).is_silent());
        assert!(contact(Some(121 * SECOND_NS)).is_silent());

        let name = "witness.example".to_owned();
        let mut clocks = OtherClocks::new(5 * SECOND_NS, [name.clone()].iter());
        assert_eq!(clocks.asked[&name], None);
        let between = Span { least_ns: 6 * SECOND_NS, most_ns: 7 * SECOND_NS };
        clocks.hear(ClockNews { whose: Whose::Witness(name.clone()), shown: None, between });
        assert_eq!(clocks.asked[&name], Some(7 * SECOND_NS), "it answered, and showed no time");
        assert_eq!(clocks.witnesses[&name].offset(0, between), None);
    }
}
