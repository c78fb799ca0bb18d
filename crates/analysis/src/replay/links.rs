//! Symbolic links as they were when a run was recorded: replayed traffic follows those, not what lies on this disk now (law 6).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bailiwick_policy::{Follow, Followed};

/// Where a text led, as a decision recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Line of the decision in its file.
    pub line: u64,
    pub text: String,
    /// `None`: it could not be found out.
    pub to: Option<String>,
}

/// Follows recorded links: of several records of one text the next one behind the line that is replayed.
#[derive(Debug)]
pub struct Recalled {
    /// Where relative paths start; without it what was no link is not looked at.
    directory: Option<String>,
    now: Arc<Mutex<Now>>,
}

/// Of one file by their text, with the lines of their decisions.
type Facts = BTreeMap<String, Vec<(u64, Option<String>)>>;

#[derive(Debug, Default)]
struct Now {
    files: Vec<Facts>,
    file: usize,
    line: u64,
}

impl Recalled {
    /// `files`: the links that the decisions of each recorded, in their order.
    #[must_use]
    pub fn new(directory: Option<String>, files: Vec<Vec<Fact>>) -> Recalled {
        let by_text = |facts: Vec<Fact>| {
            let mut by_text = Facts::new();
            for fact in facts {
                by_text.entry(fact.text).or_default().push((fact.line, fact.to));
            }
            by_text
        };
        let files = files.into_iter().map(by_text).collect();
        Recalled { directory, now: Arc::new(Mutex::new(Now { files, file: 0, line: 0 })) }
    }

    /// The same links, for what ran in another directory.
    #[must_use]
    pub fn within(&self, directory: Option<String>) -> Recalled {
        Recalled { directory, now: Arc::clone(&self.now) }
    }

    /// The file and the line in it that is replayed.
    pub fn at(&self, file: usize, line: u64) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        (now.file, now.line) = (file, line);
    }
}

impl Follow for Recalled {
    fn follow(&self, path: &str) -> Followed {
        if path.is_empty() || path.contains('\0') {
            return Followed::Nowhere;
        }
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = now.files.get(now.file).and_then(|facts| facts.get(path));
        let records = facts.map(Vec::as_slice).unwrap_or_default();
        let record = records.iter().find(|(line, _)| *line >= now.line).or(records.last());
        match (record, &self.directory) {
            (Some((_, Some(to))), _) => Followed::To(to.clone()),
            (Some((_, None)), _) => Followed::Unknown,
            (None, Some(directory)) => Followed::Plain(plain(directory, path)),
            (None, None) => Followed::Nowhere,
        }
    }
}

/// The absolute path without `.` and `..`, where no link was.
pub(super) fn plain(directory: &str, path: &str) -> String {
    let start = if path.starts_with('/') { "" } else { directory };
    let mut names: Vec<&str> = Vec::new();
    for name in start.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{Fact, Follow, Followed, Recalled};

    #[test]
    fn a_link_leads_where_it_led_at_that_time() {
        let fact = |line, to: Option<&str>| Fact { line, text: "out/x".into(), to: to.map(str::to_owned) };
        let files = vec![vec![fact(3, Some("/etc/x")), fact(9, None)], Vec::new()];
        let recalled = Recalled::new(Some("/work/app".into()), files);
        recalled.at(0, 2);
        assert_eq!(recalled.follow("out/x"), Followed::To("/etc/x".into()));
        recalled.at(0, 4);
        assert_eq!(recalled.follow("out/x"), Followed::Unknown);
        recalled.at(0, 20);
        assert_eq!(recalled.follow("out/x"), Followed::Unknown, "the last that is known");
        assert_eq!(recalled.follow("src/../y"), Followed::Plain("/work/app/y".into()));
        let elsewhere = recalled.within(Some("/work/web".into()));
        assert_eq!(elsewhere.follow("out/x"), Followed::Unknown, "what is replayed is the same for all");
        assert_eq!(elsewhere.follow("y"), Followed::Plain("/work/web/y".into()));
        assert_eq!(recalled.within(None).follow("y"), Followed::Nowhere);
        recalled.at(1, 1);
        assert_eq!(recalled.follow("out/x"), Followed::Plain("/work/app/out/x".into()));
    }
}
