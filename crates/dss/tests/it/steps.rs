//! Random steps of three USSs in a small world: few ids, so that they collide; few places, times and altitudes, which overlap, touch
//! or miss. A step says what is picked ("the current OVN", "half a key"); what that is, the model knows when the step is taken.

use proptest::prelude::*;
use proptest::sample::select;
use skypact_airspace::UtcNanos;
use skypact_dss::{Query, Scope, Scopes};

use crate::model::{Constraint, Intent, Model, Subscription};
use crate::requests::{self as ask, Asked, Attach, Ground, IntentBody, Place, Triggers};

pub(crate) const PARTIES: [&str; 3] = ["uss1", "uss2", "uss3"];
const URLS: [&str; 3] = ["https://one.example.com/utm", "https://two.example.com", "https://three.example.com"];
const WRONG_VERSION: &str = "6d1f3d3b-0000-4000-8000-00000000dead";

#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Minutes since the step before.
    pub(crate) waits: i64,
    /// Whether the machine starts anew before it.
    pub(crate) restarts: bool,
    party: usize,
    /// Whether whoever manages the thing asks, so that much succeeds.
    as_manager: bool,
    pub(crate) scopes: Scopes,
    pub(crate) random: [u128; 3],
    url: usize,
    /// State of an intent that is new.
    first_state: &'static str,
    act: Act,
}

#[derive(Clone, Debug)]
enum Act {
    PutIntent {
        id: u128,
        ovn: Version,
        extents: Vec<Spot>,
        state: &'static str,
        attach: Attached,
        key: Key,
        suffix: Option<Suffix>,
    },
    DeleteIntent {
        id: u128,
        ovn: Version,
    },
    PutConstraint {
        id: u128,
        ovn: Version,
        extents: Vec<Spot>,
    },
    DeleteConstraint {
        id: u128,
        ovn: Version,
    },
    PutSubscription {
        id: Which,
        version: Version,
        spot: Spot,
        triggers: Triggers,
    },
    DeleteSubscription {
        id: Which,
        version: Version,
    },
    SetAvailability {
        uss: usize,
        state: &'static str,
        version: Version,
    },
    Report,
    Query(Asks),
}

/// The version that a change is based on.
#[derive(Clone, Copy, Debug)]
enum Version {
    /// The current one; none when there is nothing yet.
    Fitting,
    /// None: create.
    None,
    /// One that some intent had.
    Stale(usize),
    Wrong,
}

#[derive(Clone, Copy, Debug)]
enum Key {
    /// The OVN of everything there is.
    All,
    /// Of some, by the bits of a mask.
    Some(u32),
    /// Every one that ever was, the last one of each excepted.
    Stale,
    Empty,
}

/// A subscription: by a name that clients give, or one of those that are (implicit ones too), of the caller or of anybody.
#[derive(Clone, Copy, Debug)]
enum Which {
    Named(u128),
    OfCaller(usize),
    OfAnybody(usize),
}

#[derive(Clone, Copy, Debug)]
enum Attached {
    Nothing,
    To(Which),
    Implicit { notify_for_constraints: bool },
}

#[derive(Clone, Copy, Debug)]
enum Suffix {
    /// Made so many minutes off the clock.
    Fresh { minutes: i64, random: u128 },
    /// One that this intent had.
    Again(usize),
}

/// A place with times relative to the half hour that it is asked in.
#[derive(Clone, Debug)]
struct Spot {
    place: Place,
    /// In half hours.
    start: Option<i64>,
    /// In minutes and nanoseconds after the start.
    length: Option<(i64, i64)>,
}

#[derive(Clone, Debug)]
enum Asks {
    Intent(u128),
    Constraint(u128),
    Subscription(Which),
    Availability(usize),
    Area(fn(Box<skypact_f3548::Extent>) -> Query, Spot),
}

/// What a step asks when it is taken.
pub(crate) enum Taken {
    Change(Asked),
    Query(Query),
}

