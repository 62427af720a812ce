//! Frames that were left with a witness for a silent counterpart: each file brings the frame and what shows that the witness's stamp is on its
//! sealing (docs/record-format.md, sections 10, 13 to 15). It is judged by itself, against the leaves that came before it.

use super::leaf::Pact;
use super::log::Log;
use super::report::{Fault, Faults};
use crate::bundle::TarFile;
use crate::cbor::{self, DecodeError, Reader};
use crate::entry::Entry;
use crate::hash::Hash;
use crate::key::{Algorithm, KeyRole};
use crate::offer::Offer;

/// Most entries of a frame, and longest note and entry in it, in bytes (docs/channel-protocol.md, section 5).
const ENTRIES_MAX: u64 = 1_024;
const FRAME_BYTES_MAX: usize = 1 << 20;

/// What was read of the offers of one log.
#[derive(Default)]
pub(super) struct OffersRead {
    /// Files given.
    pub(super) given: u64,
    /// Entries that a frame that holds had, by witness: first, behind the last, witness, time.
    pub(super) frames: Vec<(u64, u64, String, u64)>,
    pub(super) signatures_checked: u64,
}

impl OffersRead {
    /// Index up to which every entry from `from` on is in a frame that holds.
    pub(super) fn covered(&self, from: u64) -> u64 {
        let mut frames: Vec<(u64, u64)> = self.frames.iter().map(|(start, end, ..)| (*start, *end)).collect();
        frames.sort_unstable();
        frames.into_iter().fold(from, |covered, (start, end)| if start <= covered { covered.max(end) } else { covered })
    }
}

/// A frame as the channel protocol has it.
struct Frame {
    channel: Hash,
    origin: String,
    start: u64,
    entries: Vec<Vec<u8>>,
    note: Vec<u8>,
}

impl Frame {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("frame", FRAME_BYTES_MAX, bytes, Self::read, Self::encode)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(5)?;
        r.key(0, "channel")?;
        let channel = r.hash()?;
        r.key(1, "origin")?;
        let origin = r.text()?.to_owned();
        r.key(2, "start")?;
        let start = r.u64()?;
        r.key(3, "entries")?;
        let entries = r.list(ENTRIES_MAX, |r| r.bytes().map(<[u8]>::to_vec))?;
        r.key(4, "note")?;
        Ok(Self { channel, origin, start, entries, note: r.bytes()?.to_vec() })
    }

    fn encode(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(5)?.u8(0)?.bytes(&self.channel.0)?.u8(1)?.str(&self.origin)?.u8(2)?.u64(self.start)?;
            w.u8(3)?.array(self.entries.len() as u64)?;
            self.entries.iter().try_for_each(|entry| w.bytes(entry).map(drop))?;
            w.u8(4)?.bytes(&self.note)?.ok()
        })
    }
}

/// The content of a file: an offer, and its frame.
pub(crate) fn encode_file(offer: &Offer, frame: &[u8]) -> Vec<u8> {
    pair(&offer.encode(), frame)
}

fn pair(offer: &[u8], frame: &[u8]) -> Vec<u8> {
    cbor::encode(|w| w.array(2)?.bytes(offer)?.bytes(frame)?.ok())
}

