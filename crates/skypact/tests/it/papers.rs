//! Notices out of papers and into them, by real processes: all or nothing, and what is protected is in none.

use std::fs;

use crate::command_ground::{Ground, Node, WHERE, pact, refuse, screen, skypact, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];
const HEADER: &str = "notice,class,call_sign,contact,shape,points,radius,width,lower,upper,from,until";

fn row(call_sign: &str, upper: &str, until: &str) -> String {
    format!(",manned,{call_sign},,circle,\"35.2854,40.1760\",20NM,,FL180,{upper},2099-04-07T09:00:00Z,{until}")
}

#[test]
fn a_paper_goes_in_whole_or_not_at_all_and_comes_out_the_same() {
    let ground = Ground::new("papers");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _node = Node::start_at(&red, "2099-04-07T00:00:00Z");
    let _other = Node::start_at(&blue, "2099-04-07T00:00:00Z");
    let run = |arguments: Vec<String>| skypact_of(&arguments);
    let listed = |dir: &str| succeed(&["notice", "list", "--dir", dir]).as_array().unwrap().len();

    let paper = ground.path("day.csv");
    let good = row("KOBALT 21", "FL240", "2099-04-07T11:00:00Z");
    let bad = [row("HUSKY 61", "240", "2099-04-07T11:00:00Z"), row("LATE 1", "FL240", "2098-04-07T11:00:00Z")];
    let over = row("OVER 1", "FL240", "2099-04-06T09:00:00Z").replace("2099-04-07T09", "2099-04-05T09");
    fs::write(&paper, [HEADER, &good, &bad[0], &bad[1], &over, ""].join("\n")).unwrap();
    let arguments = import(&red, &paper, &[]);
    let message = refuse(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), 2, "bad-items");
    for told in
        ["3 faults, nothing was imported", "line 3: upper: '240' needs a datum", "line 4: until:", "line 5: until:"]
    {
        assert!(message.contains(told), "{message}");
    }
    assert_eq!(listed(&red), 0, "nothing went in");
    assert_eq!(run(import(&red, &paper, &["--skip-bad", "--dry-run"])).status.code(), Some(1));
    assert_eq!(listed(&red), 0, "a dry run signs nothing");
    let output = run(import(&red, &paper, &["--skip-bad"]));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "something was left out: {text}");
    assert!(text.contains("left out for 3 faults") && text.contains("imported 1 notice as entry"), "{text}");
    assert_eq!(listed(&red), 1);

    // BLUE files into it, and its import cites what it has seen.
    until("BLUE sees RED's notice", || listed(&blue) == 1);
    fs::write(&paper, [HEADER, &row("HUSKY 61", "FL260", "2099-04-07T10:00:00Z"), &good, ""].join("\n")).unwrap();
    let shown = run(import(&blue, &paper, &[]));
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success() && text.contains("2 in conflict with notices of RED"), "{text}");
    let conflicts = succeed_whatever(&["conflicts", "--dir", &blue]);
    assert!(!conflicts.contains("UNSEEN"), "{conflicts}");

    // What is protected is in no export; the others come back as they were.
    let site = ["protect", "Hospital", "--dir", &red, "--circle", "35.0,40.0,300m", "--verification", "visited"];
    let times = ["--from", "2099-04-07T00:00:00Z", "--until", "2099-05-07T00:00:00Z"];
    let site = [&site[..], &OFFICER, &times].concat();
    let protected = skypact(&site);
    assert!(protected.status.success(), "{}", String::from_utf8_lossy(&protected.stderr));
    for format in ["csv", "geojson", "kml"] {
        let out = ground.path(&format!("out.{format}"));
        let output = skypact(&["notice", "export", "--dir", &red, "--format", format, "--out", &out]);
        assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("left out: 1 protected"));
        let text = fs::read_to_string(&out).unwrap();
        assert!(text.contains("KOBALT 21") && !text.contains("Hospital"), "{text}");
        let again = run(import(&red, &out, &["--dry-run"]));
        assert!(String::from_utf8_lossy(&again.stdout).contains("1 notice would be imported"));
    }
    as_an_order(&ground, &red);
    without_a_notice(&ground, &red);
    let export = ["notice", "export", "--dir", &red, "--format", "notam"];
    assert!(refuse(&export, 2, "fir-missing").contains("--fir OSTT"));
    let draft = skypact(&[&export[..], &["--fir", "OSTT"]].concat());
    assert!(draft.status.success() && String::from_utf8_lossy(&draft.stderr).contains("left out: 1 protected"));
    let text = String::from_utf8(draft.stdout).unwrap();
    assert!(text.starts_with("DRAFT, NOT A NOTAM") && text.contains("\nC) 9904071100\n"), "{text}");
    assert!(
        text.contains("/QRACA/IV/BO/W/180/240/") && !text.contains("KOBALT") && !text.contains("HOSPITAL"),
        "{text}"
    );
    assert!(screen(&[&export[..], &["--fir", "OSTT", "--with-call-sign"]].concat()).contains("KOBALT 21"));
    let read = import(&red, "day.notam", &[]);
    let message = refuse(&read.iter().map(String::as_str).collect::<Vec<_>>(), 2, "field-invalid");
    assert!(message.contains("a NOTAM draft is written, not read"), "{message}");
    assert!(screen(&["notice", "template"]).starts_with("notice,party,class"));
    let template = ground.path("template.csv");
    fs::write(&template, screen(&["notice", "template"])).unwrap();
    let arguments = import(&red, &template, &[]);
    refuse(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), 2, "bad-items");
    let filed = skypact(
        &[
            &["notice", "file", "--dir", &red][..],
            &OFFICER,
            &WHERE,
            &["--from", "2099-04-07T12:00:00Z", "--until", "2099-04-07T13:00:00Z"],
        ]
        .concat(),
    );
    assert!(filed.status.success(), "the node is as it was");
    let drafted = screen(&[&export[..], &["--fir", "OSTT"]].concat());
    let id = drafted.split("NOTICE ").nth(1).unwrap()[..10].to_lowercase();
    succeed(&[&["notice", "cancel", "--dir", &red, &id][..], &OFFICER].concat());
    refuse(&[&export[..], &["--fir", "OSTT", &id]].concat(), 2, "notice-over");
}

