//! One log as it is read: its checkpoints, then its leaves and their hashes, or chosen leaves with proofs.

use std::collections::{BTreeMap, BTreeSet};

use super::erased::Eraser;
use super::key_files::KeyFiles;
use super::leaf::{CheckedLeaf, GivenLeaf, Pact, check_leaves};
use super::offered::OffersRead;
use super::parts::PartsRead;
use super::report::{Fault, Faults, LogMode};
use crate::act::{Act, LogClass};
use crate::bundle::{CHUNK_LEAVES, TarFile};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosignature::Cosignature;
use crate::counted;
use crate::genesis::LogName;
use crate::hash::Hash;
use crate::key::{Algorithm, PublicKey};
use crate::key_change::KeyHistory;
use crate::leaf::Seen;
use crate::mirror_key::{MirrorKey, ReceiptWorth};
use crate::name::{Origin, PartyName};
use crate::note::{NoteError, NoteSignature, SignatureType, VerifierKey};
use crate::tlog_proof::TlogProof;
use crate::tree::Frontier;

/// Who may sign a checkpoint of a log.
#[derive(Clone, Copy)]
enum Signatory {
    Author,
    /// The counterpart, as the keeper of a copy.
    Mirror,
    /// Its place among the witnesses of the pact.
    Witness(usize),
}

/// Whose ML-DSA-44 lines under a checkpoint hold.
#[derive(Default)]
pub(super) struct PostQuantum {
    pub(super) is_signed: bool,
    pub(super) is_mirrored: bool,
    pub(super) cosigned: BTreeSet<usize>,
}

/// A checkpoint of the bundle, and whose Ed25519 lines under it hold.
pub(super) struct Head {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) is_signed: bool,
    /// What its receipts are worth.
    pub(super) receipt: ReceiptWorth,
    /// Witness and time of each cosignature, s since the Unix epoch.
    pub(super) cosigned: Vec<(usize, u64)>,
    pub(super) post_quantum: PostQuantum,
    /// Lines of the author that hold, each with its byte in the tar. They count once it is known which key is in force at the size.
    by_author: Vec<(VerifierKey, u64)>,
    /// Keys of lines of the mirror that hold. What they are worth is known at the end too.
    by_mirror: Vec<VerifierKey>,
    file: String,
    offset: u64,
}

/// A leaf that was given, and where its commitments end in the list of all.
struct Given {
    index: u64,
    commitments_end: usize,
}

/// What was read of one log.
pub(super) struct Log {
    pub(super) name: LogName,
    pub(super) mode: LogMode,
    /// Ascending by size.
    pub(super) heads: Vec<Head>,
    /// Hash and time of each witness cosignature under a checkpoint of this log.
    pub(super) cosignatures: Vec<(Hash, u64)>,
    /// Cosignatures that leaves cite, with the index of the first leaf of each run that cites it.
    pub(super) cited: Vec<(u64, Hash)>,
    pub(super) parts: PartsRead,
    pub(super) offers: OffersRead,
    pub(super) signatures_checked: u64,
    pub(super) keys: KeyFiles,
    /// Entries that may erase others, by index.
    pub(super) erasers: BTreeMap<u64, Eraser>,
    /// Hashes of chosen leaves.
    chosen_hashes: BTreeMap<u64, Hash>,
    /// First leaf of this log that has seen a rotation of the counterpart's mirror key, by the class of the log that holds it and its index there.
    pub(super) heard: BTreeMap<(LogClass, u64), Option<u64>>,
    signatories: Vec<(Signatory, VerifierKey)>,
    head_bytes: Vec<u8>,
    leaf_hashes: Vec<Hash>,
    frontier: Frontier,
    /// Checkpoints whose root the leaves so far have been held to.
    heads_met: usize,
    /// Origins of the counterpart's routine and urgent log.
    counterpart: Vec<Origin>,
    hash_files: usize,
    given: Vec<Given>,
    commitments: Vec<Hash>,
    /// Set at a gap, after which leaves have no place in the tree.
    has_gap: bool,
}

