//! Scenario 5. Three vehicles over 28 km depart at 2200. RED's command has the plan, its drone cell has not: an alarm two hours
//! before. An amendment reopens the receipts.

use super::Scene;
use super::scene::{Fact, item, leaf};
use crate::command::{CliError, time_ns};

pub(super) async fn play(quiet: bool) -> Result<Vec<Fact>, CliError> {
    let mut scene = Scene::open("convoy", "2024-04-01T19:50:00Z", 60, quiet).await?;
    // 28 km along the coast road.
    let route = "31.5100,34.4400 31.4170,34.3400 31.3280,34.2500";
    let convoy = ["protect", "Relief convoy, three vehicles", "--corridor", route, "--width", "400m"];
    let how = ["--verification", "cross-checked", "--markings", "logo on the roofs", "--contact", "+000 00 0000"];
    let when = ["--from", "2024-04-01T22:00:00Z", "--until", "2024-04-01T23:30:00Z"];
    let id = leaf(&scene.does("BLUE", &[&convoy[..], &how, &when].concat())?);
    let arrived =
        scene.until(|scene| Ok(item(&scene.asks("RED", &["notice", "list"])?.1, "id", &id)["stands"] == true)).await?;
    scene.fact("RED has the plan of the convoy", arrived);
    scene.does("RED", &["ack", "--all"])?;
    scene.does("RED", &["unit", "name", &id[..10], "COMMAND", "DRONE CELL"])?;
    scene.does("RED", &["unit", "applied", &id[..10], "COMMAND", "--person", "Maj. One"])?;
    let units = |scene: &Scene, party: &str| -> Result<serde_json::Value, CliError> {
        Ok(item(&scene.asks(party, &["unit"])?.1, "id", &id)["units"].clone())
    };
    let named = scene
        .until(|scene| {
            let units = units(scene, "BLUE")?;
            Ok(item(&units, "unit", "COMMAND")["reach"] == "applied"
                && item(&units, "unit", "DRONE CELL")["reach"] == "named")
        })
        .await?;
    scene.fact("the notifier sees by name which unit has it and which has not", named);
    let quiet_before = scene.asks("RED", &["unit"])?.0 == 0;
    let quiet_before = quiet_before && scene.stage.now_ns() < time_ns("clock", "2024-04-01T20:00:00Z")?;
    scene.fact("no alarm before two hours to departure", quiet_before);
    scene.passes(time_ns("clock", "2024-04-01T20:00:05Z")?, 0).await;
    scene.fact("at two hours the gap is an alarm at RED", scene_alarm(&scene)?);
    scene.does("RED", &["unit", "applied", &id[..10], "DRONE CELL", "--person", "Sgt. Two"])?;
    scene.fact("with both units it is none", !scene_alarm(&scene)?);

    let amended =
        ["protect", "Relief convoy, three vehicles", "--change", &id[..10], "--corridor", route, "--width", "400m"];
    let later = ["--from", "2024-04-01T21:50:00Z", "--until", "2024-04-01T23:30:00Z"];
    scene.does("BLUE", &[&amended[..], &later].concat())?;
    let reopened = scene
        .until(|scene| {
            let units = units(scene, "RED")?;
            Ok(["COMMAND", "DRONE CELL"].iter().all(|unit| item(&units, "unit", unit)["reach"] == "named"))
        })
        .await?;
    scene.fact("an amendment reopens every receipt", reopened && scene_alarm(&scene)?);
    let unread = item(&scene.asks("BLUE", &["notice", "list"])?.1, "id", &id)["read_back_by"].is_null();
    scene.fact("and it has to be read back again", unread);
    scene.close()
}

fn scene_alarm(scene: &Scene) -> Result<bool, CliError> {
    Ok(scene.asks("RED", &["unit"])?.0 == 1)
}
