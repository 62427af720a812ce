//! Scenario 7. KOBALT 21 of RED and HUSKY 61 of BLUE, which was notified late, pass each other at 500 ft. A case opens by itself at both;
//! one fact is agreed and one disputed; BLUE withholds entries, and the auditor's binary shows which; the agenda is generated.

use std::path::Path;

use serde_json::Value;

use super::Scene;
use super::scene::{Fact, item, leaf};
use crate::command::{CliError, time_text};

const BOTH: [&str; 2] = ["RED", "BLUE"];

pub(super) async fn play(quiet: bool) -> Result<Vec<Fact>, CliError> {
    let mut scene = Scene::open("incident", "2017-06-18T10:00:00Z", 10, quiet).await?;
    let husky = pass(&mut scene).await?;
    let case = report(&mut scene, &husky).await?;
    let (agreed, disputed) = facts(&mut scene, &case).await?;
    let recording = evidence(&mut scene, &case).await?;
    finding(&mut scene, &case).await?;
    withheld_from_the_auditor(&mut scene, &case, [&agreed, &disputed, &recording])?;
    agenda(&mut scene, &case, &husky).await?;
    scene.close()
}

/// Both notices; the case of the late one opens by itself.
async fn pass(scene: &mut Scene) -> Result<String, CliError> {
    let here = ["notice", "file", "--circle", "35.2854,40.1760,20NM"];
    let now_ns = scene.stage.now_ns();
    let at = |minutes: i64| time_text(now_ns + minutes * 60_000_000_000);
    let (soon, sooner, until) = (at(30), at(5), at(120));
    let kobalt =
        ["--call-sign", "KOBALT 21", "--lower", "FL180", "--upper", "FL240", "--from", &soon, "--until", &until];
    let kobalt = leaf(&scene.does("RED", &[&here[..], &kobalt].concat())?);
    let known = scene
        .until(|scene| Ok(item(&scene.asks("BLUE", &["notice", "list"])?.1, "id", &kobalt)["stands"] == true))
        .await?;
    scene.fact("BLUE knows of KOBALT 21", known);
    let husky =
        ["--call-sign", "HUSKY 61", "--lower", "FL200", "--upper", "FL260", "--from", &sooner, "--until", &until];
    let husky = leaf(&scene.does("BLUE", &[&here[..], &husky].concat())?);
    let opened = scene
        .until(|scene| {
            Ok(BOTH.iter().all(|party| {
                let cases = scene.asks(party, &["case", "list"]).map(|(_, view)| view["cases"].clone());
                cases.is_ok_and(|cases| item(&cases, "id", &husky)["causes"][0]["cause"] == "LATE")
            }))
        })
        .await?;
    scene.fact("the late notice opens a case by itself, under one name at both", opened);
    Ok(husky)
}

/// RED reports the pass; BLUE has the case.
async fn report(scene: &mut Scene, husky: &str) -> Result<String, CliError> {
    let when = time_text(scene.stage.now_ns());
    let words = ["Pass at 500 ft", "KOBALT 21 met HUSKY 61 head on, 500 ft above."];
    let open = ["case", "open", words[0], words[1], "--at", &when, "--about", &husky[..10]];
    let case = leaf(&scene.does("RED", &open)?);
    scene.does("BLUE", &["watch", "take"])?;
    let known = scene.until(|scene| Ok(case_of(scene, "BLUE", &case)?["report"]["party"] == "RED")).await?;
    scene.fact("the incident report opens a joint case", known);
    scene.does("BLUE", &["case", "state", &case[..10], "HUSKY 61 was in its band at all times."])?;
    Ok(case)
}

/// One fact is agreed by its exact hash, the other is disputed.
async fn facts(scene: &mut Scene, case: &str) -> Result<(String, String), CliError> {
    let place = ["case", "fact", &case[..10]];
    let met = leaf(&scene.does("RED", &[&place[..], &["They passed each other at 1012Z."]].concat())?);
    let band = leaf(&scene.does("RED", &[&place[..], &["HUSKY 61 was at FL195."]].concat())?);
    scene.until(|scene| Ok(case_of(scene, "BLUE", case)?["facts"].as_array().map(Vec::len) == Some(2))).await?;
    let agreed = leaf(&scene.does("BLUE", &["case", "agree", &met[..10]])?);
    let disputed = leaf(&scene.does("BLUE", &["case", "dispute", &band[..10], "FL205 by our recording."])?);
    let states = |scene: &Scene, party: &str| -> Result<[Value; 2], CliError> {
        let facts = case_of(scene, party, case)?["facts"].clone();
        Ok([facts[0]["state"].clone(), facts[1]["state"].clone()])
    };
    let same = scene
        .until(|scene| {
            Ok(BOTH.iter().all(|party| states(scene, party).is_ok_and(|found| found == ["agreed", "disputed"])))
        })
        .await?;
    scene.fact("both see one fact agreed and one disputed, with the reason", same);
    Ok((agreed, disputed))
}

