//! A box in which a witness keeps sealed bytes for one party of one channel (docs/channel-protocol.md, section 12). They are
//! durable before their stamp leaves; what was never fetched is never removed to make room. The stamps stay for ever.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use skypact_record::{Hash, Origin, PartyName, SEALED_OVERHEAD, SignedStamp, Signer, Stamp, counted};

use crate::storage::{Append, Batch, CommitError, Store, StoreError, StoredEntry, StoredPart, each_entry};
use crate::transport::{Allowance, TransportKey};

/// Most bytes that a box holds.
pub const BOX_BYTES_MAX: u64 = 64 << 20;
/// Most items.
pub const BOX_ITEMS_MAX: usize = 1_024;
/// Most lines of a list.
const LIST_LINES_MAX: usize = 256;
/// Items that may be left at once after a pause, and how many more each second.
const DROPS_AT_ONCE: u32 = 64;
const DROPS_EACH_SECOND: u32 = 1;

/// Why a witness does not do with a box what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DropRefusal {
    /// There is no such box or item, or it is not the caller's.
    #[error("drop: there is nothing here for you; check channel, party and key")]
    Unknown,
    /// What is left has no length that sealed bytes can have.
    #[error("drop: {}; sealed bytes are 49 to 1048576, send fewer entries in one frame", counted(*length, "byte"))]
    Length {
        /// Bytes that came.
        length: usize,
    },
    /// The author leaves too much.
    #[error("drop: too many at once; wait a second for each")]
    TooFast,
    /// There is no room, and nothing that was fetched could go.
    #[error("drop: the box of {recipient} is full of what was not fetched yet; use another witness until it is")]
    Full {
        /// Whose box it is.
        recipient: String,
    },
    /// The store failed.
    #[error("drop: not now: {reason}")]
    Storage {
        /// Stable code of the reason.
        code: &'static str,
        /// The reason.
        reason: String,
    },
}

impl DropRefusal {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "drop-unknown",
            Self::Length { .. } => "drop-length",
            Self::TooFast => "drop-too-fast",
            Self::Full { .. } => "drop-full",
            Self::Storage { code, .. } => code,
        }
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::Length { .. } => 413,
            Self::TooFast => 429,
            Self::Full { .. } => 507,
            Self::Storage { .. } => 503,
        }
    }
}

impl From<StoreError> for DropRefusal {
    fn from(error: StoreError) -> Self {
        Self::Storage { code: error.code(), reason: error.to_string() }
    }
}

impl From<CommitError> for DropRefusal {
    fn from(error: CommitError) -> Self {
        Self::Storage { code: error.code(), reason: error.to_string() }
    }
}

/// Something that is kept.
#[derive(Debug, Clone, Copy)]
struct Item {
    dropped: Hash,
    length: u64,
    fetched: bool,
}

/// The box of one party in one channel.
#[derive(Debug)]
pub struct DropBox {
    channel: Hash,
    recipient: PartyName,
    /// Who may fetch, and who may leave something.
    keys: (TransportKey, TransportKey),
    log: String,
    term: u64,
    /// Number of the next item.
    next: u64,
    /// What is kept, by number.
    items: BTreeMap<u64, Item>,
    bytes: u64,
    allowance: Allowance,
}

impl DropBox {
    /// The box of `recipient` as the store has it. `keys` are its own transport key and that of the other party.
    pub fn open(
        store: &mut dyn Store,
        channel: Hash,
        recipient: PartyName,
        keys: (TransportKey, TransportKey),
    ) -> Result<Self, StoreError> {
        let log = format!("drop/{channel}/{recipient}");
        let claim = store.claim(&log)?;
        let fetched = store.document(&fetched_document(&log))?.unwrap_or_default();
        let fetched: Vec<u64> = fetched.as_chunks().0.iter().map(|number| u64::from_be_bytes(*number)).collect();
        let mut items = BTreeMap::new();
        each_entry(&*store, &log, 0..claim.size, |number, entry| {
            if let Some(Some(part)) = entry.parts.first() {
                let (dropped, length) = (Hash::of(&part.bytes), part.bytes.len() as u64);
                items.insert(number, Item { dropped, length, fetched: fetched.contains(&number) });
            }
            Ok::<_, StoreError>(())
        })?;
        let bytes = items.values().map(|item| item.length).sum();
        let allowance = Allowance::new(DROPS_AT_ONCE, DROPS_EACH_SECOND);
        Ok(Self { channel, recipient, keys, log, term: claim.term, next: claim.size, items, bytes, allowance })
    }

