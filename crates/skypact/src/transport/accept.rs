//! What every listener of a node shares: the loop that accepts, and telling a busy connection from an idle one.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use tracing::warn;

use super::asked_to_stop;
use crate::clock::Stopwatch;

/// Gives each connection to a task of its own until `stop` holds true or its sender is gone; then waits for the tasks, which
/// have to end on the same sign.
pub(crate) async fn accept<F>(
    listener: TcpListener,
    stop: watch::Receiver<bool>,
    serve: impl Fn(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut peers = JoinSet::new();
    loop {
        tokio::select! {
            () = asked_to_stop(stop.clone()) => break,
            Some(_) = peers.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, source)) => {
                    peers.spawn(serve(socket, source));
                }
                Err(error) => {
                    // Out of file descriptors or the like: it passes, and spinning would not help.
                    warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    while peers.join_next().await.is_some() {}
}

/// What happens on one connection, so that an idle one can be told from a busy one.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Requests under way, and the time since something last happened.
    under_way: Mutex<(usize, Stopwatch)>,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { under_way: Mutex::new((0, Stopwatch::start())) })
    }

    /// A request is under way until what this gives is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.count(|requests| requests + 1);
        UnderWay(Arc::clone(self))
    }

    /// Something happens that is no request: the connection is not idle now.
    pub(crate) fn touch(&self) {
        self.count(|requests| requests);
    }

    fn count(&self, change: impl FnOnce(usize) -> usize) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        *under_way = (change(under_way.0), Stopwatch::start());
    }

    /// Completes when no request has been under way for `idle_timeout`.
    pub(crate) async fn idle_for(&self, idle_timeout: Duration) {
        loop {
            let (requests, since) = *self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            let left = if requests == 0 { since.remaining_of(idle_timeout) } else { idle_timeout };
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.count(|requests| requests - 1);
    }
}
