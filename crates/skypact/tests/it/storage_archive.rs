//! Archived entries: plain files beside the database. A crash at any moment loses none and doubles none, a file that was moved away
//! is named, a byte that flipped is found.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use skypact::bench::shapes::Dice;
use skypact::storage::{Damage, Field, Snapshot, SqliteStore, Store as _, StoreError, StoredEntry};

use crate::storage_crash::{has_strace, trace};
use crate::storage_ground::{Ground, append, entry, part};
use crate::storage_trace::{Disk, Event, Unsynced};

const A: &str = "example.org/a";
const B: &str = "../b";
const SNAPSHOTS: &str = "SKYPACT_SNAPSHOTS_DIRECTORY";
const DIRECTORY: &str = "SKYPACT_ARCHIVE_DIRECTORY";

/// A small one, so that a trace of 570 of them stays small.
fn small(n: u64) -> StoredEntry {
    StoredEntry { leaf: format!("leaf {n}").into_bytes(), parts: vec![part(n as u8, 40)] }
}

/// 540 entries in A and 30 in B.
fn filled(directory: &Path) -> SqliteStore {
    let mut store = SqliteStore::open(directory).unwrap();
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    for round in 0..3 {
        let run = |from: u64, count: u64| (from..from + count).map(small).collect::<Vec<_>>();
        store.commit(&append(A, 1, round * 180, &run(round * 180, 180))).unwrap();
        store.commit(&append(B, 1, round * 10, &run(round * 10, 10))).unwrap();
    }
    store
}

/// Whether everything is there once.
fn whole(store: &SqliteStore) -> Result<(), String> {
    let told = |error: StoreError| error.to_string();
    let walk = store.integrity().map_err(told)?;
    let replayed = store.replay(0, usize::MAX).map_err(told)?;
    let of = |log: &str| replayed.iter().filter(|one| one.log == log).map(|one| one.entry.clone()).collect::<Vec<_>>();
    for (log, size) in [(A, 540), (B, 30)] {
        let expected: Vec<StoredEntry> = (0..size).map(small).collect();
        if store.read(log, 0, usize::MAX, usize::MAX).map_err(told)? != expected || of(log) != expected {
            return Err(format!("{log} is not as it was committed"));
        }
    }
    if (walk.entries, replayed.len()) == (570, 570) { Ok(()) } else { Err(format!("{walk:?}")) }
}

/// Not a test by itself: what the next one runs under a trace.
#[test]
fn the_child_that_archives() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let say = |number: u64| std::io::stderr().write_all(format!("ack {number}\n").as_bytes()).unwrap();
    let mut store = filled(&PathBuf::from(directory));
    say(0);
    for moved in [256, 512] {
        assert_eq!(store.archive(A, moved).unwrap(), moved);
        say(moved);
    }
}

#[test]
fn a_crash_while_entries_are_archived_loses_none_and_doubles_none() {
    if !has_strace() {
        return;
    }
    let ground = Ground::new("archive-traced");
    let store = ground.path().join("store");
    std::fs::create_dir(&store).unwrap();
    let events = trace(&store, "storage_archive::the_child_that_archives", &[(DIRECTORY, store.as_os_str())]);
    let (mut disk, mut begun, mut points) = (Disk::default(), false, 0);
    let rebuilt = Ground::fast("archive-rebuilt");
    for (point, event) in events.iter().enumerate() {
        disk.apply(event);
        begun = begun || matches!(event, Event::Acknowledged(_));
        if !begun {
            continue;
        }
        // Pages of the write-ahead log, hundreds of them, are the matter of the crash test of commits.
        if matches!(event, Event::Wrote { .. }) && point % 16 != 0 {
            continue;
        }
        points += 1;
        for unsynced in [Unsynced::Lost, Unsynced::Kept, Unsynced::Scattered(Dice(point as u64).roll(u64::MAX))] {
            let directory = rebuilt.path().join("store");
            std::fs::create_dir(&directory).unwrap();
            disk.rebuild(&directory, unsynced);
            let survived = SqliteStore::open(&directory).map_err(|error| error.to_string());
            let mut survived = survived.unwrap();
            whole(&survived).unwrap_or_else(|why| panic!("crash after {event:?}, {unsynced:?}: {why}"));
            // What is half done is done again.
            while survived.archive(A, 600).unwrap() < 512 {}
            whole(&survived).unwrap_or_else(|why| panic!("after {event:?}, {unsynced:?}, done again: {why}"));
            drop(survived);
            std::fs::remove_dir_all(&directory).unwrap();
        }
    }
    eprintln!("{points} crash points");
    assert!(points > 30, "the trace ends too early");
}

