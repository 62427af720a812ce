//! STOP and notice over a slow link, over three real processes on loopback and a relay that makes it slow ([`super::wire`]) once both
//! nodes have found each other: from filing until the counterpart's node has it, and what went over the wire for it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use skypact_channel::{Message, Notice, Stop};

use super::channel::{self, notice};
use super::shapes::Dice;
use super::wire::{Pace, Way, lay};
use super::{exercise, percentiles, progress};
use crate::clock::Stopwatch;
use crate::command::CliError;
use crate::demo::play::{self, Actor};
use crate::demo::stage::Stage;
use crate::directory::LinkConfig;
use crate::http::views::{NoticeView, StopView};

/// Between two looks of BLUE's desk.
const POLL: Duration = Duration::from_millis(20);
/// From a notice to the STOP behind it.
const BEHIND: Duration = Duration::from_secs(1);

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Each way, bit/s.
    pub bit_per_s: NonZeroU32,
    /// One way, s.
    pub delay_s: u32,
    /// What IP and TCP add to each packet, bytes.
    pub header_bytes: usize,
    /// Whether the nodes are told that the link is slow.
    pub is_told: bool,
    /// How often each is measured.
    pub count: usize,
    /// Between one and the next, s.
    pub pause_s: u32,
    /// Seed of the volumes.
    pub seed: u64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct LinkFigures {
    /// Each way, bit/s.
    pub bit_per_s: u32,
    /// One way, s.
    pub delay_s: u32,
    /// What IP and TCP add to each packet, bytes.
    pub header_bytes: usize,
    /// Whether the nodes were told that the link is slow.
    pub is_told: bool,
    /// STOPs, notices, STOPs behind a notice, and STOPs that meet what the nodes exchange by themselves.
    pub count: usize,
    /// From calling a STOP until BLUE's desk shows it, s, median.
    pub stop_p50_s: f64,
    /// The slowest.
    pub stop_max_s: f64,
    /// Bytes to BLUE meanwhile, headers among them, median.
    pub stop_bytes: f64,
    /// From filing a notice until BLUE's desk shows it, s, median.
    pub notice_p50_s: f64,
    /// The slowest.
    pub notice_max_s: f64,
    /// Bytes to BLUE meanwhile, median.
    pub notice_bytes: f64,
    /// From calling a STOP a second after a notice until BLUE's desk shows it, s, median.
    pub behind_p50_s: f64,
    /// The slowest.
    pub behind_max_s: f64,
    /// From calling a STOP when something of the nodes' own has begun to go to BLUE until BLUE's desk shows it, s, median.
    pub idle_p50_s: f64,
    /// The slowest.
    pub idle_max_s: f64,
    /// Bytes to BLUE and back while nothing was filed, each second.
    pub idle_bytes_each_second: [f64; 2],
}

/// The ends, and the ways between them.
struct Link {
    stage: Stage,
    red: Actor,
    blue: Actor,
    ways: [Arc<Way>; 2],
    pause: Duration,
}

