//! Durability shown: a child commits and acknowledges under a trace of its system calls, the disk is rebuilt at every
//! point where the power could have failed, and what was acknowledged must be there, whole.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use skypact::bench::shapes::Dice;
use skypact::storage::{Append, Batch, CommitError, Head, HeadKind, SqliteStore, Store, StoreError};

use crate::storage_ground::{Ground, document, entry};
use crate::storage_trace::{Disk, Event, Unsynced, parse};

const A: &str = "example.org/a";
const B: &str = "example.org/b";
const DIRECTORY: &str = "SKYPACT_CRASH_DIRECTORY";
const PRAGMAS: &str = "SKYPACT_CRASH_PRAGMAS";
const DOCUMENTS: [&str; 2] = ["witness", "witness-head"];
const BATCHES: u64 = 40;
/// The write-ahead log is emptied often, so that crashes meet that too.
const FREQUENT_CHECKPOINTS: &str = "PRAGMA wal_autocheckpoint = 25;";

#[test]
fn every_acknowledged_batch_survives_a_crash_at_every_system_call() {
    let Some(events) = traced(FREQUENT_CHECKPOINTS) else { return };
    let outcome = crash_everywhere(&events);
    eprintln!("{} crash points, {} rebuilt disks", outcome.points, outcome.disks);
    assert!(outcome.checkpoints > 2, "the trace has no checkpoint of the write-ahead log");
    assert_eq!(outcome.unsynced_acknowledgements, 0, "an acknowledgement precedes its fdatasync");
    assert_eq!(outcome.failures, Vec::<String>::new());
}

#[test]
fn the_crash_test_finds_the_loss_when_commits_are_not_synced() {
    let Some(events) = traced("PRAGMA wal_autocheckpoint = 25; PRAGMA synchronous = OFF;") else { return };
    let outcome = crash_everywhere(&events);
    assert!(outcome.unsynced_acknowledgements > 0);
    assert!(!outcome.failures.is_empty());
}

/// Both ways in which a durable step can fail: the fsync of the write-ahead log, and a write to it, of which nobody knows
/// how far they came.
#[test]
fn a_commit_whose_write_or_fsync_failed_is_unknown_and_stops_the_store() {
    if !has_strace() {
        return;
    }
    for fault in ["fsync,fdatasync:error=EIO:when=25+", "pwrite64:error=EIO:when=60+"] {
        let ground = Ground::new("fault");
        let store = ground.path().join("store");
        std::fs::create_dir(&store).unwrap();
        let child = Command::new("strace")
            .args(["-f", "-e", "trace=fsync,fdatasync,pwrite64", "-e", &format!("inject={fault}"), "-o", "/dev/null"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "storage_crash::the_child_whose_disk_fails", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY, &store)
            .output()
            .unwrap();
        let said = String::from_utf8(child.stderr).unwrap();
        assert!(child.status.success(), "{fault}: {said}");
        let committed: u64 =
            said.lines().find_map(|line| line.strip_prefix("stopped after ")).unwrap().parse().unwrap();
        assert!(committed > 0, "{fault}: the fault came before the first commit");
        survived(&store, Some(committed)).unwrap();
    }
}

/// Not a test by itself: what the test above runs with faults.
#[test]
fn the_child_whose_disk_fails() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let mut store = SqliteStore::open(PathBuf::from(directory)).unwrap();
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    let mut number = 1;
    let error = loop {
        match keep(&mut store, number) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
        assert!(number < 1000, "the fault never came");
    };
    assert!(matches!(error, CommitError::Unknown { .. }), "{error:?}");
    assert_eq!(store.commit(&batch(number)).unwrap_err().code(), "store-outcome-unknown");
    assert_eq!(store.claim(A).unwrap_err().code(), "store-outcome-unknown");
    assert_eq!(store.read(A, 0, 1, 1).unwrap_err().code(), "store-outcome-unknown");
    std::io::stderr().write_all(format!("\nstopped after {}\n", number - 1).as_bytes()).unwrap();
}

/// Not a test by itself: what the other tests run under the trace.
#[test]
fn the_child_that_is_traced() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let mut store = SqliteStore::open_weakened(PathBuf::from(directory), &std::env::var(PRAGMAS).unwrap()).unwrap();
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    acknowledge(0);
    for number in 1..=BATCHES {
        keep(&mut store, number).unwrap();
        acknowledge(number);
    }
}

/// One system call, so that the trace has it whole; the error stream is neither buffered nor captured.
fn acknowledge(number: u64) {
    std::io::stderr().write_all(format!("ack {number}\n").as_bytes()).unwrap();
}

/// A batch, and two documents of its number: neither is ever there without the other.
fn keep(store: &mut SqliteStore, number: u64) -> Result<(), CommitError> {
    store.commit(&batch(number))?;
    store.put_documents(&DOCUMENTS.map(|name| document(name, number.to_string().as_bytes())))
}

/// Batch 1, 2, ...: entries for both logs and a head, all of them decided by the number.
fn batch(number: u64) -> Batch {
    let append = |log: &str, size: fn(u64) -> u64| Append {
        log: log.to_owned(),
        term: 1,
        expected_size: size(number - 1),
        entries: (size(number - 1)..size(number)).map(entry).collect(),
    };
    let head = Head { log: A.to_owned(), kind: HeadKind::Checkpoint, bytes: number.to_string().into_bytes() };
    Batch { appends: vec![append(A, size_a), append(B, size_b)], heads: vec![head] }
}

