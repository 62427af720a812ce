//! The evidence bundle: everything that a third party needs, in one tar that has one form (docs/record-format.md, section 10).

mod file_name;
mod manifest;
mod sealed;
mod tar;
mod writer;

pub use file_name::FileName;
pub use manifest::{Manifest, ManifestLog, Seal, SealedFile};
pub(crate) use sealed::SealedTar;
pub use tar::{TarFault, TarFile, TarReader};
pub use writer::{BundleError, BundleWriter, log_order};

/// Leaves in one file of a whole log.
pub const CHUNK_LEAVES: usize = 256;
/// Longest file of a bundle, in bytes.
pub const FILE_BYTES_MAX: u64 = 16_777_216;
/// A file of parts ends before the item that would make it longer than this, in bytes.
pub const PARTS_FILE_BYTES: usize = 1_048_576;
