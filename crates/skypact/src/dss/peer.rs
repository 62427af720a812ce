//! How processes of one organisation talk: HTTP/1.1 on the writer's Unix socket, which only the own user reaches. A peer has
//! checked the client's token and says who asks in a header.

use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use skypact_dss::{Operation, Scope, Scopes, Target};

use tokio::time::timeout;

use super::Client;
use crate::directory::{base64, unbase64};

/// Header that says who asks: base64 of JSON.
const CLIENT_HEADER: &str = "skypact-client";
/// How long a writer may take to be reached, and to answer: one that hangs must not hang those who ask it.
const CONNECT: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(10);
/// Longest answer that is taken from a writer, in bytes.
const ANSWER_BYTES_MAX: usize = 512 << 20;

/// A change to hand on.
pub(super) struct Forward<'a> {
    pub(super) client: &'a Client,
    pub(super) operation: Operation,
    pub(super) target: &'a Target,
    pub(super) body: &'a [u8],
}

#[derive(Serialize, Deserialize)]
struct ClientText {
    sub: String,
    jti: Option<String>,
    scope: String,
}

impl Client {
    /// The client that a peer names.
    pub fn from_peer(headers: &HeaderMap) -> Option<Self> {
        let text = unbase64(headers.get(CLIENT_HEADER)?.to_str().ok()?)?;
        let ClientText { sub, jti, scope } = serde_json::from_slice(&text).ok()?;
        Some(Self { manager: sub, token_id: jti, scopes: Scopes::parse(&scope) })
    }

    fn to_header(&self) -> String {
        let held = Scope::ALL.into_iter().filter(|scope| self.scopes.contains(*scope)).map(Scope::as_str);
        let text = ClientText {
            sub: self.manager.clone(),
            jti: self.token_id.clone(),
            scope: held.collect::<Vec<_>>().join(" "),
        };
        base64(&serde_json::to_vec(&text).expect("text is JSON"))
    }
}

/// Why a peer did not answer.
pub(super) enum PeerFailure {
    /// The request never left.
    NotReached,
    /// It left, and no whole answer came.
    Unanswered,
}

/// Sends a request to the process that listens at `socket`.
pub(super) async fn send(
    socket: &Path,
    method: Method,
    path: &str,
    client: Option<&Client>,
    body: &[u8],
) -> Result<(StatusCode, Vec<u8>), PeerFailure> {
    let stream = timeout(CONNECT, tokio::net::UnixStream::connect(socket)).await;
    let stream = stream.ok().and_then(Result::ok).ok_or(PeerFailure::NotReached)?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|_| PeerFailure::NotReached)?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header("host", "peer");
    if let Some(client) = client {
        request = request.header(CLIENT_HEADER, client.to_header());
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body))).map_err(|_| PeerFailure::NotReached)?;
    let answer = timeout(ANSWER, sender.send_request(request)).await;
    let answer = answer.ok().and_then(Result::ok).ok_or(PeerFailure::Unanswered)?;
    let status = answer.status();
    let body = http_body_util::Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    Ok((status, body.map_err(|_| PeerFailure::Unanswered)?.to_bytes().into()))
}

impl Forward<'_> {
    /// Method and path of the request, as F3548-21 has them.
    pub(super) fn line(&self) -> (Method, String) {
        let list = match self.operation {
            Operation::PutOperationalIntentReference | Operation::DeleteOperationalIntentReference => {
                "operational_intent_references"
            }
            Operation::PutConstraintReference | Operation::DeleteConstraintReference => "constraint_references",
            Operation::PutSubscription | Operation::DeleteSubscription => "subscriptions",
            Operation::SetUssAvailability => "uss_availability",
            Operation::MakeDssReport => return (Method::POST, "/dss/v1/reports".to_owned()),
        };
        let is_delete = matches!(
            self.operation,
            Operation::DeleteOperationalIntentReference
                | Operation::DeleteConstraintReference
                | Operation::DeleteSubscription
        );
        let version = self.target.version.as_deref().map(|version| format!("/{}", encoded(version)));
        let path = format!("/dss/v1/{list}/{}{}", encoded(&self.target.id), version.unwrap_or_default());
        (if is_delete { Method::DELETE } else { Method::PUT }, path)
    }
}

/// A text as one segment of a path.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
