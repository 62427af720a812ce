//! The state machine as the shell runs it: scope, decision, record, replay of what was recorded; answers as the contract's
//! JSON, so that all that a client can see is compared.

use serde_json::{Value, json};
use skypact_airspace::UtcNanos;
use skypact_dss::snapshot::Piece;
use skypact_dss::{Answer, Caller, Dss, Query, QueryAnswer, Recorded, Rejection, RejectionClass, Stamp};
use skypact_f3548::UssId;

use crate::requests::Asked;

/// Why something was refused; with the OVNs that are missing, when that is why.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) class: RejectionClass,
    pub(crate) code: String,
    pub(crate) missing: Option<Value>,
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let missing = match &rejection {
            Rejection::MissingOvns { missing } => Some(json!({
                "missing_operational_intents": missing.missing_operational_intents,
                "missing_constraints": missing.missing_constraints,
            })),
            _ => None,
        };
        Self { class: rejection.class(), code: rejection.code().to_owned(), missing }
    }
}

/// A DSS and the log it wrote.
#[derive(Default)]
pub(crate) struct Machine {
    pub(crate) dss: Dss,
    pub(crate) log: Vec<Vec<u8>>,
}

impl Machine {
    /// Asks for a change. It takes place by way of its recorded bytes, as a follower sees it.
    pub(crate) fn change(
        &mut self,
        caller: &Caller<'_>,
        asked: &Asked,
        now: UtcNanos,
        random: [u128; 3],
    ) -> Result<Value, Refusal> {
        let change = asked.parse().expect("the tests send what can be parsed");
        asked.operation.endpoint().authorize(caller.scopes)?;
        self.dss.decide(caller, &change, now)?;
        let stamp = Stamp { manager: UssId::from(caller.manager), now, random };
        let given = self.dss.clone().apply(&change, &stamp).given();
        let Asked { operation, target, body } = asked.clone();
        let recorded = Recorded { operation, stamp, token_id: None, target, body, given };
        self.log.push(recorded.encode());
        Ok(self.replay_entry(&recorded.encode()))
    }

    fn replay_entry(&mut self, entry: &[u8]) -> Value {
        let recorded = Recorded::decode(entry).expect("it was encoded here");
        let mut audited = self.dss.clone();
        let answer = self.dss.replay(&recorded).expect("what was allowed follows from the record");
        assert_eq!(audited.audit(&recorded).as_ref(), Ok(&answer), "and the rules allow it again");
        shown(&answer)
    }

    pub(crate) fn query(&self, caller: &Caller<'_>, query: &Query, now: UtcNanos) -> Result<Value, Refusal> {
        query.endpoint().authorize(caller.scopes)?;
        let answer = self.dss.query(caller, query, now)?;
        Ok(match &answer {
            QueryAnswer::OperationalIntent(answer) => json!(answer),
            QueryAnswer::OperationalIntents(answer) => json!(answer),
            QueryAnswer::Constraint(answer) => json!(answer),
            QueryAnswer::Constraints(answer) => json!(answer),
            QueryAnswer::Subscription(answer) => json!(answer),
            QueryAnswer::Subscriptions(answer) => json!(answer),
            QueryAnswer::UssAvailability(answer) => json!(answer),
        })
    }

    /// Goes on from a snapshot of itself, as after a restart.
    pub(crate) fn restart(&mut self) {
        let mut fresh = Dss::new();
        for bytes in self.dss.freeze().pieces() {
            fresh.take_in(Piece::decode(&bytes).expect("it was encoded here"));
        }
        self.dss = fresh;
    }

    /// A fresh machine that read the log.
    pub(crate) fn replayed(&self) -> Self {
        let mut fresh = Self { dss: Dss::new(), log: self.log.clone() };
        for entry in &self.log {
            fresh.replay_entry(entry);
        }
        fresh
    }
}

fn shown(answer: &Answer) -> Value {
    match answer {
        Answer::OperationalIntent(answer) => json!(answer),
        Answer::Constraint(answer) => json!(answer),
        Answer::Subscription(answer) => json!(answer),
        Answer::DeletedSubscription(answer) => json!(answer),
        Answer::Availability(answer) => json!(answer),
        Answer::Report(answer) => json!(answer),
    }
}
