//! The snapshot file of a DSS (docs/dss.md, "Snapshots"): written beside by a thread of its own, renamed into place, read by two.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use minicbor::{Decoder, Encoder};
use sha2::{Digest as _, Sha256};
use skypact_dss::Dss;
use skypact_dss::snapshot::{Frozen, Piece};
use skypact_record::{Frontier, Hash};
use tracing::warn;

use super::journal::Journal;
use super::replica::Replica;

const MAGIC: &[u8] = b"skypact-dss-snapshot 1\n";
/// Longest piece, in bytes: 4,096 entities of 10,000 vertices each would not fit, but a request's bytes bound those.
const PIECE_BYTES_MAX: u64 = 1 << 32;
const HEADER_BYTES_MAX: u64 = 1 << 16;
/// Threads that read pieces.
const READERS: usize = 2;

/// Why a snapshot cannot be written or used.
#[derive(Debug, thiserror::Error)]
#[error("snapshot {path}: {reason}")]
pub(super) struct SnapshotFault {
    path: String,
    reason: String,
}

/// What is written: the state and the log at one size.
struct Snapshot {
    frozen: Frozen,
    journal: Journal,
}

/// Writes snapshots when they are due, one at a time, on a thread of its own.
pub(super) struct Photographer {
    dir: PathBuf,
    /// Size of the log at the newest snapshot.
    taken_at: u64,
    at_work: Option<JoinHandle<()>>,
}

/// Fewest entries between two snapshots.
const ENTRIES_MIN: u64 = 100_000;

impl Photographer {
    /// For a directory whose newest snapshot, or none, is of this size of the log.
    pub(super) fn new(dir: PathBuf, taken_at: u64) -> Self {
        Self { dir, taken_at, at_work: None }
    }

    /// Takes a snapshot when one is due and none is being written. What is taken is the state as it is now.
    pub(super) fn take_if_due(&mut self, replica: &Replica) {
        let sizes = replica.dss.sizes();
        let held = (sizes.operational_intents + sizes.constraints + sizes.subscriptions) as u64;
        let grown = replica.journal.size() - self.taken_at;
        if grown < ENTRIES_MIN.max(held / 4) || self.at_work.as_ref().is_some_and(|work| !work.is_finished()) {
            return;
        }
        self.taken_at = replica.journal.size();
        let snapshot = Snapshot { frozen: replica.dss.freeze(), journal: replica.journal.clone() };
        let dir = self.dir.clone();
        let thread = std::thread::Builder::new().name("dss-snapshot".to_owned());
        // Without a thread there is no snapshot this time, and the next start takes longer.
        self.at_work = thread.spawn(move || write_or_warn(&dir, &snapshot)).ok();
    }

    /// Takes the last one, if anything has changed, and waits for it.
    pub(super) fn finish(mut self, replica: &Replica) {
        if let Some(work) = self.at_work.take() {
            // A thread that panicked has written nothing that counts.
            let _ = work.join();
        }
        if replica.journal.size() > self.taken_at {
            write_or_warn(&self.dir, &Snapshot { frozen: replica.dss.freeze(), journal: replica.journal.clone() });
        }
    }
}

fn write_or_warn(dir: &Path, snapshot: &Snapshot) {
    if let Err(error) = write(dir, snapshot) {
        warn!(%error, "no snapshot was written; the next start reads more of the log");
    }
}

/// Where the snapshot of a directory is.
fn path(dir: &Path) -> PathBuf {
    dir.join("snapshot")
}

/// Writes a snapshot in place of the last one. Until the rename nothing has happened.
fn write(dir: &Path, snapshot: &Snapshot) -> Result<(), SnapshotFault> {
    let beside = dir.join("snapshot.new");
    let failed = |error: std::io::Error| fault(&beside, error);
    let mut options = std::fs::OpenOptions::new();
    let options = std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create(true).truncate(true), 0o600);
    let file = options.open(&beside).map_err(failed)?;
    let mut sink = Sealed { sink: BufWriter::with_capacity(1 << 20, file), hash: Sha256::new() };
    let written = write_all(&mut sink, snapshot).and_then(|()| sink.finish());
    written.and_then(|file| file.sync_all()).map_err(failed)?;
    let renamed = std::fs::rename(&beside, path(dir)).and_then(|()| File::open(dir)?.sync_all());
    renamed.map_err(failed)
}

fn write_all(sink: &mut impl Write, snapshot: &Snapshot) -> std::io::Result<()> {
    sink.write_all(MAGIC)?;
    let frontier = snapshot.journal.frontier();
    let header = encoded(|w| {
        w.array(3)?.str(snapshot.journal.origin().as_str())?.u64(frontier.size())?;
        w.array(frontier.peaks().len() as u64)?;
        frontier.peaks().iter().try_for_each(|peak| w.bytes(&peak.0).map(drop))
    });
    sink.write_all(&framed(&header))?;
    for piece in snapshot.frozen.pieces() {
        sink.write_all(&framed(&piece))?;
    }
    sink.write_all(&encoded(|w| w.null().map(drop)))
}

/// The state of the newest snapshot of a directory; an empty one when there is none that can be used.
pub(super) fn read_or_empty(dir: &Path, empty: &Replica) -> Replica {
    match read(dir, empty) {
        Ok(Some(replica)) => replica,
        Ok(None) => empty.clone(),
        Err(error) => {
            warn!(%error, "it is passed over, and the log is read from its beginning");
            empty.clone()
        }
    }
}

