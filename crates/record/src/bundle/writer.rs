//! Writes a bundle in one pass, in the order of its files. What it writes it has checked, so that its reader finds no fault of the writer's.

use std::io::{self, Write};

use super::{CHUNK_LEAVES, FileName, Manifest, ManifestLog, PARTS_FILE_BYTES, SealedTar};
use crate::cbor::{self, DecodeError};
use crate::checkpoint::SignedCheckpoint;
use crate::entry;
use crate::genesis::{Genesis, LogName};
use crate::hash::Hash;
use crate::name::Origin;
use crate::note::NoteSignature;
use crate::offer::Offer;
use crate::part::Part;
use crate::signed_genesis::SignedGenesis;
use crate::tlog_proof::TlogProof;
use crate::tree::{Frontier, ProofError, leaf_hash};
use crate::verify::encode_file;

/// Why a bundle was not written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The sink failed.
    #[error("bundle cannot be written: {0}")]
    Io(#[from] io::Error),
    /// Calls came in another order than that of the files.
    #[error("file {name} comes after a later one; give logs by party and class, then the manifest, then parts")]
    Order {
        /// Name of the file.
        name: String,
    },
    /// A log is not one of the pact.
    #[error("log {origin} is not one of the pact")]
    UnknownLog {
        /// Its origin.
        origin: Origin,
    },
    /// A log has no checkpoint, or one of another log.
    #[error("log {origin} lacks a checkpoint of its own")]
    Checkpoints {
        /// Its origin.
        origin: Origin,
    },
    /// The leaves of a whole log do not make the tree of its largest checkpoint.
    #[error("leaves of {origin} are not those of its checkpoint of size {size}")]
    Head {
        /// Its origin.
        origin: Origin,
        /// Size of the checkpoint.
        size: u64,
    },
    /// A chosen leaf does not have the proof that it came with.
    #[error("leaf {index} is not proved: {reason}")]
    Proof {
        /// Its index.
        index: u64,
        /// Why.
        reason: ProofError,
    },
    /// An object cannot be written.
    #[error(transparent)]
    Object(#[from] DecodeError),
}

impl BundleError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "bundle-unwritable",
            Self::Order { .. } => "bundle-order",
            Self::UnknownLog { .. } => "bundle-unknown-log",
            Self::Checkpoints { .. } => "bundle-checkpoints",
            Self::Head { .. } => "bundle-head",
            Self::Proof { .. } => "bundle-proof",
            Self::Object(error) => error.code(),
        }
    }
}

/// The logs of a pact in the order of their files. It is that of `Genesis::origins` but where a name goes on with a hyphen after all of
/// another name: `RED-2/` comes before `RED/`.
pub fn log_order(genesis: &Genesis) -> Vec<LogName> {
    let mut logs = genesis.origins();
    logs.sort_by_key(|log| format!("{}/{}", log.party, log.class));
    logs
}

/// Writes a bundle. Call `beacons` first, if at all; then `start_whole_log` with `leaf`, or `start_chosen_log` with `chosen_leaf`, for each log in the order of
/// `log_order`; then `manifest`; then `offered`, in the same order; then `parts`, in the same order; then `finish`.
pub struct BundleWriter<W: Write> {
    tar: SealedTar<W>,
    genesis: Genesis,
    channel: Hash,
    heads: Vec<ManifestLog>,
    log: Option<OpenLog>,
    parts: Option<OpenParts>,
}

/// The log that is being written.
struct OpenLog {
    log: LogName,
    head: SignedCheckpoint,
    whole: bool,
    frontier: Frontier,
    /// Leaves that wait for their chunk to be full, each with its length.
    chunk: Vec<u8>,
    hashes: Vec<Hash>,
}

/// The file of parts that is being filled.
struct OpenParts {
    name: FileName,
    content: Vec<u8>,
}

impl<W: Write> BundleWriter<W> {
    /// Begins a bundle.
    pub fn new(sink: W, genesis: &SignedGenesis) -> Result<Self, BundleError> {
        let mut writer = Self {
            tar: SealedTar::new(sink),
            genesis: genesis.genesis().clone(),
            channel: genesis.channel(),
            heads: Vec::new(),
            log: None,
            parts: None,
        };
        writer.file(&FileName::Genesis, &genesis.encode())?;
        Ok(writer)
    }

