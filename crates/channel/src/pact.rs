//! The pact: a genesis that both roots signed, with the terms inside it read. Everything that a channel believes about
//! who is who comes from here and from nowhere else.

use std::borrow::Cow;
use std::collections::HashMap;

use skypact_record::{
    Algorithm, DecodeError, Genesis, Hash, KeyError, KeyId, Origin, PartyKey, SignedCheckpoint, SignedGenesis,
    VerifierKey,
};

use crate::codec::CodecError;
use crate::log::LogRef;
use crate::terms::Terms;

/// A pact in force: checked signatures, readable terms.
#[derive(Debug, Clone)]
pub struct Pact {
    signed: SignedGenesis,
    terms: Terms,
    channel: Hash,
    /// Keys by id, with the index of their party: found once for each act, so not searched for.
    keys: HashMap<KeyId, (usize, PartyKey)>,
    /// What notes of each log are verified with, in the order of [`LogRef::ALL`].
    notes: Vec<LogKeys>,
}

/// The note keys that count for one log.
#[derive(Debug, Clone)]
pub struct LogKeys {
    /// Origin of the log.
    pub origin: Origin,
    /// Its author's checkpoint key.
    pub checkpoint: VerifierKey,
    /// The mirror key of the counterpart of its author: the one that signs now.
    pub mirror: VerifierKey,
    /// Mirror keys that it took the place of, as far as receipts under them count.
    pub mirrors_before: Vec<VerifierKey>,
    /// The witnesses.
    pub witnesses: Vec<VerifierKey>,
    /// The same under ML-DSA-44, in a post-quantum pact.
    pub ml_dsa_44: Option<MlDsa44Keys>,
}

/// The ML-DSA-44 note keys of one log.
#[derive(Debug, Clone)]
pub struct MlDsa44Keys {
    /// Its author's checkpoint key.
    pub checkpoint: VerifierKey,
    /// The mirror key of the counterpart of its author: the one that signs now.
    pub mirror: VerifierKey,
    /// Mirror keys that it took the place of, as far as receipts under them count.
    pub mirrors_before: Vec<VerifierKey>,
    /// Witnesses that have such a key.
    pub witnesses: Vec<VerifierKey>,
}

impl LogKeys {
    /// The keys with that one of `known` for its author that signed a note apart from its log; as they are where none did.
    pub(crate) fn signed_by<'a>(&'a self, known: &[VerifierKey], note: &[u8]) -> Cow<'a, Self> {
        let mut keys = Cow::Borrowed(self);
        let signer = SignedCheckpoint::parse(note).and_then(|signed| signed.signer(known).cloned());
        if let Some(signer) = signer.ok().filter(|signer| *signer != self.checkpoint) {
            keys.to_mut().checkpoint = signer;
        }
        keys
    }

    /// The mirror's Ed25519 keys that count, the one that signs now first.
    pub fn mirrors(&self) -> impl Iterator<Item = &VerifierKey> {
        [&self.mirror].into_iter().chain(&self.mirrors_before)
    }

    /// Keys that its author signs its checkpoints with: that of Ed25519 first.
    pub fn author(&self) -> Vec<VerifierKey> {
        let ml_dsa_44 = self.ml_dsa_44.as_ref().map(|keys| &keys.checkpoint);
        [&self.checkpoint].into_iter().chain(ml_dsa_44).cloned().collect()
    }
}

/// Why bytes are no pact in force.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PactError {
    /// The genesis cannot be read.
    #[error("pact: {0}")]
    Genesis(#[from] DecodeError),
    /// A root signature does not hold.
    #[error("pact: root signature: {0}; have both parties sign the same proposal")]
    Signature(#[from] KeyError),
    /// The terms cannot be read.
    #[error("pact: {0}")]
    Terms(#[from] CodecError),
    /// This node's party is not in it.
    #[error("pact: party {party} is not one of its two parties; it belongs to another node")]
    NotAParty {
        /// The party of this node.
        party: String,
    },
}

impl PactError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Genesis(error) => error.code(),
            Self::Signature(_) => "pact-not-signed",
            Self::Terms(_) => "terms-malformed",
            Self::NotAParty { .. } => "not-a-party",
        }
    }
}

impl Pact {
    /// Reads and checks a pact that both parties have signed.
    pub fn decode(bytes: &[u8]) -> Result<Self, PactError> {
        let signed = SignedGenesis::decode(bytes)?;
        signed.verify()?;
        let terms = Terms::decode(&signed.genesis().terms)?;
        let channel = signed.channel();
        let genesis = signed.genesis();
        let keys = genesis.parties.iter().enumerate();
        let keys = keys.flat_map(|(party, held)| held.keys.iter().map(move |key| (key.key.id(), (party, key.clone()))));
        let (keys, notes) = (keys.collect(), LogRef::ALL.map(|log| log_keys(genesis, log)).to_vec());
        Ok(Self { signed, terms, channel, keys, notes })
    }

    /// Bytes of the signed genesis: the body of entry 0 of every log.
    pub fn encode(&self) -> Vec<u8> {
        self.signed.encode()
    }

    /// The trust half: parties, keys, witnesses, quorum.
    pub fn genesis(&self) -> &Genesis {
        self.signed.genesis()
    }

    /// What the parties agreed.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Identity of the channel: SHA-256 of the genesis bytes.
    pub fn channel(&self) -> Hash {
        self.channel
    }

    /// Index of a party by its name.
    pub fn party(&self, name: &str) -> Result<usize, PactError> {
        let index = self.genesis().parties.iter().position(|party| party.name.as_str() == name);
        index.ok_or_else(|| PactError::NotAParty { party: name.to_owned() })
    }

    /// Name of a party.
    pub fn party_name(&self, party: usize) -> &str {
        self.genesis().parties[party].name.as_str()
    }

    /// The log of an origin, if it is one of the four.
    pub fn log(&self, origin: &str) -> Option<LogRef> {
        LogRef::ALL.into_iter().find(|log| self.log_keys(*log).origin.as_str() == origin)
    }

    /// Origin of a log and the note keys that count for it.
    pub fn log_keys(&self, log: LogRef) -> &LogKeys {
        &self.notes[log.place()]
    }

    /// Key of `party` with this id, with its role and label.
    pub fn key(&self, party: usize, id: KeyId) -> Option<&PartyKey> {
        self.keys.get(&id).filter(|(holder, _)| *holder == party).map(|(_, key)| key)
    }
}

fn log_keys(genesis: &Genesis, log: LogRef) -> LogKeys {
    let (author, counterpart) = (&genesis.parties[log.party], &genesis.parties[1 - log.party]);
    let origin = genesis.origin(&author.name, log.class).expect("a log of one of its own parties");
    let (ed25519, ml_dsa_44): (Vec<_>, Vec<_>) =
        genesis.witness_keys().into_iter().partition(|key| key.key().algorithm() == Algorithm::Ed25519);
    let post_quantum = genesis.checkpoint_key_ml_dsa_44(&origin).zip(genesis.mirror_key_ml_dsa_44(&counterpart.name));
    LogKeys {
        checkpoint: genesis.checkpoint_key(&origin).expect("a genesis has checkpoint keys"),
        mirror: genesis.mirror_key(&counterpart.name).expect("a genesis has mirror keys"),
        mirrors_before: Vec::new(),
        witnesses: ed25519,
        ml_dsa_44: post_quantum.map(|(checkpoint, mirror)| MlDsa44Keys {
            checkpoint,
            mirror,
            mirrors_before: Vec::new(),
            witnesses: ml_dsa_44,
        }),
        origin,
    }
}