impl Step {
    /// Who asks what.
    pub(crate) fn take(&self, model: &Model, now: UtcNanos) -> (String, Taken) {
        let url = URLS[self.url];
        let caller = self.manager_of_target(model).filter(|_| self.as_manager);
        let caller = caller.unwrap_or_else(|| PARTIES[self.party].to_owned());
        let taken = match &self.act {
            Act::PutIntent { id, ovn, extents, state, attach, key, suffix } => {
                let id = ask::id(*id);
                let held = intent(model, &id);
                let is_new = held.is_none() && matches!(ovn, Version::Fitting);
                let body = IntentBody {
                    extents: extents.iter().map(|spot| spot.at(now)).collect(),
                    key: key.ovns(model),
                    state: if is_new { self.first_state } else { state },
                    url: url.to_owned(),
                    attach: attach.to(model, &caller),
                    ovn_suffix: suffix.and_then(|suffix| suffix.text(model, &id, now)),
                };
                ask::put_intent(&id, ovn.text(model, held.map(|held| &held.ovn)).as_deref(), &body)
            }
            Act::DeleteIntent { id, ovn } => {
                let id = ask::id(*id);
                let current = intent(model, &id).map(|held| &held.ovn);
                ask::delete_intent(&id, &ovn.text(model, current).unwrap_or_default())
            }
            Act::PutConstraint { id, ovn, extents } => {
                let id = ask::id(*id);
                let ovn = ovn.text(model, constraint(model, &id).map(|held| &held.ovn));
                let extents: Vec<_> = extents.iter().map(|spot| spot.at(now)).collect();
                ask::put_constraint(&id, ovn.as_deref(), &extents, url)
            }
            Act::DeleteConstraint { id, ovn } => {
                let id = ask::id(*id);
                let current = constraint(model, &id).map(|held| &held.ovn);
                ask::delete_constraint(&id, &ovn.text(model, current).unwrap_or_default())
            }
            Act::PutSubscription { id, version, spot, triggers } => {
                let id = id.text(model, &caller);
                let version = version.text(model, subscription(model, &id).map(|held| &held.version));
                ask::put_subscription(&id, version.as_deref(), &spot.at(now), url, *triggers)
            }
            Act::DeleteSubscription { id, version } => {
                let id = id.text(model, &caller);
                let current = subscription(model, &id).map(|held| &held.version);
                ask::delete_subscription(&id, &version.text(model, current).unwrap_or_default())
            }
            Act::SetAvailability { uss, state, version } => {
                let said = model.said.iter().find(|said| said.uss == PARTIES[*uss]);
                let version = version.text(model, said.map(|said| &said.version)).unwrap_or_default();
                ask::set_availability(PARTIES[*uss], state, &version)
            }
            Act::Report => ask::report(url),
            Act::Query(asks) => {
                let query = asks.query(model, &caller, now);
                return (caller, Taken::Query(query));
            }
        };
        (caller, Taken::Change(taken))
    }

    /// Whoever manages what the step is about.
    fn manager_of_target(&self, model: &Model) -> Option<String> {
        match &self.act {
            Act::PutIntent { id, .. } | Act::DeleteIntent { id, .. } => {
                intent(model, &ask::id(*id)).map(|held| held.manager.clone())
            }
            Act::PutConstraint { id, .. } | Act::DeleteConstraint { id, .. } => {
                constraint(model, &ask::id(*id)).map(|held| held.manager.clone())
            }
            Act::PutSubscription { id: Which::Named(id), .. }
            | Act::DeleteSubscription { id: Which::Named(id), .. } => {
                subscription(model, &ask::id(*id)).map(|held| held.manager.clone())
            }
            _ => None,
        }
    }
}

fn intent<'a>(model: &'a Model, id: &str) -> Option<&'a Intent> {
    model.intents.iter().find(|held| held.id == id)
}

fn constraint<'a>(model: &'a Model, id: &str) -> Option<&'a Constraint> {
    model.constraints.iter().find(|held| held.id == id)
}

fn subscription<'a>(model: &'a Model, id: &str) -> Option<&'a Subscription> {
    model.subscriptions.iter().find(|held| held.id == id)
}

