//! Connections to a server: which of them serve another request, and that none is sent twice.

use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Endpoint, LIMITS, Roots, on_a_still_clock, upstream};
use crate::http::fields::Fields;
use crate::http::upstream::{Link, UpstreamError, collect};

type Answered = Result<Bytes, UpstreamError>;

fn server() -> (std::sync::Arc<Link>, UnboundedReceiver<DuplexStream>) {
    let arrivals = upstream::arrivals();
    let target = Endpoint {
        uri: "http://upstream.example:8080/mcp".parse().unwrap(),
        headers: Vec::new(),
        roots: Roots::nobody().unwrap(),
    };
    (std::sync::Arc::new(Link::new(target, &LIMITS)), arrivals)
}

/// Posts `line` and reads the whole answer, in a task of its own.
fn ask(link: &std::sync::Arc<Link>, line: &'static str) -> JoinHandle<Answered> {
    let link = std::sync::Arc::clone(link);
    tokio::spawn(async move {
        let answer = link.pass(Fields::default(), Bytes::from_static(line.as_bytes())).await?;
        collect(answer.into_body(), 1 << 20, LIMITS.answer_time).await
    })
}

/// One request, which is all that there is to read, and ends with `line`.
async fn request(stream: &mut DuplexStream, line: &str) {
    let mut read = Vec::new();
    while !read.ends_with(line.as_bytes()) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "it was closed");
    }
    let text = String::from_utf8(read).unwrap();
    assert!(text.starts_with("POST /mcp HTTP/1.1\r\n"), "{text}");
    assert_eq!(text.matches("host: upstream.example:8080\r\n").count(), 1, "{text}");
    assert_eq!(text.matches("POST").count(), 1, "{text}");
}

async fn answer(stream: &mut DuplexStream, text: &str) {
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// Waits until everybody has done what there is to do.
async fn all_is_done() {
    sleep(Duration::from_millis(1)).await;
}

async fn is_closed(stream: &mut DuplexStream) {
    let mut rest = Vec::new();
    timeout(Duration::from_secs(1), stream.read_to_end(&mut rest)).await.expect("it is closed").unwrap();
    assert!(rest.is_empty(), "nothing more was sent");
}

#[test]
fn a_connection_is_free_when_its_answer_was_read_to_the_end() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        let first = ask(&link, "one");
        let mut one = arrivals.recv().await.unwrap();
        request(&mut one, "one").await;
        one.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab").await.unwrap();
        all_is_done().await;
        let second = ask(&link, "two");
        let mut two = arrivals.recv().await.expect("the other answer is not there yet");
        request(&mut two, "two").await;
        answer(&mut two, "ef").await;
        assert_eq!(second.await.unwrap().unwrap(), "ef");
        one.write_all(b"cd").await.unwrap();
        assert_eq!(first.await.unwrap().unwrap(), "abcd");
        for (stream, line) in [(&mut one, "three"), (&mut two, "four")] {
            // The one that was used last is used first, and is in use from then on.
            let asked = ask(&link, line);
            request(stream, line).await;
            std::mem::forget(asked);
        }
        assert!(arrivals.try_recv().is_err(), "no other connection");
    });
}

#[test]
fn a_long_answer_that_comes_bit_by_bit_is_whole() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        let long = "0123456789".repeat(20_000);
        for round in 0..2 {
            let asked = ask(&link, "long");
            let mut stream = arrivals.recv().await.unwrap();
            request(&mut stream, "long").await;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", long.len());
            // One that says that it ends is not used again.
            stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
            for piece in long.as_bytes().chunks(7_000) {
                stream.write_all(piece).await.unwrap();
                all_is_done().await;
            }
            assert_eq!(asked.await.unwrap().unwrap(), long, "{round}");
            is_closed(&mut stream).await;
        }
    });
}

#[test]
fn a_connection_that_was_closed_while_idle_costs_no_request() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        for line in ["one", "two", "three"] {
            let asked = ask(&link, line);
            let mut stream = arrivals.recv().await.expect("a new one");
            request(&mut stream, line).await;
            answer(&mut stream, "{}").await;
            assert_eq!(asked.await.unwrap().unwrap(), "{}");
            // At once the next one, or after the close was seen.
            drop(stream);
            if line == "two" {
                all_is_done().await;
            }
        }
    });
}

