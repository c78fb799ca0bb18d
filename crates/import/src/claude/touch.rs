//! Commands that touch a file which is out of bounds: a shell is one more way to it.

use super::rule::show;
use crate::draft::{Draft, Section, Verdict};
use crate::mcpfw::json;
use crate::out::Out;

/// Tools that run commands.
pub(super) const SHELLS: [&str; 7] =
    ["*/*bash*", "*/*shell*", "*/*command*", "*/*exec*", "*/*terminal*", "*/*script*", "*/run*"];
/// Keys of what they run.
pub(super) const COMMAND_KEYS: &str = "{*command*,*cmd*,*script*}";
/// Programs that change the files that they name.
const WRITERS: [&str; 24] = [
    "chmod", "chown", "cp", "dd", "ed", "ex", "install", "ln", "mkdir", "mv", "patch", "perl", "rm", "rmdir",
    "rsync", "sed", "shred", "tar", "tee", "touch", "truncate", "unlink", "unzip", "vi",
];

/// Writes what `Read(…)` or `Edit(…)` means for commands: what surely does it is decided like the tools, what may do it asks.
pub(super) fn write(
    draft: &mut Draft,
    (line, word): (u32, &str),
    (verdict, writes): (Verdict, bool),
    path: &str,
) {
    let paths = || ("paths", Out::texts([path.to_owned()]));
    let skip = || ("unknown", Out::word("skip"));
    // Where the default denies, a question would be a way out.
    let may_ask = verdict == Verdict::Deny && draft.default != Verdict::Deny;
    let mut entries = Vec::new();
    match (may_ask, writes) {
        (false, _) => entries.push((verdict, COMMAND_KEYS, vec![Out::map([paths()])])),
        (true, false) => entries.push((verdict, COMMAND_KEYS, vec![Out::map([paths(), skip()])])),
        (true, true) => {
            let redirects = Out::map([("redirects", Out::texts([path.to_owned()])), skip()]);
            let programs = Out::map([("program", Out::texts(WRITERS)), paths(), skip()]);
            entries.push((verdict, COMMAND_KEYS, vec![redirects, programs]));
        }
    }
    if may_ask {
        // A text under a wildcard key is a command for certain only, so the key is named.
        entries.push((Verdict::Ask, "command", vec![Out::map([paths()])]));
    }
    for (effect, key, commands) in entries {
        let fields = vec![
            ("id", Out::Text(draft.id(word))),
            ("effect", Out::word(effect.word())),
            ("on", Out::texts(SHELLS)),
            ("args", Out::map([(key, Out::map([("command", Out::List(commands))]))])),
        ];
        draft.add(Section::Rules, format!("line {line}: {} `{word}`, by a command", verdict.word()), fields);
    }
    let command = format!("{} {}", if writes { "rm" } else { "cat" }, sample(path));
    if path.contains(['?', '[']) {
        return;
    }
    let call = format!("{{\"command\": {}}}", json(&command));
    let shown =
        show("srv", "Bash", &call, ("is decided by rules for Bash alone", "is decided by this rule"), None);
    let text = if may_ask {
        format!("`{word}` denies commands that surely touch the file too, and asks about those that may")
    } else {
        format!("`{word}` is about commands that may touch the file, too")
    };
    draft.differs(line, text, Some(shown));
}

/// A path that the pattern matches, the shortest.
fn sample(path: &str) -> String {
    path.strip_suffix("/**")
        .filter(|path| !path.is_empty())
        .unwrap_or(path)
        .replace("**", "a")
        .replace('*', "a")
}
