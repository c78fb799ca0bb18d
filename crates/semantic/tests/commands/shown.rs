//! How a test writes what was read.

use bailiwick_semantic::command::{Script, Simple, Word, read};

/// `word word; word` with `?` before what is not known, `*` before wildcards, `via>` before what another program runs,
/// `{doubt}` behind.
pub(crate) fn shown(script: &Script) -> String {
    let mut out: Vec<String> = script.commands.iter().map(simple).collect();
    out.extend(script.doubt.map(|doubt| format!("{{{doubt:?}}}")));
    out.join("; ")
}

fn simple(simple: &Simple) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(simple.assignments.iter().map(|one| format!("{}={}", one.name, word(&one.value))));
    parts.extend(simple.words.iter().map(word));
    for redirect in &simple.redirects {
        let body = redirect.body.as_ref().map(|body| format!("«{}»", word(body))).unwrap_or_default();
        parts.push(format!("<{:?} {}{body}>", redirect.kind, word(&redirect.target)));
    }
    parts.extend(simple.doubt.map(|doubt| format!("{{{doubt:?}}}")));
    let via = simple.via.as_ref().map(|via| format!("{via}> ")).unwrap_or_default();
    format!("{via}{}", parts.join(" "))
}

fn word(word: &Word) -> String {
    let marks = [(word.unknown.is_some(), "?"), (word.glob, "*")];
    let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
    let texts: Vec<String> = word.texts().map(str::to_owned).collect();
    let text = texts.join("|");
    if word.unknown.is_none()
        && !text.starts_with("((")
        && (text.is_empty() || text.contains([' ', '\n', ';']))
    {
        format!("{marks}'{text}'")
    } else {
        format!("{marks}{text}")
    }
}

pub(crate) fn check(cases: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (text, wanted) in cases {
        let found = shown(&read(text));
        if found != *wanted {
            wrong.push_str(&format!("\n{text}\n  wanted {wanted}\n  found  {found}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
