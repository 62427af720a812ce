//! Screens and errors as tired people read them: one of a thing is not several.

use crate::command_ground::{Ground, Node, WHERE, pact, refuse, screen, skypact, succeed};

/// Things that screens count, in the plural.
const SEVERAL: [&str; 20] = [
    "entries",
    "bodies",
    "logs",
    "parts",
    "receipts",
    "frames",
    "conflicts",
    "anomalies",
    "notices",
    "STOPs",
    "witnesses",
    "items",
    "suspensions",
    "outages",
    "signatures",
    "calls",
    "overlaps",
    "lines",
    "cases",
    "messages",
];

/// What a text says of one thing as if there were several: `1 entries`, `1 test calls`.
fn one_as_several(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || ",;:()".contains(c)).collect();
    let counts = words.windows(3).filter(|words| words[0] == "1");
    counts.filter(|words| words[1..].iter().any(|word| SEVERAL.contains(word))).map(|words| words.join(" ")).collect()
}

#[test]
fn one_of_a_thing_is_said_in_the_singular_on_every_screen() {
    assert_eq!(one_as_several("holds 1 entries, 11 entries and 1 test calls"), ["1 entries ", "1 test calls"]);
    let ground = Ground::new("screens-one");
    pact(&ground);
    let (red, page) = (ground.path("red"), |name: &str| ground.path(name));
    let _node = Node::start(&red);
    let times = ["--from", "2099-04-07T09:00:00Z", "--until", "2099-04-07T11:00:00Z"];
    let who = ["--dir", &red, "--officer", "Duty officer"];
    let filed = screen(&[&["notice", "file"][..], &who, &WHERE, &times].concat());
    let called = screen(&[&["test-call", "call"][..], &who].concat());
    let opened = screen(&[&["case", "open", "Near miss"][..], &who, &["The pilot saw it late"]].concat());
    let mut shown = filed + &called + &opened;
    let screens = [
        "channel",
        "health",
        "erase",
        "record",
        "doctor",
        "inbox",
        "case",
        "agenda",
        "channel dictate --store-is-newest",
        "notice list",
        "protect list",
    ];
    for command in screens {
        let command: Vec<&str> = command.split(' ').chain(["--dir", &red]).collect();
        // That something waits for a person is no failure here.
        shown += &String::from_utf8(skypact(&command).stdout).unwrap();
    }
    let (bundle, frames) = (page("red.bundle"), page("red.frames"));
    shown += &screen(&["channel", "export-frames", "--dir", &red, "--out", &frames, "--all", "--store-is-newest"]);
    shown += &screen(&["export-bundle", "--dir", &red, "--out", &bundle]);
    shown += &String::from_utf8(skypact(&["verify", &bundle]).stdout).unwrap();
    for said in ["1 case open", "1 notice, ", "of 1 test call "] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert_eq!(one_as_several(&shown), [""; 0], "{shown}");
}

#[test]
fn an_id_of_another_kind_of_thing_is_answered_with_what_it_is() {
    let ground = Ground::new("screens-kinds");
    pact(&ground);
    let red = ground.path("red");
    let _node = Node::start(&red);
    let times = ["--from", "2099-04-07T09:00:00Z", "--until", "2099-04-07T11:00:00Z"];
    let who = ["--dir", &red, "--officer", "Duty officer"];
    let placed = |words: &[&str]| {
        let placed = succeed(&[words, &who].concat());
        placed[0]["leaf"].as_str().unwrap()[..10].to_owned()
    };
    let notice = placed(&[&["notice", "file"][..], &WHERE, &times].concat());
    let call = placed(&["test-call", "call"]);
    let case = placed(&["case", "open", "Near miss", "The pilot saw it late"]);
    let told = |words: &[&str]| refuse(&[words, &who].concat(), 2, "id-unknown");
    let accept = told(&["conflicts", "accept", &notice]);
    let begin =
        format!("id: no proposal has an id that begins with {notice}; 'skypact conflicts' shows those there are");
    assert_eq!(accept, format!("{begin}. It is the id of a notice: 'skypact notice list'"));
    assert!(told(&["notice", "end", &call]).ends_with(". It is the id of a test call: 'skypact test-call'"));
    assert!(told(&["stop", "heard", &case]).ends_with(". It is the id of a case: 'skypact case list'"));
    assert!(told(&["commitment", "find", &case, "kept"]).ends_with("a case: 'skypact case list'"), "without --channel");
    let nothing = told(&["ack", "0123456789"]);
    assert!(nothing.ends_with("'skypact inbox' shows those there are"), "{nothing}");
}
