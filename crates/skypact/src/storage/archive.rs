//! Entries of closed periods as plain files (docs/record-format.md, section 20): each log a directory, with full tiles of leaves and
//! their hashes as C2SP tlog-tiles has them, and a file of bodies beside each. A tile is written once and never changes; of its
//! bodies only an erasure takes some away. What the files say counts as far as the database says that it was moved here.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use skypact_record::{TILE_WIDTH, TileResource, TileSpan, entry_bundle, leaves_of};

use super::lock::file_error;
use super::{Damage, Field, StoreError, StoredEntry, StoredPart, seal};

/// Entries of a tile.
pub(crate) const TILE_ENTRIES: u64 = TILE_WIDTH as u64;

const BODIES_MAGIC: &[u8] = b"skypact-bodies 1\n";
const SEAL_BYTES: usize = 32;
/// What stands in the place of the length of a part that is withheld or erased.
const ABSENT: u32 = u32::MAX;

/// A directory of archived logs.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    root: PathBuf,
}

/// The entries of one tile, and the place of each in the order of commits over all logs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) sequences: Vec<u64>,
    pub(super) entries: Vec<StoredEntry>,
}

impl Tile {
    /// Where its last entry was committed.
    pub(super) fn last_sequence(&self) -> u64 {
        self.sequences.last().copied().unwrap_or(0)
    }
}

/// One tile of one log.
#[derive(Clone, Copy)]
struct Place<'a> {
    log: &'a str,
    span: TileSpan,
}

impl Archive {
    /// The archive of a store; the directory need not exist.
    pub(super) fn of(store: &Path) -> Self {
        Self { root: store.join("archive") }
    }

    /// Writes a full tile; it is durable when this returns. Files that a crash has left are replaced.
    pub(super) fn write(&self, log: &str, number: u64, tile: &Tile) -> Result<(), StoreError> {
        let place = Place::new(log, number)?;
        let leaves = tile.entries.iter().map(|entry| entry.leaf.as_slice());
        // A store takes longer leaves than a tile does; such a log stays where it is.
        let bundle = entry_bundle(leaves).map_err(|_| place.damaged(0, Field::Leaf))?;
        let hashes: Vec<u8> = tile.entries.iter().flat_map(|entry| seal::leaf(&entry.leaf)).collect();
        Self::put(&self.leaves_file(place), &bundle)?;
        Self::put(&self.hashes_file(place), &hashes)?;
        Self::put(&self.bodies_file(place), &bodies(tile))
    }

    /// The entries of a tile.
    pub(super) fn tile(&self, log: &str, number: u64) -> Result<Tile, StoreError> {
        let place = Place::new(log, number)?;
        let leaves = self.leaves(log, number)?;
        let file = self.bodies_file(place);
        let bytes = place.read(&file)?;
        let (sequences, parts) = parse_bodies(&bytes).ok_or_else(|| place.damaged_file(&file))?;
        let entries = leaves.into_iter().zip(parts).map(|(leaf, parts)| StoredEntry { leaf, parts });
        Ok(Tile { sequences, entries: entries.collect() })
    }

    /// The leaves of a tile alone.
    pub(super) fn leaves(&self, log: &str, number: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let place = Place::new(log, number)?;
        let (file, hashes) = (self.leaves_file(place), self.hashes_file(place));
        let bundle = place.read(&file)?;
        let leaves = leaves_of(&bundle, place.span).map_err(|_| place.damaged_file(&file))?;
        let stored = place.read(&hashes)?;
        let (stored, rest) = stored.as_chunks::<SEAL_BYTES>();
        if stored.len() != leaves.len() || !rest.is_empty() {
            return Err(place.damaged_file(&hashes));
        }
        match leaves.iter().zip(stored).position(|(leaf, hash)| seal::leaf(leaf) != *hash) {
            None => Ok(leaves.into_iter().map(<[u8]>::to_vec).collect()),
            Some(differs) => Err(place.damaged(differs, Field::Leaf)),
        }
    }

