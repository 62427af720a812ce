//! A node's directory: `node.toml`, keys, pacts, storage and socket, and the cards that parties hand to each other.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use skypact_channel::{Pact, PeriodSpan};
use skypact_record::{Algorithm, KeyRole, Label, Origin, Party, PartyKey, PartyName, PublicKey};

use crate::alarm::{AlarmConfig, WatchConfig};
use crate::http::dss::DssOptions;
use crate::system::{cause, in_words};

/// Why a directory or a card cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A field of a file is wrong.
    #[error("{path}: field {field}: {reason}")]
    Field {
        /// The file.
        path: String,
        /// The field.
        field: &'static str,
        /// What is wrong, and what to write.
        reason: String,
    },
}

impl ConfigError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file-unusable",
            Self::Field { .. } => "field-invalid",
        }
    }
}

/// `node.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Name of the party.
    pub party: String,
    /// Beginning of the origins of its logs.
    pub prefix: String,
    /// Where it listens for counterparts, `address:port`.
    pub listen: String,
    /// Addresses of counterparts by party name.
    #[serde(default)]
    pub counterparts: BTreeMap<String, String>,
    /// Links to counterparts that are slow, by party name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, LinkConfig>,
    /// Witnesses by name.
    #[serde(default)]
    pub witnesses: BTreeMap<String, WitnessAddress>,
    /// Who may read the logs of channels, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub monitors: BTreeMap<String, MonitorConfig>,
    /// The local API beyond its Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiConfig>,
    /// Where alarms go beyond this machine.
    #[serde(default, rename = "alarm", skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<AlarmConfig>,
    /// When an empty chair rings.
    #[serde(default)]
    pub watch: WatchConfig,
    /// How the record is kept.
    #[serde(default)]
    pub record: RecordConfig,
    /// A DSS beside the node.
    #[serde(default, skip_serializing)]
    pub dss: Option<DssOptions>,
}

/// A link to a counterpart that is slow. Both nodes say so of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// What it carries each way, bit/s.
    pub bit_per_s: NonZeroU32,
}

/// How the record is kept.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordConfig {
    /// When periods of the own logs are closed.
    #[serde(default)]
    pub period: PeriodConfig,
}

/// When periods of the own logs are closed, UTC.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeriodConfig {
    /// At midnight.
    Day,
    /// At the end of each month.
    #[default]
    Month,
    /// Never.
    Off,
}

impl PeriodConfig {
    /// How long periods are, where they end.
    pub fn span(self) -> Option<PeriodSpan> {
        match self {
            Self::Day => Some(PeriodSpan::Day),
            Self::Month => Some(PeriodSpan::Month),
            Self::Off => None,
        }
    }
}

/// The local API beyond its Unix socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// Where it listens for holders of officers' tokens: an address and port of this machine alone, such as `127.0.0.1:7080`.
    pub loopback: String,
}

/// Where a witness is found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessAddress {
    /// `host:port`.
    pub address: String,
    /// Its transport key, base64.
    pub transport: String,
}

/// A monitor that is let in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorConfig {
    /// Its transport key, base64.
    pub transport: String,
    /// Names of the channels that it may read.
    pub channels: Vec<String>,
}

/// What a party or witness hands to others: its name and public keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Party name, or the witness's name.
    pub name: String,
    /// Origin prefix of a party; a witness has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Its keys.
    pub keys: Vec<CardKey>,
}

/// One key of a card.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardKey {
    /// What it is for.
    pub role: String,
    /// Name of the officer or machine.
    pub label: String,
    /// Ed25519 public key, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ed25519: Option<String>,
    /// Or ML-DSA-44 public key, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ml_dsa_44: Option<String>,
}

/// Paths in a node's directory.
#[derive(Debug, Clone)]
pub struct NodeDir(pub PathBuf);

