//! Two real nodes that are told that their link is slow.

use std::path::Path;

use skypact::http::client::LocalClient;
use skypact::http::views::{ChannelView, LogView};

use crate::cable::Cable;
use crate::command::file;
use crate::command_ground::{Ground, Node, pact, refuse, succeed, until};

const FROM: &str = "2099-04-07T09:00:00Z";
const UNTIL: &str = "2099-04-07T11:00:00Z";
/// Fast enough for a test: what is counted is bytes.
const LINK: &str = "bit_per_s = 200000";

fn tell(dir: &str, counterpart: &str, link: &str) {
    let config = Path::new(dir).join("node.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(config, format!("{text}\n[links.{counterpart}]\n{link}\n")).unwrap();
}

fn are_delivered(dir: &str) -> bool {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = LocalClient::new(Path::new(dir).join("api.sock"));
    let view: ChannelView = runtime.block_on(client.get("/v1/channels/east-river")).unwrap();
    let is_delivered = |log: &LogView| log.delivered.is_none_or(|delivered| delivered == log.size);
    view.connected && view.logs.iter().all(is_delivered)
}

#[test]
fn a_stop_takes_few_bytes_and_what_has_no_short_form_goes_in_full() {
    let ground = Ground::new("slow-link");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let [out, _back] = [Cable::lay(&red), Cable::lay(&blue)];
    tell(&red, "BLUE", LINK);
    tell(&blue, "RED", LINK);
    let (_red, _blue) = (Node::start(&red), Node::start(&blue));
    until("they have found each other", || are_delivered(&red) && are_delivered(&blue));
    let before = out.bytes();
    succeed(&["stop", "call", "--dir", &red, "--officer", "Duty officer", "KOBALT 21"]);
    until("BLUE has signed for the STOP", || are_delivered(&red));
    let bytes = out.bytes() - before;
    // 240 in one record of TLS; header and body in one each would be 262.
    assert!((150..250).contains(&bytes), "{bytes}");

    let corner = |turn: u32| {
        let (sin, cos) = (f64::from(turn) * std::f64::consts::TAU / 450.0).sin_cos();
        format!("{:.6},{:.6}", 0.2f64.mul_add(sin, 35.0), 0.2f64.mul_add(cos, 40.0))
    };
    let corners = (0..450).map(corner).collect::<Vec<_>>().join(" ");
    let mut notice = file(&red, "FL180", FROM, UNTIL);
    let place = notice.iter().position(|word| *word == "--circle").unwrap();
    (notice[place], notice[place + 1]) = ("--polygon", &corners);
    let filed = succeed(&notice);
    until("BLUE has signed for the notice", || are_delivered(&red));
    let listed = succeed(&["notice", "list", "--dir", &blue]);
    assert_eq!(listed[0]["id"], filed[0]["leaf"]);
}

#[test]
fn a_link_to_nobody_is_refused() {
    let ground = Ground::new("slow-link-nobody");
    pact(&ground);
    let red = ground.path("red");
    tell(&red, "BLEU", LINK);
    let told = refuse(&["serve", "--dir", &red], 5, "file-unusable");
    assert!(told.contains("links.BLEU") && told.contains("no counterpart"), "{told}");
}

#[test]
fn a_link_without_a_rate_is_refused() {
    let ground = Ground::new("slow-link-refused");
    pact(&ground);
    let red = ground.path("red");
    tell(&red, "BLUE", "bit_per_s = 0");
    assert!(refuse(&["serve", "--dir", &red], 2, "file-unusable").contains("nonzero"));
}
