//! TLS 1.3 (RFC 8446) with pinned keys: the only question asked of a certificate is which Ed25519 key is in it.
//!
//! Chains, names and dates of certificates are ignored, since nobody that both parties trust could issue them and an expired
//! one must not stop a STOP. Possession of the key is proved by the handshake signature, which rustls checks. Sessions are never resumed:
//! resumption skips the certificate, and a key that lost its pin would still come in.

use super::{ClientAuth, Expected, Identity, Pins, TransportError, TransportKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerIncompatible,
    ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        NoServerSessionStorage, ParsedCertificate,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::TLS13,
};
use std::sync::Arc;

/// The one application protocol (RFC 7301): HTTP/2 over TLS (RFC 9113 section 3.2).
pub(super) const ALPN_HTTP2: &[u8] = b"h2";

/// DER of a `SubjectPublicKeyInfo` for Ed25519 up to the key itself (RFC 8410 section 4).
const ED25519_SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// How this node serves its peers.
pub(super) fn server_config(identity: &Identity, pins: &Pins, auth: ClientAuth) -> ServerConfig {
    let verifier = PinnedClients { provider: provider(), pins: pins.clone(), auth };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has cipher suites of TLS 1.3")
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(identity.clone()));
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config
}

/// How this node connects to the one peer that is `expected`.
pub(super) fn client_config(identity: &Identity, expected: &Expected) -> ClientConfig {
    let verifier = PinnedServer { provider: provider(), expected: expected.clone() };
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has cipher suites of TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(identity.clone()));
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    config
}

/// The Ed25519 key in a certificate, if that is what it holds.
pub(super) fn key_in(certificate: &CertificateDer<'_>) -> Option<TransportKey> {
    let spki = ParsedCertificate::try_from(certificate).ok()?.subject_public_key_info();
    let key = spki.as_ref().strip_prefix(&ED25519_SPKI_PREFIX)?;
    TransportKey::new(key.try_into().ok()?).ok()
}

/// What a failure of TLS means to the client that met it at `address`.
pub(super) fn client_failure(error: &Error, address: &str, expected: &Expected, ours: TransportKey) -> TransportError {
    let address = address.to_owned();
    if let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error
        && let Some(unpinned) = cause.downcast_ref::<UnpinnedKey>()
    {
        return TransportError::WrongKey { address, expected: expected.told(), presented: unpinned.presented };
    }
    if let Error::AlertReceived(alert) = error {
        use rustls::AlertDescription as Alert;
        if matches!(alert, Alert::AccessDenied | Alert::CertificateRequired | Alert::BadCertificate) {
            return TransportError::KeyRefused { address, ours };
        }
    }
    TransportError::HandshakeFailed { address, reason: error.to_string() }
}

/// Hybrid key exchange first: what is recorded on the wire today must not be readable by a quantum computer later.
fn provider() -> Arc<CryptoProvider> {
    let kx_groups = vec![aws_lc_rs::kx_group::X25519MLKEM768, aws_lc_rs::kx_group::X25519];
    Arc::new(CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() })
}

/// The certificate's key is not the one that the pact names.
#[derive(Debug, thiserror::Error)]
#[error("the certificate's key is not pinned")]
struct UnpinnedKey {
    presented: Option<TransportKey>,
}

#[derive(Debug)]
struct PinnedServer {
    provider: Arc<CryptoProvider>,
    expected: Expected,
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match key_in(end_entity) {
            Some(key) if self.expected.is(&key) => Ok(ServerCertVerified::assertion()),
            presented => {
                let cause = OtherError(Arc::new(UnpinnedKey { presented }));
                Err(Error::InvalidCertificate(CertificateError::Other(cause)))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

#[derive(Debug)]
struct PinnedClients {
    provider: Arc<CryptoProvider>,
    pins: Pins,
    auth: ClientAuth,
}

impl ClientCertVerifier for PinnedClients {
    fn client_auth_mandatory(&self) -> bool {
        self.auth == ClientAuth::Pinned
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let accepted = match (self.auth, key_in(end_entity)) {
            (ClientAuth::Pinned, Some(key)) => self.pins.party_of(&key).is_some(),
            (ClientAuth::Any, Some(_)) => true,
            (_, None) => false,
        };
        if accepted {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
