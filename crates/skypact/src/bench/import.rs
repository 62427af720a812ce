//! A paper of a day's notices into the record: read, checked against what the counterpart announced, signed, and durable. Three
//! real processes on loopback; the paper is read and signed for here, as `skypact notice import` does it.

use serde::Serialize;
use skypact_airspace::AltitudeMargins;
use skypact_channel::Notice;
use skypact_papers::{Entry, aco};

use super::channel::{BATCH, notice};
use super::shapes::Dice;
use super::{exercise, progress};
use crate::clock::Stopwatch;
use crate::command::{CliError, Import, Paper};
use crate::demo::play;

/// What was measured.
#[derive(Debug, Serialize)]
pub struct ImportFigures {
    /// Notices of the paper.
    pub notices: usize,
    /// Notices that the counterpart had announced before.
    pub of_counterpart: usize,
    /// Size of the paper.
    pub bytes: usize,
    /// Reading it, seconds.
    pub read_s: f64,
    /// Checking, signing and recording all of them, seconds.
    pub filed_s: f64,
    /// Both.
    pub total_s: f64,
    /// Notices that are in conflict with the counterpart's.
    pub in_conflict: usize,
}

/// Imports a paper of `count` notices while the counterpart has announced `of_counterpart`.
pub(crate) async fn run(
    paper: Paper,
    count: usize,
    of_counterpart: usize,
    seed: u64,
) -> Result<ImportFigures, CliError> {
    let (mut stage, bar) = (exercise::set()?, progress());
    let red = play::actor(&mut stage, "RED").await?;
    let blue = play::actor(&mut stage, "BLUE").await?;
    let mut dice = Dice(seed);
    bar.set_message("the counterpart announces");
    let theirs: Vec<Notice> = (0..of_counterpart).map(|_| notice(&mut dice)).collect();
    exercise::file(&blue, &theirs, BATCH).await?;
    super::channel::caught_up(&mut stage, &red, &blue).await?;
    let ours: Vec<Notice> = (0..count).map(|_| notice(&mut dice)).collect();
    let labels: Vec<String> = (0..count).map(|place| format!("N{place}")).collect();
    let entries: Vec<Entry<'_>> =
        labels.iter().zip(&ours).map(|(label, notice)| Entry { label, party: "RED", notice }).collect();
    let text = match paper {
        Paper::Format(format) => format.write(&entries),
        Paper::Aco => {
            let margins = AltitudeMargins { pressure_mm: 1_000_000, geoid_mm: 110_000 };
            let written = aco::write(&entries, &margins);
            written.map_err(|error| CliError::usage(error.code, "format", error.to_string()))?.text
        }
    };
    bar.set_message("import");
    let watch = Stopwatch::start();
    let reading = paper.read(text.as_bytes(), None).map_err(|fault| CliError::io("paper", &fault.to_string()))?;
    let read_s = watch.elapsed().as_secs_f64();
    let import = Import { desk: &red.desk, signer: Some(&red.officer) };
    let (placed, in_conflict) = import.run(&reading.notices, &indicatif::ProgressBar::hidden()).await?;
    let total_s = watch.elapsed().as_secs_f64();
    bar.finish_and_clear();
    exercise::strike(stage)?;
    if placed.len() != count || reading.fault_count > 0 {
        let message = format!("{} of {count} notices went in, {} faults", placed.len(), reading.fault_count);
        return Err(CliError::io("import", &message));
    }
    let (bytes, filed_s) = (text.len(), total_s - read_s);
    Ok(ImportFigures { notices: count, of_counterpart, bytes, read_s, filed_s, total_s, in_conflict })
}
