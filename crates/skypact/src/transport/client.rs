//! The connecting side: one warm HTTP/2 connection to one peer for one class of traffic.
//!
//! A lost connection is opened again by the next request, after a pause that doubles with each failure up to a bound and
//! is spread at random. A request that met a dying connection is sent once more on a fresh one: frames are idempotent.

use super::{
    Expected, Identity, PeerAnswer, SlowLine, TransportError, TransportKey,
    paced::{Gathered, Paced},
    tls,
};
use crate::{clock::Stopwatch, entropy};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Uri,
    body::Bytes,
    client::conn::http2::{self, SendRequest},
    header::CONTENT_TYPE,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{Mutex, Semaphore},
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;

/// What a connection carries. Each class has a connection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficClass {
    /// STOP and its rungs, test calls, suspension.
    Urgent,
    /// Everything else.
    Routine,
}

/// The bounds of a client.
#[derive(Clone, Debug)]
pub struct ClientLimits {
    /// Time for a whole request: waiting, connecting, sending, answer.
    pub request_timeout: Duration,
    /// Time to connect and shake hands.
    pub connect_timeout: Duration,
    /// Bytes of an answer's body.
    pub answer_bytes_max: usize,
    /// Requests at once; further ones wait.
    pub requests_max: usize,
    /// Longest pause between attempts to connect.
    pub pause_max: Duration,
    /// An idle connection is tried after this time, so that a dead one is found before it is needed.
    pub keep_alive_interval: Duration,
}

impl ClientLimits {
    /// The bounds that suit a class: urgent traffic gives up early and tries again soon.
    pub fn for_class(class: TrafficClass) -> Self {
        let (request_s, connect_s, pause_s, keep_alive_s) = match class {
            TrafficClass::Urgent => (8, 4, 1, 5),
            TrafficClass::Routine => (40, 10, 30, 20),
        };
        Self {
            request_timeout: Duration::from_secs(request_s),
            connect_timeout: Duration::from_secs(connect_s),
            answer_bytes_max: 4 << 20,
            requests_max: 16,
            pause_max: Duration::from_secs(pause_s),
            keep_alive_interval: Duration::from_secs(keep_alive_s),
        }
    }

    /// The bounds of a class on a slow line: time for what is urgent to go and be answered, or for a long notice; to shake hands, which
    /// takes 2 kB each way on each of four connections; and hardly any attempts to see whether the line is there.
    pub fn for_line(class: TrafficClass, line: &SlowLine) -> Self {
        let (longest, keep_alive_s) = match class {
            TrafficClass::Urgent => (2 << 10, 300),
            TrafficClass::Routine => (16 << 10, 600),
        };
        Self {
            request_timeout: Duration::from_secs(30) + line.time_of(longest),
            connect_timeout: Duration::from_secs(30) + line.time_of(16 << 10),
            keep_alive_interval: Duration::from_secs(keep_alive_s),
            ..Self::for_class(class)
        }
    }
}

/// Pause after the first failure to connect; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// A client of one peer. Clones share its connection.
#[derive(Clone, Debug)]
pub struct PeerClient {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: String,
    expected: Expected,
    identity: Identity,
    limits: ClientLimits,
    tls: Arc<rustls::ClientConfig>,
    requests: Semaphore,
    link: Mutex<Link>,
    /// The slow line that its packets take turns on.
    line: Option<(Arc<SlowLine>, TrafficClass)>,
}

#[derive(Debug, Default)]
struct Link {
    connection: Option<Connection>,
    connections_made: u64,
    failure: Option<Failure>,
}

/// The newest failure to connect: how many there were in a row, and the pause since it.
#[derive(Debug)]
struct Failure {
    in_a_row: u32,
    since: Stopwatch,
    pause: Duration,
}

#[derive(Clone, Debug)]
struct Connection {
    number: u64,
    /// Keys of both ends.
    ours: TransportKey,
    theirs: TransportKey,
    sender: SendRequest<Full<Bytes>>,
    /// Why reading ended, when TLS knows: a refusal of our key arrives after the handshake.
    tls_failure: Arc<OnceLock<rustls::Error>>,
}

impl PeerClient {
    /// A client of the peer at `address` (`host:port`, resolved at each connection) that must be the one that is `expected`.
    /// Nothing is connected before the first request.
    pub fn new(address: &str, expected: impl Into<Expected>, identity: &Identity, class: TrafficClass) -> Self {
        Self::with_limits(address, expected, identity, ClientLimits::for_class(class))
    }

