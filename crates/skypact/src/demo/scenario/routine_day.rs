//! Scenario 1. RED KOBALT 21: ROZ, 20 NM radius, FL180-FL240, 0900-1100. BLUE tanker HUSKY 61, FL200-FL260, overlaps 4,000 ft for
//! 40 minutes. BLUE proposes FL250-FL270. Both sign within 12 minutes.

use super::Scene;
use super::scene::{Fact, item, leaf};
use crate::command::CliError;

pub(super) async fn play(quiet: bool) -> Result<Vec<Fact>, CliError> {
    let mut scene = Scene::open("routine-day", "2017-04-12T07:00:00Z", 60, quiet).await?;
    let began_ns = scene.stage.now_ns();
    let here = ["notice", "file", "--circle", "35.2854,40.1760,20NM"];
    let roz = ["--call-sign", "KOBALT 21", "--lower", "FL180", "--upper", "FL240"];
    let roz_time = ["--from", "2017-04-12T09:00:00Z", "--until", "2017-04-12T11:00:00Z"];
    scene.does("RED", &[&here[..], &roz, &roz_time].concat())?;
    let tanker = ["--call-sign", "HUSKY 61", "--lower", "FL200", "--upper", "FL260"];
    let tanker_time = ["--from", "2017-04-12T10:20:00Z", "--until", "2017-04-12T12:00:00Z"];
    let husky = leaf(&scene.does("BLUE", &[&here[..], &tanker, &tanker_time].concat())?);

    let conflict = |scene: &Scene, party: &str| scene.asks(party, &["conflicts"]);
    let found = scene
        .until(|scene| {
            Ok(["RED", "BLUE"].iter().all(|party| {
                conflict(scene, party).is_ok_and(|(code, view)| {
                    code == 10 && view["conflicts"][0]["filed"] == serde_json::json!([true, true])
                })
            }))
        })
        .await?;
    scene.fact("both nodes found the conflict, and each recorded it", found);
    let (red, blue) = (conflict(&scene, "RED")?.1, conflict(&scene, "BLUE")?.1);
    scene.fact(
        "it is the same conflict on both sides",
        red["conflicts"][0]["versions"] == blue["conflicts"][0]["versions"],
    );
    let window = |field: &str| red["conflicts"][0][field].as_i64().unwrap_or_default();
    scene.fact("they overlap for 40 minutes", window("end_ns") - window("start_ns") == 40 * 60 * 1_000_000_000);

    let level = ["conflicts", "level", &husky[..10], "--lower", "FL250", "--upper", "FL270"];
    let proposal = leaf(&scene.does("BLUE", &level)?);
    let told =
        scene.until(|scene| Ok(scene.asks("RED", &["inbox"])?.1["proposals"][0]["id"] == proposal.as_str())).await?;
    scene.fact("RED's inbox shows the proposal", told);
    scene.does("RED", &["conflicts", "accept", &proposal[..10]])?;
    let accepted = scene
        .until(|scene| Ok(scene.asks("BLUE", &["inbox"])?.1["proposals"][0]["accepted_by"] == "Red duty officer"))
        .await?;
    scene.fact("BLUE sees that RED's officer signed the exact proposal", accepted);
    scene.does("BLUE", &["conflicts", "apply", &proposal[..10]])?;
    let clear = scene
        .until(|scene| Ok(["RED", "BLUE"].iter().all(|party| conflict(scene, party).is_ok_and(|(code, _)| code == 0))))
        .await?;
    scene.fact("both sides are CLEAR", clear);
    let minutes = (scene.stage.now_ns() - began_ns) / 60_000_000_000;
    scene.fact("both signed within 12 minutes", minutes <= 12);
    scene.does("RED", &["ack", "--all"])?;
    let read = scene
        .until(|scene| {
            let notices = scene.asks("BLUE", &["notice", "list"])?.1;
            Ok(item(&notices, "call_sign", "HUSKY 61")["read_back_by"] == "Red duty officer")
        })
        .await?;
    scene.fact("RED's officer read HUSKY 61 back", read);
    scene.close()
}
