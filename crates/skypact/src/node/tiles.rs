//! What monitors may read: the tiles of the logs of a channel (C2SP tlog-tiles), own ones and mirrors. Leaves, never bodies, and
//! only what a published head covers. Whatever a monitor may not read looks to it as if it did not exist.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use skypact_channel::{Channel, LogRef, Station};
use skypact_record::{ChannelName, SignedCheckpoint, TileResource, entry_bundle};
use tokio::sync::Semaphore;

use super::core::Channels;
use super::peer::refusal;
use super::round::origin;
use super::{NodeError, NodeHandle};
use crate::storage::{HeadKind, Store};
use crate::transport::{Allowance, AnswerKind, PeerAnswer, Pins, TransportKey};

/// Beginning of the paths under which logs are read.
pub const LOG_PATH: &str = "/log/";
/// Most monitors of a node: with their connections they leave room for the counterparts.
pub const MONITORS_MAX: usize = 8;

/// What monitors are called in the pins; no party name has such a form.
const MONITOR: &str = "monitor/";
/// Answers under way for all monitors together: the core has other work.
const UNDER_WAY_MAX: usize = 2;
/// Requests that a monitor may make at once after a pause, and how many more each second.
const REQUESTS_AT_ONCE: u32 = 256;
const REQUESTS_EACH_SECOND: u32 = 64;

/// Somebody who may read logs.
#[derive(Debug, Clone)]
pub struct MonitorAccess {
    /// Its name here: 1 to 48 of `a-z 0-9 -`.
    pub name: String,
    /// Its transport key.
    pub key: [u8; 32],
    /// Names of the channels that it may read.
    pub channels: Vec<String>,
}

/// The reading side of a node's listener.
pub(super) struct TileDoor {
    node: NodeHandle,
    /// Channel, log and its origin.
    logs: Vec<(String, LogRef, String)>,
    monitors: BTreeMap<String, Monitor>,
    under_way: Semaphore,
}

struct Monitor {
    channels: Vec<String>,
    allowance: Mutex<Allowance>,
}

impl TileDoor {
    /// Opens the door for these monitors, and pins their keys.
    pub(super) fn open(
        node: NodeHandle,
        logs: Vec<(String, LogRef, String)>,
        monitors: &[MonitorAccess],
        pins: &Pins,
    ) -> Result<Self, NodeError> {
        let invalid = |name: &str, field, reason: String| NodeError::Monitor { name: name.to_owned(), field, reason };
        if let Some(one_more) = monitors.get(MONITORS_MAX) {
            return Err(invalid(
                &one_more.name,
                "name",
                format!("is one more than the {MONITORS_MAX} that are allowed"),
            ));
        }
        let mut let_in = BTreeMap::new();
        for access in monitors {
            let invalid = |field, reason| invalid(&access.name, field, reason);
            ChannelName::new(&access.name).map_err(|error| invalid("name", error.to_string()))?;
            let key = TransportKey::new(access.key).map_err(|error| invalid("transport", error.to_string()))?;
            if pins.party_of(&key).is_some() {
                return Err(invalid(
                    "transport",
                    "is pinned for somebody else already; give each its own key".to_owned(),
                ));
            }
            if let Some(unknown) = access.channels.iter().find(|name| logs.iter().all(|(known, ..)| known != *name)) {
                return Err(invalid("channels", format!("has {unknown}, of which there is no pact here")));
            }
            pins.pin(key, &format!("{MONITOR}{}", access.name));
            let monitor = Monitor {
                channels: access.channels.clone(),
                allowance: Mutex::new(Allowance::new(REQUESTS_AT_ONCE, REQUESTS_EACH_SECOND)),
            };
            let_in.insert(access.name.clone(), monitor);
        }
        Ok(Self { node, logs, monitors: let_in, under_way: Semaphore::new(UNDER_WAY_MAX) })
    }

