//! The command line as people and scripts meet it: real processes, exit codes, messages.

use skypact::feeds::recording::locate_default;

use crate::command_ground::{Ground, Node, pact, refuse, screen, skypact, succeed};

const WHERE: &str = "35.2854,40.1760,20NM";

pub(crate) fn file<'a>(dir: &'a str, lower: &'a str, from: &'a str, until: &'a str) -> Vec<&'a str> {
    let who = ["notice", "file", "--dir", dir, "--officer", "Duty officer", "--call-sign", "KOBALT 21"];
    let what = ["--circle", WHERE, "--lower", lower, "--upper", "FL240", "--from", from, "--until", until];
    [&who[..], &what[..]].concat()
}

#[test]
fn what_a_killed_node_acknowledged_is_there_when_it_is_back() {
    let ground = Ground::new("kill");
    pact(&ground);
    let red = ground.path("red");
    let node = Node::start(&red);
    let placed = succeed(&file(&red, "FL180", "2099-04-07T09:00:00Z", "2099-04-07T11:00:00Z"));
    drop(node);
    refuse(&["notice", "list", "--dir", &red], 4, "node-not-reachable");
    let _node = Node::start(&red);
    let listed = succeed(&["notice", "list", "--dir", &red]);
    assert_eq!(listed[0]["id"], placed[0]["leaf"]);
    assert_eq!(listed[0]["call_sign"], "KOBALT 21");
    let output = skypact(&["conflicts", "--dir", &red]);
    assert_eq!(output.status.code(), Some(11), "the counterpart does not answer, so it is not known to be clear");
    refuse(&["ack", "--dir", &red, "--all"], 2, "officer-missing");
    let id = listed[0]["id"].as_str().unwrap();
    succeed(&["notice", "cancel", "--dir", &red, "--officer", "Duty officer", &id[..8]]);
    refuse(&["notice", "end", "--dir", &red, "--officer", "Duty officer", &id[..8]], 3, "notice-over");
}

#[test]
fn what_an_officer_mistypes_gets_an_answer_that_says_what_to_write() {
    let ground = Ground::new("mistyped");
    pact(&ground);
    let red = ground.path("red");
    let (from, until) = ("2099-04-07T09:00:00Z", "2099-04-07T11:00:00Z");
    assert!(refuse(&file(&red, "18000ft", from, until), 2, "field-invalid").contains("AMSL"));
    assert!(refuse(&file(&red, "FL180", "2099-04-07T09:00:00", until), 2, "field-invalid").contains('Z'));
    assert!(refuse(&file(&red, "FL250", from, until), 2, "field-invalid").contains("lower"));
    assert!(refuse(&file(&red, "FL180", until, from), 2, "field-invalid").contains("until"));
    let witness = ground.path("witness");
    succeed(&["init", "--dir", &witness, "--witness", "witness.example"]);
    assert_eq!(succeed(&["doctor", "--dir", &witness])["sound"], true);
    std::fs::remove_file(ground.path("witness/keys/transport.key")).unwrap();
    assert_eq!(skypact(&["doctor", "--dir", &witness]).status.code(), Some(1));
    let again = ["init", "--dir", &red, "--party", "RED", "--prefix", "red.example"];
    refuse(&again, 2, "file-unusable");
    refuse(&["pact", "show", &ground.path("nothing.pact")], 2, "file-unusable");
    assert!(refuse(&["ack", "--dir", &red, "7c1eb6", "--all"], 2, "arguments-invalid").contains("--all"));
    assert_eq!(skypact(&["no-such-command"]).status.code(), Some(2));
    assert_eq!(skypact(&["--help"]).status.code(), Some(0));
}

#[test]
fn the_demonstration_holds_and_a_flipped_byte_of_its_evidence_is_found() {
    let ground = Ground::new("demo");
    let result = succeed(&["demo", "--dir", &ground.path("stage")]);
    assert_eq!(result["aircraft"], 17);
    assert_eq!(result["notices"], 299, "297 legs and the two notices of scenario 1");
    assert_eq!(result["acknowledged"], 299);
    assert_eq!(result["conflicts_identical"], true);
    assert_eq!((&result["encounters"], &result["encounters_missed"]), (&29.into(), &0.into()));
    assert_eq!(result["scenario_1_settled"], true);
    for bundle in result["bundles"].as_array().unwrap() {
        let path = bundle.as_str().unwrap();
        assert_eq!(succeed(&["verify", path])["holds"], true);
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
        let output = skypact(&["--json", "verify", path]);
        assert_eq!(output.status.code(), Some(1));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(!report["faults"].as_array().unwrap().is_empty());
    }
}

