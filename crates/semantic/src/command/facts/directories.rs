//! The directories that commands go to.

use crate::command::{Script, Simple, Word};

/// The directories that commands go to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directories {
    /// As written, those that are relative after those that they are relative to.
    pub known: Vec<String>,
    /// They go to one that is not known.
    pub unknown: bool,
}

/// Most directories that are followed.
const DIRECTORIES_MAX: usize = 8;

impl Script {
    /// Where relative paths may lead, besides the directory that the script begins in.
    #[must_use]
    pub fn directories(&self) -> Directories {
        let mut out = Directories::default();
        self.commands.iter().for_each(|simple| out.follow(simple));
        out
    }
}

/// Options whose value is a directory that a program goes to, of any program.
const LONG: &[&str] = &[
    "--chdir",
    "--directory",
    "--cd",
    "--wd",
    "--cwd",
    "--workdir",
    "--working-directory",
    "--prefix",
    "--git-dir",
    "--work-tree",
];

/// Letters of the same kind, besides `-C`.
const LETTERS: &[(&[&str], char)] =
    &[(&["sudo", "cpio", "bsdcpio"], 'D'), (&["unshare"], 'w'), (&["just", "start-stop-daemon"], 'd')];

impl Directories {
    fn follow(&mut self, simple: &Simple) {
        let is = |names: &[&str]| simple.names().any(|name| names.contains(&name.as_str()));
        let arguments = simple.arguments();
        let given = |option: &str| arguments.iter().any(|word| word.text == option);
        for (at, word) in arguments.iter().enumerate() {
            match value(simple, &word.text) {
                Some("") => arguments.get(at.saturating_add(1)).into_iter().for_each(|word| self.go(word)),
                Some(text) => {
                    self.unknown |= word.unknown.is_some();
                    self.add(text);
                }
                None => {}
            }
        }
        let home = is(&["cd", "chdir"]) && arguments.iter().all(|word| word.text.starts_with('-'));
        if home {
            self.add("~");
        }
        if is(&["cd", "pushd", "chdir", "popd", "set-location"]) {
            arguments.iter().filter(|word| !word.text.starts_with('-')).for_each(|word| self.go(word));
            self.unknown |= given("-");
        }
        self.unknown |= given("-execdir") || given("-okdir");
        // A link leads where it says.
        let links = |word: &Word| word.text.starts_with('-') && word.text.contains('s');
        self.unknown |= is(&["ln"]) && arguments.iter().any(links);
        // In the old style the values come behind all letters.
        let old = arguments.first().filter(|word| !word.text.starts_with("--"));
        self.unknown |= is(&["tar", "gtar", "bsdtar"])
            && old.is_some_and(|word| {
                word.text.contains('C') && !word.text.starts_with("-C") && !word.text.ends_with('C')
                    || (!word.text.starts_with('-') && word.text.contains('C'))
            });
        // To the home of another user, or to another root.
        let login = |word: &Word| {
            let letters = word.text.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
            letters.is_some_and(|letters| letters.is_empty() || letters.contains(['l', 'i']))
                || (word.text.len() > 3 && "--login".starts_with(&word.text))
        };
        self.unknown |= is(&["su", "runuser", "sudo"]) && arguments.iter().any(login);
        self.unknown |= is(&["chroot", "nsenter", "bwrap", "proot"]);
        if is(&["cmake"]) {
            let behind = arguments.iter().skip_while(|word| word.text != "chdir").nth(1);
            behind.into_iter().for_each(|word| self.go(word));
        }
    }

    fn go(&mut self, word: &Word) {
        self.unknown |= word.unknown.is_some() || word.glob;
        word.texts().for_each(|text| self.add(text));
    }

    fn add(&mut self, text: &str) {
        if is_relative(text) {
            let below: Vec<String> = self.known.iter().map(|known| format!("{known}/{text}")).collect();
            self.known.push(text.to_owned());
            self.known.extend(below);
        } else {
            self.known.push(text.to_owned());
        }
        if self.known.len() > DIRECTORIES_MAX {
            self.known.truncate(DIRECTORIES_MAX);
            self.unknown = true;
        }
    }

    /// Every place that `text` may lead to.
    pub fn places<'d>(&'d self, text: &'d str) -> impl Iterator<Item = String> + 'd {
        let relative = is_relative(text);
        let below = self.known.iter().filter(move |_| relative).map(move |known| format!("{known}/{text}"));
        std::iter::once(text.to_owned()).chain(below)
    }
}

/// The directory in `-C/x`, `-iC/x`, `--chdir=/x` and its beginnings; empty if it is the next word: `-iC`.
fn value<'t>(simple: &Simple, text: &'t str) -> Option<&'t str> {
    if text.starts_with("--") {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let begins = |known: &&str| known.starts_with(name) && (name.len() > 4 || *known == name);
        return LONG.iter().any(begins).then_some(value);
    }
    let cluster = |letter: char| {
        let (before, value) = text.strip_prefix('-')?.split_once(letter)?;
        let place = value.is_empty() || value.starts_with(['/', '.', '~']);
        (place && before.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(value)
    };
    let letters =
        LETTERS.iter().filter(|(names, _)| simple.names().any(|name| names.contains(&name.as_str())));
    cluster('C').or_else(|| letters.map(|(_, letter)| *letter).find_map(cluster))
}

/// False for what means the same in every directory.
#[must_use]
pub fn is_relative(text: &str) -> bool {
    !text.starts_with(['/', '~', '\\']) && text.as_bytes().get(1) != Some(&b':')
}
