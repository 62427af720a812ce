//! Scenario 8. Suspended on 7 April, resumed on 12 April: protected sites and STOP remain, nothing new binds the parties, and the
//! logs are continuous from before to after.

use super::Scene;
use super::scene::{Fact, item, leaf};
use crate::command::{CliError, time_ns};

pub(super) async fn play(quiet: bool) -> Result<Vec<Fact>, CliError> {
    let mut scene = Scene::open("suspension", "2017-04-07T03:40:00Z", 60, quiet).await?;
    let site = ["protect", "Hospital at Kafr", "--circle", "35.2854,40.1760,500m", "--verification", "visited"];
    let always = ["--from", "2017-04-01T00:00:00Z", "--until", "2018-04-01T00:00:00Z"];
    let hospital = leaf(&scene.does("BLUE", &[&site[..], &always].concat())?);
    let known = scene
        .until(|scene| Ok(item(&scene.asks("RED", &["notice", "list"])?.1, "id", &hospital)["stands"] == true))
        .await?;
    scene.fact("the hospital is known to RED before the suspension", known);
    scene.does("RED", &["channel", "suspend", "--reason", "strike of 6 April"])?;
    let suspension = |scene: &Scene, party: &str| -> Result<serde_json::Value, CliError> {
        Ok(scene.asks(party, &["channel"])?.1["suspension"].clone())
    };
    let told =
        scene.until(|scene| Ok(suspension(scene, "BLUE")?["suspensions"][0]["reason"] == "strike of 6 April")).await?;
    scene.fact("BLUE knows who suspended the channel, and why", told);

    let file = [
        "notice",
        "file",
        "--call-sign",
        "HUSKY 61",
        "--circle",
        "36.5,41.0,5NM",
        "--lower",
        "FL200",
        "--upper",
        "FL220",
    ];
    let when = ["--from", "2017-04-20T09:00:00Z", "--until", "2017-04-20T10:00:00Z"];
    let during = leaf(&scene.does("BLUE", &[&file[..], &when].concat())?);
    let stop = leaf(&scene.does("BLUE", &["stop", "call", "shelling of the hospital", "--notice", &hospital[..10]])?);
    let heard = scene.until(|scene| Ok(scene.asks("RED", &["stop"])?.1[0]["id"] == stop.as_str())).await?;
    scene.does("RED", &["stop", "ceased", &stop[..10]])?;
    let answered = scene.until(|scene| Ok(scene.asks("BLUE", &["stop"])?.0 == 0)).await?;
    scene.fact("a STOP for the hospital passes while suspended, and is answered", heard && answered);
    let marks = item(&scene.asks("RED", &["notice", "list"])?.1, "id", &hospital)["stands"] == true;
    scene.fact("the hospital stays on the map", marks);

    scene.tell("five days pass");
    scene.stage.jump(time_ns("clock", "2017-04-12T16:00:00Z")?)?;
    scene.is_up().await?;
    scene.fact("still suspended: no machine resumes by itself", !suspension(&scene, "RED")?.is_null());
    scene.does("RED", &["channel", "resume"])?;
    let ready = scene.until(|scene| Ok(suspension(scene, "BLUE")?["resumed"] == serde_json::json!(["RED"]))).await?;
    scene.fact("one party alone does not resume", ready && !suspension(&scene, "RED")?.is_null());
    scene.does("BLUE", &["channel", "resume"])?;
    let resumed = scene
        .until(|scene| {
            let view = |party: &str| scene.asks(party, &["channel"]).map(|(_, view)| view);
            Ok([view("RED")?, view("BLUE")?].iter().all(|view| view["epoch"] == 2 && view["suspension"].is_null()))
        })
        .await?;
    scene.fact("both nodes found the same logs and opened epoch 2", resumed);
    let marked = |scene: &Scene, id: &str| -> Result<bool, CliError> {
        Ok(item(&scene.asks("RED", &["notice", "list"])?.1, "id", id)["in_suspension"] == true)
    };
    let kept = marked(&scene, &during)? && !marked(&scene, &hospital)?;
    scene.fact("what was filed in between keeps its mark", kept);
    scene.close()
}
