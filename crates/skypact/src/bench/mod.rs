//! Measurements that print figures and judge nothing: `skypact bench`.

pub mod conflict;
pub mod dss;
pub mod memory;
pub mod notice;
pub mod shapes;

/// Median of `samples` and the value below which 99 of 100 lie; sorts them.
pub fn percentiles(samples: &mut [f64]) -> (f64, f64) {
    samples.sort_by(f64::total_cmp);
    let at = |share: f64| samples.get(((samples.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or(0.0);
    (at(0.5), at(0.99))
}
