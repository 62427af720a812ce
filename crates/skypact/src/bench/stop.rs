//! A STOP under load: from the call to the alarm at the counterpart, while both parties go on announcing among many active
//! notices; and what filing one notice takes among them. Three real processes on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;
use skypact_channel::{Message, Notice, Stop};

use super::channel::{self, BATCH};
use super::shapes::Dice;
use super::{exercise, percentiles, progress};
use crate::clock::Stopwatch;
use crate::command::{CliError, hash};
use crate::demo::play::{self, Actor};
use crate::demo::stage::Stage;
use crate::http::views::StopView;

/// Between two looks of BLUE's desk at its STOPs.
const POLL: Duration = Duration::from_millis(1);

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Active notices of each party.
    pub active: usize,
    /// Notices filed one after another, without load.
    pub count: usize,
    /// STOPs called one after another, under load.
    pub stops: usize,
    /// Notices each second while they are called, half of them of each party; at least 1.
    pub rate: u32,
    /// Seed of the volumes.
    pub seed: u64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct StopFigures {
    /// Active notices of each party.
    pub active: usize,
    /// Open conflicts between them.
    pub conflicts: usize,
    /// From filing one notice until it is durable and its conflicts are known, milliseconds, median.
    pub filed_p50_ms: f64,
    /// The same, 99th percentile.
    pub filed_p99_ms: f64,
    /// STOPs called.
    pub stops: usize,
    /// Notices each second that were filed meanwhile.
    pub load_each_second: f64,
    /// From calling until BLUE's desk shows the STOP, milliseconds, median; polled every 1 ms over the local API.
    pub alarmed_p50_ms: f64,
    /// The same, 99th percentile.
    pub alarmed_p99_ms: f64,
    /// The slowest.
    pub alarmed_max_ms: f64,
}

/// Measures.
pub async fn run(options: Options) -> Result<StopFigures, CliError> {
    let (mut stage, bar) = (exercise::set()?, progress());
    let (red, blue) = (play::actor(&mut stage, "RED").await?, play::actor(&mut stage, "BLUE").await?);
    let mut dice = Dice(options.seed);
    bar.set_message("announce");
    let mut notices = |count| (0..count).map(|_| channel::notice(&mut dice)).collect::<Vec<Notice>>();
    let (of_red, of_blue) = (notices(options.active), notices(options.active));
    tokio::try_join!(exercise::file(&red, &of_red, BATCH), exercise::file(&blue, &of_blue, BATCH))?;
    let (at_red, _) = channel::caught_up(&mut stage, &red, &blue).await?;
    bar.set_message("one notice after another");
    let mut filed = Vec::new();
    for notice in notices(options.count) {
        let watch = Stopwatch::start();
        red.desk.file(&red.officer, [(Message::Notice(notice), Vec::new())]).await?;
        filed.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    bar.set_message("STOP under load");
    let (over, loaded) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = [(play::actor(&mut stage, "RED").await?, 1), (play::actor(&mut stage, "BLUE").await?, 2)].map(
        |(actor, seed)| {
            let (over, loaded) = (over.clone(), loaded.clone());
            tokio::spawn(announce(actor, options.rate, Dice(options.seed.wrapping_add(seed)), over, loaded))
        },
    );
    let watch = Stopwatch::start();
    let mut alarmed = Vec::new();
    for number in 0..options.stops {
        alarmed.push(call(&mut stage, &red, &blue, number).await?);
    }
    over.store(true, Ordering::Relaxed);
    let load_each_second = loaded.load(Ordering::Relaxed) as f64 / watch.elapsed().as_secs_f64();
    for task in load {
        task.await.map_err(|error| CliError::io("load", &error.to_string()))??;
    }
    bar.finish_and_clear();
    exercise::strike(stage)?;
    let ((filed_p50_ms, filed_p99_ms), (alarmed_p50_ms, alarmed_p99_ms)) =
        (percentiles(&mut filed), percentiles(&mut alarmed));
    Ok(StopFigures {
        active: options.active,
        conflicts: at_red.open_conflicts,
        filed_p50_ms,
        filed_p99_ms,
        stops: options.stops,
        load_each_second,
        alarmed_p50_ms,
        alarmed_p99_ms,
        alarmed_max_ms: alarmed.last().copied().unwrap_or(0.0),
    })
}

/// Files notices at half of `rate` each second, on time whatever the last one took, until it is over.
async fn announce(
    actor: Actor,
    rate: u32,
    mut dice: Dice,
    over: Arc<AtomicBool>,
    loaded: Arc<AtomicUsize>,
) -> Result<(), CliError> {
    let mut beat = tokio::time::interval(Duration::from_secs(2) / rate);
    while !over.load(Ordering::Relaxed) {
        beat.tick().await;
        let notice = channel::notice(&mut dice);
        actor.desk.file(&actor.officer, [(Message::Notice(notice), Vec::new())]).await?;
        loaded.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// RED calls a STOP, BLUE's desk shows it, RED lifts it; milliseconds from the call to the sight.
async fn call(stage: &mut Stage, red: &Actor, blue: &Actor, number: usize) -> Result<f64, CliError> {
    let what = format!("BENCH {number}");
    let stop = Stop { object: None, what, area: None, until: None, reason: None };
    let watch = Stopwatch::start();
    let placed = red.desk.file(&red.officer, [(Message::Stop(stop), Vec::new())]).await?;
    let id = &placed[0].leaf;
    loop {
        let stops: Vec<StopView> = blue.desk.client.get(&blue.desk.path("stops")).await?;
        if stops.iter().any(|stop| stop.stops.contains(id)) {
            break;
        }
        channel::patient(stage, watch)?;
        tokio::time::sleep(POLL).await;
    }
    let elapsed_ms = watch.elapsed().as_secs_f64() * 1e3;
    let stop = hash(id)?;
    red.desk.file(&red.officer, [(Message::StopLifted { stop }, vec![stop])]).await?;
    Ok(elapsed_ms)
}
