//! The way of a notice: filed on RED, durable and receipted on BLUE, the receipt durable on RED. Three real processes on
//! loopback; one notice at a time, so that what is measured is latency and not throughput.

use std::time::Duration;

use serde::Serialize;
use skypact_channel::Message;

use super::exercise::{self, START_NS};
use super::percentiles;
use crate::clock::Stopwatch;
use crate::command::CliError;
use crate::demo::play;
use crate::http::views::ChannelView;

const POLL: Duration = Duration::from_micros(200);

/// What was measured.
#[derive(Debug, Serialize)]
pub struct NoticeFigures {
    /// Notices filed one after another.
    pub notices: usize,
    /// Until RED answers that the notice is durable, milliseconds, median.
    pub filed_p50_ms: f64,
    /// The same, 99th percentile.
    pub filed_p99_ms: f64,
    /// Until BLUE's receipt is durable on RED, milliseconds, median; polled every 0.2 ms over the local API.
    pub receipted_p50_ms: f64,
    /// The same, 99th percentile.
    pub receipted_p99_ms: f64,
}

/// Files `notices` notices and waits for each receipt.
pub async fn run(notices: usize) -> Result<NoticeFigures, CliError> {
    let mut stage = exercise::set()?;
    let red = play::actor(&mut stage, "RED").await?;
    stage.desk("BLUE").await?;
    let (mut filed, mut receipted) = (Vec::new(), Vec::new());
    for number in 0..notices {
        let notice = play::roz(&format!("BENCH {number}"), (180, 240), START_NS, START_NS + 3_600_000_000_000);
        let watch = Stopwatch::start();
        let placed = red.desk.file(&red.officer, [(Message::Notice(notice), Vec::new())]).await?;
        filed.push(watch.elapsed().as_secs_f64() * 1e3);
        let wanted = placed[0].index + 1;
        while delivered(&play::view(&red).await?) < wanted {
            stage.check()?;
            tokio::time::sleep(POLL).await;
        }
        receipted.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    exercise::strike(stage)?;
    let ((filed_p50_ms, filed_p99_ms), (receipted_p50_ms, receipted_p99_ms)) =
        (percentiles(&mut filed), percentiles(&mut receipted));
    Ok(NoticeFigures { notices, filed_p50_ms, filed_p99_ms, receipted_p50_ms, receipted_p99_ms })
}

/// Entries of the own routine log that the counterpart has signed for.
fn delivered(view: &ChannelView) -> u64 {
    view.logs.iter().filter(|log| log.origin.ends_with("/routine")).find_map(|log| log.delivered).unwrap_or(0)
}
