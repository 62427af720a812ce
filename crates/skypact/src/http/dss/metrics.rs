//! What an operator sees of the server: counters, gauges and histograms in the Prometheus text format 0.0.4.
//!
//! Recording is a few atomic steps and never waits for a reader: rendering holds a histogram only while it copies it.
//! Labels take few values, all of them ours: nothing that a caller sends becomes a label.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::clock;

/// The content type of [`Metrics::render`].
pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// Upper bounds of the buckets for time, in seconds: 0.25 ms to 2.5 s.
const SECONDS: [f64; 13] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
/// Upper bounds of the buckets for entries in one commit.
const ENTRIES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    endpoint: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    endpoint: &'static str,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

/// How much the server holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateSizes {
    /// Operational intent references.
    pub operational_intents: u64,
    /// Constraint references.
    pub constraints: u64,
    /// Subscriptions, the implicit ones included.
    pub subscriptions: u64,
    /// Entries of the record.
    pub log_entries: u64,
}

type SizeGauge = Gauge<u64, AtomicU64>;

/// The measurements of one server, shared by all who record. Series named `process_*` are of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answer, Counter>,
    request_seconds: Family<Endpoint, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    access_lines_dropped: Counter,
    tokens_verified: Counter,
    tokens_cached: Counter,
    tokens_refused: Family<Refusal, Counter>,
    operational_intents: SizeGauge,
    constraints: SizeGauge,
    subscriptions: SizeGauge,
    log_entries: SizeGauge,
    commit_entries: Histogram,
    commit_seconds: Histogram,
    resident_bytes: SizeGauge,
}

impl Metrics {
    /// Nothing measured yet; the process is taken to start now.
    pub fn new() -> Self {
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Gauge::default(),
            access_lines_dropped: Counter::default(),
            tokens_verified: Counter::default(),
            tokens_cached: Counter::default(),
            tokens_refused: Family::default(),
            operational_intents: SizeGauge::default(),
            constraints: SizeGauge::default(),
            subscriptions: SizeGauge::default(),
            log_entries: SizeGauge::default(),
            commit_entries: Histogram::new(ENTRIES),
            commit_seconds: Histogram::new(SECONDS),
            resident_bytes: SizeGauge::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let dss = self.registry.sub_registry_with_prefix("skypact_dss");
        dss.register("requests", "Requests answered, by endpoint and HTTP status", self.requests.clone());
        let seconds = self.request_seconds.clone();
        dss.register("request_duration_seconds", "From the request's head to its answer, by endpoint", seconds);
        dss.register("requests_in_flight", "Requests not answered yet", self.in_flight.clone());
        let dropped = self.access_lines_dropped.clone();
        dss.register("access_log_lines_dropped", "Lines of the access log that were not written", dropped);
        dss.register("tokens_verified", "Tokens whose signature was checked and held", self.tokens_verified.clone());
        dss.register("tokens_cached", "Tokens known from an earlier request", self.tokens_cached.clone());
        dss.register("tokens_refused", "Requests refused for their token, by reason", self.tokens_refused.clone());
        let intents = self.operational_intents.clone();
        dss.register("operational_intents", "Operational intent references held", intents);
        dss.register("constraints", "Constraint references held", self.constraints.clone());
        dss.register("subscriptions", "Subscriptions held, the implicit ones included", self.subscriptions.clone());
        dss.register("log_entries", "Entries of the record", self.log_entries.clone());
        dss.register("commit_entries", "Entries made durable by one commit", self.commit_entries.clone());
        dss.register("commit_duration_seconds", "Time of one durable commit", self.commit_seconds.clone());
        let started_s = Gauge::<f64, AtomicU64>::default();
        started_s.set(clock::now_utc_ns() as f64 / 1e9);
        self.registry.register("process_start_time_seconds", "When the server started, in Unix time", started_s);
        if resident_bytes().is_some() {
            let resident = self.resident_bytes.clone();
            self.registry.register("process_resident_memory_bytes", "Memory resident in RAM", resident);
        }
        self
    }

    /// A line of the access log was not written.
    pub fn access_line_dropped(&self) {
        self.access_lines_dropped.inc();
    }

    /// A request has come; it is in flight until the guard is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A request was answered with an HTTP `status` after `seconds`.
    pub fn request(&self, endpoint: &'static str, status: u16, seconds: f64) {
        self.requests.get_or_create(&Answer { endpoint, code: status }).inc();
        self.request_seconds.get_or_create(&Endpoint { endpoint }).observe(seconds);
    }

