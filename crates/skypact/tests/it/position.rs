//! A position in several forms at the command line: what agrees, what stops a notice before it is signed, what is forced.

use crate::command_ground::{Ground, Node, pact, refuse, screen, skypact, succeed};

/// Arguments that file a notice around a centre, with more after them.
fn file<'a>(dir: &'a str, footprint: [&'a str; 2], more: &[&'a str]) -> Vec<&'a str> {
    let who = ["notice", "file", "--dir", dir, "--officer", "Duty officer", "--upper", "FL240"];
    let when = ["--from", "2099-04-07T09:00:00Z", "--until", "2099-04-07T11:00:00Z"];
    [&who[..], &when[..], &footprint[..], more].concat()
}

#[test]
fn every_form_of_a_position_is_shown_and_held_against_each_other() {
    let shown = succeed(&["position", "35.2854N 040.1760E", "441LL19", "Deir ez-Zor"]);
    let first = &shown["statements"][0];
    assert_eq!((&first["mgrs"], &first["gars"]), (&"37SFV0694005327".into(), &"441LL19".into()));
    assert_eq!((&first["lat_e9"], &first["lng_e9"]), (&35_285_400_000_i64.into(), &40_176_000_000_i64.into()));
    assert_eq!(first["degrees_minutes_seconds"], "35 17 07.4N 040 10 33.6E");
    assert_eq!(first["bearing_and_distance"].as_str().unwrap().split(' ').next(), Some("OSDZ"));
    assert_eq!(shown["statements"][2]["read_as"], "the town served by OSDZ Deir ez-Zor Airport, SY");
    assert_eq!((&shown["agree"], &shown["tolerance_mm"]), (&true.into(), &100_000.into()));

    let output = skypact(&["position", "35.2854N 040.2750E", "441LL19"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{page}");
    assert!(page.contains("DISAGREE: 35.2854N 040.2750E (latitude and longitude) and 441LL19 (GARS)\n"), "{page}");
    assert!(page.contains("  their areas are 2.27 km (1.23 NM) apart, their middles 6.10 km (3.30 NM)\n"), "{page}");

    let page = screen(&["position", "--altitude", "5000ft AMSL", "--altitude", "FL180", "441LL19"]);
    assert!(page.contains("5000 ft AMSL (1524 m) is 524 to 2524 m pressure altitude"), "{page}");
    assert!(page.contains("FL180 is 4486 to 6487 m AMSL (pressure margin of the pact: 1000 m)"), "{page}");
    assert!(page.contains("m W84 (pressure margin of the pact: 1000 m; geoid "), "{page}");
}

#[test]
fn a_mistyped_position_gets_an_answer_that_says_what_to_write() {
    assert!(refuse(&["position", "35.2854,40.1760"], 2, "hemisphere-missing").contains("35.2854N 040.1760E"));
    assert!(refuse(&["position", "FV0694005327"], 2, "mgrs-zone-missing").contains("37SFV0694005327"));
    assert!(refuse(&["position", "--altitude", "5000ft", "441LL19"], 2, "field-invalid").contains("AMSL"));
    assert!(refuse(&["position"], 2, "arguments-invalid").contains("TEXT"));
    refuse(&[&["position"][..], &["441LL19"; 9][..]].concat(), 2, "position-too-many");
    refuse(&["position", "--pact", "no-such.pact", "441LL19"], 2, "file-unusable");
}

#[test]
fn a_notice_nine_kilometres_off_is_stopped_before_it_is_signed_and_can_be_forced() {
    let ground = Ground::new("nine-kilometres");
    pact(&ground);
    let red = ground.path("red");
    let _node = Node::start(&red);
    let off = ["--circle", "35.2854,40.0770,5NM"];
    let message = refuse(&file(&red, off, &["--position", "35.2854N 040.1760E"]), 3, "position-disagrees");
    assert!(message.contains("centre of the circle at 35.285400N 040.077000E"), "{message}");
    assert!(message.contains("9.00 km (4.86 NM)") && message.contains("--force-position"), "{message}");
    for form in ["441LL19", "37SFV0694005327", "OSDZ"] {
        refuse(&file(&red, off, &["--position", form]), 3, "position-disagrees");
    }
    let polygon = ["--polygon", "35.2854,40.0770 35.2,40.2 35.4,40.2"];
    let message = refuse(&file(&red, polygon, &["--position", "441LL19"]), 3, "position-disagrees");
    assert!(message.contains("first point of the polygon"), "{message}");
    let corridor = ["--corridor=35.2854,40.0770 35.2,40.2", "--width=1NM"];
    let message = refuse(&file(&red, corridor, &["--position", "441LL19"]), 3, "position-disagrees");
    assert!(message.contains("first point of the corridor"), "{message}");
    refuse(&file(&red, off, &["--position", "35.2854 40.1760"]), 2, "hemisphere-missing");
    refuse(&file(&red, off, &["--force-position"]), 2, "arguments-invalid");
    refuse(&file(&red, off, &["--position=441LL19"].repeat(8)), 2, "position-too-many");
    assert_eq!(succeed(&["notice", "list", "--dir", &red]), serde_json::json!([]), "nothing was signed");

    let right = ["--circle", "35.2854,40.1760,5NM"];
    succeed(&file(&red, right, &["--position", "441LL19", "--position", "37SFV0694005327"]));
    let output = skypact(&file(&red, off, &["--position", "441LL19", "--force-position"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("warning[position-forced]"), "{said}");
    assert!(said.contains("note: 441LL19 (GARS) is 11.9"), "{said}");
    assert_eq!(succeed(&["notice", "list", "--dir", &red]).as_array().unwrap().len(), 2);

    std::fs::remove_file(ground.path("red/pacts/east-river.pact")).unwrap();
    refuse(&file(&red, right, &["--position", "441LL19"]), 2, "pact-missing");
}