    /// The same over a slow line.
    pub fn on_line(
        address: &str,
        expected: impl Into<Expected>,
        identity: &Identity,
        class: TrafficClass,
        line: Arc<SlowLine>,
    ) -> Self {
        let limits = ClientLimits::for_line(class, &line);
        Self::of(address, expected.into(), identity, limits, Some((line, class)))
    }

    /// The same with bounds of the caller's.
    pub fn with_limits(
        address: &str,
        expected: impl Into<Expected>,
        identity: &Identity,
        limits: ClientLimits,
    ) -> Self {
        Self::of(address, expected.into(), identity, limits, None)
    }

    fn of(
        address: &str,
        expected: Expected,
        identity: &Identity,
        limits: ClientLimits,
        line: Option<(Arc<SlowLine>, TrafficClass)>,
    ) -> Self {
        let shared = Shared {
            address: address.to_owned(),
            tls: Arc::new(tls::client_config(identity, &expected)),
            expected,
            identity: identity.clone(),
            requests: Semaphore::new(limits.requests_max),
            limits,
            link: Mutex::default(),
            line,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Where the peer is.
    pub fn address(&self) -> &str {
        &self.shared.address
    }

    /// Sends `body` to `path` and waits for the whole answer. Any status is an answer. After an error the peer may
    /// nevertheless have acted.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Result<PeerAnswer, TransportError> {
        self.ask(Method::POST, path, body.into()).await
    }

    /// Asks for what is at `path`, and waits for the whole answer. Any status is an answer.
    pub async fn get(&self, path: &str) -> Result<PeerAnswer, TransportError> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<PeerAnswer, TransportError> {
        let uri = format!("https://peer{path}").parse::<Uri>();
        let uri = match uri {
            Ok(uri) if path.starts_with('/') => uri,
            _ => return Err(TransportError::BadPath { path: path.to_owned() }),
        };
        let after = self.shared.limits.request_timeout;
        let mut used = None;
        let asked = Asked { method, uri, body };
        if let Ok(answer) = timeout(after, self.shared.send(asked, &mut used)).await {
            return answer;
        }
        self.shared.forget(used);
        Err(TransportError::Timeout { address: self.shared.address.clone(), after })
    }
}

/// One request, which may be sent twice.
#[derive(Clone, Debug)]
struct Asked {
    method: Method,
    uri: Uri,
    body: Bytes,
}

impl Shared {
    async fn send(&self, asked: Asked, used: &mut Option<u64>) -> Result<PeerAnswer, TransportError> {
        let _slot = self.requests.acquire().await.expect("the semaphore is never closed");
        let (connection, fresh) = self.connection().await?;
        *used = Some(connection.number);
        let first = self.exchange(connection, asked.clone()).await;
        if fresh || !matches!(first, Err(TransportError::Unreachable { .. })) {
            return first;
        }
        self.forget(*used);
        let (connection, _) = self.connection().await?;
        *used = Some(connection.number);
        self.exchange(connection, asked).await
    }

    /// The open connection, or a new one (true).
    async fn connection(&self) -> Result<(Connection, bool), TransportError> {
        let mut link = self.link.lock().await;
        if let Some(open) = link.connection.as_ref().filter(|connection| self.is_of_now(connection)) {
            return Ok((open.clone(), false));
        }
        link.connection = None;
        if let Some(failure) = &link.failure {
            sleep(failure.since.remaining_of(failure.pause)).await;
        }
        let attempt = Box::pin(self.connect(link.connections_made));
        let attempt = timeout(self.limits.connect_timeout, attempt).await;
        let attempt = attempt.unwrap_or_else(|_| {
            Err(TransportError::Timeout { address: self.address.clone(), after: self.limits.connect_timeout })
        });
        match attempt {
            Ok(connection) => {
                link.connections_made += 1;
                link.connection = Some(connection.clone());
                Ok((connection, true))
            }
            Err(error) => {
                link.failed(self.limits.pause_max);
                Err(error)
            }
        }
    }

    /// Whether a connection is open, and both ends hold the keys that they have by now.
    fn is_of_now(&self, connection: &Connection) -> bool {
        let is_of_now = connection.ours == self.identity.key() && self.expected.is(&connection.theirs);
        is_of_now && !connection.sender.is_closed()
    }

