//! The values that a script gives to its variables, as far as the text says.

use std::collections::{BTreeMap, BTreeSet};

use super::calculate::NUMBERS;
use super::unwrap::values;
use super::{GUESSES_MAX, Word};

/// Most variables that are followed.
const VARIABLES_MAX: usize = 512;
/// Longest value that is followed, in bytes.
const VALUE_BYTES_MAX: usize = 16 << 10;

#[derive(Debug, Default)]
pub(super) struct Variables {
    all: BTreeMap<String, Variable>,
    /// Changed after its value was taken as known.
    changed: BTreeSet<String>,
    /// A command changes variables that the text does not name.
    open: bool,
    has_special: bool,
    /// How often a value was given.
    sets: usize,
    /// `IFS` may be given separators at any time: values may fall apart in other places.
    separated: bool,
}

#[derive(Debug)]
struct Variable {
    values: Vec<String>,
    /// Nothing else can be in it.
    known: bool,
    /// All that it was ever given are numbers, if these variables are; `None`: they are not.
    number: Option<BTreeSet<String>>,
    /// When it was set last, by `Variables::sets`.
    set_at: usize,
    /// Its values have wildcards that a shell expanded before it gave them.
    globs: bool,
}

impl Default for Variable {
    fn default() -> Variable {
        Variable { values: Vec::new(), known: false, number: Some(BTreeSet::new()), set_at: 0, globs: false }
    }
}

impl Variable {
    /// It was given these values.
    fn given(&mut self, items: &[Word]) {
        for item in items {
            self.number = match (self.number.take(), item.numbers()) {
                (Some(mut names), Some(more)) => {
                    names.extend(more);
                    Some(names)
                }
                _ => None,
            };
        }
    }
}

impl Variables {
    /// `unsure`: the assignment may not take place.
    pub(super) fn set(&mut self, name: &str, value: &Word, unsure: bool) {
        self.put(name, std::slice::from_ref(value), unsure);
    }

    /// A loop or an expansion gives one of `items` to it.
    pub(super) fn set_items(&mut self, name: &str, items: &[Word], unsure: bool) {
        self.given_aside(name);
        self.heed(name);
        self.put(name, items, unsure);
    }

    fn put(&mut self, name: &str, items: &[Word], unsure: bool) {
        if HELD.contains(&name) || self.all.contains_key(name) {
            self.changed.insert(name.to_owned());
        }
        if !self.all.contains_key(name) && self.all.len() >= VARIABLES_MAX {
            self.open = true;
            return;
        }
        let fits = |text: &&str| text.len() <= VALUE_BYTES_MAX;
        let count = items.iter().flat_map(Word::texts).count();
        self.sets = self.sets.saturating_add(1);
        let variable = self.all.entry(name.to_owned()).or_default();
        variable.set_at = self.sets;
        variable.given(items);
        variable.globs |= items.iter().any(|item| item.glob);
        let room = GUESSES_MAX.saturating_sub(variable.values.len());
        let all_known =
            items.iter().all(|item| item.unknown.is_none() && item.texts().all(|text| fits(&text)));
        self.separated |=
            name == "IFS" && (!all_known || items.iter().flat_map(Word::texts).any(|text| !text.is_empty()));
        variable.known = !unsure && all_known && count > 0 && count <= room && variable.values.is_empty();
        // What is not known at all is no guess.
        let told = items.iter().filter(|item| item.unknown.is_none() || item.is_told());
        variable.values.extend(told.flat_map(Word::texts).filter(fits).take(room).map(str::to_owned));
    }

    /// A command changes it in a way that is not followed.
    pub(super) fn touch(&mut self, name: &str) {
        self.given_aside(name);
        self.separated |= name == "IFS";
        self.changed.insert(name.to_owned());
        if let Some(variable) = self.all.get_mut(name) {
            variable.number = None;
        }
    }

    /// It is given a value, and not by an assignment, whose values are looked at.
    fn given_aside(&mut self, name: &str) {
        self.has_special |= is_special(name);
    }

    /// It is given a value, and not taken away: programs may act on it, though no assignment shows.
    pub(super) fn heed(&mut self, name: &str) {
        self.has_special |=
            HEEDED.contains(&name) || ["_proxy", "_PROXY"].iter().any(|end| name.ends_with(end));
    }

    /// True if a variable that shells and programs act on was given a value that nobody looked at.
    pub(super) fn has_special(&self) -> bool {
        self.has_special
    }

    /// It may have another value elsewhere: it is set for one command only, or is the shell's own.
    pub(super) fn lend(&mut self, name: &str) {
        self.changed.insert(name.to_owned());
    }

    /// A point in the script, for [`Variables::lend_since`].
    pub(super) fn now(&self) -> usize {
        self.sets
    }

    /// What was set since then was set in a process of its own, and is not set behind it.
    pub(super) fn lend_since(&mut self, then: usize) {
        if self.sets > then {
            let set = self.all.iter().filter(|(_, variable)| variable.set_at > then);
            self.changed.extend(set.map(|(name, _)| name.clone()));
        }
    }

    /// Another shell reads what is read next: what was set before may not be there.
    pub(super) fn forget(&mut self) {
        self.all.values_mut().for_each(|variable| variable.known = false);
    }

