//! Proof of a fork: two heads that one party's keys signed for one log and of which no history has both (docs/record-format.md,
//! sections 12 and 18). A consistency proof that fails shows nothing by itself; here the newer head's own tree shows what its beginning is.

use crate::act::Act;
use crate::cbor::{self, DecodeError, Reader};
use crate::checkpoint::SignedCheckpoint;
use crate::entry::Entry;
use crate::genesis::Genesis;
use crate::hash::Hash;
use crate::key::{Algorithm, KeyId, KeyRole, PublicKey};
use crate::key_change::checkpoint_verifier;
use crate::key_rotation::{KeyRotation, RotatedKey};
use crate::note::{Note, NoteError, VerifierKey};
use crate::tree::{PROOF_HASHES_MAX, ProofError, verify_consistency};

/// Two signed heads of one log, and what shows that the newer one does not continue the older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkProof {
    /// The head of the smaller size, or either of two of equal size.
    pub older: SignedCheckpoint,
    /// The other head.
    pub newer: SignedCheckpoint,
    /// Root of the first `older.size` leaves of the newer head's tree.
    pub prefix_root: Hash,
    /// Consistency proof from there to the newer head; at most 64 hashes.
    pub proof: Vec<Hash>,
    /// Entries that named the keys of the heads, where the genesis does not, and those that named the roots that signed these; at most 16.
    pub rotations: Vec<Entry>,
}

/// Why a proof of a fork proves none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkProofError {
    /// A head is not signed by the log's key.
    #[error("{head} head: {error}")]
    NotSigned {
        /// Which one.
        head: &'static str,
        /// What is wrong.
        error: NoteError,
    },
    /// The newer head's tree is not shown to begin with the prefix root.
    #[error("prefix root: {0}")]
    Prefix(#[from] ProofError),
    /// The newer head continues the older one.
    #[error("prefix root is the older head's root: the log was continued, not forked")]
    NoFork,
}

impl ForkProofError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSigned { error, .. } => error.code(),
            Self::Prefix(error) => error.code(),
            Self::NoFork => "no-fork",
        }
    }
}

impl ForkProof {
    /// Longest proof, in bytes.
    pub const BYTES_MAX: usize = 2 * Note::BYTES_MAX + Self::ROTATIONS_MAX as usize * Self::ENTRY_BYTES_MAX + 4096;
    const ENTRY_BYTES_MAX: usize = 32_768;
    const ROTATIONS_MAX: u64 = 16;