impl Log {
    pub(super) fn new(pact: &Pact, name: LogName) -> Self {
        let counterpart = pact.genesis.counterpart(&name.party).map(|party| &party.name);
        let counterpart = LogClass::ALL.map(|class| pact.genesis.origin(counterpart?, class));
        Self {
            signatories: signatories(pact, &name),
            counterpart: counterpart.into_iter().flatten().collect(),
            name,
            mode: LogMode::Chosen,
            heads: Vec::new(),
            cosignatures: Vec::new(),
            cited: Vec::new(),
            parts: PartsRead::default(),
            offers: OffersRead::default(),
            signatures_checked: 0,
            keys: KeyFiles::default(),
            erasers: BTreeMap::new(),
            chosen_hashes: BTreeMap::new(),
            heard: BTreeMap::new(),
            head_bytes: Vec::new(),
            leaf_hashes: Vec::new(),
            frontier: Frontier::new(),
            heads_met: 0,
            hash_files: 0,
            given: Vec::new(),
            commitments: Vec::new(),
            has_gap: false,
        }
    }

    /// Mirror keys that a rotation in a file of the counterpart's log of that class names: receipts may be under them.
    pub(super) fn expect_mirror(&mut self, pact: &Pact, class: LogClass, index: u64, keys: &[PublicKey]) {
        let Some(party) = pact.genesis.counterpart(&self.name.party) else { return };
        self.heard.insert((class, index), None);
        for key in keys {
            let key = VerifierKey::cosigner(party.mirror_name(), key.clone());
            if !self.signatories.iter().any(|(_, known)| *known == key) {
                self.signatories.push((Signatory::Mirror, key));
            }
        }
    }

    /// The largest checkpoint.
    pub(super) fn head(&self) -> Option<&Head> {
        self.heads.last()
    }

    /// Leaves that were given and can be read.
    pub(super) fn indices(&self) -> impl Iterator<Item = u64> {
        self.given.iter().map(|given| given.index)
    }

    /// Commitments of leaf `index`, if it was given.
    pub(super) fn commitments(&self, index: u64) -> Option<&[Hash]> {
        let place = self.given.binary_search_by_key(&index, |given| given.index).ok()?;
        let start = place.checked_sub(1).map_or(0, |before| self.given[before].commitments_end);
        Some(&self.commitments[start..self.given[place].commitments_end])
    }

    /// Hash of leaf `index` of a whole log, if it was given.
    pub(super) fn leaf_hash(&self, index: u64) -> Option<Hash> {
        self.leaf_hashes.get(usize::try_from(index).ok()?).copied()
    }

    /// Hash of leaf `index`, if it was given, in a log of either mode.
    pub(super) fn given_hash(&self, index: u64) -> Option<Hash> {
        self.leaf_hash(index).or_else(|| self.chosen_hashes.get(&index).copied())
    }

    /// Whether every leaf up to the head is there and makes the root of every checkpoint.
    pub(super) fn is_complete(&self) -> bool {
        let at_head = self.head().is_some_and(|head| head.size == self.frontier.size());
        at_head
            && self.heads_met == self.heads.len()
            && self.hash_files == self.leaf_hashes.len().div_ceil(CHUNK_LEAVES)
    }

    fn fault(&self, code: &'static str, file: &TarFile, message: impl Into<String>) -> Fault {
        Fault::new(code, &file.name, message).at(file.offset).in_log(&self.name.origin)
    }

