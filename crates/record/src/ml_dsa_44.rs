//! The one ML-DSA-44 rule (docs/record-format.md, section 3): ML-DSA.Verify of FIPS 204, algorithm 3, with an empty context.
//! Everything here is public, so nothing needs to take constant time.

use std::sync::OnceLock;

use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa44, Signature, VerifyingKey};

/// A public key of the right length, which is all that makes one.
pub(crate) struct MlDsa44Key {
    encoded: EncodedVerifyingKey<MlDsa44>,
    /// The matrix that the key stands for, 24 KiB: made when the first signature is checked, for a genesis may name many keys that never sign.
    expanded: OnceLock<VerifyingKey<MlDsa44>>,
}

impl MlDsa44Key {
    /// The key of its bytes, if they are as many as a key has.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let encoded = EncodedVerifyingKey::<MlDsa44>::try_from(bytes).ok()?;
        Some(Self { encoded, expanded: OnceLock::new() })
    }

    /// Whether `signature` holds over `message`. Decoding refuses a wrong length, a hint that is not in its only encoding, and a z
    /// that is out of its bounds.
    pub(crate) fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(encoded) = EncodedSignature::<MlDsa44>::try_from(signature) else { return false };
        let Some(signature) = Signature::<MlDsa44>::decode(&encoded) else { return false };
        let key = self.expanded.get_or_init(|| VerifyingKey::decode(&self.encoded));
        key.verify_with_context(message, b"", &signature)
    }
}
