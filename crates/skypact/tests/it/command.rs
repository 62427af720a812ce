//! The command line as people and scripts meet it: real processes, exit codes, messages.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::storage_disk::Mounted;

/// A directory of one test, removed at its end.
pub(crate) struct Ground(pub(crate) PathBuf);

impl Ground {
    pub(crate) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("skypact-command-{name}-{}", std::process::id()));
        // Leftovers of a run that was killed.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn skypact(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_skypact")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn succeed(arguments: &[&str]) -> serde_json::Value {
    let output = skypact(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "skypact {}: {stderr}", arguments.join(" "));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// The error that a command must end with: exit code and stable code.
pub(crate) fn refuse(arguments: &[&str], exit: i32, code: &str) -> String {
    let output = skypact(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "skypact {}: {stderr}", arguments.join(" "));
    let error: serde_json::Value = serde_json::from_str(stderr.trim()).unwrap_or_default();
    assert_eq!(error["code"], code, "{stderr}");
    error["message"].as_str().unwrap_or_default().to_owned()
}

/// Two parties with a pact in force; RED's node is ready to run.
pub(crate) fn pact(ground: &Ground) {
    let (red, blue, proposal) = (ground.path("red"), ground.path("blue"), ground.path("proposal.toml"));
    let init = |dir: &str, party: &str, prefix: &str, listen: &str| {
        let officer = ["--officer", "Duty officer", "--officer", "Night officer", "--listen", listen];
        succeed(&[&["--json", "init", "--dir", dir, "--party", party, "--prefix", prefix], &officer[..]].concat());
    };
    init(&red, "RED", "red.example", "127.0.0.1:0");
    init(&blue, "BLUE", "blue.example", "127.0.0.1:0");
    let card = ground.path("blue/party.card");
    succeed(&["--json", "pact", "propose", "--dir", &red, "--with", &card, "--name", "east-river", "--out", &proposal]);
    succeed(&["--json", "pact", "sign", "--dir", &blue, &proposal]);
    succeed(&["--json", "pact", "sign", "--dir", &red, &proposal]);
}

/// A node as a process, ended with SIGKILL when it is dropped.
pub(crate) struct Node(pub(crate) Child);

impl Node {
    pub(crate) fn start(dir: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_skypact"))
            .args(["serve", "--dir", dir])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = Self(child);
        for _ in 0..500 {
            if std::os::unix::net::UnixStream::connect(Path::new(dir).join("api.sock")).is_ok() {
                return node;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("the node did not answer within 10 s");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const WHERE: &str = "35.2854,40.1760,20NM";

pub(crate) fn file<'a>(dir: &'a str, lower: &'a str, from: &'a str, until: &'a str) -> Vec<&'a str> {
    let who = ["--json", "notice", "file", "--dir", dir, "--officer", "Duty officer", "--call-sign", "KOBALT 21"];
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
    refuse(&["--json", "notice", "list", "--dir", &red], 4, "node-not-reachable");
    let _node = Node::start(&red);
    let listed = succeed(&["--json", "notice", "list", "--dir", &red]);
    assert_eq!(listed[0]["id"], placed[0]["leaf"]);
    assert_eq!(listed[0]["call_sign"], "KOBALT 21");
    let id = listed[0]["id"].as_str().unwrap();
    succeed(&["--json", "notice", "cancel", "--dir", &red, "--officer", "Duty officer", &id[..8]]);
    refuse(&["--json", "notice", "end", "--dir", &red, "--officer", "Duty officer", &id[..8]], 3, "notice-over");
}

#[test]
fn a_full_disk_stops_the_node_cleanly_and_it_goes_on_when_there_is_space() {
    let ground = Ground::new("full");
    let disk = PathBuf::from(ground.path("red"));
    std::fs::create_dir(&disk).unwrap();
    std::fs::set_permissions(&disk, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let Some(_mounted) = Mounted::new(&disk, "4m") else { return };
    pact(&ground);
    let red = ground.path("red");
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    let mut node = Node::start(&red);
    let notice = file(&red, "FL180", "2099-04-07T09:00:00Z", "2099-04-07T11:00:00Z");
    let mut filed = Vec::new();
    let refused = loop {
        let output = skypact(&notice);
        if !output.status.success() {
            break output;
        }
        let placed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        filed.push(placed[0]["leaf"].as_str().unwrap().to_owned());
        assert!(filed.len() < 2_000, "1 MiB never fills");
    };
    let error: serde_json::Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!((refused.status.code(), &error["code"]), (Some(5), &serde_json::json!("store-full")), "{error}");
    assert!(!filed.is_empty());
    assert_eq!(node.0.wait().unwrap().code(), Some(5), "it ends by itself, as one whose disk failed");
    std::fs::remove_file(ballast).unwrap();
    let _node = Node::start(&red);
    let listed = succeed(&["--json", "notice", "list", "--dir", &red]);
    let listed: Vec<&str> = listed.as_array().unwrap().iter().map(|notice| notice["id"].as_str().unwrap()).collect();
    assert!(filed.iter().all(|id| listed.contains(&id.as_str())), "{} filed, {} listed", filed.len(), listed.len());
    assert_eq!(listed.len(), filed.len(), "nothing half written");
    succeed(&notice);
    let bundle = ground.path("red.bundle");
    succeed(&["--json", "export-bundle", "--dir", &red, "--out", &bundle]);
    // Nobody has received anything, so not all is proven; but nothing is false.
    let report: serde_json::Value = serde_json::from_slice(&skypact(&["--json", "verify", &bundle]).stdout).unwrap();
    assert_eq!((&report["faults"], report["entries"].as_u64()), (&serde_json::json!([]), Some(filed.len() as u64 + 3)));
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
    let again = ["--json", "init", "--dir", &red, "--party", "RED", "--prefix", "red.example"];
    refuse(&again, 2, "file-unusable");
    refuse(&["--json", "pact", "show", &ground.path("nothing.pact")], 2, "file-unusable");
    assert_eq!(skypact(&["no-such-command"]).status.code(), Some(2));
    assert_eq!(skypact(&["--help"]).status.code(), Some(0));
}

#[test]
fn the_demonstration_holds_and_a_flipped_byte_of_its_evidence_is_found() {
    let ground = Ground::new("demo");
    let result = succeed(&["--json", "demo", "--dir", &ground.path("stage")]);
    assert_eq!(result["aircraft"], 17);
    assert_eq!(result["notices"], 299, "297 legs and the two notices of scenario 1");
    assert_eq!(result["acknowledged"], 299);
    assert_eq!(result["conflicts_identical"], true);
    assert_eq!((&result["encounters"], &result["encounters_missed"]), (&29.into(), &0.into()));
    assert_eq!(result["scenario_1_settled"], true);
    for bundle in result["bundles"].as_array().unwrap() {
        let path = bundle.as_str().unwrap();
        assert_eq!(succeed(&["--json", "verify", path])["holds"], true);
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
