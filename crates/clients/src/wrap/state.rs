//! What stands before a server's command now: nothing, something of ours, or something of ours that a person wrote.

use crate::config::Server;

/// What [`crate::wrap::edit`] puts before a server's own command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapper {
    /// The absolute path of our binary: clients with windows start with hardly any `PATH`.
    pub binary: String,
    /// The server's name in rules and records.
    pub server: String,
    /// Policies that hold. None means that everything is let through and only recorded.
    pub policies: Vec<String>,
    pub lock: Option<String>,
    /// The folder that traces go to.
    pub trace: Option<String>,
}

/// How a server is launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Bare,
    /// Wrapped as we do it; `inner` is the server's own command.
    Ours {
        wrapper: Wrapper,
        inner: Vec<String>,
    },
    /// Wrapped with flags that we do not set.
    ByHand,
}

impl Wrapper {
    /// Our words, up to and with the `--`.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![self.binary.clone(), "run".to_owned()];
        let mut flag = |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
        flag("--server", &self.server);
        // Said in full: a variable of the client's environment decides nothing.
        flag("--mode", if self.policies.is_empty() { "observe" } else { "enforce" });
        for policy in &self.policies {
            flag("--policy", policy);
        }
        if let Some(lock) = &self.lock {
            flag("--lock", lock);
        }
        if let Some(trace) = &self.trace {
            flag("--trace", trace);
        }
        words.push("--".to_owned());
        words
    }

    #[must_use]
    pub fn is_enforced(&self) -> bool {
        !self.policies.is_empty()
    }

    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.trace.is_some()
    }
}

impl State {
    /// How `server` is launched. One whose entry sets what would decide over our flags is not launched as we do it.
    #[must_use]
    pub fn of(server: &Server) -> State {
        match State::of_words(server) {
            State::Ours { .. } if undoing(server).is_some() => State::ByHand,
            other => other,
        }
    }

    /// The same by its command alone, for taking it away.
    #[must_use]
    pub fn of_words(server: &Server) -> State {
        let words = server.words();
        let Some((program, rest)) = words.split_first() else { return State::Bare };
        if file_name(program) != OUR_NAME || rest.first() != Some(&"run") {
            return State::Bare;
        }
        ours(program, rest.get(1..).unwrap_or_default()).unwrap_or(State::ByHand)
    }
}

/// `None` if a word is not one that [`Wrapper::words`] writes.
fn ours(binary: &str, words: &[&str]) -> Option<State> {
    let end = words.iter().position(|word| *word == "--")?;
    let (flags, inner) = (words.get(..end)?, words.get(end.saturating_add(1)..)?);
    let mut wrapper = Wrapper {
        binary: binary.to_owned(),
        server: String::new(),
        policies: Vec::new(),
        lock: None,
        trace: None,
    };
    for pair in flags.chunks(2) {
        let [name, value] = pair else { return None };
        let value = (*value).to_owned();
        match *name {
            "--server" => wrapper.server = value,
            "--policy" => wrapper.policies.push(value),
            "--lock" => wrapper.lock = Some(value),
            "--trace" => wrapper.trace = Some(value),
            "--mode" if value == "observe" || value == "enforce" => {}
            _ => return None,
        }
    }
    // A person may have written the same flags; in another order they are not ours.
    let same = wrapper.words().iter().skip(2).map(String::as_str).eq(flags.iter().copied().chain(["--"]));
    let inner: Vec<String> = inner.iter().map(|word| (*word).to_owned()).collect();
    (same && !inner.is_empty()).then_some(State::Ours { wrapper, inner })
}

/// A variable that the entry sets and that would decide over what we put before the server: one of ours, one by which other
/// code gets into our process, or one that says where our files and `~` are.
#[must_use]
pub fn undoing(server: &Server) -> Option<&str> {
    let undoes = |name: &&str| {
        let name = name.to_ascii_uppercase();
        ["BAILIWICK_", "LD_", "DYLD_"].iter().any(|start| name.starts_with(start))
            || ["HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"].contains(&name.as_str())
    };
    server.environment.iter().map(|setting| setting.name.as_str()).find(undoes)
}

fn file_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

const OUR_NAME: &str = "bailiwick";
