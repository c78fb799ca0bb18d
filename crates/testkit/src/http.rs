//! HTTP by hand: a client that sends any bytes, and an upstream that answers with any.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::patience::{PATIENCE, comes};

/// A request or an answer, as it came.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// The first line, without its end.
    pub first: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Text {
    /// The status of an answer.
    pub fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The messages in a body of events, or the one in a body of JSON.
    pub fn messages(&self) -> Vec<serde_json::Value> {
        if self.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            return vec![self.json()];
        }
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| !data.is_empty())
            .map(|data| serde_json::from_str(data).expect("a message"))
            .collect()
    }
}

/// One connection of a client.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        Connection { stream: BufReader::new(stream) }
    }

    /// Sends bytes as they are. A peer that closed is for the reading to find out.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
    }

    /// Reads a whole answer.
    pub fn answer(&mut self) -> Text {
        let mut text = read_head(&mut self.stream).expect("an answer");
        text.body = self.body(&text);
        text
    }

    /// Reads the body behind that head to its end.
    pub fn body(&mut self, head: &Text) -> Vec<u8> {
        read_body(&mut self.stream, head, false)
    }

    /// Reads the head of an answer; its body follows by [`Connection::chunk`].
    pub fn head(&mut self) -> Text {
        read_head(&mut self.stream).expect("an answer")
    }

    /// The same; `None` if none came.
    pub fn try_head(&mut self) -> Option<Text> {
        read_head(&mut self.stream)
    }

    /// Reads one chunk of a body; `None` at its end, or if it broke off.
    pub fn chunk(&mut self) -> Option<String> {
        read_chunk(&mut self.stream).map(|chunk| String::from_utf8_lossy(&chunk).into_owned())
    }

    /// Reads chunks until `words` stand in what came, or it ends: a piece that was written as one may arrive as several, and several as one.
    pub fn until(&mut self, words: &str) -> String {
        let mut text = String::new();
        while !text.contains(words) {
            match self.chunk() {
                Some(chunk) => text.push_str(&chunk),
                None => break,
            }
        }
        text
    }

    /// Reads all chunks to the end.
    pub fn rest(&mut self) -> String {
        std::iter::from_fn(|| self.chunk()).collect()
    }

    /// Waits for the next byte; true if the peer closed the connection instead.
    pub fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    /// True if nothing has come by now, not even its end.
    pub fn is_silent(&self) -> bool {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).expect("a socket that need not wait");
        let came = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("a socket that waits");
        self.stream.buffer().is_empty() && came.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// A POST of `body` to `/mcp`, with more header lines, each ended.
pub fn post(body: &str, headers: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// One request on a connection of its own.
pub fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Text {
    let mut connection = Connection::open(address);
    connection.send(request);
    connection.answer()
}

/// A server that answers with whatever `answer` writes, and remembers what it was asked.
#[derive(Debug)]
pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Text>>>,
}

impl Upstream {
    /// `answer` is called for every request, on a thread of its connection; false closes that.
    pub fn start(answer: impl Fn(&Text, &mut TcpStream) -> bool + Send + Sync + 'static) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, remembered) = (Arc::new(answer), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&remembered));
                thread::spawn(move || {
                    let mut writer = stream.try_clone().expect("a second handle");
                    let mut reader = BufReader::new(stream);
                    while let Some(mut request) = read_head(&mut reader) {
                        request.body = read_body(&mut reader, &request, true);
                        seen.lock().expect("no panic").push(request.clone());
                        if !answer(&request, &mut writer) {
                            let _ = writer.shutdown(std::net::Shutdown::Both);
                            return;
                        }
                    }
                });
            }
        });
        Upstream { address, seen }
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Text> {
        self.seen.lock().expect("no panic").clone()
    }

    /// Waits until it was asked something with `words` in it; false if it never is.
    pub fn hears(&self, words: &str) -> bool {
        comes(|| self.seen().iter().any(|request| request.text().contains(words)))
    }

    /// Its endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

/// Writes a whole answer.
pub fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> bool {
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).is_ok()
}

/// Writes an answer in JSON.
pub fn reply_json(stream: &mut TcpStream, body: &str) -> bool {
    reply(stream, "200 OK", "Content-Type: application/json\r\n", body)
}

/// Writes the head of a stream of events.
pub fn begin_events(stream: &mut TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let _ = stream.write_all(head.as_bytes());
}

/// Writes one chunk; an empty one is the end.
pub fn chunk(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).is_ok()
}

fn read_head(reader: &mut BufReader<TcpStream>) -> Option<Text> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut text = Text { first: line.trim_end().to_owned(), ..Text::default() };
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => text.headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => return Some(text),
        }
    }
}

fn read_body(reader: &mut BufReader<TcpStream>, head: &Text, request: bool) -> Vec<u8> {
    let mut body = Vec::new();
    if head.header("transfer-encoding").is_some() {
        while let Some(chunk) = read_chunk(reader) {
            body.extend(chunk);
        }
    } else if let Some(length) = head.header("content-length") {
        body.resize(length.parse().expect("a length"), 0);
        let _ = reader.read_exact(&mut body);
    } else if !request && !matches!(head.status(), 202 | 204) {
        let _ = reader.read_to_end(&mut body);
    }
    body
}

fn read_chunk(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let length = usize::from_str_radix(line.trim(), 16).ok()?;
    let mut chunk = vec![0; length + 2];
    reader.read_exact(&mut chunk).ok()?;
    chunk.truncate(length);
    (length > 0).then_some(chunk)
}
