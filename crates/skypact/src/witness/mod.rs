//! A witness: it cosigns checkpoints of logs that it knows, after checking that each continues what it cosigned before
//! and making that durable (C2SP tlog-witness, add-checkpoint). It sees sizes and roots, never content.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use hyper::body::Bytes;
use skypact_record::{AddCheckpoint, Hash, Origin, SignatureType, Signer, VerifierKey, WitnessRefusal, cosign};
use tokio::sync::watch;

use crate::clock::NodeClock;
use crate::keys::MlDsa44Signer;
use crate::node::{NodeError, RecordSigner};
use crate::storage::Store;
use crate::transport::{ClientAuth, Identity, Peer, PeerAnswer, PeerHandler, PeerServer, Pins};

/// A witness and what it holds.
pub struct Witness {
    name: Origin,
    signer: RecordSigner,
    /// Signs under ML-DSA-44 too.
    ml_dsa_44: Option<MlDsa44Signer>,
    /// Keys of each log, that of Ed25519 first.
    logs: BTreeMap<String, Vec<VerifierKey>>,
    store: Mutex<Box<dyn Store>>,
    clock: NodeClock,
}

impl Witness {
    /// A witness of this name and key that cosigns the logs of these keys; a log's Ed25519 key comes before its ML-DSA-44 key.
    pub fn new(
        name: Origin,
        signer: RecordSigner,
        logs: Vec<VerifierKey>,
        store: Box<dyn Store>,
        clock: NodeClock,
    ) -> Self {
        let mut by_name = BTreeMap::<String, Vec<VerifierKey>>::new();
        for key in logs {
            by_name.entry(key.name().to_string()).or_default().push(key);
        }
        Self { name, signer, ml_dsa_44: None, logs: by_name, store: Mutex::new(store), clock }
    }

    /// The witness with a key that cosigns under ML-DSA-44 too.
    #[must_use]
    pub fn with_ml_dsa_44(self, signer: MlDsa44Signer) -> Self {
        Self { ml_dsa_44: Some(signer), ..self }
    }

    /// Its key as others name it in their pacts.
    pub fn key(&self) -> VerifierKey {
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
        let log_keys = self.logs.get(&origin).map(Vec::as_slice).unwrap_or_default();
        let checkpoint = match request.decide(log_keys, last) {
            Ok(checkpoint) => checkpoint,
            Err(refusal) => return answer_to(&refusal),
        };
        // Durable before it is signed: a witness that forgets could be made to sign two histories.
        if let Err(error) = store.put_document(&document, &head_bytes(checkpoint.size, checkpoint.root)) {
            return (503, format!("{error}\n"));
        }
        let time_s = u64::try_from(self.clock.now_utc_ns() / 1_000_000_000).unwrap_or(0);
        let ml_dsa_44 = self.ml_dsa_44.iter().map(|signer| signer as &dyn Signer);
        let signers = [&self.signer as &dyn Signer].into_iter().chain(ml_dsa_44);
        let lines = signers.map(|signer| cosign(checkpoint, time_s, &self.name, signer).map(|line| line.to_string()));
        match lines.collect::<Result<String, _>>() {
            Ok(lines) => (200, lines),
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
