//! `skypact monitor`: follows the logs of channels at the nodes that let it in, and says whether they stay what they were.

use std::path::PathBuf;
use std::time::Duration;

use skypact_channel::{LogRef, Pact};
use skypact_record::{KeyRole as RecordRole, VerifierKey, counted};

use super::exit::show;
use super::quantity::duration_ns;
use super::serve::{log_to_stderr, until_asked};
use super::{CliError, Outcome};
use crate::directory::{NodeDir, unbase64};
use crate::keys::{FileSigner, KeyRing, KeyRole};
use crate::log_keys::LogKeyLines;
use crate::monitor::{Monitor, MonitorError, Seen, Source};
use crate::node::NodeError;
use crate::storage::SqliteStore;
use crate::transport::{Identity, TransportKey};

/// Arguments of `monitor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory that 'skypact init --monitor' made; pacts go into its folder pacts/.
    #[arg(long, env = "SKYPACT_DIR", default_value = ".")]
    dir: PathBuf,
    /// A node to look at: the party, where its node listens, and its transport key (base64) where that is another one by now than that of the pact. May
    /// be repeated; logs are compared over all nodes.
    #[arg(long, value_name = "PARTY=ADDRESS[=KEY]", required = true)]
    node: Vec<String>,
    /// Look once and end. Exit code 1 when something that was shown cannot be right.
    #[arg(long)]
    once: bool,
    /// Time between two looks.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    every: String,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    log_to_stderr();
    let every = u64::try_from(duration_ns("every", &args.every)?).ok().filter(|every| *every >= 1_000_000_000);
    let every = every.ok_or_else(|| CliError::usage("field-invalid", "every", "every: is less than a second"))?;
    let pacts = NodeDir(args.dir.clone()).read_pacts()?;
    if pacts.is_empty() {
        return Err(CliError::usage("pact-missing", "dir", "dir: has no pact; copy the channel's pact into pacts/"));
    }
    let transport = FileSigner::open(&KeyRing::path_of(&args.dir, KeyRole::Transport), KeyRole::Transport)?;
    let identity = Identity::new(&transport).map_err(NodeError::from)?;
    let mut watched = Vec::new();
    for (name, pact) in &pacts {
        watched.push((name.as_str(), pact, sources(pact, &args.node, &identity)?));
    }
    if watched.iter().all(|(.., sources)| sources.is_empty()) {
        return Err(CliError::usage("field-invalid", "node", "node: names no party of these pacts"));
    }
    let known = LogKeyLines::read(&args.dir)?.used;
    let mut store = SqliteStore::open(&args.dir).map_err(NodeError::from)?;
    let looking = async {
        let mut last = Vec::new();
        loop {
            let looked = look(&watched, &mut store, &known).await?;
            let state: Vec<_> = looked.iter().map(|line| line.value.clone()).collect();
            if args.once || state != last {
                let text: String = looked.iter().map(|line| line.text.clone() + "\n").collect();
                show(json, &serde_json::json!({ "logs": state }), &text);
            }
            if args.once {
                return outcome(looked);
            }
            last = state;
            tokio::time::sleep(Duration::from_nanos(every)).await;
        }
    };
    tokio::select! {
        outcome = looking => outcome,
        _ = until_asked(|| false) => Ok(Outcome::Done),
    }
}

/// What was found at one log of one node.
struct Line {
    value: serde_json::Value,
    text: String,
    found: bool,
    failed: Option<MonitorError>,
}

fn outcome(looked: Vec<Line>) -> Result<Outcome, CliError> {
    if looked.iter().any(|line| line.found) {
        return Ok(Outcome::CheckFailed);
    }
    match looked.into_iter().find_map(|line| line.failed) {
        Some(error) => Err(CliError::machine(error.code(), error.to_string())),
        None => Ok(Outcome::Done),
    }
}

