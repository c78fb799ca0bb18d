//! What the admin listener tells Prometheus.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    status: u16,
}

/// Counters of one gateway. Labels are words of ours alone: nothing that a peer sends makes a new series.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    answer_time: Histogram,
    pub(super) connections: Gauge,
    pub(super) sessions: Gauge<i64, std::sync::atomic::AtomicI64>,
    pub(super) streams: Gauge,
    pub(super) upstream_failures: Counter<u64, AtomicU64>,
}

impl Metrics {
    pub(super) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("bailiwick");
        let metrics = Metrics {
            answered: Family::default(),
            answer_time: Histogram::new(BUCKETS_S),
            connections: Gauge::default(),
            sessions: Gauge::default(),
            streams: Gauge::default(),
            upstream_failures: Counter::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests by method and status", metrics.answered.clone());
        registry.register_with_unit(
            "http_answer",
            "Time from the head of a request to the head of its answer",
            Unit::Seconds,
            metrics.answer_time.clone(),
        );
        registry.register("connections", "Connections of clients", metrics.connections.clone());
        registry.register("sessions", "Legacy sessions", metrics.sessions.clone());
        registry.register("streams", "Open event streams", metrics.streams.clone());
        registry.register(
            "upstream_failures",
            "Requests that the upstream did not answer as it should",
            metrics.upstream_failures.clone(),
        );
        Metrics { registry, ..metrics }
    }

    pub(super) fn answered(&self, method: &'static str, status: u16, took: Duration) {
        self.answered.get_or_create(&Answered { method, status }).inc();
        self.answer_time.observe(took.as_secs_f64());
    }

    /// In OpenMetrics text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            // INVARIANT: writing to a string does not fail.
            Err(_) => String::new(),
        }
    }
}

/// Upper bounds of the histogram, in seconds.
const BUCKETS_S: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0];
