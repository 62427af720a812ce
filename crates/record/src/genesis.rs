//! The trust half of a pact: who the parties are and which keys speak for them (docs/record-format.md, section 7).
//! The channel is the hash of these bytes, so nothing in them can change without becoming another channel.

use std::collections::BTreeSet;

use crate::act::{LogClass, SignedAct};
use crate::cbor::{self, DecodeError, Reader, Writer, Written};
use crate::hash::Hash;
use crate::key::{Algorithm, KeyId, KeyRole, PublicKey, Signature, Signer, SignerError};
use crate::name::{ChannelName, Label, Origin, PartyName};
use crate::note::{SignatureType, VerifierKey};

/// One key of a party.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PartyKey {
    /// What it is for.
    pub role: KeyRole,
    /// Name of the officer or machine.
    pub label: Label,
    /// The key.
    pub key: PublicKey,
}

/// One party of a pact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its name.
    pub name: PartyName,
    /// Beginning of its origins, such as `red.example`; at most 63 bytes, no slash.
    pub prefix: Origin,
    /// Its keys, ascending by role and label.
    pub keys: Vec<PartyKey>,
}

/// A key of a witness that both parties named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    /// The witness's name in notes.
    pub name: Origin,
    /// The key: of Ed25519, or of ML-DSA-44 beside one of Ed25519 under the same name.
    pub key: PublicKey,
}

/// The trust half of a pact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Name of the channel, part of the origin of each of its logs.
    pub channel_name: ChannelName,
    /// The two parties, ascending by name.
    pub parties: [Party; 2],
    /// Keys of witnesses, ascending by name and number of the algorithm; at most `Genesis::WITNESSES_MAX` names.
    pub witnesses: Vec<WitnessKey>,
    /// How many witnesses must have cosigned before an entry counts as witnessed.
    pub quorum: u64,
    /// Terms of the pact, opaque here; at most `Genesis::TERMS_MAX` bytes.
    pub terms: Vec<u8>,
}

/// A log of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogName {
    /// Its author.
    pub party: PartyName,
    /// Its class.
    pub class: LogClass,
    /// Its origin.
    pub origin: Origin,
}

/// What a genesis knows about a key.
#[derive(Debug, Clone, Copy)]
pub struct KnownKey<'a> {
    /// The party that it speaks for.
    pub party: &'a PartyName,
    /// The key, its role and its label.
    pub key: &'a PartyKey,
}

impl Genesis {
    /// Longest genesis, in bytes.
    pub const BYTES_MAX: usize = 57_344;
    /// Longest terms, in bytes.
    pub const TERMS_MAX: usize = 32_768;
    /// Most keys of one party.
    pub const KEYS_MAX: usize = 64;
    /// Most witnesses, each with up to two keys.
    pub const WITNESSES_MAX: usize = 16;