    pub(super) fn read_checkpoint(&mut self, file: &TarFile, size: u64, root: [u8; 4], faults: &mut Faults) {
        let signed = match SignedCheckpoint::parse(&file.content) {
            Ok(signed) => signed,
            Err(error) => return faults.push(self.note_fault(file, &error)),
        };
        let checkpoint = signed.checkpoint();
        if signed.encode() != file.content {
            faults.push(self.fault("note-not-canonical", file, "note does not re-encode to itself"));
        }
        if checkpoint.origin != self.name.origin {
            return faults.push(self.fault("checkpoint-origin", file, format!("is of {}", checkpoint.origin)));
        }
        if checkpoint.size != size || checkpoint.root.0[..4] != root {
            return faults.push(self.fault("checkpoint-name", file, "is not of the size and root in its name"));
        }
        if size == 0 {
            return faults.push(self.fault("checkpoint-empty", file, "is of an empty log, which no bundle has"));
        }
        if self.head().is_some_and(|last| last.size == size && last.root != checkpoint.root) {
            faults.push(self.fault("log-forked", file, format!("log has two roots at size {size}")));
        }
        let mut head = Head {
            size,
            root: checkpoint.root,
            is_signed: false,
            receipt: ReceiptWorth::Nothing,
            cosigned: Vec::new(),
            post_quantum: PostQuantum::default(),
            by_author: Vec::new(),
            by_mirror: Vec::new(),
            file: file.name.clone(),
            offset: file.offset,
        };
        let mut offset = file.offset + checkpoint.text().len() as u64 + 1;
        for (place, line) in signed.signatures().iter().enumerate() {
            if signed.signatures()[..place].contains(line) {
                faults.push(self.fault("signature-twice", file, "signature line is there twice").at(offset));
            } else if let Err(fault) = self.read_line(file, &signed, (line, offset), &mut head) {
                faults.push(fault.at(offset));
            }
            offset += line.to_string().len() as u64;
        }
        if !head.by_author.iter().any(|(key, _)| key.signature_type() == SignatureType::Ed25519) {
            faults.push(self.fault("checkpoint-not-signed", file, "no signature by the log's own key holds"));
        }
        self.heads.push(head);
        self.head_bytes.clone_from(&file.content);
    }

    fn note_fault(&self, file: &TarFile, error: &NoteError) -> Fault {
        let place = if let NoteError::Malformed { offset, .. } = error { *offset as u64 } else { 0 };
        self.fault(error.code(), file, error.to_string()).at(file.offset + place)
    }

    /// Holds one signature line to the key it names.
    fn read_line(
        &mut self,
        file: &TarFile,
        signed: &SignedCheckpoint,
        (line, offset): (&NoteSignature, u64),
        head: &mut Head,
    ) -> Result<(), Fault> {
        let named = self.keys.named().iter().map(|key| (Signatory::Author, key));
        let keys = self.signatories.iter().map(|(signatory, key)| (*signatory, key)).chain(named);
        // A note key id has 32 bits: whoever names keys can make two that share one.
        let mut read = None;
        for (signatory, key) in keys.filter(|(_, key)| key.is_named_by(line)) {
            self.signatures_checked += 1;
            let time_s = time_of_line(signed.checkpoint(), key, line);
            let holds = time_s.is_ok();
            if read.is_none() || holds {
                read = Some((signatory, key, time_s));
            }
            if holds {
                break;
            }
        }
        let Some((signatory, key, time_s)) = read else {
            let message = format!("signature by {}, which is no key for this log", line.name.escape_debug());
            return Err(self.fault("signature-unknown", file, message));
        };
        let time_s = time_s.map_err(|error| self.fault(error.code(), file, error.to_string()))?;
        match (signatory, key.key().algorithm()) {
            (Signatory::Witness(place), Algorithm::MlDsa44) => drop(head.post_quantum.cosigned.insert(place)),
            (Signatory::Author, _) => head.by_author.push((key.clone(), offset)),
            (Signatory::Mirror, _) => head.by_mirror.push(key.clone()),
            (Signatory::Witness(place), _) => {
                head.cosigned.push((place, time_s));
                self.cosignatures.push((line.hash(), time_s));
            }
        }
        Ok(())
    }

    /// Begins or goes on with leaves of one mode.
    fn enter(&mut self, mode: LogMode, file: &TarFile, faults: &mut Faults) {
        if self.heads.is_empty() {
            faults.push(self.fault(
                "log-without-checkpoint",
                file,
                "log has leaves and no checkpoint that can be read",
            ));
        }
        if mode != self.mode && !self.given.is_empty() {
            faults.push(self.fault("log-mixed", file, "log is given whole and with chosen leaves"));
        } else {
            self.mode = mode;
        }
    }

