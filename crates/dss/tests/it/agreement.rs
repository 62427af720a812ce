//! The state machine and the model say the same of whatever is asked in whatever order, over restarts from snapshots too, and a
//! replay of the log says it again.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use skypact_airspace::UtcNanos;
use skypact_dss::{Caller, Query, Scope, Scopes};

use crate::machine::Machine;
use crate::model::Model;
use crate::requests::{BEGIN, Ground, Place, about, id, report};
use crate::steps::{PARTIES, Step, Taken, steps};

/// How often each outcome came about: a kind of request and `ok` or the code of the refusal.
type Outcomes = BTreeMap<String, usize>;

fn play(steps: &[Step], outcomes: &mut Outcomes) {
    let (mut machine, mut model, mut now) = (Machine::default(), Model::default(), BEGIN);
    let mut frozen = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        now = UtcNanos(now.0 + step.waits * 60_000_000_000);
        if step.restarts {
            machine.restart();
            let state = machine.dss.freeze();
            frozen.push((state.pieces().collect::<Vec<_>>(), state));
        }
        let (manager, taken) = step.take(&model, now);
        let caller = Caller { manager: &manager, scopes: step.scopes };
        let (kind, said, expected) = match taken {
            Taken::Change(asked) => {
                let Ok(change) = asked.parse() else { continue };
                let expected = model.change(&caller, &change, now, step.random);
                (asked.operation.as_str(), machine.change(&caller, &asked, now, step.random), expected)
            }
            Taken::Query(query) => ("query", machine.query(&caller, &query, now), model.query(&caller, &query, now)),
        };
        assert_eq!(said, expected, "step {place}, {kind} by {manager}: machine, model; {step:?}");
        let outcome = said.as_ref().map_or_else(|refusal| refusal.code.as_str(), |_| "ok");
        *outcomes.entry(format!("{kind} {outcome}")).or_default() += 1;
    }
    assert_nothing_is_kept_that_is_over(machine.replayed(), &model, now);
    for (bytes, state) in frozen {
        assert!(state.pieces().eq(bytes), "what is frozen is as it was, whatever changed since");
    }
    let replayed = machine.replayed();
    for (viewer, query) in PARTIES.into_iter().flat_map(|viewer| everything(&model).map(move |query| (viewer, query))) {
        let caller = Caller { manager: viewer, scopes: all_scopes() };
        let expected = model.query(&caller, &query, now);
        assert_eq!(machine.query(&caller, &query, now), expected, "machine, model in the end; {query:?}");
        assert_eq!(replayed.query(&caller, &query, now), expected, "replay, model; {query:?}");
    }
}

/// The change after some days drops the subscriptions that are over, after a restart as well.
fn assert_nothing_is_kept_that_is_over(mut machine: Machine, model: &Model, now: UtcNanos) {
    let later = UtcNanos(now.0 + 3 * 24 * 60 * 60_000_000_000);
    machine.restart();
    let caller = Caller { manager: PARTIES[0], scopes: all_scopes() };
    machine.change(&caller, &report("https://one.example.com"), later, [1; 3]).expect("a report is allowed");
    let needed: BTreeSet<_> = model.intents.iter().filter_map(|intent| intent.subscription.as_ref()).collect();
    assert_eq!(machine.dss.sizes().subscriptions, needed.len());
}

fn all_scopes() -> Scopes {
    Scope::ALL.into_iter().fold(Scopes::default(), Scopes::with)
}

/// A question about each thing, and about all of them.
fn everything(model: &Model) -> impl Iterator<Item = Query> + use<> {
    let ground = Ground::Block { north: -10, east: -10, size: 40 };
    let all = Place { ground, lower_m: None, upper_m: None, start: None, end: None };
    let entity = |number| id(number).parse().expect("an id");
    let subscriptions: Vec<_> = model.subscriptions.iter().map(|held| held.id.parse().expect("an id")).collect();
    [about(Query::OperationalIntents, &all), about(Query::Constraints, &all), about(Query::Subscriptions, &all)]
        .into_iter()
        .chain((1..=5).map(move |number| Query::OperationalIntent(entity(number))))
        .chain((11..=13).map(move |number| Query::Constraint(entity(number))))
        .chain(subscriptions.into_iter().map(Query::Subscription))
        .chain(PARTIES.map(|uss| Query::UssAvailability(uss.to_owned())))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_state_machine_and_the_model_agree_at_each_step_and_after_replay(steps in steps()) {
        play(&steps, &mut Outcomes::new());
    }
}

#[test]
fn they_agree_on_a_fixed_corpus_that_reaches_every_answer_and_every_refusal() {
    let mut outcomes = Outcomes::new();
    for seed in 0..192_u8 {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        play(&steps().new_tree(&mut runner).expect("steps").current(), &mut outcomes);
    }
    let reached = |outcome: &str| outcomes.keys().any(|key| key == outcome);
    let missed: Vec<_> = OUTCOMES.into_iter().filter(|outcome| !reached(outcome)).collect();
    assert!(missed.is_empty(), "not reached: {missed:?}; reached: {outcomes:#?}");
}

const OUTCOMES: [&str; 51] = [
    "put-operational-intent-reference ok",
    "put-operational-intent-reference scope-missing",
    "put-operational-intent-reference field-scope-missing",
    "put-operational-intent-reference state-not-initial",
    "put-operational-intent-reference time-end-in-past",
    "put-operational-intent-reference area-too-large",
    "put-operational-intent-reference ovn-suffix-time",
    "put-operational-intent-reference subscription-required",
    "put-operational-intent-reference nothing-to-update",
    "put-operational-intent-reference other-manager",
    "put-operational-intent-reference exists",
    "put-operational-intent-reference version-mismatch",
    "put-operational-intent-reference state-transition",
    "put-operational-intent-reference uss-down",
    "put-operational-intent-reference ovn-used",
    "put-operational-intent-reference subscription-unknown",
    "put-operational-intent-reference subscription-trigger",
    "put-operational-intent-reference subscription-coverage",
    "put-operational-intent-reference missing-ovns",
    "delete-operational-intent-reference ok",
    "delete-operational-intent-reference scope-missing",
    "delete-operational-intent-reference not-found",
    "delete-operational-intent-reference other-manager",
    "delete-operational-intent-reference version-mismatch",
    "delete-operational-intent-reference uss-down",
    "put-constraint-reference ok",
    "put-constraint-reference scope-missing",
    "put-constraint-reference time-end-in-past",
    "put-constraint-reference area-too-large",
    "put-constraint-reference other-manager",
    "put-constraint-reference version-mismatch",
    "delete-constraint-reference ok",
    "delete-constraint-reference not-found",
    "put-subscription ok",
    "put-subscription field-scope-missing",
    "put-subscription area-too-large",
    "put-subscription time-start-in-past",
    "put-subscription time-end-in-past",
    "put-subscription time-end-before-start",
    "put-subscription subscription-too-long",
    "put-subscription exists",
    "put-subscription version-mismatch",
    "put-subscription other-manager",
    "put-subscription subscription-coverage",
    "delete-subscription ok",
    "delete-subscription other-manager",
    "delete-subscription subscription-dependents",
    "set-uss-availability availability-version-mismatch",
    "make-dss-report ok",
    "query ok",
    "query not-found",
];
