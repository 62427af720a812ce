//! Entities of one kind, by id and by where and when they are: a table of slots and an index of the slots' volumes.

use std::collections::HashMap;
use std::sync::Arc;

use skypact_airspace::{Minima, Volume4d, VolumeIndex, meet};
use skypact_f3548::EntityId;

use crate::entity::{Constraint, OperationalIntent, Subscription};

/// An entity that is somewhere at some time.
pub(crate) trait Located {
    fn id(&self) -> EntityId;
    fn extents(&self) -> &Arc<[Volume4d]>;
}

/// Entities of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Register<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    by_id: HashMap<EntityId, u32>,
    index: VolumeIndex<u32>,
}

impl<T: Located> Register<T> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), by_id: HashMap::new(), index: VolumeIndex::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: EntityId) -> Option<&T> {
        self.by_id.get(&id).and_then(|slot| self.slots[*slot as usize].as_ref())
    }

    /// Changes an entity in place; its extents must stay as they are (see [`Register::move_to`]).
    pub(crate) fn change(&mut self, id: EntityId, change: impl FnOnce(&mut T)) {
        let entity = self.by_id.get(&id).and_then(|slot| self.slots[*slot as usize].as_mut());
        if let Some(entity) = entity {
            change(entity);
        }
    }

    /// Puts an entity in, in place of one with the same id, which comes back.
    pub(crate) fn put(&mut self, entity: T) -> Option<T> {
        let old = self.take(entity.id());
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 entities fit into memory")
        });
        for volume in entity.extents().iter() {
            self.index.insert(slot, volume);
        }
        self.by_id.insert(entity.id(), slot);
        self.slots[slot as usize] = Some(entity);
        old
    }

    pub(crate) fn take(&mut self, id: EntityId) -> Option<T> {
        let slot = self.by_id.remove(&id)?;
        let entity = self.slots[slot as usize].take()?;
        for volume in entity.extents().iter() {
            self.index.remove(slot, volume);
        }
        self.free.push(slot);
        Some(entity)
    }

    /// The entities of which a volume shares a point of space and time with one of these; exact, in no order that means
    /// anything.
    pub(crate) fn meeting<'a>(&'a self, volumes: &'a [Volume4d]) -> impl Iterator<Item = &'a T> {
        let mut slots = Vec::new();
        for volume in volumes {
            self.index.for_each_candidate(volume, &Minima::default(), |slot| slots.push(slot));
        }
        slots.sort_unstable();
        slots.dedup();
        slots
            .into_iter()
            .filter_map(|slot| self.slots[slot as usize].as_ref())
            .filter(|entity| entity.extents().iter().any(|theirs| volumes.iter().any(|volume| meet(volume, theirs))))
    }
}

impl Located for OperationalIntent {
    fn id(&self) -> EntityId {
        self.id
    }

    fn extents(&self) -> &Arc<[Volume4d]> {
        &self.extents
    }
}

impl Located for Constraint {
    fn id(&self) -> EntityId {
        self.id
    }

    fn extents(&self) -> &Arc<[Volume4d]> {
        &self.extents
    }
}

impl Located for Subscription {
    fn id(&self) -> EntityId {
        self.id.into()
    }

    fn extents(&self) -> &Arc<[Volume4d]> {
        &self.extents
    }
}