    /// Adds the signature lines of beacons that leaves cite, in any order; each is written once. No line makes no file.
    pub fn beacons(&mut self, lines: &[NoteSignature]) -> Result<(), BundleError> {
        let time = |line: &NoteSignature| line.bytes.first_chunk().map_or(0, |time| u64::from_be_bytes(*time));
        let mut placed: Vec<(u64, String)> = lines.iter().map(|line| (time(line), line.to_string())).collect();
        placed.sort();
        placed.dedup();
        let content: String = placed.into_iter().map(|(_, line)| line).collect();
        if content.is_empty() { Ok(()) } else { self.file(&FileName::Beacons, content.as_bytes()) }
    }

    /// Adds the part of a key change or rotation, before any log. Logs ascend, and indices within one.
    pub fn key_change(&mut self, origin: &Origin, index: u64, part: &Part) -> Result<(), BundleError> {
        let log = self.known(origin)?;
        self.file(&FileName::Keys(log.party, log.class, index), &part.encode()?)
    }

    /// Begins a log of which every leaf up to its largest checkpoint follows.
    pub fn start_whole_log(&mut self, origin: &Origin, checkpoints: &[SignedCheckpoint]) -> Result<(), BundleError> {
        self.start_log(origin, checkpoints, true)
    }

    /// Begins a log of which chosen leaves follow, or none.
    pub fn start_chosen_log(&mut self, origin: &Origin, checkpoints: &[SignedCheckpoint]) -> Result<(), BundleError> {
        self.start_log(origin, checkpoints, false)
    }

    /// Adds the next leaf of a whole log.
    pub fn leaf(&mut self, leaf_bytes: &[u8]) -> Result<(), BundleError> {
        let Some(log) = self.log.as_mut().filter(|log| log.whole) else {
            return Err(BundleError::Order { name: "entries".to_owned() });
        };
        let length = u16::try_from(leaf_bytes.len()).map_err(|_| too_long(leaf_bytes))?;
        log.chunk.extend(length.to_be_bytes());
        log.chunk.extend(leaf_bytes);
        let hash = leaf_hash(leaf_bytes);
        log.frontier.push(hash);
        log.hashes.push(hash);
        if log.hashes.len().is_multiple_of(CHUNK_LEAVES) { self.flush_chunk() } else { Ok(()) }
    }

    /// Adds a chosen leaf: its index, its bytes, and its inclusion proof in the largest checkpoint given. Indices ascend.
    pub fn chosen_leaf(&mut self, index: u64, leaf_bytes: &[u8], proof: Vec<Hash>) -> Result<(), BundleError> {
        let Some(log) = self.log.as_ref().filter(|log| !log.whole) else {
            return Err(BundleError::Order { name: "proof".to_owned() });
        };
        let name = FileName::Proof(log.log.party.clone(), log.log.class, index);
        let proof = TlogProof { extra: leaf_bytes.to_vec(), index, proof, checkpoint: log.head.clone() };
        proof.verify_inclusion(&leaf_hash(leaf_bytes)).map_err(|reason| BundleError::Proof { index, reason })?;
        self.file(&name, &proof.encode())
    }

    /// Ends the logs: says what they are, and what the maker claims.
    pub fn manifest(&mut self, claims: Vec<String>) -> Result<(), BundleError> {
        self.close_log()?;
        let mut logs = std::mem::take(&mut self.heads);
        logs.sort_by(|a, b| a.origin.cmp(&b.origin));
        let manifest = Manifest { channel: self.channel, logs, claims };
        self.file(&FileName::Manifest, &manifest.encode()?)
    }

    /// Adds the offers of one log with the frames that they are of, in any order.
    pub fn offered(&mut self, origin: &Origin, offers: &[(Offer, Vec<u8>)]) -> Result<(), BundleError> {
        let log = self.known(origin)?;
        let name = |offer: &Offer| {
            let [a, b, c, d, ..] = Hash::of(&offer.stamp.encode()).0;
            FileName::Offered(log.party.clone(), log.class, offer.start, [a, b, c, d])
        };
        let mut named: Vec<_> =
            offers.iter().map(|(offer, frame)| (name(offer).to_string(), name(offer), offer, frame)).collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        named.dedup_by(|a, b| a.0 == b.0);
        named.into_iter().try_for_each(|(_, name, offer, frame)| self.file(&name, &encode_file(offer, frame)))
    }

