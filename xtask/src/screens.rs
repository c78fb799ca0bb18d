//! Pictures of a report, for a person to look at: desktop and phone, light and dark, and print.

use crate::shell::{self, Progress};
use crate::tools::debian;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name, width, height, and whether it is dark. Heights hold the whole page; what is below it is paper.
const SCREENS: [(&str, u32, u32, bool); 4] = [
    ("desktop-light", 1280, 4000, false),
    ("desktop-dark", 1280, 4000, true),
    ("phone-light", 390, 7000, false),
    ("phone-dark", 390, 7000, true),
];

pub(crate) fn run() -> Result<bool> {
    let folder = shell::root().join("target/screens");
    fs::create_dir_all(&folder)?;
    let mut progress = Progress::new(3);
    let chromium = progress.step("Chromium", browser)?;
    let pages = progress.step("sample reports", || pages(&folder))?;
    progress.step("pictures", || {
        for page in &pages {
            for screen in SCREENS {
                picture(&chromium, &folder, page, screen)?;
            }
            print(&chromium, &folder, page)?;
        }
        Ok(())
    })?;
    println!("look at {}", folder.display());
    Ok(true)
}

fn browser() -> Result<PathBuf> {
    let found = || {
        ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find(|name| shell::output(name, &["--version"]).is_some())
    };
    if found().is_none() {
        debian::packages(&["chromium"], "pictures need Chromium")?;
    }
    found().map(PathBuf::from).context("Chromium is not there after its installation")
}

/// The sample, plain and with hostile names.
fn pages(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for (name, arguments) in [("sample", &[][..]), ("hostile", &["--", "--hostile"])] {
        let mut cargo = shell::cargo();
        cargo.args(["run", "-q", "-p", "bailiwick-report", "--example", "sample"]).args(arguments);
        let out = cargo.output()?;
        if !out.status.success() {
            bail!("the sample was not made: {}", String::from_utf8_lossy(&out.stderr));
        }
        let path = folder.join(name).with_extension("html");
        fs::write(&path, out.stdout)?;
        pages.push(path);
    }
    Ok(pages)
}

fn picture(chromium: &Path, folder: &Path, page: &Path, screen: (&str, u32, u32, bool)) -> Result<()> {
    let (name, width, height, dark) = screen;
    let out = folder.join(format!("{}-{name}.png", stem(page)));
    let mut command = headless(chromium, folder);
    command.arg(format!("--screenshot={}", out.display())).arg(format!("--window-size={width},{height}"));
    // Blink's number for the dark scheme is 0, for the light one 1.
    command.arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)));
    finish(command.arg(address(page)), &out)
}

fn print(chromium: &Path, folder: &Path, page: &Path) -> Result<()> {
    let out = folder.join(format!("{}-print.pdf", stem(page)));
    let mut command = headless(chromium, folder);
    command.arg(format!("--print-to-pdf={}", out.display())).arg("--no-pdf-header-footer");
    finish(command.arg(address(page)), &out)
}

fn headless(chromium: &Path, folder: &Path) -> Command {
    let mut command = Command::new(chromium);
    command.args(["--headless", "--disable-gpu", "--hide-scrollbars"]);
    // As root, as in a container, Chromium's own sandbox cannot start; the page is ours.
    if shell::output("id", &["-u"]).is_some_and(|user| user == "0") {
        command.arg("--no-sandbox");
    }
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command
}

fn finish(command: &mut Command, out: &Path) -> Result<()> {
    shell::logged(command, "chromium")?;
    let made = fs::metadata(out).is_ok_and(|about| about.len() > 0);
    if made { Ok(()) } else { bail!("{} was not made; see target/tools/logs/chromium.log", out.display()) }
}

fn address(page: &Path) -> String {
    format!("file://{}", page.display())
}

fn stem(page: &Path) -> String {
    page.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
