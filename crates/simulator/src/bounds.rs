//! What one seed may take. A run that feeds itself is a finding with its reason, and no run that never ends or fills the machine.

use crate::network::Network;
use crate::node::Node;

/// Steps that are counted beside those of trouble: healing takes some too.
const STEPS_MORE: u64 = 500;

/// The most of each; honest runs stay below a tenth of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Packets that arrive.
    packets: u64,
    /// Packets on their way at once.
    flights: usize,
    /// Entries on one disk.
    entries: usize,
    /// What one node says and draws a salt or an id for.
    pub(crate) draws: u64,
}

impl Bounds {
    /// Bounds of a run with so many steps of trouble.
    pub(crate) fn of(steps: u64) -> Self {
        let steps = steps + STEPS_MORE;
        let entries = usize::try_from(100 * steps).unwrap_or(usize::MAX);
        Self { packets: 1_000 * steps, flights: 100_000, entries, draws: 200 * steps }
    }

    /// Whether a run keeps to them.
    pub(crate) fn hold(&self, packets: u64, network: &Network, nodes: &[Node]) -> Result<(), String> {
        if packets > self.packets {
            return Err(format!("it does not come to an end: more than {} packets arrived", self.packets));
        }
        if network.on_their_way() > self.flights {
            return Err(format!("it feeds itself: more than {} packets are on their way", self.flights));
        }
        match nodes.iter().find(|node| node.disk.entries.len() > self.entries) {
            Some(node) => {
                Err(format!("node {} writes without end: more than {} entries on its disk", node.party, self.entries))
            }
            None => Ok(()),
        }
    }
}
