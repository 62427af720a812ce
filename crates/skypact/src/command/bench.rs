//! `skypact bench`: figures, as a table or as JSON.

use super::exit::show_figures;
use super::{CliError, Outcome};
use crate::bench::shapes::Area;

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Geometry and the conflict index, against brute force in the same run.
    Conflict {
        /// Volumes in the index.
        #[arg(long, default_value_t = 100_000)]
        volumes: usize,
        /// Over what they are spread.
        #[arg(long, value_enum, default_value = "region")]
        area: Area,
        /// Seed of the shapes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A paper of notices into the record, over three processes on loopback.
    Import {
        /// Notices of the paper.
        #[arg(long, default_value_t = 10_000)]
        count: usize,
        /// Notices of the counterpart that they are checked against.
        #[arg(long, default_value_t = 10_000)]
        of_counterpart: usize,
        /// csv, geojson, kml or aco.
        #[arg(long, default_value = "csv")]
        format: String,
        /// Seed of their volumes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// From filing a notice to the counterpart's durable receipt, over three processes on loopback.
    Notice {
        /// Notices, one after another.
        #[arg(long, default_value_t = 300)]
        count: usize,
    },
    /// Durable appends through a node's core, and the verifier over a bundle.
    Record {
        /// Writers, each with one act under way.
        #[arg(long, default_value_t = 256)]
        writers: usize,
        /// Acts that they have recorded.
        #[arg(long, default_value_t = 60_000)]
        appends: usize,
        /// Entries of the bundle.
        #[arg(long, default_value_t = 100_000)]
        entries: u64,
        /// Folder on the disk to measure; without it that of temporary files.
        #[arg(long)]
        dir: Option<std::path::PathBuf>,
    },
    /// Receipts, cosignatures, and catching up after a partition, over three processes on loopback.
    Channel {
        /// Notices that nobody has when the link is back, half of them of each party.
        #[arg(long, default_value_t = 100_000)]
        outstanding: usize,
        /// Notices of which each is waited for, before that.
        #[arg(long, default_value_t = 200)]
        count: usize,
        /// Seed of their volumes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// From a STOP to its alarm at the counterpart, and from filing a notice to its record, among many active notices and
    /// under load, over three processes on loopback.
    Stop {
        /// Active notices of each party.
        #[arg(long, default_value_t = 10_000)]
        active: usize,
        /// Notices of which each is waited for, without load.
        #[arg(long, default_value_t = 300)]
        count: usize,
        /// STOPs, one after another, under load.
        #[arg(long, default_value_t = 100)]
        stops: usize,
        /// Notices each second while STOPs are called, half of them of each party.
        #[arg(long, default_value_t = 100)]
        rate: u32,
        /// Seed of the volumes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// STOP and notice over a slow link, over three processes on loopback and a relay that makes it slow once both nodes have found
    /// each other.
    Link {
        /// Each way, bit/s.
        #[arg(long, default_value = "300")]
        bit_per_s: std::num::NonZeroU32,
        /// One way, s.
        #[arg(long, default_value_t = 2)]
        delay_s: u32,
        /// What IP and TCP add to each packet and to each acknowledgement, bytes.
        #[arg(long, default_value_t = 40)]
        header_bytes: usize,
        /// Do not tell the nodes that the link is slow.
        #[arg(long)]
        untold: bool,
        /// STOPs, notices, and STOPs a second behind a notice.
        #[arg(long, default_value_t = 5)]
        count: usize,
        /// From one to the next, s.
        #[arg(long, default_value_t = 7)]
        pause_s: u32,
        /// Seed of the volumes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The agenda, the cases and the weeks of a channel over a year of entries, in this process.
    Agenda {
        /// Entries of both parties in the year.
        #[arg(long, default_value_t = 1_000_000)]
        entries: u64,
        /// Seed of their volumes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Load for a DSS, ours or another, over the API of ASTM F3548-21.
    Dss(crate::bench::dss::Options),
    /// Memory of two nodes and a witness that hold many notices, over three processes on loopback.
    Memory {
        /// Notices, half of them of each party.
        #[arg(long, default_value_t = 10_000)]
        notices: usize,
        /// Notices in one request to a node.
        #[arg(long, default_value_t = 500)]
        batch: usize,
        /// Seed of their volumes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let value = match args.what {
        What::Conflict { volumes: 0, .. } => {
            return Err(CliError::usage("field-invalid", "volumes", "volumes: give at least 1"));
        }
        What::Conflict { volumes, area, seed } => {
            serde_json::to_value(crate::bench::conflict::run(volumes, area, seed))
        }
        What::Dss(options) => {
            let measured = tokio::task::spawn_blocking(move || crate::bench::dss::run(&options)).await;
            serde_json::to_value(measured.map_err(|error| CliError::io("bench", &error.to_string()))??)
        }
        What::Record { writers: 0, .. } => {
            return Err(CliError::usage("field-invalid", "writers", "writers: give at least 1"));
        }
        What::Record { writers, appends, entries, dir } => {
            let dir = dir.unwrap_or_else(std::env::temp_dir).join(format!("skypact-bench-{}", std::process::id()));
            let options = crate::bench::record::Options { writers, appends, bundle_entries: entries };
            serde_json::to_value(crate::bench::record::run(&dir, options).await?)
        }
        What::Channel { outstanding, count, seed } => {
            serde_json::to_value(crate::bench::channel::run(outstanding, count, seed).await?)
        }
        What::Stop { rate, .. } if !(1..=10_000).contains(&rate) => {
            return Err(CliError::usage("field-invalid", "rate", "rate: give 1 to 10000 notices each second"));
        }
        What::Stop { active, count, stops, rate, seed } => {
            let options = crate::bench::stop::Options { active, count, stops, rate, seed };
            serde_json::to_value(crate::bench::stop::run(options).await?)
        }
        What::Memory { batch: 0, .. } => {
            return Err(CliError::usage("field-invalid", "batch", "batch: give at least 1"));
        }
        What::Memory { notices, batch, seed } => {
            serde_json::to_value(crate::bench::memory::run(notices, batch, seed).await?)
        }
        What::Link { bit_per_s, delay_s, header_bytes, untold, count, pause_s, seed } => {
            let options = crate::bench::link::Options {
                bit_per_s,
                delay_s,
                header_bytes,
                is_told: !untold,
                count,
                pause_s,
                seed,
            };
            serde_json::to_value(crate::bench::link::run(options).await?)
        }
        What::Import { count, of_counterpart, format, seed } => {
            let paper = super::Paper::from_name(&format)?;
            serde_json::to_value(crate::bench::import::run(paper, count, of_counterpart, seed).await?)
        }
        What::Agenda { entries, .. } if entries < 100 => {
            return Err(CliError::usage("field-invalid", "entries", "entries: give at least 100"));
        }
        What::Agenda { entries, seed } => serde_json::to_value(crate::bench::agenda::run(entries, seed)?),
        What::Notice { count } => serde_json::to_value(crate::bench::notice::run(count).await?),
    };
    let value = value.unwrap_or_default();
    let rows = value.as_object().into_iter().flatten().map(|(name, figure)| match figure.as_f64() {
        Some(number) if !figure.is_u64() => format!("{name:<26}{number:>16.3}\n"),
        _ => format!("{name:<26}{:>16}\n", figure.to_string()),
    });
    show_figures(json, &value, &rows.collect::<String>());
    Ok(Outcome::Done)
}
