//! Scenario 2. The true point is 35.2854N 40.1760E (GARS 441LL19); the notice is 0.099 degrees off in longitude, 8.99 km. It is flagged
//! before it is signed; a forced one still shows the mismatch at RED.

use super::Scene;
use super::scene::{Fact, item, leaf};
use crate::command::CliError;

pub(super) async fn play(quiet: bool) -> Result<Vec<Fact>, CliError> {
    let mut scene = Scene::open("nine-kilometres", "2016-09-17T12:00:00Z", 10, quiet).await?;
    let wrong = ["notice", "file", "--call-sign", "HUSKY 61", "--circle", "35.2854,40.2750,1km"];
    let band = ["--lower", "0ft AMSL", "--upper", "FL200"];
    let when = ["--from", "2016-09-17T14:00:00Z", "--until", "2016-09-17T16:00:00Z"];
    let forms = ["--position", "37SFV0694005327", "--position", "441LL19"];
    let (code, refused) = scene.types("BLUE", &[&wrong[..], &band, &when, &forms].concat())?;
    let told = refused["message"].as_str().unwrap_or_default().to_owned();
    scene.fact("the notice is stopped before it is signed", code == 3 && refused["code"] == "position-disagrees");
    scene.fact(
        "the officer is told how far it is off, in km and NM",
        told.contains("9.0") && told.contains("(4.86 NM)"),
    );
    let empty = scene.asks("RED", &["notice", "list"])?.1.as_array().is_some_and(Vec::is_empty);
    scene.fact("nothing of it was filed", empty);

    let forced = scene.does("BLUE", &[&wrong[..], &band, &when, &forms, &["--force-position"]].concat())?;
    let id = leaf(&forced);
    let arrived = scene
        .until(|scene| {
            let notices = scene.asks("RED", &["notice", "list"])?.1;
            Ok(item(&notices, "id", &id)["position_forms"].as_array().map(Vec::len) == Some(2))
        })
        .await?;
    scene.fact("the forced notice comes with the forms that disagree", arrived);
    let shown = scene.reads("RED", &["inbox"])?;
    scene.fact(
        "RED's inbox shows the mismatch before anybody reads it back",
        shown.contains("MISMATCH: 37SFV0694005327"),
    );

    let right = ["notice", "file", "--change", &id[..10], "--call-sign", "HUSKY 61", "--circle", "35.2854,40.1760,1km"];
    scene.does("BLUE", &[&right[..], &band, &when, &forms].concat())?;
    let clean = scene.until(|scene| Ok(!scene.reads("RED", &["inbox"])?.contains("MISMATCH"))).await?;
    scene.fact("the corrected notice has none", clean);
    scene.close()
}