    pub(super) fn read_entries(
        &mut self,
        pact: &Pact,
        file: &TarFile,
        chunk: u64,
        threads: usize,
        faults: &mut Faults,
    ) {
        self.enter(LogMode::Whole, file, faults);
        let base = chunk.saturating_mul(CHUNK_LEAVES as u64);
        if base != self.leaf_hashes.len() as u64 && !self.has_gap {
            let message = format!("file begins with leaf {base}, after {}", counted(self.leaf_hashes.len(), "leaf"));
            faults.push(self.fault("entries-gap", file, message));
            self.has_gap = true;
        }
        let (leaves, rest) = split_leaves(file, base);
        if let Some(offset) = rest {
            let message = "file does not hold 1 to 256 leaves, each with its length";
            faults.push(self.fault("entries-malformed", file, message).at(offset));
        }
        self.keys.take(pact, &self.name, &leaves, faults);
        for checked in check_leaves(pact, self.keys.history(), &self.name, &leaves, threads) {
            if !self.has_gap {
                self.place(checked.hash, faults);
            }
            self.take(pact, checked, file, faults);
        }
        self.has_gap |= rest.is_some();
    }

    /// Puts the next leaf hash into the tree, and holds it to the checkpoints of that size.
    fn place(&mut self, hash: Hash, faults: &mut Faults) {
        self.leaf_hashes.push(hash);
        self.frontier.push(hash);
        while let Some(head) = self.heads.get(self.heads_met).filter(|head| head.size == self.frontier.size()) {
            if head.root != self.frontier.root() {
                let since = self.heads_met.checked_sub(1).map_or(0, |before| self.heads[before].size);
                let message = format!("leaves [0, {}) have another root; look from leaf {since} on", head.size);
                let fault = Fault::new("root-differs", &head.file, message);
                faults.push(fault.at(head.offset).in_log(&self.name.origin));
            }
            self.heads_met += 1;
        }
    }

    /// Keeps of a checked leaf what later files need.
    fn take(&mut self, pact: &Pact, checked: CheckedLeaf, file: &TarFile, faults: &mut Faults) {
        let holds = checked.refusal.is_none();
        if let Some(refusal) = checked.refusal {
            let fault = self.fault(refusal.code, file, refusal.message).at(checked.offset + refusal.offset);
            faults.push(fault.of_leaf(checked.index));
        }
        let Some(leaf) = checked.leaf else { return };
        self.signatures_checked += 1;
        let act = leaf.act.act();
        // Whoever leaves a revocation out would have revoked keys sign on.
        if self.mode == LogMode::Whole && act.tells_keys() && !self.keys.has(checked.index) {
            let message = "leaf changes keys, and its part is not in keys/: who may sign after it cannot be told";
            faults.push(self.fault("key-change-without-part", file, message).at(checked.offset).of_leaf(checked.index));
        }
        if act.kind == Act::ERASED && holds {
            let id = leaf.act.signature().key_id;
            let key = pact.act_key(self.keys.history(), id, &act.author, checked.index);
            let signer = key.map(|key| key.label.to_string()).unwrap_or_default();
            self.erasers.insert(checked.index, Eraser { signer, claimed_time: act.claimed_time });
        }
        if self.mode == LogMode::Chosen {
            self.chosen_hashes.insert(checked.index, checked.hash);
        }
        for ((class, at), first) in self.heard.iter_mut().filter(|(_, first)| first.is_none()) {
            let sees = |seen: &Seen| seen.origin == self.counterpart[usize::from(*class == LogClass::Urgent)];
            *first = leaf.seen.iter().any(|seen| sees(seen) && seen.size > *at).then_some(checked.index);
        }
        self.commitments.extend(&leaf.act.act().commitments);
        self.given.push(Given { index: checked.index, commitments_end: self.commitments.len() });
        if let Some(hash) = leaf.cosignature.filter(|hash| self.cited.last().is_none_or(|(_, last)| last != hash)) {
            self.cited.push((checked.index, hash));
        }
    }

