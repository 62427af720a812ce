//! The keys of a node directory: `DIR/keys/{root,node,transport,checkpoint,mirror}.key`.
//!
//! Officers' keys are files of their own, anywhere: they belong to persons, not to the machine.

use super::{FileSigner, KeyError, KeyRole};
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
}

impl KeyRing {
    /// Makes all five keys of a new node directory, labelled with the party's name. Nothing that exists is overwritten.
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
        Ok((ring, root))
    }

    /// Opens the keys of an existing node directory, without the root key.
    pub fn open(dir: &Path) -> Result<Self, KeyError> {
        Self::each(|role| FileSigner::open(&Self::path_of(dir, role), role))
    }

    /// Opens the root key, when its file is (again) in the node directory.
    pub fn open_root(dir: &Path) -> Result<FileSigner, KeyError> {
        FileSigner::open(&Self::path_of(dir, KeyRole::Root), KeyRole::Root)
    }

    /// Where the key of a role lives in a node directory.
    pub fn path_of(dir: &Path, role: KeyRole) -> PathBuf {
        dir.join("keys").join(format!("{role}.key"))
    }

    fn each(make: impl Fn(KeyRole) -> Result<FileSigner, KeyError>) -> Result<Self, KeyError> {
        Ok(Self {
            node: make(KeyRole::Node)?,
            transport: make(KeyRole::Transport)?,
            checkpoint: make(KeyRole::Checkpoint)?,
            mirror: make(KeyRole::Mirror)?,
        })
    }
}
