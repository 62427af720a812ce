//! Bells for what nobody did: units that have not applied a notice two hours before it, and a watch without test calls.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use crate::command_ground::{Ground, Node, WHERE, bell, pact, refuse, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

/// Ids that rang for `event`, by `alarms.log`.
fn rang(dir: &str, event: &str) -> Vec<String> {
    let log = std::fs::read_to_string(Path::new(dir).join("alarms.log")).unwrap_or_default();
    let rings = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let rung = rings.filter(|ring| ring["alarm"]["event"] == event && ring["outcome"] == "rung");
    rung.map(|ring| ring["alarm"]["id"].as_str().unwrap().to_owned()).collect()
}

/// A pager on loopback: refuses the first page that it gets, and gives on the bodies of all others.
fn pager() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/page", listener.local_addr().unwrap());
    let (given, pages) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for (turn, stream) in listener.incoming().enumerate() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                let field = line.to_ascii_lowercase();
                length = field.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let status = if turn == 0 { "503 Service Unavailable" } else { "204 No Content" };
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            if turn > 0 && given.send(String::from_utf8(body).unwrap()).is_err() {
                return;
            }
        }
    });
    (url, pages)
}

#[test]
fn a_gap_rings_two_hours_before_and_a_watch_without_test_calls_after_twelve_hours() {
    let ground = Ground::new("bells");
    pact(&ground);
    let red = ground.path("red");
    bell(&red, "command = [\"cat\"]");
    let officer = |args: &[&str]| succeed(&[args, &["--dir", &red], &OFFICER].concat());

    let node = Node::start_at(&red, "2099-04-07T00:00:00Z");
    officer(&["watch", "take"]);
    let when = ["--from", "2099-04-07T13:00:00Z", "--until", "2099-04-07T14:00:00Z"];
    let filed = officer(&[&["notice", "file"][..], &WHERE, &when].concat());
    let id = filed[0]["leaf"].as_str().unwrap();
    officer(&["unit", "name", id, "TOWER", "RADAR"]);
    officer(&["unit", "applied", id, "RADAR", "--person", "R. Two"]);
    drop(node);

    // Thirteen hours before it, and twelve after the watch began.
    let node = Node::start_at(&red, "2099-04-07T10:59:00Z");
    // Four looks at the record.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!((rang(&red, "unit-gap"), rang(&red, "test-call-due")), (vec![], vec![]), "nothing is due yet");
    drop(node);

    let node = Node::start_at(&red, "2099-04-07T12:00:30Z");
    until("both ring", || !rang(&red, "unit-gap").is_empty() && !rang(&red, "test-call-due").is_empty());
    assert!(rang(&red, "unit-gap").iter().all(|rung| rung == &format!("{id}-units")));
    officer(&["unit", "applied", id, "TOWER", "--person", "R. Three"]);
    officer(&["test-call", "call"]);
    drop(node);

    let before = (rang(&red, "unit-gap"), rang(&red, "test-call-due"));
    let _node = Node::start_at(&red, "2099-04-07T12:30:00Z");
    until("the missed test call rings", || !rang(&red, "test-call-missed").is_empty());
    assert_eq!((rang(&red, "unit-gap"), rang(&red, "test-call-due")), before, "what was done rings no more");
}

