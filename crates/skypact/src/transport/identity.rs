//! What this node shows on the network: its transport key in a self-signed certificate made anew at each start. When another key takes the place of
//! that one, connections that were made under it are made anew.

use super::{TransportError, TransportKey};
use crate::keys::{FileSigner, KeyRole};
use rcgen::{CertificateParams, DistinguishedName, PKCS_ED25519, SerialNumber};
use rustls::{
    SignatureAlgorithm, SignatureScheme,
    client::ResolvesClientCert,
    pki_types::CertificateDer,
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, Signer, SigningKey},
};
use std::sync::Arc;
use tokio::sync::watch;

/// The node's transport key with a certificate around it. Clones share the key.
#[derive(Clone, Debug)]
pub struct Identity {
    shown: watch::Sender<Shown>,
}

/// What is shown now.
#[derive(Clone, Debug)]
struct Shown {
    key: TransportKey,
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// Wraps the transport key in a certificate. The secret stays in the signer, no copy goes to the TLS library.
    pub fn new(signer: &FileSigner) -> Result<Self, TransportError> {
        Ok(Self { shown: watch::Sender::new(Shown::new(signer)?) })
    }

    /// Shows another key from now on, if it is another one.
    pub fn show(&self, signer: &FileSigner) -> Result<(), TransportError> {
        if self.key() != TransportKey::new(signer.public_key_bytes())? {
            self.shown.send_replace(Shown::new(signer)?);
        }
        Ok(())
    }

    /// The public key that peers pin.
    pub fn key(&self) -> TransportKey {
        self.shown.borrow().key
    }

    /// Completes when another key is shown than `key`.
    pub(super) async fn is_other_than(&self, key: TransportKey) {
        // The sender is here, so waiting does not fail.
        let _ = self.shown.subscribe().wait_for(|shown| shown.key != key).await;
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.shown.borrow().certified)
    }
}

impl Shown {
    fn new(signer: &FileSigner) -> Result<Self, TransportError> {
        if signer.role() != KeyRole::Transport {
            return Err(TransportError::WrongRole { role: signer.role() });
        }
        let key = TransportKey::new(signer.public_key_bytes())?;
        let signing_key = TransportSigningKey { signer: signer.clone(), key };
        let certificate =
            self_signed(&signing_key).map_err(|error| TransportError::Certificate { reason: error.to_string() })?;
        let certified = Arc::new(CertifiedKey::new(vec![certificate], Arc::new(signing_key)));
        Ok(Self { key, certified })
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The certificate names nobody: whoever scans the address learns a key and nothing more. Nobody reads the rest, so it is short:
/// it goes over slow links as well.
fn self_signed(key: &TransportSigningKey) -> Result<CertificateDer<'static>, rcgen::Error> {
    let mut params = CertificateParams::new([])?;
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(SerialNumber::from(1));
    Ok(params.self_signed(key)?.der().clone())
}

#[derive(Clone, Debug)]
struct TransportSigningKey {
    signer: FileSigner,
    key: TransportKey,
}

impl rcgen::PublicKeyData for TransportSigningKey {
    fn der_bytes(&self) -> &[u8] {
        self.key.as_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl rcgen::SigningKey for TransportSigningKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.signer.sign_bytes(message).to_vec())
    }
}

impl SigningKey for TransportSigningKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::ED25519).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for TransportSigningKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(self.signer.sign_bytes(message).to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
