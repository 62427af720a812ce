//! How far a run of many seeds is: told on a terminal, each ten seconds. A seed that does not end is named, and ends the run.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two lines.
const PAUSE_LOOKS: u64 = 10;

/// Seeds that are under way, each with how many looks it was seen at, and how many are done.
#[derive(Default)]
pub(crate) struct Progress {
    state: Mutex<(BTreeMap<u64, u64>, u64)>,
}

impl Progress {
    /// A seed begins.
    pub(crate) fn begins(&self, seed: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.insert(seed, 0);
    }

    /// A seed has ended.
    pub(crate) fn ended(&self, seed: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.remove(&seed);
        state.1 += 1;
    }

    /// Watches until every worker has gone away. Some: a seed that has not ended within `patience_s`.
    pub(crate) fn watch(&self, workers: &Receiver<()>, seeds: u64, patience_s: u64) -> Option<u64> {
        let is_told = std::io::stderr().is_terminal();
        let mut looks = 0;
        while workers.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            looks += 1;
            let Some((age_s, seed, done)) = self.look() else { continue };
            if age_s > patience_s {
                return Some(seed);
            }
            if is_told && looks % PAUSE_LOOKS == 0 {
                drop(writeln!(std::io::stderr(), "{done} of {seeds} seeds done; seed {seed} for {age_s} s"));
            }
        }
        None
    }

    /// The seed that is under way for longest, since how many looks, and how many are done.
    fn look(&self) -> Option<(u64, u64, u64)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.values_mut().for_each(|looks| *looks += 1);
        let oldest = state.0.iter().map(|(seed, looks)| (*looks, *seed)).max();
        oldest.map(|(looks, seed)| (looks, seed, state.1))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_seed_that_does_not_end_is_named_and_one_that_ended_is_not() {
        let progress = Progress::default();
        let (working, workers) = channel();
        progress.begins(6);
        progress.begins(7);
        progress.ended(6);
        assert_eq!(progress.watch(&workers, 2, 0), Some(7));
        progress.ended(7);
        drop(working);
        assert_eq!(progress.watch(&workers, 2, 0), None);
    }
}
