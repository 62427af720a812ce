//! Bodies of the channel's messages: what a leaf's first part says. Formats are in docs/channel-protocol.md.
//! Every body is one deterministic CBOR map; what an officer reads back is the SHA-256 of exactly these bytes.

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_record::Hash;

use crate::class::ActivityClass;
use crate::codec::{self, CodecError, Reader, Writer, Written, write_optional_text};
use crate::volume_codec::{read_volumes, write_volumes};

/// Kind of an entry, as the act in its leaf states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Entry 0 of every log: the genesis with the signatures of both roots.
    Genesis,
    /// Notice of activity.
    Notice,
    /// A named officer read a notice back.
    ReadBack,
    /// A node found two notices in conflict.
    Conflict,
    /// A way out of a conflict.
    Proposal,
    /// Agreement to a proposal, on its exact content.
    Acceptance,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Genesis, Self::Notice, Self::ReadBack, Self::Conflict, Self::Proposal, Self::Acceptance];

    /// Value in the act.
    pub fn wire(self) -> u16 {
        match self {
            Self::Genesis => 0,
            Self::Notice => 1,
            Self::ReadBack => 2,
            Self::Conflict => 3,
            Self::Proposal => 4,
            Self::Acceptance => 5,
        }
    }

    /// Kind of a value in an act; `None` for kinds that a later version may add.
    pub fn from_wire(value: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.wire() == value)
    }

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Notice => "notice",
            Self::ReadBack => "read-back",
            Self::Conflict => "conflict",
            Self::Proposal => "proposal",
            Self::Acceptance => "acceptance",
        }
    }
}

/// What a notice of activity does to the activity that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeAct {
    /// Announces an activity.
    New,
    /// Replaces what was announced.
    Changed,
    /// Says that it takes place now.
    Activated,
    /// Says that it is over.
    Ended,
    /// Says that it will not take place.
    Cancelled,
}

impl NoticeAct {
    /// Every act, in the order of its wire value.
    pub const ALL: [Self; 5] = [Self::New, Self::Changed, Self::Activated, Self::Ended, Self::Cancelled];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Activated => "activated",
            Self::Ended => "ended",
            Self::Cancelled => "cancelled",
        }
    }

    /// Act of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }
}

/// A notice of activity. `Activated`, `Ended` and `Cancelled` repeat the content that they speak of, so that each
/// version can be read back by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What it does.
    pub act: NoticeAct,
    /// Leaf hash of the version that it follows; none for `New`.
    pub previous: Option<Hash>,
    /// Class of the activity, the same in all versions.
    pub class: ActivityClass,
    /// Call sign, if there is one to tell; at most 32 bytes.
    pub call_sign: Option<String>,
    /// How to reach whoever controls the activity; at most 200 bytes.
    pub contact: Option<String>,
    /// Where and when, 1 to 256 volumes.
    pub volumes: Vec<Volume4d>,
}

impl Notice {
    /// From the earliest start to the latest end of its volumes.
    pub fn window(&self) -> TimeWindow {
        let start = self.volumes.iter().map(|volume| volume.window.start()).min();
        let end = self.volumes.iter().map(|volume| volume.window.end()).max();
        TimeWindow::new(start.unwrap_or(UtcNanos(0)), end.unwrap_or(UtcNanos(0)))
            .expect("no volume ends before it starts")
    }
}

/// How a proposal takes two notices apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Other places.
    Reroute,
    /// Other times.
    Retime,
    /// Other altitudes.
    Level,
}

impl Remedy {
    /// Every remedy, in the order of its wire value.
    pub const ALL: [Self; 3] = [Self::Reroute, Self::Retime, Self::Level];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reroute => "reroute",
            Self::Retime => "retime",
            Self::Level => "level",
        }
    }

    /// Remedy of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|remedy| remedy.name() == name)
    }
}

/// Two versions of notices, one of each party, by leaf hash, the smaller hash first: the same on both sides,
/// whoever filed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConflictKey(Hash, Hash);

impl ConflictKey {
    /// Key of an unordered pair.
    pub fn new(a: Hash, b: Hash) -> Self {
        if a <= b { Self(a, b) } else { Self(b, a) }
    }

    /// Both leaf hashes, the smaller first.
    pub fn versions(&self) -> [Hash; 2] {
        [self.0, self.1]
    }
}

/// Body of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Notice of activity.
    Notice(Notice),
    /// The signing officer has read `notice` and states the hash of its body.
    ReadBack {
        /// Leaf hash of the version that was read.
        notice: Hash,
        /// SHA-256 of that version's body bytes.
        content: Hash,
    },
    /// The node found a conflict.
    Conflict {
        /// The two versions.
        key: ConflictKey,
        /// From the first instant to the last at which some pair of volumes is in conflict.
        window: TimeWindow,
        /// How many pairs of volumes are.
        volume_pairs: u64,
    },
    /// A way out of a conflict: the notice that would change, and its volumes then.
    Proposal {
        /// The conflict.
        key: ConflictKey,
        /// Which of its two versions would change.
        notice: Hash,
        /// In which respect.
        remedy: Remedy,
        /// Its volumes then.
        volumes: Vec<Volume4d>,
    },
    /// Agreement to a proposal.
    Acceptance {
        /// Leaf hash of the proposal.
        proposal: Hash,
        /// SHA-256 of the proposal's body bytes.
        content: Hash,
    },
}

