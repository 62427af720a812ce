//! Bodies of joint incident cases (docs/channel-protocol.md, sections 2.27 and 2.28): the report that opens a case, and what either side
//! adds to it. A fact, a request and a finding are cited by leaf hash, and agreed to by the hash of their exact bytes.

use skypact_airspace::UtcNanos;
use skypact_record::{Hash, PublicKey};

use crate::codec::{CodecError, Reader, Writer, Written, write_hashes, write_optional_text};

/// Longest title of a case or an item, and name of a neutral or of a file, in bytes.
pub(crate) const TITLE_MAX: usize = 200;
/// Longest statement, fact, reason or other text, in bytes.
pub(crate) const TEXT_MAX: usize = 8_000;
/// Most entries that a report names.
const ABOUT_MAX: u64 = 64;
/// Longest media type of a file, in bytes.
const MEDIA_TYPE_MAX: usize = 100;
/// What a neutral signs begins with this.
const FINDING_PREFIX: &[u8] = b"skypact/v1/finding\n";

/// An incident, as the party that opens the case reports it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CaseReport {
    /// What the case is called; 1 to 200 bytes.
    pub title: String,
    /// What happened; 1 to 8,000 bytes.
    pub text: String,
    /// When it happened.
    pub at: Option<UtcNanos>,
    /// Entries that it is about, by leaf hash; at most 64.
    pub about: Vec<Hash>,
}

/// Something that one side adds to a case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CaseEntry {
    /// The case: leaf hash of its report, of the first version of a notice, or of the first STOP of an alarm.
    pub case: Hash,
    /// What is added.
    pub act: CaseAct,
}

/// What can be added to a case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum CaseAct {
    /// What its author says; it binds nobody else.
    Statement {
        /// 1 to 8,000 bytes.
        text: String,
    },
    /// A fact that both sides ought to agree on.
    Fact {
        /// 1 to 8,000 bytes.
        text: String,
    },
    /// The other side agrees to a fact as it stands.
    Agreed(Cited),
    /// The other side disputes it.
    Disputed {
        /// The fact.
        fact: Cited,
        /// Why.
        reason: String,
    },
    /// Evidence that the other side is asked for.
    Request {
        /// What is asked for; 1 to 8,000 bytes.
        text: String,
    },
    /// A file, by its hash: it stays with its owner.
    Evidence {
        /// The request that it answers, by leaf hash; none when nobody asked.
        request: Option<Hash>,
        /// The file.
        file: CaseFile,
        /// What it shows.
        note: Option<String>,
    },
    /// What was asked for is not given.
    Withheld {
        /// The request, by leaf hash.
        request: Hash,
        /// Why not.
        reason: String,
    },
    /// Whose finding its author will take for that of a neutral. It counts once both sides name the same key.
    Neutral(Neutral),
    /// A finding that reached its author, with the signature of whoever found.
    Finding(NeutralFinding),
    /// For its author the case is closed.
    Closed {
        /// The causes that were known, a bit for each.
        causes: u64,
        /// Why; 1 to 8,000 bytes.
        reason: String,
    },
}

/// An entry by its leaf, and the hash of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cited {
    /// Leaf hash.
    pub leaf: Hash,
    /// SHA-256 of its body.
    pub content: Hash,
}

/// A file that stays outside of the record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CaseFile {
    /// Name, 1 to 200 bytes.
    pub name: String,
    /// Media type, such as `image/jpeg`; 1 to 100 bytes.
    pub media_type: String,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
}

/// A third party that finds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Neutral {
    /// Its name, 1 to 200 bytes.
    pub name: String,
    /// Its Ed25519 key.
    pub key: PublicKey,
}

/// A finding about a case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NeutralFinding {
    /// Its file.
    pub file: CaseFile,
    /// Ed25519 key of whoever found.
    pub key: PublicKey,
    /// Signature of [`NeutralFinding::signed`].
    #[serde(with = "crate::channel::snapshot::halves")]
    pub signature: [u8; 64],
}

impl NeutralFinding {
    /// The bytes that a neutral signs over a file about a case.
    pub fn signed(case: &Hash, sha256: &Hash) -> Vec<u8> {
        [FINDING_PREFIX, &case.0, &sha256.0].concat()
    }

    /// Whether the signature is by its key, over this file, for this case.
    pub fn holds(&self, case: &Hash) -> bool {
        self.key.verify(&Self::signed(case, &self.file.sha256), &self.signature).is_ok()
    }
}

impl CaseReport {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(4)?.u8(0)?.str(&self.title)?.u8(1)?.str(&self.text)?.u8(2)?;
        match self.at {
            Some(at) => writer.i64(at.0)?,
            None => writer.null()?,
        };
        writer.u8(3)?;
        write_hashes(writer, &self.about)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "title")?;
        let title = words(reader, TITLE_MAX)?;
        reader.key(1, "text")?;
        let text = words(reader, TEXT_MAX)?;
        reader.key(2, "at")?;
        let at = if reader.null()? { None } else { Some(UtcNanos(reader.i64()?)) };
        reader.key(3, "about")?;
        Ok(Self { title, text, at, about: reader.hashes(ABOUT_MAX)? })
    }
}

