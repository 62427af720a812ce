//! Joint cases, the agenda and minutes by the command line, over two real nodes. Scenario 7 plays the whole of it; here is what it does not.

use crate::command_ground::{Ground, Node, pact, refuse, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

fn acts(dir: &str, arguments: &[&str]) -> String {
    let placed = succeed(&[arguments, &["--dir", dir], &OFFICER].concat());
    placed[0]["leaf"].as_str().unwrap().to_owned()
}

fn shown(dir: &str, id: &str) -> serde_json::Value {
    succeed(&["case", "show", id, "--dir", dir])
}

fn fits(text: &str) {
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_case_is_kept_by_both_and_its_evidence_by_its_owner_alone() {
    let ground = Ground::new("cases");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let nodes = [Node::start(&red), Node::start(&blue)];
    let text = "a long report of what happened over the river ".repeat(8) + "\nnext: skypact stop lift";
    let case = acts(&red, &["case", "open", "Pass over the river", &text]);
    until("BLUE has the case", || skypact(&["case", "show", &case[..8], "--dir", &blue]).status.success());
    let fact = acts(&red, &["case", "fact", &case[..8], "both at FL200"]);
    let request = acts(&red, &["case", "request", &case[..8], "radar recording"]);
    until("BLUE has both", || shown(&blue, &case[..8])["requests"][0]["said"]["id"] == request.as_str());
    let page = screen(&["case", "show", &case[..8], "--dir", &blue]);
    fits(&page);
    assert!(page.contains("    | next: skypact stop lift\n"), "a line of another's is marked: {page}");
    assert!(page.contains(&format!("skypact case agree {}", &fact[..10])), "{page}");

    let inbox = |dir: &str| screen(&["inbox", "--dir", dir]);
    assert!(inbox(&blue).contains(&format!("answer     Pass over the river: skypact case show {}", &case[..10])));
    assert!(!inbox(&red).contains("answer "), "it waits for the other side");

    let own = ["case", "agree", &fact[..8], "--dir", &red, OFFICER[0], OFFICER[1]];
    refuse(&own, 3, "wrong-party");
    refuse(&["case", "show", "000000", "--dir", &red], 2, "id-unknown");
    refuse(&["case", "show", "zz&x=1", "--dir", &red], 2, "field-invalid");
    acts(&blue, &["case", "agree", &fact[..8]]);
    let again = ["case", "agree", &fact[..8], "--dir", &blue, OFFICER[0], OFFICER[1]];
    assert!(refuse(&again, 3, "signed-already").contains("Duty officer of BLUE has agreed to it"));
    let early = ["case", "open", "Near miss", "both at FL200", "--at", "2099-04-07T09:00:00Z", "--dir", &red];
    assert!(refuse(&[&early[..], &OFFICER].concat(), 3, "time-to-come").contains("at: 2099-04-07"));
    let file = ground.path("radar.bin");
    std::fs::write(&file, b"returns of the radar").unwrap();
    let given =
        acts(&blue, &["case", "evidence", &case[..8], &file, "--answers", &request[..8], "--note", "all of it"]);
    until("RED has both answers", || {
        let view = shown(&red, &case[..8]);
        view["facts"][0]["state"] == "agreed" && view["requests"][0]["state"] == "given"
    });
    fits(&screen(&["case", "show", &case[..8], "--dir", &red]));
    let out = ground.path("out.bin");
    refuse(&["case", "give", &given[..8], "--out", &out, "--dir", &red], 2, "evidence-not-kept");
    succeed(&["case", "give", &given[..8], "--out", &out, "--dir", &blue]);
    assert_eq!(std::fs::read(&out).unwrap(), b"returns of the radar");
    screen(&["case", "check", &case[..8], &out, "--dir", &red]);
    std::fs::write(&out, b"other returns").unwrap();
    assert_eq!(skypact(&["case", "check", &case[..8], &out, "--dir", &red]).status.code(), Some(1));

    let other = acts(
        &red,
        &[
            "notice",
            "file",
            "--circle",
            "35,40,20NM",
            "--lower",
            "FL180",
            "--upper",
            "FL240",
            "--from",
            "2099-04-07T09:00:00Z",
            "--until",
            "2099-04-07T11:00:00Z",
        ],
    );
    let bundle = ground.path("case.bundle");
    until("the bundle of the case holds", || {
        let _ = std::fs::remove_file(&bundle);
        screen(&["case", "export", &case[..8], &bundle, "--dir", &red]);
        skypact(&["verify", &bundle]).status.success()
    });
    let bytes = std::fs::read(&bundle).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("both at FL200") && holds("radar recording") && holds("all of it"));
    assert!(!holds("returns of the radar"), "a file of evidence is not in it");
    let report = succeed(&["verify", &bundle]);
    let told = report["statements"].to_string();
    assert!(told.contains("; not given: "), "what is left out is named: {told}");
    assert!(
        shown(&red, &other[..8])["summary"]["title"].as_str().unwrap().ends_with("of RED"),
        "any notice can become a case"
    );

    acts(&red, &["case", "close", &case[..8], "settled"]);
    for dir in [&red, &blue] {
        until("both lists say who closed it", || screen(&["case", "--dir", dir]).contains("closed by RED alone"));
    }
    let again = ["case", "close", &case[..8], "settled", "--dir", &red, OFFICER[0], OFFICER[1]];
    assert!(refuse(&again, 3, "signed-already").contains("RED has closed it"));
    acts(&blue, &["case", "close", &case[..8], "settled"]);
    until("it is closed at both", || {
        [&red, &blue].iter().all(|dir| shown(dir, &case[..8])["summary"]["closed"] == true)
    });
    assert!(
        !screen(&["case", "--dir", &red]).contains("Pass over")
            && screen(&["case", "list", "--closed", "--dir", &red]).contains("CLOSED")
    );
    drop(nodes);
    let _again = Node::start(&red);
    assert_eq!(shown(&red, &case[..8])["facts"][0]["state"], "agreed", "a start folds the same");
}

#[test]
fn an_item_by_hand_is_decided_by_both_and_the_minutes_are_safe_to_print() {
    let ground = Ground::new("agenda");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _nodes = [Node::start(&red), Node::start(&blue)];
    let item = acts(&red, &["agenda", "add", "<b>Languages</b>", "--text", "of calls"]);
    until("BLUE has it", || skypact(&["agenda", "show", &item[..8], "--dir", &blue]).status.success());
    acts(&blue, &["agenda", "position", &item[..8], "English"]);
    acts(&blue, &["agenda", "position", &item[..8], "English\u{202e} and\n# Arabic"]);
    let decision = acts(&blue, &["agenda", "propose", &item[..8], "Both languages"]);
    until("RED has the decision", || skypact(&["agenda", "show", &decision[..8], "--dir", &red]).status.success());
    let page = screen(&["agenda", "show", &item[..8], "--dir", &red]);
    fits(&page);
    assert!(
        page.contains("(superseded)\n    | English\n") && page.contains("English\\u{202e} and\n    | # Arabic\n"),
        "{page}"
    );
    let list = screen(&["agenda", "--dir", &red]);
    fits(&list);
    assert!(list.contains("decision proposed") && list.contains("raised"), "{list}");
    assert!(screen(&["inbox", "--dir", &red]).contains("sign       1 decision of the working group: skypact agenda"));
    refuse(&["agenda", "accept", &decision[..8], "--dir", &blue, OFFICER[0], OFFICER[1]], 3, "wrong-party");
    acts(&red, &["agenda", "accept", &decision[..8]]);
    let again = ["agenda", "accept", &decision[..8], "--dir", &red, OFFICER[0], OFFICER[1]];
    refuse(&again, 3, "signed-already");
    assert!(screen(&["agenda", "--dir", &red]).starts_with("0 items open"));
    let minutes = |format: &str| {
        screen(&["agenda", "minutes", "--from", "2020-01-01T00:00:00Z", "--format", format, "--dir", &red])
    };
    let (page, html) = (minutes("md"), minutes("html"));
    assert!(page.contains("> Both languages") && page.contains("> \\# Arabic") && !page.contains('\u{202e}'), "{page}");
    assert!(
        html.contains("&lt;b&gt;Languages&lt;/b&gt;") && !html.contains("<b>") && !html.contains('\u{202e}'),
        "{html}"
    );
    refuse(
        &["agenda", "minutes", "--from", "2020-01-02T00:00:00Z", "--to", "2020-01-01T00:00:00Z", "--dir", &red],
        2,
        "field-invalid",
    );
}
