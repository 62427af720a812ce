//! The flights: each client creates and deletes one after another until the time is over.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::connection::{Connection, Failure, Server};
use super::text::{Intent, missing_ovns, ovn, segment};
use super::{Mode, Options};
use crate::clock::{Stopwatch, now_utc_ns};

/// Time at the start that is not counted.
const WARM_UP: Duration = Duration::from_secs(1);
/// How often one create is sent again with a longer key: every time, another flight may have come in between.
const RETRIES_MAX: u64 = 50;
/// Pause after a lost connection, so that a DSS that is down is not hammered.
const PAUSE: Duration = Duration::from_millis(50);

/// Operational intent references below `/dss/v1/`.
const REFERENCES: &str = "operational_intent_references";

/// What the clients of a run share.
pub(super) struct Fleet {
    options: Options,
    opened_ns: i64,
    watch: Stopwatch,
    /// OVNs of flights in the air, for the keys of `--overlap`.
    live: RefCell<BTreeSet<String>>,
    flights: Cell<u64>,
    retries: Cell<u64>,
    errors: RefCell<Errors>,
}

/// What a run showed.
#[derive(Debug)]
pub(super) struct Flown {
    /// Flights whose end fell into the measured time.
    pub(super) flights: u64,
    /// Creates that were sent again with a longer key.
    pub(super) retries: u64,
    /// What failed.
    pub(super) errors: Errors,
    /// Every request that began in the measured time and succeeded.
    pub(super) samples: Samples,
}

/// Latencies in microseconds.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Of creates, retries included.
    pub(super) creates_us: Vec<u32>,
    /// Of deletes.
    pub(super) deletes_us: Vec<u32>,
}

/// How often each kind of failure occurred, and what the first of each kind said.
pub(super) type Errors = BTreeMap<String, (u64, String)>;

impl Fleet {
    /// Flies until the time is over and the last flight has ended. `shared` holds a subscription per client, or nothing.
    pub(super) async fn fly(options: &Options, server: &Rc<Server>, shared: &[String]) -> Flown {
        let fleet = Rc::new(Self {
            options: options.clone(),
            opened_ns: now_utc_ns(),
            watch: Stopwatch::start(),
            live: RefCell::default(),
            flights: Cell::new(0),
            retries: Cell::new(0),
            errors: RefCell::default(),
        });
        let clients = (0..options.clients).map(|number| Client {
            fleet: Rc::clone(&fleet),
            number,
            subscription: shared.get(number as usize).cloned(),
            connection: Connection::new(Rc::clone(server)),
            samples: Samples::default(),
        });
        let mut flying = JoinSet::new();
        for client in clients {
            flying.spawn_local(client.fly());
        }
        let progress = tokio::task::spawn_local(Rc::clone(&fleet).show_progress());
        let mut samples = Samples::default();
        for mut of_client in flying.join_all().await {
            samples.creates_us.append(&mut of_client.creates_us);
            samples.deletes_us.append(&mut of_client.deletes_us);
        }
        progress.abort();
        Flown { flights: fleet.flights.get(), retries: fleet.retries.get(), errors: fleet.errors.take(), samples }
    }

    fn end(&self) -> Duration {
        WARM_UP + Duration::from_secs(self.options.seconds)
    }

    /// Whether the flights meet, so that each must know the others.
    fn meets(&self) -> bool {
        self.options.mode == Mode::Busy && self.options.overlap
    }

    fn count_error(&self, failure: Failure) {
        if self.watch.elapsed() >= WARM_UP {
            self.errors.borrow_mut().entry(failure.kind).or_insert((0, failure.message)).0 += 1;
        }
    }

    async fn show_progress(self: Rc<Self>) {
        let bar = progress_bar(self.end().as_secs(), "s");
        loop {
            bar.set_position(self.watch.elapsed().as_secs());
            bar.set_message(format!("{} flights", self.flights.get()));
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

/// One of many that fly, with one flight at a time.
struct Client {
    fleet: Rc<Fleet>,
    number: u32,
    subscription: Option<String>,
    connection: Connection,
    samples: Samples,
}

impl Client {
    async fn fly(mut self) -> Samples {
        while self.fleet.watch.elapsed() < self.fleet.end() {
            if let Err(failure) = self.flight().await {
                let unanswered = failure.status == 0;
                self.fleet.count_error(failure);
                if unanswered {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        self.samples
    }

    async fn flight(&mut self) -> Result<(), Failure> {
        let fleet = &self.fleet;
        let intent = Intent::flight(&fleet.options, self.number, fleet.opened_ns, self.subscription.as_deref());
        let known = if fleet.meets() { fleet.live.borrow().iter().cloned().collect() } else { Vec::new() };
        let begun = fleet.watch.elapsed();
        let (ovn, retries) = create(&mut self.connection, &intent, known).await?;
        let created = fleet.watch.elapsed();
        if begun >= WARM_UP {
            self.samples.creates_us.push(micros(created.saturating_sub(begun)));
            fleet.retries.set(fleet.retries.get() + retries);
        }
        if fleet.meets() {
            fleet.live.borrow_mut().insert(ovn.clone());
        }
        delete(&mut self.connection, &intent.id, &ovn).await?;
        let deleted = fleet.watch.elapsed();
        fleet.live.borrow_mut().remove(&ovn);
        if created >= WARM_UP {
            self.samples.deletes_us.push(micros(deleted.saturating_sub(created)));
        }
        if (WARM_UP..fleet.end()).contains(&deleted) {
            fleet.flights.set(fleet.flights.get() + 1);
        }
        Ok(())
    }
}

/// Creates a reference, again and again while a 409 shows OVNs that the key lacked. Its OVN, and how often it was sent again.
pub(super) async fn create(
    connection: &mut Connection,
    intent: &Intent,
    mut key: Vec<String>,
) -> Result<(String, u64), Failure> {
    let path = format!("{REFERENCES}/{}", intent.id);
    let mut retries = 0;
    loop {
        let answer = connection.send(Method::PUT, &path, intent.body(&key)).await?;
        let mut missing = if answer.status == 409 { missing_ovns(&answer.body) } else { Vec::new() };
        missing.retain(|ovn| !key.contains(ovn));
        if missing.is_empty() || retries == RETRIES_MAX {
            let answer = answer.success("create")?;
            let ovn = ovn(&answer.body).ok_or_else(|| answer.refusal("create without ovn"))?;
            return Ok((ovn, retries));
        }
        key.append(&mut missing);
        retries += 1;
    }
}

/// Deletes a reference.
pub(super) async fn delete(connection: &mut Connection, id: &str, ovn: &str) -> Result<(), Failure> {
    let path = format!("{REFERENCES}/{id}/{}", segment(ovn));
    connection.send(Method::DELETE, &path, String::new()).await?.success("delete").map(drop)
}

/// A line on standard error, if that is a terminal.
pub(super) fn progress_bar(length: u64, unit: &str) -> ProgressBar {
    let template = format!("{{elapsed_precise}} [{{bar:24}}] {{pos}}/{{len}} {unit} {{msg}}");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_finish(indicatif::ProgressFinish::AndClear)
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
