//! The contract of the storage port, run against every implementation of it.
//!
//! Each clause gets a fresh store and a way to open it again; for the store in memory that is a no-op.

use skypact::storage::{
    Append, Batch, Claim, CommitError, Head, HeadKind, LogState, MemoryStore, NotWritten, PARTS_MAX, Snapshot,
    SqliteStore, Store, StoreError, StoredEntry, StoredPart,
};

use crate::storage_ground::{Ground, append, document, entry, part};

const A: &str = "example.org/alpha/urgent";
const B: &str = "example.org/bravo/routine";

#[test]
fn the_memory_store_keeps_the_contract() {
    contract(MemoryStore::new, |store| store);
}

#[test]
fn the_sqlite_store_keeps_the_contract() {
    contract(
        || {
            let ground = Ground::new("contract");
            OnGround { store: SqliteStore::open(ground.path()).unwrap(), ground }
        },
        |OnGround { store, ground }| {
            drop(store);
            OnGround { store: SqliteStore::open(ground.path()).unwrap(), ground }
        },
    );
}

/// A store together with the directory that is removed after it.
struct OnGround {
    store: SqliteStore,
    ground: Ground,
}

/// A store behind whatever owns it.
trait Held {
    fn get(&mut self) -> &mut dyn Store;
}

impl Held for MemoryStore {
    fn get(&mut self) -> &mut dyn Store {
        self
    }
}

impl Held for OnGround {
    fn get(&mut self) -> &mut dyn Store {
        &mut self.store
    }
}

fn contract<S: Held>(make: impl Fn() -> S, reopen: impl Fn(S) -> S) {
    for clause in [
        a_claim_creates_a_log_and_raises_its_term,
        entries_are_read_in_order_with_all_their_parts,
        leaves_are_read_without_their_parts,
        an_append_at_another_size_writes_nothing,
        an_older_or_newer_term_is_fenced,
        a_batch_over_several_logs_is_all_or_nothing,
        heads_keep_the_newest_of_each_kind,
        reads_are_bounded_but_always_make_progress,
        replay_gives_all_logs_in_commit_order,
        the_newest_entries_are_replaced_in_one_transaction,
        what_is_archived_reads_as_before,
        documents_are_replaced_whole,
        documents_are_found_by_how_their_names_begin,
        a_snapshot_stands_until_something_goes_that_is_in_it,
        an_erased_part_is_gone_and_the_leaf_stays,
        what_cannot_be_stored_is_refused,
    ] {
        clause(make().get());
    }
    everything_is_there_after_reopening(make(), reopen);
}

fn a_claim_creates_a_log_and_raises_its_term(store: &mut dyn Store) {
    assert_eq!(store.logs().unwrap(), []);
    assert_eq!(store.claim(B).unwrap(), Claim { term: 1, size: 0 });
    assert_eq!(store.claim(A).unwrap(), Claim { term: 1, size: 0 });
    store.commit(&append(B, 1, 0, &[entry(0), entry(1)])).unwrap();
    assert_eq!(store.claim(B).unwrap(), Claim { term: 2, size: 2 });
    let state = |log: &str, size, term| LogState { log: log.to_owned(), size, term };
    assert_eq!(store.logs().unwrap(), [state(A, 0, 1), state(B, 2, 2)]);
}

fn entries_are_read_in_order_with_all_their_parts(store: &mut dyn Store) {
    store.claim(A).unwrap();
    let empty = Some(StoredPart { salt: [0; 32], bytes: vec![] });
    let entries = [
        StoredEntry { leaf: vec![], parts: vec![] },
        StoredEntry { leaf: vec![7; 8192], parts: vec![None] },
        StoredEntry { leaf: b"leaf".to_vec(), parts: vec![empty.clone(), None, part(1, 65_536), empty] },
        StoredEntry { leaf: vec![0xff], parts: vec![None; PARTS_MAX] },
    ];
    store.commit(&append(A, 1, 0, &entries[..1])).unwrap();
    store.commit(&append(A, 1, 1, &entries[1..])).unwrap();
    assert_eq!(all(store, A), entries);
    assert_eq!(store.read(A, 2, 1, usize::MAX).unwrap(), entries[2..3]);
}

