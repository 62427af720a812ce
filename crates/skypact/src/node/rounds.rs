//! What a node does again and again with a witness or its counterpart: asks, waits, and goes on for as long as it runs.

use std::time::Duration;

use tokio::sync::watch;

use super::{NodeError, NodeHandle};

/// Turns of one task, one after another.
pub(super) struct Rounds {
    failing: bool,
    news: watch::Receiver<u64>,
}

impl Rounds {
    /// Before the first turn.
    pub(super) fn of(node: &NodeHandle) -> Self {
        Self { failing: false, news: node.revision.clone() }
    }

    /// Waits after a turn, for as long as it said, or for `pause` if it failed; false when the node has stopped. `report` hears
    /// of the first failure of a row alone.
    pub(super) async fn wait(
        &mut self,
        turn: Result<Duration, NodeError>,
        pause: Duration,
        report: impl FnOnce(&NodeError),
    ) -> bool {
        let wait = match turn {
            Ok(wait) => {
                self.failing = false;
                wait
            }
            Err(NodeError::Stopped | NodeError::NotRecorded { .. }) => return false,
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
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
