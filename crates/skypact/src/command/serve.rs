//! `skypact serve`: a party's node as one process.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use skypact_channel::Pact;

use super::exit::show;
use super::{CliError, Outcome, time_ns};
use crate::alarm::Bell;
use crate::clock::NodeClock;
use crate::directory::{MonitorConfig, NodeConfig, NodeDir, WitnessAddress, unbase64};
use crate::http::dss::DssServer;
use crate::http::loopback::{self, Loopback};
use crate::http::tokens::Tokens;
use crate::http::{routes, unix};
use crate::keys::{KeyRing, SealingSecret};
use crate::node::{MonitorAccess, NodeOptions, SNAPSHOT_AFTER_ENTRIES, start};
use crate::storage::SqliteStore;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory of the node.
    #[arg(long, env = "SKYPACT_DIR", default_value = ".")]
    dir: PathBuf,
    /// The store comes out of a backup: nothing of this party's logs leaves before a quorum of witnesses has said what it knows of them. Without this
    /// witnesses are waited for 5 s.
    #[arg(long)]
    out_of_backup: bool,
    #[command(flatten)]
    clock: ClockText,
}

/// The clock that a node or a witness runs on, as its arguments state it.
#[derive(Debug, clap::Args)]
pub(super) struct ClockText {
    /// Run on a clock that shows this time now, for exercises and recordings. It is shown when this starts, and wherever a node shows itself.
    #[arg(long, value_name = "TIME")]
    exercise_clock: Option<String>,
    /// How often faster than the machine's the exercise clock runs.
    #[arg(long, requires = "exercise_clock", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    exercise_speed: u32,
}

impl ClockText {
    /// The clock that is stated.
    pub(super) fn clock(&self) -> Result<NodeClock, CliError> {
        match &self.exercise_clock {
            Some(start) => Ok(NodeClock::exercise(time_ns("exercise-clock", start)?, self.exercise_speed)),
            None => Ok(NodeClock::machine()),
        }
    }
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    log_to_stderr();
    let dir = NodeDir(args.dir.clone());
    let config = dir.read_config()?;
    let clock = args.clock.clock()?;
    let listen = address(&config.listen)?;
    let store = SqliteStore::open(&args.dir).map_err(crate::node::NodeError::from)?;
    let options = NodeOptions {
        party: config.party.clone(),
        scratch: args.dir.clone(),
        keys: KeyRing::open(&args.dir)?,
        sealing: SealingSecret::open_or_create(&SealingSecret::path_of(&args.dir))?,
        pacts: pacts(&dir, &config)?,
        store: Box::new(store),
        listen,
        counterparts: config.counterparts,
        slow_links: config.links.into_iter().map(|(party, link)| (party, link.bit_per_s.get())).collect(),
        period: config.record.period.span(),
        snapshot_after: SNAPSHOT_AFTER_ENTRIES,
        witnesses: witnesses(&config.witnesses)?,
        monitors: monitors(&config.monitors)?,
        is_out_of_backup: args.out_of_backup,
        clock: clock.clone(),
    };
    // Before the node runs: what is wrong with the address is told before anything else happens.
    let loopback = match &config.api {
        Some(api) => Some(Loopback::listen(&api.loopback).await?),
        None => None,
    };
    let dss = match config.dss {
        Some(options) => Some(DssServer::start(options.below(&args.dir), clock.clone()).await?),
        None => None,
    };
    let bells = config.alarms.iter().enumerate().map(|(place, alarm)| Bell::new(place + 1, alarm));
    let bells = bells.collect::<Result<Vec<_>, _>>();
    let bells = bells.map_err(|error| CliError::usage("field-invalid", "alarm", error.to_string()))?;
    let node = start(options).await?;
    let socket = unix::listen(&dir.socket())?;
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let router = routes::router(node.handle.clone());
    let mut serving = tokio::task::JoinSet::new();
    let alarms =
        tokio::spawn(crate::alarm::watch(node.handle.clone(), bells, config.watch, dir.alarm_log(), dir.plans()));
    serving.spawn(unix::serve(socket, router.clone(), stopping.clone()));
    let api = loopback.as_ref().map(|loopback| loopback.address().to_string());
    if let Some(loopback) = loopback {
        serving.spawn(loopback.serve(router, Tokens::new(dir.tokens()), loopback::limits(), stopping));
    }
    let (listen, exercise) = (node.address.to_string(), clock.is_exercise());
    let dss_address = dss.as_ref().map(|dss| dss.address().to_string());
    let ready = serde_json::json!({
        "party": config.party, "listen": listen, "api": api, "dss": dss_address, "exercise": exercise
    });
    let dss_address = dss_address.map(|address| format!(", as a DSS on {address}")).unwrap_or_default();
    let api = api.map(|api| format!(", for officers on http://{api}")).unwrap_or_default();
    let exercise = if exercise { " - EXERCISE CLOCK" } else { "" };
    show(json, &ready, &format!("{} listens on {listen}{api}{dss_address}{exercise}; stop with Ctrl-C", config.party));
    let dss_has_ended = || dss.as_ref().is_some_and(DssServer::has_ended);
    let ended = until_asked(|| node.has_ended() || dss_has_ended()).await;
    // The API may have ended already; all are told and waited for.
    let _ = stop.send(true);
    while serving.join_next().await.is_some() {}
    alarms.abort();
    let stopped = node.stop().await;
    let _ = std::fs::remove_file(dir.socket());
    if let Some(dss) = dss {
        dss.stop().await?;
    }
    stopped?;
    if ended { Err(CliError::io("storage", "the node ended by itself")) } else { Ok(Outcome::Done) }
}