#[test]
fn a_file_that_was_moved_away_is_named_and_counts_again_when_it_is_back() {
    let ground = Ground::new("moved-away");
    let mut store = filled(ground.path());
    assert_eq!(store.archive(A, 600).unwrap(), 256);
    assert_eq!(store.integrity().unwrap().archived, 256);
    let bodies = ground.path().join("archive/example.org%2Fa/bodies/000");
    let away = ground.path().join("away");
    std::fs::rename(&bodies, &away).unwrap();
    let error = store.read(A, 7, 1, 1).unwrap_err();
    assert_eq!(error.code(), "store-moved-away");
    assert!(error.to_string().contains(bodies.to_str().unwrap()), "{error}");
    assert_eq!(store.replay(0, 1).unwrap_err().code(), "store-moved-away");
    assert_eq!(store.leaves(A, 7, 1).unwrap(), [small(7).leaf], "leaves are in another file");
    assert_eq!(store.read(A, 256, 1, 1).unwrap(), [small(256)]);
    assert_eq!(store.replay(266, 9).unwrap().len(), 9, "what was committed later needs no file");
    let walk = store.integrity().unwrap();
    assert_eq!((walk.archived, walk.moved_away), (256, 256));
    std::fs::rename(&away, &bodies).unwrap();
    whole(&store).unwrap();
}

#[test]
fn behind_a_snapshot_files_may_be_away_and_then_it_stays() {
    let ground = Ground::new("away-behind");
    let mut store = filled(ground.path());
    while store.archive(A, 600).unwrap() < 512 {}
    // Entry 511 of A is committed as number 531; the second tile begins with number 266.
    let snapshot = Snapshot { sequence: 300, bytes: b"a state".to_vec() };
    store.put_snapshot(&snapshot).unwrap();
    let archive = ground.path().join("archive/example.org%2Fa");
    let file = |kind: &str, number: &str| archive.join(kind).join(number);
    let kinds = ["tile/entries", "tile/0", "bodies"];
    for kind in kinds {
        std::fs::rename(file(kind, "000"), file(kind, "away")).unwrap();
    }
    let replayed = store.replay(300, usize::MAX).unwrap();
    assert_eq!((replayed.len(), replayed[0].sequence), (270, 301), "the first tile is not needed");
    assert_eq!(store.replay(200, 9).unwrap_err().code(), "store-moved-away");
    // A part that is in the database, and one that is in a file which is there.
    for (log, index) in [(B, 29), (A, 300)] {
        let error = store.erase(log, index, 0).unwrap_err();
        assert_eq!(error.code(), "store-moved-away", "without the snapshot a start would need the files");
        assert!(error.to_string().contains("/000"), "{error}");
    }
    assert_eq!(store.replace(299, &append(A, 1, 0, &[]), &[]).unwrap_err().code(), "store-moved-away");
    assert_eq!(store.snapshot().unwrap(), Some(snapshot));
    for kind in kinds {
        std::fs::rename(file(kind, "away"), file(kind, "000")).unwrap();
    }
    whole(&store).unwrap();
    // A tile in which something is left to fold is missed, wherever it begins.
    std::fs::rename(file("bodies", "001"), file("bodies", "away")).unwrap();
    let error = store.replay(300, usize::MAX).unwrap_err();
    assert!(error.code() == "store-moved-away" && error.to_string().contains("/001"), "{error}");
    std::fs::rename(file("bodies", "away"), file("bodies", "001")).unwrap();
    store.erase(A, 300, 0).unwrap();
    assert_eq!(store.snapshot().unwrap(), None);
}

/// Not a test by itself: what the next one kills.
#[test]
fn the_child_that_keeps_snapshots() {
    let Some(directory) = std::env::var_os(SNAPSHOTS) else { return };
    let mut store = SqliteStore::open(PathBuf::from(directory)).unwrap();
    for byte in 0.. {
        store.put_snapshot(&Snapshot { sequence: 1, bytes: vec![byte; 20 << 20] }).unwrap();
    }
}

#[test]
fn who_is_killed_while_a_snapshot_is_written_has_the_one_before_whole() {
    let ground = Ground::new("snapshot-killed");
    drop(filled(ground.path()));
    let mut kept = std::collections::BTreeSet::new();
    for round in 0..6 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "storage_archive::the_child_that_keeps_snapshots"]).env(SNAPSHOTS, ground.path());
        let mut child = child.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(900 + 130 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = SqliteStore::open(ground.path()).unwrap();
        if let Some(Snapshot { sequence, bytes }) = store.snapshot().unwrap() {
            assert_eq!((sequence, bytes.len()), (1, 20 << 20));
            assert!(bytes.iter().all(|byte| *byte == bytes[0]), "of two snapshots");
            kept.insert(bytes[0]);
        }
        whole(&store).unwrap();
    }
    assert!(!kept.is_empty(), "nothing was written before the kill");
}

