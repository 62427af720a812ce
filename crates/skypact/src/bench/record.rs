//! Durable appends through the core of a node, and the verifier over a bundle. Many writers ask at once for one act each; each answer
//! is durable, by a synchronous commit of the real store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use skypact_airspace::{Circle, LatLng, UtcNanos, Volume4d};
use skypact_channel::{ActivityClass, Message, Notice, NoticeAct, Submission};
use skypact_record::{Entry, Leaf, Part, Tree};

use super::parties::{CHANNEL, NAMES, Parties};
use super::shapes::{Area, Dice};
use super::{bundle, percentiles, progress};
use crate::clock::{NodeClock, Stopwatch};
use crate::command::CliError;
use crate::keys::SealingSecret;
use crate::node::{NodeError, NodeHandle, NodeOptions, start};
use crate::storage::{SqliteStore, Store as _, each_entry};

/// Time of the exercise: 2030-01-01.
const NOW_NS: i64 = 1_893_456_000_000_000_000;
const RED: usize = 1;
/// Text that brings an entry with one disc to about 512 bytes.
const CONTACT_BYTES: usize = 20;
/// No start keeps a snapshot.
const NEVER: u64 = u64::MAX;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Writers, each with one act under way.
    pub writers: usize,
    /// Acts that they have recorded.
    pub appends: usize,
    /// Entries of the bundle.
    pub bundle_entries: u64,
}

/// What was measured. MB are of 1,000,000 bytes.
#[derive(Debug, Serialize)]
pub struct RecordFigures {
    /// A write of 4 KiB and its sync on the same disk, milliseconds, median.
    pub sync_p50_ms: f64,
    /// The same, 99th percentile.
    pub sync_p99_ms: f64,
    /// Writers at once.
    pub writers: usize,
    /// Entries that were recorded.
    pub appends: usize,
    /// Bytes of leaf, salt and body of each, mean.
    pub entry_bytes: f64,
    /// Durable appends a second.
    pub appends_per_s: f64,
    /// From asking to the durable answer, milliseconds, median.
    pub append_p50_ms: f64,
    /// The same, 99th percentile.
    pub append_p99_ms: f64,
    /// Hashing of the same entries and their tree, done again alone, in 100 of the time that the appends took.
    pub hashing_share_pct: f64,
    /// Starting the node again over them, seconds.
    pub start_s: f64,
    /// Moving 256 entries into the archive, which the one thread that commits does at most once a second, milliseconds, median.
    pub archive_p50_ms: f64,
    /// The same, 99th percentile.
    pub archive_p99_ms: f64,
    /// Starting the node again when every full tile is in the archive, seconds.
    pub start_archived_s: f64,
    /// Starting it from a snapshot behind all of them, seconds.
    pub start_snapshot_s: f64,
    /// Bytes of the snapshot, MB.
    pub snapshot_mb: f64,
    /// Entries of the bundle that was verified.
    pub bundle_entries: u64,
    /// Bytes of it, MB.
    pub bundle_mb: f64,
    /// `skypact verify` as a process of its own, seconds.
    pub verify_s: f64,
    /// The most that it held (`VmHWM`), MB.
    pub verify_peak_mb: f64,
}

/// Measures in a new directory `dir`, and removes it.
pub async fn run(dir: &Path, options: Options) -> Result<RecordFigures, CliError> {
    let cannot = |error: std::io::Error| CliError::io("dir", &format!("{}: {error}", dir.display()));
    std::fs::create_dir(dir).map_err(cannot)?;
    let measured = measure(dir, options).await;
    std::fs::remove_dir_all(dir).map_err(cannot)?;
    measured
}