/// Where the node listens for counterparts.
fn address(listen: &str) -> Result<SocketAddr, CliError> {
    let invalid = |_| CliError::usage("field-invalid", "listen", format!("listen: '{listen}' is no address:port"));
    listen.parse().map_err(invalid)
}

/// The pacts in force, in which everybody is whose address is known.
fn pacts(dir: &NodeDir, config: &NodeConfig) -> Result<Vec<(String, Pact)>, CliError> {
    let pacts = dir.read_pacts()?;
    check_counterparts(config, &pacts)?;
    Ok(pacts)
}

/// Refuses an address of somebody who is in no pact: a slip in the name leaves the counterpart without one, and nobody calls it.
pub(super) fn check_counterparts(config: &NodeConfig, pacts: &[(String, Pact)]) -> Result<(), CliError> {
    let of_pacts = pacts.iter().flat_map(|(_, pact)| [pact.party_name(0), pact.party_name(1)]);
    let known: BTreeSet<&str> = of_pacts.filter(|name| *name != config.party).collect();
    let Some(stranger) = config.counterparts.keys().find(|name| !known.contains(name.as_str())) else { return Ok(()) };
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "there is no pact" } else { &known };
    let message = format!(
        "counterparts: node.toml has an address of '{stranger}', who is in no pact here ({known}); correct the name, or take \
         the line out until the pact is in force"
    );
    Err(CliError::usage("counterpart-unknown", "counterparts", message))
}

/// Addresses and transport keys of witnesses.
fn witnesses(known: &BTreeMap<String, WitnessAddress>) -> Result<BTreeMap<String, (String, [u8; 32])>, CliError> {
    let read = |(name, witness): (&String, &WitnessAddress)| {
        let key = unbase64(&witness.transport).and_then(|key| key.try_into().ok());
        let message = || format!("witness {name}: transport is not base64 of 32 bytes");
        let key = key.ok_or_else(|| CliError::usage("field-invalid", "transport", message()))?;
        Ok((name.clone(), (witness.address.clone(), key)))
    };
    known.iter().map(read).collect()
}

/// Who may read which channels.
fn monitors(known: &BTreeMap<String, MonitorConfig>) -> Result<Vec<MonitorAccess>, CliError> {
    let read = |(name, monitor): (&String, &MonitorConfig)| {
        let key = unbase64(&monitor.transport).and_then(|key| key.try_into().ok());
        let message = || format!("monitor {name}: transport is not base64 of 32 bytes; copy it from its card");
        let key = key.ok_or_else(|| CliError::usage("field-invalid", "transport", message()))?;
        Ok(MonitorAccess { name: name.clone(), key, channels: monitor.channels.clone() })
    };
    known.iter().map(read).collect()
}

/// Waits for SIGINT or SIGTERM (false), or for `ended` (true).
pub(super) async fn until_asked(ended: impl Fn() -> bool) -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    let watch = async {
        while !ended() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => false,
        _ = terminate => false,
        () = watch => true,
    }
}

/// Structured logs on standard error, by `SKYPACT_LOG`.
pub(super) fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SKYPACT_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second subscriber in one process changes nothing.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).try_init();
}
