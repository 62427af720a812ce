//! Timestamped cosignatures (C2SP tlog-cosignature, under Ed25519 or ML-DSA-44): by a witness, "this is the newest consistent head I have seen at
//! this time"; by the counterpart's mirror key also "I durably hold these entries", a receipt for all of them. The author of a log signs its heads
//! in the ML-DSA-44 form too, under the name of the log and with time 0.

use crate::checkpoint::Checkpoint;
use crate::key::{Algorithm, KeyError, Signer};
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
        let time_s = verify_with(key, signature, |time_s| message(key, checkpoint, time_s))?;
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
    sign_with(&key, time_s, &message(&key, checkpoint, time_s), signer)
}

/// The same over any note text, under Ed25519 alone. What such a text is must be plain from the text itself.
pub(crate) fn cosign_text(
    text: &str,
    time_s: u64,
    name: &Origin,
    signer: &dyn Signer,
) -> Result<NoteSignature, NoteError> {
    let key = VerifierKey::cosigner(name.clone(), signer.public_key().clone());
    is_of_text(&key)?;
    sign_with(&key, time_s, &message_of_text(text, time_s), signer)
}

fn sign_with(key: &VerifierKey, time_s: u64, message: &[u8], signer: &dyn Signer) -> Result<NoteSignature, NoteError> {
    let signature = signer.sign(message)?;
    let bytes = [&time_s.to_be_bytes()[..], &signature].concat();
    Ok(NoteSignature { name: key.name().to_string(), key_id: key.key_id(), bytes })
}

/// Checks that `signature` is by `key`, one of Ed25519, and holds over `text`; its time, s since the Unix epoch, UTC.
pub(crate) fn verify_text(key: &VerifierKey, text: &str, signature: &NoteSignature) -> Result<u64, NoteError> {
    is_of_text(key)?;
    verify_with(key, signature, |time_s| message_of_text(text, time_s))
}

fn verify_with(
    key: &VerifierKey,
    signature: &NoteSignature,
    message: impl FnOnce(u64) -> Vec<u8>,
) -> Result<u64, NoteError> {
    if key.signature_type() == SignatureType::Ed25519 || !key.is_named_by(signature) {
        return Err(NoteError::NotSigned { name: key.name().clone() });
    }
    let refused = |reason: KeyError| NoteError::Signature { name: key.name().clone(), reason };
    let (time, bytes) = signature.bytes.split_first_chunk::<8>().ok_or_else(|| refused(KeyError::InvalidSignature))?;
    let time_s = u64::from_be_bytes(*time);
    if time_s > i64::MAX as u64 {
        return Err(refused(KeyError::InvalidSignature));
    }
    key.verify(&message(time_s), bytes)?;
    Ok(time_s)
}

/// Refuses a key that signs no texts but checkpoints: the ML-DSA-44 form of C2SP is over a tree.
fn is_of_text(key: &VerifierKey) -> Result<(), NoteError> {
    match key.key().algorithm() {
        Algorithm::Ed25519 => Ok(()),
        algorithm @ (Algorithm::MlDsa44 | Algorithm::WebauthnEs256) => {
            let reason = KeyError::Unsupported { algorithm };
            Err(NoteError::Signature { name: key.name().clone(), reason })
        }
    }
}

/// What a cosigner signs of a checkpoint.
fn message(cosigner: &VerifierKey, checkpoint: &Checkpoint, time_s: u64) -> Vec<u8> {
    match cosigner.signature_type() {
        SignatureType::CosignatureMlDsa44 => subtree(cosigner.name(), checkpoint, time_s),
        SignatureType::Ed25519 | SignatureType::Cosignature => message_of_text(&checkpoint.text(), time_s),
    }
}

fn message_of_text(text: &str, time_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{text}").into_bytes()
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
