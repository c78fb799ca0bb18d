//! The pages for people who come from other products: their commands are run as they are printed, and say what is printed below
//! them. `BAILIWICK_WRITE_DOCS=1` writes the outputs anew.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

use bailiwick_testkit::tools::repository;
use bailiwick_testkit::workplace::Workplace;

const PAGES: [&str; 6] = ["mcpfw", "agentperms", "mcp-aegis", "agent-envelope", "claude-code", "cedar"];

#[test]
fn every_page_prints_what_its_commands_say() {
    for name in PAGES {
        let page = repository().join(format!("docs/guide/from-{name}.md"));
        let text = fs::read_to_string(&page).expect("the page is there");
        let place = Workplace::new();
        let mut blocks: Vec<String> = text.split("```").map(str::to_owned).collect();
        let mut run = 0;
        for at in (1..blocks.len()).step_by(4) {
            let typed =
                blocks.get(at).and_then(|block| block.strip_prefix("sh\n")).expect("a command").to_owned();
            let shown = format!("\n{}\n", shown(place.path(), &typed).trim_end());
            let printed = blocks.get_mut(at + 2).expect("an output behind each command");
            if std::env::var_os("BAILIWICK_WRITE_DOCS").is_some() {
                *printed = shown;
            } else {
                assert_eq!(
                    shown.trim(),
                    printed.trim(),
                    "{} prints something else for\n{typed}",
                    page.display()
                );
            }
            run += 1;
        }
        assert!(run >= 2, "each command of {name} was run");
        if std::env::var_os("BAILIWICK_WRITE_DOCS").is_some() {
            fs::write(&page, blocks.join("```")).expect("the page is written");
        }
    }
}

fn shown(folder: &Path, typed: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_bailiwick")).parent().expect("a folder");
    let run = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{typed}")])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
        .output()
        .expect("a shell");
    String::from_utf8_lossy(&run.stdout).into_owned()
}
