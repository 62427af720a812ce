//! Bodies of the working group (docs/channel-protocol.md, sections 2.29 and 2.30): an item put on the agenda by hand, and what the two
//! sides say about an item: positions, and decisions that bind once the other side has signed their exact bytes.

use skypact_record::Hash;

use crate::case::{Cited, TEXT_MAX, TITLE_MAX, words};
use crate::codec::{CodecError, Reader, Writer, Written, write_optional_text};

/// An item that somebody puts on the agenda.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AgendaItem {
    /// What it is called; 1 to 200 bytes.
    pub title: String,
    /// What there is to talk about; at most 8,000 bytes.
    pub text: Option<String>,
}

/// What one side says about an item.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AgendaEntry {
    /// The item: leaf hash of its entry, or what a case is named by.
    pub item: Hash,
    /// What is said.
    pub act: AgendaAct,
}

/// What can be said about an item.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum AgendaAct {
    /// Where its author stands. A later one takes its place, and the earlier one stays in the record.
    Position {
        /// 1 to 8,000 bytes.
        text: String,
    },
    /// A decision that its author would sign, and has signed with this entry.
    Proposed {
        /// 1 to 8,000 bytes.
        text: String,
    },
    /// The other side signs a proposed decision as it stands.
    Accepted(Cited),
}

impl AgendaItem {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(2)?.u8(0)?.str(&self.title)?.u8(1)?;
        write_optional_text(writer, self.text.as_deref())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "title")?;
        let title = words(reader, TITLE_MAX)?;
        reader.key(1, "text")?;
        Ok(Self { title, text: reader.optional_text(TEXT_MAX)? })
    }
}

impl AgendaEntry {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(3)?.u8(0)?.bytes(&self.item.0)?.u8(1)?;
        match &self.act {
            AgendaAct::Position { text } => writer.u8(0)?.u8(2)?.array(1)?.str(text)?.ok(),
            AgendaAct::Proposed { text } => writer.u8(1)?.u8(2)?.array(1)?.str(text)?.ok(),
            AgendaAct::Accepted(Cited { leaf, content }) => {
                writer.u8(2)?.u8(2)?.array(2)?.bytes(&leaf.0)?.bytes(&content.0)?.ok()
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "item")?;
        let item = reader.hash()?;
        reader.key(1, "act")?;
        let accepts = reader.choice(&[(false, false), (true, false), (false, true)])?;
        reader.key(2, "fields")?;
        reader.tuple(if accepts.1 { 2 } else { 1 })?;
        let act = match accepts {
            (_, true) => AgendaAct::Accepted(Cited::read(reader)?),
            (true, false) => AgendaAct::Proposed { text: words(reader, TEXT_MAX)? },
            (false, false) => AgendaAct::Position { text: words(reader, TEXT_MAX)? },
        };
        Ok(Self { item, act })
    }
}
