//! What slow and idle peers can do to the listener between nodes: be closed, while others are served.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Request;
use hyper::body::{Body, Bytes, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PublicKeyData as _};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use skypact::transport::{
    ClientAuth, Identity, PeerClient, PeerServer, Pins, ServerLimits, TrafficClass, TransportKey,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::transport::{Echo, identity};

/// No test waits for a bound of this length.
const NEVER: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_millis(200);
/// What every HTTP/2 connection begins with (RFC 9113 section 3.4): the preface and empty SETTINGS.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn limits() -> ServerLimits {
    ServerLimits {
        handshakes_max: 3,
        connections_max: 3,
        connections_each_max: 2,
        handshake_timeout: NEVER,
        request_timeout: NEVER,
        idle_timeout: NEVER,
        drain_timeout: SOON,
        ..ServerLimits::for_clients(ClientAuth::Pinned)
    }
}

/// A server that knows RED and MALLORY; MALLORY speaks TLS as we do and then does as the test likes.
struct Ground {
    address: String,
    red: PeerClient,
    mallory: TlsConnector,
    _stop: watch::Sender<bool>,
}

impl Ground {
    async fn new(limits: ServerLimits) -> Self {
        let ((own, key), (red, red_key)) = (identity(), identity());
        let (mallory, mallory_key) = connector();
        let pins = Pins::new();
        pins.pin(red_key, "RED");
        pins.pin(mallory_key, "MALLORY");
        let server = bind(&own, pins, limits).await;
        let address = server.local_addr().to_string();
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(server.serve(stopping));
        let red = PeerClient::new(&address, key, &red, TrafficClass::Routine);
        Self { address, red, mallory, _stop: stop }
    }

    async fn socket(&self, bytes: &[u8]) -> TcpStream {
        let mut socket = TcpStream::connect(&self.address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        socket
    }

    /// A connection of MALLORY that is past TLS and has sent `bytes`.
    async fn line(&self, bytes: &[u8]) -> TlsStream<TcpStream> {
        let name = ServerName::try_from("peer").unwrap();
        let mut line = self.mallory.connect(name, self.socket(b"").await).await.unwrap();
        line.write_all(bytes).await.unwrap();
        line
    }

    async fn serves_red(&self) {
        assert_eq!(self.red.post("/any", "hello").await.unwrap().status, 200);
    }
}

async fn bind(own: &Identity, pins: Pins, limits: ServerLimits) -> PeerServer<Echo> {
    let any = "127.0.0.1:0".parse().unwrap();
    PeerServer::bind_with_limits(any, own, pins, ClientAuth::Pinned, limits, Echo).await.unwrap()
}

/// Waits until the server has closed the connection.
async fn closed(mut stream: impl AsyncRead + Unpin) {
    let mut said = Vec::new();
    // A connection that is reset is as good as one that is closed.
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut said)).await;
    let _ = read.expect("the server closes the connection");
}

/// A client of TLS by other code than ours, with a key of its own; it takes any server for the right one.
fn connector() -> (TlsConnector, TransportKey) {
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let key = TransportKey::new(pair.der_bytes().try_into().unwrap()).unwrap();
    let certificate = CertificateParams::new([]).unwrap().self_signed(&pair).unwrap();
    let secret = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let config = config.unwrap().dangerous().with_custom_certificate_verifier(Arc::new(Anybody));
    let mut config = config.with_client_auth_cert(vec![certificate.der().clone()], secret).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    (TlsConnector::from(Arc::new(config)), key)
}

#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// The first bytes of a record with a `ClientHello` (RFC 8446 section 5.1) that announces more than follows.
const HALF_A_HANDSHAKE: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

#[tokio::test]
async fn half_a_handshake_is_waited_for_no_longer_than_its_timeout() {
    let ground = Ground::new(ServerLimits { handshake_timeout: SOON, ..limits() }).await;
    closed(ground.socket(HALF_A_HANDSHAKE).await).await;
    closed(ground.socket(b"").await).await;
    ground.serves_red().await;
}

#[tokio::test]
async fn strangers_that_hold_every_handshake_do_not_keep_a_party_out() {
    let ground = Ground::new(limits()).await;
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(ground.socket(HALF_A_HANDSHAKE).await);
    }
    ground.serves_red().await;
    closed(slow.remove(0)).await;
}

#[tokio::test]
async fn half_of_the_headers_is_waited_for_no_longer_than_the_idle_timeout() {
    let ground = Ground::new(ServerLimits { idle_timeout: SOON, ..limits() }).await;
    // HEADERS of 100 bytes on stream 1 (RFC 9113 section 6.2), of which three follow.
    closed(ground.line(&[PREFACE, b"\0\0\x64\x01\0\0\0\0\x01\x83\x86\x84"].concat()).await).await;
    // HEADERS that are whole as a frame and promise a CONTINUATION that never comes.
    closed(ground.line(&[PREFACE, b"\0\0\x03\x01\0\0\0\0\x01\x83\x86\x84"].concat()).await).await;
    ground.serves_red().await;
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let ground = Ground::new(ServerLimits { idle_timeout: SOON, ..limits() }).await;
    closed(ground.line(b"").await).await;
    closed(ground.line(PREFACE).await).await;
    ground.serves_red().await;
}

/// A body that never ends.
struct Unfinished(bool);

impl Body for Unfinished {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"some")))))
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_answered_with_a_timeout() {
    let ground = Ground::new(ServerLimits { request_timeout: SOON, ..limits() }).await;
    let line = TokioIo::new(ground.line(b"").await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), line).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("https://peer/any").body(Unfinished(false)).unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(30), sender.send_request(request)).await.unwrap().unwrap();
    assert_eq!(answer.status(), 408);
    ground.serves_red().await;
}

#[tokio::test]
async fn a_party_with_too_many_connections_loses_its_own_oldest() {
    let ground = Ground::new(limits()).await;
    ground.serves_red().await;
    let oldest = ground.line(PREFACE).await;
    let mut second = ground.line(PREFACE).await;
    let third = ground.line(PREFACE).await;
    closed(oldest).await;
    // The server answers the preface with its own SETTINGS: these two are open.
    let mut begun = [0; 9];
    second.read_exact(&mut begun).await.unwrap();
    ground.serves_red().await;
    drop(third);
}