type Refused = (&'static str, String);

/// Reads one file of `log`.
pub(super) fn read_offered(pact: &Pact, log: &mut Log, file: &TarFile, place: (u64, [u8; 4]), faults: &mut Faults) {
    log.offers.given += 1;
    if let Err((code, message)) = judge(pact, log, file, place) {
        faults.push(Fault::new(code, &file.name, message).at(file.offset).in_log(&log.name.origin));
    }
}

fn judge(pact: &Pact, log: &mut Log, file: &TarFile, (start, hash): (u64, [u8; 4])) -> Result<(), Refused> {
    let malformed = |error: DecodeError| (error.code(), error.to_string());
    let read = |r: &mut Reader<'_>| {
        r.tuple(2)?;
        Ok((r.bytes()?.to_vec(), r.bytes()?.to_vec()))
    };
    let bytes_max = Offer::BYTES_MAX + FRAME_BYTES_MAX + 16;
    let again = |(offer, frame): &(Vec<u8>, Vec<u8>)| pair(offer, frame);
    let (offer, frame) = cbor::decode("offered", bytes_max, &file.content, read, again).map_err(malformed)?;
    let offer = Offer::decode(&offer).map_err(malformed)?;
    if offer.start != start || Hash::of(&offer.stamp.encode()).0[..4] != hash {
        return Err(("offered-name", "is not of the start and stamp in its name".to_owned()));
    }
    let witness = offer.stamp.stamp().witness.to_string();
    let time_s = check_words(pact, log, &offer)?;
    check_frame(pact, log, &offer, &Frame::decode(&frame).map_err(malformed)?)?;
    let sealed = offer.reseal(&frame).map_err(|error| (error.code(), error.to_string()))?;
    let stamp = offer.stamp.stamp();
    if Hash::of(&sealed) != stamp.dropped || sealed.len() as u64 != stamp.length {
        return Err(("offered-differs", "stamp is not on the sealing of this frame".to_owned()));
    }
    log.offers.frames.push((start, start + offer.count, witness, time_s));
    Ok(())
}

/// The words of others: the witness's stamp, the recipient's announcement, the author's checkpoint. The time of the stamp.
fn check_words(pact: &Pact, log: &mut Log, offer: &Offer) -> Result<u64, Refused> {
    let genesis = &pact.genesis;
    let stamp = offer.stamp.stamp();
    let keys = genesis.witness_keys_ed25519();
    let key = keys.iter().find(|key| *key.name() == stamp.witness);
    let key = key.ok_or_else(|| ("signature-unknown", "stamp is by no witness of this pact".to_owned()))?;
    log.offers.signatures_checked += 3;
    let time_s = offer.stamp.verify(key).map_err(|error| (error.code(), error.to_string()))?;
    let recipient = genesis.counterpart(&log.name.party);
    let recipient = recipient.filter(|party| party.name == stamp.recipient && stamp.channel == pact.channel);
    let recipient = recipient.ok_or_else(|| ("offered-stamp", "stamp is of another channel or party".to_owned()))?;
    let announced = offer.sealing.announcement();
    let signer = recipient.keys.iter().find(|key| key.role == KeyRole::Node && key.key.id() == offer.sealing.signer());
    let holds = signer.is_some_and(|key| offer.sealing.verify(&key.key).is_ok());
    if !holds || announced.channel != pact.channel || announced.party != recipient.name {
        let message = "sealing key is not announced by a node key of the recipient for this channel";
        return Err(("offered-sealing", message.to_owned()));
    }
    let head = offer.note.checkpoint();
    let author = log.checkpoint_key(pact, Algorithm::Ed25519, head.size);
    let signed = author.is_some_and(|key| offer.note.verify(&key).is_ok());
    let end = offer.start.checked_add(offer.count);
    if !signed || head.origin != log.name.origin || Some(head.size) != end {
        return Err(("offered-note", "note is not the author's checkpoint at the end of the frame".to_owned()));
    }
    Ok(time_s)
}

/// Holds the frame to the offer, and its entries to the leaves of the log.
fn check_frame(pact: &Pact, log: &Log, offer: &Offer, frame: &Frame) -> Result<(), Refused> {
    let fits = frame.channel == pact.channel
        && frame.origin == log.name.origin.as_str()
        && frame.start == offer.start
        && frame.entries.len() as u64 == offer.count
        && frame.note == offer.note.encode();
    if !fits || frame.entries.is_empty() {
        return Err(("offered-frame", "frame is not the one that the offer is of".to_owned()));
    }
    for (index, bytes) in (offer.start..).zip(&frame.entries) {
        let refused = |reason: String| ("offered-entry", format!("entry {index} {reason}"));
        let entry = Entry::decode(bytes).map_err(|error| refused(error.to_string()))?;
        entry.check().map_err(|error| refused(error.to_string()))?;
        if log.leaf_hash(index) != Some(entry.leaf.hash()) {
            return Err(refused("is not the one of the log, which must be given whole".to_owned()));
        }
    }
    Ok(())
}
