//! Follows symbolic links on this machine, as the server that is wrapped here would.

use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use bailiwick_policy::{Follow, Followed};
#[cfg(target_os = "linux")]
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
#[cfg(target_os = "linux")]
use rustix::io::Errno;

/// Follows from the directory in which a server runs.
#[derive(Debug)]
pub struct Links {
    /// Absolute.
    directory: PathBuf,
    /// The same as text, where it is one, without a `/` at its end.
    start: Option<String>,
}

/// Linux gives up after as many.
const LINKS_MAX: u32 = 40;
/// More steps than a path of 4,096 bytes can have, links included.
const STEPS_MAX: u32 = 4_096;
const PATH_BYTES_MAX: usize = 4_096;
/// The longest name of the usual file systems.
const NAME_BYTES_MAX: usize = 255;

impl Links {
    #[must_use]
    pub fn new(directory: PathBuf) -> Links {
        let start = directory.to_str().map(|text| text.trim_end_matches('/').to_owned());
        Links { directory, start }
    }

    /// Where a path leads that has no link on its way, by one question to the kernel instead of one for each directory.
    /// `None`: only a walk tells.
    #[cfg(target_os = "linux")]
    fn straight(&self, path: &str) -> Option<String> {
        let from = if path.starts_with('/') { "" } else { self.start.as_deref()? };
        // One more for the `/` between them, and one for the end that the kernel wants.
        let mut at = String::with_capacity(from.len() + path.len() + 2);
        at.push_str(from);
        for name in path.split('/') {
            match name {
                "" | "." => {}
                // Behind what does not exist the kernel stops, and a walk goes on.
                ".." => return None,
                name => {
                    at.push('/');
                    at.push_str(name);
                }
            }
        }
        if at.is_empty() {
            at.push('/');
        }
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        match openat2(CWD, &*at, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
            // What is not there, or not for us, has no link up to the place where that shows.
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Some(at),
            // A link; or a kernel, or a confinement of ours, that does not know the question.
            Err(_) => None,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn straight(&self, _path: &str) -> Option<String> {
        None
    }

    /// Where a path leads, link by link.
    fn walk(&self, path: &str) -> Followed {
        let mut at = if path.starts_with('/') { PathBuf::from("/") } else { self.directory.clone() };
        let mut ahead: VecDeque<String> = path.split('/').map(str::to_owned).collect();
        let (mut links, mut steps) = (0, 0);
        // Below what does not exist there are no links.
        let mut exists = true;
        while let Some(name) = ahead.pop_front() {
            steps += 1;
            if steps > STEPS_MAX {
                return Followed::Unknown;
            }
            match name.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop();
                    exists = true;
                    continue;
                }
                name => at.push(name),
            }
            if !exists {
                continue;
            }
            let target = match fs::symlink_metadata(&at) {
                Ok(about) if about.is_symlink() => fs::read_link(&at),
                Ok(_) => continue,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    exists = false;
                    continue;
                }
                // The server runs with the same rights, and does not get further either.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    exists = false;
                    continue;
                }
                Err(error) => Err(error),
            };
            links += 1;
            let Some(target) = target.ok().and_then(|target| target.to_str().map(str::to_owned)) else {
                return Followed::Unknown;
            };
            if links > LINKS_MAX {
                return Followed::Unknown;
            }
            if target.starts_with('/') {
                at = PathBuf::from("/");
            } else {
                at.pop();
            }
            target.rsplit('/').for_each(|name| ahead.push_front(name.to_owned()));
        }
        match at.to_str() {
            Some(text) if links == 0 => Followed::Plain(text.to_owned()),
            Some(text) => Followed::To(text.to_owned()),
            None => Followed::Unknown,
        }
    }
}

impl Follow for Links {
    fn follow(&self, path: &str) -> Followed {
        // Prose and code are no names of files: no system call is spent on them.
        let long = |path: &str| {
            path.len() > NAME_BYTES_MAX && path.split('/').any(|name| name.len() > NAME_BYTES_MAX)
        };
        if path.is_empty() || path.len() > PATH_BYTES_MAX || path.as_bytes().contains(&0) || long(path) {
            return Followed::Nowhere;
        }
        match self.straight(path) {
            Some(to) => Followed::Plain(to),
            None => self.walk(path),
        }
    }

    fn starts_in(&self, directory: &str) -> bool {
        self.directory.to_str() == Some(directory)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{Follow, Followed, Links, fs};

    #[test]
    fn links_are_followed_to_their_end_and_missing_ends_to_their_directory() {
        let root = std::env::temp_dir().join(format!("bailiwick-links-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("work/src")).unwrap();
        fs::create_dir_all(root.join("secret")).unwrap();
        let root = fs::canonicalize(&root).unwrap();
        symlink(root.join("secret"), root.join("work/out")).unwrap();
        symlink("../secret/key", root.join("work/near")).unwrap();
        symlink("round", root.join("work/round")).unwrap();
        symlink(root.join("nowhere/x"), root.join("work/lost")).unwrap();
        let links = Links::new(root.join("work"));
        let to = |path: &str| links.follow(path);
        let at = |path: &str| Followed::To(root.join(path).to_str().unwrap().to_owned());
        assert_eq!(
            to("src/new/../file"),
            Followed::Plain(root.join("work/src/file").to_str().unwrap().to_owned())
        );
        assert_eq!(to("out/key"), at("secret/key"));
        assert_eq!(to("out/../x"), at("x"), "`..` starts where the link leads");
        assert_eq!(to("near"), at("secret/key"), "also when it does not exist yet");
        assert_eq!(to("lost"), at("nowhere/x"));
        assert_eq!(to("src/../out/new"), at("secret/new"));
        assert_eq!(to(root.join("work/out/y").to_str().unwrap()), at("secret/y"));
        assert_eq!(to("round"), Followed::Unknown);
        assert_eq!(to(&"x".repeat(300)), Followed::Nowhere);
        assert_eq!(to(""), Followed::Nowhere);
        assert_eq!(to("/"), Followed::Plain("/".to_owned()));
        assert!(links.starts_in(root.join("work").to_str().unwrap()) && !links.starts_in("/"));
        fs::write(root.join("work/file"), "").unwrap();
        for path in
            ["src", "src/", "./src//new", "file", "file/below", "new", "/", "/proc/self/x", "out", "out/"]
        {
            let found = links.straight(path).map(Followed::Plain);
            assert!(found.is_none_or(|found| found == links.walk(path)), "{path}");
        }
        for path in ["out", "out/", "out/key", "near", "lost", "round", "round/x"] {
            assert_eq!(links.straight(path), None, "{path}");
        }
        fs::remove_dir_all(&root).unwrap();
    }
}
