//! Statements: who said what, when and where (docs/channel-protocol.md, section 2.35). A changed position takes the place of the earlier
//! one and never erases it.

use std::collections::HashMap;

use skypact_airspace::UtcNanos;
use skypact_record::Hash;

use crate::board::{Misfit, Origin};
use crate::codec::{CodecError, Reader, Writer, Written, write_optional_hash, write_optional_text};

/// Longest name of a speaker or subject, role, quoted text, source and language tag, in bytes.
const NAME_MAX: usize = 64;
const ROLE_MAX: usize = 100;
const QUOTE_MAX: usize = 2_000;
const SOURCE_MAX: usize = 300;
const LANGUAGE_MAX: usize = 35;

/// What somebody said, as the signing officer's party holds it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Statement {
    /// What it is about, so that positions on one matter stand together; 1 to 64 bytes.
    pub subject: String,
    /// Whose statement it is, such as the name of a party or government; 1 to 64 bytes.
    pub speaker: String,
    /// Office or person who said it; at most 100 bytes.
    pub role: Option<String>,
    /// When it was said.
    pub said: UtcNanos,
    /// Language of the quoted text, a BCP 47 tag.
    pub language: String,
    /// What was said, in the words of the speaker; 1 to 2,000 bytes.
    pub quote: String,
    /// Where it was said or published; at most 300 bytes.
    pub source: Option<String>,
    /// Leaf hash of the statement, entered by the same party, that this one takes the place of.
    pub supersedes: Option<Hash>,
}

impl Statement {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(8)?.u8(0)?.str(&self.subject)?.u8(1)?.str(&self.speaker)?.u8(2)?;
        write_optional_text(writer, self.role.as_deref())?;
        writer.u8(3)?.i64(self.said.0)?.u8(4)?.str(&self.language)?.u8(5)?.str(&self.quote)?.u8(6)?;
        write_optional_text(writer, self.source.as_deref())?;
        writer.u8(7)?;
        write_optional_hash(writer, self.supersedes)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "subject")?;
        let subject = reader.words(NAME_MAX)?;
        reader.key(1, "speaker")?;
        let speaker = reader.words(NAME_MAX)?;
        reader.key(2, "role")?;
        let role = reader.optional_text(ROLE_MAX)?;
        reader.key(3, "said")?;
        let said = UtcNanos(reader.i64()?);
        reader.key(4, "language")?;
        let language = reader.words(LANGUAGE_MAX)?;
        if !language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(reader.error("is no BCP 47 tag, such as 'en' or 'ar'"));
        }
        reader.key(5, "quote")?;
        let quote = reader.words(QUOTE_MAX)?;
        reader.key(6, "source")?;
        let source = reader.optional_text(SOURCE_MAX)?;
        reader.key(7, "supersedes")?;
        Ok(Self { subject, speaker, role, said, language, quote, source, supersedes: reader.optional_hash()? })
    }
}

/// A statement on the record.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct StatementState {
    /// What it says.
    pub statement: Statement,
    /// Where it stands.
    pub origin: Origin,
    /// Leaf hash of the one that took its place.
    pub superseded_by: Option<Hash>,
}

/// The statements of a channel.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct StatementBook {
    states: Vec<StatementState>,
    #[serde(serialize_with = "crate::channel::snapshot::sorted_map")]
    places: HashMap<Hash, usize>,
}

impl StatementBook {
    /// Every statement, in the order in which this node took them in.
    pub fn iter(&self) -> impl Iterator<Item = &StatementState> {
        self.states.iter()
    }

    /// A statement by its leaf hash.
    pub fn get(&self, leaf: &Hash) -> Option<&StatementState> {
        self.places.get(leaf).map(|place| &self.states[*place])
    }

    pub(crate) fn check(&self, party: usize, statement: &Statement) -> Result<(), Misfit> {
        let Some(hash) = statement.supersedes else { return Ok(()) };
        let state = self.get(&hash).ok_or(Misfit::Unknown { field: "supersedes", hash })?;
        if state.origin.party != party {
            let reason = "only the party that entered a statement puts another in its place; enter one of its own";
            return Err(Misfit::WrongParty { field: "supersedes", reason });
        }
        match state.superseded_by {
            Some(newest) => Err(Misfit::Replaced { field: "supersedes", hash, newest }),
            None => Ok(()),
        }
    }

    pub(crate) fn take(&mut self, statement: Statement, origin: Origin) {
        if let Some(place) = statement.supersedes.and_then(|earlier| self.places.get(&earlier)) {
            self.states[*place].superseded_by = Some(origin.leaf);
        }
        self.places.insert(origin.leaf, self.states.len());
        self.states.push(StatementState { statement, origin, superseded_by: None });
    }
}