fn leaves_are_read_without_their_parts(store: &mut dyn Store) {
    store.claim(A).unwrap();
    store.commit(&append(A, 1, 0, &[entry(0), entry(1), entry(2)])).unwrap();
    let leaves: Vec<Vec<u8>> = [entry(0), entry(1), entry(2)].map(|entry| entry.leaf).to_vec();
    assert_eq!(store.leaves(A, 0, usize::MAX).unwrap(), leaves);
    assert_eq!(store.leaves(A, 1, 1).unwrap(), leaves[1..2]);
    for (from, leaves_max) in [(0, 0), (3, 9), (u64::MAX, 9), (u64::MAX, usize::MAX)] {
        assert_eq!(store.leaves(A, from, leaves_max).unwrap(), Vec::<Vec<u8>>::new());
    }
    assert_eq!(store.leaves(B, 0, 1).unwrap_err().code(), "store-unknown-log");
}

fn an_append_at_another_size_writes_nothing(store: &mut dyn Store) {
    store.claim(A).unwrap();
    store.commit(&append(A, 1, 0, &[entry(0), entry(1)])).unwrap();
    for expected in [0, 1, 3, u64::MAX] {
        let error = store.commit(&append(A, 1, expected, &[entry(9)])).unwrap_err();
        let CommitError::NotWritten(NotWritten::SizeMismatch { log, expected: told, actual }) = &error else {
            panic!("{error}")
        };
        assert_eq!((log.as_str(), *told, *actual), (A, expected, 2));
        assert_eq!(error.code(), "store-size-mismatch");
    }
    assert_eq!(all(store, A), [entry(0), entry(1)]);
}

fn an_older_or_newer_term_is_fenced(store: &mut dyn Store) {
    store.claim(A).unwrap();
    store.commit(&append(A, 1, 0, &[entry(0)])).unwrap();
    store.claim(A).unwrap();
    // Even at a wrong size, and even without entries, a stale writer hears that it is fenced.
    for (term, size, entries) in
        [(1, 1, vec![entry(1)]), (1, 7, vec![entry(1)]), (1, 1, vec![]), (3, 1, vec![]), (0, 1, vec![])]
    {
        let error = store.commit(&append(A, term, size, &entries)).unwrap_err();
        let CommitError::NotWritten(NotWritten::Fenced { log, term: told, current }) = &error else {
            panic!("{error}")
        };
        assert_eq!((log.as_str(), *told, *current), (A, term, 2));
        assert_eq!(error.code(), "store-fenced");
    }
    store.commit(&append(A, 2, 1, &[entry(1)])).unwrap();
    assert_eq!(all(store, A), [entry(0), entry(1)]);
}

fn a_batch_over_several_logs_is_all_or_nothing(store: &mut dyn Store) {
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    let two = |size_b| Batch {
        appends: vec![
            Append { log: A.to_owned(), term: 1, expected_size: 0, entries: vec![entry(0)] },
            Append { log: A.to_owned(), term: 1, expected_size: 1, entries: vec![entry(1)] },
            Append { log: B.to_owned(), term: 1, expected_size: size_b, entries: vec![entry(2)] },
        ],
        heads: vec![head(A, HeadKind::Checkpoint, b"one"), head(B, HeadKind::Checkpoint, b"two")],
    };
    store.commit(&two(5)).unwrap_err();
    let mut unknown_head = two(0);
    unknown_head.heads.push(head("example.org/nobody", HeadKind::Receipt, b"three"));
    let error = store.commit(&unknown_head).unwrap_err();
    assert!(
        matches!(&error, CommitError::NotWritten(NotWritten::UnknownLog { log }) if log == "example.org/nobody"),
        "{error}"
    );
    assert_eq!(store.replay(0, 10).unwrap(), []);
    assert_eq!((store.heads(A).unwrap(), store.heads(B).unwrap()), (vec![], vec![]));

    store.commit(&two(0)).unwrap();
    assert_eq!((all(store, A), all(store, B)), (vec![entry(0), entry(1)], vec![entry(2)]));
    assert_eq!(store.heads(B).unwrap(), [head(B, HeadKind::Checkpoint, b"two")]);
    store.commit(&Batch::default()).unwrap();
}

