//! What a channel takes its time for, over three real processes on loopback: a receipt, a cosignature, an anchor in each
//! direction, and catching up after a partition in which both parties went on announcing.

use std::time::Duration;

use serde::Serialize;
use skypact_channel::{ActivityClass, Message, Notice, NoticeAct};

use super::shapes::{Area, Dice};
use super::{exercise, percentiles, progress};
use crate::clock::Stopwatch;
use crate::command::CliError;
use crate::demo::play::{self, Actor};
use crate::demo::stage::Stage;
use crate::http::views::ChannelView;

/// Between two looks at one notice, and at a channel that catches up: looking costs the node something.
const POLL: Duration = Duration::from_micros(500);
const POLL_LONG: Duration = Duration::from_millis(100);
/// Notices in one request.
pub(super) const BATCH: usize = 500;
/// Rounds of anchors: each takes up to the half second that a node leaves between two of them.
const ANCHORED_MAX: usize = 100;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// What was measured.
#[derive(Debug, Serialize)]
pub struct ChannelFigures {
    /// Notices filed one after another.
    pub notices: usize,
    /// From filing until the counterpart's receipt is durable, milliseconds, median.
    pub receipted_p50_ms: f64,
    /// The same, 99th percentile.
    pub receipted_p99_ms: f64,
    /// From filing until the witness's cosignature is durable, milliseconds, median.
    pub cosigned_p50_ms: f64,
    /// The same, 99th percentile.
    pub cosigned_p99_ms: f64,
    /// From the moment at which both file a notice until each knows that the other's log cites the head with it, milliseconds,
    /// median.
    pub anchored_p50_ms: f64,
    /// The same, 99th percentile.
    pub anchored_p99_ms: f64,
    /// Notices filed while there was no link, half of them at each node.
    pub outstanding: usize,
    /// Until all of them were durable where they were filed, seconds.
    pub filed_s: f64,
    /// With the link: from the start of both nodes until both answered, seconds.
    pub started_s: f64,
    /// From then until each held everything of the other and had its receipt, seconds.
    pub caught_up_s: f64,
    /// Entries in all logs then, those of the conflicts that were found among them.
    pub entries: u64,
    /// Open conflicts, the same at both.
    pub conflicts: usize,
}

/// Measures.
pub async fn run(outstanding: usize, count: usize, seed: u64) -> Result<ChannelFigures, CliError> {
    let (mut stage, bar) = (exercise::set()?, progress());
    let red = play::actor(&mut stage, "RED").await?;
    let blue = play::actor(&mut stage, "BLUE").await?;
    let mut dice = Dice(seed);
    bar.set_message("one notice after another");
    let (mut receipted, mut cosigned) = (Vec::new(), Vec::new());
    for _ in 0..count {
        one(&mut stage, &red, notice(&mut dice), &mut receipted, &mut cosigned).await?;
    }
    bar.set_message("one notice of each after another");
    let mut anchored = Vec::new();
    for _ in 0..count.min(ANCHORED_MAX) {
        let watch = Stopwatch::start();
        let (one, other) = (notice(&mut dice), notice(&mut dice));
        tokio::try_join!(anchor(&red, one, watch), anchor(&blue, other, watch))?;
        anchored.push(watch.elapsed().as_secs_f64() * 1e3);
        stage.check()?;
    }
    bar.set_message("announce without a link");
    stage.link(false)?;
    let (red, blue) = (play::actor(&mut stage, "RED").await?, play::actor(&mut stage, "BLUE").await?);
    let of_day: Vec<Notice> = (0..outstanding).map(|_| notice(&mut dice)).collect();
    let (of_red, of_blue) = of_day.split_at(outstanding / 2);
    let watch = Stopwatch::start();
    tokio::try_join!(exercise::file(&red, of_red, BATCH), exercise::file(&blue, of_blue, BATCH))?;
    let filed_s = watch.elapsed().as_secs_f64();
    bar.set_message("catch up");
    stage.link(true)?;
    let watch = Stopwatch::start();
    let (red, blue) = (play::actor(&mut stage, "RED").await?, play::actor(&mut stage, "BLUE").await?);
    let started_s = watch.elapsed().as_secs_f64();
    let (at_red, at_blue) = caught_up(&mut stage, &red, &blue).await?;
    let caught_up_s = watch.elapsed().as_secs_f64() - started_s;
    bar.finish_and_clear();
    exercise::strike(stage)?;
    if at_red.open_conflicts != at_blue.open_conflicts {
        let message = format!("RED has {} open conflicts, BLUE {}", at_red.open_conflicts, at_blue.open_conflicts);
        return Err(CliError::io("conflicts", &message));
    }
    let [receipted, cosigned, anchored] = [receipted, cosigned, anchored].map(|mut samples| percentiles(&mut samples));
    Ok(ChannelFigures {
        notices: count,
        receipted_p50_ms: receipted.0,
        receipted_p99_ms: receipted.1,
        cosigned_p50_ms: cosigned.0,
        cosigned_p99_ms: cosigned.1,
        anchored_p50_ms: anchored.0,
        anchored_p99_ms: anchored.1,
        outstanding,
        filed_s,
        started_s,
        caught_up_s,
        entries: at_red.logs.iter().map(|log| log.size).sum(),
        conflicts: at_red.open_conflicts,
    })
}