    /// Answers a GET of whoever is pinned by this name.
    pub(super) async fn read(&self, pinned: &str, path: &str) -> PeerAnswer {
        let Some(monitor) = pinned.strip_prefix(MONITOR).and_then(|name| self.monitors.get(name)) else {
            return nothing();
        };
        if !monitor.allowance.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return refusal(429, "monitor-too-fast", "ask for at most 64 tiles each second");
        }
        let Some((channel, log, resource)) = self.find(monitor, path) else { return nothing() };
        let _permit = self.under_way.acquire().await.expect("the semaphore is never closed");
        let (channel, log) = (channel.to_owned(), *log);
        let read = self.node.with_store(move |channels, store| read(channels, store, &channel, log, resource));
        match read.await.and_then(|read| read) {
            Ok(Some(bytes)) if resource == TileResource::Checkpoint => {
                PeerAnswer::new(200, bytes).of_kind(AnswerKind::Text)
            }
            Ok(Some(bytes)) => PeerAnswer::new(200, bytes).of_kind(AnswerKind::Immutable),
            Ok(None) => nothing(),
            Err(error) => refusal(503, error.code(), "not now; ask again"),
        }
    }

    /// The log and the resource that a path names, if this monitor may read that channel.
    fn find(&self, monitor: &Monitor, path: &str) -> Option<(&str, &LogRef, TileResource)> {
        let path = path.strip_prefix(LOG_PATH)?;
        let readable = self.logs.iter().filter(|(channel, ..)| monitor.channels.contains(channel));
        let mut found = readable.filter_map(|(channel, log, origin)| {
            let resource = path.strip_prefix(origin.as_str())?.strip_prefix('/')?.parse().ok()?;
            Some((channel.as_str(), log, resource))
        });
        found.next()
    }
}

/// Whether whoever is pinned by this name is no party.
pub(super) fn is_monitor(pinned: &str) -> bool {
    pinned.starts_with(MONITOR)
}

/// The one answer to everything that is not there or not for the asker.
pub(super) fn nothing() -> PeerAnswer {
    refusal(404, "path-unknown", "there is nothing for you to read here")
}

/// The bytes of a resource; none when it is not published.
fn read(
    channels: &Channels,
    store: &dyn Store,
    name: &str,
    log: LogRef,
    resource: TileResource,
) -> Result<Option<Vec<u8>>, NodeError> {
    let Some(member) = channels.members.get(name) else { return Ok(None) };
    let channel = member.station.channel();
    let size = published(channel, log);
    let origin = origin(channel, log).as_str();
    let differs = |reason: &str| NodeError::StoreDiffers { origin: origin.to_owned(), reason: reason.to_owned() };
    match resource {
        TileResource::Checkpoint => Ok(newest_note(&member.station, store, log)?.map(|note| note.encode())),
        TileResource::Hashes { level, span } => Ok(channel.log(log).tree.tile(size, level, span)),
        TileResource::Entries(span) if span.end() > size => Ok(None),
        TileResource::Entries(span) => {
            let leaves = store.leaves(origin, span.start(), usize::from(span.width()))?;
            if leaves.len() != usize::from(span.width()) {
                return Err(differs("has fewer leaves than its head says"));
            }
            let bundle = entry_bundle(leaves.iter().map(Vec::as_slice));
            bundle.map(Some).map_err(|error| differs(&error.to_string()))
        }
    }
}

/// Size of the largest head that somebody besides the author has signed. A head that is signed by its author alone may be
/// the second history of a store out of a backup, and is not shown.
fn published(channel: &Channel, log: LogRef) -> u64 {
    let state = channel.log(log);
    state.cosigned.values().copied().fold(state.delivered, u64::max)
}

/// The note of that head, with every signature known.
fn newest_note(station: &Station, store: &dyn Store, log: LogRef) -> Result<Option<SignedCheckpoint>, NodeError> {
    let channel = station.channel();
    let name = origin(channel, log).as_str();
    let mut newest: Option<SignedCheckpoint> = None;
    for head in store.heads(name)? {
        if matches!(head.kind, HeadKind::Checkpoint) && log.party == channel.me() {
            continue;
        }
        let note = SignedCheckpoint::parse(&head.bytes)
            .map_err(|error| NodeError::StoreDiffers { origin: name.to_owned(), reason: error.to_string() })?;
        match &mut newest {
            Some(known) if known.checkpoint() == note.checkpoint() => {
                for line in note.signatures() {
                    known.add(line.clone());
                }
            }
            Some(known) if known.checkpoint().size >= note.checkpoint().size => {}
            _ => newest = Some(note),
        }
    }
    Ok(newest)
}
