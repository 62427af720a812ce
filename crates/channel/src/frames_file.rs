//! Frames in a file (docs/channel-protocol.md, section 10), for parties without a link: the frames and answers of the wire
//! behind one another, each with a check over all before it, so that damage on the way is told from what somebody
//! forged. Read and written piece by piece: memory is bounded by one item, whatever the length of the file.

use skypact_record::Hash;

use crate::codec::{self, CodecError};
use crate::frame::{FRAME_MAX_BYTES, Frame, FrameAnswer, FrameError};

/// Most bytes of one file.
pub const FRAMES_FILE_MAX_BYTES: u64 = 1 << 30;
/// Most items between the head and the end of one file.
pub const FRAMES_FILE_MAX_ITEMS: u64 = 65_536;

const MAGIC: &[u8; 16] = b"skypact-frames/1";
/// Type and length before a payload.
const LEAD_BYTES: usize = 5;
const CHECK_BYTES: usize = 32;
const HEAD_MAX_BYTES: usize = 512;
/// Answers speak of the receiver's own logs, and it has two.
const ANSWERS_MAX: u64 = 2;

const HEAD: u8 = 0;
const ANSWER: u8 = 1;
const FRAME: u8 = 2;
const END: u8 = 3;

/// What a file says of itself before its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramesHead {
    /// Identity of the channel.
    pub channel: Hash,
    /// Name of the party whose node wrote the file; it is for the other one.
    pub sender: String,
    /// Drawn by that node at its start: whoever repeats it has read a file that was written since.
    pub question: [u8; 16],
    /// The newest question of the receiver's node that the sender has read since its own start.
    pub reply: Option<[u8; 16]>,
}

/// One piece of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FramesItem {
    /// First, and only there.
    Head(FramesHead),
    /// What the sender holds of a log that the receiver writes.
    Answer(FrameAnswer),
    /// Entries of a log that the sender writes.
    Frame(Frame),
    /// Last, and only there.
    End {
        /// Whether the sender has more for which there was no room.
        more: bool,
    },
}

/// Why bytes are no file of frames.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FramesFileError {
    /// It begins otherwise.
    #[error("file: does not begin as a file of frames does; give one that 'skypact channel export-frames' wrote")]
    NotFrames,
    /// Bytes were changed on the way.
    #[error("file: item {item} is damaged; nobody who writes such files writes this one, copy it again")]
    Damaged {
        /// Place of the item, the head being 0.
        item: u64,
    },
    /// The end is missing.
    #[error("file: ends within item {item}; it was cut off on its way, copy it again")]
    Truncated {
        /// Place of the item, the head being 0.
        item: u64,
    },
    /// An item is sound as it was written, and is not what may stand there.
    #[error("file: item {item}: {reason}")]
    Malformed {
        /// Place of the item, the head being 0.
        item: u64,
        /// What is wrong.
        reason: String,
    },
    /// More items or bytes than a file may have.
    #[error("file: has over {FRAMES_FILE_MAX_ITEMS} items or {FRAMES_FILE_MAX_BYTES} bytes; have it written in parts")]
    TooLarge,
}

impl FramesFileError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFrames => "frames-file-unknown",
            Self::Damaged { .. } => "frames-file-damaged",
            Self::Truncated { .. } => "frames-file-truncated",
            Self::Malformed { .. } => "frames-file-malformed",
            Self::TooLarge => "frames-file-too-large",
        }
    }
}

