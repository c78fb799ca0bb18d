//! Tests of policies that ran, as text for people, as JSON and as JUnit's XML.

use serde_json::{Value, json};

use super::markup;
use crate::count::counted;
use crate::suite::{Fault, Ran, Tested};

/// What ran, for people: failures in full, then a line for each file.
#[must_use]
pub fn human(files: &[Tested]) -> String {
    let mut out = String::new();
    for tested in files {
        for ran in &tested.ran {
            if let Some(fault) = &ran.fault {
                out.push_str(&failure(tested, ran, fault));
            }
        }
    }
    for tested in files {
        let (all, failed) = (tested.ran.len(), tested.failed());
        let word = if failed == 0 { "ok".to_owned() } else { format!("{failed} of {all} failed") };
        let count = if failed == 0 { format!(", {}", counted(all, "test")) } else { String::new() };
        out.push_str(&format!("{}: {word}{count}\n", tested.file));
    }
    out
}

fn failure(tested: &Tested, ran: &Ran, fault: &Fault) -> String {
    let mut out = format!("failed: {}\n  --> {}:{}\n", shown(&ran.name), tested.file, ran.line);
    out.push_str(&format!("  expected: {}\n  got:      {}\n", fault.expected, fault.got));
    let mut list = |title: &str, lines: &[String]| {
        if !lines.is_empty() {
            out.push_str(&format!("  {title}:\n"));
        }
        lines.iter().for_each(|line| out.push_str(&format!("    {}\n", shown(line))));
    };
    list("because of", &fault.reasons);
    list("before it", &fault.before);
    list("to allow it", &fault.changes);
    out.push('\n');
    out
}

/// The JSON form, version 1: members are added, never changed.
#[must_use]
pub fn json(files: &[Tested]) -> String {
    let fault = |fault: &Fault| {
        json!({
            "expected": fault.expected, "got": fault.got, "reasons": fault.reasons,
            "before": fault.before, "changes": fault.changes,
        })
    };
    let test = |ran: &Ran| json!({ "name": ran.name, "line": ran.line, "passed": ran.fault.is_none(), "fault": ran.fault.as_ref().map(fault) });
    let file = |tested: &Tested| {
        let tests: Vec<Value> = tested.ran.iter().map(test).collect();
        json!({ "file": tested.file, "failed": tested.failed(), "tests": tests })
    };
    let files: Vec<Value> = files.iter().map(file).collect();
    json!({ "version": 1, "files": files }).to_string()
}

/// JUnit's XML: a suite for each file.
#[must_use]
pub fn junit(files: &[Tested]) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"bailiwick policy test\">\n",
    );
    for tested in files {
        let file = markup(&tested.file);
        out.push_str(&format!(
            "<testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\">\n",
            tested.ran.len(),
            tested.failed()
        ));
        for ran in &tested.ran {
            let name = markup(&ran.name);
            let head = format!(
                "<testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{}\"",
                ran.line
            );
            match &ran.fault {
                None => out.push_str(&format!("{head}/>\n")),
                Some(fault) => {
                    let message = format!("expected {}, got {}", fault.expected, fault.got);
                    let lines: Vec<String> = [&fault.reasons, &fault.before, &fault.changes]
                        .into_iter()
                        .flatten()
                        .map(|line| markup(line))
                        .collect();
                    let (message, lines) = (markup(&message), lines.join("\n"));
                    out.push_str(&format!(
                        "{head}><failure type=\"decision\" message=\"{message}\">{lines}</failure></testcase>\n"
                    ));
                }
            }
        }
        out.push_str("</testsuite>\n");
    }
    out.push_str("</testsuites>");
    out
}

/// Names of tests and calls come from a file that anybody may have written: no control character reaches a terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
