//! The keys of a node directory: `DIR/keys/{root,node,transport,checkpoint,mirror}.key`, and
//! `DIR/keys/{checkpoint,mirror}-ml-dsa-44.key`, which a directory of an earlier version lacks. A key that takes the place of one of these
//! lies beside it, with the beginning of its id in its name: `checkpoint-0123456789.key`. Which is in force, the record says.
//!
//! Officers' keys are files of their own, anywhere: they belong to persons, not to the machine.

use super::{FileSigner, KeyError, KeyRole, MlDsa44Signer};
use skypact_record::PublicKey;
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
    /// The node directory, where keys lie that take the place of these; none for keys in memory.
    pub dir: Option<PathBuf>,
}

/// The ML-DSA-44 keys of a node directory.
#[derive(Clone, Debug)]
pub struct MlDsa44Ring {
    /// Signs checkpoints of the party's own logs.
    pub checkpoint: MlDsa44Signer,
    /// Signs checkpoints of the counterpart's logs.
    pub mirror: MlDsa44Signer,
}

/// Keys that were made to take the place of others.
pub struct NextKeys {
    /// File of the Ed25519 key.
    pub path: PathBuf,
    /// The Ed25519 key.
    pub plain: FileSigner,
    /// The ML-DSA-44 key for the same.
    pub ml_dsa_44: Option<MlDsa44Signer>,
    /// Its file.
    pub ml_dsa_44_path: Option<PathBuf>,
}

impl NextKeys {
    /// Removes the files. For keys of which it is certain that no record names them.
    pub fn discard(&self) -> Result<(), KeyError> {
        for path in [Some(&self.path), self.ml_dsa_44_path.as_ref()].into_iter().flatten() {
            std::fs::remove_file(path).map_err(|source| KeyError::Io { path: path.clone(), source })?;
        }
        Ok(())
    }
}

/// What the name of a file of an ML-DSA-44 key has behind its role.
const ML_DSA_44: &str = "-ml-dsa-44";
/// Digits of a key's id in the name of its file.
const ID_DIGITS: usize = 10;

fn public(key: &FileSigner) -> PublicKey {
    PublicKey::ed25519(&key.public_key_bytes()).expect("a key made from a secret is canonical and of full order")
}