impl FramesHead {
    fn encode(&self) -> Vec<u8> {
        codec::encode(|writer| {
            writer.map(4)?.u8(0)?.bytes(&self.channel.0)?.u8(1)?.str(&self.sender)?;
            writer.u8(2)?.bytes(&self.question)?.u8(3)?;
            match &self.reply {
                Some(reply) => writer.bytes(reply)?.ok(),
                None => writer.null()?.ok(),
            }
        })
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode_exact(
            "head",
            bytes,
            |reader| {
                if reader.map()? != 4 {
                    return Err(reader.error("expected 4 fields"));
                }
                let question = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok();
                reader.key(0, "channel")?;
                let channel = reader.hash()?;
                reader.key(1, "sender")?;
                let sender = reader.text(200)?;
                reader.key(2, "question")?;
                let asked = question(reader.bytes(16)?).ok_or_else(|| reader.error("expected 16 bytes"))?;
                reader.key(3, "reply")?;
                let reply = if reader.null()? { None } else { Some(reader.bytes(16)?) };
                let reply = reply.map(|reply| question(reply).ok_or_else(|| reader.error("expected 16 bytes")));
                let reply = reply.transpose()?;
                Ok(Self { channel, sender, question: asked, reply })
            },
            Self::encode,
        )
    }
}

impl FramesItem {
    fn encode(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Head(head) => (HEAD, head.encode()),
            Self::Answer(answer) => (ANSWER, answer.encode()),
            Self::Frame(frame) => (FRAME, frame.encode()),
            Self::End { more } => (END, vec![u8::from(*more)]),
        }
    }

    fn decode(kind: u8, payload: &[u8]) -> Result<Self, String> {
        let told = |error: FrameError| error.to_string();
        match (kind, payload) {
            (HEAD, _) => FramesHead::decode(payload).map(Self::Head).map_err(|error| error.to_string()),
            (ANSWER, _) => FrameAnswer::decode(payload).map(Self::Answer).map_err(told),
            (FRAME, _) => Frame::decode(payload).map(Self::Frame).map_err(told),
            (END, [more @ (0 | 1)]) => Ok(Self::End { more: *more == 1 }),
            (END, _) => Err("an end is 0, or 1 when the sender has more".to_owned()),
            _ => Err(format!("type {kind} is of a later version; use a newer program")),
        }
    }
}

/// Most bytes of an item's payload, by its type; of a type of a later version, those of a frame.
fn payload_max(kind: u8) -> usize {
    match kind {
        HEAD => HEAD_MAX_BYTES,
        END => 1,
        _ => FRAME_MAX_BYTES,
    }
}

/// Writes a file piece by piece. The same items make the same bytes.
#[derive(Debug)]
pub struct FramesWriter {
    check: Option<Hash>,
    items: u64,
    bytes: u64,
}

impl FramesWriter {
    /// A writer of a file, and the bytes that it begins with.
    pub fn new(head: &FramesHead) -> (Self, Vec<u8>) {
        let mut writer = Self { check: None, items: 0, bytes: 0 };
        let bytes = writer.item(&FramesItem::Head(head.clone()));
        (writer, bytes)
    }

    /// The bytes of the next item. Answers come before frames, and the end last.
    pub fn item(&mut self, item: &FramesItem) -> Vec<u8> {
        let (kind, payload) = item.encode();
        self.append(kind, &payload)
    }

    /// The same, if the file is then within `bytes_max` and what a file may have, its end included; else nothing happens.
    pub fn item_within(&mut self, item: &FramesItem, bytes_max: u64) -> Option<Vec<u8>> {
        let (kind, payload) = item.encode();
        let item_bytes = |payload: usize| (LEAD_BYTES + payload + CHECK_BYTES) as u64;
        let bytes = self.bytes + item_bytes(payload.len()) + item_bytes(1);
        let fits = bytes <= bytes_max.min(FRAMES_FILE_MAX_BYTES) && self.items <= FRAMES_FILE_MAX_ITEMS;
        fits.then(|| self.append(kind, &payload))
    }

    fn append(&mut self, kind: u8, payload: &[u8]) -> Vec<u8> {
        let begin: &[u8] = if self.check.is_none() { MAGIC } else { &[] };
        let before: &[u8] = self.check.as_ref().map_or(MAGIC, |check| &check.0);
        let length = u32::try_from(payload.len()).expect("items are far smaller").to_be_bytes();
        let check = Hash::of_parts(&[before, &[kind], &length, payload]);
        let bytes = [begin, &[kind], &length, payload, &check.0].concat();
        self.check = Some(check);
        self.items += 1;
        self.bytes += bytes.len() as u64;
        bytes
    }
}