#[test]
fn a_flipped_byte_in_any_file_of_the_archive_is_found() {
    let ground = Ground::new("archive-flipped");
    let mut store = filled(ground.path());
    store.archive(A, 600).unwrap();
    for file in ["tile/entries/000", "tile/0/000", "bodies/000"] {
        let path = ground.path().join("archive/example.org%2Fa").join(file);
        let sound = std::fs::read(&path).unwrap();
        let mut dice = Dice(7);
        for _ in 0..40 {
            let mut flipped = sound.clone();
            flipped[dice.roll(sound.len() as u64) as usize] ^= 1 << dice.roll(8);
            std::fs::write(&path, flipped).unwrap();
            let error = store.integrity().unwrap_err();
            let StoreError::Damaged(Damage { log: Some(log), index: Some(_), field }) = &error else {
                panic!("{error}")
            };
            assert_eq!(log, A);
            assert!(matches!(field, Field::Leaf | Field::Archive(_)), "{error}");
        }
        std::fs::write(&path, &sound[..sound.len() - 1]).unwrap();
        assert_eq!(store.integrity().unwrap_err().code(), "store-damaged", "{file} is cut off");
        std::fs::write(&path, sound).unwrap();
    }
    whole(&store).unwrap();
}

#[test]
fn what_replaces_entries_comes_behind_the_archived_ones_and_takes_the_place_of_those_that_are() {
    let ground = Ground::new("archive-replaced");
    let mut store = SqliteStore::open(ground.path()).unwrap();
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    store.commit(&append(B, 1, 0, &[small(0)])).unwrap();
    store.commit(&append(A, 1, 0, &(0..256).map(small).collect::<Vec<_>>())).unwrap();
    assert_eq!(store.archive(A, 256).unwrap(), 0, "the newest entry of all stays");
    store.commit(&append(B, 1, 1, &[small(1)])).unwrap();
    assert_eq!(store.archive(A, 256).unwrap(), 256);
    store.replace(257, &append(B, 1, 1, &[small(9), small(10)]), &[]).unwrap();
    store.replace(257, &append(B, 1, 1, &[]), &[]).unwrap();
    drop(store);
    let mut store = SqliteStore::open(ground.path()).unwrap();
    store.commit(&append(B, 1, 1, &[small(11)])).unwrap();
    let places: Vec<_> = store.replay(255, 99).unwrap().into_iter().map(|one| (one.sequence, one.index)).collect();
    assert_eq!(places, [(256, 254), (257, 255), (258, 1)]);
    store.integrity().unwrap();
    // Now entries of the archive are replaced, by others and by fewer.
    assert!(store.replace(100, &append(A, 1, 99, &[]), &[]).is_err(), "B would lose entries too");
    assert_eq!(store.archive(A, 256).unwrap(), 256, "what was refused changed nothing");
    let mut batch = append(A, 1, 99, &[small(1_000), small(1_001)]);
    batch.appends.extend(append(B, 1, 1, &[small(12)]).appends);
    store.replace(100, &batch, &[]).unwrap();
    drop(store);
    let store = SqliteStore::open(ground.path()).unwrap();
    assert_eq!(store.integrity().unwrap().archived, 0);
    let expected: Vec<_> = (0..99).chain(1_000..1_002).map(small).collect();
    assert_eq!(store.read(A, 0, 999, usize::MAX).unwrap(), expected);
    assert_eq!(store.read(B, 0, 999, usize::MAX).unwrap(), [small(0), small(12)]);
    let places: Vec<_> = store.replay(99, 99).unwrap().into_iter().map(|one| (one.sequence, one.index)).collect();
    assert_eq!(places, [(100, 98), (101, 99), (102, 100), (103, 1)]);
}

#[test]
fn an_erased_body_is_gone_from_the_archive_and_a_log_leads_nowhere_else() {
    let ground = Ground::new("archive-erased");
    let mut store = SqliteStore::open(ground.path()).unwrap();
    store.claim(B).unwrap();
    let secret = StoredEntry { parts: vec![part(0x5a, 4_000)], ..entry(0) };
    let run: Vec<StoredEntry> = [secret].into_iter().chain((1..300).map(small)).collect();
    store.commit(&append(B, 1, 0, &run)).unwrap();
    assert_eq!(store.archive(B, 300).unwrap(), 256);
    let directory = ground.path().join("archive/%2E.%2Fb");
    let bodies = directory.join("bodies/000");
    let has = |bytes: &[u8]| bytes.windows(100).any(|window| window == [0x5a; 100]);
    // A hard link keeps the old file, as a snapshot of a file system would.
    let link = ground.path().join("link");
    std::fs::hard_link(&bodies, &link).unwrap();
    assert!(has(&std::fs::read(&bodies).unwrap()));
    store.erase(B, 0, 0).unwrap();
    assert!(!has(&std::fs::read(&bodies).unwrap()) && !has(&std::fs::read(&link).unwrap()));
    assert_eq!(store.read(B, 0, 1, 1).unwrap(), [StoredEntry { parts: vec![None], ..entry(0) }]);
    assert!(directory.join("tile/entries/000").is_file());
    store.integrity().unwrap();
}
