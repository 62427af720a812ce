//! A client of rustls alone, without any of our own code: with a stolen certificate, and with an older TLS.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::transport::server;
use skypact::transport::TransportKey;

/// What a client opens HTTP/2 with (RFC 9113, section 3.4), and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// Trusts every server: it is the client that is under test.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// Bytes of HTTP/2 that a server sends to whoever connects like this; an error when it ends the handshake.
async fn reach(
    address: &str,
    version: &'static SupportedProtocolVersion,
    certificate: Vec<u8>,
    key: &KeyPair,
) -> std::io::Result<usize> {
    let secret = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let certified = CertifiedKey::new(vec![certificate.into()], aws_lc_rs::sign::any_supported_type(&secret).unwrap());
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let exchange = async {
        let stream = TcpStream::connect(address).await?;
        let mut stream = connector.connect(ServerName::try_from("node.example").unwrap(), stream).await?;
        stream.write_all(PREFACE).await?;
        stream.read(&mut [0; 64]).await
    };
    tokio::time::timeout(Duration::from_secs(20), exchange).await.expect("an answer or an end")
}

fn certificate(key: &KeyPair) -> Vec<u8> {
    CertificateParams::new([]).unwrap().self_signed(key).unwrap().der().to_vec()
}

#[tokio::test]
async fn a_certificate_without_its_key_and_an_older_tls_do_not_get_in() {
    let [red, mallory] = [(); 2].map(|()| KeyPair::generate_for(&PKCS_ED25519).unwrap());
    let red_public: [u8; 32] = red.public_key_raw().try_into().unwrap();
    let (address, _, _stop) = server(TransportKey::new(red_public).unwrap()).await;
    assert!(reach(&address, &TLS13, certificate(&red), &red).await.unwrap() > 0, "RED itself gets in");

    let mut stolen = certificate(&mallory);
    let at = stolen.windows(32).position(|window| window == mallory.public_key_raw()).unwrap();
    stolen[at..at + 32].copy_from_slice(&red_public);
    let error = reach(&address, &TLS13, stolen, &mallory).await.expect_err("RED's certificate, Mallory's key");
    assert!(error.to_string().contains("DecryptError"), "the handshake signature does not hold: {error}");
    let error = reach(&address, &TLS12, certificate(&red), &red).await.expect_err("TLS 1.2");
    assert!(error.to_string().contains("ProtocolVersion"), "{error}");
}
