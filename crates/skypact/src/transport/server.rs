//! The listening side: HTTP/2 over TLS 1.3 for peers that hold a pinned key.
//!
//! Everything a stranger can hold has a bound in number and in time: handshakes, connections, streams, headers, bodies. A
//! handler runs to its end even if the peer hangs up, since what it decided may already be committed.

use super::{
    Identity, PeerAnswer, Pins, SlowLine, TransportError, TransportKey,
    accept::{Activity, accept},
    asked_to_stop,
    line::Precedence,
    paced::{Gathered, Paced},
    seats::{Holder, Seat, Seats},
    tls,
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::{debug, info};

/// For how long, and for how many bytes, a client that was refused may go on to send.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(2);
const UNREAD_BYTES_MAX: u64 = 64 << 10;

/// Which clients may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// Only holders of a pinned key: the channel between parties.
    Pinned,
    /// Anybody, with any Ed25519 key or without one: a witness, which checks the signatures on checkpoints itself.
    Any,
}

/// Who sent a request, as far as TLS proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A party with a pinned key.
    Party {
        /// The party's name in the pins at the time of the request.
        name: String,
        /// Its key.
        key: TransportKey,
    },
    /// Somebody else; only with [`ClientAuth::Any`].
    Stranger {
        /// The key that it proved to hold, if it showed one.
        key: Option<TransportKey>,
    },
}

/// Answers the requests of peers.
pub trait PeerHandler: Send + Sync + 'static {
    /// Answers one POST of `body` to `path` (with the query, if there is one).
    fn handle(&self, from: Peer, path: String, body: Bytes) -> impl Future<Output = PeerAnswer> + Send;

    /// Answers one GET of `path` (with the query, if there is one). Whoever has nothing to read answers 405.
    fn get(&self, from: Peer, path: String) -> impl Future<Output = PeerAnswer> + Send {
        let _ = (from, path);
        std::future::ready(PeerAnswer::new(StatusCode::METHOD_NOT_ALLOWED.as_u16(), Bytes::new()))
    }

    /// The line that a peer is at the end of, when it is slow.
    fn line_to(&self, peer: &Peer) -> Option<Arc<SlowLine>> {
        let _ = peer;
        None
    }
}

/// The bounds of a server.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    /// Bytes of a request's body by the holder of a pinned key.
    pub body_bytes_max: usize,
    /// Bytes of a request's body by anybody else.
    pub stranger_body_bytes_max: usize,
    /// Bytes of a request's headers (RFC 9113 section 6.5.2, `SETTINGS_MAX_HEADER_LIST_SIZE`).
    pub header_bytes_max: u32,
    /// TLS handshakes under way, of all addresses together.
    pub handshakes_max: usize,
    /// Open connections, of all peers together.
    pub connections_max: usize,
    /// Open connections of one key; of one address where keys are not pinned.
    pub connections_each_max: usize,
    /// Requests at once on one connection.
    pub streams_max: u32,
    /// Time for the TLS handshake.
    pub handshake_timeout: Duration,
    /// Time for a request to arrive whole and be answered.
    pub request_timeout: Duration,
    /// A connection without requests is closed after this time.
    pub idle_timeout: Duration,
    /// A connection without traffic is tried after this time.
    pub keep_alive_interval: Duration,
    /// And is given up this long after that.
    pub keep_alive_timeout: Duration,
    /// When stopping: time for requests under way to end.
    pub drain_timeout: Duration,
}

impl ServerLimits {
    /// The bounds that suit who may connect: parties keep warm connections, strangers do not.
    pub fn for_clients(auth: ClientAuth) -> Self {
        let pinned = auth == ClientAuth::Pinned;
        Self {
            body_bytes_max: 1 << 20,
            stranger_body_bytes_max: 64 << 10,
            header_bytes_max: 16 << 10,
            handshakes_max: 128,
            connections_max: 128,
            connections_each_max: 8,
            streams_max: 16,
            handshake_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(if pinned { 600 } else { 30 }),
            keep_alive_interval: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(5),
        }
    }

    /// The same where peers come over lines of which this is the slowest.
    #[must_use]
    pub fn on_line(self, line: &SlowLine) -> Self {
        let patience = Duration::from_secs(30) + line.time_of(16 << 10);
        Self {
            handshake_timeout: patience,
            request_timeout: patience,
            idle_timeout: Duration::from_hours(1),
            keep_alive_interval: Duration::from_mins(10),
            keep_alive_timeout: patience,
            ..self
        }
    }
}

/// A server that listens and has not begun to serve.
#[derive(Debug)]
pub struct PeerServer<H> {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared<H>>,
}

#[derive(Debug)]
struct Shared<H> {
    handler: Arc<H>,
    pins: Pins,
    auth: ClientAuth,
    limits: ServerLimits,
    identity: Identity,
    acceptor: TlsAcceptorDebug,
    handshakes: Arc<Seats>,
    connections: Arc<Seats>,
}

