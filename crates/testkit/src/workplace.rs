//! A folder of its own for one test, and an environment that holds nothing of the machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The folder in which the processes of a test live; removed with it.
#[derive(Debug)]
pub struct Workplace {
    folder: TempDir,
}

impl Workplace {
    /// An empty workplace.
    pub fn new() -> Workplace {
        let folder = tempfile::Builder::new().prefix("bailiwick-").tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("home")).expect("a home folder");
        Workplace { folder }
    }

    /// The folder, as its processes see it.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the folder, as text.
    pub fn at(&self, relative: &str) -> String {
        self.path().join(relative).display().to_string()
    }

    /// Writes a file and gives its path.
    pub fn file(&self, relative: &str, content: &str) -> PathBuf {
        let path = self.path().join(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("the folder of the file");
        fs::write(&path, content).expect("the file");
        path
    }

    /// The same all at once: whoever looks meanwhile reads what was there, or this.
    pub fn replace(&self, relative: &str, content: &str) -> PathBuf {
        let (written, path) = (self.file(&format!("{relative}.new"), content), self.path().join(relative));
        fs::rename(written, &path).expect("the file takes its place");
        path
    }

    /// A git repository with one commit, whose hash is the same in every run.
    pub fn git_repository(&self, relative: &str) -> String {
        let path = self.file(&format!("{relative}/readme.txt"), "first\n");
        let repository = path.parent().expect("a parent").display().to_string();
        for arguments in [&["init", "-q", "-b", "main"][..], &["add", "."], &["commit", "-q", "-m", "first"]]
        {
            let git = Command::new("git")
                .args(["-c", "user.name=t", "-c", "user.email=t@t.example", "-C", &repository])
                .args(arguments)
                .env_clear()
                .envs(self.environment())
                .envs([
                    ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"),
                    ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z"),
                ])
                .status();
            assert!(git.expect("git runs").success(), "`git {arguments:?}` failed");
        }
        repository
    }

    /// All that a process of the test finds in its environment.
    pub fn environment(&self) -> Vec<(String, String)> {
        let home = self.at("home");
        let pairs = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("HOME", &home),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ];
        let mut environment = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        // Only the peers need it, and what starts a peer asks for it.
        let tools = std::env::var("BAILIWICK_TEST_TOOLS");
        environment.extend(tools.map(|folder| ("BAILIWICK_TEST_TOOLS".to_owned(), folder)));
        environment
    }
}

impl Default for Workplace {
    fn default() -> Workplace {
        Workplace::new()
    }
}
