//! Bounds on what clients and upstreams may take of a gateway. What a message may be is in `bailiwick_mcp::Limits`.

use std::time::Duration;

/// Bounds on connections, requests, sessions and waits over HTTP. `docs/reference/gateway.md` says what happens at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Longest head of a request, in bytes. Default 64 KiB.
    pub head_bytes_max: usize,
    /// Most header fields of a request. Default 100.
    pub headers_max: usize,
    /// Most connections of clients at once. Default 10,000.
    pub connections_max: usize,
    /// Most legacy sessions at once, and most runs without one. Default 20,000.
    pub sessions_max: usize,
    /// Most event streams of one session that no request opened. Default 8.
    pub streams_max: usize,
    /// How long a session, and a run without one, may be idle. Default 1 hour.
    pub session_idle: Duration,
    /// How long a process of a server over stdio that is for no session waits for work. Default 2 min.
    pub process_idle: Duration,
    /// How long a client has for the head of a request. Default 30 s.
    pub head_time: Duration,
    /// How long a client has for the body of a request. Default 30 s.
    pub body_time: Duration,
    /// How long connecting to an upstream may take. Default 10 s.
    pub connect_time: Duration,
    /// How often a silent connection of HTTP/2 is asked whether it still lives. Default 60 s.
    pub keep_alive: Duration,
    /// How long an upstream has to begin its answer. Default 5 min.
    pub answer_time: Duration,
    /// How long an event stream may stay silent. Default 1 hour.
    pub stream_idle: Duration,
    /// How long a client may leave an event unread. Default 2 min.
    pub unread_time: Duration,
    /// How long calls in hand may take after the gateway was told to end. Default 10 s.
    pub grace: Duration,
}

impl HttpLimits {
    pub const DEFAULT: HttpLimits = HttpLimits {
        head_bytes_max: 64 << 10,
        headers_max: 100,
        connections_max: 10_000,
        sessions_max: 20_000,
        streams_max: 8,
        session_idle: Duration::from_secs(3_600),
        process_idle: Duration::from_secs(120),
        head_time: Duration::from_secs(30),
        body_time: Duration::from_secs(30),
        connect_time: Duration::from_secs(10),
        keep_alive: Duration::from_secs(60),
        answer_time: Duration::from_secs(300),
        stream_idle: Duration::from_secs(3_600),
        unread_time: Duration::from_secs(120),
        grace: Duration::from_secs(10),
    };
}

impl Default for HttpLimits {
    fn default() -> HttpLimits {
        HttpLimits::DEFAULT
    }
}