    /// The place of the first entry of a tile in the order of commits. It is not held against the seal of its file: whoever
    /// searches by it reads the tile in the end.
    pub(super) fn first_sequence(&self, log: &str, number: u64) -> Result<u64, StoreError> {
        let place = Place::new(log, number)?;
        let file = self.bodies_file(place);
        let mut head = [0; BODIES_MAGIC.len() + 8];
        let read = File::open(&file).and_then(|mut file| file.read_exact(&mut head));
        read.map_err(|error| place.failed(&file, error))?;
        let sequence = head.last_chunk().expect("its length is that of the head");
        Ok(u64::from_be_bytes(*sequence))
    }

    /// A file of a tile that is not there.
    pub(super) fn missing(&self, log: &str, number: u64) -> Option<PathBuf> {
        let place = Place::new(log, number).ok()?;
        let files = [self.leaves_file(place), self.hashes_file(place), self.bodies_file(place)];
        files.into_iter().find(|file| !file.exists())
    }

    /// Takes body and salt of parts of one tile away, each by index and part; durable when this returns. The bytes of the file
    /// that held them are overwritten, which a disk that moves blocks may not do.
    pub(super) fn erase(&self, log: &str, number: u64, parts: &[(u64, usize)]) -> Result<(), StoreError> {
        let mut tile = self.tile(log, number)?;
        let mut erased = 0;
        for (index, part) in parts {
            let slot = tile.entries[(index % TILE_ENTRIES) as usize].parts.get_mut(*part);
            let unknown = || StoreError::UnknownPart { log: log.to_owned(), index: *index, part: *part };
            erased += usize::from(slot.ok_or_else(unknown)?.take().is_some());
        }
        if erased == 0 {
            return Ok(());
        }
        let place = Place::new(log, number)?;
        let file = self.bodies_file(place);
        let mut old =
            OpenOptions::new().write(true).open(&file).map_err(|source| file_error("opening", &file, source))?;
        Self::put(&file, &bodies(&tile))?;
        let length = old.metadata().map_or(0, |held| held.len());
        let zeros = std::io::copy(&mut std::io::repeat(0).take(length), &mut old);
        zeros.and_then(|_| old.sync_all()).map_err(|source| file_error("overwriting", &file, source))
    }

    fn leaves_file(&self, place: Place<'_>) -> PathBuf {
        self.directory(place).join(TileResource::Entries(place.span).to_string())
    }

    fn hashes_file(&self, place: Place<'_>) -> PathBuf {
        self.directory(place).join(TileResource::Hashes { level: 0, span: place.span }.to_string())
    }

    fn bodies_file(&self, place: Place<'_>) -> PathBuf {
        self.directory(place).join("bodies").join(place.span.to_string())
    }

    /// The directory of a log: its origin, with everything escaped that could lead elsewhere.
    fn directory(&self, place: Place<'_>) -> PathBuf {
        let mut name = String::new();
        for (at, byte) in place.log.bytes().enumerate() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
                b'.' if at > 0 => name.push('.'),
                _ => name.extend(format!("%{byte:02X}").chars()),
            }
        }
        self.root.join(name)
    }

    /// Puts a file in place, whole or not at all, and its name with it.
    fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let directory = path.parent().expect("a file in a directory of the archive");
        make_directory(directory)?;
        let beside = path.with_extension("new");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside);
        let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        let placed = written.and_then(|()| std::fs::rename(&beside, path)).and_then(|()| sync(directory));
        placed.map_err(|source| file_error("writing", path, source))
    }
}

impl<'a> Place<'a> {
    fn new(log: &'a str, number: u64) -> Result<Self, StoreError> {
        let damaged = || Damage { log: Some(log.to_owned()), index: None, field: Field::State };
        Ok(Self { log, span: TileSpan::new(number, TILE_WIDTH).ok_or_else(damaged)? })
    }