/// Looks at every log at every node.
async fn look(
    watched: &[(&str, &Pact, Vec<Source>)],
    store: &mut SqliteStore,
    known: &[VerifierKey],
) -> Result<Vec<Line>, CliError> {
    let mut lines = Vec::new();
    for (channel, pact, sources) in watched {
        let stopped = |error: MonitorError| CliError::machine(error.code(), error.to_string());
        let mut monitor = Monitor::open(pact, store, known).map_err(stopped)?;
        for source in sources {
            for log in LogRef::ALL {
                let seen = monitor.look(source, log).await;
                if let Err(error @ (MonitorError::Store(_) | MonitorError::Commit(_))) = seen {
                    return Err(stopped(error));
                }
                lines.push(line(channel, source.party(), pact.log_keys(log).origin.as_str(), seen));
            }
        }
    }
    Ok(lines)
}

fn line(channel: &str, at: &str, origin: &str, seen: Result<Seen, MonitorError>) -> Line {
    let value = |state: &str| serde_json::json!({ "channel": channel, "node": at, "log": origin, "state": state });
    match seen {
        Ok(Seen::Nothing) => {
            let text = format!("nothing     {origin} at {at}: shows no head");
            Line { value: value("nothing"), text, found: false, failed: None }
        }
        Ok(Seen::Consistent { head, grew_by, mirrored, witnesses }) => {
            let mut value = value("consistent");
            value["size"] = head.size.into();
            value["root"] = head.root.to_string().into();
            value["mirrored"] = mirrored.into();
            value["witnesses"] = witnesses.clone().into();
            let mirror = if mirrored { "mirrored" } else { "not mirrored" };
            let text = format!(
                "consistent  {origin} at {at}: {}, {grew_by} new, {mirror}, {}",
                counted(head.size, "entry"),
                counted(witnesses.len(), "witness")
            );
            Line { value, text, found: false, failed: None }
        }
        Ok(Seen::Forked { head, proof }) => {
            let mut value = value("forked");
            value["size"] = head.size.into();
            value["root"] = head.root.to_string().into();
            value["proven"] = proof.is_some().into();
            let kept = if proof.is_some() { "; see 'skypact fork list'" } else { ", and the proof is not complete" };
            let text = format!("FORKED      {origin} at {at}: a second history, signed at size {}{kept}", head.size);
            Line { value, text, found: true, failed: None }
        }
        Err(error) => {
            let mut value = value("failed");
            value["code"] = error.code().into();
            value["message"] = error.to_string().into();
            let text = format!("failed      {origin} at {at}: {error} [{}]", error.code());
            Line { value, text, found: error.is_finding(), failed: Some(error) }
        }
    }
}

/// The nodes of the parties of a pact.
fn sources(pact: &Pact, nodes: &[String], identity: &Identity) -> Result<Vec<Source>, CliError> {
    let mut sources = Vec::new();
    for node in nodes {
        let invalid = |reason: &str| CliError::usage("field-invalid", "node", format!("node: {node} {reason}"));
        let (party, address) = node.split_once('=').ok_or_else(|| invalid("is not PARTY=ADDRESS"))?;
        // Base64 of a key ends with the same sign.
        let (address, key) = address.split_once('=').map_or((address, None), |(address, key)| (address, Some(key)));
        // It may be a party of another channel.
        let Ok(index) = pact.party(party) else { continue };
        let of_pact = pact.genesis().parties[index].key_of(RecordRole::Transport);
        let key = match key {
            Some(key) => unbase64(key).and_then(|key| key.try_into().ok()),
            None => of_pact.and_then(|key| key.as_bytes().try_into().ok()),
        };
        let key =
            key.ok_or_else(|| invalid("has no transport key in the pact, or the one given is no base64 of 32 bytes"))?;
        let key = TransportKey::new(key).map_err(NodeError::from)?;
        sources.push(Source::new(party, address, key, identity));
    }
    Ok(sources)
}
