//! One keep-alive HTTP/1.1 connection to the DSS, and what went wrong on it.

use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::token::Bearer;
use crate::command::CliError;
use crate::http::problem::Problem;

/// Time for one request, connecting included.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an answer; one that names thousands of subscriptions fits.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Characters of a refusal that are shown.
const MESSAGE_CHARS_MAX: usize = 300;

/// Where the DSS is.
#[derive(Debug)]
pub(super) struct Server {
    host: String,
    port: u16,
    authority: HeaderValue,
    prefix: String,
    bearer: Bearer,
}

impl Server {
    /// Reads a base URL. Only `http` is spoken.
    pub(super) fn parse(url: &str) -> Result<Self, CliError> {
        let wrong = |message: &str| CliError::usage("field-invalid", "url", format!("url: '{url}' {message}"));
        let uri: Uri = url.parse().map_err(|_| wrong("is not a URL; write one such as http://127.0.0.1:8082"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(wrong("asks for TLS, which this load generator does not speak; use http")),
            _ => return Err(wrong("has no scheme; write one such as http://127.0.0.1:8082")),
        }
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        Ok(Self {
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authority: HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("has no usable host"))?,
            prefix: uri.path().trim_end_matches('/').to_owned(),
            bearer: Bearer::none(),
        })
    }

    /// The same, with a token on each request.
    pub(super) fn with_bearer(self, bearer: Bearer) -> Self {
        Self { bearer, ..self }
    }

    /// Host name without port, the audience of access tokens.
    pub(super) fn host_name(&self) -> &str {
        &self.host
    }

    fn request(&self, method: Method, path: &str, body: String) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let path = format!("{}/dss/v1/{path}", self.prefix);
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.authority);
        if let Some(bearer) = self.bearer.header() {
            request = request.header(AUTHORIZATION, bearer);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request.body(Full::from(body))
    }
}

/// One client's connection; it is opened by the first request, and again after it was lost.
#[derive(Debug)]
pub(super) struct Connection {
    server: Rc<Server>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(super) fn new(server: Rc<Server>) -> Self {
        Self { server, sender: None }
    }

    /// Sends a request to `path` below `/dss/v1/` and reads the whole answer, whatever its status.
    pub(super) async fn send(&mut self, method: Method, path: &str, body: String) -> Result<Answer, Failure> {
        let failure = match timeout(PATIENCE, self.exchange(method, path, body)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Failure { kind: "connection".to_owned(), message: causes(&*error), status: 0 },
            Err(_) => Failure { kind: "timeout".to_owned(), message: format!("no answer in {PATIENCE:?}"), status: 0 },
        };
        self.sender = None;
        Err(failure)
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        let request = self.server.request(method, path, body)?;
        let sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => self.sender.insert(sender),
            _ => self.sender.insert(self.open().await?),
        };
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await?.to_bytes();
        Ok(Answer { status, body })
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, Box<dyn Error + Send + Sync>> {
        let host = self.server.host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.server.port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its failure also ends the request under way, which reports it.
        tokio::task::spawn_local(async move { drop(connection.await) });
        Ok(sender)
    }
}

/// What the DSS answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Answer {
    /// The answer, if its status is one of success.
    pub(super) fn success(self, step: &str) -> Result<Self, Failure> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.refusal(step)) }
    }

    /// Why `step` failed.
    pub(super) fn refusal(&self, step: &str) -> Failure {
        let message = String::from_utf8_lossy(&self.body).chars().take(MESSAGE_CHARS_MAX).collect();
        Failure { kind: format!("{step} {}", self.status), message, status: self.status }
    }
}

/// A request that did not do its work.
#[derive(Debug)]
pub(super) struct Failure {
    /// What is counted: step and status, `connection`, or `timeout`.
    pub(super) kind: String,
    /// What the DSS or the system says about it.
    pub(super) message: String,
    /// HTTP status, 0 when there was no answer.
    pub(super) status: u16,
}

impl From<Failure> for CliError {
    fn from(failure: Failure) -> Self {
        let code = if failure.status == 0 { "dss-not-reachable" } else { "dss-refused" };
        let message = format!("dss: {}: {}", failure.kind, failure.message);
        Problem::request(failure.status, code, "url", message).into()
    }
}

/// An error and its causes; hyper's own text is but the first part.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
