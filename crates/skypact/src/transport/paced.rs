//! What lies around TLS where a line is slow. Below it, a socket that sends piece by piece as the line gives it turns
//! ([`Paced`]), and so everything: requests, answers, handshakes, keep-alives. Above it, a stream that gathers what HTTP/2
//! writes in a row ([`Gathered`]), so that header and body of a request are one record in one packet.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::line::{Precedence, SlowLine, Waiting};

/// Between two looks of whoever waits for a turn.
const LOOK: Duration = Duration::from_millis(20);
/// For how long more is gathered: a body is written as soon as its header is.
const GATHER: Duration = Duration::from_millis(5);
/// Most that is gathered, bytes.
const GATHER_MAX: usize = 16 << 10;

/// A socket whose bytes take turns with those of others on one line; without a line, a socket.
#[derive(Debug)]
pub(super) struct Paced<S> {
    socket: S,
    pace: Option<Pace>,
}

#[derive(Debug)]
struct Pace {
    line: Arc<SlowLine>,
    precedence: Precedence,
    /// While it waits for a turn.
    waiting: Option<(Waiting, Pin<Box<Sleep>>)>,
    /// Bytes of the turn that it has.
    turn: usize,
}

impl<S> Paced<S> {
    /// On no line.
    pub(super) fn new(socket: S) -> Self {
        Self { socket, pace: None }
    }

    /// From now on it is on this line.
    pub(super) fn put_on(&mut self, line: Arc<SlowLine>, precedence: Precedence) {
        self.pace = Some(Pace { line, precedence, waiting: None, turn: 0 });
    }
}

impl Pace {
    /// Waits for a turn; how many of `bytes` go in it.
    fn poll_turn(&mut self, context: &mut Context<'_>, bytes: usize) -> Poll<usize> {
        if self.turn == 0 {
            let most = self.line.most(self.precedence).min(bytes);
            while !self.line.take(self.precedence, most) {
                let (line, precedence) = (&self.line, self.precedence);
                let wait = || (Waiting::on(line, precedence), Box::pin(sleep(LOOK)));
                let (_, look) = self.waiting.get_or_insert_with(wait);
                ready!(look.as_mut().poll(context));
                look.set(sleep(LOOK));
            }
            (self.waiting, self.turn) = (None, most);
        }
        Poll::Ready(self.turn.min(bytes))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { socket, pace } = &mut *self;
        let Some(pace) = pace.as_mut().filter(|_| !bytes.is_empty()) else {
            return Pin::new(socket).poll_write(context, bytes);
        };
        let length = ready!(pace.poll_turn(context, bytes.len()));
        let written = ready!(Pin::new(socket).poll_write(context, &bytes[..length]));
        pace.turn = 0;
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.pace.is_none() {
            return Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        }
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(context, first.map_or(&[], |slice| slice))
    }

    fn is_write_vectored(&self) -> bool {
        self.pace.is_none()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        if let Some(pace) = self.pace.as_ref().filter(|_| buffer.filled().len() > before) {
            pace.line.acknowledge();
        }
        read
    }
}

/// A stream that sends what was written in a row at once; or one that passes everything on.
#[derive(Debug)]
pub(super) struct Gathered<S> {
    stream: S,
    gathers: bool,
    held: Vec<u8>,
    wait: Option<Pin<Box<Sleep>>>,
}

impl<S> Gathered<S> {
    pub(super) fn new(stream: S, gathers: bool) -> Self {
        Self { stream, gathers, held: Vec::new(), wait: None }
    }
}

impl<S: AsyncWrite + Unpin> Gathered<S> {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.drain(..written);
        }
        self.wait = None;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.gathers {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        if self.held.len() >= GATHER_MAX {
            ready!(self.poll_send(context))?;
        }
        let taken = bytes.len().min(GATHER_MAX);
        self.held.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.gathers {
            return Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        }
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(context, first.map_or(&[], |slice| slice))
    }

    fn is_write_vectored(&self) -> bool {
        !self.gathers && self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() {
            let wait = self.wait.get_or_insert_with(|| Box::pin(sleep(GATHER)));
            if !wait.is_elapsed() {
                ready!(wait.as_mut().poll(context));
            }
            ready!(self.poll_send(context))?;
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    /// A routine packet of it carries 228 bytes, which take 0.2 s: the test waits for a few of them.
    const RATE: u32 = 10_000;

    type Arrivals = Arc<Mutex<Vec<(&'static str, usize)>>>;

    /// One end of a connection on `line`; what arrives at the other is noted.
    fn connection(
        name: &'static str,
        line: &Arc<SlowLine>,
        precedence: Precedence,
        arrivals: &Arrivals,
    ) -> Paced<DuplexStream> {
        let (near, mut far) = duplex(64 << 10);
        let arrivals = Arc::clone(arrivals);
        tokio::spawn(async move {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(length) = far.read(&mut buffer).await
                && length > 0
            {
                arrivals.lock().expect("nobody panics").push((name, length));
            }
        });
        let mut paced = Paced::new(near);
        paced.put_on(Arc::clone(line), precedence);
        paced
    }

    #[tokio::test]
    async fn a_stop_behind_a_long_notice_waits_for_one_packet_of_it() {
        let line = Arc::new(SlowLine::new(RATE));
        let most = line.most(Precedence::Routine);
        let arrivals = Arrivals::default();
        let mut routine = connection("notice", &line, Precedence::Routine, &arrivals);
        let mut urgent = connection("STOP", &line, Precedence::Urgent, &arrivals);
        let notice = tokio::spawn(async move { routine.write_all(&vec![1; 3 * most]).await });
        while arrivals.lock().expect("nobody panics").is_empty() {
            tokio::task::yield_now().await;
        }
        urgent.write_all(&[2; 282]).await.expect("it goes");
        notice.await.expect("it ends").expect("it goes");
        drop(urgent);
        tokio::task::yield_now().await;
        let arrived = arrivals.lock().expect("nobody panics").clone();
        assert_eq!(arrived, [("notice", most), ("STOP", 282), ("notice", most), ("notice", most)]);
    }

    #[tokio::test]
    async fn header_and_body_go_together() {
        let (near, mut far) = duplex(1_024);
        let mut gathered = Gathered::new(near, true);
        gathered.write_all(b"header").await.expect("it is held");
        let flushed = tokio::spawn(async move {
            let flush = std::future::poll_fn(|context| {
                let _ = Pin::new(&mut gathered).poll_flush(context);
                Poll::Ready(())
            });
            flush.await;
            gathered.write_all(b"body").await.expect("it is held");
            gathered.flush().await.expect("it goes");
            gathered
        });
        let mut buffer = [0; 64];
        let length = far.read(&mut buffer).await.expect("it comes");
        assert_eq!(&buffer[..length], b"headerbody");
        drop(flushed.await.expect("it ends"));
    }
}
