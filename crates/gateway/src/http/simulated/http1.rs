//! What a connection of HTTP/1.1 makes of the bytes that a client sends, on a clock that stands still while anybody works.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::bounds::simulate;
use super::client::{INITIALIZE, META, MODERN, message};
use super::{LIMITS, Phase, World};
use crate::http::front::speak;

const HEAD: &str = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

fn body() -> String {
    message(1, "read", "good", META)
}

/// A call with `fields` besides those that it needs, whose body is sent as `body`.
fn call(fields: &str, body: &str) -> String {
    format!("{HEAD}{MODERN}{fields}\r\n{body}")
}

fn whole() -> String {
    call(&format!("Content-Length: {}\r\n", body().len()), &body())
}

impl World {
    /// A connection, and what serves it.
    fn connect(&self, bytes: usize) -> (DuplexStream, JoinHandle<()>) {
        let (ours, theirs) = duplex(bytes);
        (ours, tokio::spawn(speak(Arc::clone(&self.front), theirs, false)))
    }
}

/// All that comes until the connection is closed.
async fn rest(stream: &mut DuplexStream) -> String {
    let mut all = Vec::new();
    timeout(Duration::from_secs(60), stream.read_to_end(&mut all)).await.expect("it is closed").unwrap();
    String::from_utf8(all).unwrap()
}

#[test]
fn requests_that_come_together_are_answered_one_after_the_other() {
    simulate(|world| async move {
        let (mut ours, _) = world.connect(64 << 10);
        ours.write_all(whole().repeat(3).as_bytes()).await.unwrap();
        let last = whole().replace("Host: localhost", "Host: localhost\r\nConnection: close");
        ours.write_all(format!("\r\n{last}{}", whole()).as_bytes()).await.unwrap();
        let all = rest(&mut ours).await;
        assert_eq!(
            all.matches("HTTP/1.1 200 OK\r\n").count(),
            4,
            "what stands behind the last is not read: {all}"
        );
        assert_eq!(all.matches("connection: close\r\n").count(), 1, "{all}");
        world
    });
}