async fn measure(dir: &Path, Options { writers, appends, bundle_entries }: Options) -> Result<RecordFigures, CliError> {
    let bar = progress();
    bar.set_message("measure the disk");
    let (sync_p50_ms, sync_p99_ms) = syncs(dir).map_err(|error| CliError::io("dir", &error.to_string()))?;
    bar.set_message("sign acts");
    let parties = Parties::new()?;
    let acts = acts(&parties, appends);
    bar.set_message("append");
    let running = start(node(dir, &parties, NEVER)?).await?;
    let watch = Stopwatch::start();
    let mut times = write(&running.handle, writers, acts).await?;
    let elapsed_s = watch.elapsed().as_secs_f64();
    running.stop().await?;
    bar.set_message("start again");
    let start_s = start_again(dir, &parties, NEVER).await?;
    bar.set_message("archive");
    let (archive_p50_ms, archive_p99_ms) = percentiles(&mut archive(&dir.join("store"))?);
    let start_archived_s = start_again(dir, &parties, NEVER).await?;
    bar.set_message("start from a snapshot");
    // The first one folds everything and keeps it.
    start_again(dir, &parties, 0).await?;
    let start_snapshot_s = start_again(dir, &parties, NEVER).await?;
    let snapshot_mb = snapshot_bytes(&dir.join("store"))? as f64 / 1e6;
    bar.set_message("hash the same");
    let (hashed_s, bytes) = hashing(&dir.join("store"))?;
    let (append_p50_ms, append_p99_ms) = percentiles(&mut times);
    bar.set_message("make a bundle");
    let file = dir.join("bundle");
    let bundle_mb = bundle::write(&file, &parties, bundle_entries, NOW_NS)? as f64 / 1e6;
    bar.set_message("verify it");
    let (verify_s, verify_peak_mb) = bundle::verify(&file)?;
    bar.finish_and_clear();
    Ok(RecordFigures {
        sync_p50_ms,
        sync_p99_ms,
        writers,
        appends,
        entry_bytes: bytes as f64 / (appends + 2) as f64,
        appends_per_s: appends as f64 / elapsed_s,
        append_p50_ms,
        append_p99_ms,
        hashing_share_pct: 100.0 * hashed_s / elapsed_s,
        start_s,
        archive_p50_ms,
        archive_p99_ms,
        start_archived_s,
        start_snapshot_s,
        snapshot_mb,
        bundle_entries,
        bundle_mb,
        verify_s,
        verify_peak_mb,
    })
}

/// How long a start takes, s, that keeps a snapshot when it folds more than so many entries.
async fn start_again(dir: &Path, parties: &Parties, snapshot_after: u64) -> Result<f64, CliError> {
    let watch = Stopwatch::start();
    let running = start(node(dir, parties, snapshot_after)?).await?;
    let elapsed_s = watch.elapsed().as_secs_f64();
    running.stop().await?;
    Ok(elapsed_s)
}

