//! The API's listener on loopback: bound to an address that only this machine reaches, with limits for its few clients.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::guard::guarded;
use super::listener::{self, Limits};
use super::problem::Problem;
use super::routes::BODY_MAX_BYTES;
use super::tokens::Tokens;
use crate::system::cause;

/// A listener of the API that does not serve yet.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    address: SocketAddr,
}

impl Loopback {
    /// Listens at `address`, which must be one of this machine alone: the API has no TLS.
    pub async fn listen(address: &str) -> Result<Self, Problem> {
        let wrong = |reason: String| {
            let message = format!("loopback: '{address}' {reason}; write an address such as 127.0.0.1:7080");
            Problem::request(400, "field-invalid", "loopback", message)
        };
        let parsed: SocketAddr = address.parse().map_err(|_| wrong("is no address:port".to_owned()))?;
        if !parsed.ip().is_loopback() {
            return Err(wrong("is not a loopback address, and the API has no TLS".to_owned()));
        }
        let listener =
            TcpListener::bind(parsed).await.map_err(|error| wrong(format!("cannot be used: {}", cause(&error))))?;
        let address = listener.local_addr().map_err(|error| wrong(cause(&error)))?;
        Ok(Self { listener, address })
    }

    /// Where it listens; tells the port when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves `router` behind the guard until `stop` holds true.
    pub async fn serve(self, router: Router, tokens: Tokens, limits: Limits, stop: watch::Receiver<bool>) {
        listener::serve(self.listener, guarded(router, self.address, tokens), limits, stop).await;
    }
}

/// The bounds that suit the command line and the console of one machine.
pub fn limits() -> Limits {
    Limits {
        connections_max: 64,
        connections_each_max: 64,
        header_bytes_max: 16 << 10,
        body_bytes_max: BODY_MAX_BYTES,
        header_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_mins(1),
        idle_timeout: Duration::from_secs(30),
        drain_timeout: Duration::from_secs(5),
        too_slow: || {
            let message = "request: took too long; whether it was recorded is not known, look before you repeat it";
            Problem::request(408, "request-timeout", "request", message).into_response()
        },
    }
}
