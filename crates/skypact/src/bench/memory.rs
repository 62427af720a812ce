//! What a node that holds many notices weighs: two nodes and a witness as real processes, notices of several volumes filed
//! in batches at both, delivered and held against each other, then listed once by an officer of each side.

use serde::Serialize;
use skypact_airspace::{Corridor, LatLng, TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{ActivityClass, Notice, NoticeAct};

use super::exercise::{self, file, on_the_day};
use super::shapes::{Area, Dice};
use crate::clock::Stopwatch;
use crate::command::CliError;
use crate::demo::play;
use crate::demo::stage::Stage;

const MINUTE_NS: i64 = 60_000_000_000;

/// What was measured. Memory is in MB of 1,000,000 bytes, as `/proc/PID/status` states it.
#[derive(Debug, Serialize)]
pub struct MemoryFigures {
    /// Notices at each node, half of them its own.
    pub notices: usize,
    /// Their volumes.
    pub volumes: usize,
    /// Open conflicts that both nodes found.
    pub conflicts: usize,
    /// Until both nodes had answered that everything is durable, seconds.
    pub filed_s: f64,
    /// From then until each held everything, and the other's receipt and the witness's cosignature for it, seconds.
    pub delivered_s: f64,
    /// Resident set of RED's node then (`VmRSS`).
    pub red_mb: f64,
    /// The same of BLUE's.
    pub blue_mb: f64,
    /// The same of the witness.
    pub witness_mb: f64,
    /// The most that RED's node ever held (`VmHWM`), a listing of all notices included.
    pub red_peak_mb: f64,
    /// The same of BLUE's.
    pub blue_peak_mb: f64,
}

/// Files `notices` notices in batches of `batch`.
pub async fn run(notices: usize, batch: usize, seed: u64) -> Result<MemoryFigures, CliError> {
    let mut stage = exercise::set()?;
    let (red, blue) = (play::actor(&mut stage, "RED").await?, play::actor(&mut stage, "BLUE").await?);
    let mut dice = Dice(seed);
    let of_day: Vec<Notice> = (0..notices).map(|number| notice(&mut dice, number)).collect();
    let volumes = of_day.iter().map(|notice| notice.volumes.len()).sum();
    let (of_red, of_blue) = of_day.split_at(notices / 2);
    let watch = Stopwatch::start();
    tokio::try_join!(file(&red, of_red, batch), file(&blue, of_blue, batch))?;
    let filed_s = watch.elapsed().as_secs_f64();
    play::settle(&mut stage, &red, &blue, true).await?;
    let delivered_s = watch.elapsed().as_secs_f64() - filed_s;
    let now = |name| status_mb(&stage, name, "VmRSS");
    let (red_mb, blue_mb, witness_mb) = (now("red")?, now("blue")?, now("witness")?);
    for actor in [&red, &blue] {
        let listed = play::notices(actor).await?.len();
        if listed != notices {
            return Err(CliError::io("notices", &format!("{listed} of {notices} notices are listed")));
        }
    }
    let conflicts = play::conflicts(&red).await?.iter().filter(|conflict| conflict.open).count();
    let peak = |name| status_mb(&stage, name, "VmHWM");
    let (red_peak_mb, blue_peak_mb) = (peak("red")?, peak("blue")?);
    exercise::strike(stage)?;
    Ok(MemoryFigures {
        notices,
        volumes,
        conflicts,
        filed_s,
        delivered_s,
        red_mb,
        blue_mb,
        witness_mb,
        red_peak_mb,
        blue_peak_mb,
    })
}

/// Every fourth is a flight of 8 minutes along a corridor, a volume for each minute; the others are 1 to 4 areas.
fn notice(dice: &mut Dice, number: usize) -> Notice {
    let volumes = if number.is_multiple_of(4) {
        leg(dice)
    } else {
        let areas = 1 + dice.roll(4);
        (0..areas).map(|_| on_the_day(Area::Region.flight(dice))).collect()
    };
    Notice {
        act: NoticeAct::New,
        previous: None,
        class: if number.is_multiple_of(4) { ActivityClass::Manned } else { ActivityClass::Unmanned },
        call_sign: Some(format!("BENCH {number}")),
        contact: Some("duty desk, +00 000 000 000".to_owned()),
        volumes,
    }
}

/// Volumes one after another on one track, each with the band of the first.
fn leg(dice: &mut Dice) -> Vec<Volume4d> {
    let whole = on_the_day(Area::Region.flight(dice));
    let step_e9 = [0, 1].map(|_| (dice.unit() * 4e6) as i64 - 2_000_000);
    let (mut lat_e9, mut lng_e9) = ((43e9 + 2e9 * dice.unit()) as i64, (5e9 + 3e9 * dice.unit()) as i64);
    let minute = |minute: i64| {
        let points = (0..6).map(|_| {
            (lat_e9, lng_e9) = (lat_e9 + step_e9[0], lng_e9 + step_e9[1]);
            LatLng::new(lat_e9, lng_e9).expect("in Europe")
        });
        let corridor = Corridor::new(points.collect(), 200_000).expect("a corridor");
        let start_ns = whole.window.start().0 + minute * MINUTE_NS;
        let window = TimeWindow::new(UtcNanos(start_ns), UtcNanos(start_ns + MINUTE_NS)).expect("a window");
        Volume4d::new(corridor.into(), whole.band, window)
    };
    (0..8).map(minute).collect()
}

/// A line of `/proc/PID/status` of a process on the stage.
fn status_mb(stage: &Stage, name: &str, line: &str) -> Result<f64, CliError> {
    let value = stage.process_id(name).and_then(|id| super::status_mb(id, line));
    let unknown = || CliError::io("memory", &format!("/proc does not tell {line} of {name}; it needs Linux"));
    value.ok_or_else(unknown)
}
