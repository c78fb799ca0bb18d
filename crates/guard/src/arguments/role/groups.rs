//! The words of keys and tools that tell what a value is for.

use std::sync::OnceLock;

/// A word in lower case, its length in the highest byte; longer ones are none that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(u128);

const WORD_BYTES_MAX: u32 = 15;

impl Word {
    const EMPTY: Word = Word(0);

    pub(super) const fn of(word: &str) -> Word {
        let (mut packed, mut rest) = (Word::EMPTY, word.as_bytes());
        while let [byte, others @ ..] = rest {
            packed = packed.with(*byte);
            rest = others;
        }
        packed
    }

    const fn with(self, byte: u8) -> Word {
        let length = self.0 >> 120;
        if length >= WORD_BYTES_MAX as u128 {
            // INVARIANT: no word that is known has this length.
            return Word(u128::MAX);
        }
        let bytes = self.0 & (u128::MAX >> 8);
        Word((length + 1) << 120 | (bytes << 8 | byte as u128) & (u128::MAX >> 8))
    }
}

/// Calls `each` with the lower-case words of a name: those of `filePath`, `file_path` and `file-path` are the same.
pub(super) fn each_word(name: &str, each: &mut impl FnMut(Word)) {
    let mut word = Word::EMPTY;
    let mut lower_before = false;
    for character in name.chars().take(NAME_CHARACTERS_MAX) {
        let ends = !character.is_alphanumeric();
        if (ends || (lower_before && character.is_uppercase())) && word != Word::EMPTY {
            each(word);
            word = Word::EMPTY;
        }
        lower_before = !ends && (character.is_lowercase() || character.is_numeric());
        if ends {
            continue;
        }
        if character.is_ascii() {
            word = u8::try_from(character).map_or(word, |byte| word.with(byte.to_ascii_lowercase()));
            continue;
        }
        for lower in character.to_lowercase() {
            let mut room = [0; 4];
            word = lower.encode_utf8(&mut room).bytes().fold(word, Word::with);
        }
    }
    if word != Word::EMPTY {
        each(word);
    }
}

const NAME_CHARACTERS_MAX: usize = 128;

/// Groups of words, a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Groups(u32);

impl Groups {
    pub(super) fn add(&mut self, word: Word) {
        let known = table();
        let found = known.binary_search_by_key(&word, |(known, _)| *known).ok();
        self.0 |= found.and_then(|at| known.get(at)).map_or(0, |(_, groups)| *groups);
    }

    pub(super) fn join(&mut self, other: Groups) {
        self.0 |= other.0;
    }

    pub(super) fn has(self, group: u32) -> bool {
        self.0 & group != 0
    }
}

/// Every word that is known, with its groups; in order.
fn table() -> &'static [(Word, u32)] {
    static TABLE: OnceLock<Vec<(Word, u32)>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let all = WORDS.iter().flat_map(|(group, words)| words.iter().map(|word| (Word::of(word), *group)));
        let mut table: Vec<(Word, u32)> = all.collect();
        table.sort_unstable();
        table.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 |= if same { next.1 } else { 0 };
            same
        });
        table
    })
}

pub(super) const CONTENT: u32 = 1 << 0;
pub(super) const COMMAND: u32 = 1 << 1;
pub(super) const SHELLS: u32 = 1 << 2;
pub(super) const SQL: u32 = 1 << 3;
pub(super) const DATABASES: u32 = 1 << 4;
pub(super) const URL: u32 = 1 << 5;
pub(super) const EXPRESSION: u32 = 1 << 6;
pub(super) const PATH: u32 = 1 << 7;
pub(super) const FILES: u32 = 1 << 8;
pub(super) const HOST: u32 = 1 << 9;
pub(super) const LOOKUPS: u32 = 1 << 10;
pub(super) const PLACES: u32 = 1 << 11;
pub(super) const INPUT: u32 = 1 << 12;
pub(super) const STATEMENT: u32 = 1 << 13;
pub(super) const PATTERN: u32 = 1 << 14;
pub(super) const FOLDER: u32 = 1 << 15;
pub(super) const NAME: u32 = 1 << 16;
pub(super) const PROGRAM: u32 = 1 << 17;
pub(super) const LOOKED_UP: u32 = 1 << 18;

