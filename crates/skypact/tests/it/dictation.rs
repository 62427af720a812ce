//! Two real nodes whose link is cut: a STOP and a notice go by voice, the receipts come back, and when the link is there again
//! nothing is twice.

use std::path::Path;

use skypact::http::client::LocalClient;
use skypact::http::views::{ChannelView, NoticeView};

use crate::cable::Cable;
use crate::command::file;
use crate::command_ground::{Ground, Node, bell, pact, refuse, skypact, succeed, until};

const FROM: &str = "2099-04-07T09:00:00Z";
const UNTIL: &str = "2099-04-07T11:00:00Z";
const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

/// Two parties whose nodes run, and the cables between them.
struct Pair {
    ground: Ground,
    red: String,
    blue: String,
    nodes: Vec<Node>,
    cables: [Cable; 2],
}

fn pair(name: &str) -> Pair {
    let ground = Ground::new(name);
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    bell(&blue, "command = [\"cat\"]");
    let cables = [Cable::lay(&red), Cable::lay(&blue)];
    let nodes = vec![Node::start(&red), Node::start(&blue)];
    Pair { ground, red, blue, nodes, cables }
}

impl Pair {
    /// Cuts the link when each side has said what it holds of the other.
    fn cut(&self) {
        until("the parties have signed for what there is", || {
            let views = [view(&self.red), view(&self.blue)];
            views.iter().all(|view| view.connected) && views.iter().flat_map(|view| &view.logs).all(is_delivered)
        });
        self.cables.iter().for_each(Cable::cut);
        until("both have noticed", || !view(&self.red).connected && !view(&self.blue).connected);
    }

    /// Has `to` write down what `from` dictates, and `from` the receipt; what was taken.
    fn tell(&self, from: &str, to: &str, id: &[&str]) -> serde_json::Value {
        let dictated = succeed(&[&["channel", "dictate", "--dir", from], id].concat());
        let taken = self.write_down(to, &dictated["lines"]);
        self.write_down(from, &taken["entry"]["answer"]);
        taken
    }

    /// Has `from` dictate what comes next until that was this entry: what nodes say of heads may stand before it.
    fn tell_up_to(&self, from: &str, to: &str, leaf: &str) -> serde_json::Value {
        for _ in 0..4 {
            let taken = self.tell(from, to, &[]);
            if taken["entry"]["entry"]["leaf"] == leaf {
                return taken;
            }
        }
        panic!("{leaf} does not come next");
    }

    /// What a command says that writes lines down.
    fn write_down(&self, dir: &str, lines: &serde_json::Value) -> serde_json::Value {
        succeed(&["channel", "write-down", "--dir", dir, &self.sheet(lines)])
    }

    /// A file with lines as they were heard: small letters, and a line left free.
    fn sheet(&self, lines: &serde_json::Value) -> String {
        let lines: Vec<&str> = lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let path = self.ground.path("sheet");
        std::fs::write(&path, format!("\n{}\n", lines.join("\n").to_lowercase())).unwrap();
        path
    }
}

fn view(dir: &str) -> ChannelView {
    get(dir, "")
}

fn get<T: serde::de::DeserializeOwned>(dir: &str, resource: &str) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = LocalClient::new(Path::new(dir).join("api.sock"));
    runtime.block_on(client.get(&format!("/v1/channels/east-river{resource}"))).unwrap()
}

fn is_delivered(log: &skypact::http::views::LogView) -> bool {
    log.delivered.is_none_or(|delivered| delivered == log.size)
}