#[test]
fn a_watch_bill_names_who_should_be_there_at_both_sides_and_its_gaps_ring() {
    let ground = Ground::new("watch-bill");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    bell(&red, "command = [\"cat\"]");
    let bill = |more: &[&str]| succeed(&[&["watch", "bill", "--dir", &red][..], &OFFICER, more].concat());
    let shown = |dir: &str, more: &[&str]| {
        let output = skypact(&[&["watch", "--dir", dir], more].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let node = Node::start_at(&red, "2099-04-07T00:00:00Z");
    let other = Node::start_at(&blue, "2099-04-07T00:00:00Z");
    assert!(shown(&red, &["bill"]).1.contains("RED: no turn is filed"));
    let file = ground.path("bill.json");
    let turns = r#"[{"officer": "Duty officer", "from": "2099-04-07T00:00:00Z", "until": "2099-04-07T12:00:00Z"},
        {"officer": "Night officer", "from": "2099-04-07T12:00:00Z", "until": "2099-04-08T02:00:00Z"}]"#;
    std::fs::write(&file, turns).unwrap();
    bill(&[&file]);
    bill(&["--for", "Night officer", "--from", "2099-04-08T03:00:00Z", "--until", "2099-04-08T12:00:00Z"]);
    refuse_bill(&red, "Knight officer", "2099-04-09T12:00:00Z", 3, "officer-unknown");
    refuse_bill(&red, "Night officer", "2099-04-06T12:00:00Z", 2, "window-in-the-past");
    refuse_bill(&red, "Night officer", "2099-04-09T12:00:00", 2, "field-invalid");
    until("BLUE sees the bill", || shown(&blue, &["bill"]).1.contains("2099-04-08T12:00:00Z  Night officer"));
    assert_eq!(shown(&blue, &["bill"]).0, Some(0), "the gap is not BLUE's");
    let (code, text) = shown(&red, &["bill"]);
    assert_eq!(code, Some(0), "the gap is more than 24 h ahead: {text}");
    succeed(&[&["watch", "take", "--dir", &red], &OFFICER[..]].concat());
    assert_eq!(shown(&red, &[]).0, Some(0));
    assert_eq!(rang(&red, "watch-gap"), Vec::<String>::new());
    drop((node, other));

    let node = Node::start_at(&red, "2099-04-07T12:30:00Z");
    let _other = Node::start_at(&blue, "2099-04-07T12:30:00Z");
    until("the gap rings", || rang(&red, "watch-gap").len() == 1);
    let late = "LATE: Night officer has not taken the watch; the turn began 2099-04-07T12:00:00Z";
    let gap = "WARNING: it is nobody's turn from 2099-04-08T02:00:00Z to 2099-04-08T03:00:00Z";
    for dir in [&red, &blue] {
        let (code, text) = shown(dir, &[]);
        assert!(code == Some(1) && text.contains(late) && text.contains(gap), "{text}");
    }
    unattended_after(&red, 0);
    succeed(&[&["watch", "leave", "--dir", &red], &OFFICER[..]].concat());
    drop(node);
    let _node = Node::start_at(&red, "2099-04-07T12:31:00Z");
    until("the empty chair rings", || !rang(&red, "watch-unattended").is_empty());
    let log = std::fs::read_to_string(Path::new(&red).join("alarms.log")).unwrap();
    assert!(log.contains("by the watch bill Night officer should be there"), "{log}");
}

fn refuse_bill(dir: &str, officer: &str, end: &str, exit: i32, code: &str) {
    let when = ["--from", "2099-04-06T00:00:00Z", "--until", end];
    refuse(&[&["watch", "bill", "--dir", dir][..], &OFFICER, &["--for", officer], &when].concat(), exit, code);
}

/// Tells the node in `dir` after how many seconds an empty chair rings.
fn unattended_after(dir: &str, seconds: u32) {
    let file = Path::new(dir).join("node.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let known = text.replace("unattended_after_s = 300", &format!("unattended_after_s = {seconds}"));
    assert_ne!(known, text, "node.toml says when an empty chair rings");
    std::fs::write(file, known).unwrap();
}

#[test]
fn an_empty_chair_rings_after_the_time_that_is_configured_and_is_shown() {
    let ground = Ground::new("empty-chair");
    pact(&ground);
    let red = ground.path("red");
    bell(&red, "command = [\"cat\"]");
    unattended_after(&red, 3_600);
    let officer = |args: &[&str]| succeed(&[args, &["--dir", &red], &OFFICER].concat());
    let shown = |command: &str| {
        let output = skypact(&[command, "--dir", &red]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };

    let node = Node::start_at(&red, "2099-04-07T00:00:00Z");
    let (code, text) = shown("watch");
    assert!(code == Some(1) && text.contains("RED: NOBODY has the watch, and nobody ever had"), "{text}");
    officer(&["watch", "take"]);
    assert!(shown("doctor").1.contains("watch: east-river: RED: Duty officer, since"), "{}", shown("doctor").1);
    officer(&["watch", "leave"]);
    let (code, text) = shown("doctor");
    assert!(
        code == Some(1) && text.contains("WRONG  watch: east-river: RED: NOBODY has the watch, since 2099-04-07T00:0")
    );
    drop(node);

    let node = Node::start_at(&red, "2099-04-07T00:50:00Z");
    // Four looks at the record.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(rang(&red, "watch-unattended"), Vec::<String>::new(), "an hour was asked for");
    drop(node);

    let node = Node::start_at(&red, "2099-04-07T01:30:00Z");
    until("the empty chair rings", || rang(&red, "watch-unattended").len() == 1);
    officer(&["watch", "take"]);
    drop(node);

    let _node = Node::start_at(&red, "2099-04-07T12:30:00Z");
    until("the counterpart's silence rings", || rang(&red, "test-call-absent").len() == 1);
    assert_eq!(rang(&red, "watch-unattended").len(), 1, "somebody has it");
    let (code, text) = shown("test-call");
    assert!(code == Some(1) && text.contains("BLUE owes a test call since 2099-04-07T12:00:0"), "{text}");
    assert!(shown("watch").1.contains("BLUE owes a test call since"));
}

#[test]
fn the_other_sides_empty_chair_its_gap_and_a_list_that_nobody_signed_for_ring() {
    let ground = Ground::new("bells-there");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    for dir in [&red, &blue] {
        bell(dir, "command = [\"cat\"]");
    }
    let officer = |dir: &str, args: &[&str]| succeed(&[args, &["--dir", dir], &OFFICER].concat());
    let there = |event: &str| rang(&red, event).len();
    let start = |time: &str| [Node::start_at(&red, time), Node::start_at(&blue, time)];

    let nodes = start("2099-04-07T00:00:00Z");
    officer(&red, &["watch", "take"]);
    officer(&blue, &["watch", "take"]);
    officer(&blue, &["watch", "bill", "--from", "2099-04-07T00:00:00Z", "--until", "2099-04-07T06:00:00Z"]);
    let site = ["protect", "camp 4", "--circle", "35.2854,40.1760,500m", "--from", "2099-04-07T00:00:00Z"];
    officer(&blue, &[&site[..], &["--until", "2099-05-07T00:00:00Z"]].concat());
    until("RED has the list", || skypact(&["protect", "list", "--dir", &red]).status.code() == Some(1));
    // Four looks at the record.
    std::thread::sleep(Duration::from_secs(1));
    let rings = ["watch-unattended-there", "watch-gap-there", "list-unsigned"].map(there);
    assert_eq!((rings, rang(&blue, "list-outdated").len()), ([0, 0, 0], 0), "nothing is due yet");
    officer(&blue, &["watch", "leave"]);
    until("RED sees the empty chair", || shown("watch", &red).contains("BLUE: NOBODY has the watch, since"));
    drop(nodes);

    let nodes = start("2099-04-07T04:30:00Z");
    until("all ring", || {
        ["watch-unattended-there", "watch-gap-there", "list-unsigned"].map(there) == [1, 1, 1]
            && rang(&blue, "list-outdated").len() == 1
    });
    let log = std::fs::read_to_string(Path::new(&red).join("alarms.log")).unwrap();
    let told = "nobody of BLUE has the watch: telephone; by the watch bill Duty officer should be there";
    assert!(log.contains(told) && log.contains("nobody's turn from 2099-04-07T06:00:00Z on: ask who"), "{log}");
    let lists = skypact(&["--json", "protect", "list", "--dir", &red]);
    let lists: serde_json::Value = serde_json::from_slice(&lists.stdout).unwrap();
    let theirs = lists.as_array().unwrap().iter().find(|list| list["party"] == "BLUE").unwrap();
    assert!(log.contains(&format!("then sign {}", &theirs["version"].as_str().unwrap()[..10])), "{log}");
    officer(&red, &["protect", "receipt", theirs["version"].as_str().unwrap()]);
    until("BLUE has the receipt", || {
        String::from_utf8(skypact(&["protect", "list", "--dir", &blue]).stdout).unwrap().contains("Duty officer of RED")
    });
    drop(nodes);

    let _nodes = start("2099-04-07T05:00:00Z");
    until("the gap rings again at a start", || there("watch-gap-there") == 2);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!((there("list-unsigned"), rang(&blue, "list-outdated").len()), (1, 1), "it is signed for");
}

#[test]
fn a_bell_that_failed_and_a_witness_that_is_silent_are_on_the_screen_and_the_witness_rings() {
    let ground = Ground::new("silent");
    pact(&ground);
    let (red, blue, witness) = (ground.path("red"), ground.path("blue"), ground.path("witness"));
    let (second, cards) =
        (ground.path("second.toml"), [ground.path("blue/party.card"), ground.path("witness/party.card")]);
    succeed(&["init", "--dir", &witness, "--witness", "witness.example"]);
    let propose = ["pact", "propose", "--dir", &red, "--with", &cards[0], "--name", "west-river", "--out", &second];
    succeed(&[&propose[..], &["--witness", &cards[1]]].concat());
    succeed(&["pact", "sign", "--dir", &blue, &second]);
    succeed(&["pact", "sign", "--dir", &red, &second]);
    bell(&red, "command = [\"cat\"]");
    bell(&red, "command = [\"false\"]");
    assert!(shown("doctor", &red).contains("ok     bells: 2, and none failed"));
    let _node = Node::start(&red);
    until("the witness that nobody asks rings", || rang(&red, "witness-silent").len() == 1);
    let silent = "WITNESS SILENT: node.toml has no address of witness.example; put it there";
    let failed = "BELL FAILED: false, for witness-silent at ";
    until("the other bell fails", || shown("inbox", &red).contains(failed));
    let inbox = shown("inbox", &red);
    assert_eq!((inbox.matches(silent).count(), inbox.matches(failed).count()), (1, 1), "{inbox}");
    assert!(inbox.contains("ended with exit status: 1; see alarms.log"), "{inbox}");
    assert!(shown("channel", &red).contains(silent));
    // What is longer than a line goes on below the beginning of its own text.
    let doctor = shown("doctor", &red).replace("\n       ", " ");
    assert!(doctor.contains(&format!("WRONG  witness: west-river: {silent}")), "{doctor}");
    assert!(doctor.contains(&format!("WRONG  bell: west-river: {failed}")), "{doctor}");
}

/// What a command shows, whatever its exit code.
fn shown(command: &str, dir: &str) -> String {
    String::from_utf8(skypact(&[command, "--dir", dir]).stdout).unwrap()
}

#[test]
fn a_webhook_is_called_again_until_it_takes_the_alarm() {
    let ground = Ground::new("pager");
    pact(&ground);
    let red = ground.path("red");
    let (url, pages) = pager();
    bell(&red, &format!("webhook = \"{url}\""));
    let node = Node::start_at(&red, "2099-04-07T00:00:00Z");
    succeed(&["watch", "take", "--dir", &red, OFFICER[0], OFFICER[1]]);
    drop(node);
    let _node = Node::start_at(&red, "2099-04-07T12:00:30Z");
    // The counterpart owes a test call too: whichever is paged first is refused and paged again.
    let mut paged = [(); 2].map(|()| {
        let page = pages.recv_timeout(Duration::from_secs(30)).unwrap();
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        assert_eq!(page["channel"], "east-river");
        page["event"].as_str().unwrap().to_owned()
    });
    paged.sort();
    assert_eq!(paged, ["test-call-absent", "test-call-due"]);
    until("alarms.log has it", || rang(&red, "test-call-due").len() == 1);
    // The two are paged side by side, so either may be written down first.
    let log = || std::fs::read_to_string(Path::new(&red).join("alarms.log")).unwrap();
    until("the refusal is written down", || log().contains("answered 503"));
}

#[test]
fn a_change_of_keys_rings_at_both_parties() {
    let ground = Ground::new("bells-keys");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    bell(&red, "command = [\"cat\"]");
    bell(&blue, "command = [\"cat\"]");
    let node = Node::start(&red);
    let _blue = Node::start(&blue);
    succeed(&["key", "rotate", "--role", "mirror", "--dir", &red]);
    let (own, theirs) = ("keys-changed", "keys-changed-there");
    until("it rings for each of the two logs", || rang(&red, own).len() == 2 && rang(&blue, theirs).len() == 2);
    assert_eq!(rang(&blue, own).len() + rang(&red, theirs).len(), 0, "BLUE changed nothing");
    // A start rings again for what is of today; another change rings by itself.
    drop(node);
    let _node = Node::start(&red);
    until("it rings again after a start", || rang(&red, own).len() == 4);
    succeed(&["key", "rotate", "--role", "mirror", "--dir", &red]);
    until("the next one rings", || rang(&red, own).len() == 6 && rang(&blue, theirs).len() == 4);
}