/// Reads a file that comes piece by piece.
#[derive(Debug)]
pub struct FramesReader {
    /// The newest check, or the beginning of the file, and what came behind it.
    held: Vec<u8>,
    /// How much of it was read and is no longer wanted.
    read: usize,
    check_bytes: usize,
    items: u64,
    answers: u64,
    has_frames: bool,
    ended: bool,
    bytes: u64,
}

impl Default for FramesReader {
    fn default() -> Self {
        Self {
            held: Vec::new(),
            read: 0,
            check_bytes: MAGIC.len(),
            items: 0,
            answers: 0,
            has_frames: false,
            ended: false,
            bytes: 0,
        }
    }
}

impl FramesReader {
    /// Takes bytes in. What is held grows by them, so [`FramesReader::next_item`] is to be asked after each piece.
    pub fn push(&mut self, bytes: &[u8]) {
        // Moved once for each piece and not for each item: a file of small items costs no more than one of large ones.
        self.held.drain(..std::mem::take(&mut self.read));
        self.bytes += bytes.len() as u64;
        self.held.extend_from_slice(bytes);
    }

    /// Items that were read, the head and the end among them.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// The next item; none when more bytes are wanted.
    pub fn next_item(&mut self) -> Result<Option<FramesItem>, FramesFileError> {
        let (item, held) = (self.items, &self.held[self.read..]);
        let malformed = |reason: String| FramesFileError::Malformed { item, reason };
        if self.bytes > FRAMES_FILE_MAX_BYTES {
            return Err(FramesFileError::TooLarge);
        }
        let known = held.len().min(MAGIC.len());
        if item == 0 && held[..known] != MAGIC[..known] {
            return Err(FramesFileError::NotFrames);
        }
        if self.ended {
            let follow = held.len() > CHECK_BYTES;
            return if follow { Err(malformed("bytes follow the end".to_owned())) } else { Ok(None) };
        }
        // The head and the end count beside them.
        if item >= FRAMES_FILE_MAX_ITEMS + 2 {
            return Err(FramesFileError::TooLarge);
        }
        let payload_at = self.check_bytes + LEAD_BYTES;
        let Some(lead) = held.get(self.check_bytes..payload_at) else { return Ok(None) };
        let kind = lead[0];
        let length = u32::from_be_bytes([lead[1], lead[2], lead[3], lead[4]]) as usize;
        // Its check cannot be read, so that it is taken for what is likelier: damage.
        if length > payload_max(kind) {
            return Err(FramesFileError::Damaged { item });
        }
        let end = payload_at + length;
        let Some(stated) = held.get(end..end + CHECK_BYTES) else { return Ok(None) };
        if Hash::of(&held[..end]).0 != *stated {
            return Err(FramesFileError::Damaged { item });
        }
        let read = FramesItem::decode(kind, &held[payload_at..end]).map_err(malformed)?;
        self.follow(&read).map_err(|reason| FramesFileError::Malformed { item, reason: reason.to_owned() })?;
        self.read += end;
        self.check_bytes = CHECK_BYTES;
        self.items += 1;
        Ok(Some(read))
    }

    /// Whether the item may stand here.
    fn follow(&mut self, item: &FramesItem) -> Result<(), &'static str> {
        match item {
            FramesItem::Head(_) if self.items == 0 => {}
            _ if self.items == 0 => return Err("the head is missing"),
            FramesItem::Head(_) => return Err("a second head"),
            FramesItem::Answer(_) if self.has_frames => return Err("an answer behind a frame"),
            FramesItem::Answer(_) if self.answers == ANSWERS_MAX => return Err("more answers than a party has logs"),
            FramesItem::Answer(_) => self.answers += 1,
            FramesItem::Frame(_) => self.has_frames = true,
            FramesItem::End { .. } => self.ended = true,
        }
        Ok(())
    }

    /// To be asked when no more bytes come: whether the file is whole.
    pub fn finish(&self) -> Result<(), FramesFileError> {
        if self.ended { Ok(()) } else { Err(FramesFileError::Truncated { item: self.items }) }
    }
}
