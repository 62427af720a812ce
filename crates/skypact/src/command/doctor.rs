//! `skypact doctor`: looks at the directory of a node or a witness without changing it, and says what is damaged and where, and which
//! bells failed. Of a node that runs it asks how far the other clocks are, whether witnesses answer, and who has the watch.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use skypact_record::{Signer as _, counted};

use super::desk::channels;
use super::exit::show;
use super::inbox::failed_bell;
use super::quantity::{time_text, wrapped};
use super::serve::check_counterparts;
use super::{CliError, Outcome};
use crate::alarm::{FailedBell, failed_bells};
use crate::clock;
use crate::directory::{Card, NodeDir, read_toml};
use crate::http::client::LocalClient;
use crate::http::tokens::Tokens;
use crate::http::views::{ChannelView, WatchView, WitnessView};
use crate::keys::{FileSigner, KeyRing, KeyRole, MlDsa44Signer};
use crate::storage::SqliteStore;

/// No machine that runs this has its clock before 2025-01-01T00:00:00Z.
const CLOCK_LEAST_NS: i64 = 1_735_689_600_000_000_000;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory of the node or the witness.
    #[arg(long, env = "SKYPACT_DIR", default_value = ".")]
    dir: PathBuf,
}

/// One thing that was looked at: its name, whether it is sound, and what was seen.
type Finding = (&'static str, bool, String);

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let dir = NodeDir(args.dir.clone());
    let mut findings = vec![permissions(&dir)];
    if dir.0.join("keys/witness.key").exists() {
        findings.extend([witness_keys(&dir), witness_pacts(&dir), record(&dir), wall_clock()]);
    } else {
        findings.extend(keys(&dir));
        findings.extend([identity(&dir), pacts(&dir), record(&dir), wall_clock()]);
        findings.extend(desks(&dir).await);
        findings.extend(bells(&dir));
        findings.extend([socket(&dir), tokens(&dir)]);
    }
    let sound = findings.iter().all(|(_, sound, _)| *sound);
    let list = findings
        .iter()
        .map(|(what, sound, detail)| serde_json::json!({ "what": what, "sound": sound, "detail": detail }));
    let value = serde_json::json!({ "sound": sound, "findings": list.collect::<Vec<_>>() });
    show(json, &value, &findings.iter().map(lines).collect::<String>());
    Ok(if sound { Outcome::Done } else { Outcome::CheckFailed })
}

/// A finding on a screen: its lines begin where the first one does behind the verdict.
fn lines((what, sound, detail): &Finding) -> String {
    let finding = format!("{what}: {detail}");
    let text: String = finding.lines().map(|line| wrapped(line, 7)).collect();
    format!("{:<7}{}", if *sound { "ok" } else { "WRONG" }, text.trim_start())
}

fn permissions(dir: &NodeDir) -> Finding {
    match std::fs::metadata(&dir.0) {
        Ok(held) if held.mode().trailing_zeros() >= 6 => {
            ("permissions", true, "the directory is its owner's alone".to_owned())
        }
        Ok(held) => {
            let remedy = format!("mode {:04o} lets others in; chmod 700 {}", held.mode() & 0o7777, dir.0.display());
            ("permissions", false, remedy)
        }
        Err(error) => ("permissions", false, error.to_string()),
    }
}

fn keys(dir: &NodeDir) -> Vec<Finding> {
    let mut findings = vec![match KeyRing::open(&dir.0) {
        Ok(ring) => {
            let more = if ring.ml_dsa_44.is_some() { ", and so are those of ML-DSA-44" } else { "; none of ML-DSA-44" };
            ("keys", true, format!("node, transport, checkpoint and mirror are readable and whole{more}"))
        }
        Err(error) => ("keys", false, error.to_string()),
    }];
    let root = KeyRing::path_of(&dir.0, KeyRole::Root);
    let held = if root.exists() { "is here; move it offline once the pact is signed" } else { "is offline" };
    findings.push(("root key", true, held.to_owned()));
    for entry in std::fs::read_dir(dir.0.join("officers")).into_iter().flatten().flatten() {
        if let Err(error) = FileSigner::open(&entry.path(), KeyRole::Officer) {
            findings.push(("officer key", false, error.to_string()));
        }
    }
    findings
}