/// Ids of STOPs that rang at a node.
fn rang(dir: &str) -> Vec<String> {
    let log = std::fs::read_to_string(Path::new(dir).join("alarms.log")).unwrap_or_default();
    let rings = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let rung = rings.filter(|ring| ring["alarm"]["event"] == "stop" && ring["outcome"] == "rung");
    rung.map(|ring| ring["alarm"]["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_stop_and_a_notice_go_by_voice_and_nothing_is_twice_when_the_link_is_back() {
    let mut pair = pair("dictation");
    let (red, blue) = (pair.red.clone(), pair.blue.clone());
    pair.cut();
    let filed = succeed(&file(&red, "FL180", FROM, UNTIL));
    let called = succeed(&[&["stop", "call", "--dir", &red][..], &OFFICER, &["KOBALT 21"]].concat());
    let (notice, stop) = (filed[0]["leaf"].as_str().unwrap(), called[0]["leaf"].as_str().unwrap());

    // The STOP first, though the notice is older.
    let taken = pair.tell(&red, &blue, &[]);
    assert_eq!((&taken["entry"]["entry"]["leaf"], &taken["entry"]["entry"]["kind"]), (&stop.into(), &"STOP".into()));
    assert_eq!(taken["entry"]["is_new"], true);
    until("it rings at BLUE", || rang(&blue).contains(&stop.to_owned()));
    let taken = pair.tell_up_to(&red, &blue, notice);
    assert_eq!(taken["entry"]["entry"]["kind"], "notice");
    let held: Vec<NoticeView> = get(&blue, "/notices");
    assert_eq!(held.iter().map(|notice| notice.id.as_str()).collect::<Vec<_>>(), [notice]);
    let held: Vec<NoticeView> = get(&red, "/notices");
    assert_eq!(held[0].delivered, Some(true), "RED has the receipt");

    // BLUE's officer answers, and reads the notice back, by voice too.
    let heard = succeed(&[&["stop", "heard", "--dir", &blue][..], &OFFICER, &[&stop[..8]]].concat());
    let read = succeed(&[&["ack", "--dir", &blue, "--all"][..], &OFFICER].concat());
    for said in [heard, read] {
        pair.tell_up_to(&blue, &red, said[0]["leaf"].as_str().unwrap());
    }
    let stops = skypact_json(&["stop", "--dir", &red]);
    assert_eq!(stops[0]["rungs"][0]["rung"], "heard", "{stops}");
    let held: Vec<NoticeView> = get(&red, "/notices");
    assert!(held[0].read_back_by.is_some(), "{held:?}");

    // What was taken is there after a crash, and again is no harm.
    pair.nodes.truncate(1);
    pair.nodes.push(Node::start(&blue));
    let again = pair.tell(&red, &blue, &[stop]);
    assert_eq!(again["entry"]["is_new"], false);

    pair.cables.iter().for_each(Cable::mend);
    until("the link is back, and all is signed for", || {
        let views = [view(&red), view(&blue)];
        views.iter().all(|view| view.connected) && views.iter().flat_map(|view| &view.logs).all(is_delivered)
    });
    // A node says a head now and then, which has to arrive first.
    until("RED has nothing left to say", || {
        let output = skypact(&["--json", "channel", "dictate", "--dir", &red]);
        String::from_utf8_lossy(&output.stderr).contains("nothing-to-dictate") && output.status.code() == Some(3)
    });
    for dir in [&red, &blue] {
        assert_eq!(view(dir).anomalies, Vec::<String>::new());
        let held: Vec<NoticeView> = get(dir, "/notices");
        assert!(held.len() == 1 && held[0].read_back_by.is_some(), "{held:?}");
        let stops = skypact_json(&["stop", "--dir", dir]);
        assert_eq!((stops.as_array().unwrap().len(), &stops[0]["calls"]), (1, &1.into()), "{stops}");
        let urgent = view(dir).logs.into_iter().filter(|log| log.origin.ends_with("/urgent")).map(|log| log.size);
        assert_eq!(urgent.collect::<Vec<_>>(), [2, 2], "the genesis and one entry each");
    }
}

/// What a command says whose exit code is that of an alarm.
fn skypact_json(arguments: &[&str]) -> serde_json::Value {
    let output = skypact(&[&["--json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_is_mistyped_or_does_not_fit_says_which_line_and_what_to_do() {
    let pair = pair("dictation-mistyped");
    let (red, blue) = (pair.red.clone(), pair.blue.clone());
    refuse(&["channel", "dictate", "--dir", &red, "notice"], 2, "id-unknown");
    refuse(&["channel", "dictate", "--dir", &red, "abcdef012345"], 2, "id-unknown");
    pair.cut();
    for what in ["KOBALT 21", "KOBALT 22"] {
        succeed(&[&["stop", "call", "--dir", &red][..], &OFFICER, &[what]].concat());
    }
    let stops = skypact_json(&["stop", "--dir", &red]);
    let ids = ["KOBALT 21", "KOBALT 22"].map(|what| {
        let stop = stops.as_array().unwrap().iter().find(|stop| stop["what"] == what).unwrap();
        stop["id"].as_str().unwrap().to_owned()
    });
    let lines = |id: &str| succeed(&["channel", "dictate", "--dir", &red, id])["lines"].clone();
    let (first, second) = (lines(&ids[0]), lines(&ids[1]));
    let says = |lines: &[&str], code: &str, exit: i32| {
        let path = pair.sheet(&serde_json::json!(lines));
        refuse(&["channel", "write-down", "--dir", &blue, &path], exit, code)
    };
    let good: Vec<&str> = first.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let slip = good[1].replace(' ', "").replacen('/', " / ", 1);
    assert!(says(&[good[0], &slip], "dictation-line", 2).contains("line 2: begin with its number"));
    assert!(says(&[good[0], good[2]], "dictation-line", 2).contains("line 2: this is line 3; ask for line 2"));
    let letter = if good[1].ends_with('A') { "B" } else { "A" };
    let slip = [&good[1][..good[1].len() - 1], letter].concat();
    assert!(says(&[good[0], &slip], "dictation-check", 2).contains("ask for line 2 again; nothing was taken"));
    assert!(says(&[good[0], &good[1].replace(' ', " 8")], "dictation-unreadable", 2).contains("line 2"));
    assert!(says(&[good[0], &good[1][..20]], "dictation-unreadable", 2).contains("line 2: has"));
    assert!(says(&good[..good.len() - 1], "dictation-incomplete", 2).contains("is missing"));
    assert!(says(&[], "dictation-incomplete", 2).contains("line 1"));
    assert!(says(&[&good[..], &["99/99 AAAA"]].concat(), "dictation-line", 2).contains("has ended"));
    refuse(&["channel", "write-down", "--dir", &blue, &pair.ground.path("nothing")], 2, "file-unusable");

    // Sound lines that do not fit: too early, at the wrong node, of no short form.
    let path = pair.sheet(&second);
    assert!(
        refuse(&["channel", "write-down", "--dir", &blue, &path], 3, "frame-gap").contains("have entry 1 sent first")
    );
    refuse(&["channel", "write-down", "--dir", &red, &path], 2, "short-form-own");
    let other = skypact_channel::dictate(b"\x01what is this?").unwrap();
    let other: Vec<&str> = other.iter().map(String::as_str).collect();
    says(&other, "frames-wrong-channel", 2);
    let other = skypact_channel::dictate(b"what is this?").unwrap();
    let other: Vec<&str> = other.iter().map(String::as_str).collect();
    says(&other, "short-form-malformed", 2);
    let urgent = view(&blue)
        .logs
        .into_iter()
        .find(|log| log.origin.starts_with("red.example") && log.origin.ends_with("/urgent"));
    assert_eq!(urgent.unwrap().size, 1, "nothing of it was taken");

    let taken = pair.write_down(&blue, &first);
    let answer = &taken["entry"]["answer"];
    let path = pair.sheet(answer);
    refuse(&["channel", "write-down", "--dir", &blue, &path], 2, "short-form-own");
    let stands = pair.write_down(&red, answer);
    assert_eq!((&stands["receipt"]["delivered"], &stands["receipt"]["size"]), (&2.into(), &3.into()), "{stands}");
}

#[test]
fn a_node_that_has_not_heard_what_is_held_dictates_only_on_an_officers_word() {
    let mut pair = pair("dictation-unheard");
    let red = pair.red.clone();
    pair.cut();
    pair.nodes.clear();
    pair.nodes.push(Node::start(&red));
    succeed(&[&["stop", "call", "--dir", &red][..], &OFFICER, &["KOBALT 21"]].concat());
    let dictate = ["channel", "dictate", "--dir", &red];
    assert!(refuse(&dictate, 3, "counterpart-unheard").contains("--store-is-newest"));
    let view = succeed(&[&dictate[..], &["--store-is-newest"]].concat());
    assert_eq!(view["entry"]["index"], 1);

    // Two hundred corners, in a notice that nobody could read out.
    let corner = |turn: u32| {
        let (sin, cos) = (f64::from(turn) * std::f64::consts::TAU / 200.0).sin_cos();
        format!("{:.6},{:.6}", 0.2f64.mul_add(sin, 35.0), 0.2f64.mul_add(cos, 40.0))
    };
    let corners = (0..200).map(corner).collect::<Vec<_>>().join(" ");
    let mut notice = file(&red, "FL180", FROM, UNTIL);
    let place = notice.iter().position(|word| *word == "--circle").unwrap();
    (notice[place], notice[place + 1]) = ("--polygon", &corners);
    let filed = succeed(&notice);
    let id = filed[0]["leaf"].as_str().unwrap();
    let long = [&dictate[..], &["--store-is-newest", id]].concat();
    assert!(refuse(&long, 3, "too-long-to-dictate").contains("export-frames"));
}