/// RED asks for two things: one is withheld with a reason, the other has no answer. BLUE gives a third by its hash.
async fn evidence(scene: &mut Scene, case: &str) -> Result<String, CliError> {
    let radar = leaf(&scene.does("RED", &["case", "request", &case[..10], "Radar recording of HUSKY 61"])?);
    scene.does("RED", &["case", "request", &case[..10], "Voice recording of the tower"])?;
    scene.until(|scene| Ok(case_of(scene, "BLUE", case)?["requests"].as_array().map(Vec::len) == Some(2))).await?;
    scene.does("BLUE", &["case", "withhold", &radar[..10], "It would disclose the sensor."])?;
    let (file, given) = (path(scene, "altitudes.csv"), path(scene, "given.csv"));
    write(&file, "1012Z,FL205\n")?;
    let recording = leaf(&scene.does("BLUE", &["case", "evidence", &case[..10], &file, "--type", "text/csv"])?);
    let states = |scene: &Scene| -> Result<[Value; 2], CliError> {
        let requests = case_of(scene, "RED", case)?["requests"].clone();
        Ok([requests[0]["state"].clone(), requests[1]["state"].clone()])
    };
    let seen = scene
        .until(|scene| {
            Ok(states(scene)? == ["withheld", "unanswered"]
                && case_of(scene, "RED", case)?["evidence"][0]["said"]["id"] == recording.as_str())
        })
        .await?;
    scene.fact("what was withheld, and what has no answer, stays in sight of both", seen);
    let sealed = std::fs::read_dir(scene.stage.node("BLUE").join("evidence")).into_iter().flatten().flatten();
    let sealed = sealed
        .filter_map(|file| std::fs::read(file.path()).ok())
        .all(|bytes| !bytes.windows(5).any(|part| part == b"FL205"));
    scene.fact("BLUE's file lies sealed on its own machine", sealed);
    scene.does("BLUE", &["case", "give", &recording[..10], "--out", &given])?;
    let (code, _) = scene.types("RED", &["case", "check", &case[..10], &given])?;
    scene.fact("handed over, RED finds by its hash that it is the one of the record", code == 0);
    Ok(recording)
}

/// Both name the witness as neutral; its signed finding reaches both.
async fn finding(scene: &mut Scene, case: &str) -> Result<(), CliError> {
    let witness = scene.stage.dir.join("witness");
    let card = witness.join("party.card").to_string_lossy().into_owned();
    for party in BOTH {
        scene.does(party, &["case", "neutral", &case[..10], "--card", &card])?;
    }
    let (file, signature) = (path(scene, "finding.txt"), path(scene, "finding.sig"));
    write(&file, "Neither crew saw the other. Both were in their bands.\n")?;
    let key = witness.join("keys").join("witness.key").to_string_lossy().into_owned();
    scene.tell("the neutral signs its finding, on a machine without a node");
    scene.asks("RED", &["case", "sign", case, &file, "--key", &key, "--out", &signature])?;
    for party in BOTH {
        scene.does(party, &["case", "finding", &case[..10], &file, "--signature", &signature])?;
    }
    let recorded = scene
        .until(|scene| {
            let findings = case_of(scene, "RED", case)?["findings"].clone();
            let neutral = findings.as_array().into_iter().flatten().filter(|finding| finding["neutral"] == true);
            Ok(neutral.count() == 2)
        })
        .await?;
    scene.fact("both recorded the finding of the neutral whom both named", recorded);
    Ok(())
}

/// BLUE shows the auditor what suits it, RED the whole case. The same heads cover both, and the binary names what is missing.
fn withheld_from_the_auditor(scene: &mut Scene, case: &str, withheld: [&String; 3]) -> Result<(), CliError> {
    let (whole, part) = (path(scene, "case.bundle"), path(scene, "part.bundle"));
    scene.does("RED", &["case", "export", &case[..10], &whole])?;
    let (agreed, said) = (&withheld[0][..10], "HUSKY 61");
    scene.does("BLUE", &["export-bundle", "--out", &part, "--only", agreed])?;
    let (_, whole) = scene.types("RED", &["verify", &whole])?;
    let (_, part) = scene.types("RED", &["verify", &part])?;
    let sound = |report: &Value| report["faults"].as_array().is_some_and(Vec::is_empty);
    scene.fact(
        &format!("both bundles hold, also the one that leaves out what was said of {said}"),
        sound(&whole) && sound(&part),
    );
    let (given, shown) = (entries(&whole), entries(&part));
    let missing: Vec<u64> = given.iter().copied().filter(|index| !shown.contains(index)).collect();
    let told = head(&part);
    let named = missing.iter().all(|index| is_in(&told, *index));
    scene.tell(&format!("the auditor reads of BLUE's log: {told}"));
    scene.fact("the auditor's binary names the entries of BLUE's that BLUE withholds", missing.len() >= 3 && named);
    Ok(())
}

