//! A node as a monitor sees it: heads, hashes and leaves by their paths, each answer bounded and of the form that was asked for.

use hyper::body::Bytes;
use skypact_record::tree::hashes_of;
use skypact_record::{Hash, Leaf, Note, Origin, TILE_WIDTH, TileResource, TileSpan, leaves_of};

use super::MonitorError;
use crate::node::LOG_PATH;
use crate::transport::{ClientLimits, Identity, PeerClient, TrafficClass, TransportKey};

/// How often a node that asks for patience is asked again.
const PATIENCE: u32 = 40;
/// How long it is left alone before that.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

/// The node of one party.
#[derive(Debug, Clone)]
pub struct Source {
    party: String,
    client: PeerClient,
}

impl Source {
    /// The node of `party` at `address` (`host:port`), which must hold the key `expected`.
    pub fn new(party: &str, address: &str, expected: TransportKey, identity: &Identity) -> Self {
        let longest_bundle = usize::from(TILE_WIDTH) * (Leaf::BYTES_MAX + 2);
        let answer_bytes_max = longest_bundle.max(Note::BYTES_MAX);
        let limits = ClientLimits { answer_bytes_max, ..ClientLimits::for_class(TrafficClass::Routine) };
        Self { party: party.to_owned(), client: PeerClient::with_limits(address, expected, identity, limits) }
    }

    /// The party whose node this is.
    pub fn party(&self) -> &str {
        &self.party
    }

    /// The newest note of a log; none when the node shows none.
    pub async fn checkpoint(&self, origin: &Origin) -> Result<Option<Bytes>, MonitorError> {
        self.read(origin, TileResource::Checkpoint).await
    }

    /// The hashes of the leaves [from, to) as level 0 has them.
    pub async fn leaf_hashes(
        &self,
        origin: &Origin,
        from: u64,
        to: u64,
        length_max: u64,
    ) -> Result<Vec<Hash>, MonitorError> {
        let grown = to.saturating_sub(from);
        if grown > length_max {
            return Err(MonitorError::Growth { origin: origin.to_string(), grown, grown_max: length_max });
        }
        let mut hashes = Vec::new();
        for span in TileSpan::covering(from, to) {
            let resource = TileResource::Hashes { level: 0, span };
            let tile = self.must_read(origin, resource).await?;
            let tile = hashes_of(&tile, span);
            let tile = tile.map_err(|error| MonitorError::Tile { path: path(origin, resource), error })?;
            hashes.extend((span.start()..).zip(tile).filter(|(index, _)| *index >= from).map(|(_, hash)| hash));
        }
        Ok(hashes)
    }

    /// The leaves of a span.
    pub async fn leaves(&self, origin: &Origin, span: TileSpan) -> Result<Vec<Vec<u8>>, MonitorError> {
        let resource = TileResource::Entries(span);
        let bundle = self.must_read(origin, resource).await?;
        let leaves = leaves_of(&bundle, span);
        let leaves = leaves.map_err(|error| MonitorError::Tile { path: path(origin, resource), error })?;
        Ok(leaves.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// What the node must have, because its head covers it.
    async fn must_read(&self, origin: &Origin, resource: TileResource) -> Result<Bytes, MonitorError> {
        let missing = || MonitorError::Answer {
            path: path(origin, resource),
            status: 404,
            reason: "has nothing there, although its head covers it".to_owned(),
        };
        self.read(origin, resource).await?.ok_or_else(missing)
    }

    async fn read(&self, origin: &Origin, resource: TileResource) -> Result<Option<Bytes>, MonitorError> {
        let path = path(origin, resource);
        let mut left = PATIENCE;
        loop {
            let answer = self.client.get(&path).await?;
            match answer.status {
                200 => return Ok(Some(answer.body)),
                404 => return Ok(None),
                429 | 503 if left > 0 => left -= 1,
                status => {
                    let reason = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
                    return Err(MonitorError::Answer { path, status, reason });
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn path(origin: &Origin, resource: TileResource) -> String {
    format!("{LOG_PATH}{origin}/{resource}")
}