fn heads_keep_the_newest_of_each_kind(store: &mut dyn Store) {
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    let witness = |name: &str| HeadKind::Cosignature(name.to_owned());
    let kinds = [HeadKind::Checkpoint, HeadKind::Receipt, witness(""), witness("w1"), witness("w2")];
    for round in [b"old".as_slice(), b"", b"new"] {
        let heads = kinds.iter().rev().map(|kind| head(A, kind.clone(), round)).collect();
        store.commit(&Batch { appends: vec![], heads }).unwrap();
    }
    let heads = vec![head(B, HeadKind::Receipt, b"1"), head(B, HeadKind::Receipt, b"2")];
    store.commit(&Batch { appends: vec![], heads }).unwrap();
    assert_eq!(store.heads(A).unwrap(), kinds.map(|kind| head(A, kind, b"new")));
    assert_eq!(store.heads(B).unwrap(), [head(B, HeadKind::Receipt, b"2")]);
}

fn reads_are_bounded_but_always_make_progress(store: &mut dyn Store) {
    store.claim(A).unwrap();
    let entries: Vec<_> = (0..10).map(|n| StoredEntry { leaf: vec![n; 68], parts: vec![part(n, 0), None] }).collect();
    assert_eq!(entries[0].size_bytes(), 100);
    store.commit(&append(A, 1, 0, &entries)).unwrap();
    let lengths = |from, count, bytes| store.read(A, from, count, bytes).unwrap().len();
    assert_eq!(lengths(0, 0, usize::MAX), 0);
    assert_eq!(lengths(0, 3, usize::MAX), 3);
    assert_eq!(lengths(0, usize::MAX, usize::MAX), 10);
    assert_eq!(lengths(8, 5, usize::MAX), 2);
    assert_eq!((lengths(0, 9, 0), lengths(0, 9, 199), lengths(0, 9, 200), lengths(0, 9, 350)), (1, 1, 2, 3));
    assert_eq!((lengths(10, 9, 900), lengths(11, 9, 900), lengths(u64::MAX, 9, 900)), (0, 0, 0));
    assert_eq!(store.read(A, 4, 2, 900).unwrap(), entries[4..6]);
    let error = store.read(B, 0, 1, 1).unwrap_err();
    assert!(matches!(&error, StoreError::UnknownLog { log } if log == B), "{error}");
    assert!(matches!(store.heads(B), Err(StoreError::UnknownLog { .. })));
}

