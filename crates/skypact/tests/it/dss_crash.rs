//! The DSS over a disk that discards what was not synced: a child runs one and tells of each answer under a trace of its system
//! calls, the disk is rebuilt at every point where the power could have failed, and a DSS over it must hold all that was answered,
//! once, prove it, and go on.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use skypact::bench::shapes::Dice;
use skypact::clock::NodeClock;
use skypact::dss::{Client, Front, export};
use skypact_dss::{Answer, Operation, Query, QueryAnswer, Recorded, Scopes, Target};
use skypact_record::verify_journal;

use crate::dss_http::{id, intent};
use crate::dss_seat::{self, seated};
use crate::storage_crash::{has_strace, trace};
use crate::storage_ground::Ground;
use crate::storage_trace::{Disk, Event, Unsynced};

const DIRECTORY: &str = "SKYPACT_DSS_CRASH_DIRECTORY";
/// Clients that ask at the same time, so that one commit covers several changes.
const CLIENTS: u64 = 4;
/// Each time a DSS starts, goes on from its snapshot and the log behind it, and stops.
const SESSIONS: u64 = 2;
/// Changes of one client in one session.
const CHANGES: u64 = 4;
/// What a client does again and again to an operational intent of its own.
const CYCLE: [Operation; 3] = [
    Operation::PutOperationalIntentReference,
    Operation::PutOperationalIntentReference,
    Operation::DeleteOperationalIntentReference,
];

#[test]
fn a_dss_keeps_each_answered_change_once_whatever_the_disk_had_not_synced() {
    if !has_strace() {
        return;
    }
    let ground = Ground::new("dss-traced");
    let directory = ground.path().join("dss");
    std::fs::create_dir(&directory).unwrap();
    let events = trace(&directory, "dss_crash::the_child_that_is_traced", &[(DIRECTORY, directory.as_os_str())]);
    let outcome = crash_everywhere(&events);
    eprintln!("{} crash points, {} rebuilt disks, {} answers", events.len(), outcome.disks, outcome.answers);
    assert_eq!(outcome.answers, CLIENTS * SESSIONS * CHANGES);
    assert!(events.iter().any(|event| matches!(event, Event::Renamed { .. })), "no snapshot was put in place");
    assert_eq!(outcome.failures, Vec::<String>::new());
}

/// Not a test by itself: what the test above runs under the trace.
#[test]
fn the_child_that_is_traced() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    for session in 0..SESSIONS {
        block_on(seated(Path::new(&directory), NodeClock::machine(), async |front| {
            let clients: Vec<_> =
                (0..CLIENTS).map(|client| tokio::spawn(work(front.clone(), client, session))).collect();
            for client in clients {
                client.await.unwrap();
            }
        }))
        .unwrap();
    }
}

/// The changes of one client in one session, each told as soon as it is answered.
async fn work(front: Front, client: u64, session: u64) {
    for number in session * CHANGES..(session + 1) * CHANGES {
        change(&front, &format!("uss{client}"), client, number).await;
        // One system call, so that the trace has it whole; the error stream is neither buffered nor captured.
        std::io::stderr().write_all(format!("ack {client}\n").as_bytes()).unwrap();
    }
}

/// The change of this number: to the intent in the client's own place, over and over.
async fn change(front: &Front, manager: &str, place: u64, number: u64) {
    let operation = CYCLE[(number % 3) as usize];
    let version = ovn(front, manager, place).await;
    let is_put = operation == Operation::PutOperationalIntentReference;
    let body = if is_put { intent(place as u32, &[]).to_string().into_bytes() } else { Vec::new() };
    let target = Target { id: id(place as u32), version };
    let answer = dss_seat::change(front, client(manager), operation, target, body).await.unwrap();
    assert!(matches!(answer, Answer::OperationalIntent(_)));
}

