//! A DSS that reads a log which does not follow from itself.

use ed25519_dalek::SigningKey;
use skypact::dss::{Journal, Replica, signer};
use skypact::storage::{Append, Batch, Head, HeadKind, MemoryStore, SqliteStore, Store as _};
use skypact_airspace::UtcNanos;
use skypact_dss::{Dss, Operation, Recorded, Stamp, Target};
use skypact_record::{PublicKey, Signer as _};

use crate::command_ground::Ground;
use crate::dss_http::run;

fn set_down(uss: &str) -> Recorded {
    let target = Target { id: uss.to_owned(), version: None };
    let body = br#"{"old_version": "", "availability": "Down"}"#.to_vec();
    let stamp = Stamp { manager: "arbiter".into(), now: UtcNanos(0), random: [1, 2, 3] };
    let operation = Operation::SetUssAvailability;
    let mut recorded = Recorded { operation, stamp, token_id: None, target, body, given: None };
    recorded.given = Dss::new().apply(&recorded.change().unwrap(), &recorded.stamp).given();
    recorded
}

#[test]
fn verify_tells_what_does_not_follow_and_still_reads_what_is_behind_it() {
    let ground = Ground::new("dss-replica");
    let (dir, bundle) = (ground.path("dss"), ground.path("dss.bundle"));
    SqliteStore::prepare(dir.as_ref()).unwrap();
    let signer = signer(dir.as_ref()).unwrap();
    let mut journal = Journal::new(signer.public_key());
    let log = journal.origin().to_string();
    let no_request = Recorded { body: b"{}".to_vec(), ..set_down("uss2") };
    let entries = [set_down("uss1"), set_down("uss1"), no_request, set_down("uss3")];
    let entries = entries.map(|recorded| journal.append(&recorded)).to_vec();
    let mut store = SqliteStore::open(&dir).unwrap();
    let term = store.claim(&log).unwrap().term;
    let note = journal.checkpoint(&signer).encode();
    let heads = vec![Head { log: log.clone(), kind: HeadKind::Checkpoint, bytes: note }];
    store.commit(&Batch { appends: vec![Append { log, term, expected_size: 0, entries }], heads }).unwrap();
    drop(store);

    assert_eq!(run(&["dss", "export", "--dir", &dir, "--out", &bundle]).0, 0);
    let codes = |more: &[&str]| {
        let (code, report) = run(&[&["verify", &bundle], more].concat());
        assert_eq!(code, 1, "{report}");
        let faults = report["faults"].as_array().unwrap().iter();
        let faults = faults.map(|fault| (fault["index"].as_u64().unwrap(), fault["code"].as_str().unwrap().to_owned()));
        (report["replayed"].as_u64(), faults.collect::<Vec<_>>())
    };
    let malformed = (2, "dss-entry-malformed".to_owned());
    assert_eq!(codes(&[]), (None, vec![malformed.clone()]));
    // Here the rules refuse it: the version that it is based on is not the current one.
    let refused = (1, "dss-entry-refused".to_owned());
    assert_eq!(codes(&["--replay"]), (Some(1), vec![refused, malformed]));
}

#[test]
fn an_entry_that_is_there_twice_is_told_with_its_place() {
    let key = PublicKey::ed25519(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()).unwrap();
    let (mut journal, mut store) = (Journal::new(&key), MemoryStore::new());
    let log = journal.origin().to_string();
    let claim = store.claim(&log).unwrap();
    let entries = ["uss1", "uss2", "uss2", "uss3"].map(|uss| journal.append(&set_down(uss))).to_vec();
    let append = Append { log, term: claim.term, expected_size: 0, entries };
    store.commit(&Batch { appends: vec![append], heads: vec![] }).unwrap();

    let mut replica = Replica::new(&key);
    let error = replica.catch_up(&store, 4).unwrap_err();
    assert_eq!(error.code(), "store-differs");
    assert!(error.to_string().contains("entry 2: dss entry: set-uss-availability of uss2"), "{error}");
}
