//! Scenario 3. RED calls STOP at 1321:00 and the chair at BLUE is empty: the deputy is rung at 10 s, all consoles at 30 s, the
//! alternate site at 60 s; a hang-up in between loses nothing.

use super::Scene;
use super::scene::{Fact, leaf};
use crate::alarm::AlarmConfig;
use crate::command::{CliError, time_ns};
use crate::demo::stage::Setting;

pub(super) async fn play(quiet: bool) -> Result<Vec<Fact>, CliError> {
    let bell = |rung| AlarmConfig { rung, command: Some(vec!["cat".to_owned()]), webhook: None };
    let setting = Setting {
        clock_ns: time_ns("clock", "2017-04-12T13:20:30Z")?,
        speed: 10,
        pact: Vec::new(),
        alarms: [0, 1, 2, 3].map(bell).to_vec(),
    };
    let mut scene = Scene::of("empty-chair", setting, quiet).await?;
    scene.passes(time_ns("clock", "2017-04-12T13:21:00Z")?, 0).await;
    let called = scene.does("RED", &["stop", "call", "fire on the convoy", "--area", "35.2854,40.1760,3km"])?;
    let id = leaf(&called);
    let arrived = scene.until(|scene| Ok(scene.asks("BLUE", &["stop"])?.1[0]["id"] == id.as_str())).await?;
    scene.fact("the STOP is at BLUE", arrived);
    let watch = scene.asks("BLUE", &["watch"])?;
    scene.fact("BLUE's chair is empty, and the record says so", watch.0 == 1);

    let deputy = scene.until(|scene| Ok(rings(scene, &id).len() >= 2)).await?;
    scene.fact("the deputy is rung when nobody has answered for 10 s", deputy);
    scene.tell("BLUE's machine hangs up, and is called back");
    scene.stage.hang_up("blue");
    scene.stage.call_back("blue")?;
    scene.is_up().await?;
    let kept = scene.asks("BLUE", &["stop"])?.1;
    scene.fact("the hang-up lost nothing: the STOP still escalates", kept[0]["escalating"] == true);
    let all = scene.until(|scene| Ok(rings(scene, &id).iter().any(|ring| ring.1 >= 3))).await?;
    scene.fact("all consoles at 30 s and the alternate site at 60 s are rung", all);
    let first_ns = called_at(&scene, &id)?;
    let rung_s = [10, 30, 60];
    let in_time = rings(&scene, &id)
        .iter()
        .all(|(at_ns, rung)| *rung == 0 || at_ns - first_ns >= rung_s[*rung - 1] * 1_000_000_000);
    scene.fact("nobody was rung before the time", in_time);

    scene.does("BLUE", &["stop", "heard", &id[..10]])?;
    let (code, _) = scene.asks("BLUE", &["stop"])?;
    scene.fact("HEARD alone does not end it", code == 1);
    scene.does("BLUE", &["stop", "passed-to", &id[..10], "BATTERY 4"])?;
    scene.does("BLUE", &["stop", "ceased", &id[..10]])?;
    let ended = scene.until(|scene| Ok(scene.asks("RED", &["stop"])?.0 == 0)).await?;
    scene.fact("CEASED ends it, on RED's side too", ended);
    scene.does("RED", &["stop", "lift", &id[..10]])?;
    scene.close()
}

/// When BLUE's bells rang for a STOP, and at which rung, oldest first.
fn rings(scene: &Scene, id: &str) -> Vec<(i64, usize)> {
    let log = std::fs::read_to_string(scene.stage.node("BLUE").join("alarms.log")).unwrap_or_default();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let rung = lines.filter(|line| line["alarm"]["id"] == id && line["outcome"] == "rung");
    rung.filter_map(|line| {
        let rung = line["alarm"]["rung"].as_u64().and_then(|rung| usize::try_from(rung).ok());
        Some((line["at_ns"].as_i64()?, rung?))
    })
    .collect()
}

fn called_at(scene: &Scene, id: &str) -> Result<i64, CliError> {
    let stops = scene.asks("BLUE", &["stop"])?.1;
    Ok(super::scene::item(&stops, "id", id)["first_ns"].as_i64().unwrap_or_default())
}