    /// The genesis's deterministic bytes. Fails, naming the field, when a rule of section 7 is broken.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        self.check().map_err(|(field, reason)| DecodeError::unwritable("genesis", field, reason))?;
        let bytes = self.write();
        if bytes.len() > Self::BYTES_MAX {
            return Err(DecodeError::TooLong { object: "genesis", length: bytes.len(), length_max: Self::BYTES_MAX });
        }
        Ok(bytes)
    }

    /// Reads a genesis; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("genesis", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    /// The channel: SHA-256 of the genesis bytes.
    pub fn channel(&self) -> Hash {
        Hash::of(&self.write())
    }

    /// What the root keys sign over the genesis bytes.
    pub fn message_to_sign(genesis_bytes: &[u8]) -> Vec<u8> {
        [b"skypact/v1/genesis\n", genesis_bytes].concat()
    }

    /// Has a root key sign these bytes.
    pub fn sign(genesis_bytes: &[u8], signer: &dyn Signer) -> Result<Signature, SignerError> {
        Signature::sign(signer, &Self::message_to_sign(genesis_bytes))
    }

    /// The party of that name.
    pub fn party(&self, name: &PartyName) -> Option<&Party> {
        self.parties.iter().find(|party| party.name == *name)
    }

    /// The other party.
    pub fn counterpart(&self, name: &PartyName) -> Option<&Party> {
        self.party(name)?;
        self.parties.iter().find(|party| party.name != *name)
    }

    /// Who holds a key, and for what.
    pub fn key(&self, id: KeyId) -> Option<KnownKey<'_>> {
        self.parties.iter().find_map(|party| {
            let key = party.keys.iter().find(|key| key.key.id() == id)?;
            Some(KnownKey { party: &party.name, key })
        })
    }

    /// The key of a signed act, if it is one that may sign acts for the act's author. The signature itself is not checked.
    pub fn act_key(&self, act: &SignedAct) -> Option<&PartyKey> {
        let known = self.key(act.signature().key_id)?;
        (known.party == &act.act().author && known.key.role.signs_acts()).then_some(known.key)
    }

    /// The four logs, ascending by party, routine before urgent.
    pub fn origins(&self) -> Vec<LogName> {
        let logs = |party: &Party| {
            LogClass::ALL.map(|class| LogName {
                party: party.name.clone(),
                class,
                origin: self.origin_of(party, class),
            })
        };
        self.parties.iter().flat_map(logs).collect()
    }

    /// Origin of a party's log.
    pub fn origin(&self, party: &PartyName, class: LogClass) -> Option<Origin> {
        Some(self.origin_of(self.party(party)?, class))
    }

    /// The log of an origin.
    pub fn log(&self, origin: &Origin) -> Option<LogName> {
        self.origins().into_iter().find(|log| log.origin == *origin)
    }

    /// The Ed25519 note key that signs the checkpoints of a log.
    pub fn checkpoint_key(&self, origin: &Origin) -> Option<VerifierKey> {
        let log = self.log(origin)?;
        let key = self.party(&log.party)?.key_with(KeyRole::Checkpoint, Algorithm::Ed25519)?;
        Some(VerifierKey::new(log.origin, SignatureType::Ed25519, key.clone()))
    }

    /// The ML-DSA-44 note key that cosigns the checkpoints of a log for its author, in a post-quantum pact.
    pub fn checkpoint_key_ml_dsa_44(&self, origin: &Origin) -> Option<VerifierKey> {
        let log = self.log(origin)?;
        let key = self.party(&log.party)?.key_with(KeyRole::Checkpoint, Algorithm::MlDsa44)?;
        Some(VerifierKey::cosigner(log.origin, key.clone()))
    }

    /// The Ed25519 note key with which a party gives receipts for the logs of its counterpart.
    pub fn mirror_key(&self, party: &PartyName) -> Option<VerifierKey> {
        self.mirror_key_with(party, Algorithm::Ed25519)
    }

    /// Its ML-DSA-44 note key for the same, in a post-quantum pact.
    pub fn mirror_key_ml_dsa_44(&self, party: &PartyName) -> Option<VerifierKey> {
        self.mirror_key_with(party, Algorithm::MlDsa44)
    }

    fn mirror_key_with(&self, party: &PartyName, algorithm: Algorithm) -> Option<VerifierKey> {
        let party = self.party(party)?;
        let key = party.key_with(KeyRole::Mirror, algorithm)?;
        Some(VerifierKey::cosigner(party.mirror_name(), key.clone()))
    }

    /// The note keys of the witnesses, of both algorithms.
    pub fn witness_keys(&self) -> Vec<VerifierKey> {
        self.witnesses.iter().map(|witness| VerifierKey::cosigner(witness.name.clone(), witness.key.clone())).collect()
    }

    /// The Ed25519 note keys of the witnesses, one each: those of beacons and stamps.
    pub fn witness_keys_ed25519(&self) -> Vec<VerifierKey> {
        self.witness_keys().into_iter().filter(|key| key.key().algorithm() == Algorithm::Ed25519).collect()
    }

    /// The witnesses, each once, ascending.
    pub fn witness_names(&self) -> impl Iterator<Item = &Origin> {
        self.witnesses_with(Algorithm::Ed25519)
    }

    /// The witnesses that have an ML-DSA-44 key, ascending.
    pub fn witness_names_ml_dsa_44(&self) -> impl Iterator<Item = &Origin> {
        self.witnesses_with(Algorithm::MlDsa44)
    }

    fn witnesses_with(&self, algorithm: Algorithm) -> impl Iterator<Item = &Origin> {
        self.witnesses.iter().filter(move |witness| witness.key.algorithm() == algorithm).map(|witness| &witness.name)
    }

    /// Whether checkpoints and receipts carry ML-DSA-44 beside Ed25519.
    pub fn is_post_quantum(&self) -> bool {
        self.parties.iter().all(Party::is_post_quantum)
    }

    fn origin_of(&self, party: &Party, class: LogClass) -> Origin {
        Origin::new(format!("{}/{}/{class}", party.prefix, self.channel_name))
            .expect("a prefix of 63, a channel name of 48 and a class fit an origin")
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let [a, b] = &self.parties;
        if a.name >= b.name {
            return Err(("parties", "are not ascending by name"));
        }
        if a.prefix == b.prefix {
            return Err(("parties", "have the same origin prefix"));
        }
        self.parties.iter().try_for_each(Party::check)?;
        if a.is_post_quantum() != b.is_post_quantum() {
            return Err(("parties", "have ML-DSA-44 checkpoint and mirror keys on one side alone"));
        }
        self.check_witnesses()?;
        let taken = |name: &Origin| self.log(name).is_some() || self.parties.iter().any(|p| p.mirror_name() == *name);
        if self.witnesses.iter().any(|witness| taken(&witness.name)) {
            return Err(("witnesses", "have the name of a log or of a mirror"));
        }
        let mut ids = BTreeSet::new();
        let party_keys = self.parties.iter().flat_map(|party| &party.keys).map(|key| &key.key);
        if !party_keys.chain(self.witnesses.iter().map(|witness| &witness.key)).all(|key| ids.insert(key.id())) {
            return Err(("keys", "hold one key twice"));
        }
        if self.terms.len() > Self::TERMS_MAX {
            return Err(("terms", "are longer than 32768 bytes"));
        }
        Ok(())
    }

    fn check_witnesses(&self) -> Result<(), (&'static str, &'static str)> {
        let names = self.witness_names().count();
        if names > Self::WITNESSES_MAX || self.quorum > names as u64 {
            return Err(("quorum", "is more than the witnesses, or the witnesses more than 16"));
        }
        let place = |witness: &WitnessKey| (witness.name.clone(), witness.key.algorithm());
        if !self.witnesses.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])) {
            return Err(("witnesses", "are not ascending by name and algorithm, each once"));
        }
        let signs = |witness: &WitnessKey| match witness.key.algorithm() {
            Algorithm::Ed25519 => true,
            Algorithm::MlDsa44 => self.witness_names().any(|name| *name == witness.name),
            Algorithm::WebauthnEs256 => false,
        };
        if !self.witnesses.iter().all(signs) {
            return Err(("witnesses", "have a name without an Ed25519 key, or a key that signs no notes"));
        }
        let post_quantum = self.witness_names_ml_dsa_44().count() as u64;
        if post_quantum > 0 && (post_quantum < self.quorum || !self.is_post_quantum()) {
            return Err(("witnesses", "have ML-DSA-44 keys, and the parties have none or the quorum needs more"));
        }
        Ok(())
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(6)?.u8(0)?.u64(crate::FORMAT_VERSION)?;
            w.u8(1)?.str(self.channel_name.as_str())?;
            w.u8(2)?.array(2)?;
            self.parties.iter().try_for_each(|party| party.write(w))?;
            w.u8(3)?.array(self.witnesses.len() as u64)?;
            for witness in &self.witnesses {
                w.array(3)?.str(witness.name.as_str())?;
                write_key(w, &witness.key)?;
            }
            w.u8(4)?.u64(self.quorum)?;
            w.u8(5)?.bytes(&self.terms)?;
            Ok(())
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(6)?;
        r.version()?;
        r.key(1, "channel name")?;
        let channel_name = r.name()?;
        r.key(2, "parties")?;
        r.tuple(2)?;
        let parties = [Party::read(r)?, Party::read(r)?];
        r.key(3, "witnesses")?;
        let witnesses = r.list(2 * Self::WITNESSES_MAX as u64, |r| {
            r.tuple(3)?;
            Ok(WitnessKey { name: r.name()?, key: read_key(r)? })
        })?;
        r.key(4, "quorum")?;
        let quorum = r.u64()?;
        r.key(5, "terms")?;
        let terms = r.bytes()?.to_vec();
        let genesis = Self { channel_name, parties, witnesses, quorum, terms };
        let located = |(field, reason)| DecodeError::Field { object: "genesis", field, offset: 0, reason };
        genesis.check().map_err(located)?;
        Ok(genesis)
    }
}

