//! A witness: it cosigns checkpoints of logs that it knows, after checking that each continues what it cosigned before
//! and making that durable (C2SP tlog-witness, add-checkpoint). It sees sizes and roots, never content.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use hyper::body::Bytes;
use skypact_record::{AddCheckpoint, Hash, Origin, SignatureType, VerifierKey, WitnessRefusal, cosign};
use tokio::sync::watch;

use crate::clock::NodeClock;
use crate::node::{NodeError, RecordSigner};
use crate::storage::Store;
use crate::transport::{ClientAuth, Identity, Peer, PeerAnswer, PeerHandler, PeerServer, Pins};

/// A witness and what it holds.
pub struct Witness {
    name: Origin,
    signer: RecordSigner,
    logs: BTreeMap<String, VerifierKey>,
    store: Mutex<Box<dyn Store>>,
    clock: NodeClock,
}

impl Witness {
    /// A witness of this name and key that cosigns the logs of these keys.
    pub fn new(
        name: Origin,
        signer: RecordSigner,
        logs: Vec<VerifierKey>,
        store: Box<dyn Store>,
        clock: NodeClock,
    ) -> Self {
        let logs = logs.into_iter().map(|key| (key.name().to_string(), key)).collect();
        Self { name, signer, logs, store: Mutex::new(store), clock }
    }

    /// Its key as others name it in their pacts.
    pub fn key(&self) -> VerifierKey {
        use skypact_record::Signer as _;
        VerifierKey::new(self.name.clone(), SignatureType::Cosignature, self.signer.public_key().clone())
    }

    /// Listens and serves until `stop` holds true; the address goes to `listening`.
    pub async fn serve(
        self,
        address: SocketAddr,
        identity: &Identity,
        stop: watch::Receiver<bool>,
        listening: impl FnOnce(SocketAddr),
    ) -> Result<(), NodeError> {
        let server = PeerServer::bind(address, identity, Pins::new(), ClientAuth::Any, self).await?;
        listening(server.local_addr());
        server.serve(stop).await;
        Ok(())
    }

    /// Decides about one request: status and body of the answer.
    fn add_checkpoint(&self, body: &[u8]) -> (u16, String) {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return (400, format!("{error}\n")),
        };
        let origin = request.checkpoint.checkpoint().origin.to_string();
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let document = format!("witness/{origin}");
        let last = match store.document(&document) {
            Ok(last) => last.as_deref().and_then(parse_head),
            Err(error) => return (503, format!("{error}\n")),
        };
        let checkpoint = match request.decide(self.logs.get(&origin), last) {
            Ok(checkpoint) => checkpoint,
            Err(refusal) => return answer_to(&refusal),
        };
        // Durable before it is signed: a witness that forgets could be made to sign two histories.
        if let Err(error) = store.put_document(&document, &head_bytes(checkpoint.size, checkpoint.root)) {
            return (503, format!("{error}\n"));
        }
        let time_s = u64::try_from(self.clock.now_utc_ns() / 1_000_000_000).unwrap_or(0);
        match cosign(checkpoint, time_s, &self.name, &self.signer) {
            Ok(line) => (200, line.to_string()),
            Err(error) => (503, format!("{error}\n")),
        }
    }
}

impl PeerHandler for Witness {
    async fn handle(&self, _from: Peer, path: String, body: Bytes) -> PeerAnswer {
        if path != "/add-checkpoint" {
            return PeerAnswer::new(404, "this witness answers POST /add-checkpoint\n");
        }
        let (status, text) = tokio::task::block_in_place(|| self.add_checkpoint(&body));
        PeerAnswer::new(status, text)
    }
}

/// Statuses of C2SP tlog-witness.
fn answer_to(refusal: &WitnessRefusal) -> (u16, String) {
    match refusal {
        WitnessRefusal::UnknownOrigin => (404, format!("{refusal}\n")),
        WitnessRefusal::NotSigned(_) => (403, format!("{refusal}\n")),
        WitnessRefusal::OldSizeAbove { .. } => (400, format!("{refusal}\n")),
        WitnessRefusal::Stale { size } | WitnessRefusal::Fork { size } => (409, format!("{size}\n")),
        WitnessRefusal::Inconsistent(_) => (422, format!("{refusal}\n")),
    }
}

fn head_bytes(size: u64, root: Hash) -> Vec<u8> {
    [&size.to_be_bytes()[..], &root.0].concat()
}

fn parse_head(bytes: &[u8]) -> Option<(u64, Hash)> {
    let (size, root) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*size), Hash(root.try_into().ok()?)))
}
