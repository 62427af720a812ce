//! Timestamped cosignatures (C2SP tlog-cosignature, cosignature/v1): by a witness, "this is the newest consistent head I have seen at this time";
//! by the counterpart's mirror key also "I durably hold these entries", a receipt for all of them.

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
        Ok(Self { name: key.name().clone(), time_s: verify_text(key, &checkpoint.text(), signature)? })
    }
}

/// Has `signer` cosign under `name` at `time_s` (s since the Unix epoch, UTC). Consistency is the caller's to have checked; a
/// mirror must have stored the entries.
pub fn cosign(
    checkpoint: &Checkpoint,
    time_s: u64,
    name: &Origin,
    signer: &dyn Signer,
) -> Result<NoteSignature, NoteError> {
    cosign_text(&checkpoint.text(), time_s, name, signer)
}

/// The same over any note text. What such a text is must be plain from the text itself.
pub(crate) fn cosign_text(
    text: &str,
    time_s: u64,
    name: &Origin,
    signer: &dyn Signer,
) -> Result<NoteSignature, NoteError> {
    let key = VerifierKey::new(name.clone(), SignatureType::Cosignature, signer.public_key().clone());
    let signature = signer.sign(message(text, time_s).as_bytes())?;
    let bytes = [&time_s.to_be_bytes()[..], &signature].concat();
    Ok(NoteSignature { name: name.to_string(), key_id: key.key_id(), bytes })
}

/// Checks that `signature` is by `key` and holds over `text`; its time, s since the Unix epoch, UTC.
pub(crate) fn verify_text(key: &VerifierKey, text: &str, signature: &NoteSignature) -> Result<u64, NoteError> {
    if key.signature_type() != SignatureType::Cosignature || !key.is_named_by(signature) {
        return Err(NoteError::NotSigned { name: key.name().clone() });
    }
    let refused = |reason: KeyError| NoteError::Signature { name: key.name().clone(), reason };
    let (time, bytes) = signature.bytes.split_first_chunk::<8>().ok_or_else(|| refused(KeyError::InvalidSignature))?;
    let time_s = u64::from_be_bytes(*time);
    if time_s > i64::MAX as u64 {
        return Err(refused(KeyError::InvalidSignature));
    }
    key.key().verify(message(text, time_s).as_bytes(), bytes).map_err(refused)?;
    Ok(time_s)
}

fn message(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}