/// Moves every full tile of a store into its archive; how long each took, milliseconds. A node does so only with what its
/// counterpart has signed for, and here there is none.
fn archive(store: &Path) -> Result<Vec<f64>, CliError> {
    let mut store = SqliteStore::open(store).map_err(NodeError::from)?;
    let mut times = Vec::new();
    for log in store.logs().map_err(NodeError::from)? {
        let mut moved = 0;
        loop {
            let watch = Stopwatch::start();
            let now = store.archive(&log.log, log.size).map_err(|error| NodeError::from(&error))?;
            if now == moved {
                break;
            }
            moved = now;
            times.push(watch.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(times)
}

fn snapshot_bytes(store: &Path) -> Result<usize, CliError> {
    let store = SqliteStore::open_read_only(store).map_err(NodeError::from)?;
    Ok(store.snapshot().map_err(NodeError::from)?.map_or(0, |snapshot| snapshot.bytes.len()))
}

/// RED's node, alone, over the store in `dir`.
fn node(dir: &Path, parties: &Parties, snapshot_after: u64) -> Result<NodeOptions, CliError> {
    let store = SqliteStore::open(dir.join("store")).map_err(NodeError::from)?;
    Ok(NodeOptions {
        party: NAMES[RED].0.to_owned(),
        scratch: dir.to_owned(),
        keys: parties.keys[RED].ring.clone(),
        pacts: vec![(CHANNEL.to_owned(), parties.pact.clone())],
        store: Box::new(store),
        sealing: SealingSecret::open_or_create(&dir.join("sealing.key"))?,
        monitors: Vec::new(),
        listen: ([127, 0, 0, 1], 0).into(),
        counterparts: BTreeMap::new(),
        slow_links: BTreeMap::new(),
        period: None,
        snapshot_after,
        witnesses: BTreeMap::new(),
        is_out_of_backup: false,
        clock: NodeClock::exercise(NOW_NS, 1),
    })
}

/// What a write of 4 KiB costs on this disk.
fn syncs(dir: &Path) -> std::io::Result<(f64, f64)> {
    let mut file = File::create(dir.join("sync"))?;
    let mut times = Vec::new();
    for _ in 0..300 {
        let watch = Stopwatch::start();
        file.write_all(&[1; 4_096]).and_then(|()| file.sync_data())?;
        times.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    Ok(percentiles(&mut times))
}

fn acts(parties: &Parties, count: usize) -> Vec<Submission> {
    let mut dice = Dice(1);
    let act = |number| parties.act(RED, &notice(&mut dice, number), UtcNanos(NOW_NS));
    (0..count).map(act).collect()
}

/// A notice of one disc, on the day of the exercise.
fn notice(dice: &mut Dice, number: usize) -> Message {
    let volume = on_the_day(Area::Region.flight(dice));
    let centre = LatLng::new((43e9 + 2.7e9 * dice.unit()) as i64, (5e9 + 3.7e9 * dice.unit()) as i64);
    let circle = Circle::new(centre.expect("in Europe"), 500_000).expect("a disc");
    Message::Notice(Notice {
        act: NoticeAct::New,
        previous: None,
        class: ActivityClass::Unmanned,
        call_sign: Some(format!("BENCH {number:07}")),
        contact: Some("+".repeat(CONTACT_BYTES)),
        volumes: vec![Volume4d::new(circle.into(), volume.band, volume.window)],
    })
}

/// The volume at the same time of the day of the exercise.
fn on_the_day(volume: Volume4d) -> Volume4d {
    let at = |instant: UtcNanos| UtcNanos(NOW_NS + instant.0);
    let window = skypact_airspace::TimeWindow::new(at(volume.window.start()), at(volume.window.end()));
    Volume4d { window: window.expect("both ends move alike"), ..volume }
}

/// Has all acts recorded by so many writers; how long each took, milliseconds.
async fn write(node: &NodeHandle, writers: usize, acts: Vec<Submission>) -> Result<Vec<f64>, CliError> {
    let (count, waiting) = (acts.len(), Arc::new(Mutex::new(acts.into_iter())));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..writers {
        let (node, waiting) = (node.clone(), Arc::clone(&waiting));
        tasks.spawn(async move {
            let mut times = Vec::new();
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(act) = next else { return Ok::<_, NodeError>(times) };
                let watch = Stopwatch::start();
                node.submit(CHANNEL, vec![act]).await?;
                times.push(watch.elapsed().as_secs_f64() * 1e3);
            }
        });
    }
    let mut times = Vec::with_capacity(count);
    while let Some(ended) = tasks.join_next().await {
        times.append(&mut ended.map_err(|error| CliError::io("writer", &error.to_string()))??);
    }
    Ok(times)
}

/// The hashing that recording took, done again over what was stored: the leaf where it is placed and where it is stored,
/// each part's commitment where it is checked and its seal where it is stored, and the tree with a root for each 256.
/// Seconds, and bytes of the entries.
fn hashing(store: &Path) -> Result<(f64, usize), CliError> {
    let store = SqliteStore::open_read_only(store).map_err(NodeError::from)?;
    let (mut seconds, mut bytes) = (0.0, 0);
    for log in store.logs().map_err(NodeError::from)? {
        let mut tree = Tree::new();
        each_entry(&store, &log.log, 0..log.size, |_, stored| {
            bytes += stored.size_bytes();
            let leaf = Leaf::decode(&stored.leaf).expect("it was stored by a node");
            let parts = stored.parts.into_iter().flatten();
            let parts = parts.map(|part| Some(Part { salt: part.salt, bytes: part.bytes })).collect();
            let entry = Entry { leaf, parts };
            let watch = Stopwatch::start();
            for _ in 0..2 {
                std::hint::black_box(skypact_record::Hash::of(&stored.leaf));
                for part in entry.parts.iter().flatten() {
                    std::hint::black_box(part.commitment());
                }
            }
            tree.push(entry.leaf.hash());
            if tree.size().is_multiple_of(256) {
                std::hint::black_box(tree.root());
            }
            seconds += watch.elapsed().as_secs_f64();
            Ok::<_, crate::storage::StoreError>(())
        })
        .map_err(NodeError::from)?;
    }
    Ok((seconds, bytes))
}
