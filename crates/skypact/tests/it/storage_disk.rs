//! The store on a bad day: a full disk, a read-only one, a second process, bytes that flipped, files that are not ours.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use skypact::storage::{
    Append, Batch, CommitError, Field, Head, HeadKind, NotWritten, SqliteStore, Store, StoreError, StoredEntry, Walk,
};

use crate::storage_ground::{Ground, Mounted, append, document, entry, part};

const A: &str = "example.org/a";
const B: &str = "example.org/b";

#[test]
fn a_full_disk_refuses_a_commit_whole_and_goes_on_when_space_is_freed() {
    let ground = Ground::new("full");
    let Some(_mounted) = Mounted::new(ground.path(), "4m") else { return };
    let mut store = SqliteStore::open(ground.path().join("store")).unwrap();
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    let ballast = ground.path().join("ballast");
    std::fs::write(&ballast, vec![1; 1 << 20]).unwrap();
    let batch = |round: u64| {
        let entries =
            |salt: u64| vec![StoredEntry { leaf: vec![(round + salt) as u8; 3000], parts: vec![part(1, 9000)] }; 3];
        let append =
            |log: &str, salt| Append { log: log.to_owned(), term: 1, expected_size: round * 3, entries: entries(salt) };
        Batch { appends: vec![append(A, 0), append(B, 1)], heads: vec![] }
    };
    let mut round = 0;
    let error = loop {
        match store.commit(&batch(round)) {
            Ok(()) => round += 1,
            Err(error) => break error,
        }
        assert!(round < 1000, "4 MiB never fill");
    };
    assert!(matches!(error, CommitError::NotWritten(NotWritten::Full)), "{error:?}");
    assert_eq!(error.code(), "store-full");
    for _ in 0..3 {
        assert_eq!(store.commit(&batch(round)).unwrap_err().code(), "store-full");
    }
    assert!(store.logs().unwrap().iter().all(|log| log.size == round * 3));
    assert_eq!(store.integrity().unwrap().entries, round * 6);

    std::fs::remove_file(ballast).unwrap();
    store.commit(&batch(round)).unwrap();
    drop(store);
    let store = SqliteStore::open(ground.path().join("store")).unwrap();
    assert_eq!(store.integrity().unwrap().entries, (round + 1) * 6);
}

/// The same without the superuser: the engine meets a limit of pages, and a connection that may not write.
#[cfg(debug_assertions)]
#[test]
fn a_limit_of_the_engine_is_told_as_a_full_or_read_only_disk() {
    let ground = Ground::new("limit");
    let mut store = SqliteStore::open_weakened(ground.path(), "PRAGMA max_page_count = 40").unwrap();
    store.claim(A).unwrap();
    let one = |n| StoredEntry { leaf: vec![n; 500], parts: vec![part(n, 9000)] };
    let mut size = 0;
    let error = loop {
        match store.commit(&append(A, 1, size, &[one(1), one(2)])) {
            Ok(()) => size += 2,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CommitError::NotWritten(NotWritten::Full)), "{error:?}");
    assert_eq!((store.logs().unwrap()[0].size, store.integrity().unwrap().entries), (size, size));
    drop(store);
    let mut store = SqliteStore::open(ground.path()).unwrap();
    store.commit(&append(A, 1, size, &[one(1), one(2)])).unwrap();
    drop(store);
    let mut store = SqliteStore::open_weakened(ground.path(), "PRAGMA query_only = ON").unwrap();
    let error = store.commit(&append(A, 1, size + 2, &[one(1)])).unwrap_err();
    assert!(matches!(error, CommitError::NotWritten(NotWritten::ReadOnly)), "{error:?}");
    assert_eq!(store.integrity().unwrap().entries, size + 2);
}

#[test]
fn a_read_only_disk_is_named_with_its_remedy() {
    let ground = Ground::new("read-only");
    let Some(mounted) = Mounted::new(ground.path(), "4m") else { return };
    let directory = ground.path().join("store");
    sample(&directory);
    mounted.remount("ro");
    let error = SqliteStore::open(&directory).unwrap_err();
    assert_eq!(error.code(), "store-read-only");
    assert!(error.to_string().contains("mount it writable"), "{error}");
}

#[test]
fn a_store_for_reading_sees_what_the_writer_commits_and_writes_nothing() {
    let ground = Ground::new("reader");
    assert!(matches!(SqliteStore::open_read_only(ground.path()), Err(StoreError::Absent { .. })));
    let mut writer = sample(ground.path());
    let mut reader = SqliteStore::open_read_only(ground.path()).unwrap();
    writer.commit(&append(A, 1, 6, &[entry(6)])).unwrap();
    assert_eq!(reader.integrity().unwrap(), writer.integrity().unwrap());
    writer.put_documents(&[document("left-out/channel/01", b"an act")]).unwrap();
    assert_eq!(reader.integrity().unwrap().left_out, 1);
    let error = reader.commit(&append(A, 1, 7, &[entry(7)])).unwrap_err();
    assert!(matches!(error, CommitError::NotWritten(NotWritten::ReadOnly)), "{error:?}");
    assert_eq!(reader.claim(A).unwrap_err().code(), "store-read-only");
}

