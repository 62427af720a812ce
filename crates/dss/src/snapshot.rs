//! Snapshots of the state (docs/dss.md, "Snapshots"): what the DSS held at one size of the log, so that a start need not
//! read the log from its beginning. A snapshot is this machine's own shortcut and no evidence: the log is.
//!
//! The state is frozen at once, made into pieces of bytes by whoever has the time, and taken in again piece by piece; reading a
//! piece needs no state, so several can be read at the same time.

mod piece;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use skypact_airspace::UtcNanos;
use skypact_f3548::EntityId;

pub use piece::{Piece, SnapshotError};

use crate::entity::{Availability, Constraint, OperationalIntent, Subscription, window};
use crate::register::FrozenRegister;
use crate::state::Dss;

/// Entities of one piece.
const PIECE_ENTITIES: usize = 4_096;

/// The state at one moment. Cheap to make, whatever the state holds, and independent of what changes later.
pub struct Frozen {
    operational_intents: FrozenRegister<OperationalIntent>,
    constraints: FrozenRegister<Constraint>,
    subscriptions: FrozenRegister<Subscription>,
    availabilities: BTreeMap<String, Availability>,
    used_suffixes: BTreeSet<(u128, EntityId)>,
    now: UtcNanos,
}

impl Frozen {
    /// The bytes of each piece, in any number of pieces.
    pub fn pieces(&self) -> impl Iterator<Item = Vec<u8>> {
        let intents = self.operational_intents.iter().flat_map(|chunk| chunk.iter().flatten());
        let constraints = self.constraints.iter().flat_map(|chunk| chunk.iter().flatten());
        let subscriptions = self.subscriptions.iter().flat_map(|chunk| chunk.iter().flatten());
        let rest = Piece::Rest {
            availabilities: self.availabilities.clone().into_iter().collect(),
            used_suffixes: self.used_suffixes.iter().copied().collect(),
            now: self.now,
        };
        Batches { items: subscriptions.cloned() }
            .map(Piece::Subscriptions)
            .chain(Batches { items: constraints.cloned() }.map(Piece::Constraints))
            .chain(Batches { items: intents.cloned() }.map(Piece::OperationalIntents))
            .chain([rest])
            .map(|piece| piece.encode())
    }
}

/// Items in batches of the size of a piece.
struct Batches<I> {
    items: I,
}

impl<I: Iterator> Iterator for Batches<I> {
    type Item = Vec<I::Item>;

    fn next(&mut self) -> Option<Vec<I::Item>> {
        let batch: Vec<_> = self.items.by_ref().take(PIECE_ENTITIES).collect();
        (!batch.is_empty()).then_some(batch)
    }
}

impl Dss {
    /// The state as it is now.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            operational_intents: self.operational_intents.freeze(),
            constraints: self.constraints.freeze(),
            subscriptions: self.subscriptions.freeze(),
            availabilities: self.availabilities.clone(),
            used_suffixes: self.used_suffixes.clone(),
            now: self.now,
        }
    }

    /// Takes in a piece of a snapshot, into a state that holds nothing but other pieces of it.
    pub fn take_in(&mut self, piece: Piece) {
        match piece {
            Piece::OperationalIntents(entities) => {
                for mut entity in entities {
                    entity.manager = self.managers.bear(&entity.manager);
                    entity.uss_base_url = self.base_urls.bear(&entity.uss_base_url);
                    self.operational_intents.put(entity);
                }
            }
            Piece::Constraints(entities) => {
                for mut entity in entities {
                    entity.manager = self.managers.bear(&entity.manager);
                    entity.uss_base_url = self.base_urls.bear(&entity.uss_base_url);
                    self.constraints.put(entity);
                }
            }
            Piece::Subscriptions(entities) => {
                for mut entity in entities {
                    entity.manager = self.managers.bear(&entity.manager);
                    entity.uss_base_url = self.base_urls.bear(&entity.uss_base_url);
                    self.ends.insert((window(&entity.extents).end(), entity.id));
                    self.subscriptions.put(entity);
                }
            }
            Piece::Rest { availabilities, used_suffixes, now } => {
                self.availabilities.extend(availabilities);
                self.used_suffixes.extend(used_suffixes);
                self.now = now;
            }
        }
    }
}