impl<H: PeerHandler> PeerServer<H> {
    /// Listens at `address` with the bounds that suit `auth`.
    pub async fn bind(
        address: SocketAddr,
        identity: &Identity,
        pins: Pins,
        auth: ClientAuth,
        handler: H,
    ) -> Result<Self, TransportError> {
        Self::bind_with_limits(address, identity, pins, auth, ServerLimits::for_clients(auth), handler).await
    }

    /// Listens at `address` with bounds of the caller's.
    pub async fn bind_with_limits(
        address: SocketAddr,
        identity: &Identity,
        pins: Pins,
        auth: ClientAuth,
        limits: ServerLimits,
        handler: H,
    ) -> Result<Self, TransportError> {
        let cannot = |source| TransportError::CannotListen { address, source };
        let listener = TcpListener::bind(address).await.map_err(cannot)?;
        let local = listener.local_addr().map_err(cannot)?;
        let config = tls::server_config(identity, &pins, auth);
        let shared = Shared {
            handler: Arc::new(handler),
            pins,
            auth,
            identity: identity.clone(),
            acceptor: TlsAcceptorDebug(TlsAcceptor::from(Arc::new(config))),
            handshakes: Seats::new(limits.handshakes_max, limits.handshakes_max),
            connections: Seats::new(limits.connections_max, limits.connections_each_max),
            limits,
        };
        Ok(Self { listener, address: local, shared: Arc::new(shared) })
    }

    /// Where it listens; tells the port when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` holds true or its sender is gone, then lets requests under way end and returns.
    pub async fn serve(self, stop: watch::Receiver<bool>) {
        let shared = self.shared;
        accept(self.listener, stop.clone(), |socket, source| {
            Arc::clone(&shared).serve_socket(socket, source, stop.clone())
        })
        .await;
    }
}

impl<H: PeerHandler> Shared<H> {
    async fn serve_socket(self: Arc<Self>, socket: TcpStream, source: SocketAddr, stop: watch::Receiver<bool>) {
        let ours = self.identity.key();
        let stream = match self.shake_hands(socket, source, stop.clone()).await {
            Ok(stream) => stream,
            Err(error) => return info!(%source, %error, "refused a connection"),
        };
        let certificates = stream.get_ref().1.peer_certificates();
        let key = certificates.and_then(<[_]>::first).and_then(tls::key_in);
        if let Some(key) = key {
            self.pins.meet(key);
        }
        let holder = match (self.auth, key) {
            (ClientAuth::Pinned, Some(key)) => Holder::Key(key),
            (ClientAuth::Any, _) => Holder::Address(source.ip()),
            (ClientAuth::Pinned, None) => return,
        };
        let seat = self.connections.take(holder);
        self.serve_connection(stream, (ours, key), seat, stop).await;
        debug!(%source, "connection ended");
    }

    async fn shake_hands(
        &self,
        socket: TcpStream,
        source: SocketAddr,
        stop: watch::Receiver<bool>,
    ) -> io::Result<TlsStream<Paced<TcpStream>>> {
        let seat = self.handshakes.take(Holder::Address(source.ip()));
        socket.set_nodelay(true)?;
        let shake = async {
            match self.acceptor.0.accept(Paced::new(socket)).into_fallible().await {
                Ok(stream) => Ok(stream),
                Err((error, socket)) => {
                    let_the_alert_arrive(socket).await;
                    Err(error)
                }
            }
        };
        let stream = tokio::select! {
            shaken = timeout(self.limits.handshake_timeout, shake) => shaken??,
            () = seat.displaced() => return Err(io::Error::other("displaced by newer connections")),
            () = asked_to_stop(stop.clone()) => return Err(io::Error::other("the node is stopping")),
        };
        if stream.get_ref().1.alpn_protocol() == Some(tls::ALPN_HTTP2) {
            Ok(stream)
        } else {
            Err(io::Error::other("the client does not speak HTTP/2"))
        }
    }

    async fn serve_connection(
        self: &Arc<Self>,
        mut stream: TlsStream<Paced<TcpStream>>,
        (ours, key): (TransportKey, Option<TransportKey>),
        seat: Seat,
        stop: watch::Receiver<bool>,
    ) {
        let line = Line::new(self.limits.streams_max as usize);
        let service = service_fn(|request| {
            let (shared, line) = (Arc::clone(self), Arc::clone(&line));
            async move { Ok::<_, Infallible>(shared.answer(request, key, &line).await) }
        });
        // Who is at the other end is known only now.
        let slow = self.peer_of(key).and_then(|peer| self.handler.line_to(&peer));
        let is_slow = slow.is_some();
        if let Some(slow) = slow {
            stream.get_mut().0.put_on(slow, Precedence::Answer);
        }
        let stream = Gathered::new(stream, is_slow);
        let mut connection = pin!(self.http2().serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = seat.displaced() => return,
            () = line.activity.idle_for(self.limits.idle_timeout) => {}
            () = self.pin_removed(key, &line) => {}
            () = self.identity.is_other_than(ours) => {}
            () = asked_to_stop(stop.clone()) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(self.limits.drain_timeout, connection).await;
    }

    fn http2(&self) -> http2::Builder<TokioExecutor> {
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.streams_max)
            .max_header_list_size(self.limits.header_bytes_max)
            .max_send_buf_size(64 << 10)
            .auto_date_header(false)
            .keep_alive_interval(self.limits.keep_alive_interval)
            .keep_alive_timeout(self.limits.keep_alive_timeout);
        http2
    }

