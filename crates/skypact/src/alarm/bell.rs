//! One way out of the machine: a program or a URL. It is tried a few times, within bounds, and each try is written down.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use tokio::io::AsyncWriteExt as _;
use tracing::{error, info};

use super::{AlarmConfig, AlarmView};
use crate::http::remote::Remote;
use crate::node::NodeHandle;

/// Pauses before each try.
const PAUSES: [Duration; 4] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];
/// How long a try may take.
const TRY_MAX: Duration = Duration::from_secs(10);
/// Longest answer of a webhook that is read, bytes.
const ANSWER_MAX: usize = 64 << 10;

/// A bell of `node.toml`, checked.
pub struct Bell {
    pub(super) rung: usize,
    name: String,
    way: Way,
}

enum Way {
    Command(Vec<String>),
    Webhook(Remote),
}

/// Why an `[[alarm]]` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("alarm {place}: field {field}: {reason}")]
pub struct BellError {
    /// Its place in `node.toml`, from 1.
    pub place: usize,
    /// The field.
    pub field: &'static str,
    /// What is wrong, and what to write.
    pub reason: String,
}

impl Bell {
    /// Checks what `node.toml` says; `place` counts from 1.
    pub fn new(place: usize, config: &AlarmConfig) -> Result<Self, BellError> {
        let refused = |field, reason: &str| BellError { place, field, reason: reason.to_owned() };
        if config.rung > 3 {
            return Err(refused("rung", "is above 3; 0 rings at once, 1 to 3 at the rungs of the pact"));
        }
        let (name, way) = match (&config.command, &config.webhook) {
            (Some(command), None) if command.first().is_some_and(|program| !program.is_empty()) => {
                (command[0].clone(), Way::Command(command.clone()))
            }
            (None, Some(url)) => {
                let remote = Remote::new(url).map_err(|_| refused("webhook", "is no http or https URL with a host"))?;
                // A URL may hold a password, so its host alone is written down.
                let host = remote.url().host().unwrap_or_default().to_owned();
                (host, Way::Webhook(remote))
            }
            _ => return Err(refused("command", "give a command with its program, or a webhook, and not both")),
        };
        Ok(Self { rung: usize::from(config.rung), name, way })
    }

    async fn try_once(&self, alarm: &[u8]) -> Result<(), String> {
        let tried = tokio::time::timeout(TRY_MAX, async {
            match &self.way {
                Way::Command(command) => run(command, alarm).await,
                Way::Webhook(remote) => post(remote, alarm).await,
            }
        });
        tried.await.unwrap_or_else(|_| Err(format!("took more than {} s", TRY_MAX.as_secs())))
    }
}

async fn run(command: &[String], alarm: &[u8]) -> Result<(), String> {
    let mut child = tokio::process::Command::new(&command[0]);
    child.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = child.spawn().map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read its input may still have rung.
        let _ = input.write_all(alarm).await;
    }
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("ended with {status}")) }
}

async fn post(remote: &Remote, alarm: &[u8]) -> Result<(), String> {
    let request = Request::builder().method(Method::POST).header(CONTENT_TYPE, "application/json");
    let request = request.body(Full::new(Bytes::copy_from_slice(alarm))).map_err(|error| error.to_string())?;
    let answer = remote.send(request, ANSWER_MAX, TRY_MAX).await.map_err(|error| error.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("answered {}", answer.status())) }
}

/// Rings until it succeeds or the tries are used up; whether it did.
pub(super) async fn ring(bell: &Bell, alarm: &AlarmView, node: &NodeHandle, log: &Path) -> bool {
    let body = serde_json::to_vec(alarm).unwrap_or_default();
    for (attempt, pause) in (1..).zip(PAUSES) {
        tokio::time::sleep(pause).await;
        let tried = bell.try_once(&body).await;
        let outcome = tried.as_ref().err().map_or("rung", String::as_str);
        let line = serde_json::json!({
            "at_ns": node.now_ns(), "alarm": alarm, "bell": bell.name, "attempt": attempt, "outcome": outcome,
        });
        if let Err(error) = append(log, &line.to_string()) {
            error!(%error, "alarms.log cannot be written");
        }
        match tried {
            Ok(()) => {
                info!(event = alarm.event, id = alarm.id, bell = bell.name, "rung");
                return true;
            }
            Err(reason) => error!(event = alarm.event, id = alarm.id, bell = bell.name, attempt, reason, "not rung"),
        }
    }
    false
}

fn append(log: &Path, line: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(log)?;
    file.write_all(format!("{line}\n").as_bytes())
}
