//! The commands of the guide that need no server are run as they are printed, and say what is printed below them.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::tools::repository;
use bailiwick_testkit::workplace::Workplace;
use std::path::Path;
use std::process::Command;

#[test]
fn the_first_policy_is_checked_and_explained_as_printed() {
    // The part behind it needs a server.
    is_as_printed("docs/guide/first-policy.md", "## Let it watch");
}

#[test]
fn what_came_before_is_explained_as_printed() {
    // The part behind it has no commands.
    is_as_printed("docs/guide/history.md", "## What to know");
}

/// Runs each command of a page up to a heading, and compares with what is printed behind it.
fn is_as_printed(page: &str, end: &str) {
    let text = std::fs::read_to_string(repository().join(page)).expect("the page is there");
    let (text, _) = text.split_once(end).expect("the heading is there");
    let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
    let place = Workplace::new();
    let mut compared = 0;
    for pair in blocks.chunks(2) {
        let [typed, printed] = pair else { continue };
        let typed = typed.strip_prefix("sh\n").expect("a command comes before its output");
        let shown = shown(place.path(), typed);
        assert_eq!(shown.trim(), printed.trim(), "{page} prints something else for\n{typed}");
        compared += 1;
    }
    assert_eq!(compared, 3, "each command of that part was run");
}

/// What a shell shows for `typed`, in `folder`, which readers of the page know as `/home/me/try`.
fn shown(folder: &Path, typed: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_bailiwick")).parent().expect("a folder");
    let path = format!("{}:/usr/bin:/bin", binary.display());
    let run = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{typed}")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .output()
        .expect("a shell");
    let real = folder.canonicalize().expect("the folder is there");
    String::from_utf8_lossy(&run.stdout).replace(&real.display().to_string(), "/home/me/try")
}