impl NodeDir {
    /// `node.toml`.
    pub fn config(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    /// The card to hand out.
    pub fn card(&self) -> PathBuf {
        self.0.join("party.card")
    }

    /// The local API's socket.
    pub fn socket(&self) -> PathBuf {
        self.0.join("api.sock")
    }

    /// Officers' tokens for the local API on loopback.
    pub fn tokens(&self) -> PathBuf {
        self.0.join("tokens")
    }

    /// Plans that are not notified.
    pub fn plans(&self) -> PathBuf {
        self.0.join("plans")
    }

    /// Files of evidence, sealed.
    pub fn evidence(&self) -> PathBuf {
        self.0.join("evidence")
    }

    /// What became of each alarm.
    pub fn alarm_log(&self) -> PathBuf {
        self.0.join("alarms.log")
    }

    /// Excerpts of tracks around crossings of a line, each under its hash.
    pub fn track_excerpts(&self) -> PathBuf {
        self.0.join("line")
    }

    /// Where pacts in force are.
    pub fn pacts(&self) -> PathBuf {
        self.0.join("pacts")
    }

    /// An officer's key, where the officer has no device of his own.
    pub fn officer_key(&self, label: &str) -> PathBuf {
        self.0.join("officers").join(format!("{label}.key"))
    }

    /// Reads `node.toml`.
    pub fn read_config(&self) -> Result<NodeConfig, ConfigError> {
        read_toml(&self.config(), "make the directory with 'skypact init'")
    }

    /// Reads the pacts in force: name and pact.
    pub fn read_pacts(&self) -> Result<Vec<(String, Pact)>, ConfigError> {
        let Ok(files) = fs::read_dir(self.pacts()) else { return Ok(Vec::new()) };
        let mut paths: Vec<PathBuf> = files.filter_map(|file| file.ok().map(|file| file.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "pact"));
        paths.sort();
        paths.iter().map(|path| read_pact(path)).collect()
    }
}

/// Reads a pact in force.
pub fn read_pact(path: &Path) -> Result<(String, Pact), ConfigError> {
    let bytes = fs::read(path).map_err(|error| file_error(path, &in_words(&error)))?;
    let pact = Pact::decode(&bytes).map_err(|error| file_error(path, &error.to_string()))?;
    Ok((pact.genesis().channel_name.to_string(), pact))
}

/// Reads a TOML file; `remedy` says what to do when it is absent.
pub fn read_toml<T: serde::de::DeserializeOwned>(path: &Path, remedy: &str) -> Result<T, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| file_error(path, &format!("{}; {remedy}", cause(&error))))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| 1 + before.matches('\n').count());
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        file_error(path, &format!("{place}{}", error.message()))
    })
}

/// Writes a new file; one that exists is left alone.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), ConfigError> {
    use std::io::Write as _;
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| file_error(path, &format!("{}; nothing that exists is overwritten", cause(&error))))
}

/// Writes a file in the place of one that exists: the old one or the new one is there at every moment.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), ConfigError> {
    use std::io::Write as _;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".new.{}", std::process::id()));
    let written = fs::File::create(&beside).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    let placed = written.and_then(|()| fs::rename(&beside, path));
    placed.map_err(|error| file_error(path, &in_words(&error)))
}

/// An error about a file.
pub fn file_error(path: &Path, reason: &str) -> ConfigError {
    ConfigError::File { path: path.display().to_string(), reason: reason.to_owned() }
}

impl Card {
    /// The party of a card, for a genesis.
    pub fn party(&self, path: &Path) -> Result<Party, ConfigError> {
        let invalid = |field, reason: String| ConfigError::Field { path: path.display().to_string(), field, reason };
        let prefix = self.prefix.clone();
        let prefix = prefix.ok_or_else(|| invalid("prefix", "is missing: this is a witness's card".to_owned()))?;
        let mut keys = Vec::new();
        for key in &self.keys {
            let role =
                KeyRole::from_word(&key.role).ok_or_else(|| invalid("role", format!("{} is no role", key.role)))?;
            let label = Label::new(&key.label).map_err(|error| invalid("label", error.to_string()))?;
            keys.push(PartyKey { role, label, key: key.public_key(path)? });
        }
        keys.sort_by(|a, b| (a.role.number(), a.label.as_str()).cmp(&(b.role.number(), b.label.as_str())));
        Ok(Party {
            name: PartyName::new(&self.name).map_err(|error| invalid("name", error.to_string()))?,
            prefix: Origin::new(prefix).map_err(|error| invalid("prefix", error.to_string()))?,
            keys,
        })
    }

    /// The keys of a role, at least one.
    pub fn keys_of(&self, role: KeyRole, path: &Path) -> Result<Vec<PublicKey>, ConfigError> {
        let found = self.keys.iter().filter(|key| key.role == role.as_str());
        let found = found.map(|key| key.public_key(path)).collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() {
            let reason = format!("has no key of role {role}");
            return Err(ConfigError::Field { path: path.display().to_string(), field: "keys", reason });
        }
        Ok(found)
    }
}

impl CardKey {
    /// The entry of a key.
    pub fn new(role: KeyRole, label: &str, key: &PublicKey) -> Self {
        let bytes = Some(base64(key.as_bytes()));
        let (ed25519, ml_dsa_44) = if key.algorithm() == Algorithm::MlDsa44 { (None, bytes) } else { (bytes, None) };
        Self { role: role.to_string(), label: label.to_owned(), ed25519, ml_dsa_44 }
    }

    /// The key itself.
    pub fn public_key(&self, path: &Path) -> Result<PublicKey, ConfigError> {
        let invalid = |field, reason: &str| ConfigError::Field {
            path: path.display().to_string(),
            field,
            reason: reason.to_owned(),
        };
        let (field, algorithm, text) = match (&self.ed25519, &self.ml_dsa_44) {
            (Some(text), None) => ("ed25519", Algorithm::Ed25519, text),
            (None, Some(text)) => ("ml_dsa_44", Algorithm::MlDsa44, text),
            _ => return Err(invalid("keys", "name one public key each, `ed25519` or `ml_dsa_44`")),
        };
        let bytes = unbase64(text).ok_or_else(|| invalid(field, "is not base64"))?;
        PublicKey::new(algorithm, &bytes).map_err(|error| invalid(field, &error.to_string()))
    }
}

/// Base64 of bytes, as all our text files write them.
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Bytes of base64.
pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}