    /// One commit made so many entries durable in `seconds`.
    pub fn commit(&self, entries: usize, seconds: f64) {
        self.commit_entries.observe(entries as f64);
        self.commit_seconds.observe(seconds);
    }

    /// The server holds so much now.
    pub fn set_sizes(&self, sizes: StateSizes) {
        self.operational_intents.set(sizes.operational_intents);
        self.constraints.set(sizes.constraints);
        self.subscriptions.set(sizes.subscriptions);
        self.log_entries.set(sizes.log_entries);
    }

    pub(super) fn token_verified(&self) {
        self.tokens_verified.inc();
    }

    pub(super) fn token_cached(&self) {
        self.tokens_cached.inc();
    }

    pub(super) fn token_refused(&self, code: &'static str) {
        self.tokens_refused.get_or_create(&Refusal { code }).inc();
    }

    /// All series as text, of the type [`CONTENT_TYPE`].
    pub fn render(&self) -> String {
        if let Some(bytes) = resident_bytes() {
            self.resident_bytes.set(bytes);
        }
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry).expect("a string takes whatever is written to it");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A request in flight.
#[derive(Debug)]
#[must_use = "a request is in flight as long as this lives"]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The process's memory in RAM, as Linux tells it (`proc_pid_status(5)`); `None` where it does not.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_has(text: &str, line: &str) {
        assert!(text.lines().any(|shown| shown == line), "no line '{line}' in\n{text}");
    }

    #[test]
    fn requests_are_counted_by_endpoint_and_status_and_fall_into_buckets() {
        let metrics = Metrics::new();
        metrics.request("queryOperationalIntentReferences", 200, 0.000_2);
        metrics.request("queryOperationalIntentReferences", 200, 0.003);
        metrics.request("queryOperationalIntentReferences", 401, 3.0);
        let text = metrics.render();
        let series = |name: &str, more: &str| {
            format!("skypact_dss_{name}{{endpoint=\"queryOperationalIntentReferences\"{more}}}")
        };
        assert_has(&text, &(series("requests_total", ",code=\"200\"") + " 2"));
        assert_has(&text, &(series("requests_total", ",code=\"401\"") + " 1"));
        for (le, count) in [("0.00025", 1), ("0.0025", 1), ("0.005", 2), ("2.5", 2), ("+Inf", 3)] {
            let bucket = series("request_duration_seconds_bucket", &format!(",le=\"{le}\""));
            assert_has(&text, &format!("{bucket} {count}"));
        }
        assert_has(&text, &(series("request_duration_seconds_count", "") + " 3"));
    }

    #[test]
    fn a_request_is_in_flight_until_its_guard_goes() {
        let metrics = Metrics::new();
        let (first, second) = (metrics.in_flight(), metrics.in_flight());
        assert_has(&metrics.render(), "skypact_dss_requests_in_flight 2");
        drop((first, second));
        assert_has(&metrics.render(), "skypact_dss_requests_in_flight 0");
    }

    #[test]
    fn tokens_commits_and_sizes_are_shown() {
        let metrics = Metrics::new();
        metrics.token_verified();
        metrics.token_cached();
        metrics.token_refused("token-expired");
        metrics.commit(3, 0.004);
        metrics.commit(1, 0.001);
        let sizes = StateSizes { operational_intents: 7, constraints: 1, subscriptions: 9, log_entries: 40 };
        metrics.set_sizes(sizes);
        let text = metrics.render();
        for line in [
            "skypact_dss_tokens_verified_total 1",
            "skypact_dss_tokens_cached_total 1",
            "skypact_dss_tokens_refused_total{code=\"token-expired\"} 1",
            "skypact_dss_commit_entries_bucket{le=\"1\"} 1",
            "skypact_dss_commit_entries_bucket{le=\"4\"} 2",
            "skypact_dss_commit_entries_sum 4.0",
            "skypact_dss_commit_duration_seconds_count 2",
            "skypact_dss_operational_intents 7",
            "skypact_dss_constraints 1",
            "skypact_dss_subscriptions 9",
            "skypact_dss_log_entries 40",
        ] {
            assert_has(&text, line);
        }
    }

    #[test]
    fn the_process_shows_its_memory_and_its_start() {
        let text = Metrics::new().render();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.trim().parse::<f64>().ok()).unwrap_or_default()
        };
        assert!(value("process_resident_memory_bytes ") > 1e6, "{text}");
        assert!((clock::now_utc_ns() as f64 / 1e9 - value("process_start_time_seconds ")).abs() < 3600.0, "{text}");
    }
}
