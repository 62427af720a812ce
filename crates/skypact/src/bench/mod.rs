//! Measurements that print figures and judge nothing: `skypact bench`.

pub mod agenda;
mod bundle;
pub mod channel;
pub mod conflict;
pub mod dss;
mod exercise;
pub mod import;
pub mod link;
pub mod memory;
pub mod notice;
mod parties;
pub mod record;
pub mod shapes;
pub mod stop;
mod wire;

/// Median of `samples` and the value below which 99 of 100 lie; sorts them.
pub fn percentiles(samples: &mut [f64]) -> (f64, f64) {
    samples.sort_by(f64::total_cmp);
    let at = |share: f64| samples.get(((samples.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or(0.0);
    (at(0.5), at(0.99))
}

/// A line on standard error that says what is being done; on a terminal alone.
fn progress() -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new_spinner();
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}

/// A line of `/proc/PID/status` in MB of 1,000,000 bytes; none when the process has ended, or not on Linux.
fn status_mb(process: u32, line: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':')?.strip_suffix("kB"))?;
    Some(value.trim().parse::<f64>().ok()? * 1_024.0 / 1e6)
}