fn witness_keys(dir: &NodeDir) -> Finding {
    let open = |role| FileSigner::open(&KeyRing::path_of(&dir.0, role), role).err();
    let path = KeyRing::ml_dsa_44_path_of(&dir.0, KeyRole::Witness);
    let ml_dsa_44 = || path.exists().then(|| MlDsa44Signer::open(&path, KeyRole::Witness).err()).flatten();
    match open(KeyRole::Witness).or_else(|| open(KeyRole::Transport)).or_else(ml_dsa_44) {
        None => ("keys", true, "witness and transport are readable and whole".to_owned()),
        Some(error) => ("keys", false, error.to_string()),
    }
}

fn witness_pacts(dir: &NodeDir) -> Finding {
    match dir.read_pacts() {
        Ok(pacts) if pacts.is_empty() => ("pacts", true, "none yet; copy those to be witnessed into pacts/".to_owned()),
        Ok(pacts) => ("pacts", true, format!("{} to be witnessed", pacts.len())),
        Err(error) => ("pacts", false, error.to_string()),
    }
}

/// The card has to be that of the keys, or the counterpart would sign a pact that this node cannot act under.
fn identity(dir: &NodeDir) -> Finding {
    let read = read_toml::<Card>(&dir.card(), "restore it").and_then(|card| card.party(&dir.card()));
    let party = match read {
        Ok(party) => party,
        Err(error) => return ("card", false, error.to_string()),
    };
    let Ok(ring) = KeyRing::open(&dir.0) else { return ("card", false, "no keys to compare it with".to_owned()) };
    let names = |bytes: &[u8]| party.keys.iter().any(|known| known.key.as_bytes() == bytes);
    // After a rotation the card names the key that lies beside the first one.
    let is_named = |first: &FileSigner| {
        let beside = KeyRing::beside(&dir.0, first.role()).map(|(plain, _)| plain).unwrap_or_default();
        [first].into_iter().chain(&beside).any(|key| names(&key.public_key_bytes()))
    };
    let is_named_ml_dsa_44 = |first: &MlDsa44Signer| {
        let beside = KeyRing::beside(&dir.0, first.role()).map(|(_, keys)| keys).unwrap_or_default();
        [first].into_iter().chain(&beside).any(|key| names(key.public_key().as_bytes()))
    };
    let mut ml_dsa_44 = ring.ml_dsa_44.iter().flat_map(|ring| [&ring.checkpoint, &ring.mirror]);
    let whole = [&ring.node, &ring.transport, &ring.checkpoint, &ring.mirror].into_iter().all(is_named)
        && ml_dsa_44.all(is_named_ml_dsa_44);
    let config = dir.read_config();
    let named = config.is_ok_and(|config| party.name.as_str() == config.party);
    let detail =
        if whole && named { "names this party's keys" } else { "names other keys or another party; restore it" };
    ("card", whole && named, detail.to_owned())
}

fn pacts(dir: &NodeDir) -> Finding {
    let read = dir.read_config().and_then(|config| Ok((config, dir.read_pacts()?)));
    match read {
        Ok((config, pacts)) => {
            let foreign = pacts.iter().find_map(|(_, pact)| pact.party(&config.party).err());
            let wrong = foreign.map(|error| error.to_string());
            match wrong.or_else(|| check_counterparts(&config, &pacts).err().map(|error| error.message)) {
                None => ("pacts", true, format!("{} in force", pacts.len())),
                Some(wrong) => ("pacts", false, wrong),
            }
        }
        Err(error) => ("pacts", false, error.to_string()),
    }
}

