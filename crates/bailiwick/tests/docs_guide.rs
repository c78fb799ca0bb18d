//! The commands of the guide that need no server are run as they are printed, and say what is printed below them.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::tools::repository;
use bailiwick_testkit::workplace::Workplace;
use std::path::Path;
use std::process::Command;

#[test]
fn the_first_policy_is_checked_and_explained_as_printed() {
    let page = repository().join("docs/guide/first-policy.md");
    let text = std::fs::read_to_string(page).expect("the page is there");
    let (text, _) = text.split_once("## Let it watch").expect("the part with a server comes later");
    let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
    let place = Workplace::new();
    let mut compared = 0;
    for pair in blocks.chunks(2) {
        let [typed, printed] = pair else { continue };
        let typed = typed.strip_prefix("sh\n").expect("a command comes before its output");
        let shown = shown(place.path(), typed);
        assert_eq!(
            shown.trim(),
            printed.trim(),
            "docs/guide/first-policy.md prints something else for\n{typed}"
        );
        compared += 1;
    }
    assert_eq!(compared, 3, "each command of that part was run");
}

#[test]
fn what_came_before_is_explained_as_printed() {
    let page = repository().join("docs/guide/history.md");
    let text = std::fs::read_to_string(page).expect("the page is there");
    let (text, _) = text.split_once("## What to know").expect("the part without commands comes later");
    let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
    let place = Workplace::new();
    let mut compared = 0;
    for pair in blocks.chunks(2) {
        let [typed, printed] = pair else { continue };
        let typed = typed.strip_prefix("sh\n").expect("a command comes before its output");
        let shown = shown(place.path(), typed);
        assert_eq!(shown.trim(), printed.trim(), "docs/guide/history.md prints something else for\n{typed}");
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