#[test]
fn a_request_that_was_begun_is_not_sent_again() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        let asked = ask(&link, "one");
        let mut stream = arrivals.recv().await.unwrap();
        request(&mut stream, "one").await;
        answer(&mut stream, "{}").await;
        asked.await.unwrap().unwrap();
        let asked = ask(&link, "two");
        request(&mut stream, "two").await;
        drop(stream);
        assert!(matches!(asked.await.unwrap(), Err(UpstreamError::Broken)));
        all_is_done().await;
        assert!(arrivals.try_recv().is_err(), "no other connection");
    });
}

#[test]
fn a_request_whose_client_left_ends_its_connection() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        let asked = ask(&link, "one");
        let mut stream = arrivals.recv().await.unwrap();
        request(&mut stream, "one").await;
        asked.abort();
        is_closed(&mut stream).await;
        let asked = ask(&link, "two");
        let mut stream = arrivals.recv().await.unwrap();
        request(&mut stream, "two").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await.unwrap();
        all_is_done().await;
        asked.abort();
        is_closed(&mut stream).await;
    });
}

#[test]
fn a_server_that_does_not_answer_in_time_loses_its_connection() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        for line in ["one", "two"] {
            let begun = tokio::time::Instant::now();
            let asked = ask(&link, line);
            let mut stream = arrivals.recv().await.unwrap();
            request(&mut stream, line).await;
            assert!(matches!(asked.await.unwrap(), Err(UpstreamError::Late)));
            assert_eq!(begun.elapsed().as_secs(), LIMITS.answer_time.as_secs());
            is_closed(&mut stream).await;
        }
    });
}

#[test]
fn the_time_of_an_answer_begins_with_its_own_request() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        let mut stream = None;
        for _ in 0..4 {
            let asked = ask(&link, "one");
            let stream = match &mut stream {
                None => stream.insert(arrivals.recv().await.unwrap()),
                Some(stream) => stream,
            };
            request(stream, "one").await;
            sleep(LIMITS.answer_time.mul_f32(0.9)).await;
            answer(stream, "{}").await;
            asked.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_server_that_speaks_unasked_loses_its_connection() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        for line in ["one", "two"] {
            let asked = ask(&link, line);
            let mut stream = arrivals.recv().await.expect("a new one");
            request(&mut stream, line).await;
            answer(&mut stream, "{}").await;
            assert_eq!(asked.await.unwrap().unwrap(), "{}");
            all_is_done().await;
            answer(&mut stream, "forged").await;
            is_closed(&mut stream).await;
        }
    });
}

#[test]
fn a_server_that_answers_while_it_is_told_hears_the_rest() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        // More than lies between the two.
        let line: &'static str = Box::leak("x".repeat(100 << 10).into_boxed_str());
        let asked = ask(&link, line);
        let mut stream = arrivals.recv().await.unwrap();
        stream.read_exact(&mut [0; 1 << 10]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n").await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(&[b'x'; 90 << 10]) {
            assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "it was closed");
        }
        stream.write_all(b"{}").await.unwrap();
        assert_eq!(asked.await.unwrap().unwrap(), "{}");
    });
}

#[test]
fn what_a_server_said_before_it_hung_up_is_heard() {
    on_a_still_clock(async {
        let (link, mut arrivals) = server();
        let line: &'static str = Box::leak("x".repeat(100 << 10).into_boxed_str());
        for _ in 0..2 {
            let asked = ask(&link, line);
            let mut stream = arrivals.recv().await.expect("a new one");
            stream.read_exact(&mut [0; 1 << 10]).await.unwrap();
            answer(&mut stream, "too long").await;
            drop(stream);
            assert_eq!(asked.await.unwrap().unwrap(), "too long");
        }
        let asked = ask(&link, line);
        drop(arrivals.recv().await.expect("a new one"));
        assert!(matches!(asked.await.unwrap(), Err(UpstreamError::Broken)));
    });
}
