//! Figures for Prometheus (text exposition 0.0.4): requests and their latency by endpoint, commits, sizes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use skypact_dss::state::Sizes;

/// Upper edges of the latency buckets, in seconds.
const LATENCY_S: [f64; 13] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
/// Upper edges of the batch buckets, in entries.
const BATCH: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// What was counted so far.
#[derive(Debug, Default)]
pub struct Metrics {
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    requests: BTreeMap<(&'static str, u16), u64>,
    latency: BTreeMap<&'static str, Histogram<13>>,
    tokens_refused: BTreeMap<&'static str, u64>,
    commit_latency: Histogram<13>,
    batches: Histogram<9>,
    entries: u64,
    sizes: Sizes,
}

/// Counts below each edge, with their sum.
#[derive(Debug)]
struct Histogram<const N: usize> {
    buckets: [u64; N],
    count: u64,
    sum: f64,
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        Self { buckets: [0; N], count: 0, sum: 0.0 }
    }
}

impl<const N: usize> Histogram<N> {
    fn record(&mut self, edges: &[f64; N], value: f64) {
        if let Some(place) = edges.iter().position(|edge| value <= *edge) {
            self.buckets[place] += 1;
        }
        self.count += 1;
        self.sum += value;
    }

    /// Writing to a String cannot fail.
    fn render(&self, text: &mut String, name: &str, label: &str, edges: &[f64; N]) {
        let mut below = 0;
        let comma = if label.is_empty() { "" } else { "," };
        for (edge, count) in edges.iter().zip(self.buckets) {
            below += count;
            let _ = writeln!(text, "{name}_bucket{{{label}{comma}le=\"{edge}\"}} {below}");
        }
        let _ = writeln!(text, "{name}_bucket{{{label}{comma}le=\"+Inf\"}} {}", self.count);
        let braces = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
        let _ = writeln!(text, "{name}_sum{braces} {}\n{name}_count{braces} {}", self.sum, self.count);
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub fn request(&self, endpoint: &'static str, status: u16, seconds: f64) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.requests.entry((endpoint, status)).or_default() += 1;
        counted.latency.entry(endpoint).or_default().record(&LATENCY_S, seconds);
    }

    /// Counts a token that was refused, by the code of the refusal.
    pub fn token_refused(&self, code: &'static str) {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner).tokens_refused.entry(code).or_default() += 1;
    }

    /// Counts a commit.
    pub fn commit(&self, entries: usize, seconds: f64) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.commit_latency.record(&LATENCY_S, seconds);
        counted.batches.record(&BATCH, entries as f64);
    }

    /// Takes note of what the DSS holds.
    pub fn set_sizes(&self, entries: u64, sizes: Sizes) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        (counted.entries, counted.sizes) = (entries, sizes);
    }

    /// The text for a scraper.
    pub fn render(&self) -> String {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        head(&mut text, "skypact_dss_requests_total", "counter", "Requests answered, by endpoint and status.");
        for ((endpoint, status), count) in &counted.requests {
            let _ = writeln!(text, "skypact_dss_requests_total{{endpoint=\"{endpoint}\",status=\"{status}\"}} {count}");
        }
        head(&mut text, "skypact_dss_request_seconds", "histogram", "Time from headers to answer.");
        for (endpoint, histogram) in &counted.latency {
            histogram.render(&mut text, "skypact_dss_request_seconds", &format!("endpoint=\"{endpoint}\""), &LATENCY_S);
        }
        head(&mut text, "skypact_dss_tokens_refused_total", "counter", "Access tokens refused, by reason.");
        for (code, count) in &counted.tokens_refused {
            let _ = writeln!(text, "skypact_dss_tokens_refused_total{{code=\"{code}\"}} {count}");
        }
        head(&mut text, "skypact_dss_commit_seconds", "histogram", "Time of a durable commit.");
        counted.commit_latency.render(&mut text, "skypact_dss_commit_seconds", "", &LATENCY_S);
        head(&mut text, "skypact_dss_commit_entries", "histogram", "Entries in a commit.");
        counted.batches.render(&mut text, "skypact_dss_commit_entries", "", &BATCH);
        let held = [
            ("operational_intents", counted.sizes.operational_intents),
            ("constraints", counted.sizes.constraints),
            ("subscriptions", counted.sizes.subscriptions),
            ("availabilities", counted.sizes.availabilities),
        ];
        head(&mut text, "skypact_dss_held", "gauge", "Things that the DSS holds, by kind.");
        for (kind, count) in held {
            let _ = writeln!(text, "skypact_dss_held{{kind=\"{kind}\"}} {count}");
        }
        head(&mut text, "skypact_dss_log_entries", "gauge", "Entries in the log.");
        let _ = writeln!(text, "skypact_dss_log_entries {}", counted.entries);
        text
    }
}
