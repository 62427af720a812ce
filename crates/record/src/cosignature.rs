//! Timestamped cosignatures (C2SP tlog-cosignature, under Ed25519 or ML-DSA-44): by a witness, "this is the newest consistent head I have seen at
//! this time"; by the counterpart's mirror key also "I durably hold these entries", a receipt for all of them. The author of a log signs its heads
//! in the ML-DSA-44 form too, under the name of the log and with time 0.

use crate::checkpoint::Checkpoint;
use crate::key::{KeyError, Signer};
use crate::name::Origin;
use crate::note::{NoteError, NoteSignature, SignatureType, VerifierKey};

/// What a cosignature says, once it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Name of the key that made it.
    pub name: Origin,
    /// Time by the cosigner's clock, s since the Unix epoch, UTC.
    pub time_s: u64,
}

impl Cosignature {
    /// Checks that `signature` is by `key` and holds over `checkpoint`.
    pub fn verify(key: &VerifierKey, checkpoint: &Checkpoint, signature: &NoteSignature) -> Result<Self, NoteError> {
        if key.signature_type() == SignatureType::Ed25519 || !key.is_named_by(signature) {
            return Err(NoteError::NotSigned { name: key.name().clone() });
        }
        let refused = |reason: KeyError| NoteError::Signature { name: key.name().clone(), reason };
        let (time, bytes) =
            signature.bytes.split_first_chunk::<8>().ok_or_else(|| refused(KeyError::InvalidSignature))?;
        let time_s = u64::from_be_bytes(*time);
        if time_s > i64::MAX as u64 {
            return Err(refused(KeyError::InvalidSignature));
        }
        key.verify(&message(key, checkpoint, time_s), bytes)?;
        Ok(Self { name: key.name().clone(), time_s })
    }
}

/// Has `signer` cosign under `name` at `time_s` (s since the Unix epoch, UTC), in the form of its key's algorithm. Consistency is the caller's to
/// have checked; a mirror must have stored the entries.
pub fn cosign(
    checkpoint: &Checkpoint,
    time_s: u64,
    name: &Origin,
    signer: &dyn Signer,
) -> Result<NoteSignature, NoteError> {
    let key = VerifierKey::cosigner(name.clone(), signer.public_key().clone());
    let signature = signer.sign(&message(&key, checkpoint, time_s))?;
    let bytes = [&time_s.to_be_bytes()[..], &signature].concat();
    Ok(NoteSignature { name: name.to_string(), key_id: key.key_id(), bytes })
}

/// What a cosigner signs.
fn message(cosigner: &VerifierKey, checkpoint: &Checkpoint, time_s: u64) -> Vec<u8> {
    match cosigner.signature_type() {
        SignatureType::CosignatureMlDsa44 => subtree(cosigner.name(), checkpoint, time_s),
        SignatureType::Ed25519 | SignatureType::Cosignature => {
            format!("cosignature/v1\ntime {time_s}\n{}", checkpoint.text()).into_bytes()
        }
    }
}

/// The `cosigned_message` of C2SP tlog-cosignature for the subtree that is the whole tree.
fn subtree(cosigner: &Origin, checkpoint: &Checkpoint, time_s: u64) -> Vec<u8> {
    let mut message = b"subtree/v1\n\0".to_vec();
    let mut put_name = |name: &Origin, number: u64| {
        message.push(u8::try_from(name.as_str().len()).expect("an origin has at most 128 bytes"));
        message.extend(name.as_str().as_bytes());
        message.extend(number.to_be_bytes());
    };
    put_name(cosigner, time_s);
    put_name(&checkpoint.origin, 0);
    message.extend(checkpoint.size.to_be_bytes());
    message.extend(checkpoint.root.0);
    message
}
