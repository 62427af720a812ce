//! A DSS that reads a log which does not follow from itself.

use ed25519_dalek::SigningKey;
use skypact::dss::{Journal, Replica};
use skypact::storage::{Append, Batch, MemoryStore, Store as _};
use skypact_airspace::UtcNanos;
use skypact_dss::{Dss, Operation, Recorded, Stamp, Target};
use skypact_record::PublicKey;

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
