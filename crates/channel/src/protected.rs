//! Protected sites and movements: a notice with what makes it protected (docs/channel-protocol.md, section 2.15). It goes to the
//! counterpart of this channel and to nobody else; whoever has several channels files it in those of its choice.

use skypact_record::Hash;

use crate::class::ActivityClass;
use crate::codec::{CodecError, Reader, Writer, Written, write_hashes, write_optional_text};
use crate::notice::Notice;

/// Longest name and longest description of markings, in bytes.
const NAME_MAX: usize = 64;
const MARKINGS_MAX: usize = 200;
/// Longest notice inside, in bytes.
const NOTICE_BYTES_MAX: usize = 60_000;
/// Most photographs.
const PHOTOGRAPHS_MAX: u64 = 16;

/// How sure the place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Verification {
    /// Nobody has checked it.
    Unverified,
    /// Several forms of the position agree.
    CrossChecked,
    /// Somebody was there.
    Visited,
}

impl Verification {
    /// Every state, in the order of its wire value.
    pub const ALL: [Self; 3] = [Self::Unverified, Self::CrossChecked, Self::Visited];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::CrossChecked => "cross-checked",
            Self::Visited => "visited",
        }
    }

    /// State of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A protected site or movement.
#[derive(Debug, Clone, PartialEq)]
pub struct Protected {
    /// Where, and until when: a notice of a relief flight or a ground movement. A site is one whose window is its validity.
    pub notice: Notice,
    /// Its name, such as that of a hospital; 1 to 64 bytes.
    pub name: String,
    /// How sure its place is.
    pub verification: Verification,
    /// How it is marked; at most 200 bytes.
    pub markings: Option<String>,
    /// SHA-256 of photographs, at most 16.
    pub photographs: Vec<Hash>,
}

/// What makes a notice on the board protected.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Protection {
    /// Its name.
    pub name: String,
    /// How sure its place is.
    pub verification: Verification,
    /// How it is marked.
    pub markings: Option<String>,
    /// SHA-256 of photographs.
    pub photographs: Vec<Hash>,
}

impl Protection {
    /// The body that protects this notice.
    pub(crate) fn of(self, notice: Notice) -> Protected {
        let Self { name, verification, markings, photographs } = self;
        Protected { notice, name, verification, markings, photographs }
    }
}

impl Protected {
    /// The notice, and what makes it protected.
    pub(crate) fn into_parts(self) -> (Notice, Protection) {
        let Self { notice, name, verification, markings, photographs } = self;
        (notice, Protection { name, verification, markings, photographs })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        let notice = crate::codec::encode(|writer| self.notice.write(writer));
        writer.map(5)?.u8(0)?.bytes(&notice)?.u8(1)?.str(&self.name)?.u8(2)?.u8(self.verification as u8)?.u8(3)?;
        write_optional_text(writer, self.markings.as_deref())?;
        writer.u8(4)?;
        write_hashes(writer, &self.photographs)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "notice")?;
        let notice = Notice::decode(reader.bytes(NOTICE_BYTES_MAX)?)?;
        if !matches!(notice.class, ActivityClass::ReliefFlight | ActivityClass::GroundMovement) {
            return Err(reader.error("has a class that is never protected; give a relief flight or a ground movement"));
        }
        reader.key(1, "name")?;
        let name = reader.text(NAME_MAX)?;
        if name.trim().is_empty() {
            return Err(reader.error("is empty; name what is protected"));
        }
        reader.key(2, "verification")?;
        let verification = reader.choice(&Verification::ALL)?;
        reader.key(3, "markings")?;
        let markings = reader.optional_text(MARKINGS_MAX)?;
        reader.key(4, "photographs")?;
        Ok(Self { notice, name, verification, markings, photographs: reader.hashes(PHOTOGRAPHS_MAX)? })
    }
}