    pub(super) fn read_hashes(&mut self, file: &TarFile, chunk: u64, faults: &mut Faults) {
        let ours = self.leaf_hashes.chunks(CHUNK_LEAVES).nth(self.hash_files).unwrap_or_default();
        let is_next = chunk == self.hash_files as u64 && !ours.is_empty();
        self.hash_files += 1;
        if !is_next {
            return faults.push(self.fault("hashes-gap", file, "file is not the next one for the leaves given"));
        }
        let theirs = file.content.chunks(32);
        if let Some(place) = ours.iter().zip(theirs).position(|(ours, theirs)| ours.0 != *theirs) {
            let index = chunk * CHUNK_LEAVES as u64 + place as u64;
            let fault = self.fault("leaf-hash-differs", file, "leaf has another hash than the one given");
            faults.push(fault.at(file.offset + 32 * place as u64).of_leaf(index));
        } else if file.content.len() != 32 * ours.len() {
            let message =
                format!("file has {} for {}", counted(file.content.len(), "byte"), counted(ours.len(), "leaf"));
            faults.push(self.fault("hashes-length", file, message));
        }
    }

    pub(super) fn read_proof(&mut self, pact: &Pact, file: &TarFile, index: u64, faults: &mut Faults) {
        self.enter(LogMode::Chosen, file, faults);
        let proof = match TlogProof::parse(&file.content) {
            Ok(proof) => proof,
            Err(error) => return faults.push(self.note_fault(file, &error).of_leaf(index)),
        };
        let leaf = GivenLeaf { index, offset: file.offset, bytes: &proof.extra };
        let refused = if proof.encode() != file.content {
            Some(("proof-not-canonical", "proof does not re-encode to itself".to_owned()))
        } else if proof.index != index {
            Some(("proof-index", format!("proof is of leaf {}", proof.index)))
        } else if proof.checkpoint.encode() != self.head_bytes {
            Some(("proof-checkpoint", "proof leads to another checkpoint than the largest one given".to_owned()))
        } else {
            let inclusion = proof.verify_inclusion(&crate::tree::leaf_hash(leaf.bytes));
            inclusion.err().map(|error| (error.code(), error.to_string()))
        };
        if let Some((code, message)) = refused {
            return faults.push(self.fault(code, file, message).of_leaf(index));
        }
        self.keys.take(pact, &self.name, &[leaf], faults);
        for checked in check_leaves(pact, self.keys.history(), &self.name, &[leaf], 1) {
            // The leaf is in base64 here, so a byte in it is no byte in the tar.
            let refusal = checked.refusal.map(|refusal| super::leaf::LeafRefusal { offset: 0, ..refusal });
            self.take(pact, CheckedLeaf { refusal, ..checked }, file, faults);
        }
    }

    /// The key of that algorithm that a head of `size` is under, by the leaves so far.
    pub(super) fn checkpoint_key(&self, pact: &Pact, algorithm: Algorithm, size: u64) -> Option<VerifierKey> {
        self.keys.history().checkpoint_key(&pact.genesis, &self.name.origin, algorithm, size)
    }

    /// Once all leaves were read, of the mirror's logs too: what each receipt is worth. Those that are worth nothing are no fault: a mirror that signed
    /// under another key must not make the log false.
    pub(super) fn settle_receipts(&mut self, pact: &Pact, mirror: &PartyName, histories: [&KeyHistory; 2]) {
        let heard = |class, index| self.heard.get(&(class, index)).copied().flatten();
        let keys = [Algorithm::Ed25519, Algorithm::MlDsa44]
            .map(|algorithm| MirrorKey::all(&pact.genesis, mirror, self.name.class, algorithm, histories, heard));
        for head in &mut self.heads {
            let worth = |keys: &[MirrorKey]| {
                let signed = keys.iter().filter(|key| head.by_mirror.contains(&key.key));
                signed.map(|key| key.worth(head.size)).max().unwrap_or(ReceiptWorth::Nothing)
            };
            head.receipt = worth(&keys[0]);
            head.post_quantum.is_mirrored = worth(&keys[1]) >= ReceiptWorth::Disputed;
        }
    }

