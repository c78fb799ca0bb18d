//! HTTP+SSE of 2024-11-05 towards the server: it says on a stream where to post to, and answers there.

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::{Response, StatusCode, Uri};
use tokio::time::timeout;

use super::said::{self, Kind, Said};
use super::{Far, refusal};
use crate::http::fields::Fields;
use crate::http::legacy_upstream;
use crate::http::pipe::Heard;
use crate::http::upstream::Reading;

/// How a server that cannot be posted to answers to that (2025-03-26, backwards compatibility).
pub(super) fn may_be(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
}

impl Far {
    /// Tries the older way after `first` refused the newer one, and posts what was refused.
    pub(super) async fn legacy(self: &Arc<Self>, said: &Said, first: Response<Reading>, line: Bytes) {
        let refused = refusal::told(first.status(), first.headers());
        let (mut stream, place) =
            match legacy_upstream::open(&self.link, &self.base, &self.limits, &self.http).await {
                Ok(opened) => opened,
                // The first answer may be a message, and says more.
                Err(legacy_upstream::NO_STREAM) => return self.answered(said, first).await,
                Err(why) => return self.fail(said, &format!("{refused}; over HTTP+SSE: {why}")),
            };
        self.state().place = Some(place.clone());
        let far = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok(Some(heard)) = timeout(far.http.stream_idle, stream.next()).await {
                match heard {
                    Heard::Line(message) => far.hand_on(&message),
                    Heard::TooLong { id: Some(id), .. } => {
                        far.state().open.remove(&id);
                        far.fail_id(&id, "the server's answer is longer than the limit");
                        far.heard.notify_waiters();
                    }
                    Heard::TooLong { id: None, .. } | Heard::Broken => {}
                }
            }
            far.gone.notify_one();
        });
        self.post(said, place, line).await;
    }

    /// The answer comes on the stream; here comes only that it will, or why it will not.
    pub(super) async fn post(&self, said: &Said, place: Uri, line: Bytes) {
        if let Kind::Request(id) = &said.kind {
            self.state().open.insert(id.clone());
        }
        match self.link.pass_to(place, Fields::default(), line).await {
            Ok(response) if response.status().is_success() => self.settled(said).await,
            Ok(response) => self.fail(said, &refusal::told(response.status(), response.headers())),
            Err(error) => self.fail(said, &error.to_string()),
        }
    }

    /// Waits for the answer, which the stream brings, as long as the stream is there.
    async fn settled(&self, said: &Said) {
        let Kind::Request(id) = &said.kind else { return };
        loop {
            let heard = self.heard.notified();
            if !self.state().open.contains(id) {
                return;
            }
            heard.await;
        }
    }

    /// A message of the stream goes on; if it is an answer, nobody waits for it any more.
    fn hand_on(&self, message: &[u8]) {
        if let Some(id) = said::answered(message, &self.limits) {
            self.state().open.remove(&id);
        }
        self.write(message);
        self.heard.notify_waiters();
    }
}
