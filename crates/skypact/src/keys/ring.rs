//! The keys of a node directory: `DIR/keys/{root,node,transport,checkpoint,mirror}.key`, and
//! `DIR/keys/{checkpoint,mirror}-ml-dsa-44.key`, which a directory of an earlier version lacks.
//!
//! Officers' keys are files of their own, anywhere: they belong to persons, not to the machine.

use super::{FileSigner, KeyError, KeyRole, MlDsa44Signer};
use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

/// The keys that a running node signs with. The root key is not among them: it belongs offline, see [`KeyRing::open_root`].
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// Signs entries that the machine makes.
    pub node: FileSigner,
    /// Authenticates TLS connections.
    pub transport: FileSigner,
    /// Signs checkpoints of the party's own logs.
    pub checkpoint: FileSigner,
    /// Signs checkpoints of the counterpart's logs.
    pub mirror: FileSigner,
    /// Signs both under ML-DSA-44 too, in a post-quantum pact.
    pub ml_dsa_44: Option<MlDsa44Ring>,
}

/// The ML-DSA-44 keys of a node directory.
#[derive(Clone, Debug)]
pub struct MlDsa44Ring {
    /// Signs checkpoints of the party's own logs.
    pub checkpoint: MlDsa44Signer,
    /// Signs checkpoints of the counterpart's logs.
    pub mirror: MlDsa44Signer,
}

impl MlDsa44Ring {
    fn each(make: impl Fn(KeyRole) -> Result<MlDsa44Signer, KeyError>) -> Result<Self, KeyError> {
        Ok(Self { checkpoint: make(KeyRole::Checkpoint)?, mirror: make(KeyRole::Mirror)? })
    }
}

impl KeyRing {
    /// Makes all seven keys of a new node directory, labelled with the party's name. Nothing that exists is overwritten.
    /// The root key comes back too, for what it has to certify at once; its file can then be moved offline.
    pub fn create(dir: &Path, party: &str) -> Result<(Self, FileSigner), KeyError> {
        super::file::check_label(party)?;
        let keys = dir.join("keys");
        match DirBuilder::new().mode(0o700).create(&keys) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(KeyError::Io { path: keys, source });
            }
            _ => {}
        }
        let root = FileSigner::create(&Self::path_of(dir, KeyRole::Root), KeyRole::Root, party)?;
        let ring = Self::each(|role| FileSigner::create(&Self::path_of(dir, role), role, party))?;
        let ml_dsa_44 =
            MlDsa44Ring::each(|role| MlDsa44Signer::create(&Self::ml_dsa_44_path_of(dir, role), role, party))?;
        Ok((Self { ml_dsa_44: Some(ml_dsa_44), ..ring }, root))
    }

    /// Opens the keys of an existing node directory, without the root key.
    pub fn open(dir: &Path) -> Result<Self, KeyError> {
        let ring = Self::each(|role| FileSigner::open(&Self::path_of(dir, role), role))?;
        let path = |role| Self::ml_dsa_44_path_of(dir, role);
        if ![KeyRole::Checkpoint, KeyRole::Mirror].iter().any(|role| path(*role).exists()) {
            return Ok(ring);
        }
        let ml_dsa_44 = MlDsa44Ring::each(|role| MlDsa44Signer::open(&path(role), role))?;
        Ok(Self { ml_dsa_44: Some(ml_dsa_44), ..ring })
    }

    /// Opens the root key, when its file is (again) in the node directory.
    pub fn open_root(dir: &Path) -> Result<FileSigner, KeyError> {
        FileSigner::open(&Self::path_of(dir, KeyRole::Root), KeyRole::Root)
    }

    /// Where the key of a role lives in a node directory.
    pub fn path_of(dir: &Path, role: KeyRole) -> PathBuf {
        dir.join("keys").join(format!("{role}.key"))
    }

    /// Where the ML-DSA-44 key of a role lives: checkpoint, mirror or witness.
    pub fn ml_dsa_44_path_of(dir: &Path, role: KeyRole) -> PathBuf {
        dir.join("keys").join(format!("{role}-ml-dsa-44.key"))
    }

    fn each(make: impl Fn(KeyRole) -> Result<FileSigner, KeyError>) -> Result<Self, KeyError> {
        Ok(Self {
            node: make(KeyRole::Node)?,
            transport: make(KeyRole::Transport)?,
            checkpoint: make(KeyRole::Checkpoint)?,
            mirror: make(KeyRole::Mirror)?,
            ml_dsa_44: None,
        })
    }
}
