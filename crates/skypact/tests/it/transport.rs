//! Who gets past TLS, and who does not.

use std::time::Duration;

use hyper::body::Bytes;
use skypact::keys::{FileSigner, KeyRole};
use skypact::transport::{
    ClientAuth, Identity, Peer, PeerAnswer, PeerClient, PeerHandler, PeerServer, Pins, TrafficClass, TransportKey,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Answers with the name of whoever asks.
pub(crate) struct Echo;

impl PeerHandler for Echo {
    async fn handle(&self, from: Peer, _path: String, body: Bytes) -> PeerAnswer {
        let Peer::Party { name, .. } = from else { return PeerAnswer::new(403, "stranger") };
        PeerAnswer::new(200, [name.as_bytes(), b" ", &body].concat())
    }
}

pub(crate) fn identity() -> (Identity, TransportKey) {
    let signer = FileSigner::ephemeral(KeyRole::Transport, "test").unwrap();
    (Identity::new(&signer).unwrap(), TransportKey::new(signer.public_key_bytes()).unwrap())
}

/// A server that knows RED's key; its address, its own key, and what keeps it up.
pub(crate) async fn server(red: TransportKey) -> (String, TransportKey, watch::Sender<bool>) {
    let (own, key) = identity();
    let pins = Pins::new();
    pins.pin(red, "RED");
    let any = "127.0.0.1:0".parse().unwrap();
    let server = PeerServer::bind(any, &own, pins, ClientAuth::Pinned, Echo).await.unwrap();
    let address = server.local_addr().to_string();
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(server.serve(stopping));
    (address, key, stop)
}

#[tokio::test]
async fn the_holder_of_a_pinned_key_is_known_by_its_name() {
    let (red, red_key) = identity();
    let (address, key, _stop) = server(red_key).await;
    let client = PeerClient::new(&address, key, &red, TrafficClass::Routine);
    let answer = client.post("/any", "hello").await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"RED hello"[..]));
}

#[tokio::test]
async fn a_client_with_another_key_never_reaches_the_handler() {
    let (_, red_key) = identity();
    let (mallory, _) = identity();
    let (address, key, _stop) = server(red_key).await;
    let client = PeerClient::new(&address, key, &mallory, TrafficClass::Routine);
    let error = client.post("/any", "hello").await.expect_err("an unknown key");
    assert_eq!(error.code(), "key-refused", "{error}");
}

/// The server closes while the client sends: a reset would take away the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refused_client_learns_each_time_that_its_key_is_the_reason() {
    let (_, red_key) = identity();
    let (mallory, _) = identity();
    let (address, key, _stop) = server(red_key).await;
    for attempt in 0..200 {
        let client = PeerClient::new(&address, key, &mallory, TrafficClass::Routine);
        let error = client.post("/any", vec![0_u8; 20_000]).await.expect_err("an unknown key");
        assert_eq!(error.code(), "key-refused", "attempt {attempt}: {error}");
    }
}

#[tokio::test]
async fn a_server_with_another_key_is_not_spoken_to() {
    let (red, red_key) = identity();
    let (_, expected) = identity();
    let (address, _, _stop) = server(red_key).await;
    let client = PeerClient::new(&address, expected, &red, TrafficClass::Routine);
    let error = client.post("/any", "hello").await.expect_err("the wrong server");
    assert_eq!(error.code(), "wrong-key", "{error}");
}

#[tokio::test]
async fn plaintext_and_garbage_get_no_answer_but_an_alert_and_hurt_nobody() {
    let (red, red_key) = identity();
    let (address, key, _stop) = server(red_key).await;
    for bytes in [&b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..], &[0xff; 4096], &[0x16, 3, 1, 0xff, 0xff]] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A connection that is reset is as good as one that is closed.
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
        assert!(!answer.starts_with(b"HTTP"), "an answer to plaintext");
    }
    let client = PeerClient::new(&address, key, &red, TrafficClass::Urgent);
    assert_eq!(client.post("/any", "still here").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let (red, red_key) = identity();
    let (address, key, _stop) = server(red_key).await;
    let client = PeerClient::new(&address, key, &red, TrafficClass::Routine);
    // The server may answer 413, or close before it has read everything.
    if let Ok(answer) = client.post("/any", vec![0; (1 << 20) + 1]).await {
        assert_eq!(answer.status, 413);
    }
    assert_eq!(client.post("/any", "small").await.unwrap().status, 200);
}