fn size_a(batches: u64) -> u64 {
    batches * 2
}

fn size_b(batches: u64) -> u64 {
    batches * 3 / 2
}

fn traced(pragmas: &str) -> Option<Vec<Event>> {
    if !has_strace() {
        return None;
    }
    let ground = Ground::new("traced");
    let store = ground.path().join("store");
    std::fs::create_dir(&store).unwrap();
    let settings = [(DIRECTORY, store.as_os_str()), (PRAGMAS, pragmas.as_ref())];
    let events = trace(&store, "storage_crash::the_child_that_is_traced", &settings);
    let acknowledged = events.iter().filter(|event| matches!(event, Event::Acknowledged(_))).count();
    assert_eq!(acknowledged as u64, BATCHES + 1);
    Some(events)
}

/// What a test of this binary does to a directory, run as a child with these settings in its environment.
pub(crate) fn trace(directory: &Path, test: &str, settings: &[(&str, &OsStr)]) -> Vec<Event> {
    let ground = Ground::new("trace");
    let trace = ground.path().join("calls");
    let calls = "trace=openat,write,pwrite64,pwritev,writev,ftruncate,fallocate,fsync,fdatasync,link,linkat,unlink,rename,renameat,renameat2";
    let child = Command::new("strace")
        .args(["-f", "-xx", "-y", "-s", "1000000", "-e", calls, "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    parse(&std::fs::read_to_string(trace).unwrap(), directory)
}

pub(crate) fn has_strace() -> bool {
    let found = Command::new("strace").arg("-V").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none_or(|ci| ci != "true"), "strace is missing: install it");
    if !found {
        eprintln!("skipped: strace is missing");
    }
    found
}

#[derive(Default)]
struct Outcome {
    points: usize,
    disks: usize,
    checkpoints: usize,
    unsynced_acknowledgements: usize,
    failures: Vec<String>,
}

/// Crashes after every event, and leaves the unsynced writes lost, kept, and scattered.
fn crash_everywhere(events: &[Event]) -> Outcome {
    let (mut disk, mut outcome, mut acknowledged) = (Disk::default(), Outcome::default(), None);
    let ground = Ground::fast("rebuilt");
    for (point, event) in events.iter().enumerate() {
        disk.apply(event);
        match event {
            Event::Acknowledged(number) => {
                acknowledged = Some(*number);
                outcome.unsynced_acknowledgements += usize::from(!disk.is_synced("store.sqlite-wal"));
            }
            Event::Synced(name) if name == "store.sqlite" => outcome.checkpoints += 1,
            _ => {}
        }
        outcome.points += 1;
        for unsynced in [Unsynced::Lost, Unsynced::Kept, Unsynced::Scattered(Dice(point as u64).roll(u64::MAX))] {
            let directory = ground.path().join("store");
            std::fs::create_dir(&directory).unwrap();
            disk.rebuild(&directory, unsynced);
            if let Err(why) = survived(&directory, acknowledged) {
                outcome.failures.push(format!("crash after event {point}, unsynced writes {unsynced:?}: {why}"));
            }
            std::fs::remove_dir_all(&directory).unwrap();
            outcome.disks += 1;
        }
    }
    outcome
}

/// Opens what the crash left: it must be the state after some batch, and none that was acknowledged may be missing.
fn survived(directory: &Path, acknowledged: Option<u64>) -> Result<(), String> {
    let told = |error: StoreError| error.to_string();
    let store = SqliteStore::open(directory).map_err(told)?;
    store.integrity().map_err(told)?;
    let logs = store.logs().map_err(told)?;
    let Some(acknowledged) = acknowledged else { return Ok(()) };
    let [a, b] = &logs[..] else { return Err(format!("{} logs", logs.len())) };
    let number = a.size / 2;
    if (a.size, b.size) != (size_a(number), size_b(number)) {
        return Err(format!("a batch is half there: {a:?} {b:?}"));
    }
    if !(acknowledged..=acknowledged + 1).contains(&number) {
        return Err(format!("batch {acknowledged} was acknowledged and {number} are there"));
    }
    let expected = |size: u64| (0..size).map(entry).collect::<Vec<_>>();
    let read = |log: &str| store.read(log, 0, usize::MAX, usize::MAX).map_err(told);
    if (read(A)?, read(B)?) != (expected(a.size), expected(b.size)) {
        return Err("entries differ from those committed".to_owned());
    }
    let heads = store.heads(A).map_err(told)?;
    let of = |number: u64| (number > 0).then(|| number.to_string().into_bytes());
    if heads.first().map(|head| head.bytes.clone()) != of(number) {
        return Err("the head is not of the last batch".to_owned());
    }
    let [first, second] = DOCUMENTS.map(|name| store.document(name).map_err(told));
    let (first, second) = (first?, second?);
    if first == second && (acknowledged..=number).any(|number| first == of(number)) {
        Ok(())
    } else {
        Err(format!("documents of {first:?} and {second:?} are there, {acknowledged} were acknowledged"))
    }
}