#[test]
fn terms_are_printed_edited_proposed_shown_and_compared() {
    let ground = Ground::new("terms");
    pact(&ground);
    let (red, card, file) = (ground.path("red"), ground.path("blue/party.card"), ground.path("terms.toml"));
    let printed = screen(&["pact", "terms"]);
    let edited = printed.replace("languages = [\"en\"]", "languages = [\"en\", \"ar\"]");
    let edited = edited.replace("manned.unmanned = { lateral_m=9260,", "manned.unmanned = { lateral_m=1852.5,");
    std::fs::write(&file, &edited).unwrap();
    let out = ground.path("other.toml");
    let propose = |out: &str, terms: &str| {
        let card = card.clone();
        let words =
            ["pact", "propose", "--dir", &red, "--with", &card, "--name", "east-river", "--out", out, "--terms", terms];
        words.map(str::to_owned)
    };
    let words = propose(&out, &file);
    succeed(&words.each_ref().map(String::as_str));
    assert_eq!(screen(&["pact", "terms", "--of", &out]), edited);
    let shown = succeed(&["pact", "show", &out]);
    assert_eq!(shown["terms"]["languages"], serde_json::json!(["en", "ar"]));
    assert_eq!(shown["terms"]["minima"]["manned"]["unmanned"]["lateral_m"], 1852.5);
    let page = screen(&["pact", "show", &out]);
    assert!(page.contains("hazard-area.hazard-area = { lateral_m=9260, vertical_m=304.8, time_s=0 }"), "{page}");
    assert!(page.lines().all(|line| line.len() <= 80), "{page}");

    let (proposal, pact) = (ground.path("proposal.toml"), ground.path("red/pacts/east-river.pact"));
    assert_eq!(succeed(&["pact", "diff", &proposal, &pact])["same"], true);
    let output = skypact(&["--json", "pact", "diff", &pact, &out]);
    assert_eq!(output.status.code(), Some(1));
    let compared: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::json!([
        { "what": "terms.languages", "a": "[\"en\"]", "b": "[\"en\",\"ar\"]" },
        { "what": "terms.minima.manned.unmanned.lateral_m", "a": "9260", "b": "1852.5" },
    ]);
    assert_eq!((&compared["same"], &compared["differences"]), (&false.into(), &expected));

    std::fs::write(&file, "languages = []\nlateral_m = 5\n").unwrap();
    let words = propose(&ground.path("third.toml"), &file);
    let message = refuse(&words.each_ref().map(String::as_str), 2, "file-unusable");
    assert!(message.contains("line 2") && message.contains("lateral_m"), "{message}");
}

#[test]
fn the_demonstration_on_one_airliner_says_that_there_is_nothing_to_deconflict() {
    let ground = Ground::new("mode-s");
    let (recording, stage) = (ground.path("flight.csv"), ground.path("stage"));
    let whole = std::fs::read_to_string(locate_default().unwrap().with_file_name("long_flight.csv")).unwrap();
    let cut: Vec<&str> = whole.lines().skip(60_000).take(20_000).collect();
    std::fs::write(&recording, cut.join("\n")).unwrap();
    let page = screen(&["demo", "--recording", &recording, "--dir", &stage]);
    assert!(page.contains("nothing to deconflict"), "{page}");
    let bundle = ground.path("stage/blue.bundle");
    assert_eq!(succeed(&["verify", &bundle])["holds"], true);
    std::fs::write(&recording, cut[..3].join("\n")).unwrap();
    refuse(&["demo", "--recording", &recording], 2, "recording-nothing-decoded");
    std::fs::write(&recording, "time,price\n1,2\n").unwrap();
    refuse(&["demo", "--recording", &recording], 2, "recording-format-unknown");
    refuse(&["demo", "--recording", &ground.path("absent.csv")], 2, "recording-not-opened");
}
