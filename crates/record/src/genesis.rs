//! The trust half of a pact: who the parties are and which keys speak for them (docs/record-format.md, section 7).
//! The channel is the hash of these bytes, so nothing in them can change without becoming another channel.

use std::collections::BTreeSet;

use crate::act::{LogClass, SignedAct};
use crate::cbor::{self, DecodeError, Reader, Writer, Written};
use crate::hash::Hash;
use crate::key::{Algorithm, KeyError, KeyId, KeyRole, PublicKey, Signature, Signer, SignerError};
use crate::name::{ChannelName, Label, Origin, PartyName};
use crate::note::{SignatureType, VerifierKey};

/// One key of a party.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// A witness that both parties named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    /// Its name in notes.
    pub name: Origin,
    /// Its key.
    pub key: PublicKey,
}

/// The trust half of a pact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Name of the channel, part of the origin of each of its logs.
    pub channel_name: ChannelName,
    /// The two parties, ascending by name.
    pub parties: [Party; 2],
    /// Witnesses, ascending by name; at most `Genesis::WITNESSES_MAX`.
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
    /// Most witnesses.
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

    /// The note key that signs the checkpoints of a log.
    pub fn checkpoint_key(&self, origin: &Origin) -> Option<VerifierKey> {
        let log = self.log(origin)?;
        let key = self.party(&log.party)?.key_of(KeyRole::Checkpoint)?;
        Some(VerifierKey::new(log.origin, SignatureType::Ed25519, key.clone()))
    }

    /// The note key with which a party gives receipts for the logs of its counterpart.
    pub fn mirror_key(&self, party: &PartyName) -> Option<VerifierKey> {
        let party = self.party(party)?;
        let key = party.key_of(KeyRole::Mirror)?;
        Some(VerifierKey::new(party.mirror_name(), SignatureType::Cosignature, key.clone()))
    }

    /// The note keys of the witnesses.
    pub fn witness_keys(&self) -> Vec<VerifierKey> {
        let key = |w: &WitnessKey| VerifierKey::new(w.name.clone(), SignatureType::Cosignature, w.key.clone());
        self.witnesses.iter().map(key).collect()
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
        if self.witnesses.len() > Self::WITNESSES_MAX || self.quorum > self.witnesses.len() as u64 {
            return Err(("quorum", "is more than the witnesses, or the witnesses more than 16"));
        }
        if !self.witnesses.windows(2).all(|pair| pair[0].name < pair[1].name) {
            return Err(("witnesses", "are not ascending by name, each once"));
        }
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
        let witnesses = r.list(Self::WITNESSES_MAX as u64, |r| {
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
    /// The party's first key of a role, which is the only one for root, checkpoint and mirror.
    pub fn key_of(&self, role: KeyRole) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.role == role).map(|key| &key.key)
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
        let complete = count(KeyRole::Root) == 1
            && count(KeyRole::Node) >= 1
            && count(KeyRole::Checkpoint) == 1
            && count(KeyRole::Mirror) == 1
            && count(KeyRole::Witness) == 0;
        if !complete {
            return Err(("keys", "lack one root, a node, one checkpoint or one mirror key, or hold more of them"));
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

/// A genesis and the root signatures of both parties. Whether they hold is asked with `verify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedGenesis {
    bytes: Vec<u8>,
    genesis: Genesis,
    signatures: [Signature; 2],
}

impl SignedGenesis {
    /// Longest signed genesis, in bytes: it must fit a part.
    pub const BYTES_MAX: usize = crate::Part::CONTENT_MAX;

    /// Puts genesis bytes and both signatures together, in the order of the parties. Fails when the whole does not fit a part.
    pub fn assemble(genesis_bytes: Vec<u8>, signatures: [Signature; 2]) -> Result<Self, DecodeError> {
        let genesis = Genesis::decode(&genesis_bytes)?;
        if !signatures.iter().all(Signature::has_its_length) {
            return Err(DecodeError::unwritable("signed genesis", "signatures", "hold one of the wrong length"));
        }
        let signed = Self { bytes: genesis_bytes, genesis, signatures };
        let length = signed.encode().len();
        if length > Self::BYTES_MAX {
            return Err(DecodeError::TooLong { object: "signed genesis", length, length_max: Self::BYTES_MAX });
        }
        Ok(signed)
    }

    /// The genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The genesis's exact bytes.
    pub fn genesis_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Root signatures in the order of the parties.
    pub fn signatures(&self) -> &[Signature; 2] {
        &self.signatures
    }

    /// The channel: SHA-256 of the genesis bytes.
    pub fn channel(&self) -> Hash {
        Hash::of(&self.bytes)
    }

    /// Checks that the root key of each party signed these bytes.
    pub fn verify(&self) -> Result<(), KeyError> {
        let message = Genesis::message_to_sign(&self.bytes);
        self.genesis.parties.iter().zip(&self.signatures).try_for_each(|(party, signature)| {
            let root = party.key_of(KeyRole::Root).expect("a genesis that decodes has root keys");
            signature.verify(root, &message)
        })
    }

    /// Deterministic bytes: the body of entry 0 of each log.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(2)?.u8(0)?.bytes(&self.bytes)?.u8(1)?.array(2)?;
            self.signatures.iter().try_for_each(|signature| signature.write(w))
        })
    }

    /// Reads a signed genesis; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("signed genesis", Self::BYTES_MAX, bytes, Self::read, Self::encode)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(2)?;
        r.key(0, "genesis")?;
        let genesis_bytes = r.bytes()?.to_vec();
        r.key(1, "signatures")?;
        r.tuple(2)?;
        Self::assemble(genesis_bytes, [Signature::read(r)?, Signature::read(r)?])
    }
}