    /// Once the leaves were read as far as they are there: which lines of the author are by the key that was in force. The others count for
    /// nothing, and are told.
    pub(super) fn settle_heads(&mut self, pact: &Pact) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut heads = std::mem::take(&mut self.heads);
        for head in &mut heads {
            for (key, offset) in &head.by_author {
                let algorithm = key.key().algorithm();
                if self.checkpoint_key(pact, algorithm, head.size).as_ref() != Some(key) {
                    let message =
                        format!("signature is by a key of its author that is not in force at size {}", head.size);
                    let fault = Fault::new("checkpoint-key", &head.file, message);
                    faults.push(fault.at(*offset).in_log(&self.name.origin));
                } else if algorithm == Algorithm::MlDsa44 {
                    head.post_quantum.is_signed = true;
                } else {
                    head.is_signed = true;
                }
            }
        }
        self.heads = heads;
        faults
    }

    /// Once everything was read: what is not there.
    pub(super) fn check_end(&self, faults: &mut Faults) {
        self.keys.check_end(&self.name, faults);
        let Some(head) = self.head() else { return };
        let missing = match self.mode {
            LogMode::Whole => !self.is_complete(),
            LogMode::Chosen => self.hash_files > 0,
        };
        if missing {
            let read = self.leaf_hashes.len();
            let message = format!(
                "log has {}; given: {}, and {} of hashes",
                counted(head.size, "leaf"),
                counted(read, "leaf"),
                counted(self.hash_files, "file")
            );
            let fault = Fault::new("log-incomplete", &head.file, message);
            faults.push(fault.at(head.offset).in_log(&self.name.origin));
        }
    }
}

/// Holds a line to a key; the time that it states, 0 for the author's Ed25519 line.
fn time_of_line(checkpoint: &Checkpoint, key: &VerifierKey, line: &NoteSignature) -> Result<u64, NoteError> {
    match key.signature_type() {
        SignatureType::Ed25519 => key.verify(checkpoint.text().as_bytes(), &line.bytes).map(|()| 0),
        SignatureType::Cosignature | SignatureType::CosignatureMlDsa44 => {
            Cosignature::verify(key, checkpoint, line).map(|cosignature| cosignature.time_s)
        }
    }
}

/// Whose signature lines may stand under checkpoints of a log.
fn signatories(pact: &Pact, log: &LogName) -> Vec<(Signatory, VerifierKey)> {
    let genesis = &pact.genesis;
    let author = [genesis.checkpoint_key(&log.origin), genesis.checkpoint_key_ml_dsa_44(&log.origin)];
    let mirror = genesis.counterpart(&log.party).map(|party| &party.name);
    let mirror = mirror.map(|party| [genesis.mirror_key(party), genesis.mirror_key_ml_dsa_44(party)]);
    let names: Vec<_> = genesis.witness_names().collect();
    let witnesses = genesis.witness_keys().into_iter().filter_map(|key| {
        let place = names.iter().position(|name| *name == key.name())?;
        Some((Signatory::Witness(place), key))
    });
    let author = author.into_iter().flatten().map(|key| (Signatory::Author, key));
    let mirror = mirror.into_iter().flatten().flatten().map(|key| (Signatory::Mirror, key));
    author.chain(mirror).chain(witnesses).collect()
}

/// Splits an entry bundle (tlog-tiles) into leaves; also the byte in the tar at which it stops being one.
fn split_leaves(file: &TarFile, base: u64) -> (Vec<GivenLeaf<'_>>, Option<u64>) {
    let mut leaves = Vec::new();
    let mut rest = &file.content[..];
    while !rest.is_empty() || leaves.is_empty() {
        let offset = file.offset + (file.content.len() - rest.len()) as u64;
        let leaf = rest.split_first_chunk::<2>().and_then(|(length, rest)| {
            rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).filter(|_| leaves.len() < CHUNK_LEAVES)
        });
        let Some((bytes, after)) = leaf else { return (leaves, Some(offset)) };
        leaves.push(GivenLeaf { index: base.saturating_add(leaves.len() as u64), offset: offset + 2, bytes });
        rest = after;
    }
    (leaves, None)
}