    async fn connect(&self, number: u64) -> Result<Connection, TransportError> {
        let ours = self.identity.key();
        let socket = TcpStream::connect(&self.address).await.map_err(|error| self.unreachable(error))?;
        socket.set_nodelay(true).map_err(|error| self.unreachable(error))?;
        let mut socket = Paced::new(socket);
        if let Some((line, class)) = &self.line {
            socket.put_on(Arc::clone(line), (*class).into());
        }
        // The name is not sent and not compared: the key says who the peer is.
        let name = ServerName::try_from("peer").expect("a valid DNS name");
        let shaken = TlsConnector::from(Arc::clone(&self.tls)).connect(name, socket).await;
        let stream = shaken.map_err(|error| self.failure(error))?;
        if stream.get_ref().1.alpn_protocol() != Some(tls::ALPN_HTTP2) {
            let reason = "the server does not speak HTTP/2".to_owned();
            return Err(TransportError::HandshakeFailed { address: self.address.clone(), reason });
        }
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let Some(theirs) = certificate.and_then(tls::key_in) else {
            let reason = "the server showed no Ed25519 key".to_owned();
            return Err(TransportError::HandshakeFailed { address: self.address.clone(), reason });
        };
        self.expected.meet(theirs);
        let tls_failure = Arc::new(OnceLock::new());
        let stream = NotingStream { stream, tls_failure: Arc::clone(&tls_failure) };
        let stream = Gathered::new(stream, self.line.is_some());
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_header_list_size(16 << 10)
            .keep_alive_interval(self.limits.keep_alive_interval)
            .keep_alive_timeout(self.limits.keep_alive_interval)
            .keep_alive_while_idle(true);
        let opened = http2.handshake(TokioIo::new(stream)).await;
        let (sender, driver) = opened.map_err(|error| self.lost(&tls_failure, error))?;
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "connection to a peer ended");
            }
        });
        Ok(Connection { number, ours, theirs, sender, tls_failure })
    }

    async fn exchange(&self, mut connection: Connection, asked: Asked) -> Result<PeerAnswer, TransportError> {
        let request = Request::builder()
            .method(asked.method)
            .uri(asked.uri)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(Full::new(asked.body))
            .expect("the parts are valid");
        let answer = match connection.sender.send_request(request).await {
            Ok(answer) => answer,
            Err(error) => {
                let failure = self.lost(&connection.tls_failure, error);
                if matches!(failure, TransportError::KeyRefused { .. }) {
                    self.forget(Some(connection.number));
                    self.link.lock().await.failed(self.limits.pause_max);
                }
                return Err(failure);
            }
        };
        // Only an answer shows that the peer took our key; now the pauses begin anew.
        self.link.lock().await.failure = None;
        let status = answer.status().as_u16();
        let bytes_max = self.limits.answer_bytes_max;
        match Limited::new(answer.into_body(), bytes_max).collect().await {
            Ok(body) => Ok(PeerAnswer::new(status, body.to_bytes())),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(TransportError::AnswerTooLarge { address: self.address.clone(), bytes_max })
            }
            Err(error) => Err(self.unreachable(io::Error::other(error))),
        }
    }

    /// Drops a connection that proved useless, unless another request already did. Others that use it may end.
    fn forget(&self, used: Option<u64>) {
        // When the link is locked, somebody is connecting anew and the useless one is gone already.
        if let Ok(mut link) = self.link.try_lock()
            && link.connection.as_ref().map(|connection| connection.number) == used
        {
            link.connection = None;
        }
    }

    fn failure(&self, error: io::Error) -> TransportError {
        match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
            Some(cause) => tls::client_failure(cause, &self.address, &self.expected, self.identity.key()),
            None => self.unreachable(error),
        }
    }

    fn lost(&self, tls_failure: &OnceLock<rustls::Error>, error: hyper::Error) -> TransportError {
        match tls_failure.get() {
            Some(cause) => tls::client_failure(cause, &self.address, &self.expected, self.identity.key()),
            None => self.unreachable(io::Error::new(io::ErrorKind::ConnectionAborted, error)),
        }
    }

    fn unreachable(&self, source: io::Error) -> TransportError {
        TransportError::Unreachable { address: self.address.clone(), source }
    }
}

impl Link {
    fn failed(&mut self, pause_max: Duration) {
        let in_a_row = self.failure.as_ref().map_or(1, |failure| failure.in_a_row.saturating_add(1));
        let pause = FIRST_PAUSE.saturating_mul(1 << in_a_row.saturating_sub(1).min(16)).min(pause_max);
        let pause = pause / 2 + entropy::jitter(pause / 2);
        self.failure = Some(Failure { in_a_row, since: Stopwatch::start(), pause });
    }
}

/// Passes bytes through and notes why TLS ended the stream: HTTP/2 reports no cause.
#[derive(Debug)]
struct NotingStream<S> {
    stream: S,
    tls_failure: Arc<OnceLock<rustls::Error>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for NotingStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Err(error)) = &read
            && let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>())
        {
            let _ = self.tls_failure.set(cause.clone());
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for NotingStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