    /// A command gives it this value, at a time that is not followed.
    pub(super) fn give(&mut self, name: &str, value: &Word) {
        self.changed.insert(name.to_owned());
        self.separated |= name == "IFS";
        if let Some(variable) = self.all.get_mut(name) {
            variable.given(std::slice::from_ref(value));
        }
    }

    /// A calculation sets it.
    pub(super) fn set_number(&mut self, name: &str) {
        self.given_aside(name);
        self.declare(name);
    }

    /// `local` and its kin set it; the value is looked at with the others'.
    pub(super) fn declare(&mut self, name: &str) {
        self.changed.insert(name.to_owned());
        self.separated |= name == "IFS";
        if self.all.len() < VARIABLES_MAX {
            self.all.entry(name.to_owned()).or_default();
        } else {
            self.open = true;
        }
    }

    /// True if the script gave it a value.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// True if all that it was ever given are numbers.
    pub(super) fn is_number(&self, name: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            match self.all.get(name).map(|variable| &variable.number) {
                Some(Some(names)) if !self.open => open.extend(names.iter().map(String::as_str)),
                _ => return false,
            }
        }
        true
    }

    /// A command may change any variable.
    pub(super) fn touch_all(&mut self) {
        self.open = true;
    }

    /// The values that it may have, and whether these are all.
    pub(super) fn look(&self, name: &str) -> (Vec<String>, bool) {
        let Some(variable) = self.all.get(name) else {
            let place = PLACES.iter().find(|(place, _)| *place == name);
            return place.map_or((Vec::new(), false), |(_, text)| (vec![(*text).to_owned()], true));
        };
        // With other separators a value falls apart in other places.
        let separators: String = match self.all.get("IFS") {
            Some(fields) if name != "IFS" => fields.values.concat(),
            Some(_) | None => String::new(),
        };
        let spread = |value: &String| {
            if separators.is_empty() { value.clone() } else { value.replace(|c| separators.contains(c), " ") }
        };
        let own = OWN.contains(&name) || NUMBERS.contains(&name);
        (variable.values.iter().map(spread).collect(), variable.known && separators.is_empty() && !own)
    }

    /// True if a wildcard in its values stands for files, with quotes too.
    pub(super) fn globs(&self, name: &str) -> bool {
        self.all.get(name).is_some_and(|variable| variable.globs)
    }

    /// True if a value that was taken as known may have been another one.
    pub(super) fn is_changed(&self, name: &str) -> bool {
        self.open || self.separated || self.changed.contains(name)
    }
}

/// True for what says where programs, files and start-up files are, and for what is expanded, calculated or run.
pub(super) fn is_special(name: &str) -> bool {
    const SPECIAL: &[&str] = &[
        "PATH",
        "HOME",
        "PWD",
        "OLDPWD",
        "CDPATH",
        "ENV",
        "SHELLOPTS",
        "BASHOPTS",
        "PROMPT",
        "RPROMPT",
        "BASH_ENV",
        "BASH_CMDS",
        "BASH_ALIASES",
    ];
    let begins = |start: &&str| name.starts_with(start);
    SPECIAL.contains(&name)
        || ["PS", "LD_", "DYLD_", "GIT_"].iter().any(begins)
        || values::is_command(name)
        || NUMBERS.contains(&name)
}

/// Those that the shell sets, whatever the script gave them.
const OWN: [&str; 12] = [
    "_",
    "REPLY",
    "BASH_REMATCH",
    "BASH_COMMAND",
    "BASH_ARGV",
    "BASH_ARGV0",
    "BASH_SOURCE",
    "FUNCNAME",
    "PIPESTATUS",
    "DIRSTACK",
    "MAPFILE",
    "OPTARG",
];
/// Variables that programs heed: settings, and places of what they load.
const HEEDED: &[&str] = &[
    "SHELL",
    "GLOBIGNORE",
    "TEXTDOMAIN",
    "TEXTDOMAINDIR",
    "LOCPATH",
    "NLSPATH",
    "GCONV_PATH",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONINSPECT",
    "PYTHONWARNINGS",
    "PERL5OPT",
    "PERL5LIB",
    "PERL5DB",
    "RUBYOPT",
    "RUBYLIB",
    "LUA_INIT",
    "LUA_PATH",
    "LUA_CPATH",
    "AWKPATH",
    "CLASSPATH",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "MAVEN_OPTS",
    "GRADLE_OPTS",
    "MAKEFLAGS",
    "GNUMAKEFLAGS",
    "MAKEFILES",
    "CARGO_HOME",
    "RUSTFLAGS",
    "RUSTC",
    "GOFLAGS",
    "GOPROXY",
    "LESS",
    "LESSKEY",
    "TAR_OPTIONS",
    "GREP_OPTIONS",
    "RIPGREP_CONFIG_PATH",
    "CURL_HOME",
    "WGETRC",
    "OPENSSL_CONF",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "KUBECONFIG",
    "ZDOTDIR",
];
/// Variables that stand for places; rules about paths know these places.
const PLACES: [(&str, &str); 2] = [("HOME", "~"), ("PWD", ".")];
/// Those that have a value from the start, and mean something to the shell.
const HELD: [&str; 4] = ["HOME", "PWD", "OLDPWD", "IFS"];
