//! The command line's end of the local API: over the Unix socket, or over loopback with an officer's token.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};

use super::problem::Problem;
use crate::system::{cause, in_words};

/// How long a node may take to begin its answer: a request of ten thousand acts takes seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of one node's local API.
#[derive(Debug, Clone)]
pub struct LocalClient {
    node: Node,
}

/// Where the node is, and what it has to be shown.
#[derive(Debug, Clone)]
enum Node {
    Socket(PathBuf),
    /// The header holds the token; it is marked as sensitive and has no debug form.
    Loopback(SocketAddr, HeaderValue),
}

impl LocalClient {
    /// A client of the node whose socket this is.
    pub fn new(socket: PathBuf) -> Self {
        Self { node: Node::Socket(socket) }
    }

    /// A client of the node that listens at `url`, `http://127.0.0.1:PORT`, for the officer with this token.
    pub fn on_loopback(url: &str, token: &str) -> Result<Self, Problem> {
        let wrong = || {
            let message = format!("api: '{url}' is no loopback address; write http://127.0.0.1:PORT");
            Problem::request(400, "field-invalid", "api", message)
        };
        let host = url.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
        // A name would be looked up, and the token sent to whatever address was found.
        let address =
            host.strip_prefix("localhost:").map_or_else(|| host.to_owned(), |port| format!("127.0.0.1:{port}"));
        let address: SocketAddr = address.parse().map_err(|_| wrong())?;
        if !address.ip().is_loopback() {
            return Err(wrong());
        }
        let header = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut header = header.map_err(|_| {
            Problem::request(400, "token-malformed", "token", "token: has characters that no token has; copy it again")
        })?;
        header.set_sensitive(true);
        Ok(Self { node: Node::Loopback(address, header) })
    }

    /// Asks and reads the JSON answer.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        let answer = self.send("GET", path, "application/json", Vec::new()).await?;
        self.read(answer).await
    }

    /// Sends bytes and reads the JSON answer.
    pub async fn post_bytes<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, Problem> {
        let answer = self.send("POST", path, "application/octet-stream", body).await?;
        self.read(answer).await
    }

    /// Sends JSON and reads the JSON answer.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| unreadable(&error.to_string()))?;
        let answer = self.send("POST", path, "application/json", body).await?;
        self.read(answer).await
    }

    /// Streams an answer into a new file that its owner alone reads; with `force` over one that exists.
    pub async fn download(&self, path: &str, out: &Path, force: bool) -> Result<u64, Problem> {
        let cannot = |error: std::io::Error| {
            Problem::request(500, "file-unusable", "out", format!("{}: {}", out.display(), in_words(&error)))
        };
        let mut file = None;
        let length = self.fetch(path, |data| {
            let file = match &mut file {
                Some(file) => file,
                None => file.insert(private(out, force).map_err(cannot)?),
            };
            file.write_all(data).map_err(cannot)
        });
        let length = length.await?;
        if let Some(file) = file {
            file.sync_all().map_err(cannot)?;
        }
        Ok(length)
    }

    /// Asks, and hands the answer on piece by piece; its length.
    pub async fn fetch(&self, path: &str, mut take: impl FnMut(&[u8]) -> Result<(), Problem>) -> Result<u64, Problem> {
        let mut answer = self.send("GET", path, "application/json", Vec::new()).await?;
        if !answer.status().is_success() {
            return Err(self.read::<()>(answer).await.err().unwrap_or_else(|| unreadable("no error in it")));
        }
        let mut length = 0;
        while let Some(frame) = answer.body_mut().frame().await {
            let frame = frame.map_err(|error| unreadable(&error.to_string()))?;
            if let Some(data) = frame.data_ref() {
                take(data)?;
                length += data.len() as u64;
            }
        }
        Ok(length)
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<hyper::Response<Incoming>, Problem> {
        let unreachable = |error: &dyn std::fmt::Display| self.unreachable(error);
        let mut request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, content_type);
        let mut sender = match &self.node {
            Node::Socket(socket) => {
                request = request.header(HOST, "skypact");
                open(tokio::net::UnixStream::connect(socket).await.map_err(|error| unreachable(&cause(&error)))?).await
            }
            Node::Loopback(address, token) => {
                request = request.header(HOST, address.to_string()).header(AUTHORIZATION, token);
                open(tokio::net::TcpStream::connect(address).await.map_err(|error| unreachable(&cause(&error)))?).await
            }
        }
        .map_err(|error| unreachable(&error))?;
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| unreadable(&error.to_string()))?;
        let answer = tokio::time::timeout(PATIENCE, sender.send_request(request)).await;
        answer.map_err(|_| silent())?.map_err(|error| unreachable(&error))
    }

    fn unreachable(&self, error: &dyn std::fmt::Display) -> Problem {
        let place = match &self.node {
            Node::Socket(socket) => socket.display().to_string(),
            Node::Loopback(address, _) => address.to_string(),
        };
        Problem {
            code: "node-not-reachable".to_owned(),
            field: None,
            message: format!("no node answers at {place} ({error}); start it with 'skypact serve --dir DIR'"),
            position: None,
            status: 0,
        }
    }

    async fn read<T: DeserializeOwned>(&self, answer: hyper::Response<Incoming>) -> Result<T, Problem> {
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| unreadable(&error.to_string()))?.to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| unreadable(&error.to_string()));
        }
        let mut problem: Problem =
            serde_json::from_slice(&body).map_err(|_| unreadable(&String::from_utf8_lossy(&body)))?;
        problem.status = status.as_u16();
        Err(problem)
    }
}

fn private(out: &Path, force: bool) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).mode(0o600);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    options.open(out)
}

/// Speaks HTTP/1.1 over a stream, until the answer has come or the sender is dropped.
pub(super) async fn open(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> hyper::Result<SendRequest<Full<Bytes>>> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// It took the connection, and says nothing: it hangs, or its disk does.
fn silent() -> Problem {
    let message = format!(
        "the node does not answer within {} s: it hangs; call by other means, and look after its process and disk",
        PATIENCE.as_secs()
    );
    Problem { code: "node-silent".to_owned(), field: None, message, position: None, status: 0 }
}

fn unreadable(reason: &str) -> Problem {
    Problem::request(500, "answer-unreadable", "answer", format!("the node's answer cannot be read: {reason}"))
}
