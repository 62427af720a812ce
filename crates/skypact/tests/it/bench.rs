//! The measurements run to their end on a small scale, and what they count is what they were asked for. Figures are judged by people.

use crate::command_ground::{Ground, refuse, screen, succeed};

fn positive(figures: &serde_json::Value, name: &str) {
    assert!(figures[name].as_f64().is_some_and(|figure| figure > 0.0), "{name}: {figures}");
}

#[test]
fn appends_are_measured_and_a_bundle_is_verified() {
    let ground = Ground::new("bench-record");
    let dir = ground.path("");
    let figures = succeed(&["bench", "record", "--writers", "8", "--appends", "40", "--entries", "24", "--dir", &dir]);
    assert_eq!((&figures["appends"], &figures["bundle_entries"]), (&40.into(), &24.into()), "{figures}");
    for name in ["appends_per_s", "append_p50_ms", "hashing_share_pct", "verify_s", "sync_p50_ms", "bundle_mb"] {
        positive(&figures, name);
    }
    let bytes = figures["entry_bytes"].as_f64().unwrap();
    assert!(bytes > 450.0, "{figures}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "nothing is left behind");
    refuse(&["bench", "record", "--writers", "0"], 2, "field-invalid");
}

#[test]
fn a_channel_catches_up_after_a_partition() {
    let figures = succeed(&["bench", "channel", "--outstanding", "60", "--count", "3"]);
    // Four entries 0, three notices one by one, three of each party, and the rest; conflicts are two entries each. What nodes say of heads comes
    // on top.
    let conflicts = figures["conflicts"].as_u64().unwrap();
    assert!(figures["entries"].as_u64().unwrap() >= 4 + 3 + 2 * 3 + 60 + 2 * conflicts, "{figures}");
    for name in ["receipted_p50_ms", "cosigned_p50_ms", "anchored_p50_ms", "filed_s", "caught_up_s"] {
        positive(&figures, name);
    }
}

#[test]
fn a_stop_is_called_under_load() {
    let sizes = ["--active", "20", "--count", "3", "--stops", "3", "--rate", "50"];
    let figures = succeed(&[&["bench", "stop"][..], &sizes].concat());
    assert_eq!((&figures["active"], &figures["stops"]), (&20.into(), &3.into()), "{figures}");
    for name in ["filed_p50_ms", "alarmed_p50_ms", "alarmed_max_ms", "load_each_second"] {
        positive(&figures, name);
    }
    refuse(&["bench", "stop", "--rate", "0"], 2, "field-invalid");
}

#[test]
fn the_agenda_of_a_year_is_asked_for() {
    let figures = succeed(&["bench", "agenda", "--entries", "4000"]);
    assert!(figures["entries"].as_u64().unwrap() >= 4_000, "{figures}");
    // Of 20 notices one is late, of 50 one is not read, and some STOPs have no last word in time.
    for name in ["notices", "cases", "items", "agenda_p50_ms", "cases_p50_ms", "minutes_p50_ms", "health_p50_ms"] {
        positive(&figures, name);
    }
    assert!(figures["items"].as_u64() > figures["cases"].as_u64(), "{figures}");
    refuse(&["bench", "agenda", "--entries", "5"], 2, "field-invalid");
}

#[test]
fn figures_are_of_no_exercise_though_the_nodes_under_test_run_on_a_clock_that_was_set() {
    let shown = screen(&["bench", "notice", "--count", "2"]);
    assert!(shown.lines().all(|line| line.split_whitespace().count() == 2), "{shown}");
}
