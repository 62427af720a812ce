//! The one form of tar that a bundle has (POSIX ustar, narrowed as in docs/record-format.md, section 10).
//! The reader makes each header again and compares, so that no byte of a header or of padding is free.

use std::io::{self, Read, Write};

use super::FILE_BYTES_MAX;

const BLOCK: usize = 512;

/// Header of a file, or `None` when the name or the size does not fit.
fn header(name: &str, size: u64) -> Option<[u8; BLOCK]> {
    if name.is_empty() || name.len() > 100 || name.contains('\0') || size > FILE_BYTES_MAX {
        return None;
    }
    let mut block = [0; BLOCK];
    let mut put = |offset: usize, bytes: &[u8]| block[offset..offset + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\0");
    put(263, b"00");
    let checksum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{checksum:06o}\0 ").as_bytes());
    Some(block)
}

fn padding(size: u64) -> usize {
    (BLOCK - (size as usize % BLOCK)) % BLOCK
}

/// Writes one file. The name and the size must fit a header.
pub(crate) fn write_file(sink: &mut impl Write, name: &str, content: &[u8]) -> io::Result<()> {
    let header = header(name, content.len() as u64)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "file of a bundle is longer than 16777216 bytes"))?;
    sink.write_all(&header)?;
    sink.write_all(content)?;
    sink.write_all(&[0; BLOCK][..padding(content.len() as u64)])
}

/// Writes the end of the archive.
pub(crate) fn write_end(sink: &mut impl Write) -> io::Result<()> {
    sink.write_all(&[0; 2 * BLOCK])
}

/// One file as it stands in the tar.
#[derive(Debug)]
pub struct TarFile {
    /// Its name.
    pub name: String,
    /// Offset of its content in the tar, in bytes.
    pub offset: u64,
    /// Its content.
    pub content: Vec<u8>,
}

/// Why the tar cannot be read on.
#[derive(Debug)]
pub struct TarFault {
    /// File it is in, if known.
    pub name: Option<String>,
    /// Offset in the tar, in bytes.
    pub offset: u64,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// Reads files one after another; holds one file in memory, and only as much of it as is there.
pub struct TarReader<R> {
    source: R,
    offset: u64,
}

impl<R: Read> TarReader<R> {
    /// Reads from the beginning of a bundle.
    pub fn new(source: R) -> Self {
        Self { source, offset: 0 }
    }

    /// The next file; `None` at an end of the archive that is followed by nothing.
    pub fn next_file(&mut self) -> Result<Option<TarFile>, TarFault> {
        let start = self.offset;
        let block = self.take(BLOCK as u64, None)?;
        if block.iter().all(|byte| *byte == 0) {
            return self.end(start).map(|()| None);
        }
        let name = name_in(&block);
        let size = size_in(&block);
        let expected = header(&name, size.unwrap_or(0));
        let differs = match expected {
            Some(expected) => expected.iter().zip(&block).position(|(a, b)| a != b),
            None => Some(0),
        };
        if let Some(differs) = differs {
            let reason = "header is not the one this file would have".to_owned();
            return Err(TarFault { name: Some(name), offset: start + differs as u64, code: "tar-header", reason });
        }
        let size = size.expect("a header that is equal to one we make has a size");
        let offset = self.offset;
        let content = self.take(size, Some(&name))?;
        let filling_at = self.offset;
        let filling = self.take(padding(size) as u64, Some(&name))?;
        if let Some(place) = filling.iter().position(|byte| *byte != 0) {
            let reason = "filling after the file is not zero".to_owned();
            return Err(TarFault { name: Some(name), offset: filling_at + place as u64, code: "tar-padding", reason });
        }
        Ok(Some(TarFile { name, offset, content }))
    }

    fn end(&mut self, start: u64) -> Result<(), TarFault> {
        let fault = |offset, reason: &str| TarFault { name: None, offset, code: "tar-end", reason: reason.to_owned() };
        let block = self.take(BLOCK as u64, None)?;
        if let Some(place) = block.iter().position(|byte| *byte != 0) {
            return Err(fault(start + (BLOCK + place) as u64, "end of the archive is not 1024 zero bytes"));
        }
        let after = self.offset;
        match self.read_up_to(1) {
            Ok(rest) if rest.is_empty() => Ok(()),
            Ok(_) => Err(fault(after, "bytes follow the end of the archive")),
            Err(error) => Err(fault(after, &error.to_string())),
        }
    }

    fn take(&mut self, length: u64, name: Option<&str>) -> Result<Vec<u8>, TarFault> {
        let fault = |offset, code, reason| TarFault { name: name.map(str::to_owned), offset, code, reason };
        match self.read_up_to(length) {
            Ok(bytes) if bytes.len() as u64 == length => Ok(bytes),
            Ok(_) => Err(fault(self.offset, "tar-truncated", "bundle ends here, before it is complete".to_owned())),
            Err(error) => Err(fault(self.offset, "tar-unreadable", error.to_string())),
        }
    }

    fn read_up_to(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.source.by_ref().take(length).read_to_end(&mut bytes)?;
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }
}

fn name_in(block: &[u8]) -> String {
    let name = &block[..100];
    let length = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(&name[..length]).into_owned()
}

fn size_in(block: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(&block[124..135]).ok()?;
    u64::from_str_radix(digits, 8).ok()
}