/// Measures.
pub async fn run(options: Options) -> Result<LinkFigures, CliError> {
    let (mut stage, bar) = (exercise::set()?, progress());
    bar.set_message("find each other");
    let delay = Duration::from_secs(u64::from(options.delay_s));
    let pace = Pace { bit_per_s: options.bit_per_s.get(), delay, header_bytes: options.header_bytes };
    let ways = [Way::new(pace), Way::new(pace)];
    let [to_blue, to_red] = ways.clone();
    let relay = |error: std::io::Error| CliError::io("relay", &error.to_string());
    let [red, blue] = stage.addresses().clone();
    let red = lay(red, to_red.clone(), to_blue.clone()).await.map_err(relay)?;
    let blue = lay(blue, to_blue, to_red).await.map_err(relay)?;
    // What a new channel begins with would take minutes.
    let (at_red, at_blue) = (play::actor(&mut stage, "RED").await?, play::actor(&mut stage, "BLUE").await?);
    channel::caught_up(&mut stage, &at_red, &at_blue).await?;
    let told = options.is_told.then_some(LinkConfig { bit_per_s: options.bit_per_s });
    stage.reroute([&red, &blue], told)?;
    let (red, blue) = (play::actor(&mut stage, "RED").await?, play::actor(&mut stage, "BLUE").await?);
    channel::caught_up(&mut stage, &red, &blue).await?;
    until_answered(&mut stage, [&red, &blue]).await?;
    for way in &ways {
        way.slow_down();
    }
    let pause = Duration::from_secs(u64::from(options.pause_s));
    let mut link = Link { stage, red, blue, ways, pause };
    bar.set_message("idle");
    let idle_bytes_each_second = link.idle().await;
    let mut dice = Dice(options.seed);
    let (mut stops, mut notices, mut behind, mut idle) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut stop_bytes, mut notice_bytes) = (Vec::new(), Vec::new());
    for number in 0..options.count {
        bar.set_message("STOP");
        let (s, bytes) = link.stop(&format!("BENCH {number}")).await?;
        stops.push(s);
        stop_bytes.push(bytes);
        link.rest().await?;
        bar.set_message("notice");
        let (s, bytes) = link.notice(notice(&mut dice)).await?;
        notices.push(s);
        notice_bytes.push(bytes);
        link.rest().await?;
        bar.set_message("STOP behind a notice");
        let message = (Message::Notice(notice(&mut dice)), Vec::new());
        link.red.desk.file(&link.red.officer, [message]).await?;
        tokio::time::sleep(BEHIND).await;
        behind.push(link.stop(&format!("BEHIND {number}")).await?.0);
        link.rest().await?;
        bar.set_message("STOP that meets something");
        link.until_busy().await?;
        idle.push(link.stop(&format!("MEETS {number}")).await?.0);
        link.rest().await?;
    }
    bar.finish_and_clear();
    exercise::strike(link.stage)?;
    Ok(LinkFigures {
        bit_per_s: options.bit_per_s.get(),
        delay_s: options.delay_s,
        header_bytes: options.header_bytes,
        is_told: options.is_told,
        count: options.count,
        stop_max_s: largest(&stops),
        notice_max_s: largest(&notices),
        behind_max_s: largest(&behind),
        idle_max_s: largest(&idle),
        stop_p50_s: percentiles(&mut stops).0,
        stop_bytes: percentiles(&mut stop_bytes).0,
        notice_p50_s: percentiles(&mut notices).0,
        notice_bytes: percentiles(&mut notice_bytes).0,
        behind_p50_s: percentiles(&mut behind).0,
        idle_p50_s: percentiles(&mut idle).0,
        idle_bytes_each_second,
    })
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// Waits until each node has heard the other since its start.
async fn until_answered(stage: &mut Stage, actors: [&Actor; 2]) -> Result<(), CliError> {
    let watch = Stopwatch::start();
    for actor in actors {
        while !play::view(actor).await?.connected {
            channel::patient(stage, watch)?;
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}

impl Link {
    /// Bytes to BLUE and to RED so far.
    fn bytes(&self) -> [u64; 2] {
        [self.ways[0].bytes(), self.ways[1].bytes()]
    }

    /// Bytes to BLUE and to RED each second, while nobody files anything for a minute.
    async fn idle(&self) -> [f64; 2] {
        let (before, watch) = (self.bytes(), Stopwatch::start());
        tokio::time::sleep(Duration::from_mins(1)).await;
        let (after, seconds) = (self.bytes(), watch.elapsed().as_secs_f64());
        [0, 1].map(|way| (after[way] - before[way]) as f64 / seconds)
    }

    /// RED calls a STOP, BLUE's desk shows it: s, and bytes to BLUE meanwhile.
    async fn stop(&mut self, what: &str) -> Result<(f64, f64), CliError> {
        let stop = Stop { object: None, what: what.to_owned(), area: None, until: None, reason: None };
        self.until_seen(Message::Stop(stop), "stops", |stops: Vec<StopView>, id| {
            stops.iter().any(|stop| stop.stops.iter().any(|known| known == id))
        })
        .await
    }

    /// RED files a notice, BLUE's desk shows it.
    async fn notice(&mut self, notice: Notice) -> Result<(f64, f64), CliError> {
        self.until_seen(Message::Notice(notice), "notices", |notices: Vec<NoticeView>, id| {
            notices.iter().any(|notice| notice.id == id)
        })
        .await
    }

    async fn until_seen<T: serde::de::DeserializeOwned>(
        &mut self,
        message: Message,
        resource: &str,
        shows: impl Fn(T, &str) -> bool,
    ) -> Result<(f64, f64), CliError> {
        let (watch, before) = (Stopwatch::start(), self.ways[0].bytes());
        let placed = self.red.desk.file(&self.red.officer, [(message, Vec::new())]).await?;
        loop {
            let seen: T = self.blue.desk.client.get(&self.blue.desk.path(resource)).await?;
            if shows(seen, &placed[0].leaf) {
                return Ok((watch.elapsed().as_secs_f64(), (self.ways[0].bytes() - before) as f64));
            }
            channel::patient(&mut self.stage, watch)?;
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until something begins to go to BLUE though nobody filed it.
    async fn until_busy(&mut self) -> Result<(), CliError> {
        let (watch, before) = (Stopwatch::start(), self.bytes()[0]);
        while self.bytes()[0] == before {
            channel::patient(&mut self.stage, watch)?;
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Waits until each has the other's receipts, and a while more.
    async fn rest(&mut self) -> Result<(), CliError> {
        channel::caught_up(&mut self.stage, &self.red, &self.blue).await?;
        tokio::time::sleep(self.pause).await;
        Ok(())
    }
}
