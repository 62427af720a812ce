//! The access log: a JSON line for each request, written by a thread of its own. Requests never wait for it: when the disk is slower than
//! they are, lines are dropped and counted in `/metrics`.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use serde::Serialize;

use super::metrics::Metrics;

/// Lines that may wait: some 2 MB.
const WAITING_MAX: usize = 8_192;
/// Longest text of a client's in a line, in characters.
const TEXT_MAX: usize = 128;

/// What is told of a request. Tokens and bodies are not.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    /// When it was answered, RFC 3339, UTC.
    pub(super) time: &'a str,
    pub(super) method: &'a str,
    /// Where the connection comes from.
    pub(super) remote: Option<SocketAddr>,
    /// Trace that the request belongs to, 32 hex digits.
    pub(super) trace: Option<String>,
    /// Name of the endpoint; nothing of the path that was sent.
    pub(super) endpoint: &'static str,
    pub(super) status: u16,
    /// Stable code of a refusal.
    pub(super) code: Option<&'static str>,
    /// `sub` of the token, once it was verified.
    pub(super) sub: Option<&'a str>,
    /// `jti` of the token.
    pub(super) jti: Option<&'a str>,
    /// As stated by the request.
    pub(super) request_bytes: u64,
    pub(super) answer_bytes: u64,
    pub(super) micros: u64,
}

/// The way to the thread that writes.
pub(super) struct AccessLog {
    /// Present until the end, when the thread is waited for.
    lines: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    metrics: Arc<Metrics>,
}

impl AccessLog {
    /// Appends to a file, which is made for its owner alone when absent.
    pub(super) fn open(path: &Path, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let (lines, waiting) = sync_channel(WAITING_MAX);
        let counted = metrics.clone();
        let thread = std::thread::Builder::new().name("access-log".to_owned());
        let thread = thread.spawn(move || write_lines(file, &waiting, &counted))?;
        Ok(Self { lines: Some(lines), thread: Some(thread), metrics })
    }

    pub(super) fn tell(&self, line: &Line<'_>) {
        let mut bytes = serde_json::to_vec(line).unwrap_or_default();
        bytes.push(b'\n');
        if self.lines.as_ref().is_none_or(|lines| lines.try_send(bytes).is_err()) {
            self.metrics.access_line_dropped();
        }
    }
}

impl Drop for AccessLog {
    /// What waits is written before the process ends.
    fn drop(&mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked writes nothing more.
            let _ = thread.join();
        }
    }
}

/// The beginning of a text that a client chose.
pub(super) fn shortened(text: &str) -> &str {
    text.char_indices().nth(TEXT_MAX).map_or(text, |(end, _)| &text[..end])
}

/// Writes until nobody can send any more; flushes when nothing waits.
fn write_lines(file: File, waiting: &Receiver<Vec<u8>>, metrics: &Metrics) {
    let mut file = BufWriter::new(file);
    while let Ok(first) = waiting.recv() {
        let mut next = Ok(first);
        while let Ok(line) = next {
            if file.write_all(&line).is_err() {
                metrics.access_line_dropped();
            }
            next = waiting.try_recv();
        }
        if file.flush().is_err() {
            metrics.access_line_dropped();
        }
    }
}
