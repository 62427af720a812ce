//! A DSS whose clock is set back: what was recorded stays, a little is bridged, and more is told and recorded nowhere.

use serde_json::json;
use skypact::clock::{NodeClock, now_utc_ns};
use skypact::dss::{Client, DssError, Front};
use skypact_dss::{Answer, Operation, Query, QueryAnswer, Scopes, Target};

use crate::command_ground::Ground;
use crate::dss_seat::{change, seated};

const SECOND_NS: i64 = 1_000_000_000;

fn arbiter() -> Client {
    let scopes = Scopes::parse("utm.availability_arbitration utm.strategic_coordination");
    Client { manager: "arbiter".to_owned(), token_id: None, scopes }
}

async fn set_down(front: &Front, uss: &str) -> Result<Answer, DssError> {
    let (operation, target) = (Operation::SetUssAvailability, Target { id: uss.to_owned(), version: None });
    let body = json!({ "availability": "Down", "old_version": "" }).to_string().into_bytes();
    change(front, arbiter(), operation, target, body).await
}

/// Runs a DSS over the directory by this clock.
async fn with_clock<T>(ground: &Ground, start_ns: i64, ask: impl AsyncFnOnce(Front) -> T) -> T {
    seated(ground.path("dss").as_ref(), NodeClock::exercise(start_ns, 1), ask).await.unwrap()
}

#[tokio::test]
async fn a_clock_that_jumps_back_records_nothing_until_it_is_near_the_log_again_and_loses_nothing() {
    let (ground, now_ns) = (Ground::new("dss-clock"), now_utc_ns());
    with_clock(&ground, now_ns, async |front| set_down(&front, "first").await).await.unwrap();

    let (refused, held) = with_clock(&ground, now_ns - 60 * SECOND_NS, async |front| {
        let refused = set_down(&front, "second").await;
        (refused, front.query(arbiter(), Query::UssAvailability("first".to_owned())).await.unwrap())
    })
    .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), "clock-behind");
    assert!(refused.to_string().contains("59 s behind") || refused.to_string().contains("60 s behind"), "{refused}");
    let QueryAnswer::UssAvailability(held) = held else { panic!("another answer: {held:?}") };
    assert_ne!(held.version, "", "what was recorded is there");

    // F3548 lets clocks differ by 5 s: that much is bridged, and the log's times do not go back.
    with_clock(&ground, now_ns - 3 * SECOND_NS, async |front| {
        set_down(&front, "second").await.unwrap();
        assert_eq!(front.size(), Some(2), "the refused one is nowhere");
    })
    .await;
    let bundle = ground.path("dss.bundle");
    let dir = ground.path("dss");
    assert_eq!(crate::dss_http::run(&["dss", "export", "--dir", &dir, "--out", &bundle]).0, 0);
    let (code, report) = crate::dss_http::run(&["verify", &bundle]);
    assert_eq!((code, &report["entries"]), (0, &json!(2)), "{report}");
}
