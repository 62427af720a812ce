//! What slow, greedy and vanished clients can do to a listener without TLS: nothing to anybody else.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use hyper::body::{Bytes, Frame};
use skypact::http::listener::{Limits, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// No test waits for a bound of this length.
const NEVER: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_millis(200);

fn limits() -> Limits {
    Limits {
        connections_max: 3,
        connections_each_max: 3,
        header_bytes_max: 8 << 10,
        body_bytes_max: 1 << 10,
        header_timeout: NEVER,
        request_timeout: NEVER,
        idle_timeout: NEVER,
        drain_timeout: SOON,
        too_slow: || (axum::http::StatusCode::REQUEST_TIMEOUT, "too slow").into_response(),
    }
}

/// A listener that serves; it stops when `stop` is told or dropped.
struct Served {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: JoinHandle<()>,
}

async fn listen(router: Router, limits: Limits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    Served { address, stop, ended: tokio::spawn(serve(listener, router, limits, stopping)) }
}

fn echo() -> Router {
    Router::new().route("/", get(|| async { "hello" })).route("/", post(|body: Bytes| async move { body }))
}

impl Served {
    async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    async fn is_well(&self) {
        let answer = rest(self.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
    }
}

/// Everything until the server closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset is as good as one that is closed.
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn clients_that_hold_every_connection_with_half_a_header_do_not_keep_others_out() {
    let served = listen(echo(), limits()).await;
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(served.send("GET / HTTP/1.1\r\nhost: x\r\n").await);
    }
    served.is_well().await;
    assert_eq!(rest(slow.remove(0)).await, "", "the oldest made room");
}

#[tokio::test]
async fn half_a_header_is_waited_for_no_longer_than_the_header_timeout() {
    let served = listen(echo(), Limits { header_timeout: SOON, ..limits() }).await;
    let answer = rest(served.send("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    served.is_well().await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_half_a_preface_is_closed_when_idle() {
    let served = listen(echo(), Limits { idle_timeout: SOON, ..limits() }).await;
    for bytes in ["", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        rest(served.send(bytes).await).await;
    }
    let kept = served.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(rest(kept).await.ends_with("hello"), "answered, kept alive, closed when idle");
}

#[tokio::test]
async fn a_body_that_never_ends_is_answered_as_too_slow() {
    let served = listen(echo(), Limits { request_timeout: SOON, ..limits() }).await;
    let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 100\r\n\r\nsome";
    let answer = rest(served.send(head).await).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.ends_with("too slow"), "{answer}");
    served.is_well().await;
}

#[tokio::test]
async fn bodies_and_headers_over_the_limit_are_refused() {
    let served = listen(echo(), limits()).await;
    let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ";
    let whole = rest(served.send(&format!("{head}1024\r\n\r\n{}", "b".repeat(1024))).await).await;
    assert!(whole.starts_with("HTTP/1.1 200"), "{whole}");
    let over = rest(served.send(&format!("{head}1025\r\n\r\n{}", "b".repeat(1025))).await).await;
    assert!(over.starts_with("HTTP/1.1 413"), "{over}");
    let headers = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "h".repeat(9 << 10));
    let over = rest(served.send(&headers).await).await;
    assert!(over.starts_with("HTTP/1.1 431"), "{over}");
}

/// A body without end, which tells when it is dropped.
struct Endless {
    dropped: Arc<Notify>,
}

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[7; 4096])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.dropped.notify_one();
    }
}

#[tokio::test]
async fn whoever_stops_to_read_an_answer_loses_it() {
    let dropped = Arc::new(Notify::new());
    let given = Arc::clone(&dropped);
    let router = Router::new().route("/", get(|| async move { Body::new(Endless { dropped: given }) }));
    let served = listen(router, Limits { idle_timeout: SOON, ..limits() }).await;
    let _stalled = served.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    tokio::time::timeout(Duration::from_secs(30), dropped.notified()).await.expect("the answer is given up");
}

/// Thirty frames, one each tenth of a second.
struct Slow {
    left: u8,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl hyper::body::Body for Slow {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        std::task::ready!(self.pause.as_mut().poll(cx));
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.pause = Box::pin(tokio::time::sleep(Duration::from_millis(100)));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }
}

#[tokio::test]
async fn an_answer_that_moves_outlives_the_idle_timeout() {
    let slow = || async { Body::new(Slow { left: 30, pause: Box::pin(tokio::time::sleep(SOON)) }) };
    let idle = Duration::from_secs(2);
    let served = listen(Router::new().route("/", get(slow)), Limits { idle_timeout: idle, ..limits() }).await;
    let answer = rest(served.send("GET / HTTP/1.0\r\nhost: x\r\n\r\n").await).await;
    assert!(answer.ends_with(&"x".repeat(30)), "{answer}");
}

#[tokio::test]
async fn a_stop_lets_the_request_under_way_end_and_then_nobody_listens() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (theirs, ours) = ((Arc::clone(&begun), Arc::clone(&go)), (begun, go));
    let router = Router::new().route(
        "/",
        get(|| async move {
            theirs.0.notify_one();
            theirs.1.notified().await;
            "done"
        }),
    );
    let served = listen(router, Limits { drain_timeout: NEVER, ..limits() }).await;
    let asked = served.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    ours.0.notified().await;
    served.stop.send(true).unwrap();
    ours.1.notify_one();
    assert!(rest(asked).await.ends_with("done"));
    served.ended.await.unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}
