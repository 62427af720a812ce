//! A DSS with a clock, and who asks it what: for tests that read like a conversation.

use serde_json::Value;
use skypact_airspace::UtcNanos;
use skypact_dss::RejectionClass::{self, BadRequest, Conflict, Forbidden, NotFound, PreconditionFailed};
use skypact_dss::{Caller, Query, Scopes};

use crate::machine::{Machine, Refusal};
use crate::requests::{Asked, Attach, Ground, IntentBody, Place, minute};

/// A client of the DSS.
#[derive(Clone, Copy)]
pub(crate) struct Party {
    pub(crate) name: &'static str,
    pub(crate) scopes: &'static str,
}

/// A USS that plans flights and heeds constraints.
pub(crate) const RED: Party =
    Party { name: "red", scopes: "utm.strategic_coordination utm.conformance_monitoring_sa utm.constraint_processing" };
/// Another one.
pub(crate) const BLUE: Party = Party { name: "blue", ..RED };
/// Who makes constraints.
pub(crate) const CITY: Party = Party { name: "city", scopes: "utm.constraint_management" };
/// Who says which USS is down.
pub(crate) const ARBITER: Party = Party { name: "arbiter", scopes: "utm.availability_arbitration" };

impl Party {
    pub(crate) fn with_scopes(self, scopes: &'static str) -> Self {
        Self { scopes, ..self }
    }
}

/// The DSS, and the minutes that passed.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) machine: Machine,
    pub(crate) minutes: i64,
    asked: u128,
}

impl Desk {
    pub(crate) fn now(&self) -> UtcNanos {
        minute(self.minutes)
    }

    pub(crate) fn ask(&mut self, party: Party, asked: &Asked) -> Result<Value, Refusal> {
        let caller = Caller { manager: party.name, scopes: Scopes::parse(party.scopes) };
        self.asked += 1;
        let random = [1, 2, 3].map(|place: u128| self.asked << 100 | place << 90 | self.asked);
        self.machine.change(&caller, asked, self.now(), random)
    }

    /// Asks what is allowed.
    pub(crate) fn done(&mut self, party: Party, asked: &Asked) -> Value {
        self.ask(party, asked).expect("this is allowed")
    }

    /// Asks what is refused; the contract's status and the code.
    pub(crate) fn refused(&mut self, party: Party, asked: &Asked) -> (u16, String) {
        let refusal = self.ask(party, asked).expect_err("this is refused");
        (status(refusal.class), refusal.code)
    }

    pub(crate) fn refused_without_scopes(&mut self, asked: &Asked) -> (u16, String) {
        self.refused(Party { name: "nobody", scopes: "" }, asked)
    }

    pub(crate) fn look(&self, party: Party, query: &Query) -> Result<Value, (u16, String)> {
        let caller = Caller { manager: party.name, scopes: Scopes::parse(party.scopes) };
        let seen = self.machine.query(&caller, query, self.now());
        seen.map_err(|refusal| (status(refusal.class), refusal.code))
    }
}

fn status(class: RejectionClass) -> u16 {
    match class {
        BadRequest => 400,
        Forbidden => 403,
        NotFound => 404,
        Conflict => 409,
        PreconditionFailed => 412,
    }
}

pub(crate) fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A block of 1 x 1 hundredth of a degree, from the ground to 100 m, in the second hour.
pub(crate) fn block(north: i32, east: i32) -> Place {
    Place {
        ground: Ground::Block { north, east, size: 1 },
        lower_m: Some(0),
        upper_m: Some(100),
        start: Some(minute(60)),
        end: Some(minute(120)),
    }
}

/// All blocks of these tests, at all altitudes, from now for 24 hours.
pub(crate) fn everywhere() -> Place {
    let ground = Ground::Block { north: -5, east: -5, size: 30 };
    Place { ground, lower_m: None, upper_m: None, start: None, end: None }
}

/// Some blocks from a time on, in minutes.
pub(crate) fn between(place: Place, start: i64, end: i64) -> Place {
    Place { start: Some(minute(start)), end: Some(minute(end)), ..place }
}

/// An intent as it is first planned, with nothing in its key and no subscription.
pub(crate) fn planned(extents: &[Place]) -> IntentBody {
    IntentBody {
        extents: extents.to_vec(),
        key: Vec::new(),
        state: "Accepted",
        url: "https://flights.example.com".to_owned(),
        attach: Attach::Nothing,
        ovn_suffix: None,
    }
}

/// The same with a subscription of its own, as states other than `Accepted` need it.
pub(crate) fn subscribed(extents: &[Place]) -> IntentBody {
    IntentBody { attach: Attach::Implicit { notify_for_constraints: false }, ..planned(extents) }
}

impl IntentBody {
    pub(crate) fn knowing(self, ovns: &[&str]) -> Self {
        Self { key: ovns.iter().map(|ovn| (*ovn).to_owned()).collect(), ..self }
    }

    pub(crate) fn in_state(self, state: &'static str) -> Self {
        Self { state, ..self }
    }

    pub(crate) fn attached_to(self, subscription: &str) -> Self {
        Self { attach: Attach::To(subscription.to_owned()), ..self }
    }
}

/// The OVN of the reference in an answer.
pub(crate) fn ovn(answer: &Value) -> String {
    let reference = answer.get("operational_intent_reference").or(answer.get("constraint_reference"));
    text(&reference.expect("a reference")["ovn"])
}

/// The version of the subscription in an answer.
pub(crate) fn version(answer: &Value) -> String {
    text(&answer["subscription"]["version"])
}

/// The subscription that an operational intent in an answer is attached to.
pub(crate) fn attached(answer: &Value) -> String {
    text(&answer["operational_intent_reference"]["subscription_id"])
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