fn import(dir: &str, file: &str, more: &[&str]) -> Vec<String> {
    [&["notice", "import", "--dir", dir, file][..], &OFFICER, more].concat().iter().map(ToString::to_string).collect()
}

fn skypact_of(arguments: &[String]) -> std::process::Output {
    skypact(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn as_an_order(ground: &Ground, red: &str) {
    // An order is coarser: what it says otherwise is told, and it holds all that the notice does.
    let order = ground.path("out.aco");
    let output = skypact(&["notice", "export", "--dir", red, "--format", "aco", "--out", &order]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("positions to the second, and the area larger by it"), "{told}");
    let text = fs::read_to_string(&order).unwrap();
    assert!(text.contains("CALL-SIGN:KOBALT 21") && text.contains("EFFLEVEL/FLFL:FL180-FL240//"), "{text}");
    assert!(!text.contains("HOSPITAL"), "{text}");
    let again = skypact_of(&import(red, &order, &["--dry-run"]));
    assert!(String::from_utf8_lossy(&again.stdout).contains("1 notice would be imported"));
    let unmarked: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("AMPN") && !line.starts_with("CALL")).collect();
    fs::write(&order, unmarked.join("\n") + "\n").unwrap();
    let arguments = import(red, &order, &[]);
    let message = refuse(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), 2, "bad-items");
    assert!(message.contains("such as --class manned"), "{message}");
    let again = skypact_of(&import(red, &order, &["--dry-run", "--class", "manned"]));
    assert!(String::from_utf8_lossy(&again.stdout).contains("1 notice would be imported"));
}

fn without_a_notice(ground: &Ground, red: &str) {
    // A file without a notice is no day without flights.
    let csv = format!("{HEADER}\n");
    let empty = "MSGID/ACO/RED//\n";
    for (name, text, code) in [
        ("empty.csv", &*csv, "paper-empty"),
        ("empty.geojson", "{\"type\":\"FeatureCollection\",\"features\":[]}", "paper-empty"),
        ("empty.kml", "<kml><Document/></kml>", "paper-empty"),
        ("empty.aco", empty, "paper-empty"),
        ("none.kml", "notice,class\n", "paper-malformed"),
        ("none.geojson", "", "paper-malformed"),
        ("none.csv", "", "column-missing"),
        ("none.aco", "", "paper-malformed"),
    ] {
        let path = ground.path(name);
        fs::write(&path, text).unwrap();
        let arguments = import(red, &path, &[]);
        refuse(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), 2, code);
    }
}

/// What a command shows whose exit code says something.
fn succeed_whatever(arguments: &[&str]) -> String {
    String::from_utf8(skypact(arguments).stdout).unwrap()
}