/// Files one notice and waits for its receipt and its cosignature, whichever comes first.
async fn one(
    stage: &mut Stage,
    red: &Actor,
    notice: Notice,
    receipted: &mut Vec<f64>,
    cosigned: &mut Vec<f64>,
) -> Result<(), CliError> {
    let watch = Stopwatch::start();
    let placed = red.desk.file(&red.officer, [(Message::Notice(notice), Vec::new())]).await?;
    let wanted = placed[0].index + 1;
    let (mut receipt, mut cosignature) = (None, None);
    while receipt.is_none() || cosignature.is_none() {
        let view = play::view(red).await?;
        let log = view.logs.iter().find(|log| log.origin == placed[0].origin);
        let elapsed_ms = watch.elapsed().as_secs_f64() * 1e3;
        let (delivered, witnessed) = log.map_or((0, 0), |log| (log.delivered.unwrap_or(0), log.witnessed));
        receipt = receipt.or((delivered >= wanted).then_some(elapsed_ms));
        cosignature = cosignature.or((witnessed >= wanted).then_some(elapsed_ms));
        patient(stage, watch)?;
        tokio::time::sleep(POLL).await;
    }
    receipted.extend(receipt);
    cosigned.extend(cosignature);
    Ok(())
}

/// Files one notice and waits until its author holds the counterpart's anchor of a head with it.
async fn anchor(author: &Actor, notice: Notice, watch: Stopwatch) -> Result<(), CliError> {
    let placed = author.desk.file(&author.officer, [(Message::Notice(notice), Vec::new())]).await?;
    loop {
        let view = play::view(author).await?;
        let log = view.logs.iter().find(|log| log.origin == placed[0].origin);
        if log.is_some_and(|log| log.anchored > placed[0].index) {
            return Ok(());
        }
        in_time(watch)?;
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until both hold the same and have the other's receipt for all of their own; what they show then.
pub(super) async fn caught_up(
    stage: &mut Stage,
    red: &Actor,
    blue: &Actor,
) -> Result<(ChannelView, ChannelView), CliError> {
    let watch = Stopwatch::start();
    loop {
        let (at_red, at_blue) = tokio::try_join!(play::view(red), play::view(blue))?;
        let sizes = |view: &ChannelView| view.logs.iter().map(|log| log.size).collect::<Vec<_>>();
        let delivered =
            |view: &ChannelView| view.logs.iter().all(|log| log.delivered.is_none_or(|size| size == log.size));
        if sizes(&at_red) == sizes(&at_blue) && delivered(&at_red) && delivered(&at_blue) {
            return Ok((at_red, at_blue));
        }
        patient(stage, watch)?;
        tokio::time::sleep(POLL_LONG).await;
    }
}

pub(super) fn patient(stage: &mut Stage, watch: Stopwatch) -> Result<(), CliError> {
    stage.check()?;
    in_time(watch)
}

fn in_time(watch: Stopwatch) -> Result<(), CliError> {
    if watch.elapsed() > PATIENCE {
        return Err(CliError::io("time", &format!("not within {} s", PATIENCE.as_secs())));
    }
    Ok(())
}

/// One flight of a drone somewhere in the region, on the day of the exercise.
pub(super) fn notice(dice: &mut Dice) -> Notice {
    Notice {
        act: NoticeAct::New,
        previous: None,
        class: ActivityClass::Unmanned,
        call_sign: Some(format!("BENCH {:08x}", dice.bits() >> 32)),
        contact: Some("duty desk, +00 000 000 000".to_owned()),
        volumes: vec![exercise::on_the_day(Area::Region.flight(dice))],
    }
}
