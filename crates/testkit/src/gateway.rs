//! `bailiwick gateway` as a process of a test.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::patience::{PATIENCE, comes, found};
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
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        let reader = thread::spawn(move || lines.for_each(|line| kept.lock().expect("no panic").push(line)));
        let address = found(|| {
            let ended = reader.is_finished();
            let address = said.lock().expect("no panic").iter().find_map(|line: &String| served_at(line));
            (ended || address.is_some()).then_some(address)
        });
        let Some(address) = address.flatten() else {
            let _ = child.kill();
            panic!("it does not serve: {:?}", said.lock());
        };
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

    /// Waits until it says a line with `words`; false if it never does.
    pub fn says(&self, words: &str) -> bool {
        comes(|| self.said.lock().expect("no panic").iter().any(|line| line.contains(words)))
    }

    /// Tells it to end, and its status.
    pub fn stop(&mut self) -> Option<i32> {
        let watched = Watched::new(self.child.id());
        watched.signal(Signal::TERM);
        assert!(watched.gone_within(PATIENCE), "it did not end within {PATIENCE:?}");
        self.child.wait().expect("it ended").code()
    }
}

/// The address in the line that says that it serves.
fn served_at(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("serving http")?;
    rest.trim_start_matches('s').strip_prefix("://")?.split('/').next()?.parse().ok()
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