fn replay_gives_all_logs_in_commit_order(store: &mut dyn Store) {
    store.claim(B).unwrap();
    store.claim(A).unwrap();
    let (mut sizes, mut expected) = ([0, 0], Vec::new());
    for round in 0..6_usize {
        let which = round % 2;
        let log = [A, B][which];
        let entries: Vec<_> = (0..=round as u64).map(|n| entry(100 * round as u64 + n)).collect();
        store.commit(&append(log, 1, sizes[which], &entries)).unwrap();
        store.commit(&append(log, 1, sizes[which], &entries)).unwrap_err();
        expected.extend((sizes[which]..).zip(entries).map(|(index, entry)| (log.to_owned(), index, entry)));
        sizes[which] += round as u64 + 1;
    }
    let replayed = store.replay(0, usize::MAX).unwrap();
    assert!(replayed.iter().map(|one| one.sequence).eq(1..=21));
    assert_eq!(
        replayed.iter().map(|one| (one.log.clone(), one.index, one.entry.clone())).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(store.replay(4, 3).unwrap(), replayed[4..7]);
    assert_eq!(store.replay(20, 3).unwrap(), replayed[20..]);
    assert_eq!(
        (store.replay(21, 3).unwrap(), store.replay(u64::MAX, 3).unwrap(), store.replay(0, 0).unwrap()),
        (vec![], vec![], vec![])
    );
}

fn the_newest_entries_are_replaced_in_one_transaction(store: &mut dyn Store) {
    let one = |log: &str, term, expected_size, number: std::ops::Range<u64>| Append {
        log: log.to_owned(),
        term,
        expected_size,
        entries: number.map(entry).collect(),
    };
    let batch = |appends| Batch { appends, heads: vec![head(A, HeadKind::Checkpoint, b"anew")] };
    let document = [("report".to_owned(), b"what was replaced".to_vec())];
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    store.commit(&batch(vec![one(A, 1, 0, 0..3), one(B, 1, 0, 10..12), one(A, 1, 3, 3..5)])).unwrap();
    let before = store.replay(0, 100).unwrap();
    let refusals = [
        (batch(vec![one(A, 1, 2, 20..23)]), "store-unfenced"),
        (batch(vec![one(A, 1, 2, 20..23), one(B, 2, 0, 30..31)]), "store-fenced"),
        (batch(vec![one(A, 1, 3, 20..23), one(B, 1, 0, 30..31)]), "store-size-mismatch"),
    ];
    for (refused, code) in refusals {
        assert_eq!(store.replace(2, &refused, &document).unwrap_err().code(), code);
        assert_eq!(store.replay(0, 100).unwrap(), before, "{code} changes nothing");
        assert_eq!(store.document("report").unwrap(), None);
    }

    store.replace(2, &batch(vec![one(B, 1, 0, 30..33), one(A, 1, 2, 20..21)]), &document).unwrap();
    assert_eq!(all(store, A), [entry(0), entry(1), entry(20)]);
    assert_eq!(all(store, B), [entry(30), entry(31), entry(32)]);
    let places: Vec<_> = store.replay(0, 100).unwrap().into_iter().map(|at| (at.sequence, at.log, at.index)).collect();
    let place = |sequence, log: &str, index| (sequence, log.to_owned(), index);
    let expected = [place(1, A, 0), place(2, A, 1), place(3, B, 0), place(4, B, 1), place(5, B, 2), place(6, A, 2)];
    assert_eq!(places, expected);
    assert_eq!(store.document("report").unwrap().unwrap(), document[0].1);
    // Behind the last entry it replaces nothing, and from the first one on everything.
    store.replace(6, &append(A, 1, 3, &[entry(21)]), &[]).unwrap();
    assert_eq!(all(store, A), [entry(0), entry(1), entry(20), entry(21)]);
    store.replace(0, &batch(vec![one(A, 1, 0, 40..41), one(B, 1, 0, 0..0)]), &[]).unwrap();
    assert_eq!((all(store, A), all(store, B)), (vec![entry(40)], vec![]));
    assert_eq!(store.replay(0, 100).unwrap().len(), 1);
}

fn what_is_archived_reads_as_before(store: &mut dyn Store) {
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    let (mut a, mut b) = (0, 0);
    for _ in 0..60 {
        store.commit(&append(A, 1, a, &(a..a + 10).map(entry).collect::<Vec<_>>())).unwrap();
        store.commit(&append(B, 1, b, &(b..b + 5).map(entry).collect::<Vec<_>>())).unwrap();
        (a, b) = (a + 10, b + 5);
    }
    let seen = |store: &dyn Store| {
        let read = |from, entries, bytes| store.read(A, from, entries, bytes).unwrap();
        let froms = [0, 1, 255, 256, 257, 511, 512, 599, 600, u64::MAX];
        let some = froms.map(|from| [read(from, 3, usize::MAX), read(from, 300, 100_000), read(from, 2, 0)]);
        let leaves = froms.map(|from| [store.leaves(A, from, 2).unwrap(), store.leaves(A, from, 700).unwrap()]);
        let after = [0, 100, 380, 381, 700, 898, 899, 900, 5_000];
        let replayed = after.map(|after| [store.replay(after, 7).unwrap(), store.replay(after, usize::MAX).unwrap()]);
        (some, leaves, replayed, all(store, A), all(store, B), store.logs().unwrap())
    };
    let before = seen(store);
    assert_eq!(store.archive(A, 255).unwrap(), 0, "a tile goes whole or not at all");
    let mut moved = 0;
    for upto in [600, 511, 600, u64::MAX, 600] {
        let now = store.archive(A, upto).unwrap();
        assert!(now >= moved && (now <= upto || now == moved) && now <= 512, "{now} of {upto}");
        moved = now;
        assert!(seen(store) == before, "after {now} were moved");
    }
    assert_eq!(store.archive(B, 300).unwrap(), moved / 2);
    assert!(seen(store) == before);
    assert_eq!(store.archive("example.org/nobody", 1).unwrap_err().code(), "store-unknown-log");
    // Index 259 has three parts, the second of them withheld.
    store.erase(A, 259, 0).unwrap();
    store.erase(A, 259, 0).unwrap();
    let erased = StoredEntry { parts: vec![None, None, entry(259).parts[2].clone()], ..entry(259) };
    assert_eq!(store.read(A, 259, 1, 1).unwrap(), std::slice::from_ref(&erased));
    assert_eq!(store.erase(A, 259, 3).unwrap_err().code(), "store-unknown-part");
    assert_eq!(store.read(A, 258, 1, 1).unwrap(), [entry(258)]);
    store.commit(&append(A, 1, a, &[entry(a)])).unwrap();
    let last = store.replay(900, 9).unwrap();
    let mut batch = append(A, 1, 400, &[entry(7), entry(8)]);
    batch.appends.extend(append(B, 1, 200, &[entry(9)]).appends);
    // What a recovery replaces may be in the archive.
    assert_eq!(last.iter().map(|one| (one.sequence, one.index)).collect::<Vec<_>>(), [(901, 600)]);
    store.replace(600, &batch, &[]).unwrap();
    let expected = (0..400).map(|n| if n == 259 { erased.clone() } else { entry(n) }).chain([entry(7), entry(8)]);
    assert_eq!(all(store, A), expected.collect::<Vec<_>>());
    assert_eq!(all(store, B), (0..200).chain([9]).map(entry).collect::<Vec<_>>());
    let last = store.replay(599, 9).unwrap();
    assert_eq!(last.iter().map(|one| one.sequence).collect::<Vec<_>>(), [600, 601, 602, 603]);
    assert!(store.archive(A, 402).unwrap() <= 256);
    store.commit(&append(A, 1, 402, &[entry(1)])).unwrap();
}

fn documents_are_replaced_whole(store: &mut dyn Store) {
    assert_eq!(store.document("witness").unwrap(), None);
    for bytes in [b"longer than the next".as_slice(), b"short", b""] {
        store.put_documents(&[document("witness", bytes), document("other", b"kept")]).unwrap();
        assert_eq!(store.document("witness").unwrap().as_deref(), Some(bytes));
    }
    assert_eq!(store.document("other").unwrap().as_deref(), Some(b"kept".as_slice()));
    // Of two of one name the later one stands.
    store.put_documents(&[document("other", b"first"), document("other", b"second")]).unwrap();
    store.put_documents(&[]).unwrap();
    assert_eq!(store.document("other").unwrap().as_deref(), Some(b"second".as_slice()));
}

fn documents_are_found_by_how_their_names_begin(store: &mut dyn Store) {
    let names = ["a", "a/", "a/1", "a/\u{fe}", "a/\u{10ffff}", "a0", "b/1"];
    store.put_documents(&names.map(|name| document(name, name.as_bytes()))).unwrap();
    for (prefix, expected) in [
        ("", &names[..]),
        ("a", &names[..6]),
        ("a/", &names[1..5]),
        ("a/\u{10ffff}", &names[4..5]),
        ("a/2", &[]),
        ("c", &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|name| document(name, name.as_bytes())).collect();
        assert_eq!(store.documents(prefix).unwrap(), expected, "{prefix}");
    }
}

fn a_snapshot_stands_until_something_goes_that_is_in_it(store: &mut dyn Store) {
    assert_eq!(store.snapshot().unwrap(), None);
    store.claim(A).unwrap();
    store.commit(&append(A, 1, 0, &(0..9).map(entry).collect::<Vec<_>>())).unwrap();
    let snapshot = |sequence, byte, length| Snapshot { sequence, bytes: vec![byte; length] };
    // More than one row of the database, then less, then nothing.
    for kept in [snapshot(3, 1, 40 << 20), snapshot(5, 2, 1_000), snapshot(5, 3, 0)] {
        store.put_snapshot(&kept).unwrap();
        assert!(store.snapshot().unwrap() == Some(kept));
    }
    store.replace(5, &append(A, 1, 5, &[entry(20), entry(21)]), &[]).unwrap();
    assert!(store.snapshot().unwrap().is_some(), "all that went came behind it");
    store.replace(4, &append(A, 1, 4, &[entry(20), entry(21), entry(22)]), &[]).unwrap();
    assert_eq!(store.snapshot().unwrap(), None);
    store.put_snapshot(&snapshot(6, 4, 9)).unwrap();
    store.put_documents(&[document("other", b"kept")]).unwrap();
    store.erase(A, 3, 0).unwrap();
    assert_eq!(store.snapshot().unwrap(), None, "it may hold what was erased");
    assert_eq!(store.document("other").unwrap().as_deref(), Some(b"kept".as_slice()));
}

fn an_erased_part_is_gone_and_the_leaf_stays(store: &mut dyn Store) {
    store.claim(A).unwrap();
    let entry = StoredEntry { leaf: b"leaf".to_vec(), parts: vec![part(1, 10), part(2, 9000), None] };
    store.commit(&append(A, 1, 0, std::slice::from_ref(&entry))).unwrap();
    for part in [1, 1, 2] {
        store.erase(A, 0, part).unwrap();
    }
    let left = StoredEntry { parts: vec![entry.parts[0].clone(), None, None], ..entry };
    assert_eq!(all(store, A), [left]);
    for (index, part) in [(0, 3), (1, 0), (u64::MAX, 0), (0, usize::MAX)] {
        assert!(matches!(store.erase(A, index, part), Err(StoreError::UnknownPart { .. })));
    }
    assert!(matches!(store.erase(B, 0, 0), Err(StoreError::UnknownLog { .. })));
}

fn what_cannot_be_stored_is_refused(store: &mut dyn Store) {
    let error = store.commit(&append(A, 1, 0, &[entry(0)])).unwrap_err();
    assert_eq!(error.code(), "store-unknown-log");
    store.claim(A).unwrap();
    let many = StoredEntry { leaf: vec![1], parts: vec![None; PARTS_MAX + 1] };
    let error = store.commit(&append(A, 1, 0, &[entry(0), many])).unwrap_err();
    assert!(matches!(error, CommitError::NotWritten(NotWritten::TooManyParts { parts: 256, .. })), "{error}");
    assert_eq!(all(store, A), []);
}

fn everything_is_there_after_reopening<S: Held>(mut held: S, reopen: impl Fn(S) -> S) {
    let store = held.get();
    store.claim(A).unwrap();
    store.claim(B).unwrap();
    let entries: Vec<_> = (0..300).map(entry).collect();
    for (n, one) in entries.iter().enumerate() {
        store.commit(&append([A, B][n % 2], 1, n as u64 / 2, std::slice::from_ref(one))).unwrap();
    }
    store.commit(&Batch { appends: vec![], heads: vec![head(A, HeadKind::Receipt, b"receipt")] }).unwrap();
    store.put_documents(&[document("witness", b"state")]).unwrap();
    let before = (store.replay(0, 1000).unwrap(), store.logs().unwrap(), store.heads(A).unwrap());
    let mut held = reopen(held);
    let store = held.get();
    assert_eq!((store.replay(0, 1000).unwrap(), store.logs().unwrap(), store.heads(A).unwrap()), before);
    assert_eq!(store.document("witness").unwrap().as_deref(), Some(b"state".as_slice()));
    assert_eq!(store.claim(A).unwrap(), Claim { term: 2, size: 150 });
    assert_eq!(store.commit(&append(A, 1, 150, &[entry(0)])).unwrap_err().code(), "store-fenced");
    store.commit(&append(A, 2, 150, &[entry(300)])).unwrap();
    assert_eq!(store.replay(300, 10).unwrap()[0].sequence, 301);
}

fn head(log: &str, kind: HeadKind, bytes: &[u8]) -> Head {
    Head { log: log.to_owned(), kind, bytes: bytes.to_vec() }
}

fn all(store: &dyn Store, log: &str) -> Vec<StoredEntry> {
    store.read(log, 0, usize::MAX, usize::MAX).unwrap()
}