impl Message {
    /// Kind of the entry that carries this body.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Notice(_) => Kind::Notice,
            Self::ReadBack { .. } => Kind::ReadBack,
            Self::Conflict { .. } => Kind::Conflict,
            Self::Proposal { .. } => Kind::Proposal,
            Self::Acceptance { .. } => Kind::Acceptance,
        }
    }

    /// Bytes of the body.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(|writer| self.write(writer))
    }

    /// Body of an entry of `kind`; errors name the field. `Kind::Genesis` has its own form, see [`crate::Pact`].
    pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode_exact(kind.name(), bytes, |reader| Self::read(kind, reader), Self::encode)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Written {
        match self {
            Self::Notice(notice) => write_notice(writer, notice),
            Self::ReadBack { notice, content } => {
                writer.map(2)?.u8(0)?.bytes(&notice.0)?.u8(1)?.bytes(&content.0)?.ok()
            }
            Self::Conflict { key, window, volume_pairs } => {
                writer.map(3)?.u8(0)?;
                write_key(writer, key)?;
                writer.u8(1)?.array(2)?.i64(window.start().0)?.i64(window.end().0)?;
                writer.u8(2)?.u64(*volume_pairs)?.ok()
            }
            Self::Proposal { key, notice, remedy, volumes } => {
                writer.map(4)?.u8(0)?;
                write_key(writer, key)?;
                writer.u8(1)?.bytes(&notice.0)?.u8(2)?.u8(*remedy as u8)?.u8(3)?;
                write_volumes(writer, volumes)
            }
            Self::Acceptance { proposal, content } => {
                writer.map(2)?.u8(0)?.bytes(&proposal.0)?.u8(1)?.bytes(&content.0)?.ok()
            }
        }
    }

    fn read(kind: Kind, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let fields = reader.map()?;
        let expected = match kind {
            Kind::Genesis => return Err(reader.error("a pact is no message; it is entry 0 only")),
            Kind::Notice => 6,
            Kind::ReadBack | Kind::Acceptance => 2,
            Kind::Conflict => 3,
            Kind::Proposal => 4,
        };
        if fields != expected {
            return Err(reader.error(format!("has {fields} fields, expected {expected}")));
        }
        match kind {
            Kind::Genesis | Kind::Notice => read_notice(reader).map(Self::Notice),
            Kind::ReadBack => {
                reader.key(0, "notice")?;
                let notice = reader.hash()?;
                reader.key(1, "content")?;
                Ok(Self::ReadBack { notice, content: reader.hash()? })
            }
            Kind::Conflict => {
                let key = read_key(reader)?;
                reader.key(1, "window")?;
                reader.tuple(2)?;
                let window = TimeWindow::new(UtcNanos(reader.i64()?), UtcNanos(reader.i64()?))
                    .map_err(|error| reader.error(error.to_string()))?;
                reader.key(2, "volume_pairs")?;
                Ok(Self::Conflict { key, window, volume_pairs: reader.u64()? })
            }
            Kind::Proposal => {
                let key = read_key(reader)?;
                reader.key(1, "notice")?;
                let notice = reader.hash()?;
                reader.key(2, "remedy")?;
                let remedy = choice(reader, &Remedy::ALL)?;
                reader.key(3, "volumes")?;
                Ok(Self::Proposal { key, notice, remedy, volumes: read_volumes(reader)? })
            }
            Kind::Acceptance => {
                reader.key(0, "proposal")?;
                let proposal = reader.hash()?;
                reader.key(1, "content")?;
                Ok(Self::Acceptance { proposal, content: reader.hash()? })
            }
        }
    }
}

fn write_notice(writer: &mut Writer<'_>, notice: &Notice) -> Written {
    writer.map(6)?.u8(0)?.u8(notice.act as u8)?.u8(1)?;
    match &notice.previous {
        Some(previous) => writer.bytes(&previous.0)?,
        None => writer.null()?,
    };
    writer.u8(2)?.u8(notice.class.wire())?.u8(3)?;
    write_optional_text(writer, notice.call_sign.as_deref())?;
    writer.u8(4)?;
    write_optional_text(writer, notice.contact.as_deref())?;
    writer.u8(5)?;
    write_volumes(writer, &notice.volumes)
}

fn read_notice(reader: &mut Reader<'_>) -> Result<Notice, CodecError> {
    reader.key(0, "act")?;
    let act = choice(reader, &NoticeAct::ALL)?;
    reader.key(1, "previous")?;
    let previous = if reader.null()? { None } else { Some(reader.hash()?) };
    if previous.is_some() == (act == NoticeAct::New) {
        return Err(reader.error("a new notice follows none, any other follows one"));
    }
    reader.key(2, "class")?;
    let class = choice(reader, &ActivityClass::ALL)?;
    reader.key(3, "call_sign")?;
    let call_sign = reader.optional_text(32)?;
    reader.key(4, "contact")?;
    let contact = reader.optional_text(200)?;
    reader.key(5, "volumes")?;
    Ok(Notice { act, previous, class, call_sign, contact, volumes: read_volumes(reader)? })
}

fn write_key(writer: &mut Writer<'_>, key: &ConflictKey) -> Written {
    writer.array(2)?.bytes(&key.0.0)?.bytes(&key.1.0)?.ok()
}

fn read_key(reader: &mut Reader<'_>) -> Result<ConflictKey, CodecError> {
    reader.key(0, "versions")?;
    reader.tuple(2)?;
    Ok(ConflictKey::new(reader.hash()?, reader.hash()?))
}

/// One of a list by its place on the wire.
fn choice<T: Copy>(reader: &mut Reader<'_>, choices: &[T]) -> Result<T, CodecError> {
    let value = reader.u64()?;
    let choice = usize::try_from(value).ok().and_then(|place| choices.get(place));
    choice.copied().ok_or_else(|| reader.error(format!("is {value}, expected 0 to {}", choices.len() - 1)))
}