    /// Adds the parts of one entry, `None` for each that is withheld. Indices ascend within a log.
    pub fn parts(&mut self, origin: &Origin, index: u64, parts: &[Option<Part>]) -> Result<(), BundleError> {
        let log = self.known(origin)?;
        parts.iter().flatten().try_for_each(Part::check)?;
        let item = cbor::encode(|w| {
            w.array(2)?.u64(index)?;
            entry::write_parts(w, parts)
        });
        let fits = |open: &OpenParts| {
            let same =
                matches!(&open.name, FileName::Parts(party, class, _) if *party == log.party && *class == log.class);
            same && open.content.len() + item.len() <= PARTS_FILE_BYTES
        };
        if let Some(open) = self.parts.as_mut().filter(|open| fits(open)) {
            open.content.extend(item);
            return Ok(());
        }
        self.flush_parts()?;
        self.parts = Some(OpenParts { name: FileName::Parts(log.party, log.class, index), content: item });
        Ok(())
    }

    /// Writes the seal and the end, and gives the sink back.
    pub fn finish(mut self) -> Result<W, BundleError> {
        self.flush_parts()?;
        Ok(self.tar.finish()?)
    }

    fn known(&self, origin: &Origin) -> Result<LogName, BundleError> {
        self.genesis.log(origin).ok_or_else(|| BundleError::UnknownLog { origin: origin.clone() })
    }

    fn start_log(&mut self, origin: &Origin, given: &[SignedCheckpoint], whole: bool) -> Result<(), BundleError> {
        self.close_log()?;
        let log = self.known(origin)?;
        let mut checkpoints: Vec<&SignedCheckpoint> = given.iter().collect();
        checkpoints.sort_by_key(|signed| (signed.checkpoint().size, signed.checkpoint().root));
        let foreign = checkpoints.iter().any(|signed| signed.checkpoint().origin != *origin);
        let head = match checkpoints.last() {
            Some(head) if !foreign => (*head).clone(),
            _ => return Err(BundleError::Checkpoints { origin: origin.clone() }),
        };
        for signed in checkpoints {
            let Checkpointed { size, root } = Checkpointed::of(signed);
            self.file(&FileName::Checkpoint(log.party.clone(), log.class, size, root), &signed.encode())?;
        }
        let (frontier, chunk, hashes) = (Frontier::new(), Vec::new(), Vec::new());
        self.log = Some(OpenLog { log, head, whole, frontier, chunk, hashes });
        Ok(())
    }

    fn close_log(&mut self) -> Result<(), BundleError> {
        self.flush_chunk()?;
        let Some(open) = self.log.take() else { return Ok(()) };
        let head = open.head.checkpoint();
        if open.whole {
            if (open.frontier.size(), open.frontier.root()) != (head.size, head.root) {
                return Err(BundleError::Head { origin: head.origin.clone(), size: head.size });
            }
            for (chunk, hashes) in open.hashes.chunks(CHUNK_LEAVES).enumerate() {
                let name = FileName::Hashes(open.log.party.clone(), open.log.class, chunk as u64);
                let content: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
                self.file(&name, &content)?;
            }
        }
        let (size, root) = (head.size, head.root);
        self.heads.push(ManifestLog { origin: head.origin.clone(), whole: open.whole, size, root });
        Ok(())
    }

    fn flush_chunk(&mut self) -> Result<(), BundleError> {
        let Some(log) = self.log.as_mut().filter(|log| !log.chunk.is_empty()) else { return Ok(()) };
        let chunk = (log.hashes.len() - 1) / CHUNK_LEAVES;
        let name = FileName::Entries(log.log.party.clone(), log.log.class, chunk as u64);
        let content = std::mem::take(&mut log.chunk);
        self.file(&name, &content)
    }

    fn flush_parts(&mut self) -> Result<(), BundleError> {
        match self.parts.take() {
            Some(open) => self.file(&open.name, &open.content),
            None => Ok(()),
        }
    }

    fn file(&mut self, name: &FileName, content: &[u8]) -> Result<(), BundleError> {
        let name = name.to_string();
        if !self.tar.takes(&name) {
            return Err(BundleError::Order { name });
        }
        Ok(self.tar.file(name, content)?)
    }
}

/// Size and beginning of the root, as a checkpoint's file name has them.
struct Checkpointed {
    size: u64,
    root: [u8; 4],
}

impl Checkpointed {
    fn of(signed: &SignedCheckpoint) -> Self {
        let head = signed.checkpoint();
        let [a, b, c, d, ..] = head.root.0;
        Self { size: head.size, root: [a, b, c, d] }
    }
}

fn too_long(leaf_bytes: &[u8]) -> DecodeError {
    DecodeError::TooLong { object: "leaf", length: leaf_bytes.len(), length_max: crate::Leaf::BYTES_MAX }
}
