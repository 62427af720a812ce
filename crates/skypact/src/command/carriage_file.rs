//! A file of frames on the disk of whoever carries it: written for its owner alone, never over another one unasked, and
//! never left half-written under its name; read in pieces.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use skypact_channel::{FramesFileError, FramesItem, FramesReader};

use super::CliError;
use crate::http::problem::Problem;
use crate::system::in_words;

/// How much is read at once.
const PIECE_BYTES: usize = 1 << 20;

/// A file that is being written. Unless it is finished it leaves nothing behind.
pub(super) struct NewFile {
    /// Where it is to be.
    out: PathBuf,
    /// Where it is written.
    part: PathBuf,
    file: File,
    /// Whether the name is our own to give back.
    is_new: bool,
    finished: bool,
}

impl NewFile {
    /// Begins a file, with `force` in place of another one.
    pub(super) fn create(out: &Path, force: bool) -> Result<Self, CliError> {
        if !force {
            // The name is taken at once, so that nobody else can in the meantime.
            let named = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
            named.map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    let message = "is there already; name another one, or write over it with --force";
                    CliError::usage("file-exists", "out", format!("out: {} {message}", out.display()))
                }
                _ => CliError::usage("file-unusable", "out", format!("out: {}: {}", out.display(), in_words(&error))),
            })?;
        }
        let mut part = out.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        // What a run that was killed left there.
        let _ = fs::remove_file(&part);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let file = file.map_err(|error| CliError::from(unusable(&part, "out", &error)))?;
        Ok(Self { out: out.to_owned(), part, file, is_new: !force, finished: false })
    }

    /// Writes on.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.file.write_all(bytes).map_err(|error| unusable(&self.part, "out", &error))
    }

    /// Gives it its name, when all of it is on the disk.
    pub(super) fn finish(mut self) -> Result<(), CliError> {
        let named = self.file.sync_all().and_then(|()| fs::rename(&self.part, &self.out));
        named.map_err(|error| CliError::from(unusable(&self.out, "out", &error)))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.finished {
            // They may be gone already.
            let _ = fs::remove_file(&self.part);
            if self.is_new {
                let _ = fs::remove_file(&self.out);
            }
        }
    }
}

/// A file that is being read.
pub(super) struct Source {
    path: PathBuf,
    file: File,
    length: u64,
    position: u64,
    piece: Vec<u8>,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let missing = |error: io::Error| {
            CliError::usage("file-unusable", "file", format!("file: {}: {}", path.display(), in_words(&error)))
        };
        let file = File::open(path).map_err(missing)?;
        let length = file.metadata().map_err(missing)?.len();
        Ok(Self { path: path.to_owned(), file, length, position: 0, piece: vec![0; PIECE_BYTES] })
    }

    /// Its bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many of them were read.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Back to the beginning.
    pub(super) fn rewind(&mut self) -> Result<(), CliError> {
        self.position = 0;
        self.file.rewind().map_err(|error| unusable(&self.path, "file", &error).into())
    }

    /// How many items are sound, and what is wrong with the next one if the file is not whole.
    pub(super) fn check(&mut self) -> Result<(u64, Option<FramesFileError>), CliError> {
        let mut reader = FramesReader::default();
        loop {
            match self.next_item(&mut reader)? {
                Ok(Some(_)) => {}
                Ok(None) => return Ok((reader.items(), reader.finish().err())),
                Err(error) => return Ok((reader.items(), Some(error))),
            }
        }
    }

    /// The next item; none at the end of the file.
    pub(super) fn next_item(
        &mut self,
        reader: &mut FramesReader,
    ) -> Result<Result<Option<FramesItem>, FramesFileError>, CliError> {
        loop {
            match reader.next_item() {
                Ok(None) => {}
                known => return Ok(known),
            }
            let read = self.file.read(&mut self.piece);
            let count = read.map_err(|error| CliError::from(unusable(&self.path, "file", &error)))?;
            if count == 0 {
                return Ok(Ok(None));
            }
            self.position += count as u64;
            reader.push(&self.piece[..count]);
        }
    }
}

fn unusable(path: &Path, field: &str, error: &io::Error) -> Problem {
    Problem::request(500, "file-unusable", field, format!("{field}: {}: {}", path.display(), in_words(error)))
}