/// The file of a key that lies beside the first one of its role, of which this is the Ed25519 one.
fn path_beside(dir: &Path, role: KeyRole, algorithm: &str, key: &PublicKey) -> PathBuf {
    let id: String = key.id().to_string().chars().take(ID_DIGITS).collect();
    dir.join("keys").join(format!("{role}{algorithm}-{id}.key"))
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
        let ring = Self::each(dir, |role| FileSigner::create(&Self::path_of(dir, role), role, party))?;
        let ml_dsa_44 =
            MlDsa44Ring::each(|role| MlDsa44Signer::create(&Self::ml_dsa_44_path_of(dir, role), role, party))?;
        Ok((Self { ml_dsa_44: Some(ml_dsa_44), ..ring }, root))
    }

    /// Opens the keys of an existing node directory, without the root key.
    pub fn open(dir: &Path) -> Result<Self, KeyError> {
        let ring = Self::each(dir, |role| Self::open_or_next(dir, role))?;
        let path = |role| Self::ml_dsa_44_path_of(dir, role);
        if ![KeyRole::Checkpoint, KeyRole::Mirror].iter().any(|role| path(*role).exists()) {
            return Ok(ring);
        }
        let ml_dsa_44 = MlDsa44Ring::each(|role| MlDsa44Signer::open(&path(role), role))?;
        Ok(Self { ml_dsa_44: Some(ml_dsa_44), ..ring })
    }

    /// The first key of a role. Where its file is lost, another one may stand for it that a rotation names or will: of the transport key and of the
    /// one for receipts nobody needs those of before.
    fn open_or_next(dir: &Path, role: KeyRole) -> Result<FileSigner, KeyError> {
        match FileSigner::open(&Self::path_of(dir, role), role) {
            Err(lost @ KeyError::Missing { .. }) if matches!(role, KeyRole::Transport | KeyRole::Mirror) => {
                Self::beside(dir, role)?.0.into_iter().next().ok_or(lost)
            }
            opened => opened,
        }
    }

    /// Makes another key of a role in a node directory, to take the place of the one that is there. An ML-DSA-44 key comes with it where the
    /// directory has one of the role.
    pub fn create_next(dir: &Path, role: KeyRole, label: &str) -> Result<NextKeys, KeyError> {
        let plain = FileSigner::ephemeral(role, label)?;
        let path = |algorithm: &str| path_beside(dir, role, algorithm, &public(&plain));
        plain.write(&path(""))?;
        let ml_dsa_44_path = Self::ml_dsa_44_path_of(dir, role).exists().then(|| path(ML_DSA_44));
        let ml_dsa_44 = ml_dsa_44_path.as_ref().map(|path| MlDsa44Signer::create(path, role, label)).transpose()?;
        Ok(NextKeys { path: path(""), plain, ml_dsa_44, ml_dsa_44_path })
    }

    /// The keys that were made beside the first ones of which this is the Ed25519 one, if they are here.
    pub fn find_next(dir: &Path, role: KeyRole, key: &PublicKey) -> Result<Option<NextKeys>, KeyError> {
        let held = Self::beside(dir, role)?.0;
        let Some(plain) = held.into_iter().find(|held| held.public_key_bytes() == *key.as_bytes()) else {
            return Ok(None);
        };
        let path = |algorithm: &str| path_beside(dir, role, algorithm, &public(&plain));
        let ml_dsa_44_path = Some(path(ML_DSA_44)).filter(|path| path.exists());
        let ml_dsa_44 = ml_dsa_44_path.as_ref().map(|path| MlDsa44Signer::open(path, role)).transpose()?;
        Ok(Some(NextKeys { path: path(""), plain, ml_dsa_44, ml_dsa_44_path }))
    }

    /// Where an Ed25519 key lies that was made to take the place of the first one.
    pub fn path_beside(dir: &Path, role: KeyRole, key: &PublicKey) -> PathBuf {
        path_beside(dir, role, "", key)
    }

    /// Opens every key for heads and receipts that lies beside the first ones, of both algorithms.
    pub fn rotated(&self) -> Result<(Vec<FileSigner>, Vec<MlDsa44Signer>), KeyError> {
        let (mut plain, mut ml_dsa_44) = (Vec::new(), Vec::new());
        for role in [KeyRole::Checkpoint, KeyRole::Mirror] {
            let Some(dir) = &self.dir else { break };
            let beside = Self::beside(dir, role)?;
            plain.extend(beside.0);
            ml_dsa_44.extend(beside.1);
        }
        Ok((plain, ml_dsa_44))
    }

    /// Every transport key in hand.
    pub fn transports(&self) -> Result<Vec<FileSigner>, KeyError> {
        let mut keys = vec![self.transport.clone()];
        if let Some(dir) = &self.dir {
            keys.extend(Self::beside(dir, KeyRole::Transport)?.0);
        }
        Ok(keys)
    }

    /// Opens every key of a role that lies beside the first one, of both algorithms.
    pub fn beside(dir: &Path, role: KeyRole) -> Result<(Vec<FileSigner>, Vec<MlDsa44Signer>), KeyError> {
        let (mut plain, mut ml_dsa_44) = (Vec::new(), Vec::new());
        let folder = dir.join("keys");
        let failed = |source| KeyError::Io { path: folder.clone(), source };
        for file in std::fs::read_dir(&folder).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(name) = name.strip_suffix(".key").and_then(|name| name.strip_prefix(role.as_str())) else {
                continue;
            };
            let is_id = |id: &str| id.len() == ID_DIGITS && id.bytes().all(|digit| digit.is_ascii_hexdigit());
            let id_in = |rest: &str| rest.strip_prefix('-').is_some_and(is_id);
            if id_in(name) {
                plain.push(FileSigner::open(&path, role)?);
            } else if name.strip_prefix(ML_DSA_44).is_some_and(id_in) {
                ml_dsa_44.push(MlDsa44Signer::open(&path, role)?);
            }
        }
        Ok((plain, ml_dsa_44))
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
        dir.join("keys").join(format!("{role}{ML_DSA_44}.key"))
    }

    fn each(dir: &Path, make: impl Fn(KeyRole) -> Result<FileSigner, KeyError>) -> Result<Self, KeyError> {
        Ok(Self {
            dir: Some(dir.to_owned()),
            node: make(KeyRole::Node)?,
            transport: make(KeyRole::Transport)?,
            checkpoint: make(KeyRole::Checkpoint)?,
            mirror: make(KeyRole::Mirror)?,
            ml_dsa_44: None,
        })
    }
}