#[test]
fn a_body_in_chunks_is_read_however_it_comes() {
    simulate(|world| async move {
        let body = body();
        let (one, two) = body.split_at(body.len() / 2);
        let chunks = format!("{:x}\r\n{one}\r\n{:X};a=b\r\n{two}\r\n0\r\nX: y\r\n\r\n", one.len(), two.len());
        let request = call("Transfer-Encoding: chunked\r\n", &chunks);
        for step in [1, 7, request.len()] {
            let (mut ours, _) = world.connect(64 << 10);
            for bytes in request.as_bytes().chunks(step) {
                ours.write_all(bytes).await.unwrap();
                sleep(Duration::from_millis(1)).await;
            }
            ours.write_all(
                whole().replace("Host: localhost", "Host: localhost\r\nConnection: close").as_bytes(),
            )
            .await
            .unwrap();
            let all = rest(&mut ours).await;
            assert_eq!(all.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{step} bytes at a time: {all}");
        }
        world
    });
}

#[test]
fn who_waits_for_a_100_gets_it_where_the_body_is_wanted() {
    simulate(|world| async move {
        let (mut ours, _) = world.connect(64 << 10);
        let body = body();
        let fields = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", body.len());
        ours.write_all(call(&fields, "").as_bytes()).await.unwrap();
        let mut interim = [0; 25];
        timeout(Duration::from_secs(1), ours.read_exact(&mut interim))
            .await
            .expect("an interim answer")
            .unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        ours.write_all(body.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(10)).await;
        ours.write_all(call(&fields, "").replace("application/json", "text/plain").as_bytes()).await.unwrap();
        let all = rest(&mut ours).await;
        let statuses: Vec<&str> = all.split("HTTP/1.1 ").filter_map(|answer| answer.get(..3)).collect();
        assert_eq!(statuses, ["200", "415"], "{all}");
        world
    });
}

#[test]
fn a_head_that_is_not_certain_is_refused_and_nothing_behind_it_is_read() {
    simulate(|world| async move {
        let good = whole();
        let length = format!("Content-Length: {}\r\n", body().len());
        for (request, status) in [
            (good.replace("\r\nHost", "\nHost"), 400),
            (good.replace("\r\n\r\n", "\n\n"), 400),
            (good.replace("Host: localhost\r\n", "Host: localhost\r\n folded\r\n"), 400),
            (good.replace("Host: localhost", "Host : localhost"), 400),
            (good.replace("Content-Length: ", "Content-Length: +"), 400),
            (call(&format!("{length}{length}"), &body()), 400),
            (call(&format!("{length}Transfer-Encoding: chunked\r\n"), "0\r\n\r\n"), 400),
            (call("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"), 400),
            (call("Transfer-Encoding: chunked\r\n", "zz\r\n"), 400),
            (call("Transfer-Encoding: chunked\r\n", "3 \r\nabc\r\n0\r\n\r\n"), 400),
            (good.replace("POST /mcp", "POST  /mcp"), 400),
            (good.replace("POST /mcp", "POST /mcp#a"), 400),
            (good.replace("POST /mcp", "GET /mcp"), 400),
            (
                call("Transfer-Encoding: chunked\r\n", "0\r\n folded: a\r\n\r\n").replace("POST", "DELETE"),
                400,
            ),
            (call("Transfer-Encoding: chunked\r\n", "0\r\njunk\r\n\r\n"), 400),
            (good.replace("HTTP/1.1", "HTTP/1.2"), 400),
            ("\r\n\r\n".to_owned() + &good, 400),
            (good.replace("Host: localhost", &"A: b\r\n".repeat(101)), 431),
            (good.replace("Host: localhost", &format!("A: {}", "b".repeat(70_000))), 431),
            (good.replace("Content-Length: ", "Content-Length: 999"), 413),
            (call("Content-Length: 99999999\r\n", ""), 413),
        ] {
            let (mut ours, _) = world.connect(256 << 10);
            ours.write_all(format!("{request}{good}").as_bytes()).await.unwrap();
            let all = rest(&mut ours).await;
            assert!(all.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {all}");
            assert_eq!(all.matches("HTTP/1.1 ").count(), 1, "{request}: {all}");
            assert!(
                all.contains("connection: close\r\n") && all.contains("\"error\":{\"code\":-32"),
                "{all}"
            );
        }
        world
    });
}

#[test]
fn a_client_of_http_1_0_and_one_that_wants_the_head_get_theirs() {
    simulate(|world| async move {
        let (mut ours, _) = world.connect(64 << 10);
        ours.write_all(whole().replace("HTTP/1.1", "HTTP/1.0").as_bytes()).await.unwrap();
        let all = rest(&mut ours).await;
        assert!(all.starts_with("HTTP/1.1 200 OK\r\n") && all.contains("connection: close\r\n"), "{all}");
        let (mut ours, _) = world.connect(64 << 10);
        ours.write_all(b"HEAD /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let all = rest(&mut ours).await;
        assert!(all.starts_with("HTTP/1.1 405 ") && all.ends_with("\r\n\r\n"), "{all}");
        world
    });
}

#[test]
fn a_client_that_does_not_read_its_answer_is_let_go() {
    simulate(|world| async move {
        let (mut ours, served) = world.connect(64);
        let begun = Instant::now();
        ours.write_all(whole().as_bytes()).await.unwrap();
        timeout(Duration::from_secs(60), served).await.expect("it is let go").unwrap();
        assert!(
            (LIMITS.unread_time..2 * LIMITS.unread_time).contains(&begun.elapsed()),
            "{:?}",
            begun.elapsed()
        );
        world
    });
}

#[test]
fn a_refused_client_that_is_still_sending_hears_why() {
    simulate(|world| async move {
        let (mut ours, served) = world.connect(1 << 10);
        ours.write_all(call("Content-Length: 99999999\r\n", "").as_bytes()).await.unwrap();
        for _ in 0..100 {
            ours.write_all(&[b'x'; 1 << 10]).await.unwrap();
        }
        assert!(rest(&mut ours).await.starts_with("HTTP/1.1 413 "));
        drop(ours);
        timeout(Duration::from_secs(1), served).await.expect("it ends with its client").unwrap();
        let (mut ours, served) = world.connect(1 << 10);
        ours.write_all(call("Content-Length: 99999999\r\n", "").as_bytes()).await.unwrap();
        timeout(Duration::from_secs(2), served).await.expect("and not much later without").unwrap();
        world
    });
}

#[test]
fn a_gateway_that_ends_closes_what_is_idle_and_answers_what_is_in_hand() {
    simulate(|world| async move {
        let (mut idle, _) = world.connect(64 << 10);
        let (mut busy, _) = world.connect(64 << 10);
        let (mut begun, _) = world.connect(64 << 10);
        let slow = message(1, "read", "late", META);
        busy.write_all(call(&format!("Content-Length: {}\r\n", slow.len()), &slow).as_bytes()).await.unwrap();
        begun.write_all(b"POST").await.unwrap();
        sleep(Duration::from_millis(10)).await;
        world.front.close();
        assert_eq!(timeout(Duration::from_millis(100), rest(&mut idle)).await.expect("at once"), "");
        begun.write_all(whole().trim_start_matches("POST").as_bytes()).await.unwrap();
        for stream in [&mut busy, &mut begun] {
            let all = rest(stream).await;
            assert!(all.starts_with("HTTP/1.1 200 ") && all.contains("connection: close\r\n"), "{all}");
        }
        world.hub.enter(Phase::Serving);
        world
    });
}

#[test]
fn a_client_that_reads_slowly_gets_all_of_its_answer() {
    simulate(|world| async move {
        let (mut ours, _served) = world.connect(64);
        let request = whole().replace("Host: localhost", "Host: localhost\r\nConnection: close");
        ours.write_all(request.as_bytes()).await.unwrap();
        let begun = Instant::now();
        let (mut all, mut some) = (Vec::new(), [0; 64]);
        loop {
            sleep(LIMITS.unread_time.mul_f32(0.6)).await;
            match ours.read(&mut some).await.unwrap() {
                0 => break,
                read => all.extend_from_slice(&some[..read]),
            }
        }
        assert!(begun.elapsed() > 2 * LIMITS.unread_time, "{:?}", begun.elapsed());
        let all = String::from_utf8(all).unwrap();
        assert!(all.starts_with("HTTP/1.1 200 ") && all.ends_with("}}"), "{all}");
        world
    });
}

#[test]
fn a_client_that_left_is_missed_whatever_it_said_before() {
    simulate(|world| async move {
        let slow = message(1, "read", "late", META);
        let slow = call(&format!("Content-Length: {}\r\n", slow.len()), &slow);
        let much = format!("POST /mcp HTTP/1.1\r\nContent-Length: 900000\r\n\r\n{}", "x".repeat(80_000));
        for behind in ["", "\r\n", "GET /mcp HTTP/1.1\r\n", &much] {
            let (mut ours, served) = world.connect(256 << 10);
            ours.write_all(slow.as_bytes()).await.unwrap();
            sleep(Duration::from_millis(10)).await;
            assert_eq!(world.gate.sessions.in_hand(), 1);
            ours.write_all(behind.as_bytes()).await.unwrap();
            drop(ours);
            timeout(Duration::from_millis(100), served).await.expect("at once").unwrap();
            assert_eq!(world.gate.sessions.in_hand(), 0, "{behind:?}");
        }
        world
    });
}

#[test]
fn a_connection_that_has_used_up_its_turn_hears_of_the_end() {
    simulate(|world| async move {
        let (mut ours, served) = world.connect(1 << 20);
        let elsewhere = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(300);
        let slow = message(1, "read", "stall", META);
        let slow = call(&format!("Content-Length: {}\r\n", slow.len()), &slow);
        ours.write_all(format!("{elsewhere}{slow}").as_bytes()).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        assert_eq!(world.gate.sessions.in_hand(), 1);
        world.hub.enter(Phase::Draining);
        world.hub.enter(Phase::Over);
        timeout(Duration::from_secs(1), served).await.expect("it ends").unwrap();
        world.hub.enter(Phase::Serving);
        world
    });
}

#[test]
fn a_body_that_nobody_read_is_never_taken_for_a_request() {
    simulate(|world| async move {
        let elsewhere = HEAD.replace("/mcp", "/x");
        let chunks = format!("{:x}\r\n{}\r\n0\r\n\r\n", whole().len(), whole());
        for (fields, body) in [
            (format!("Content-Length: {}\r\n", whole().len()), whole()),
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunks),
        ] {
            for comes_later in [false, true] {
                let (mut ours, _served) = world.connect(64 << 10);
                ours.write_all(format!("{elsewhere}{fields}\r\n").as_bytes()).await.unwrap();
                if comes_later {
                    sleep(Duration::from_millis(10)).await;
                }
                // What is behind it is not read either where it came too late.
                ours.write_all(body.as_bytes()).await.unwrap();
                let all = rest(&mut ours).await;
                assert!(all.starts_with("HTTP/1.1 404 ") && !all.contains("200 OK"), "{fields}: {all}");
            }
        }
        world
    });
}

/// The moment between a decision and its record is one, too.
#[test]
fn a_client_that_leaves_while_its_call_is_recorded_leaves_no_call_without_an_outcome() {
    let records = simulate(|world| async move {
        let sized =
            |fields: &str, body: &str| format!("{HEAD}{fields}Content-Length: {}\r\n\r\n{body}", body.len());
        let (mut ours, _served) = world.connect(64 << 10);
        ours.write_all(sized("Connection: close\r\n", INITIALIZE).as_bytes()).await.unwrap();
        let answer = rest(&mut ours).await;
        let id = answer.split("mcp-session-id: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
        let session = format!("Mcp-Session-Id: {id}\r\n");
        // With another exchange in hand a commit waits for whoever else is ready.
        let (mut busy, _served) = world.connect(64 << 10);
        busy.write_all(sized(&session, &message(1, "read", "late", "")).as_bytes()).await.unwrap();
        sleep(Duration::from_millis(10)).await;
        for number in 2..5 {
            let (mut ours, served) = world.connect(64 << 10);
            ours.write_all(sized(&session, &message(number, "read", "late", "")).as_bytes()).await.unwrap();
            drop(ours);
            timeout(Duration::from_millis(100), served).await.expect("at once").unwrap();
        }
        assert_eq!(world.gate.sessions.in_hand(), 1);
        sleep(Duration::from_secs(10)).await;
        world
    });
    let mut calls = Vec::new();
    for record in &records {
        match (record["kind"].as_str(), record["method"].as_str()) {
            (Some("decision"), Some("tools/call")) => calls.push((&record["call"], 0)),
            (Some("outcome"), _) => {
                calls
                    .iter_mut()
                    .filter(|(call, _)| *call == &record["call"])
                    .for_each(|(_, ends)| *ends += 1);
            }
            // What is left then was forgotten before.
            (Some("stop"), _) => break,
            _ => {}
        }
    }
    assert!(calls.len() == 4 && calls.iter().all(|(_, ends)| *ends == 1), "{calls:?} of {records:#?}");
}
