//! A witness: it cosigns checkpoints of logs that it knows, after checking that each continues what it cosigned before
//! and making that durable (C2SP tlog-witness, add-checkpoint). It sees sizes and roots, never content. With the pacts of its
//! channels it also keeps sealed frames for parties that do not answer (`drop_box`).

mod drop_box;

pub use drop_box::{BOX_BYTES_MAX, BOX_ITEMS_MAX, DropBox, DropRefusal};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use hyper::body::Bytes;
use skypact_channel::Pact;
use skypact_record::{
    AddCheckpoint, Beacon, Hash, Origin, SignatureType, SignedCheckpoint, Signer, VerifierKey, WitnessRefusal, cosign,
};
use tokio::sync::watch;

use crate::clock::NodeClock;
use crate::keys::MlDsa44Signer;
use crate::node::{HEAD_PATH, NodeError, RecordSigner, refusal, transport_key};
use crate::storage::Store;
use crate::transport::{
    AnswerKind, ClientAuth, Identity, Peer, PeerAnswer, PeerHandler, PeerServer, Pins, TransportKey,
};

/// A witness and what it holds.
pub struct Witness {
    name: Origin,
    signer: RecordSigner,
    /// Signs checkpoints under ML-DSA-44 too.
    ml_dsa_44: Option<MlDsa44Signer>,
    /// Keys of each log, that of Ed25519 first.
    logs: BTreeMap<String, Vec<VerifierKey>>,
    kept: Mutex<Kept>,
    /// The newest beacon, and the period that it is of.
    beacon: Mutex<Option<(u64, Vec<u8>)>>,
    /// Parties that have boxes: they may send more than strangers.
    pins: Pins,
    clock: NodeClock,
}

/// What is durable, and the boxes in it.
struct Kept {
    store: Box<dyn Store>,
    boxes: Vec<DropBox>,
}

/// Where the beacon is.
const BEACON_PATH: &str = "/beacon";
/// Beginning of the paths of boxes.
const DROP_PATH: &str = "/drop/";

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
        let kept = Mutex::new(Kept { store, boxes: Vec::new() });
        let (beacon, pins) = (Mutex::default(), Pins::new());
        Self { name, signer, ml_dsa_44: None, logs: by_name, kept, beacon, pins, clock }
    }

    /// The witness with a key that cosigns under ML-DSA-44 too. Beacons and stamps stay under Ed25519.
    #[must_use]
    pub fn with_ml_dsa_44(self, signer: MlDsa44Signer) -> Self {
        Self { ml_dsa_44: Some(signer), ..self }
    }

    /// Keeps a box for each party of these pacts.
    pub fn with_boxes<'a>(self, pacts: impl IntoIterator<Item = &'a Pact>) -> Result<Self, NodeError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { store, boxes } = &mut *kept;
        for pact in pacts {
            for recipient in [0, 1] {
                let key = |party: usize| transport_key(pact, pact.party_name(party));
                let keys = (key(recipient)?, key(1 - recipient)?);
                self.pins.pin(keys.0, pact.party_name(recipient));
                let name = pact.genesis().parties[recipient].name.clone();
                boxes.push(DropBox::open(&mut **store, pact.channel(), name, keys)?);
            }
        }
        drop(kept);
        Ok(self)
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
        let pins = self.pins.clone();
        let server = PeerServer::bind(address, identity, pins, ClientAuth::Any, self).await?;
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
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let store = &mut kept.store;
        let document = size_document(&origin);
        let last = match store.document(&document) {
            Ok(last) => last.as_deref().and_then(parse_head),
            Err(error) => return (503, format!("{error}\n")),
        };
        let log_keys = self.logs.get(&origin).map(Vec::as_slice).unwrap_or_default();
        let checkpoint = match request.decide(log_keys, last) {
            Ok(checkpoint) => checkpoint,
            Err(refusal) => return answer_to(&refusal),
        };
        let newest = [
            (head_document(&origin), request.checkpoint.encode()),
            (document, head_bytes(checkpoint.size, checkpoint.root)),
        ];
        // Both at once: what is shown is what was cosigned. Durable before it is signed: a witness that forgets could be
        // made to sign two histories.
        if let Err(error) = store.put_documents(&newest) {
            return (503, format!("{error}\n"));
        }
        let time_s = self.now_s();
        let ml_dsa_44 = self.ml_dsa_44.iter().map(|signer| signer as &dyn Signer);
        let signers = [&self.signer as &dyn Signer].into_iter().chain(ml_dsa_44);
        let lines = signers.map(|signer| cosign(checkpoint, time_s, &self.name, signer).map(|line| line.to_string()));
        match lines.collect::<Result<String, _>>() {
            Ok(lines) => (200, lines),
            Err(error) => (503, format!("{error}\n")),
        }
    }

    /// Shows whoever has a signed head of a log the newest one that was cosigned of it.
    fn show_head(&self, body: &[u8]) -> PeerAnswer {
        let text = |status, error: &dyn std::fmt::Display| PeerAnswer::new(status, format!("{error}\n"));
        let asked = match SignedCheckpoint::parse(body) {
            Ok(asked) => asked,
            Err(error) => return text(400, &error),
        };
        let origin = asked.checkpoint().origin.to_string();
        let is_ed25519 = |key: &&VerifierKey| key.signature_type() == SignatureType::Ed25519;
        let keys: Vec<&VerifierKey> = self.logs.get(&origin).into_iter().flatten().filter(is_ed25519).collect();
        if keys.is_empty() {
            return text(404, &WitnessRefusal::UnknownOrigin);
        }
        if let Err(error) = asked.signer(keys) {
            return text(403, &WitnessRefusal::NotSigned(error));
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let documents = (kept.store.document(&head_document(&origin)), kept.store.document(&size_document(&origin)));
        match documents {
            (Ok(Some(head)), _) => PeerAnswer::new(200, head).of_kind(AnswerKind::Text),
            (Ok(None), Ok(None)) => PeerAnswer::new(200, Vec::new()).of_kind(AnswerKind::Text),
            // What an earlier version cosigned: it kept the size alone, and says it when it is asked to cosign.
            (Ok(None), Ok(Some(_))) => text(404, &"no head was kept of this log yet"),
            (Err(error), _) | (_, Err(error)) => text(503, &error),
        }
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.clock.now_utc_ns() / 1_000_000_000).unwrap_or(0)
    }

    /// The beacon of now.
    fn beacon(&self) -> PeerAnswer {
        let now_s = self.now_s();
        let mut newest = self.beacon.lock().unwrap_or_else(PoisonError::into_inner);
        let note = match &*newest {
            Some((period, note)) if *period == now_s / Beacon::PERIOD_S => note.clone(),
            _ => match Beacon::sign(&self.name, now_s, &self.signer) {
                Ok(note) => newest.insert((now_s / Beacon::PERIOD_S, note)).1.clone(),
                Err(error) => return refusal(404, error.code(), &error.to_string()),
            },
        };
        PeerAnswer::new(200, note).of_kind(AnswerKind::Text)
    }

    /// Keeps what a party leaves for the other one.
    fn keep(&self, caller: TransportKey, place: &str, sealed: &[u8]) -> Result<PeerAnswer, DropRefusal> {
        let (channel, recipient) = place.split_once('/').ok_or(DropRefusal::Unknown)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { store, boxes } = &mut *kept;
        let found = boxes.iter_mut().find(|found| found.takes_from(channel, recipient, caller));
        let found = found.ok_or(DropRefusal::Unknown)?;
        let stamp = found.put(&mut **store, &self.name, &self.signer, self.now_s(), sealed)?;
        Ok(PeerAnswer::new(200, stamp).of_kind(AnswerKind::Text))
    }

    /// Shows a party what is kept for it: the list, or one item.
    fn show(&self, caller: TransportKey, place: &str) -> Result<PeerAnswer, DropRefusal> {
        let (place, from) = place.split_once("?from=").map_or((place, None), |(place, from)| (place, Some(from)));
        let mut fields = place.splitn(3, '/');
        let (channel, recipient) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let number = |text: &str| text.parse().map_err(|_| DropRefusal::Unknown);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { store, boxes } = &mut *kept;
        let found = boxes.iter_mut().find(|found| found.is_of(channel, recipient, caller));
        let found = found.ok_or(DropRefusal::Unknown)?;
        match (fields.next(), from) {
            (None, from) => {
                let lines = found.list(from.map_or(Ok(0), number)?);
                Ok(PeerAnswer::new(200, lines).of_kind(AnswerKind::Text))
            }
            (Some(item), None) => Ok(PeerAnswer::new(200, found.fetch(&mut **store, number(item)?)?)),
            (Some(_), Some(_)) => Err(DropRefusal::Unknown),
        }
    }
}

