//! Entities of one kind, by id and by where and when they are: a table of slots and an index of the slots' volumes.
//!
//! Slots are kept in chunks that are shared with snapshots: freezing a million entities copies some thousand pointers, and a change
//! while a snapshot is being written copies one chunk.

use std::collections::HashMap;
use std::sync::Arc;

use skypact_airspace::{Asked, Effort, Minima, Volume4d, VolumeIndex, meet_within};
use skypact_f3548::EntityId;

use crate::entity::{Constraint, OperationalIntent, Subscription};

/// What one question may take of exact geometry, in comparisons: 6 ms, or 0.9 s of shapes made for it. A thousand intents of 4 corners
/// around one of as many take a sixtieth.
const COMPARISONS_MAX: u64 = 1 << 21;
/// Slots of a chunk.
const CHUNK: usize = 64;

/// An entity that is somewhere at some time.
pub(crate) trait Located {
    fn id(&self) -> EntityId;
    fn extents(&self) -> &Arc<[Volume4d]>;
}

/// Entities of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Register<T> {
    chunks: Vec<Arc<Vec<Option<T>>>>,
    free: Vec<u32>,
    by_id: HashMap<EntityId, u32>,
    index: VolumeIndex<u32>,
}

/// The entities of a register as they were at one moment.
pub(crate) type FrozenRegister<T> = Vec<Arc<Vec<Option<T>>>>;

impl<T: Located + Clone> Register<T> {
    pub(crate) fn new() -> Self {
        Self { chunks: Vec::new(), free: Vec::new(), by_id: HashMap::new(), index: VolumeIndex::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: EntityId) -> Option<&T> {
        self.by_id.get(&id).and_then(|slot| self.at(*slot))
    }

    /// Changes an entity in place; its id and its extents must stay as they are.
    pub(crate) fn change(&mut self, id: EntityId, change: impl FnOnce(&mut T)) {
        if let Some(slot) = self.by_id.get(&id).copied()
            && let Some(entity) = self.slot(slot)
        {
            change(entity);
        }
    }

    /// Puts an entity in, in place of one with the same id, which comes back.
    pub(crate) fn put(&mut self, entity: T) -> Option<T> {
        let old = self.take(entity.id());
        let slot = self.free.pop().unwrap_or_else(|| self.new_slot());
        for volume in entity.extents().iter() {
            self.index.insert(slot, volume);
        }
        self.by_id.insert(entity.id(), slot);
        *self.slot(slot) = Some(entity);
        old
    }

    pub(crate) fn take(&mut self, id: EntityId) -> Option<T> {
        let slot = self.by_id.remove(&id)?;
        let entity = self.slot(slot).take()?;
        for volume in entity.extents().iter() {
            self.index.remove(slot, volume);
        }
        self.free.push(slot);
        Some(entity)
    }

    /// The wanted entities of which a volume shares a point of space and time with one of these, ascending by id. Exact, until shapes that
    /// were made to take long have spent [`COMPARISONS_MAX`]: the simplest come first, so they are the ones that count as meeting then.
    pub(crate) fn meeting(&self, volumes: &[Volume4d], wanted: impl Fn(&T) -> bool) -> Vec<&T> {
        let asked = Asked::about(volumes, &Minima::default());
        let mut slots = Vec::new();
        self.index.for_each_candidate_of(&asked, |slot| slots.push(slot));
        slots.sort_unstable();
        slots.dedup();
        let mut found: Vec<_> =
            slots.into_iter().filter_map(|slot| self.at(slot)).filter(|found| wanted(found)).collect();
        // By what is the same on every machine that replays the log: slots are not.
        found.sort_by_cached_key(|entity| (edges(*entity), entity.id()));
        let mut effort = Effort::of_comparisons(COMPARISONS_MAX);
        found.retain(|entity| {
            // What the index found meets by its boxes.
            if effort.is_spent() {
                return true;
            }
            let mut theirs = entity.extents().iter();
            let meets =
                |theirs: &Volume4d| asked.any_near(theirs, |place| meet_within(&mut effort, &volumes[place], theirs));
            theirs.any(meets)
        });
        found.sort_unstable_by_key(|entity| entity.id());
        found
    }

    /// All entities as they are now, without copying them.
    pub(crate) fn freeze(&self) -> FrozenRegister<T> {
        self.chunks.clone()
    }

    fn at(&self, slot: u32) -> Option<&T> {
        self.chunks[slot as usize / CHUNK][slot as usize % CHUNK].as_ref()
    }

    fn slot(&mut self, slot: u32) -> &mut Option<T> {
        &mut Arc::make_mut(&mut self.chunks[slot as usize / CHUNK])[slot as usize % CHUNK]
    }

    /// A slot that was never used.
    fn new_slot(&mut self) -> u32 {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(None),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(None);
                self.chunks.push(Arc::new(chunk));
            }
        }
        let slots = (self.chunks.len() - 1) * CHUNK + self.chunks.last().map_or(0, |chunk| chunk.len()) - 1;
        u32::try_from(slots).expect("fewer than 2^32 entities fit into memory")
    }
}

/// Edges that an entity is compared by.
fn edges(entity: &impl Located) -> usize {
    entity.extents().iter().map(|volume| volume.footprint.edge_count()).sum()
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
