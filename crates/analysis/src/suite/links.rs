//! Symbolic links that a test file gives, in place of a file system.

use std::collections::{BTreeMap, VecDeque};

use bailiwick_policy::{Follow, Followed};

/// Follows the given links, and no others.
#[derive(Debug, Clone)]
pub struct Given {
    /// Absolute path to where it leads.
    pub links: BTreeMap<String, String>,
    /// Where relative paths start.
    pub directory: String,
}

/// As many as Linux follows.
const LINKS_MAX: usize = 40;
/// More steps than a path of 4,096 bytes can have, links included.
const STEPS_MAX: usize = 4_096;

impl Follow for Given {
    fn follow(&self, path: &str) -> Followed {
        if path.is_empty() || path.contains('\0') {
            return Followed::Nowhere;
        }
        let start = if path.starts_with('/') { "" } else { self.directory.as_str() };
        let mut at: Vec<String> =
            start.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mut ahead: VecDeque<String> = path.split('/').map(str::to_owned).collect();
        let (mut links, mut steps) = (0_usize, 0_usize);
        while let Some(name) = ahead.pop_front() {
            steps = steps.saturating_add(1);
            if steps > STEPS_MAX {
                return Followed::Unknown;
            }
            match name.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop();
                    continue;
                }
                _ => at.push(name),
            }
            let Some(target) = self.links.get(&format!("/{}", at.join("/"))) else { continue };
            links = links.saturating_add(1);
            if links > LINKS_MAX {
                return Followed::Unknown;
            }
            at.clear();
            target.rsplit('/').for_each(|name| ahead.push_front(name.to_owned()));
        }
        let end = format!("/{}", at.join("/"));
        if links == 0 { Followed::Plain(end) } else { Followed::To(end) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, Follow, Followed, Given};

    #[test]
    fn given_links_are_followed_and_circles_are_not() {
        let links = BTreeMap::from([
            ("/work/app/out".to_owned(), "/etc".to_owned()),
            ("/work/app/round".to_owned(), "/work/app/round".to_owned()),
        ]);
        let given = Given { links, directory: "/work/app".into() };
        assert_eq!(given.follow("src/../a"), Followed::Plain("/work/app/a".into()));
        assert_eq!(given.follow("out/passwd"), Followed::To("/etc/passwd".into()));
        assert_eq!(given.follow("/work/app/out/../x"), Followed::To("/x".into()));
        assert_eq!(given.follow("round"), Followed::Unknown);
    }
}
