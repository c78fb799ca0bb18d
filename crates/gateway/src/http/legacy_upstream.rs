//! HTTP+SSE of 2024-11-05 towards an upstream: a stream that is listened to, and the place that it says to post to. To the rest
//! of the gateway it is a pipe, like that of a process.

use bailiwick_mcp::Limits;
use bailiwick_mcp::framing::{Part, Sse};
use http_body_util::BodyExt as _;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use hyper::{Method, Uri};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::fields::Fields;
use super::head::is_type;
use super::letter::Letter;
use super::limits::HttpLimits;
use super::pipe::{Heard, LETTERS_MAX, LINES_MAX, Pipe};
use super::upstream::{Link, Reading, Target};

/// Connects to the upstream; what it says comes out of the receiver, which ends with it.
pub(super) async fn connect(
    target: &Target,
    limits: &Limits,
    http: &HttpLimits,
) -> Result<(Pipe, mpsc::Receiver<Heard>), &'static str> {
    let link = Link::new(target.clone(), http);
    let (mut stream, place) = open(&link, &target.uri, limits, http).await?;
    let (letters, to_write) = mpsc::channel(LETTERS_MAX);
    let (lines, heard) = mpsc::channel(LINES_MAX);
    let idle = http.stream_idle;
    tokio::spawn(async move {
        let writing = write(&link, &place, to_write);
        let reading = async {
            while let Ok(Some(said)) = timeout(idle, stream.next()).await {
                if lines.send(said).await.is_err() {
                    return;
                }
            }
        };
        // Either end ends the other.
        tokio::select! {
            () = writing => {}
            () = reading => {}
        }
    });
    Ok((Pipe::of_letters(letters), heard))
}

/// Opens the stream, and hears where to post to.
pub(super) async fn open(
    link: &Link,
    base: &Uri,
    limits: &Limits,
    http: &HttpLimits,
) -> Result<(Stream, Uri), &'static str> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    let response = link.ask(Method::GET, headers.into()).await.map_err(|_| "the server cannot be reached")?;
    if !response.status().is_success() || !is_type(response.headers(), "text/event-stream") {
        return Err(NO_STREAM);
    }
    let mut stream = Stream { body: response.into_body(), sse: Sse::new(limits) };
    let place = timeout(http.answer_time, stream.endpoint()).await;
    let place = place.ok().flatten().ok_or("the server does not say where to post")?;
    let place = within(base, &place).ok_or("the server says to post to another origin")?;
    Ok((stream, place))
}

/// It does not speak this transport at all.
pub(super) const NO_STREAM: &str = "the server opens no stream of events";

/// Posts one letter after the other, in their order, until the pipe is dropped or the upstream takes one no more.
async fn write(link: &Link, place: &Uri, mut letters: mpsc::Receiver<Letter>) {
    while let Some(letter) = letters.recv().await {
        match link.post_to(place.clone(), Fields::default(), &letter).await {
            Ok(response) if response.status().is_success() => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// The stream of events.
pub(super) struct Stream {
    body: Reading,
    sse: Sse,
}

impl Stream {
    /// The first event of the stream: where to post.
    async fn endpoint(&mut self) -> Option<String> {
        loop {
            while let Some(part) = self.sse.next() {
                match part {
                    Part::Event(event) if event.kind.as_deref() == Some(b"endpoint") => {
                        return String::from_utf8(event.data?).ok();
                    }
                    Part::Comment(_) => {}
                    Part::Event(_) | Part::TooLong { .. } => return None,
                }
            }
            self.read().await?;
        }
    }

    /// The next message; nothing at the end.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        loop {
            while let Some(part) = self.sse.next() {
                match part {
                    Part::Event(event) if event.is_message() => {
                        return event.data.map(Heard::Line);
                    }
                    Part::Event(_) | Part::Comment(_) => {}
                    Part::TooLong { id, request } => return Some(Heard::TooLong { id, request }),
                }
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Option<()> {
        if let Ok(data) = self.body.frame().await?.ok()?.into_data() {
            self.sse.extend(&data);
        }
        Some(())
    }
}

/// Where `place` leads from `base`; nothing if that is another origin: a server must not send us, and the credentials that we
/// show it, elsewhere.
fn within(base: &Uri, place: &str) -> Option<Uri> {
    let place = place.trim();
    let (scheme, authority) = (base.scheme()?, base.authority()?);
    let full = match place {
        _ if place.starts_with("//") || place.contains(char::is_whitespace) => return None,
        _ if place.starts_with('/') => format!("{scheme}://{authority}{place}"),
        _ if place.contains("://") => place.to_owned(),
        _ => {
            let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{scheme}://{authority}{folder}/{place}")
        }
    };
    let uri: Uri = full.parse().ok()?;
    let same = uri.scheme() == Some(scheme)
        && uri.authority().is_some_and(|own| own.as_str().eq_ignore_ascii_case(authority.as_str()));
    same.then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_server_says_where_to_post_within_its_own_origin() {
        let base = "https://h.example:8443/a/sse".parse().unwrap();
        for (place, leads) in [
            ("/message?sessionId=1", Some("https://h.example:8443/message?sessionId=1")),
            ("message", Some("https://h.example:8443/a/message")),
            ("https://h.example:8443/x", Some("https://h.example:8443/x")),
            ("http://h.example:8443/x", None),
            ("https://h.example/x", None),
            ("https://h.example:8443@evil.example/x", None),
            ("//evil.example/x", None),
            ("http://169.254.169.254/", None),
        ] {
            assert_eq!(within(&base, place).map(|uri| uri.to_string()).as_deref(), leads, "{place}");
        }
    }
}