    /// Completes after a request was refused because its key is no longer pinned.
    async fn pin_removed(&self, key: Option<TransportKey>, line: &Line) {
        loop {
            line.refused.notified().await;
            if self.peer_of(key).is_none() {
                return;
            }
        }
    }

    /// Who a connection's key is now; nobody when its pin is gone.
    fn peer_of(&self, key: Option<TransportKey>) -> Option<Peer> {
        let party = key.and_then(|key| Some((self.pins.party_of(&key)?, key)));
        match (party, self.auth) {
            (Some((name, key)), _) => Some(Peer::Party { name, key }),
            (None, ClientAuth::Any) => Some(Peer::Stranger { key }),
            (None, ClientAuth::Pinned) => None,
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        key: Option<TransportKey>,
        line: &Line,
    ) -> Response<Full<Bytes>> {
        let _under_way = line.activity.begin();
        let Some(peer) = self.peer_of(key) else {
            line.refused.notify_one();
            return refusal(StatusCode::FORBIDDEN);
        };
        let answered = timeout(self.limits.request_timeout, self.receive_and_handle(request, peer, line));
        match answered.await {
            Ok(Ok(answer)) => response(answer),
            Ok(Err(status)) => refusal(status),
            Err(_) => refusal(StatusCode::REQUEST_TIMEOUT),
        }
    }

    async fn receive_and_handle(
        &self,
        request: Request<Incoming>,
        peer: Peer,
        line: &Line,
    ) -> Result<PeerAnswer, StatusCode> {
        let reads = request.method() == Method::GET;
        if !reads && request.method() != Method::POST {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
        // Whoever asks to read has nothing to say.
        let bytes_max = match &peer {
            _ if reads => 0,
            Peer::Party { .. } => self.limits.body_bytes_max,
            Peer::Stranger { .. } => self.limits.stranger_body_bytes_max,
        };
        let body = receive(request, bytes_max).await?;
        let permit = Arc::clone(&line.handlers).acquire_owned().await;
        let permit = permit.map_err(|_closed| StatusCode::SERVICE_UNAVAILABLE)?;
        let handler = Arc::clone(&self.handler);
        let handled = tokio::spawn(async move {
            let _permit = permit;
            if reads { handler.get(peer, path).await } else { handler.handle(peer, path, body).await }
        });
        handled.await.map_err(|_panicked| StatusCode::INTERNAL_SERVER_ERROR)
    }
}

async fn receive(request: Request<Incoming>, bytes_max: usize) -> Result<Bytes, StatusCode> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > bytes_max as u64) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match Limited::new(request.into_body(), bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

fn response(answer: PeerAnswer) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = status;
    if let Some((content_type, cache)) = answer.kind.headers() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    }
    response
}

fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    response(PeerAnswer::new(status.as_u16(), Bytes::new()))
}

/// What one connection holds besides its stream.
#[derive(Debug)]
struct Line {
    activity: Arc<Activity>,
    /// Handlers that may run at once; a handler outlives its request when the peer hangs up.
    handlers: Arc<Semaphore>,
    refused: tokio::sync::Notify,
}

impl Line {
    fn new(handlers_max: usize) -> Arc<Self> {
        let (handlers, refused) = (Arc::new(Semaphore::new(handlers_max)), tokio::sync::Notify::new());
        Arc::new(Self { activity: Activity::new(), handlers, refused })
    }
}

/// Takes what a refused client is still sending, until it hangs up. A socket that is closed with bytes unread is reset, and
/// the reset takes the alert with it: whoever showed a key that is not pinned would read of a broken link, and look for the fault there.
async fn let_the_alert_arrive(mut socket: Paced<TcpStream>) {
    let unread = async {
        socket.shutdown().await?;
        tokio::io::copy(&mut socket.take(UNREAD_BYTES_MAX), &mut tokio::io::sink()).await
    };
    // A client that neither takes the alert nor hangs up is left alone: it was refused all the same.
    let _ = timeout(UNREAD_TIMEOUT, unread).await;
}

struct TlsAcceptorDebug(TlsAcceptor);

impl std::fmt::Debug for TlsAcceptorDebug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsAcceptor")
    }
}