impl Version {
    fn text(self, model: &Model, current: Option<&String>) -> Option<String> {
        match self {
            Self::Fitting => current.cloned(),
            Self::None => None,
            Self::Stale(nth) => {
                Some(nth_of(&model.ovns_given, nth).cloned().unwrap_or_else(|| WRONG_VERSION.to_owned()))
            }
            Self::Wrong => Some(WRONG_VERSION.to_owned()),
        }
    }
}

impl Key {
    fn ovns(self, model: &Model) -> Vec<String> {
        let intents = model.intents.iter().map(|intent| intent.ovn.clone());
        let current: Vec<_> =
            intents.chain(model.constraints.iter().map(|constraint| constraint.ovn.clone())).collect();
        match self {
            Self::All => current,
            Self::Some(mask) => {
                let chosen = current.into_iter().enumerate().filter(|(place, _)| mask >> (place % 32) & 1 == 1);
                chosen.map(|(_, ovn)| ovn).collect()
            }
            Self::Stale => model.ovns_given.iter().filter(|ovn| !current.contains(ovn)).cloned().collect(),
            Self::Empty => Vec::new(),
        }
    }
}

impl Which {
    fn text(self, model: &Model, caller: &str) -> String {
        let of = |nth, of_caller: bool| {
            let mut held: Vec<_> = model.subscriptions.iter().collect();
            held.retain(|held| !of_caller || held.manager == caller);
            nth_of(&held, nth).map_or_else(|| ask::id(21), |held| held.id.clone())
        };
        match self {
            Self::Named(id) => ask::id(id),
            Self::OfCaller(nth) => of(nth, true),
            Self::OfAnybody(nth) => of(nth, false),
        }
    }
}

impl Attached {
    fn to(self, model: &Model, caller: &str) -> Attach {
        match self {
            Self::Nothing => Attach::Nothing,
            Self::To(which) => Attach::To(which.text(model, caller)),
            Self::Implicit { notify_for_constraints } => Attach::Implicit { notify_for_constraints },
        }
    }
}

impl Suffix {
    fn text(self, model: &Model, intent: &str, now: UtcNanos) -> Option<String> {
        match self {
            Self::Fresh { minutes, random } => Some(ask::uuid7(UtcNanos(now.0 + minutes * 60_000_000_000), random)),
            Self::Again(nth) => {
                let requested = model.ovns_given.iter().filter_map(|ovn| ovn.split_once('_'));
                let of_this: Vec<_> = requested.filter(|(entity, _)| *entity == intent).collect();
                nth_of(&of_this, nth).map(|(_, suffix)| (*suffix).to_owned())
            }
        }
    }
}

impl Spot {
    fn at(&self, now: UtcNanos) -> Place {
        const HALF_HOUR_NS: i64 = 30 * 60_000_000_000;
        let half_hour = now.0 - now.0.rem_euclid(HALF_HOUR_NS);
        let start = self.start.map(|start| half_hour + start * HALF_HOUR_NS);
        let from = start.unwrap_or(half_hour);
        let end = self.length.map(|(minutes, ns)| UtcNanos(from + minutes * 60_000_000_000 + ns));
        Place { start: start.map(UtcNanos), end, ..self.place }
    }
}

impl Asks {
    fn query(&self, model: &Model, caller: &str, now: UtcNanos) -> Query {
        let entity = |id: u128| ask::id(id).parse().expect("an id");
        match self {
            Self::Intent(id) => Query::OperationalIntent(entity(*id)),
            Self::Constraint(id) => Query::Constraint(entity(*id)),
            Self::Subscription(which) => Query::Subscription(which.text(model, caller).parse().expect("an id")),
            Self::Availability(uss) => Query::UssAvailability(PARTIES[*uss].to_owned()),
            Self::Area(question, spot) => ask::about(*question, &spot.at(now)),
        }
    }
}

/// The nth from the end, so that the newest is asked for most.
fn nth_of<T>(list: &[T], nth: usize) -> Option<&T> {
    list.iter().rev().nth(nth % list.len().max(1))
}

