//! Keys that are made from numbers. They sign like any other, and everybody could make them: they are for simulations alone.

use ed25519_dalek::{Signer as _, SigningKey};
use ml_dsa::{Keypair as _, MlDsa44};
use skypact_record::{Algorithm, Hash, KeyRole, PublicKey, Signer, SignerError};

/// An Ed25519 key in memory.
#[derive(Clone)]
pub(crate) struct Key {
    secret: SigningKey,
    public: PublicKey,
}

impl Key {
    fn of(words: &str) -> Self {
        let secret = SigningKey::from_bytes(&Hash::of(words.as_bytes()).0);
        let public = PublicKey::ed25519(secret.verifying_key().as_bytes());
        Self { secret, public: public.expect("a key made from a secret is canonical and of full order") }
    }

    /// The key of a role of a party.
    pub(crate) fn of_party(party: usize, role: KeyRole) -> Self {
        Self::of(&format!("simulated party {party} {role:?}"))
    }

    /// The key of a party's officer after so many rotations; 0 is the one of the pact.
    pub(crate) fn of_officer(party: usize, rotation: u64) -> Self {
        match rotation {
            0 => Self::of_party(party, KeyRole::Officer),
            _ => Self::of(&format!("simulated party {party} officer {rotation}")),
        }
    }

    /// How often a key of a role is rotated at most.
    pub(crate) const ROTATIONS_MAX: usize = 4;

    /// The key of a role of a party after so many rotations; 0 is the one of the pact.
    pub(crate) fn of_rotation(party: usize, role: KeyRole, rotation: usize) -> Self {
        match rotation {
            0 => Self::of_party(party, role),
            _ => Self::of(&format!("simulated party {party} {role:?} {rotation}")),
        }
    }

    /// The key of a witness.
    pub(crate) fn of_witness(witness: usize) -> Self {
        Self::of(&format!("simulated witness {witness}"))
    }
}

impl Signer for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.secret.sign(message).to_bytes().to_vec())
    }
}

/// An ML-DSA-44 key in memory. It signs by the deterministic variant: the same run signs the same bytes.
#[derive(Clone)]
pub(crate) struct MlDsaKey {
    secret: Box<ml_dsa::SigningKey<MlDsa44>>,
    public: PublicKey,
}

impl MlDsaKey {
    fn of(words: &str) -> Self {
        let secret = ml_dsa::SigningKey::<MlDsa44>::from_seed(&Hash::of(words.as_bytes()).0.into());
        let public = PublicKey::new(Algorithm::MlDsa44, &secret.verifying_key().encode());
        Self { secret: Box::new(secret), public: public.expect("a key of its length") }
    }

    /// The key of a role of a party.
    pub(crate) fn of_party(party: usize, role: KeyRole) -> Self {
        Self::of(&format!("simulated party {party} {role:?} ML-DSA-44"))
    }

    /// The key of a role of a party after so many rotations, 1 or more.
    pub(crate) fn of_rotation(party: usize, role: KeyRole, rotation: usize) -> Self {
        Self::of(&format!("simulated party {party} {role:?} {rotation} ML-DSA-44"))
    }

    /// The key of a witness.
    pub(crate) fn of_witness(witness: usize) -> Self {
        Self::of(&format!("simulated witness {witness} ML-DSA-44"))
    }
}

impl Signer for MlDsaKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signature =
            self.secret.expanded_key().sign_deterministic(message, b"").expect("an empty context is allowed");
        Ok(signature.encode().to_vec())
    }
}
