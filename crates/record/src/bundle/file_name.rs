//! Names of the files of a bundle. Their order by bytes is the order in which a verifier needs them.

use std::fmt;
use std::str::FromStr;

use crate::act::LogClass;
use crate::name::{NameError, PartyName};

/// What a file of a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileName {
    /// The signed genesis.
    Genesis,
    /// Beacons that leaves cite.
    Beacons,
    /// The part of a key change: index.
    Keys(PartyName, LogClass, u64),
    /// A checkpoint note: size, and first four bytes of the root.
    Checkpoint(PartyName, LogClass, u64, [u8; 4]),
    /// 256 leaves of a whole log: number of the chunk.
    Entries(PartyName, LogClass, u64),
    /// Their hashes: number of the chunk.
    Hashes(PartyName, LogClass, u64),
    /// A chosen leaf with its inclusion proof: index.
    Proof(PartyName, LogClass, u64),
    /// The manifest.
    Manifest,
    /// A frame that was left with a witness: first index, and first four bytes of the hash of the stamp.
    Offered(PartyName, LogClass, u64, [u8; 4]),
    /// Body parts: first index.
    Parts(PartyName, LogClass, u64),
    /// The seal.
    Seal,
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genesis => f.write_str("genesis"),
            Self::Beacons => f.write_str("heard/beacons"),
            Self::Keys(party, class, index) => write!(f, "keys/{party}/{class}/{index:012}"),
            Self::Checkpoint(party, class, size, root) => {
                let root = u32::from_be_bytes(*root);
                write!(f, "logs/{party}/{class}/checkpoint/{size:012}-{root:08x}")
            }
            Self::Entries(party, class, chunk) => write!(f, "logs/{party}/{class}/entries/{chunk:09}"),
            Self::Hashes(party, class, chunk) => write!(f, "logs/{party}/{class}/hashes/{chunk:09}"),
            Self::Proof(party, class, index) => write!(f, "logs/{party}/{class}/proof/{index:012}"),
            Self::Manifest => f.write_str("manifest"),
            Self::Offered(party, class, start, stamp) => {
                let stamp = u32::from_be_bytes(*stamp);
                write!(f, "offered/{party}/{class}/{start:012}-{stamp:08x}")
            }
            Self::Parts(party, class, index) => write!(f, "parts/{party}/{class}/{index:012}"),
            Self::Seal => f.write_str("seal"),
        }
    }
}

impl FromStr for FileName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refused = NameError { what: "file name", form: "one of docs/record-format.md, section 10" };
        let name = parse(text).ok_or(refused.clone())?;
        // Numbers with other padding than ours parse too; this refuses them.
        if name.to_string() == text { Ok(name) } else { Err(refused) }
    }
}

fn parse(text: &str) -> Option<FileName> {
    let fields: Vec<&str> = text.split('/').collect();
    let log = |party: &str, class: &str| {
        let class = LogClass::ALL.into_iter().find(|known| known.as_str() == class)?;
        Some((PartyName::new(party).ok()?, class))
    };
    Some(match fields[..] {
        ["genesis"] => FileName::Genesis,
        ["heard", "beacons"] => FileName::Beacons,
        ["manifest"] => FileName::Manifest,
        ["seal"] => FileName::Seal,
        ["offered", party, class, number] => {
            let (party, class) = log(party, class)?;
            let (start, stamp) = number.split_once('-')?;
            let stamp = u32::from_str_radix(stamp, 16).ok()?;
            FileName::Offered(party, class, start.parse().ok()?, stamp.to_be_bytes())
        }
        [kind @ ("parts" | "keys"), party, class, index] => {
            let ((party, class), index) = (log(party, class)?, index.parse().ok()?);
            if kind == "keys" { FileName::Keys(party, class, index) } else { FileName::Parts(party, class, index) }
        }
        ["logs", party, class, kind, number] => {
            let (party, class) = log(party, class)?;
            match kind {
                "checkpoint" => {
                    let (size, root) = number.split_once('-')?;
                    let root = u32::from_str_radix(root, 16).ok()?;
                    FileName::Checkpoint(party, class, size.parse().ok()?, root.to_be_bytes())
                }
                "entries" => FileName::Entries(party, class, number.parse().ok()?),
                "hashes" => FileName::Hashes(party, class, number.parse().ok()?),
                "proof" => FileName::Proof(party, class, number.parse().ok()?),
                _ => return None,
            }
        }
        _ => return None,
    })
}