/// Ids of intents 1 to 5, of constraints 11 to 13, of subscriptions 21 to 24.
fn intent_ids() -> impl Strategy<Value = u128> {
    1_u128..=5
}

fn constraint_ids() -> impl Strategy<Value = u128> {
    11_u128..=13
}

fn subscription_ids() -> impl Strategy<Value = Which> {
    prop_oneof![
        2 => (21_u128..=24).prop_map(Which::Named),
        5 => (0_usize..4).prop_map(Which::OfCaller),
        1 => (0_usize..4).prop_map(Which::OfAnybody),
    ]
}

fn versions() -> impl Strategy<Value = Version> {
    prop_oneof![
        14 => Just(Version::Fitting),
        1 => Just(Version::None),
        1 => (0_usize..6).prop_map(Version::Stale),
        1 => Just(Version::Wrong),
    ]
}

fn grounds() -> impl Strategy<Value = Ground> {
    let block = (0_i32..5, 0_i32..5, 1_i32..=3).prop_map(|(north, east, size)| Ground::Block { north, east, size });
    let disc = (0_i32..6, 0_i32..6, select(vec![1, 400, 1_500])).prop_map(|(north, east, radius_m)| Ground::Disc {
        north,
        east,
        radius_m,
    });
    prop_oneof![
        60 => block,
        20 => disc,
        20 => Just(Ground::Block { north: -2, east: -2, size: 12 }),
        // 3,400 and 19,000 km2.
        1 => Just(Ground::Block { north: 0, east: 0, size: 60 }),
        1 => Just(Ground::Block { north: 0, east: 0, size: 150 }),
    ]
}

/// Volumes as intents need them: bounded in all.
fn spots() -> impl Strategy<Value = Spot> {
    let bands = select(vec![(0, 100), (0, 100), (100, 200), (150, 300), (201, 300)]);
    let lengths = (select(vec![30, 30, 90, 150]), select(vec![0, 0, 1]));
    let starts = prop_oneof![1 => Just(-2_i64), 2 => Just(-1), 30 => 0_i64..4];
    (grounds(), bands, starts, lengths).prop_map(|(ground, (lower, upper), start, length)| Spot {
        place: Place { ground, lower_m: Some(lower), upper_m: Some(upper), start: None, end: None },
        start: Some(start),
        length: Some(length),
    })
}

/// Volumes as subscriptions and queries may have them: mostly wide, open where something is not given.
fn open_spots() -> impl Strategy<Value = Spot> {
    let ground = prop_oneof![2 => Just(Ground::Block { north: -2, east: -2, size: 12 }), 1 => grounds()];
    let lower = prop_oneof![3 => Just(None), 1 => Just(Some(50)), 1 => Just(Some(100))];
    let upper = prop_oneof![3 => Just(None), 1 => Just(Some(200))];
    let start = prop_oneof![10 => Just(None), 5 => (0_i64..3).prop_map(Some), 1 => Just(Some(-1_i64))];
    let minutes = select(vec![30_i64, 60, 240, 24 * 60, 24 * 60 + 30]);
    let length = prop_oneof![2 => Just(None), 3 => (minutes, 0_i64..=1).prop_map(Some)];
    (ground, lower, upper, start, length).prop_map(|(ground, lower_m, upper_m, start, length)| Spot {
        place: Place { ground, lower_m, upper_m, start: None, end: None },
        start,
        length,
    })
}

