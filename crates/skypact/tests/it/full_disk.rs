//! A full disk under a running node: real processes, one of them with its directory on a file system of a few megabytes.
//! Skipped where a file system cannot be mounted, except in continuous integration, where that is a failure.

use std::collections::BTreeSet;
use std::path::Path;

use crate::command_ground::{Ground, Node, pact, proven, refuse, skypact, succeed, until};
use crate::storage_ground::Mounted;

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

/// A notice of many volumes, some 20 kB on the disk.
fn large_notice(ground: &Ground) -> String {
    let volume = |place: usize| {
        let points: Vec<String> = (0..40)
            .map(|point| format!("{:.4},{:.4}", 35.0 + 0.01 * f64::from(point), 40.0 + 0.001 * place as f64))
            .collect();
        serde_json::json!({
            "corridor": points.join(" "), "width": "5NM", "lower": "FL180", "upper": "FL240",
            "from": "2099-04-07T12:00:00Z", "until": "2099-04-07T13:00:00Z",
        })
    };
    let notice = serde_json::json!({ "class": "manned", "volumes": (0..32).map(volume).collect::<Vec<_>>() });
    let path = ground.path("large.json");
    std::fs::write(&path, notice.to_string()).unwrap();
    path
}

/// A directory of a node on a file system of 6 MiB, half of it taken by a file that can be deleted.
fn small_disk(dir: &str) -> Option<(Mounted, String)> {
    std::fs::create_dir(dir).unwrap();
    let mounted = Mounted::new(Path::new(dir), "6m")?;
    let ballast = format!("{dir}/ballast");
    std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    Some((mounted, ballast))
}

fn file<'a>(dir: &'a str, notice: &'a str) -> Vec<&'a str> {
    [&["notice", "file", "--dir", dir, "--file", notice][..], &OFFICER].concat()
}

/// Ids of the notices that a node shows.
fn notices(dir: &str) -> BTreeSet<String> {
    let listed = succeed(&["notice", "list", "--dir", dir]);
    listed.as_array().unwrap().iter().map(|notice| notice["id"].as_str().unwrap().to_owned()).collect()
}

/// Entries of RED's routine log, by `field`, as a node shows them.
fn of_reds_log(dir: &str, field: &str) -> u64 {
    let output = skypact(&["--json", "conflicts", "--dir", dir]);
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let logs = shown["logs"].as_array().cloned().unwrap_or_default();
    let log = logs.iter().find(|log| {
        log["origin"].as_str().unwrap().starts_with("red.example/")
            && log["origin"].as_str().unwrap().ends_with("/routine")
    });
    log.and_then(|log| log[field].as_u64()).unwrap_or(0)
}

/// Both nodes hold the same notices, and what they say about it is proven.
fn agreed_and_proven(ground: &Ground, expected: &BTreeSet<String>) {
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    until("everything is delivered", || of_reds_log(&red, "delivered") == of_reds_log(&red, "size"));
    for dir in [&red, &blue] {
        assert_eq!(notices(dir), *expected);
        proven(dir, &format!("{dir}.bundle"));
    }
}

#[test]
fn a_node_whose_disk_is_full_refuses_a_filing_stops_and_has_all_it_acknowledged_when_it_is_back() {
    let ground = Ground::new("full-disk");
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let Some((_mounted, ballast)) = small_disk(&red) else { return };
    pact(&ground);
    let large = large_notice(&ground);
    let (node, counterpart) = (Node::start(&red), Node::start(&blue));
    let placed = succeed(&file(&red, &large));
    let mut acknowledged = BTreeSet::from([placed[0]["leaf"].as_str().unwrap().to_owned()]);
    until("the first one is delivered", || of_reds_log(&red, "delivered") == of_reds_log(&red, "size"));
    // From here on only filings write, so that it is one of them that meets the end of the disk.
    drop(counterpart);
    let message = loop {
        let output = skypact(&[&["--json"], &file(&red, &large)[..]].concat());
        if !output.status.success() {
            let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
            assert_eq!((output.status.code(), &error["code"]), (Some(5), &"store-full".into()), "{error}");
            break error["message"].as_str().unwrap().to_owned();
        }
        let placed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        acknowledged.insert(placed[0]["leaf"].as_str().unwrap().to_owned());
        assert!(acknowledged.len() < 1_000, "6 MiB never fill");
    };
    assert!(message.contains("nothing was recorded") && message.contains("free space"), "{message}");
    let (exit, error) = node.ended();
    assert_eq!((exit, &error["code"]), (Some(5), &"store-full".into()), "{error}");
    assert!(!Path::new(&red).join("api.sock").exists(), "a node that ended leaves no socket behind");
    refuse(&file(&red, &large), 4, "node-not-reachable");
    std::fs::remove_file(ballast).unwrap();
    assert_eq!(succeed(&["doctor", "--dir", &red])["sound"], true);
    let _nodes = [Node::start(&red), Node::start(&blue)];
    assert_eq!(notices(&red), acknowledged, "all that was acknowledged, and nothing else");
    let placed = succeed(&file(&red, &large));
    acknowledged.insert(placed[0]["leaf"].as_str().unwrap().to_owned());
    agreed_and_proven(&ground, &acknowledged);
}

#[test]
fn a_counterpart_whose_disk_is_full_has_signed_for_no_entry_that_it_does_not_hold() {
    let ground = Ground::new("full-mirror");
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let Some((_mounted, ballast)) = small_disk(&blue) else { return };
    pact(&ground);
    let large = large_notice(&ground);
    let (node, mut counterpart) = (Node::start(&red), Some(Node::start(&blue)));
    let mut acknowledged = BTreeSet::new();
    while counterpart.as_mut().is_some_and(Node::runs) {
        let placed = succeed(&file(&red, &large));
        acknowledged.insert(placed[0]["leaf"].as_str().unwrap().to_owned());
        assert!(acknowledged.len() < 1_000, "6 MiB never fill");
    }
    let (exit, error) = counterpart.take().unwrap().ended();
    assert_eq!((exit, &error["code"]), (Some(5), &"store-full".into()), "{error}");
    let signed = of_reds_log(&red, "delivered");
    assert!(signed > 1 && signed < of_reds_log(&red, "size"), "{signed} entries delivered");
    drop(node);

    std::fs::remove_file(ballast).unwrap();
    let _blue = Node::start(&blue);
    assert!(of_reds_log(&blue, "size") >= signed, "what was signed for is there");
    let _red = Node::start(&red);
    agreed_and_proven(&ground, &acknowledged);
}
