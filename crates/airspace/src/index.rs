//! Candidates for conflict among many volumes, by time and space.

use crate::altitude::AltitudeMargins;
use crate::volume::{Minima, Volume4d};

/// Finds the volumes that may conflict with a given one.
#[derive(Clone, Debug)]
pub struct VolumeIndex<K> {
    entries: Vec<(K, Volume4d)>,
}

impl<K: Eq> VolumeIndex<K> {
    /// An index that holds nothing.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds a volume under a key; one key may hold several volumes.
    pub fn insert(&mut self, key: K, volume: &Volume4d) {
        self.entries.push((key, volume.clone()));
    }

    /// Removes a volume that was inserted under this key; false if it was not there.
    pub fn remove(&mut self, key: &K, volume: &Volume4d) -> bool {
        let found = self.entries.iter().position(|(k, v)| k == key && v == volume);
        found.map(|i| self.entries.swap_remove(i)).is_some()
    }

    /// Visits the key of every volume that may conflict with this one; never misses one.
    pub fn for_each_candidate(&self, volume: &Volume4d, minima: &Minima, mut visit: impl FnMut(&K)) {
        let none = AltitudeMargins { pressure_mm: i64::MAX, geoid_mm: i64::MAX };
        let minima = Minima { vertical_mm: i64::MAX, ..*minima };
        for (key, other) in &self.entries {
            if crate::volume::conflict(volume, other, &minima, &none).is_some() {
                visit(key);
            }
        }
    }
}

impl<K: Eq> Default for VolumeIndex<K> {
    fn default() -> Self {
        Self::new()
    }
}