impl CaseEntry {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(3)?.u8(0)?.bytes(&self.case.0)?.u8(1)?.u64(self.act.number())?.u8(2)?;
        self.act.write(writer)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "case")?;
        let case = reader.hash()?;
        reader.key(1, "act")?;
        let number = reader.u64()?;
        if number > 9 {
            return Err(reader.error(format!("is {number}, expected 0 to 9")));
        }
        reader.key(2, "fields")?;
        Ok(Self { case, act: CaseAct::read(number, reader)? })
    }
}

impl CaseAct {
    /// Name for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Statement { .. } => "statement",
            Self::Fact { .. } => "fact",
            Self::Agreed(_) => "agreed",
            Self::Disputed { .. } => "disputed",
            Self::Request { .. } => "request",
            Self::Evidence { .. } => "evidence",
            Self::Withheld { .. } => "withheld",
            Self::Neutral(_) => "neutral",
            Self::Finding(_) => "finding",
            Self::Closed { .. } => "closed",
        }
    }

    fn number(&self) -> u64 {
        match self {
            Self::Statement { .. } => 0,
            Self::Fact { .. } => 1,
            Self::Agreed(_) => 2,
            Self::Disputed { .. } => 3,
            Self::Request { .. } => 4,
            Self::Evidence { .. } => 5,
            Self::Withheld { .. } => 6,
            Self::Neutral(_) => 7,
            Self::Finding(_) => 8,
            Self::Closed { .. } => 9,
        }
    }

    fn write(&self, writer: &mut Writer<'_>) -> Written {
        match self {
            Self::Statement { text } | Self::Fact { text } | Self::Request { text } => writer.array(1)?.str(text)?.ok(),
            Self::Agreed(Cited { leaf, content }) => writer.array(2)?.bytes(&leaf.0)?.bytes(&content.0)?.ok(),
            Self::Disputed { fact, reason } => {
                writer.array(3)?.bytes(&fact.leaf.0)?.bytes(&fact.content.0)?.str(reason)?.ok()
            }
            Self::Evidence { request, file, note } => {
                writer.array(6)?;
                match request {
                    Some(request) => writer.bytes(&request.0)?,
                    None => writer.null()?,
                };
                file.write(writer)?;
                write_optional_text(writer, note.as_deref())
            }
            Self::Withheld { request, reason } => writer.array(2)?.bytes(&request.0)?.str(reason)?.ok(),
            Self::Neutral(Neutral { name, key }) => writer.array(2)?.str(name)?.bytes(key.as_bytes())?.ok(),
            Self::Finding(NeutralFinding { file, key, signature }) => {
                writer.array(6)?;
                file.write(writer)?;
                writer.bytes(key.as_bytes())?.bytes(signature)?.ok()
            }
            Self::Closed { causes, reason } => writer.array(2)?.u64(*causes)?.str(reason)?.ok(),
        }
    }

    fn read(number: u64, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.tuple([1, 1, 2, 3, 1, 6, 2, 2, 6, 2][number as usize])?;
        Ok(match number {
            0 => Self::Statement { text: words(reader, TEXT_MAX)? },
            1 => Self::Fact { text: words(reader, TEXT_MAX)? },
            2 => Self::Agreed(Cited::read(reader)?),
            3 => Self::Disputed { fact: Cited::read(reader)?, reason: words(reader, TEXT_MAX)? },
            4 => Self::Request { text: words(reader, TEXT_MAX)? },
            5 => {
                let request = if reader.null()? { None } else { Some(reader.hash()?) };
                Self::Evidence { request, file: CaseFile::read(reader)?, note: reader.optional_text(TEXT_MAX)? }
            }
            6 => Self::Withheld { request: reader.hash()?, reason: words(reader, TEXT_MAX)? },
            7 => Self::Neutral(Neutral { name: words(reader, TITLE_MAX)?, key: read_key(reader)? }),
            8 => {
                let (file, key) = (CaseFile::read(reader)?, read_key(reader)?);
                let signature = reader.bytes(64)?.try_into();
                let signature = signature.map_err(|_| reader.error("expected a signature of 64 bytes"))?;
                Self::Finding(NeutralFinding { file, key, signature })
            }
            _ => Self::Closed { causes: reader.u64()?, reason: words(reader, TEXT_MAX)? },
        })
    }
}

impl Cited {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { leaf: reader.hash()?, content: reader.hash()? })
    }
}

impl CaseFile {
    fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.str(&self.name)?.str(&self.media_type)?.u64(self.size)?.bytes(&self.sha256.0)?.ok()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let (name, media_type) = (words(reader, TITLE_MAX)?, words(reader, MEDIA_TYPE_MAX)?);
        Ok(Self { name, media_type, size: reader.u64()?, sha256: reader.hash()? })
    }
}

/// A text that says something.
pub(crate) fn words(reader: &mut Reader<'_>, limit: usize) -> Result<String, CodecError> {
    let text = reader.text(limit)?;
    if text.trim().is_empty() { Err(reader.error("has an empty text; say something")) } else { Ok(text) }
}

fn read_key(reader: &mut Reader<'_>) -> Result<PublicKey, CodecError> {
    let key = reader.hash()?;
    PublicKey::ed25519(&key.0).map_err(|error| reader.error(error.to_string()))
}