#[test]
fn a_second_writer_is_turned_away_until_the_first_is_gone() {
    let ground = Ground::new("lock");
    let store = SqliteStore::open(ground.path()).unwrap();
    let error = SqliteStore::open(ground.path()).unwrap_err();
    assert_eq!(error.code(), "store-locked");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(store);
    SqliteStore::open(ground.path()).unwrap();
}

#[test]
fn all_files_are_for_their_owner_alone() {
    let ground = Ground::new("mode");
    let _store = sample(ground.path());
    let files: Vec<_> = std::fs::read_dir(ground.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 4);
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn files_that_are_not_a_store_of_this_version_are_refused() {
    let ground = Ground::new("foreign");
    let file = ground.path().join("store.sqlite");
    std::fs::write(&file, vec![b'x'; 8192]).unwrap();
    assert_eq!(SqliteStore::open(ground.path()).unwrap_err().code(), "store-foreign");
    std::fs::remove_file(&file).unwrap();
    drop(sample(ground.path()));
    let sound = std::fs::read(&file).unwrap();
    // Offsets of user_version and application_id: "Database File Format", section 1.3.
    for (offset, code) in [(63, "store-schema-version"), (71, "store-foreign")] {
        let mut other = sound.clone();
        other[offset] ^= 0x40;
        std::fs::write(&file, other).unwrap();
        assert_eq!(SqliteStore::open(ground.path()).unwrap_err().code(), code);
    }
}

#[test]
fn the_walk_locates_a_flipped_byte_in_a_leaf_a_part_a_head_and_a_document() {
    let ground = Ground::fast("located");
    let mut store = sample(ground.path());
    let odd = StoredEntry { leaf: b"leaf-needle".to_vec(), parts: vec![None, part(b'p', 77)] };
    store.commit(&append(B, 1, 0, &[entry(0), odd])).unwrap();
    drop(store);
    let sound = std::fs::read(ground.path().join("store.sqlite")).unwrap();
    let log = |log: &str, index, field| (Some(log.to_owned()), index, field);
    for (needle, expected) in [
        (&b"leaf-needle"[..], log(B, Some(1), Field::Leaf)),
        (&[b'p'; 100], log(B, Some(1), Field::Part(1))),
        (b"head-needle", log(A, None, Field::Head(Some(HeadKind::Receipt)))),
        (b"document-needle", (None, None, Field::Document("witness".to_owned()))),
    ] {
        let at = sound.windows(needle.len()).position(|window| window == needle).unwrap();
        let mut flipped = sound.clone();
        flipped[at + 3] ^= 1;
        match walk(&ground, &flipped) {
            Err(StoreError::Damaged(damage)) => assert_eq!((damage.log, damage.index, damage.field), expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_flipped_byte_changes_what_a_store_gives_out_unnoticed() {
    let ground = Ground::fast("flipped");
    drop(sample(ground.path()));
    let file = ground.path().join("store.sqlite");
    let sound = std::fs::read(&file).unwrap();
    let contents = |store: &SqliteStore| -> Result<_, StoreError> {
        Ok((store.replay(0, 100)?, store.logs()?, store.heads(A)?, store.heads(B)?, store.document("witness")?))
    };
    let before = contents(&SqliteStore::open_read_only(ground.path()).unwrap()).unwrap();
    let mut found = 0;
    for (at, mask) in (0..sound.len()).step_by(7).zip([0x01, 0x80, 0x10, 0xff].into_iter().cycle()) {
        let mut flipped = sound.clone();
        flipped[at] ^= mask;
        if walk(&ground, &flipped).is_err() {
            found += 1;
        } else {
            let store = SqliteStore::open_read_only(ground.path()).unwrap();
            assert_eq!(contents(&store).unwrap(), before, "byte {at}");
        }
    }
    // One byte in seven was tried, so a sweep that finds all content finds about a seventh of its bytes.
    let content: usize = before.0.iter().map(|one| one.entry.size_bytes()).sum();
    assert!(found * 8 > content, "{found} flips were found in {content} bytes of content");
}

#[test]
fn an_erased_body_is_gone_from_the_files() {
    let ground = Ground::new("erased");
    let mut store = sample(ground.path());
    let body = StoredEntry { leaf: vec![1], parts: vec![part(b'#', 20_000)] };
    store.commit(&append(B, 1, 0, &[body])).unwrap();
    let traces = || {
        let files = std::fs::read_dir(ground.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.filter(|bytes| bytes.windows(32).any(|window| window == [b'#'; 32])).count()
    };
    assert!(traces() > 0);
    store.erase(B, 0, 0).unwrap();
    assert_eq!(traces(), 0);
}

fn walk(ground: &Ground, content: &[u8]) -> Result<Walk, StoreError> {
    std::fs::write(ground.path().join("store.sqlite"), content).unwrap();
    SqliteStore::open_read_only(ground.path())?.integrity()
}

/// A store with a little of everything.
fn sample(directory: &Path) -> SqliteStore {
    let mut store = SqliteStore::open(directory).unwrap();
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    let heads = vec![Head { log: A.to_owned(), kind: HeadKind::Receipt, bytes: b"head-needle".to_vec() }];
    let entries: Vec<_> = (0..6).map(entry).collect();
    store.commit(&Batch { heads, ..append(A, 1, 0, &entries) }).unwrap();
    store.put_documents(&[document("witness", b"document-needle")]).unwrap();
    store
}
