//! What a node does again and again with a witness or its counterpart: asks, waits, and goes on for as long as it runs.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;

use super::{NodeError, NodeHandle};

/// Failures in a row, of which each kind is reported once: what is tried twice a second would fill the log, and the first failure
/// may not be the one that lasts. A peer that is just starting is unreachable first, and refuses the key then.
#[derive(Default)]
pub(super) struct Failures {
    reported: BTreeSet<&'static str>,
}

impl Failures {
    /// Whether this kind of failure is the first one since the row began.
    pub(super) fn is_news(&mut self, error: &NodeError) -> bool {
        self.reported.insert(error.code())
    }

    /// It went well; whether a row of failures ends with it.
    pub(super) fn end(&mut self) -> bool {
        !std::mem::take(&mut self.reported).is_empty()
    }
}

/// Turns of one task, one after another.
pub(super) struct Rounds {
    failures: Failures,
    news: watch::Receiver<u64>,
}

impl Rounds {
    /// Before the first turn.
    pub(super) fn of(node: &NodeHandle) -> Self {
        Self { failures: Failures::default(), news: node.revision.clone() }
    }

    /// Waits after a turn, for as long as it said, or for `pause` if it failed; false when the node has stopped. `report` hears
    /// of the failures that are news ([`Failures`]).
    pub(super) async fn wait(
        &mut self,
        turn: Result<Duration, NodeError>,
        pause: Duration,
        report: impl FnOnce(&NodeError),
    ) -> bool {
        let wait = match turn {
            Ok(wait) => {
                self.failures.end();
                wait
            }
            Err(NodeError::Stopped | NodeError::NotRecorded { .. }) => return false,
            Err(error) => {
                if self.failures.is_news(&error) {
                    report(&error);
                }
                pause
            }
        };
        // A node that has stopped sends no more news.
        let stopped = async { while self.news.changed().await.is_ok() {} };
        tokio::time::timeout(wait, stopped).await.is_err()
    }
}