impl Party {
    /// The party's first key of a role, which is the only one for root.
    pub fn key_of(&self, role: KeyRole) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.role == role).map(|key| &key.key)
    }

    /// The party's first key of a role and algorithm, which is the only one for checkpoint and mirror.
    pub fn key_with(&self, role: KeyRole, algorithm: Algorithm) -> Option<&PublicKey> {
        let found = |key: &&PartyKey| key.role == role && key.key.algorithm() == algorithm;
        self.keys.iter().find(found).map(|key| &key.key)
    }

    /// Whether it has ML-DSA-44 keys for checkpoints and receipts.
    fn is_post_quantum(&self) -> bool {
        self.key_with(KeyRole::Checkpoint, Algorithm::MlDsa44).is_some()
    }

    /// Name of the party's mirror key in notes.
    pub fn mirror_name(&self) -> Origin {
        Origin::new(format!("{}/mirror", self.prefix)).expect("a prefix of 63 and seven more bytes fit an origin")
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.prefix.as_str().len() > 63 || self.prefix.as_str().contains('/') {
            return Err(("origin prefix", "is longer than 63 bytes or has a slash"));
        }
        if self.keys.len() > Genesis::KEYS_MAX {
            return Err(("keys", "are more than 64"));
        }
        if !self.keys.windows(2).all(|pair| (pair[0].role, &pair[0].label) < (pair[1].role, &pair[1].label)) {
            return Err(("keys", "are not ascending by role and label, each once"));
        }
        let count = |role| self.keys.iter().filter(|key| key.role == role).count();
        if count(KeyRole::Root) != 1 || count(KeyRole::Node) == 0 || count(KeyRole::Witness) != 0 {
            return Err(("keys", "lack one root or a node key, or hold more roots or a witness key"));
        }
        // Algorithms of the keys that sign notes of this role, ascending.
        let algorithms = |role| {
            let mut found: Vec<Algorithm> =
                self.keys.iter().filter(|key| key.role == role).map(|key| key.key.algorithm()).collect();
            found.sort_unstable();
            found
        };
        let signs_notes = algorithms(KeyRole::Checkpoint);
        let fits = [&[Algorithm::Ed25519][..], &[Algorithm::Ed25519, Algorithm::MlDsa44]].contains(&&signs_notes[..]);
        if !fits || signs_notes != algorithms(KeyRole::Mirror) {
            let reason = "lack one Ed25519 checkpoint and mirror key, and both or neither of ML-DSA-44, or hold others";
            return Err(("keys", reason));
        }
        Ok(())
    }

    fn write(&self, w: &mut Writer<'_>) -> Written {
        w.map(3)?.u8(0)?.str(self.name.as_str())?.u8(1)?.str(self.prefix.as_str())?;
        w.u8(2)?.array(self.keys.len() as u64)?;
        for key in &self.keys {
            w.array(4)?.u8(key.role.number())?.str(key.label.as_str())?;
            write_key(w, &key.key)?;
        }
        Ok(())
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(3)?;
        r.key(0, "party name")?;
        let name = r.name()?;
        r.key(1, "origin prefix")?;
        let prefix = r.name()?;
        r.key(2, "keys")?;
        let keys = r.list(Genesis::KEYS_MAX as u64, |r| {
            r.tuple(4)?;
            let role = KeyRole::from_number(r.u64()?).ok_or_else(|| r.error("names no role"))?;
            Ok(PartyKey { role, label: r.name()?, key: read_key(r)? })
        })?;
        let party = Self { name, prefix, keys };
        // Checked here too: names derived from a prefix rely on its length.
        party.check().map_err(|(_, reason)| r.error(reason))?;
        Ok(party)
    }
}

fn write_key(w: &mut Writer<'_>, key: &PublicKey) -> Written {
    w.u8(key.algorithm().number())?.bytes(key.as_bytes())?;
    Ok(())
}

fn read_key(r: &mut Reader<'_>) -> Result<PublicKey, DecodeError> {
    let algorithm = Algorithm::from_number(r.u64()?).ok_or_else(|| r.error("names no algorithm"))?;
    PublicKey::new(algorithm, r.bytes()?).map_err(|_| r.error("is not a valid key of its algorithm"))
}