    /// The proof's deterministic bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|w| {
            // Where the genesis names the keys, the form is the one that there always was.
            let (fields, version) = if self.rotations.is_empty() { (5, 1) } else { (6, 2) };
            w.map(fields)?.u8(0)?.u64(version)?;
            w.u8(1)?.bytes(&self.older.encode())?;
            w.u8(2)?.bytes(&self.newer.encode())?;
            w.u8(3)?.bytes(&self.prefix_root.0)?;
            w.u8(4)?;
            cbor::write_hashes(w, &self.proof)?;
            if !self.rotations.is_empty() {
                w.u8(5)?.array(self.rotations.len() as u64)?;
            }
            for rotation in &self.rotations {
                w.bytes(&rotation.encode().expect("an entry that was read, or is of a log"))?;
            }
            Ok(())
        })
    }

    /// Reads a proof; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("fork proof", Self::BYTES_MAX, bytes, Self::read, Self::encode)
    }

    /// Whether it proves that holders of `log_keys`, each an Ed25519 checkpoint key of the log, signed two histories. The ids of the keys that signed
    /// the older and the newer head.
    pub fn verify(&self, log_keys: &[VerifierKey]) -> Result<[KeyId; 2], ForkProofError> {
        let signer = |head, signed: &SignedCheckpoint| {
            let signer = signed.signer(log_keys).map(|key| key.key().id());
            signer.map_err(|error| ForkProofError::NotSigned { head, error })
        };
        let signers = [signer("older", &self.older)?, signer("newer", &self.newer)?];
        let (older, newer) = (self.older.checkpoint(), self.newer.checkpoint());
        verify_consistency(older.size, &self.prefix_root, newer.size, &newer.root, &self.proof)?;
        if self.prefix_root == older.root { Err(ForkProofError::NoFork) } else { Ok(signers) }
    }

    /// The Ed25519 checkpoint keys that the author's roots have named for the log: in the genesis, and in the rotations that come with the proof.
    pub fn log_keys(&self, genesis: &Genesis) -> Vec<VerifierKey> {
        let origin = &self.older.checkpoint().origin;
        let of_genesis = genesis.checkpoint_key(origin);
        let rotations: Vec<&Entry> = self.rotations.iter().collect();
        let roots = self.roots(genesis, &rotations);
        let named = rotations.iter().filter_map(|entry| self.named_key(genesis, &roots, entry, KeyRole::Checkpoint));
        of_genesis.into_iter().chain(named.map(|key| checkpoint_verifier(origin, &key))).collect()
    }

    /// The proof with those of `entries` that named the keys of its heads, where the genesis does not, and the roots that signed these.
    #[must_use]
    pub fn naming_keys<'a>(mut self, genesis: &Genesis, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let entries: Vec<&Entry> = entries.into_iter().collect();
        let roots = self.roots(genesis, &entries);
        let origin = self.older.checkpoint().origin.clone();
        let mut found: Vec<&Entry> = Vec::new();
        for head in [&self.older, &self.newer] {
            if head.signer(&self.log_keys(genesis)).is_ok() {
                continue;
            }
            let names = |entry: &&&Entry| {
                let key = self.named_key(genesis, &roots, entry, KeyRole::Checkpoint);
                key.is_some_and(|key| head.verify(&checkpoint_verifier(&origin, &key)).is_ok())
            };
            found.extend(entries.iter().find(names).copied());
        }
        // Each by a root that the genesis or another one of these names.
        let mut next = 0;
        while let Some(signer) = found.get(next).map(|entry| entry.leaf.act.signature().key_id) {
            let names = |entry: &&&Entry| {
                let root = self.named_key(genesis, &roots, entry, KeyRole::Root);
                root.is_some_and(|root| root.id() == signer)
            };
            let by = entries.iter().find(names).copied();
            found.extend(by.filter(|by| (found.len() as u64) < Self::ROTATIONS_MAX && !found.contains(by)));
            next += 1;
        }
        found.dedup();
        self.rotations.extend(found.into_iter().cloned());
        self
    }

    /// The root keys of the log's author: of the genesis, and those that one before them has named among `entries`.
    fn roots(&self, genesis: &Genesis, entries: &[&Entry]) -> Vec<PublicKey> {
        let log = genesis.log(&self.older.checkpoint().origin);
        let of_genesis = log.and_then(|log| genesis.party(&log.party)?.key_of(KeyRole::Root).cloned());
        let mut roots: Vec<PublicKey> = of_genesis.into_iter().collect();
        let mut next = 0;
        while next < roots.len() {
            let signer = [roots[next].clone()];
            let named = entries.iter().filter_map(|entry| self.named_key(genesis, &signer, entry, KeyRole::Root));
            for root in named.collect::<Vec<_>>() {
                if !roots.contains(&root) {
                    roots.push(root);
                }
            }
            next += 1;
        }
        roots
    }

    /// The Ed25519 key of a role that a rotation of the log names which one of `roots` signed.
    fn named_key(&self, genesis: &Genesis, roots: &[PublicKey], entry: &Entry, role: KeyRole) -> Option<PublicKey> {
        let log = genesis.log(&self.older.checkpoint().origin)?;
        let (signed, act) = (&entry.leaf.act, entry.leaf.act.act());
        let is_of_log = act.channel == genesis.channel() && act.author == log.party && act.log_class == log.class;
        let [Some(part)] = &entry.parts[..] else { return None };
        let root = roots.iter().find(|root| root.id() == signed.signature().key_id)?;
        let holds = act.kind == Act::KEY_ROTATION && is_of_log && signed.verify(root).is_ok() && entry.check().is_ok();
        let rotation = KeyRotation::decode(&part.bytes).ok().filter(|_| holds)?;
        rotation.keys.iter().all(|key| key.verify(act.channel, &act.author).is_ok()).then_some(())?;
        let is_asked = |key: &&RotatedKey| key.role == role && key.key.algorithm() == Algorithm::Ed25519;
        rotation.keys.iter().find(is_asked).map(|key| key.key.clone())
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let fields = r.map_of(&[5, 6])?;
        r.key(0, "format version")?;
        if r.u64()? != fields - 4 {
            return Err(r.error("is not the one that has these fields; a newer program may read it"));
        }
        r.key(1, "older head")?;
        let older = Self::read_note(r)?;
        r.key(2, "newer head")?;
        let newer = Self::read_note(r)?;
        r.key(3, "prefix root")?;
        let prefix_root = r.hash()?;
        r.key(4, "proof")?;
        let proof = r.list(PROOF_HASHES_MAX as u64, Reader::hash)?;
        let mut rotations = Vec::new();
        if fields == 6 {
            r.key(5, "rotations")?;
            rotations = r.list(Self::ROTATIONS_MAX, |r| {
                let bytes = r.bytes()?;
                let entry = Entry::decode(bytes).ok().filter(|_| bytes.len() <= Self::ENTRY_BYTES_MAX);
                entry.ok_or_else(|| r.error("has one that is no entry of at most 32,768 bytes"))
            })?;
            if rotations.is_empty() {
                return Err(r.error("is empty, which version 1 is for"));
            }
        }
        Ok(Self { older, newer, prefix_root, proof, rotations })
    }

    fn read_note(r: &mut Reader<'_>) -> Result<SignedCheckpoint, DecodeError> {
        let bytes = r.bytes()?;
        SignedCheckpoint::parse(bytes).map_err(|_| r.error("is no checkpoint note"))
    }
}
