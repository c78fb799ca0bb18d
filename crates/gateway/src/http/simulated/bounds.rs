//! Limits on connections and sessions, on a clock that stands still while anybody works.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::client::{INITIALIZE, META, MODERN, message};
use super::{LIMITS, Permits, World, log, on_a_still_clock, records, upstream};
use crate::http::front::speak;

/// Lets `body` use a gateway with an upstream, and looks whether all is gone in the end.
pub(super) fn simulate<F: Future<Output = World>>(body: impl FnOnce(World) -> F) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let entries = log(folder.path());
    let permits = Arc::new(Permits::default());
    on_a_still_clock(async {
        let _upstream = upstream::serve(&permits);
        body(World::new(&entries, &permits)).await.check(0).await;
    });
    records(folder.path(), &entries)
}

/// A call of 2026-07-28 for what `path` names.
fn call(path: &str) -> Request<Full<Bytes>> {
    let lines = MODERN.lines().filter_map(|line| line.split_once(": "));
    let request = Request::post("http://localhost/mcp").header("content-type", "application/json");
    let request = lines.fold(request, |request, (name, value)| request.header(name, value));
    request.body(message(1, "read", path, META).into()).unwrap()
}

impl World {
    async fn over_http2(&self) -> http2::SendRequest<Full<Bytes>> {
        let (ours, theirs) = duplex(64 << 10);
        tokio::spawn(speak(Arc::clone(&self.front), theirs, true));
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new());
        let (sender, connection) = builder.handshake(TokioIo::new(ours)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    async fn over_http1(&self) -> http1::SendRequest<Full<Bytes>> {
        let (ours, theirs) = duplex(64 << 10);
        tokio::spawn(speak(Arc::clone(&self.front), theirs, false));
        let (sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        tokio::spawn(connection);
        sender
    }
}

#[test]
fn a_connection_of_http_2_has_256_requests_open_and_more_wait() {
    simulate(|world| async move {
        let sender = world.over_http2().await;
        let mut calls = JoinSet::new();
        for _ in 0..400 {
            let mut sender = sender.clone();
            calls.spawn(async move { sender.send_request(call("late")).await.unwrap().status() });
        }
        let (mut most, mut answered) = (0, 0);
        while answered < 400 {
            tokio::select! {
                done = calls.join_next() => {
                    assert_eq!(done.unwrap().unwrap(), StatusCode::OK);
                    answered += 1;
                }
                () = sleep(Duration::from_millis(50)) => {}
            }
            most = most.max(world.gate.sessions.in_hand());
        }
        assert_eq!(most, 256);
        world
    });
}

#[test]
fn a_connection_of_http_2_that_does_not_say_that_it_lives_is_closed() {
    simulate(|world| async move {
        let (mut silent, theirs) = duplex(64 << 10);
        let served = tokio::spawn(speak(Arc::clone(&world.front), theirs, true));
        let mut lively = world.over_http2().await;
        let begun = Instant::now();
        // The preface and empty settings, and no answer to whatever follows.
        silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        timeout(Duration::from_secs(600), served).await.expect("it is let go").unwrap();
        let took = begun.elapsed();
        assert!(LIMITS.keep_alive < took && took < 2 * LIMITS.keep_alive, "{took:?}");
        sleep(Duration::from_secs(600)).await;
        assert_eq!(lively.send_request(call("good")).await.unwrap().status(), StatusCode::OK);
        world
    });
}

#[test]
fn a_connection_that_says_nothing_between_two_requests_is_closed() {
    simulate(|world| async move {
        let (mut ours, theirs) = duplex(64 << 10);
        tokio::spawn(speak(Arc::clone(&world.front), theirs, false));
        let body = message(1, "read", "good", META);
        let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        let request = format!("{head}Content-Length: {}\r\n{MODERN}\r\n{body}", body.len());
        ours.write_all(request.as_bytes()).await.unwrap();
        let (begun, mut all) = (Instant::now(), String::new());
        timeout(Duration::from_secs(60), ours.read_to_string(&mut all)).await.expect("it is closed").unwrap();
        assert!(all.starts_with("HTTP/1.1 200"), "{all}");
        assert!((LIMITS.head_time..2 * LIMITS.head_time).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        world
    });
}

#[test]
fn idle_connections_to_a_server_are_few_and_short_lived() {
    simulate(|world| async move {
        let mut sender = world.over_http1().await;
        for _ in 0..3 {
            sender.ready().await.unwrap();
            let answer = sender.send_request(call("good")).await.unwrap();
            answer.into_body().collect().await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(upstream::connections(), (1, 1), "one after the other on the same one");
        sleep(Duration::from_secs(9)).await;
        assert_eq!(upstream::connections(), (1, 0), "closed before a server would");
        let senders = [world.over_http2().await, world.over_http2().await];
        let mut calls = JoinSet::new();
        for sender in senders.iter().cycle().take(400) {
            let mut sender = sender.clone();
            calls.spawn(async move { sender.send_request(call("late")).await.unwrap().status() });
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!(upstream::connections().1, 400);
        assert!(calls.join_all().await.into_iter().all(|status| status == StatusCode::OK));
        sleep(Duration::from_millis(500)).await;
        assert_eq!(upstream::connections().1, 256, "the others were closed");
        world
    });
}

/// Of which nothing may be left.
const SESSIONS: usize = 10_000;

#[test]
fn sessions_that_are_opened_and_left_end_and_nothing_of_them_remains() {
    let records = simulate(|world| async move {
        let mut sender = world.over_http1().await;
        for _ in 0..SESSIONS {
            sender.ready().await.unwrap();
            let hello = Request::post("/mcp").header("host", "localhost");
            let hello = hello.header("content-type", "application/json").body(INITIALIZE.into()).unwrap();
            let answer = sender.send_request(hello).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            answer.into_body().collect().await.unwrap();
        }
        assert_eq!(world.gate.sessions.len(), SESSIONS);
        world
    });
    let count = |kind: &str| records.iter().filter(|record| record["kind"] == kind).count();
    assert_eq!((count("start"), count("outcome"), count("stop")), (SESSIONS, SESSIONS, SESSIONS));
}
