//! Posts bodies to one place from a thread of its own, each within its time, for threads that do not wait themselves.

use std::sync::Arc;
use std::time::Instant;

use hyper::StatusCode;
use hyper::body::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout_at;

use super::fields::Fields;
use super::limits::HttpLimits;
use super::upstream::{Link, Target, collect};

/// Bodies on their way at once.
const AT_ONCE: usize = 8;

/// Takes an answer, once.
type Heard = Box<dyn FnOnce(Result<Vec<u8>, String>) + Send>;

/// The way to one place.
#[derive(Debug)]
pub(crate) struct Post(mpsc::Sender<Sent>);

struct Sent {
    body: Vec<u8>,
    until: Instant,
    heard: Heard,
}

impl Post {
    /// Of at most `waiting_max` bodies at once an answer of at most `answer_bytes_max` is heard.
    pub(crate) fn start(to: Target, waiting_max: usize, answer_bytes_max: usize) -> std::io::Result<Post> {
        let (sender, mut sent) = mpsc::channel::<Sent>(waiting_max);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let body = move || {
            let link = Arc::new(Link::new(to, &HttpLimits::DEFAULT));
            let room = Arc::new(Semaphore::new(AT_ONCE));
            runtime.block_on(async move {
                while let Some(Sent { body, until, heard }) = sent.recv().await {
                    let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
                    let link = Arc::clone(&link);
                    tokio::spawn(async move {
                        let answer = timeout_at(until.into(), exchange(&link, body, answer_bytes_max)).await;
                        // Whoever takes it may write records, which is not for a thread that serves others.
                        drop(place);
                        let answer = answer.unwrap_or_else(|_| Err("it did not answer in time".to_owned()));
                        let _ = tokio::task::spawn_blocking(move || heard(answer)).await;
                    });
                }
            });
        };
        std::thread::Builder::new().name("classifier".into()).spawn(body)?;
        Ok(Post(sender))
    }

    pub(crate) fn send(&self, body: Vec<u8>, until: Instant, heard: Heard) {
        let refused = match self.0.try_send(Sent { body, until, heard }) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Full(sent) | mpsc::error::TrySendError::Closed(sent)) => sent,
        };
        (refused.heard)(Err("too many questions wait for it".to_owned()));
    }
}

async fn exchange(link: &Link, body: Vec<u8>, answer_bytes_max: usize) -> Result<Vec<u8>, String> {
    let response =
        link.pass(Fields::default(), Bytes::from(body)).await.map_err(|error| error.to_string())?;
    if response.status() != StatusCode::OK {
        return Err(format!("it answered HTTP {}", response.status().as_u16()));
    }
    let answer_time = HttpLimits::DEFAULT.answer_time;
    let bytes = collect(response.into_body(), answer_bytes_max, answer_time).await;
    bytes.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
}