fn record(dir: &NodeDir) -> Finding {
    if !dir.0.join("store.sqlite").exists() {
        return ("record", true, "nothing is recorded yet".to_owned());
    }
    match SqliteStore::open_read_only(&dir.0).and_then(|store| store.integrity()) {
        Ok(walk) => {
            let left_out = match walk.left_out {
                0 => String::new(),
                acts => format!(
                    "; left out of an old store when it got back what it lacked: {}; see 'skypact record left-out' for what to give again",
                    counted(acts, "act")
                ),
            };
            let held = format!(
                "{}, {}, {}, every hash holds",
                counted(walk.logs, "log"),
                counted(walk.entries, "entry"),
                counted(walk.parts, "body")
            );
            let detail = match (walk.archived, walk.moved_away) {
                (0, _) => held,
                (archived, 0) => format!("{held}; {archived} archived"),
                (archived, away) => {
                    let use_of_them = if walk.needed == 0 {
                        "a start goes on from the snapshot behind them"
                    } else {
                        "and a start needs them"
                    };
                    format!("{held}; {archived} archived, the files of {away} of them moved away, {use_of_them}")
                }
            };
            let detail = format!("{detail}{left_out}");
            ("record", walk.needed == 0, detail)
        }
        Err(error) => ("record", false, error.to_string()),
    }
}

fn wall_clock() -> Finding {
    let now = clock::now_utc_ns();
    let detail = time_text(now);
    if now >= CLOCK_LEAST_NS {
        ("clock", true, detail)
    } else {
        ("clock", false, format!("{detail} is in the past; set the clock"))
    }
}

/// What a node that runs here says of its channels: the clocks of counterparts and witnesses as it compares them with its own, and
/// who has its party's watch. Without a node there is nobody to ask; the socket is a finding of its own.
async fn desks(dir: &NodeDir) -> Vec<Finding> {
    let client = LocalClient::new(dir.socket());
    let mut findings = Vec::new();
    for channel in channels(&client).await.unwrap_or_default() {
        findings.push(other_clocks(&channel));
        let witness =
            |witness: &WitnessView| ("witness", !witness.silent, format!("{}: {}", channel.name, witness.line()));
        findings.extend(channel.witnesses.iter().map(witness));
        let watches = client.get::<Vec<WatchView>>(&format!("/v1/channels/{}/watch", channel.name)).await;
        let own = watches.unwrap_or_default().into_iter().find(|watch| watch.party == channel.party);
        findings.extend(own.map(|watch| {
            let remedy = if watch.officer.is_some() { "" } else { "; an officer runs 'skypact watch take'" };
            let detail = format!("{}: {}{remedy}", channel.name, watch.line(time_text));
            ("watch", watch.officer.is_some(), detail)
        }));
    }
    findings
}

/// Whether what is to ring beyond this machine rang when it was tried last.
fn bells(dir: &NodeDir) -> Vec<Finding> {
    let count = dir.read_config().map_or(0, |config| config.alarms.len());
    let failed = failed_bells(&dir.alarm_log());
    let told = |bell: &FailedBell| ("bell", false, format!("{}: {}", bell.channel, failed_bell(bell)));
    if failed.is_empty() {
        let none = "none: nothing rings beyond this machine; node.toml names them, [[alarm]]".to_owned();
        return vec![(
            "bells",
            true,
            if count == 0 { none } else { format!("{count}, and none failed when last tried") },
        )];
    }
    failed.iter().map(told).collect()
}

fn other_clocks(channel: &ChannelView) -> Finding {
    let mut lines: Vec<String> = channel.clocks.iter().map(|clock| clock.line(&channel.party)).collect();
    lines.extend(channel.clock_suspect.as_ref().map(|suspect| format!("the others agree that it is {suspect}'s")));
    let is_off = channel.unknown.iter().any(|unknown| unknown.code == "clock-off");
    ("other clocks", !is_off, format!("{}:\n       {}", channel.name, lines.join(";\n       ")))
}

fn tokens(dir: &NodeDir) -> Finding {
    match Tokens::new(dir.tokens()).list() {
        Ok(tokens) => ("tokens", true, format!("{} for the API on loopback", tokens.len())),
        Err(error) => ("tokens", false, error.to_string()),
    }
}

fn socket(dir: &NodeDir) -> Finding {
    let alive = std::os::unix::net::UnixStream::connect(dir.socket()).is_ok();
    let detail = if alive { "a node answers" } else { "no node runs here" };
    ("socket", true, detail.to_owned())
}
