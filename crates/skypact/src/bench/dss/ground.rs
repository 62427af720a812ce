//! What is in the DSS before the first flight, and what goes after the last: subscriptions, preloaded references.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hyper::Method;
use tokio::task::JoinSet;

use super::Options;
use super::connection::{Connection, Failure, Server};
use super::fleet::{create, delete, progress_bar};
use super::text::{self, Intent, Square, segment, uuid_v4};
use crate::clock::now_utc_ns;

/// Requests at once while references are preloaded or cleaned up.
const CONNECTIONS: u32 = 64;

/// What this run put into the DSS besides flights.
pub(super) struct Ground {
    server: Rc<Server>,
    /// The subscriptions of `--shared`, one per client.
    shared: Vec<String>,
    /// Id and version of every subscription.
    subscriptions: Vec<(String, String)>,
    /// Id and OVN of the preloaded references.
    preloaded: Rc<RefCell<Vec<(String, String)>>>,
}

impl Ground {
    pub(super) fn new(server: Rc<Server>) -> Self {
        Self { server, shared: Vec::new(), subscriptions: Vec::new(), preloaded: Rc::default() }
    }

    /// Subscriptions for the flights of each client; empty without `--shared`.
    pub(super) fn shared(&self) -> &[String] {
        &self.shared
    }

    /// Preloads references and makes the subscriptions. The first failure ends it.
    pub(super) async fn prepare(&mut self, options: &Options) -> Result<(), Failure> {
        self.preload(options.preload).await?;
        let mut connection = Connection::new(Rc::clone(&self.server));
        for number in 0..options.subscriptions {
            self.subscribe(&mut connection, Square::of(options.mode, number)).await?;
        }
        if options.shared {
            for client in 0..options.clients {
                let id = self.subscribe(&mut connection, Square::of(options.mode, client)).await?;
                self.shared.push(id);
            }
        }
        Ok(())
    }

    async fn subscribe(&mut self, connection: &mut Connection, square: Square) -> Result<String, Failure> {
        let id = uuid_v4();
        let body = text::subscription(square, now_utc_ns());
        let answer = connection.send(Method::PUT, &format!("subscriptions/{id}"), body).await?;
        let answer = answer.success("subscribe")?;
        let version = text::subscription_version(&answer.body);
        self.subscriptions.push((id.clone(), version.ok_or_else(|| answer.refusal("subscribe without version"))?));
        Ok(id)
    }

    async fn preload(&self, count: u32) -> Result<(), Failure> {
        let opened_ns = now_utc_ns();
        let next = Rc::new(Cell::new(0));
        let bar = progress_bar(u64::from(count), "references");
        let mut tasks = JoinSet::new();
        for _ in 0..CONNECTIONS.min(count) {
            let (next, bar, preloaded) = (Rc::clone(&next), bar.clone(), Rc::clone(&self.preloaded));
            let mut connection = Connection::new(Rc::clone(&self.server));
            tasks.spawn_local(async move {
                while next.get() < count {
                    let intent = Intent::preloaded(next.replace(next.get() + 1), opened_ns);
                    let (ovn, _) = create(&mut connection, &intent, Vec::new()).await?;
                    preloaded.borrow_mut().push((intent.id, ovn));
                    bar.inc(1);
                }
                Ok(())
            });
        }
        tasks.join_all().await.into_iter().collect()
    }

    /// Deletes the subscriptions, and with `preloaded` the references too. What cannot be deleted is said and left.
    pub(super) async fn clear(&mut self, preloaded: bool) {
        let mut connection = Connection::new(Rc::clone(&self.server));
        for (id, version) in self.subscriptions.drain(..) {
            let path = format!("subscriptions/{id}/{}", segment(&version));
            let deleted = connection.send(Method::DELETE, &path, String::new()).await;
            if let Err(failure) = deleted.and_then(|answer| answer.success("unsubscribe")) {
                eprintln!("subscription {id} stays: {}: {}", failure.kind, failure.message);
            }
        }
        if preloaded && let Err(failure) = self.unload().await {
            eprintln!("preloaded references stay: {}: {}", failure.kind, failure.message);
        }
    }

    async fn unload(&self) -> Result<(), Failure> {
        let bar = progress_bar(self.preloaded.borrow().len() as u64, "references deleted");
        let mut tasks = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (bar, preloaded) = (bar.clone(), Rc::clone(&self.preloaded));
            let mut connection = Connection::new(Rc::clone(&self.server));
            tasks.spawn_local(async move {
                while let Some((id, ovn)) = take(&preloaded) {
                    delete(&mut connection, &id, &ovn).await?;
                    bar.inc(1);
                }
                Ok(())
            });
        }
        tasks.join_all().await.into_iter().collect()
    }
}

/// One of them; the list is free again when this returns.
fn take(list: &RefCell<Vec<(String, String)>>) -> Option<(String, String)> {
    list.borrow_mut().pop()
}