    fn read(self, file: &Path) -> Result<Vec<u8>, StoreError> {
        std::fs::read(file).map_err(|error| self.failed(file, error))
    }

    fn failed(self, file: &Path, error: std::io::Error) -> StoreError {
        match error.kind() {
            ErrorKind::NotFound => {
                StoreError::MovedAway { log: self.log.to_owned(), index: self.span.start(), file: file.to_owned() }
            }
            ErrorKind::UnexpectedEof => self.damaged_file(file),
            _ => file_error("reading", file, error),
        }
    }

    fn damaged(self, at: usize, field: Field) -> StoreError {
        Damage { log: Some(self.log.to_owned()), index: Some(self.span.start() + at as u64), field }.into()
    }

    fn damaged_file(self, file: &Path) -> StoreError {
        self.damaged(0, Field::Archive(file.to_owned()))
    }
}

/// Makes a directory and those above it, for their owner alone, each name durable.
fn make_directory(directory: &Path) -> Result<(), StoreError> {
    if directory.is_dir() {
        return Ok(());
    }
    let Some(parent) = directory.parent() else { return Ok(()) };
    make_directory(parent)?;
    let made = DirBuilder::new().mode(0o700).create(directory).and_then(|()| sync(parent));
    made.map_err(|source| file_error("creating", directory, source))
}

fn sync(directory: &Path) -> std::io::Result<()> {
    File::open(directory).and_then(|directory| directory.sync_all())
}

/// The file of bodies: its magic, the sequence of each entry, the parts of each, and a hash over all of it.
fn bodies(tile: &Tile) -> Vec<u8> {
    let mut bytes = BODIES_MAGIC.to_vec();
    bytes.extend(tile.sequences.iter().flat_map(|sequence| sequence.to_be_bytes()));
    for entry in &tile.entries {
        bytes.push(u8::try_from(entry.parts.len()).expect("a store takes at most 255 parts"));
        for part in &entry.parts {
            let Some(part) = part else {
                bytes.extend(ABSENT.to_be_bytes());
                continue;
            };
            let length = u32::try_from(part.bytes.len()).expect("a database row is shorter than 4 GiB");
            bytes.extend(length.to_be_bytes());
            bytes.extend(part.salt);
            bytes.extend(&part.bytes);
        }
    }
    let seal: [u8; SEAL_BYTES] = Sha256::digest(&bytes).into();
    bytes.extend(seal);
    bytes
}

type Parts = Vec<Option<StoredPart>>;

/// The inverse; none when the bytes are not what was written.
fn parse_bodies(bytes: &[u8]) -> Option<(Vec<u64>, Vec<Parts>)> {
    let (content, seal) = bytes.split_last_chunk::<SEAL_BYTES>()?;
    if Sha256::digest(content)[..] != *seal {
        return None;
    }
    let mut rest = content.strip_prefix(BODIES_MAGIC)?;
    let mut sequences = Vec::with_capacity(usize::from(TILE_WIDTH));
    for _ in 0..TILE_WIDTH {
        let (sequence, after) = rest.split_first_chunk()?;
        sequences.push(u64::from_be_bytes(*sequence));
        rest = after;
    }
    let mut entries = Vec::with_capacity(usize::from(TILE_WIDTH));
    for _ in 0..TILE_WIDTH {
        let (count, mut after) = rest.split_first()?;
        let mut parts = Vec::with_capacity(usize::from(*count));
        for _ in 0..*count {
            let part;
            (part, after) = parse_part(after)?;
            parts.push(part);
        }
        entries.push(parts);
        rest = after;
    }
    rest.is_empty().then_some((sequences, entries))
}

fn parse_part(bytes: &[u8]) -> Option<(Option<StoredPart>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = u32::from_be_bytes(*length);
    if length == ABSENT {
        return Some((None, rest));
    }
    let (salt, rest) = rest.split_first_chunk()?;
    let (body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Some(StoredPart { salt: *salt, bytes: body.to_vec() }), rest))
}
