//! A slow link between two nodes on loopback: a relay that passes bytes on at a rate and with a delay, each way by itself, all
//! connections of one way one behind the other. Headers of packets and acknowledgements take their time as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};

use crate::clock::Stopwatch;

/// Most bytes of a packet, without its headers.
const PACKET_MAX: usize = 256;
/// Most bytes that are written at once: their packets wait for the line one behind the other, and nothing comes between.
const WRITE_MAX: usize = 4 << 10;

/// How slow a link is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Each way, bit/s.
    pub(super) bit_per_s: u32,
    /// One way.
    pub(super) delay: Duration,
    /// What IP and TCP add to each packet, and an acknowledgement alone, bytes.
    pub(super) header_bytes: usize,
}

/// One way of a link.
#[derive(Debug)]
pub(super) struct Way {
    pace: Pace,
    is_slow: AtomicBool,
    line: Mutex<()>,
    /// Bytes that were passed on, headers and acknowledgements among them.
    bytes: AtomicU64,
}

impl Way {
    /// A way that is not slow yet.
    pub(super) fn new(pace: Pace) -> Arc<Self> {
        Arc::new(Self { pace, is_slow: AtomicBool::new(false), line: Mutex::new(()), bytes: AtomicU64::new(0) })
    }

    /// From now on it is slow.
    pub(super) fn slow_down(&self) {
        self.is_slow.store(true, Ordering::Relaxed);
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Takes the time that the packets of so many bytes take; without bytes an acknowledgement's.
    async fn carry(&self, bytes: usize) {
        let packets = bytes.div_ceil(PACKET_MAX).max(1);
        let bytes = (bytes + packets * self.pace.header_bytes) as u64;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.is_slow.load(Ordering::Relaxed) {
            let _line = self.line.lock().await;
            tokio::time::sleep(Duration::from_micros(bytes * 8_000_000 / u64::from(self.pace.bit_per_s))).await;
        }
    }

    fn delay(&self) -> Duration {
        if self.is_slow.load(Ordering::Relaxed) { self.pace.delay } else { Duration::ZERO }
    }
}

/// Relays what comes in at the address that it gives to `to`: by `out`, and back by `back`.
pub(super) async fn lay(to: String, out: Arc<Way>, back: Arc<Way>) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            let Ok(to) = TcpStream::connect(&to).await else { continue };
            let _ = (from.set_nodelay(true), to.set_nodelay(true));
            let ((from_read, from_write), (to_read, to_write)) = (from.into_split(), to.into_split());
            tokio::spawn(pass(from_read, to_write, out.clone(), back.clone()));
            tokio::spawn(pass(to_read, from_write, back.clone(), out.clone()));
        }
    });
    Ok(address)
}

/// Passes on what is read, until either end is gone.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Arc<Way>, back: Arc<Way>) {
    // A packet at a time is on the line; those behind their delay are few.
    let (send, mut arrive) = mpsc::channel::<(Stopwatch, Vec<u8>)>(1_024);
    let behind = way.clone();
    let writer = tokio::spawn(async move {
        while let Some((since, packet)) = arrive.recv().await {
            tokio::time::sleep(since.remaining_of(behind.delay())).await;
            if to.write_all(&packet).await.is_err() {
                break;
            }
            let back = back.clone();
            tokio::spawn(async move { back.carry(0).await });
        }
    });
    let mut packet = vec![0; WRITE_MAX];
    while let Ok(length) = from.read(&mut packet).await
        && length > 0
    {
        way.carry(length).await;
        if send.send((Stopwatch::start(), packet[..length].to_vec())).await.is_err() {
            break;
        }
    }
    drop(send);
    let _ = writer.await;
}
