//! The figures of a run: percentiles over all samples, and what the machine was like.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use super::Options;
use super::fleet::Flown;
use crate::bench::percentiles;
use crate::clock::Stopwatch;
use crate::command::CliError;

/// Writes whose latency is taken.
const DISK_WRITES: usize = 200;

/// What was measured. Latencies are of requests that succeeded and began in the measured time, in milliseconds.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Clients at once.
    pub clients: u32,
    /// Measured time, without the second to warm up.
    pub seconds: u64,
    /// Flights, created and deleted, that ended in the measured time.
    pub flights: u64,
    /// The same per second.
    pub flights_per_s: f64,
    /// From the first sending of a create to its success, retries with a longer key included; median.
    pub create_p50_ms: f64,
    /// 99th percentile.
    pub create_p99_ms: f64,
    /// The slowest.
    pub create_max_ms: f64,
    /// A delete, median.
    pub delete_p50_ms: f64,
    /// 99th percentile.
    pub delete_p99_ms: f64,
    /// How often a create was sent again because the key lacked an OVN.
    pub retries: u64,
    /// Failed requests by kind: step and HTTP status, `connection`, or `timeout`.
    pub errors: BTreeMap<String, u64>,
    /// Writing 4 KiB to the disk and waiting until it is there, before the run; median.
    pub fsync_p50_ms: f64,
    /// 99th percentile.
    pub fsync_p99_ms: f64,
    /// Load of the machine over the minute before the run; absent where the system does not tell.
    pub load_average: Option<f64>,
}

impl Figures {
    /// Sums up; what the first failure of each kind said goes to standard error.
    pub(super) fn new(
        options: &Options,
        flown: Flown,
        disk: &Disk,
        load_average: Option<f64>,
    ) -> Result<Self, CliError> {
        for (kind, (count, message)) in &flown.errors {
            eprintln!("{kind}, {count} times, the first: {message}");
        }
        if flown.flights == 0 {
            return Err(CliError::io("url", "url: no flight succeeded, so there is nothing to measure"));
        }
        let milliseconds = |samples: &[u32]| samples.iter().map(|us| f64::from(*us) / 1e3).collect::<Vec<_>>();
        let (mut creates_ms, mut deletes_ms) =
            (milliseconds(&flown.samples.creates_us), milliseconds(&flown.samples.deletes_us));
        let (create_p50_ms, create_p99_ms) = percentiles(&mut creates_ms);
        let (delete_p50_ms, delete_p99_ms) = percentiles(&mut deletes_ms);
        Ok(Self {
            clients: options.clients,
            seconds: options.seconds,
            flights: flown.flights,
            flights_per_s: flown.flights as f64 / options.seconds as f64,
            create_p50_ms,
            create_p99_ms,
            create_max_ms: creates_ms.last().copied().unwrap_or_default(),
            delete_p50_ms,
            delete_p99_ms,
            retries: flown.retries,
            errors: flown.errors.into_iter().map(|(kind, (count, _))| (kind, count)).collect(),
            fsync_p50_ms: disk.p50_ms,
            fsync_p99_ms: disk.p99_ms,
            load_average,
        })
    }
}

/// How fast the disk is.
#[derive(Debug)]
pub(super) struct Disk {
    p50_ms: f64,
    p99_ms: f64,
}

impl Disk {
    /// Times appending 4 KiB and `fdatasync`, in a file in `dir` that is gone afterwards.
    pub(super) fn time(dir: &Path) -> Result<Self, CliError> {
        let path = dir.join(format!("skypact-bench-{}.fsync", std::process::id()));
        let times = Self::write(&path);
        // Nothing was made when making it failed.
        let _ = std::fs::remove_file(&path);
        let failed = |error| CliError::io("fsync-dir", &format!("fsync-dir: {}: {error}", path.display()));
        let (p50_ms, p99_ms) = percentiles(&mut times.map_err(failed)?);
        Ok(Self { p50_ms, p99_ms })
    }

    fn write(path: &Path) -> std::io::Result<Vec<f64>> {
        let mut file = std::fs::File::create_new(path)?;
        let time = |_| {
            let watch = Stopwatch::start();
            file.write_all(&[0xA5; 4096])?;
            file.sync_data()?;
            Ok(watch.elapsed().as_secs_f64() * 1e3)
        };
        (0..DISK_WRITES).map(time).collect()
    }
}

/// Load of the last minute, where Linux tells.
pub(super) fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