/// The key that a caller proved to hold.
fn key_of(caller: &Peer) -> Option<TransportKey> {
    match caller {
        Peer::Party { key, .. } => Some(*key),
        Peer::Stranger { key } => *key,
    }
}

fn answer(answered: Result<PeerAnswer, DropRefusal>) -> PeerAnswer {
    answered.unwrap_or_else(|refused| refusal(refused.status(), refused.code(), &refused.to_string()))
}

impl PeerHandler for Witness {
    async fn handle(&self, from: Peer, path: String, body: Bytes) -> PeerAnswer {
        if let Some(place) = path.strip_prefix(DROP_PATH) {
            let Some(caller) = key_of(&from) else { return answer(Err(DropRefusal::Unknown)) };
            return answer(tokio::task::block_in_place(|| self.keep(caller, place, &body)));
        }
        if path == HEAD_PATH {
            return tokio::task::block_in_place(|| self.show_head(&body));
        }
        if path != "/add-checkpoint" {
            return PeerAnswer::new(404, "this witness answers POST /add-checkpoint\n");
        }
        let (status, text) = tokio::task::block_in_place(|| self.add_checkpoint(&body));
        PeerAnswer::new(status, text)
    }

    async fn get(&self, from: Peer, path: String) -> PeerAnswer {
        if path == BEACON_PATH {
            return self.beacon();
        }
        match (path.strip_prefix(DROP_PATH), key_of(&from)) {
            (Some(place), Some(caller)) => answer(tokio::task::block_in_place(|| self.show(caller, place))),
            _ => answer(Err(DropRefusal::Unknown)),
        }
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

/// Name of the document with size and root of what was cosigned last of a log.
fn size_document(origin: &str) -> String {
    format!("witness/{origin}")
}

/// Name of the document with the newest head of a log that was taken to be cosigned.
fn head_document(origin: &str) -> String {
    format!("witness-head/{origin}")
}

fn head_bytes(size: u64, root: Hash) -> Vec<u8> {
    [&size.to_be_bytes()[..], &root.0].concat()
}

fn parse_head(bytes: &[u8]) -> Option<(u64, Hash)> {
    let (size, root) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*size), Hash(root.try_into().ok()?)))
}