/// The agenda comes out of the record; a decision is signed by both; the minutes have it.
async fn agenda(scene: &mut Scene, case: &str, husky: &str) -> Result<(), CliError> {
    let of = |scene: &Scene, party: &str| -> Result<Value, CliError> { Ok(scene.asks(party, &["agenda"])?.1) };
    let topics = |scene: &Scene, party: &str, id: &str| -> Result<Vec<String>, CliError> {
        let items = of(scene, party)?["items"].clone();
        let points = item(&items, "id", id)["points"].clone();
        let topic = |point: &Value| point["topic"].as_str().map(str::to_owned);
        Ok(points.as_array().into_iter().flatten().filter_map(topic).collect())
    };
    let expected = ["INCIDENT", "disputed", "withheld", "unanswered"];
    let generated = scene
        .until(|scene| {
            Ok(BOTH.iter().all(|party| {
                topics(scene, party, case).is_ok_and(|found| found == expected)
                    && topics(scene, party, husky).is_ok_and(|found| found == ["LATE"])
            }))
        })
        .await?;
    scene.fact("the agenda is generated, and the same at both", generated);
    scene.does("BLUE", &["agenda", "position", &husky[..10], "The tower was late, not the crew."])?;
    let decision = leaf(&scene.does("RED", &["agenda", "propose", &husky[..10], "Towers file 20 minutes before."])?);
    let known = |scene: &Scene| Ok(scene.asks("BLUE", &["agenda", "show", &decision[..10]])?.0 == 0);
    scene.until(known).await?;
    scene.does("BLUE", &["agenda", "accept", &decision[..10]])?;
    let decided = scene
        .until(|scene| Ok(BOTH.iter().all(|party| topics(scene, party, husky).is_ok_and(|found| found.is_empty()))))
        .await?;
    scene.fact("what both signed is off the agenda", decided);
    let minutes = scene.reads("RED", &["agenda", "minutes", "--from", "2017-06-18T00:00:00Z"])?;
    let has =
        ["Towers file 20 minutes before", "Signed by Red duty officer of RED", "and by Blue duty officer of BLUE"];
    scene.fact(
        "the minutes have the decision, signed by both, and what is open",
        has.iter().all(|words| minutes.contains(words)),
    );
    Ok(())
}

fn case_of(scene: &Scene, party: &str, case: &str) -> Result<Value, CliError> {
    Ok(scene.asks(party, &["case", "show", case])?.1)
}

fn path(scene: &Scene, name: &str) -> String {
    scene.stage.dir.join(name).to_string_lossy().into_owned()
}

fn write(path: &str, text: &str) -> Result<(), CliError> {
    std::fs::write(Path::new(path), text).map_err(|error| CliError::io("file", &format!("{path}: {error}")))
}

/// Indices of the entries of BLUE's routine log that a report speaks of.
fn entries(report: &Value) -> Vec<u64> {
    let of_blue = report["statements"].as_array().into_iter().flatten().filter(|said| is_blues(said));
    of_blue.filter_map(|said| said["what"].as_str()?.strip_prefix("entry ")?.parse().ok()).collect()
}

/// What a report says of the head of BLUE's routine log.
fn head(report: &Value) -> String {
    let of_blue = report["statements"].as_array().into_iter().flatten().filter(|said| is_blues(said));
    let mut heads = of_blue.filter(|said| said["what"] == "head");
    heads.next().and_then(|said| said["detail"].as_str()).unwrap_or_default().to_owned()
}

fn is_blues(said: &Value) -> bool {
    said["log"].as_str().is_some_and(|log| log.starts_with("blue.example") && log.ends_with("/routine"))
}

/// Whether an index is among those that a head says are not given.
fn is_in(told: &str, index: u64) -> bool {
    let Some((_, ranges)) = told.split_once("not given: ") else { return false };
    ranges.split(", ").any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = first.parse::<u64>().ok().zip(last.parse::<u64>().ok());
        bounds.is_some_and(|(first, last)| (first..=last).contains(&index))
    })
}
