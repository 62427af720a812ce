//! Notice of activity: what a party announces, changes, activates, ends or cancels (docs/channel-protocol.md, section 2.1).

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_record::Hash;

use crate::class::ActivityClass;
use crate::codec::{self, CodecError, Reader, Writer, Written, write_optional_text};
use crate::volume_codec::{read_volumes, write_volumes};

/// What a notice of activity does to the activity that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

    /// Whether the activity is still announced after it.
    pub fn stands(self) -> bool {
        !matches!(self, Self::Ended | Self::Cancelled)
    }

    /// Act of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }
}

/// A notice of activity. `Activated`, `Ended` and `Cancelled` repeat the content that they speak of, so that each
/// version can be read back by itself.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
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

    /// Reads a notice out of its own bytes, as [`crate::Message::decode`] does.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let read = |reader: &mut Reader<'_>| {
            reader.fields(6)?;
            Self::read(reader)
        };
        codec::decode_exact("notice", bytes, read, |notice| codec::encode(|writer| notice.write(writer)))
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(6)?.u8(0)?.u8(self.act as u8)?.u8(1)?;
        match &self.previous {
            Some(previous) => writer.bytes(&previous.0)?,
            None => writer.null()?,
        };
        writer.u8(2)?.u8(self.class.wire())?.u8(3)?;
        write_optional_text(writer, self.call_sign.as_deref())?;
        writer.u8(4)?;
        write_optional_text(writer, self.contact.as_deref())?;
        writer.u8(5)?;
        write_volumes(writer, &self.volumes)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "act")?;
        let act = reader.choice(&NoticeAct::ALL)?;
        reader.key(1, "previous")?;
        let previous = if reader.null()? { None } else { Some(reader.hash()?) };
        if previous.is_some() == (act == NoticeAct::New) {
            return Err(reader.error("a new notice follows none, any other follows one"));
        }
        reader.key(2, "class")?;
        let class = reader.choice(&ActivityClass::ALL)?;
        reader.key(3, "call_sign")?;
        let call_sign = reader.optional_text(32)?;
        reader.key(4, "contact")?;
        let contact = reader.optional_text(200)?;
        reader.key(5, "volumes")?;
        Ok(Self { act, previous, class, call_sign, contact, volumes: read_volumes(reader)? })
    }
}
