//! A proposal of a pact on its way between the parties, and what comes of it: a text file that both sign with their root
//! keys, then a pact in force in each node's directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use skypact_channel::Pact;
use skypact_record::{Algorithm, Genesis, KeyRole, Party, Signature, SignedGenesis, Signer as _};

use super::CliError;
use crate::directory::{NodeDir, base64, read_toml, unbase64, write_new};
use crate::keys::KeyRing;
use crate::node::RecordSigner;

/// A proposal as a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposal {
    /// Genesis bytes, base64.
    genesis: String,
    /// Root signatures by party, base64.
    signatures: BTreeMap<String, String>,
}

impl Proposal {
    /// A proposal that nobody has signed.
    pub(super) fn of(genesis: &Genesis) -> Result<Self, CliError> {
        let bytes = genesis.encode().map_err(|error| CliError::usage(error.code(), "pact", error.to_string()))?;
        Ok(Self { genesis: base64(&bytes), signatures: BTreeMap::new() })
    }

    pub(super) fn read(file: &Path) -> Result<Self, CliError> {
        Ok(read_toml(file, "give the file that 'skypact pact propose' wrote")?)
    }

    pub(super) fn text(&self) -> String {
        toml::to_string(self).expect("two texts and a table of texts")
    }

    /// What is proposed, and its bytes.
    pub(super) fn genesis(&self) -> Result<(Vec<u8>, Genesis), CliError> {
        let bytes = unbase64(&self.genesis)
            .ok_or_else(|| CliError::usage("field-invalid", "genesis", "genesis: is not base64"))?;
        let genesis =
            Genesis::decode(&bytes).map_err(|error| CliError::usage(error.code(), "genesis", error.to_string()))?;
        Ok((bytes, genesis))
    }

    /// Adds the root signature of the party whose directory this is.
    pub(super) fn sign(&mut self, dir: &Path) -> Result<(), CliError> {
        let root = RecordSigner::new(KeyRing::open_root(dir)?);
        let (bytes, genesis) = self.genesis()?;
        let own = genesis.parties.iter().find(|party| party.key_of(KeyRole::Root) == Some(root.public_key()));
        let own =
            own.ok_or_else(|| CliError::usage("not-a-party", "file", "this party's root key is not in the proposal"))?;
        let signature = Genesis::sign(&bytes, &root).map_err(|error| CliError::io("root key", &error.to_string()))?;
        self.signatures.insert(own.name.to_string(), base64(&signature.bytes));
        Ok(())
    }

    /// The pact, if both parties have signed.
    pub(super) fn pact(&self) -> Result<Option<Pact>, CliError> {
        let (bytes, genesis) = self.genesis()?;
        let signature = |party: &Party| {
            let bytes = unbase64(self.signatures.get(party.name.as_str())?)?;
            let key_id = party.key_of(KeyRole::Root)?.id();
            Some(Signature { algorithm: Algorithm::Ed25519, key_id, bytes })
        };
        let (Some(a), Some(b)) = (signature(&genesis.parties[0]), signature(&genesis.parties[1])) else {
            return Ok(None);
        };
        let signed = SignedGenesis::assemble(bytes, [a, b]);
        let signed = signed.map_err(|error| CliError::usage(error.code(), "genesis", error.to_string()))?;
        let pact = Pact::decode(&signed.encode());
        pact.map(Some).map_err(|error| CliError::usage(error.code(), "signatures", error.to_string()))
    }

    /// Puts the pact into force in a node's directory, if both parties have signed.
    pub(super) fn install(&self, dir: &Path) -> Result<Option<PathBuf>, CliError> {
        let Some(pact) = self.pact()? else { return Ok(None) };
        let path = NodeDir(dir.to_path_buf()).pacts().join(format!("{}.pact", pact.genesis().channel_name));
        write_new(&path, &pact.encode())?;
        Ok(Some(path))
    }
}