fn read(dir: &Path, empty: &Replica) -> Result<Option<Replica>, SnapshotFault> {
    let path = path(dir);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(&path, error)),
    };
    let mut source = Unsealed { source: BufReader::with_capacity(1 << 20, file), hash: Sha256::new() };
    let wrong = |reason: String| fault(&path, reason);
    let mut magic = [0; MAGIC.len()];
    source.read_exact(&mut magic).map_err(|error| wrong(error.to_string()))?;
    if magic != MAGIC {
        return Err(wrong("is of another version".to_owned()));
    }
    let header = source.framed(HEADER_BYTES_MAX).map_err(wrong)?.ok_or_else(|| wrong("has no header".to_owned()))?;
    let frontier = read_header(&header, empty.journal.origin().as_str()).map_err(wrong)?;
    let dss = read_pieces(&mut source).map_err(wrong)?;
    source.finish().map_err(wrong)?;
    Ok(Some(Replica { dss, journal: empty.journal.at(frontier) }))
}

/// Reads pieces on two threads and takes them in on this one.
fn read_pieces(source: &mut Unsealed<impl Read + Send>) -> Result<Dss, String> {
    let mut dss = Dss::new();
    let (raw, waiting) = std::sync::mpsc::sync_channel::<Vec<u8>>(2 * READERS);
    let waiting = std::sync::Mutex::new(waiting);
    let (read, pieces) = std::sync::mpsc::sync_channel(2 * READERS);
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            let (waiting, read) = (&waiting, read.clone());
            scope.spawn(move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
                    let Ok(bytes) = next else { return };
                    if read.send(Piece::decode(&bytes)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(read);
        let feed = scope.spawn(move || -> Result<(), String> {
            while let Some(bytes) = source.framed(PIECE_BYTES_MAX)? {
                // Readers that are gone have met a fault, which is told below.
                if raw.send(bytes).is_err() {
                    break;
                }
            }
            Ok(())
        });
        for piece in pieces {
            dss.take_in(piece.map_err(|error| error.to_string())?);
        }
        feed.join().map_err(|_| "the reading thread ended".to_owned())?
    })?;
    Ok(dss)
}

fn read_header(bytes: &[u8], origin: &str) -> Result<Frontier, String> {
    let r = &mut Decoder::new(bytes);
    let read = |error: minicbor::decode::Error| error.to_string();
    if r.array().map_err(read)? != Some(3) || r.str().map_err(read)? != origin {
        return Err("is of another log".to_owned());
    }
    let size = r.u64().map_err(read)?;
    let count = r.array().map_err(read)?.filter(|count| *count <= 64).ok_or("has a header of another form")?;
    let mut peaks = Vec::new();
    for _ in 0..count {
        let peak: [u8; 32] = r.bytes().map_err(read)?.try_into().map_err(|_| "has a root of another length")?;
        peaks.push(Hash(peak));
    }
    Frontier::from_peaks(size, peaks).ok_or_else(|| "has another number of roots than its size asks for".to_owned())
}

fn encoded(
    write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), minicbor::encode::Error<std::convert::Infallible>>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes)).expect("a Vec takes every byte");
    bytes
}

/// The bytes as a CBOR byte string.
fn framed(bytes: &[u8]) -> Vec<u8> {
    encoded(|w| w.bytes(bytes).map(drop))
}

fn fault(path: &Path, reason: impl std::fmt::Display) -> SnapshotFault {
    SnapshotFault { path: path.display().to_string(), reason: reason.to_string() }
}

/// A sink that hashes what goes through it.
struct Sealed<W> {
    sink: W,
    hash: Sha256,
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }
}

impl Sealed<BufWriter<File>> {
    fn finish(mut self) -> std::io::Result<File> {
        self.sink.write_all(&self.hash.finalize())?;
        self.sink.into_inner().map_err(std::io::IntoInnerError::into_error)
    }
}

/// A source that hashes what comes through it.
struct Unsealed<R> {
    source: R,
    hash: Sha256,
}

impl<R: Read> Unsealed<R> {
    fn read_exact(&mut self, bytes: &mut [u8]) -> std::io::Result<()> {
        self.source.read_exact(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// The next CBOR byte string; none at the null that ends them. Reserves nothing on the word of a length.
    fn framed(&mut self, bytes_max: u64) -> Result<Option<Vec<u8>>, String> {
        let failed = |error: std::io::Error| error.to_string();
        let mut first = [0];
        self.read_exact(&mut first).map_err(failed)?;
        let length = match first[0] {
            0xf6 => return Ok(None),
            short @ 0x40..=0x57 => u64::from(short - 0x40),
            sized @ 0x58..=0x5b => {
                let mut length = [0; 8];
                self.read_exact(&mut length[8 - (1 << (sized - 0x58))..]).map_err(failed)?;
                u64::from_be_bytes(length)
            }
            _ => return Err("has something other than a piece where one belongs".to_owned()),
        };
        if length > bytes_max {
            return Err(format!("has a piece of {length} bytes"));
        }
        let mut bytes = Vec::new();
        self.source.by_ref().take(length).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 != length {
            return Err("ends within a piece".to_owned());
        }
        self.hash.update(&bytes);
        Ok(Some(bytes))
    }

    fn finish(mut self) -> Result<(), String> {
        let mut seal = Vec::new();
        self.source.read_to_end(&mut seal).map_err(|error| error.to_string())?;
        if seal == self.hash.finalize().as_slice() { Ok(()) } else { Err("does not match its seal".to_owned()) }
    }
}
