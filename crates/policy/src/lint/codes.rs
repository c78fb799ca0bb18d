//! The findings by name, with what to do about each.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Needless, and harmless.
    Low,
    /// It does not do what it looks like.
    Medium,
    /// It lets through what it should not, or is no policy.
    High,
}

/// One kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Lint {
    pub code: &'static str,
    pub grade: Grade,
    pub title: &'static str,
    /// What it means and what to do, in Markdown.
    pub page: &'static str,
}

pub(super) fn lint_of(code: &str) -> Option<&'static Lint> {
    LINTS.iter().find(|lint| lint.code == code)
}

macro_rules! lints {
    ($($code:literal $grade:ident $title:literal $page:literal)+) => {
        /// All kinds of findings.
        pub static LINTS: &[Lint] = &[
            $(Lint { code: $code, grade: Grade::$grade, title: $title, page: $page }),+
        ];
    };
}

lints! {
    "invalid" High
    "The policy has an error"
    "A policy with an error is not used: `run` refuses to start. `bailiwick policy check` shows the line and what is valid there."

    "allows-everything" High
    "A rule allows every call"
    "The rule allows every tool with any arguments, to everybody. Name the tools in `on`, or say in its `reason` why everything shall pass."

    "shadowed-rule" Medium
    "A rule that never has an effect"
    "Another rule speaks of every call that this one is about, and its word is stricter: deny beats ask, ask beats allow, wherever the rules stand. Remove this rule, or narrow the other one with `unless`. \"Ask for everything else\" is said by `default: ask`, not by an ask rule over everything."

    "redundant-rule" Low
    "A rule that another one makes needless"
    "Another rule of the file says the same of every call that this one is about. Remove one of them; or give this one a `reason`, which is then shown for its calls."

    "never-matches" Medium
    "A rule that can never match"
    "Nothing fulfils all that the rule asks for at once: its values contradict each other, its condition is always false, or the calls that it is about have no such argument."

    "always-true" Low
    "A condition that is always true"
    "The condition does not depend on the call. Leave it out, or compare an argument."

    "never-completes" Medium
    "A sequence that can never be completed"
    "Every call that could take one of its steps is denied anyway, and a denied call takes no step. Remove the sequence, or write `count: attempts` if trying counts."

    "unreachable-limit" Medium
    "A limit that cannot be reached"
    "Another limit, or another part of this one, is used up before, or the calls that it counts are denied anyway. Lower it, or remove it."

    "directory-without-glob" Medium
    "A path that names a directory and not what is in it"
    "A path pattern without `/**` at its end is one file or directory alone: `~/.ssh` is not `~/.ssh/id_rsa`. Write `~/.ssh/**`, which covers the directory as well."

    "matches-everything" Medium
    "A matcher of an allow that every value matches"
    "The pattern narrows nothing: every path, host, URL, text or command matches it. Name what is meant, or leave the matcher out if anything may pass."

    "text-for-meaning" Medium
    "An allow that compares the spelling of a path, URL, command or script"
    "`glob`, `prefix` and `regex` see characters: `/srv/*` takes `/srv/../etc/passwd`, `git *` takes `git x; rm -rf ~`. Use `path`, `url`, `host`, `command` or `sql`, which see what the text means to those who read it."

    "look-alike-name" Medium
    "Two names that differ only by case or blanks"
    "Roles, scopes and claims are compared exactly, so these are two different ones. Write one of them."

    "unused-variable" Low
    "A variable that nothing uses"
    "Variables are for their own file. Remove it, or write `${name}` where it is meant."

    "unknown-role" Medium
    "A role that nobody has"
    "The policy says who has which roles, and this one is not among them. It may come with the principal (`--roles`, a token); else it is misspelt."

    "stray-blank" Medium
    "A blank at the end of a name"
    "Blanks are compared like all other characters, and no value that people type has one there."

    "read-otherwise" Medium
    "A pattern that is read otherwise than it looks"
    "It looks like a list, a regular expression, a network, a shell command or the name of a method, and is compared as it stands: mostly it matches nothing, so a deny denies nothing. The message says what to write."

    "shell-variable" Medium
    "A `$` in a path"
    "Variables of the environment are not filled in. Declare it under `vars` and write `${name}`; `[$]` is the character itself."

    "encoded-character" Medium
    "An encoded character in a path pattern"
    "Values are decoded before they are compared, so the pattern meets only what was encoded twice. Write the character itself."

    "nested-argument" Medium
    "`args.` inside of `args`"
    "Inside of `args` arguments are called by their names; `args.path` would be a member `path` of an argument `args`."

    "schema-mismatch" Medium
    "A rule that does not fit the locked tools"
    "The lock file says which arguments the tools take, and of which types. For some of the tools the rule asks for another type, for a value that is never sent, or for an argument that may be missing, where a doubt counts against the call."
}