/// The OVN of the intent in this place; none when there is no intent.
async fn ovn(front: &Front, manager: &str, place: u64) -> Option<String> {
    match front.query(client(manager), Query::OperationalIntent(id(place as u32).parse().unwrap())).await {
        Ok(QueryAnswer::OperationalIntent(answer)) => {
            Some(answer.operational_intent_reference.ovn.as_ref().unwrap().to_string())
        }
        Ok(other) => panic!("another answer: {other:?}"),
        Err(error) => {
            assert_eq!(error.code(), "not-found");
            None
        }
    }
}

fn client(manager: &str) -> Client {
    let scopes = Scopes::parse("utm.strategic_coordination");
    Client { manager: manager.to_owned(), token_id: None, scopes }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[derive(Default)]
struct Outcome {
    disks: usize,
    answers: u64,
    failures: Vec<String>,
}

/// Crashes after every event, and leaves the unsynced writes lost, kept, and scattered.
fn crash_everywhere(events: &[Event]) -> Outcome {
    let (mut disk, mut outcome, mut answered) = (Disk::default(), Outcome::default(), [0; CLIENTS as usize]);
    let ground = Ground::fast("dss-rebuilt");
    for (point, event) in events.iter().enumerate() {
        disk.apply(event);
        if let Event::Acknowledged(client) = event {
            answered[*client as usize] += 1;
            outcome.answers += 1;
        }
        for unsynced in [Unsynced::Lost, Unsynced::Kept, Unsynced::Scattered(Dice(point as u64).roll(u64::MAX))] {
            let directory = ground.path().join("dss");
            std::fs::create_dir(&directory).unwrap();
            disk.rebuild(&directory, unsynced);
            if let Err(why) = block_on(survived(&directory, &answered)) {
                outcome.failures.push(format!("crash after event {point}, unsynced writes {unsynced:?}: {why}"));
            }
            std::fs::remove_dir_all(&directory).unwrap();
            outcome.disks += 1;
        }
    }
    outcome
}

/// Starts a DSS over what the crash left, and has it make one more change.
async fn survived(directory: &Path, answered: &[u64]) -> Result<(), String> {
    let held = seated(directory, NodeClock::machine(), async |front| {
        let mut held = Vec::new();
        for client in 0..CLIENTS {
            held.push(ovn(&front, &format!("uss{client}"), client).await);
        }
        change(&front, "after", CLIENTS, 0).await;
        held
    });
    let held = held.await.map_err(|error| format!("the DSS does not start: {error}"))?;
    let mut log = proven(directory)?;
    if log.remove("after").is_none_or(|after| after.len() != 1) {
        return Err("the change after the crash is not in the log once".to_owned());
    }
    for (client, answered) in answered.iter().enumerate() {
        let recorded = log.remove(&format!("uss{client}")).unwrap_or_default();
        let expected: Vec<_> = CYCLE.into_iter().cycle().take(recorded.len()).collect();
        let operations: Vec<_> = recorded.iter().map(|recorded| recorded.operation).collect();
        if !(*answered..=answered + 1).contains(&(recorded.len() as u64)) || operations != expected {
            return Err(format!("uss{client} was answered {answered} times, and the log has {operations:?}"));
        }
        let given = recorded.last().filter(|last| last.operation != CYCLE[2]).map(|last| last.given.clone().unwrap());
        if held[client] != given {
            return Err(format!("uss{client} has {:?} and was given {given:?}", held[client]));
        }
    }
    Ok(())
}

/// What the log has of each manager, once `verify` has proven it.
fn proven(directory: &Path) -> Result<BTreeMap<String, Vec<Recorded>>, String> {
    let mut bundle = Vec::new();
    let exported = export(directory, &mut bundle).map_err(|error| format!("export: {error}"))?;
    let mut log = BTreeMap::<_, Vec<_>>::new();
    let report = verify_journal(&bundle[..], Some(&exported.author), |_, body| {
        let recorded = Recorded::decode(body).map_err(|error| (error.code(), error.to_string()))?;
        log.entry(recorded.stamp.manager.as_str().to_owned()).or_default().push(recorded);
        Ok(())
    });
    if report.holds() { Ok(log) } else { Err(format!("verify: {:?}", report.faults)) }
}
