//! Scenario 4. BLUE announces an activity that takes effect in 50 s, where the pact asks for 10 minutes: it is LATE on both
//! sides, by what the witness saw, and stays so. RED has an aircraft on its way 35 km off shore that it did not notify: its own
//! machine flags it at once, and nothing of that leaves.

use super::Scene;
use super::scene::{Fact, item, leaf};
use crate::command::{CliError, time_text};

pub(super) async fn play(quiet: bool) -> Result<Vec<Fact>, CliError> {
    let mut scene = Scene::open("fifty-seconds", "2018-09-17T18:59:00Z", 1, quiet).await?;
    let start_ns = scene.stage.now_ns() + 50_000_000_000;
    let (from, until) = (time_text(start_ns), time_text(start_ns + 1_800_000_000_000));
    let inbound =
        ["plan", "keep", "IL 20", "--call-sign", "inbound", "--corridor", "35.90,35.30 35.40,35.60", "--width", "10km"];
    let levels = ["--lower", "5000ft AMSL", "--upper", "16000ft AMSL", "--from", &from, "--until", &until];
    scene.does("RED", &[&inbound[..], &levels].concat())?;
    let strike = ["notice", "file", "--call-sign", "HUSKY 61", "--circle", "35.55,35.70,25km"];
    let when = ["--lower", "0ft AMSL", "--upper", "FL300", "--from", &from, "--until", &until];
    let id = leaf(&scene.does("BLUE", &[&strike[..], &when].concat())?);
    let late = scene
        .until(|scene| {
            Ok(["RED", "BLUE"].iter().all(|party| {
                scene
                    .asks(party, &["notice", "list"])
                    .is_ok_and(|(_, notices)| item(&notices, "id", &id)["timeliness"] == "LATE")
            }))
        })
        .await?;
    scene.fact("the notice is LATE on both sides, by what the witness saw", late);
    let flagged = scene
        .until(|scene| Ok(scene.asks("RED", &["plan", "check"])?.1["plans"][0]["conflicts"][0] == id.as_str()))
        .await?;
    scene.fact("RED's own aircraft, never notified, is flagged at RED", flagged);
    let silent = scene.asks("BLUE", &["notice", "list"])?.1.as_array().map_or(0, Vec::len) == 1
        && scene.asks("RED", &["conflicts"])?.1["conflicts"].as_array().is_some_and(Vec::is_empty);
    scene.fact("and nothing of it is in any log", silent);
    let lead = |scene: &Scene, party: &str| -> Result<i64, CliError> {
        Ok(item(&scene.asks(party, &["notice", "list"])?.1, "id", &id)["lead_ns"].as_i64().unwrap_or_default())
    };
    let (red, blue) = (lead(&scene, "RED")?, lead(&scene, "BLUE")?);
    scene.fact("both count the same warning, below 51 s", red == blue && red < 51_000_000_000);
    scene.does("BLUE", &["notice", "activate", &id[..10]])?;
    scene.does("RED", &["ack", "--all"])?;
    let stays = scene
        .until(|scene| {
            let notices = scene.asks("BLUE", &["notice", "list"])?.1;
            let notice = item(&notices, "id", &id);
            Ok(notice["act"] == "activated"
                && notice["read_back_by"] == "Red duty officer"
                && notice["timeliness"] == "LATE")
        })
        .await?;
    scene.fact("neither a new version nor a read-back takes the mark away", stays);
    scene.close()
}
