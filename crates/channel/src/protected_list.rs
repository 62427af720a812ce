//! The list of what a party has protected, and the receipts for it (docs/channel-protocol.md, section 2.18): both sides name the
//! same list by one hash, so that nobody can say later that a hospital was not on it.

use skypact_record::Hash;

use crate::board::{Misfit, Origin};
use crate::codec::{CodecError, Reader, Writer, Written};

/// The sites and movements of one party that stand, by the leaf hashes of their versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedList {
    /// Names this very list.
    pub version: Hash,
    /// How many there are.
    pub count: u64,
}

impl ProtectedList {
    pub(crate) fn of(mut leaves: Vec<Hash>) -> Self {
        leaves.sort_unstable();
        let count = leaves.len() as u64;
        let counted = count.to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![b"skypact/v1/protected-list\n", &counted];
        parts.extend(leaves.iter().map(|leaf| &leaf.0[..]));
        Self { version: Hash::of_parts(&parts), count }
    }
}

/// The signing officer holds this list of the counterpart's, at the time that the act claims.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ListReceipt {
    /// Version of the list.
    pub version: Hash,
    /// How many sites and movements are on it.
    pub count: u64,
}

impl ListReceipt {
    /// Whether it is for this list.
    pub(crate) fn check(&self, list: &ProtectedList) -> Result<(), Misfit> {
        if (self.version, self.count) == (list.version, list.count) {
            return Ok(());
        }
        Err(Misfit::ContentDiffers { stated: self.version, actual: list.version })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(2)?.u8(0)?.bytes(&self.version.0)?.u8(1)?.u64(self.count)?.ok()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "version")?;
        let version = reader.hash()?;
        reader.key(1, "count")?;
        Ok(Self { version, count: reader.u64()? })
    }
}

/// A receipt, and where it stands.
pub type PlacedReceipt = (ListReceipt, Origin);
