//! HTTP/1.1 and HTTP/2 without TLS over TCP, for any router: everything a client can hold has a bound in number and in time.
//!
//! When all connections are taken a newcomer displaces the oldest one of whoever holds most, so that slow clients lock nobody
//! out. A connection on which nothing happens is closed, whether it sends half a header, waits between requests, or stopped to read.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::transport::{Activity, Holder, Seats, accept, asked_to_stop};

/// The bounds of a listener, and what it answers when one of them is met.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections, of all addresses together.
    pub connections_max: usize,
    /// Open connections of one address.
    pub connections_each_max: usize,
    /// Bytes of a request's headers; at least 8192.
    pub header_bytes_max: u32,
    /// Bytes of a request's body: reading further is an error, which extractors answer with 413.
    pub body_bytes_max: usize,
    /// Time for a request's headers to arrive.
    pub header_timeout: Duration,
    /// Time for a request's body to arrive and be answered; the body of the answer may take longer, see `idle_timeout`.
    pub request_timeout: Duration,
    /// A connection without a request under way and without an answer that moves is closed after this time.
    pub idle_timeout: Duration,
    /// When stopping or idle: time for what is under way to end.
    pub drain_timeout: Duration,
    /// The answer to a request that took longer than `request_timeout`: status 408 in the shape of the API at hand.
    pub too_slow: fn() -> Response,
}

/// Requests at once on one connection of HTTP/2.
const STREAMS_MAX: u32 = 32;

/// Serves `router`, whose requests carry their source as [`ConnectInfo`], until `stop` holds true or its sender is gone, then lets requests under way end and returns.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: watch::Receiver<bool>) {
    let seats = Seats::new(limits.connections_max, limits.connections_each_max);
    let limits = Arc::new(limits);
    accept(listener, stop.clone(), |socket, source| {
        let line = Line { source, router: router.clone(), limits: Arc::clone(&limits), activity: Activity::new() };
        line.serve(socket, Arc::clone(&seats), stop.clone())
    })
    .await;
}

/// One connection.
#[derive(Clone)]
struct Line {
    source: SocketAddr,
    router: Router,
    limits: Arc<Limits>,
    activity: Arc<Activity>,
}

impl Line {
    async fn serve(self, socket: TcpStream, seats: Arc<Seats>, stop: watch::Receiver<bool>) {
        let seat = seats.take(Holder::Address(self.source.ip()));
        // Without it small answers wait for an acknowledgement; no reason to refuse anybody.
        let _ = socket.set_nodelay(true);
        let service = service_fn(|request| {
            let line = self.clone();
            async move { Ok::<_, Infallible>(line.answer(request).await) }
        });
        let http = http(&self.limits);
        let mut connection = pin!(http.serve_connection(TokioIo::new(socket), service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = seat.displaced() => return,
            () = self.activity.idle_for(self.limits.idle_timeout) => {}
            () = asked_to_stop(stop) => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = timeout(self.limits.drain_timeout, connection) => {}
            () = seat.displaced() => {}
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Response {
        let _under_way = self.activity.begin();
        let mut request = request.map(|body| Body::new(Limited::new(body, self.limits.body_bytes_max)));
        request.extensions_mut().insert(ConnectInfo(self.source));
        let answered = hyper::service::Service::call(&TowerToHyperService::new(self.router), request);
        let Ok(Ok(answer)) = timeout(self.limits.request_timeout, answered).await else {
            return (self.limits.too_slow)();
        };
        let activity = Arc::clone(&self.activity);
        answer.map(|body| {
            Body::new(body.map_frame(move |frame| {
                activity.touch();
                frame
            }))
        })
    }
}

fn http(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes_max as usize);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(limits.header_bytes_max)
        .max_send_buf_size(64 << 10)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    http
}
