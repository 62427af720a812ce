//! What a bundle says it holds (the manifest), and which bytes it holds (the seal).

use crate::cbor::{self, DecodeError, Reader};
use crate::hash::Hash;
use crate::name::Origin;

/// The head of one log of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestLog {
    /// Origin of the log.
    pub origin: Origin,
    /// Whether all its leaves up to the head are given.
    pub whole: bool,
    /// Size of the largest checkpoint.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// What the maker of a bundle says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 of the genesis bytes.
    pub channel: Hash,
    /// Logs given, ascending by origin.
    pub logs: Vec<ManifestLog>,
    /// Claims that nobody has proved; at most `Manifest::CLAIMS_MAX`, each at most 1024 bytes.
    pub claims: Vec<String>,
}

impl Manifest {
    /// Most claims.
    pub const CLAIMS_MAX: usize = 64;
    /// Longest claim, in bytes.
    pub const CLAIM_BYTES_MAX: usize = 1024;
    const LOGS_MAX: u64 = 64;
    const BYTES_MAX: usize = 131_072;

    /// The manifest's deterministic bytes. Fails when there are too many claims or one is too long.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        self.check().map_err(|reason| DecodeError::unwritable("manifest", "claims", reason))?;
        Ok(self.write())
    }

    /// Reads a manifest; the inverse of `encode`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode("manifest", Self::BYTES_MAX, bytes, Self::read, Self::write)
    }

    fn check(&self) -> Result<(), &'static str> {
        if !self.logs.windows(2).all(|pair| pair[0].origin < pair[1].origin) {
            return Err("logs are not ascending by origin, each once");
        }
        let long = |claim: &String| claim.len() > Self::CLAIM_BYTES_MAX;
        if self.claims.len() > Self::CLAIMS_MAX || self.claims.iter().any(long) {
            return Err("claims are more than 64, or one is longer than 1024 bytes");
        }
        Ok(())
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.map(4)?.u8(0)?.u64(crate::FORMAT_VERSION)?.u8(1)?.bytes(&self.channel.0)?;
            w.u8(2)?.array(self.logs.len() as u64)?;
            for log in &self.logs {
                w.array(4)?.str(log.origin.as_str())?.u8(u8::from(!log.whole))?;
                w.u64(log.size)?.bytes(&log.root.0)?;
            }
            w.u8(3)?.array(self.claims.len() as u64)?;
            self.claims.iter().try_for_each(|claim| w.str(claim).map(drop))
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.map(4)?;
        r.version()?;
        r.key(1, "channel")?;
        let channel = r.hash()?;
        r.key(2, "logs")?;
        let logs = r.list(Self::LOGS_MAX, |r| {
            r.tuple(4)?;
            let origin = r.name()?;
            let whole = match r.u64()? {
                0 => true,
                1 => false,
                _ => return Err(r.error("has a mode other than 0 and 1")),
            };
            Ok(ManifestLog { origin, whole, size: r.u64()?, root: r.hash()? })
        })?;
        r.key(3, "claims")?;
        let claims = r.list(Self::CLAIMS_MAX as u64, |r| r.text().map(str::to_owned))?;
        let manifest = Self { channel, logs, claims };
        manifest.check().map_err(|reason| r.error(reason))?;
        Ok(manifest)
    }
}

/// A file as the seal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFile {
    /// Its name.
    pub name: String,
    /// Its length, in bytes.
    pub size: u64,
    /// SHA-256 of its content.
    pub hash: Hash,
}

/// The hash of each file, so that a damaged byte is found where it is. A forger can make a new one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seal {
    /// Every file before the seal, in order.
    pub files: Vec<SealedFile>,
}

impl Seal {
    const BYTES_MAX: usize = super::FILE_BYTES_MAX as usize;

    /// The seal's bytes: CBOR, then the SHA-256 of it.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.write();
        bytes.extend(Hash::of(&bytes).0);
        bytes
    }

    /// Reads a seal; the inverse of `encode`. Its own hash is checked first.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (cbor, hash) = bytes
            .split_last_chunk::<32>()
            .ok_or_else(|| DecodeError::unwritable("seal", "hash", "is shorter than 32 bytes"))?;
        if Hash::of(cbor).0 != *hash {
            return Err(DecodeError::unwritable("seal", "hash", "does not match what it closes"));
        }
        cbor::decode("seal", Self::BYTES_MAX, cbor, Self::read, Self::write)
    }

    fn write(&self) -> Vec<u8> {
        cbor::encode(|w| {
            w.array(self.files.len() as u64)?;
            for file in &self.files {
                w.array(3)?.str(&file.name)?.u64(file.size)?.bytes(&file.hash.0)?;
            }
            Ok(())
        })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let files = r.list(u64::MAX, |r| {
            r.tuple(3)?;
            Ok(SealedFile { name: r.text()?.to_owned(), size: r.u64()?, hash: r.hash()? })
        })?;
        Ok(Self { files })
    }
}
