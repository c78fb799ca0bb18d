//! `bailiwick gateway` as a process of a test.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{Signal, Watched};
use crate::route::binary;
use crate::workplace::Workplace;

/// A gateway that serves on a port of its own; it ends with the test.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    pub address: SocketAddr,
    said: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    /// Starts `built gateway --listen 127.0.0.1:0 ARGUMENTS` and waits until it serves.
    pub fn start<'a>(
        built: &str,
        place: &Workplace,
        target: &'a str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Gateway {
        let own = ["--listen", "127.0.0.1:0", "--target", target];
        Gateway::begin(built, place, own.into_iter().chain(arguments).map(str::to_owned).collect())
    }

    /// Starts `built gateway --config FILE ARGUMENTS` with a file that holds `text`.
    pub fn configured<'a>(
        built: &str,
        place: &Workplace,
        text: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Gateway {
        let file = place.file("gateway.yaml", text).display().to_string();
        let own = ["--config".to_owned(), file];
        Gateway::begin(
            built,
            place,
            own.into_iter().chain(arguments.into_iter().map(str::to_owned)).collect(),
        )
    }

    fn begin(built: &str, place: &Workplace, arguments: Vec<String>) -> Gateway {
        let mut child = Command::new(binary(built))
            .arg("gateway")
            .args(arguments)
            .current_dir(place.path())
            .env_clear()
            .envs(place.environment())
            .env("BAILIWICK_STATE_DIR", place.at("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let mut before = Vec::new();
        let address = lines.by_ref().find_map(|line| {
            let rest =
                line.split_once("serving http").map(|(_, rest)| rest.trim_start_matches("s").to_owned());
            before.push(line);
            rest?.strip_prefix("://")?.split('/').next()?.parse().ok()
        });
        let said = Arc::new(Mutex::new(before));
        let address = address.unwrap_or_else(|| panic!("it does not serve: {:?}", said.lock()));
        let kept = Arc::clone(&said);
        thread::spawn(move || lines.for_each(|line| kept.lock().expect("no panic").push(line)));
        Gateway { child, address, said }
    }

    /// Its endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        Watched::new(self.child.id()).signal(signal);
    }

    /// Where it serves `what`, a path and the words behind it.
    pub fn address_of(&self, what: &str) -> SocketAddr {
        assert!(self.says(what), "it does not serve {what}");
        let said = self.said.lock().expect("no panic");
        let line = said.iter().rev().find(|line| line.contains(what)).expect("it was said");
        let (_, rest) = line.split_once("://").expect("a URL");
        rest.split('/').next().and_then(|address| address.parse().ok()).expect("an address")
    }

    /// Waits until it says a line with `words`.
    pub fn says(&self, words: &str) -> bool {
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if self.said.lock().expect("no panic").iter().any(|line| line.contains(words)) {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Tells it to end, and its status.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
