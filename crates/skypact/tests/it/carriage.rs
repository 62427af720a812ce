//! Two real nodes between which nothing but files goes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use skypact::http::client::LocalClient;
use skypact::http::views::ChannelView;

use crate::command::file;
use crate::command_ground::{Ground, Node, pact, refuse, skypact, succeed};

const FROM: &str = "2099-04-07T09:00:00Z";
const UNTIL: &str = "2099-04-07T11:00:00Z";

/// Parties of whom neither knows where the other is.
fn apart(name: &str) -> Ground {
    let ground = Ground::new(name);
    pact(&ground);
    for party in ["red", "blue"] {
        let config = Path::new(&ground.path(party)).join("node.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let (before, after) = text.split_once("[counterparts]\n").unwrap();
        let (_, after) = after.split_once('\n').unwrap();
        std::fs::write(config, format!("{before}[counterparts]\n{after}")).unwrap();
    }
    ground
}

pub(crate) fn view(dir: &str) -> ChannelView {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = LocalClient::new(Path::new(dir).join("api.sock"));
    runtime.block_on(client.get("/v1/channels/east-river")).unwrap()
}

/// Size of a party's routine log at a node, and how much of it the other one signed for.
fn routine(dir: &str, party: &str) -> (u64, Option<u64>) {
    let logs = view(dir).logs;
    let log = logs.iter().find(|log| log.origin.contains(party) && log.origin.ends_with("/routine")).unwrap();
    (log.size, log.delivered)
}

fn export(dir: &str, out: &str, more: &[&str]) -> serde_json::Value {
    succeed(&[&["channel", "export-frames", "--dir", dir, "--out", out, "--force"], more].concat())
}

/// What `skypact conflicts` says; its exit code is that of a conflict.
fn conflicts(dir: &str) -> serde_json::Value {
    let output = skypact(&["conflicts", "--dir", dir, "--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn import(dir: &str, file: &str) -> serde_json::Value {
    succeed(&["channel", "import-frames", "--dir", dir, file])
}

#[test]
fn a_notice_is_delivered_and_a_conflict_found_by_files_alone() {
    let ground = apart("carriage");
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let (out, back) = (ground.path("for-blue"), ground.path("for-red"));
    let (_red, blue_node) = (Node::start(&red), Node::start(&blue));
    let placed = succeed(&file(&red, "FL180", FROM, UNTIL));
    let hound = succeed(&file(&blue, "FL200", FROM, UNTIL));

    let unasked = ["channel", "export-frames", "--dir", &red, "--out", &out];
    assert!(refuse(&unasked, 3, "counterpart-unheard").contains("--store-is-newest"));
    assert!(!Path::new(&out).exists(), "nothing is left of what was refused");
    let written = succeed(&[&unasked[..], &["--store-is-newest"]].concat());
    assert_eq!((&written["entries"], &written["more"]), (&3.into(), &false.into()), "{written}");
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    refuse(&[&unasked[..], &["--store-is-newest"]].concat(), 2, "file-exists");

    let taken = import(&blue, &out);
    assert_eq!((&taken["entries"], &taken["is_fresh"]), (&3.into(), &false.into()), "{taken}");
    assert_eq!(import(&blue, &out)["entries"], 3, "again is no harm");
    assert_eq!(routine(&blue, "red.example").0, 2);
    // BLUE is killed and starts: what it took is there, its receipt with it, and the conflict that it found is filed once.
    drop(blue_node);
    let _blue = Node::start(&blue);
    assert_eq!(conflicts(&blue)["conflicts"][0]["filed"], serde_json::json!([true, false]), "BLUE's node has filed it");
    export(&blue, &back, &["--answers-only"]);
    assert_eq!(routine(&red, "red.example"), (2, Some(0)));
    let receipts = import(&red, &back);
    // The restart forgot RED's question, but a receipt is a receipt.
    assert_eq!((&receipts["answers"], &receipts["is_fresh"]), (&2.into(), &false.into()), "{receipts}");
    assert_eq!(routine(&red, "red.example"), (2, Some(2)), "delivered");

    import(&blue, &out);
    export(&blue, &back, &["--store-is-newest"]);
    assert_eq!(import(&red, &back)["is_fresh"], true);
    // From here on both ask nobody.
    export(&red, &out, &[]);
    import(&blue, &out);
    export(&blue, &back, &[]);
    import(&red, &back);
    for dir in [&red, &blue] {
        let listed = succeed(&["notice", "list", "--dir", dir]);
        let ids: Vec<_> = listed.as_array().unwrap().iter().map(|notice| notice["id"].clone()).collect();
        assert!(ids.contains(&placed[0]["leaf"]) && ids.contains(&hound[0]["leaf"]), "{listed}");
        let view = view(dir);
        assert_eq!((view.open_conflicts, view.anomalies), (1, Vec::new()));
    }
    for dir in [&red, &blue] {
        assert_eq!(conflicts(dir)["conflicts"][0]["filed"], serde_json::json!([true, true]));
    }
    for (dir, party) in [(&red, "red.example"), (&blue, "blue.example")] {
        // An anchor of what the last file brought is not delivered yet.
        let (_, delivered) = routine(dir, party);
        assert!(delivered >= Some(3), "the notice and the conflict of {party} are");
    }
}

#[test]
fn a_file_that_is_not_taken_says_why_and_a_part_goes_on_where_the_last_one_ended() {
    let ground = apart("carriage-refused");
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let (out, bad) = (ground.path("for-blue"), ground.path("bad"));
    let (_red, _blue) = (Node::start(&red), Node::start(&blue));
    succeed(&file(&red, "FL180", FROM, UNTIL));
    succeed(&file(&red, "FL190", FROM, UNTIL));
    export(&red, &out, &["--store-is-newest"]);
    refuse(&["channel", "import-frames", "--dir", &red, &out], 2, "frames-not-for-this-party");
    refuse(&["channel", "import-frames", "--dir", &blue, &ground.path("nothing")], 2, "file-unusable");
    let proposal = ground.path("proposal.toml");
    refuse(&["channel", "import-frames", "--dir", &blue, &proposal], 2, "frames-file-unknown");
    refuse(
        &["channel", "export-frames", "--dir", &red, "--out", &bad, "--from", "9", "--store-is-newest"],
        2,
        "field-invalid",
    );

    let bytes = std::fs::read(&out).unwrap();
    let mut damaged = bytes.clone();
    let last = damaged.len() - 100;
    damaged[last] ^= 1;
    std::fs::write(&bad, damaged).unwrap();
    let message = refuse(&["channel", "import-frames", "--dir", &blue, &bad], 2, "frames-file-damaged");
    assert!(message.contains("nothing of it was taken"), "{message}");
    assert_eq!(routine(&blue, "red.example").0, 0);
    std::fs::write(&bad, &bytes[..bytes.len() - 10]).unwrap();
    refuse(&["channel", "import-frames", "--dir", &blue, &bad], 2, "frames-file-truncated");
    assert_eq!(routine(&blue, "red.example").0, 0);
    let partly = ["channel", "import-frames", "--dir", &blue, &bad, "--intact-part"];
    assert!(refuse(&partly, 2, "frames-file-truncated").contains("2 frames"));
    assert_eq!(routine(&blue, "red.example").0, 3, "what was intact");

    succeed(&file(&red, "FL200", FROM, UNTIL));
    succeed(&file(&red, "FL210", FROM, UNTIL));
    export(&red, &out, &["--from", "4", "--store-is-newest"]);
    assert!(refuse(&["channel", "import-frames", "--dir", &blue, &out], 3, "frame-gap").contains("send from 3"));
    let parts = export(&red, &bad, &["--from", "3", "--store-is-newest", "--bytes-max", "1000"]);
    assert_eq!((&parts["more"], &parts["frames"]), (&true.into(), &0.into()), "no room for one frame");
    assert_eq!(import(&blue, &bad)["more"], true);
    export(&red, &out, &["--all", "--store-is-newest"]);
    import(&blue, &out);
    assert_eq!(routine(&blue, "red.example").0, 5);
    assert_eq!(skypact(&["channel", "export-frames", "--all", "--from", "1", "--out", &bad]).status.code(), Some(2));
}