#[rustfmt::skip] // as words, not one to a line
const WORDS: &[(u32, &[&str])] = &[
    (CONTENT, &["content", "contents", "body", "text", "message", "messages", "code", "script", "source",
        "thought", "description", "markdown", "html", "prompt", "summary", "note", "notes", "comment",
        "comments", "diff", "patch", "edits", "old", "new", "oldtext", "newtext", "snippet", "template",
        "document", "diagram", "answer", "reply", "instructions", "details", "caption", "reason",
        "explanation", "reasoning", "plan", "todos", "log", "logs", "observation", "observations",
        "context", "readme", "changelog", "payload", "bio"]),
    (COMMAND, &["command", "commands", "cmd", "shell", "bash", "commandline", "cmdline", "powershell"]),
    (SHELLS, &["shell", "bash", "exec", "execute", "terminal", "command", "run", "powershell", "cmd", "sh"]),
    (SQL, &["sql", "statement", "statements"]),
    (DATABASES, &["sql", "query", "database", "db", "postgres", "mysql", "sqlite", "bigquery", "snowflake"]),
    (URL, &["url", "urls", "uri", "uris", "link", "href", "endpoint", "webhook", "callback", "origin_url"]),
    (EXPRESSION, &["expression", "expr", "formula", "predicate", "condition", "calculation", "equation"]),
    (PATH, &["file", "files", "path", "paths", "dir", "directory", "folder", "filename", "filepath",
        "attachment", "cwd", "workdir", "root"]),
    (FILES, &["file", "files", "attachment", "attachments", "template", "templates", "download", "image",
        "log"]),
    (HOST, &["host", "hostname", "domain", "domains", "ip", "address", "target", "server", "branch", "ref",
        "remote", "tag", "revision", "port", "interface", "package", "container", "pid", "sha", "commit"]),
    (LOOKUPS, &["whois", "dns", "ping", "traceroute", "nslookup", "dig", "resolve", "convert", "compress"]),
    (PLACES, &["path", "file", "url"]),
    (INPUT, &["args", "argv", "arguments", "input"]),
    (STATEMENT, &["query", "statement", "q"]),
    (PATTERN, &["pattern", "regex", "regexp", "glob", "include", "exclude"]),
    (FOLDER, &["path", "filepath", "filename", "directory", "folder"]),
    (NAME, &["name"]),
    (PROGRAM, &["app", "application"]),
    (LOOKED_UP, &["query", "q", "input", "name"]),
];

#[cfg(test)]
mod tests {
    use super::{Groups, WORD_BYTES_MAX, WORDS, Word, each_word};

    #[test]
    fn every_word_is_in_its_groups_and_in_no_other() {
        for word in WORDS.iter().flat_map(|(_, words)| *words) {
            assert!(word.len() <= WORD_BYTES_MAX as usize, "{word}");
            let mut groups = Groups::default();
            groups.add(Word::of(word));
            for (group, words) in WORDS {
                assert_eq!(groups.has(*group), words.contains(word), "{word}");
            }
            for other in
                [format!("{word}x"), format!("x{word}"), word.chars().skip(1).collect(), word.to_uppercase()]
            {
                let mut groups = Groups::default();
                groups.add(Word::of(&other));
                for (group, words) in WORDS {
                    assert_eq!(groups.has(*group), words.contains(&other.as_str()), "{other}");
                }
            }
        }
    }

    /// The words of a name, as strings.
    fn words(name: &str) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let (mut lower_before, mut fresh) = (false, true);
        for character in name.chars().take(super::NAME_CHARACTERS_MAX) {
            if !character.is_alphanumeric() {
                (fresh, lower_before) = (true, false);
                continue;
            }
            if fresh || (lower_before && character.is_uppercase()) {
                words.push(String::new());
            }
            fresh = false;
            lower_before = character.is_lowercase() || character.is_numeric();
            words.last_mut().unwrap().extend(character.to_lowercase());
        }
        words
    }

    proptest::proptest! {
        #[test]
        fn a_name_is_read_word_by_word(name in "([a-z]{1,9}|[A-Z]|[0-9]|[-_. ]|É|ß|İ|K|字|[a-z]{14,18}){0,12}") {
            let mut found = Vec::new();
            each_word(&name, &mut |word| found.push(word));
            let expected: Vec<Word> = words(&name).iter().map(|word| Word::of(word)).collect();
            proptest::prop_assert_eq!(found, expected, "{}", name);
        }
    }
}
