//! What the admin listener tells Prometheus.

use std::sync::OnceLock;
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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Spoken {
    protocol: &'static str,
    tls: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    service: String,
}

/// Counters of one gateway. Labels are words of ours and the operator's: nothing that a peer sends makes a new series.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    /// What nearly all requests count: found without a look into the family.
    usual: OnceLock<Counter>,
    answer_time: Histogram,
    pub(super) connections: Gauge,
    spoken: Family<Spoken, Counter>,
    pub(super) sessions: Gauge,
    pub(super) streams: Gauge,
    upstream_failures: Family<Failed, Counter>,
}

impl Metrics {
    pub(super) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("bailiwick");
        let metrics = Metrics {
            answered: Family::default(),
            usual: OnceLock::new(),
            answer_time: Histogram::new(BUCKETS_S),
            connections: Gauge::default(),
            spoken: Family::default(),
            sessions: Gauge::default(),
            streams: Gauge::default(),
            upstream_failures: Family::default(),
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
        registry.register(
            "connections_accepted",
            "Connections by what was spoken on them",
            metrics.spoken.clone(),
        );
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
        let counter = || self.answered.get_or_create_owned(&Answered { method, status });
        match (method, status) {
            ("POST", 200) => self.usual.get_or_init(counter).inc(),
            _ => counter().inc(),
        };
        self.answer_time.observe(took.as_secs_f64());
    }

    pub(super) fn accepted(&self, http2: bool, tls: bool) {
        let protocol = if http2 { "http/2" } else { "http/1.1" };
        let tls = if tls { "yes" } else { "no" };
        self.spoken.get_or_create(&Spoken { protocol, tls }).inc();
    }

    pub(super) fn upstream_failed(&self, service: &str) {
        self.upstream_failures.get_or_create(&Failed { service: service.to_owned() }).inc();
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
