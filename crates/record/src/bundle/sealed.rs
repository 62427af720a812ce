//! A tar that is written file by file and closed with the seal over them.

use std::io::{self, Write};

use super::{Seal, SealedFile, tar};
use crate::hash::Hash;

/// The tar and the seal over what is in it so far.
pub(crate) struct SealedTar<W: Write> {
    sink: W,
    seal: Seal,
}

impl<W: Write> SealedTar<W> {
    pub(crate) fn new(sink: W) -> Self {
        Self { sink, seal: Seal::default() }
    }

    /// Whether a file of this name comes after the last one.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.seal.files.last().is_none_or(|last| last.name.as_str() < name)
    }

    pub(crate) fn file(&mut self, name: String, content: &[u8]) -> io::Result<()> {
        tar::write_file(&mut self.sink, &name, content)?;
        self.seal.files.push(SealedFile { name, size: content.len() as u64, hash: Hash::of(content) });
        Ok(())
    }

    /// Writes the seal and the end, and gives the sink back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        tar::write_file(&mut self.sink, "seal", &self.seal.encode())?;
        tar::write_end(&mut self.sink)?;
        Ok(self.sink)
    }
}