fn put_intents() -> impl Strategy<Value = Act> {
    let states = select(vec!["Accepted", "Accepted", "Accepted", "Activated", "Nonconforming", "Contingent"]);
    let attach = prop_oneof![
        2 => Just(Attached::Nothing),
        4 => subscription_ids().prop_map(Attached::To),
        2 => any::<bool>().prop_map(|notify_for_constraints| Attached::Implicit { notify_for_constraints }),
    ];
    let key = prop_oneof![
        6 => Just(Key::All),
        2 => any::<u32>().prop_map(Key::Some),
        1 => Just(Key::Stale),
        1 => Just(Key::Empty),
    ];
    let fresh = (prop_oneof![12 => Just(0_i64), 1 => select(vec![-6_i64, -5, 5, 6])], any::<u128>());
    let suffix = prop_oneof![
        3 => fresh.prop_map(|(minutes, random)| Suffix::Fresh { minutes, random }),
        2 => (0_usize..2).prop_map(Suffix::Again),
    ];
    let suffix = prop::option::weighted(0.4, suffix);
    (intent_ids(), versions(), prop::collection::vec(spots(), 1..3), states, attach, key, suffix).prop_map(
        |(id, ovn, extents, state, attach, key, suffix)| Act::PutIntent {
            id,
            ovn,
            extents,
            state,
            attach,
            key,
            suffix,
        },
    )
}

fn queries() -> impl Strategy<Value = Act> {
    let kinds: Vec<fn(Box<skypact_f3548::Extent>) -> Query> =
        vec![Query::OperationalIntents, Query::Constraints, Query::Subscriptions];
    prop_oneof![
        intent_ids().prop_map(Asks::Intent),
        constraint_ids().prop_map(Asks::Constraint),
        subscription_ids().prop_map(Asks::Subscription),
        (0_usize..3).prop_map(Asks::Availability),
        (select(kinds), open_spots()).prop_map(|(kind, spot)| Asks::Area(kind, spot)),
    ]
    .prop_map(Act::Query)
}

fn acts() -> impl Strategy<Value = Act> {
    let triggers = select(vec![[true, false], [true, true], [true, true], [false, true]]);
    let availabilities = select(vec!["Normal", "Normal", "unknown", "down"]);
    prop_oneof![
        12 => put_intents(),
        3 => (intent_ids(), versions()).prop_map(|(id, ovn)| Act::DeleteIntent { id, ovn }),
        4 => (constraint_ids(), versions(), prop::collection::vec(spots(), 1..3))
            .prop_map(|(id, ovn, extents)| Act::PutConstraint { id, ovn, extents }),
        1 => (constraint_ids(), versions()).prop_map(|(id, ovn)| Act::DeleteConstraint { id, ovn }),
        6 => (subscription_ids(), versions(), open_spots(), triggers)
            .prop_map(|(id, version, spot, triggers)| Act::PutSubscription { id, version, spot, triggers }),
        2 => (subscription_ids(), versions()).prop_map(|(id, version)| Act::DeleteSubscription { id, version }),
        2 => (0_usize..3, availabilities, versions())
            .prop_map(|(uss, state, version)| Act::SetAvailability { uss, state, version }),
        1 => Just(Act::Report),
        5 => queries(),
    ]
}

fn scopes() -> impl Strategy<Value = Scopes> {
    let all = Scope::ALL.into_iter().fold(Scopes::default(), Scopes::with);
    let some = prop::sample::subsequence(Scope::ALL.to_vec(), 0..=5)
        .prop_map(|scopes| scopes.into_iter().fold(Scopes::default(), Scopes::with));
    prop_oneof![6 => Just(all), 1 => some]
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Ten hours and two days let subscriptions end.
    let waits = prop_oneof![
        12 => Just(0_i64),
        6 => select(vec![1_i64, 5, 30]),
        1 => select(vec![60_i64, 600, 2 * 24 * 60]),
    ];
    let party = (0_usize..3, prop::bool::weighted(0.8), scopes());
    let first_state = prop_oneof![9 => Just("Accepted"), 1 => Just("Activated")];
    let restarts = prop::bool::weighted(0.05);
    let step = (waits, restarts, party, any::<[u128; 3]>(), 0_usize..3, first_state, acts()).prop_map(
        |(waits, restarts, (party, as_manager, scopes), random, url, first_state, act)| Step {
            waits,
            restarts,
            party,
            as_manager,
            scopes,
            random,
            url,
            first_state,
            act,
        },
    );
    prop::collection::vec(step, 1..=60)
}
