//! A DSS that is killed again and again under load, at moments that a seed chooses: nothing acknowledged is lost, nothing is applied twice,
//! what was not answered is there wholly or not at all, and the log proves all of it. `make torture` kills it 50 times.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use skypact::bench::shapes::Dice;

use crate::command_ground::Ground;
use crate::dss_http::{ALL, Process, call_at, extent, intent, intent_path, run, text, token};
use crate::dss_issuer::{PemFile, TRUSTED};

const CLIENTS: u32 = 4;
/// Operational intents that a client creates, changes and deletes, each in a place of its own.
const SLOTS: u32 = 24;

/// An operational intent as the DSS said that it is.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    version: u64,
    ovn: String,
}

/// What was asked and not answered.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unanswered {
    Put,
    Delete,
}

/// What a client knows of one of its operational intents.
#[derive(Clone, Debug, Default)]
struct Known {
    held: Option<Held>,
    unanswered: Option<Unanswered>,
}

/// A client: what it knows, and what it saw of the log.
#[derive(Default)]
struct Client {
    intents: BTreeMap<u32, Known>,
    /// Changes that must be in the log, each once.
    recorded: u64,
    unanswered: u64,
    unanswered_recorded: u64,
}

fn held(answer: &Value) -> Held {
    let reference = &answer["operational_intent_reference"];
    Held { version: reference["version"].as_u64().unwrap(), ovn: text(reference, "/ovn").to_owned() }
}

impl Client {
    /// Changes intents until the DSS is gone.
    fn work(&mut self, dss: &str, dice: &mut Dice, numbers: std::ops::Range<u32>, uss: &str) {
        loop {
            let number = numbers.start + dice.roll(u64::from(numbers.end - numbers.start)) as u32;
            let known = self.intents.entry(number).or_default();
            let version = known.held.as_ref().map(|held| format!("/{}", held.ovn)).unwrap_or_default();
            let path = format!("{}{version}", intent_path(number));
            let asked = if known.held.is_some() && dice.roll(3) == 0 { Unanswered::Delete } else { Unanswered::Put };
            let (status, answer) = match asked {
                Unanswered::Put => call_at(dss, "PUT", &path, Some(uss), &intent(number, &[])),
                Unanswered::Delete => call_at(dss, "DELETE", &path, Some(uss), &Value::Null),
            };
            match (status, asked) {
                // An answer that was cut short is none.
                _ if answer.is_null() => {
                    known.unanswered = Some(asked);
                    self.unanswered += 1;
                    return;
                }
                (200 | 201, Unanswered::Put) => {
                    let version = known.held.as_ref().map_or(1, |held| held.version + 1);
                    known.held = Some(held(&answer));
                    assert_eq!(known.held.as_ref().unwrap().version, version, "{number}: {answer}");
                    self.recorded += 1;
                }
                (200, Unanswered::Delete) => {
                    known.held = None;
                    self.recorded += 1;
                }
                _ => panic!("{number}: {asked:?} got {status} {answer}"),
            }
        }
    }

    /// Compares each intent with what the DSS has now; learns what became of what was not answered.
    fn compare(&mut self, dss: &Process, uss: &str) {
        for (number, known) in &mut self.intents {
            let (status, answer) = dss.call("GET", &intent_path(*number), Some(uss), &Value::Null);
            let seen = match status {
                200 => Some(held(&answer)),
                404 => None,
                _ => panic!("{number}: GET got {status} {answer}"),
            };
            let before = known.held.clone();
            let is_as_before = seen == before;
            let is_recorded = match known.unanswered.take() {
                None => false,
                Some(Unanswered::Delete) => seen.is_none(),
                Some(Unanswered::Put) => {
                    let next = before.as_ref().map_or(1, |held| held.version + 1);
                    seen.as_ref().is_some_and(|seen| seen.version == next)
                        && seen.as_ref().map(|seen| &seen.ovn) != before.as_ref().map(|held| &held.ovn)
                }
            };
            assert!(is_as_before || is_recorded, "{number}: acknowledged was {before:?}, and there is {seen:?}");
            if is_recorded {
                self.recorded += 1;
                self.unanswered_recorded += 1;
            }
            known.held = seen;
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: give a number")))
}

#[test]
fn a_dss_killed_at_random_moments_under_load_keeps_what_it_acknowledged_once_and_proves_it() {
    let kills = setting("SKYPACT_TORTURE_KILLS").unwrap_or(5);
    let seed = setting("SEED").unwrap_or_else(|| skypact::clock::now_utc_ns() as u64);
    println!("torture: {kills} kills, SEED={seed}");
    let ground = Ground::new("dss-torture");
    let keys = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let mut dice = Dice(seed);
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::default()).collect();
    for kill in 1..=kills {
        if dice.roll(4) == 0 {
            // Killed while it starts, too.
            let mut starting = Process::spawn(&ground, &keys, &[]);
            std::thread::sleep(Duration::from_millis(dice.roll(40)));
            starting.kill().unwrap();
            starting.wait().unwrap();
        }
        let mut dss = Process::start(&ground, &keys);
        let uss = token("uss1", ALL);
        for client in &mut clients {
            client.compare(&dss, &uss);
        }
        let (address, lived) = (dss.address.clone(), Duration::from_millis(30 + dice.roll(400)));
        std::thread::scope(|scope| {
            for (client, number) in clients.iter_mut().zip(0_u32..) {
                let (address, uss, mut dice) = (&address, &uss, Dice(dice.roll(u64::MAX)));
                let numbers = number * SLOTS..(number + 1) * SLOTS;
                scope.spawn(move || client.work(address, &mut dice, numbers, uss));
            }
            std::thread::sleep(lived);
            // SIGKILL: nothing is said, nothing is flushed.
            dss.child.kill().unwrap();
            dss.child.wait().unwrap();
        });
        let recorded: u64 = clients.iter().map(|client| client.recorded).sum();
        println!("kill {kill:>3} after {:>3} ms: {recorded} changes acknowledged so far", lived.as_millis());
    }

    let dss = Process::start(&ground, &keys);
    let uss = token("uss1", ALL);
    for client in &mut clients {
        client.compare(&dss, &uss);
    }
    let total = |of: fn(&Client) -> u64| clients.iter().map(of).sum::<u64>();
    // Each intent has a subscription of its own, which came and went with it.
    for (number, known) in clients.iter().flat_map(|client| &client.intents) {
        let area = json!({ "area_of_interest": extent(*number, 100) });
        let (status, found) = dss.call("POST", "/dss/v1/subscriptions/query", Some(&uss), &area);
        let subscriptions = found["subscriptions"].as_array().map_or(0, Vec::len);
        assert_eq!((status, subscriptions), (200, usize::from(known.held.is_some())), "{number}: {found}");
    }
    drop(dss);
    let bundle = ground.path("dss.bundle");
    let (code, exported) = run(&["dss", "export", "--dir", &ground.path("dss"), "--out", &bundle]);
    assert_eq!((code, exported["entries"].as_u64()), (0, Some(total(|client| client.recorded))), "each change once");
    assert_eq!(run(&["verify", &bundle, "--author", text(&exported, "/author")]).0, 0);
    println!(
        "torture: {kills} kills, {} changes in the log, each once and proven; {} not answered, {} of them recorded",
        total(|client| client.recorded),
        total(|client| client.unanswered),
        total(|client| client.unanswered_recorded),
    );
}
