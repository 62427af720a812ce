//! The command line's end of the local API.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A client of one node's local API.
#[derive(Debug, Clone)]
pub struct LocalClient {
    socket: PathBuf,
}

impl LocalClient {
    /// A client of the node whose socket this is.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Asks and reads the JSON answer.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        let answer = self.send("GET", path, Vec::new()).await?;
        self.read(answer).await
    }

    /// Sends JSON and reads the JSON answer.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| unreadable(&error.to_string()))?;
        let answer = self.send("POST", path, body).await?;
        self.read(answer).await
    }

    /// Streams an answer into a new file.
    pub async fn download(&self, path: &str, out: &Path) -> Result<u64, Problem> {
        let mut answer = self.send("GET", path, Vec::new()).await?;
        if !answer.status().is_success() {
            return Err(self.read::<()>(answer).await.err().unwrap_or_else(|| unreadable("no error in it")));
        }
        let cannot = |error: std::io::Error| {
            Problem::request(500, "file-unusable", "out", format!("{}: {error}", out.display()))
        };
        let mut file = std::fs::File::create(out).map_err(cannot)?;
        let mut length = 0;
        while let Some(frame) = answer.body_mut().frame().await {
            let frame = frame.map_err(|error| unreadable(&error.to_string()))?;
            if let Some(data) = frame.data_ref() {
                file.write_all(data).map_err(cannot)?;
                length += data.len() as u64;
            }
        }
        file.sync_all().map_err(cannot)?;
        Ok(length)
    }

    async fn send(&self, method: &str, path: &str, body: Vec<u8>) -> Result<hyper::Response<Incoming>, Problem> {
        let unreachable = |error: &dyn std::fmt::Display| Problem {
            code: "node-not-reachable".to_owned(),
            field: None,
            message: format!(
                "no node answers at {} ({error}); start it with 'skypact serve --dir DIR'",
                self.socket.display()
            ),
            position: None,
            status: 0,
        };
        let stream = tokio::net::UnixStream::connect(&self.socket).await.map_err(|error| unreachable(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| unreachable(&error))?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "skypact")
            .header("content-type", "application/json");
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| unreadable(&error.to_string()))?;
        sender.send_request(request).await.map_err(|error| unreachable(&error))
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

fn unreadable(reason: &str) -> Problem {
    Problem::request(500, "answer-unreadable", "answer", format!("the node's answer cannot be read: {reason}"))
}