    /// Whether this is the box of that channel and party, and the caller's to fetch from.
    pub fn is_of(&self, channel: &str, recipient: &str, caller: TransportKey) -> bool {
        self.is_named(channel, recipient) && caller == self.keys.0
    }

    /// The same, and the caller's to leave something in.
    pub fn takes_from(&self, channel: &str, recipient: &str, caller: TransportKey) -> bool {
        self.is_named(channel, recipient) && caller == self.keys.1
    }

    fn is_named(&self, channel: &str, recipient: &str) -> bool {
        self.channel.to_string() == channel && self.recipient.as_str() == recipient
    }

    /// Keeps `sealed` and gives the stamp on it, or the one that it has.
    pub fn put(
        &mut self,
        store: &mut dyn Store,
        witness: &Origin,
        signer: &dyn Signer,
        time_s: u64,
        sealed: &[u8],
    ) -> Result<Vec<u8>, DropRefusal> {
        let length = sealed.len() as u64;
        if sealed.len() <= SEALED_OVERHEAD || length > Stamp::LENGTH_MAX {
            return Err(DropRefusal::Length { length: sealed.len() });
        }
        if !self.allowance.take() {
            return Err(DropRefusal::TooFast);
        }
        let dropped = Hash::of(sealed);
        let known = self.items.iter().find(|(_, item)| item.dropped == dropped && item.length == length);
        if let Some((number, _)) = known {
            return Ok(store.leaves(&self.log, *number, 1)?.into_iter().next().unwrap_or_default());
        }
        self.make_room(store, length)?;
        let (channel, recipient) = (self.channel, self.recipient.clone());
        let stamp = Stamp { witness: witness.clone(), channel, recipient, dropped, length };
        let stamp = SignedStamp::sign(stamp, time_s, signer);
        let stamp = stamp.map_err(|error| DropRefusal::Storage { code: error.code(), reason: error.to_string() })?;
        let part = StoredPart { salt: [0; 32], bytes: sealed.to_vec() };
        let entry = StoredEntry { leaf: stamp.encode(), parts: vec![Some(part)] };
        let append = Append { log: self.log.clone(), term: self.term, expected_size: self.next, entries: vec![entry] };
        store.commit(&Batch { appends: vec![append], heads: Vec::new() })?;
        self.items.insert(self.next, Item { dropped, length, fetched: false });
        self.next += 1;
        self.bytes += length;
        Ok(stamp.encode())
    }

    /// Removes what was fetched, the oldest first, until `length` more bytes have room.
    fn make_room(&mut self, store: &mut dyn Store, length: u64) -> Result<(), DropRefusal> {
        while self.items.len() >= BOX_ITEMS_MAX || self.bytes + length > BOX_BYTES_MAX {
            let oldest = self.items.iter().find(|(_, item)| item.fetched).map(|(number, item)| (*number, *item));
            let full = || DropRefusal::Full { recipient: self.recipient.to_string() };
            let (number, item) = oldest.ok_or_else(full)?;
            store.erase(&self.log, number, 0)?;
            self.items.remove(&number);
            self.bytes -= item.length;
        }
        Ok(())
    }

    /// What is kept from number `from` on, a line for each.
    pub fn list(&self, from: u64) -> String {
        let mut lines = String::new();
        for (number, item) in self.items.range(from..).take(LIST_LINES_MAX) {
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{number} {} {}", item.length, item.dropped);
        }
        lines
    }

    /// The item of this number; from now on it counts as fetched.
    pub fn fetch(&mut self, store: &mut dyn Store, number: u64) -> Result<Vec<u8>, DropRefusal> {
        let item = self.items.get_mut(&number).ok_or(DropRefusal::Unknown)?;
        let entry = store.read(&self.log, number, 1, usize::MAX)?.into_iter().next();
        let part = entry.and_then(|entry| entry.parts.into_iter().next().flatten()).ok_or(DropRefusal::Unknown)?;
        if !item.fetched {
            item.fetched = true;
            let fetched =
                self.items.iter().filter(|(_, item)| item.fetched).flat_map(|(number, _)| number.to_be_bytes());
            store.put_documents(&[(fetched_document(&self.log), fetched.collect())])?;
        }
        Ok(part.bytes)
    }
}

fn fetched_document(log: &str) -> String {
    format!("fetched/{log}")
}
