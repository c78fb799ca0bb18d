//! The words of the language: what is valid where, what comes later, and what other products call it.

/// Keys of one kind of map.
pub(crate) struct Words {
    pub(crate) valid: &'static [&'static str],
    /// Words of the language that this version does not have.
    pub(crate) later: &'static [&'static str],
    /// Words of other products, and the one meant here.
    pub(crate) elsewhere: &'static [(&'static str, &'static str)],
}

pub(crate) const FILE: Words = Words {
    valid: &[
        "version",
        "name",
        "default",
        "unsafe-default",
        "extends",
        "vars",
        "roles",
        "labels",
        "rules",
        "limits",
        "sequences",
        "preconditions",
        "guards",
        "pins",
        "discovery",
    ],
    later: &["flows", "envelopes"],
    elsewhere: &[
        ("default_action", "default"),
        ("defaultAction", "default"),
        ("default-action", "default"),
        ("scan_responses", "guards"),
        ("variables", "vars"),
        ("include", "extends"),
        ("budgets", "limits"),
    ],
};

pub(crate) const RULE: Words = Words {
    valid: &["id", "effect", "override", "on", "labels", "args", "if", "unless", "for", "reason", "approval"],
    later: &[],
    elsewhere: &[
        ("action", "effect"),
        ("tools", "on"),
        ("tool", "on"),
        ("target", "on"),
        ("when", "args"),
        ("condition", "if"),
        ("arguments", "args"),
        ("message", "reason"),
        ("name", "id"),
        ("except", "unless"),
    ],
};

pub(crate) const LIMIT: Words = Words {
    valid: &[
        "id",
        "on",
        "labels",
        "args",
        "if",
        "unless",
        "for",
        "max",
        "burst",
        "max-per-tool",
        "sum",
        "per",
        "effect",
        "reason",
    ],
    later: &[],
    elsewhere: &[
        ("tools", "on"),
        ("max_calls", "max"),
        ("rate", "max"),
        ("max_per_tool", "max-per-tool"),
        ("name", "id"),
        ("message", "reason"),
        ("action", "effect"),
    ],
};

pub(crate) const SEQUENCE: Words = Words {
    valid: &["id", "steps", "within", "effect", "per", "count", "same", "for", "reason"],
    later: &[],
    elsewhere: &[
        ("pattern", "steps"),
        ("on", "steps"),
        ("window", "within"),
        ("action", "effect"),
        ("message", "reason"),
        ("name", "id"),
    ],
};

pub(crate) const STEP: Words = Words {
    valid: &["on", "labels", "args", "if", "unless", "result", "same"],
    later: &[],
    elsewhere: &[
        ("tools", "on"),
        ("tool", "on"),
        ("when", "args"),
        ("arguments", "args"),
        ("except", "unless"),
    ],
};

/// The call that a precondition needs; it must have succeeded.
pub(crate) const NEEDED: Words =
    Words { valid: &["on", "labels", "args", "if", "unless", "same"], later: &[], elsewhere: STEP.elsewhere };

pub(crate) const PRECONDITION: Words = Words {
    valid: &[
        "id",
        "on",
        "labels",
        "args",
        "if",
        "unless",
        "for",
        "needs",
        "not-after",
        "within",
        "same",
        "hours",
        "effect",
        "per",
        "reason",
    ],
    later: &[],
    elsewhere: &[
        ("tools", "on"),
        ("requires_event", "needs"),
        ("requires", "needs"),
        ("need", "needs"),
        ("not_after", "not-after"),
        ("cooldown", "not-after"),
        ("when", "hours"),
        ("action", "effect"),
        ("message", "reason"),
        ("name", "id"),
    ],
};

pub(crate) const NEEDS: Words = Words {
    valid: &["approval", "call"],
    later: &[],
    elsewhere: &[("event", "call"), ("approved", "approval")],
};

pub(crate) const HOURS: Words = Words {
    valid: &["days", "from", "to", "zone"],
    later: &[],
    elsewhere: &[("timezone", "zone"), ("tz", "zone"), ("until", "to"), ("weekdays", "days")],
};

pub(crate) const UNLESS: Words =
    Words { valid: &["args", "if"], later: &[], elsewhere: &[("when", "args"), ("condition", "if")] };

pub(crate) const WHO: Words = Words {
    valid: &["principals", "roles", "scopes", "claims"],
    later: &[],
    elsewhere: &[
        ("principal", "principals"),
        ("users", "principals"),
        ("role", "roles"),
        ("scope", "scopes"),
        ("attributes", "claims"),
    ],
};

pub(crate) const ROLE: Words = Words {
    valid: &["members", "inherits"],
    later: &["permissions"],
    elsewhere: &[("extends", "inherits"), ("principals", "members"), ("users", "members")],
};

pub(crate) const APPROVAL: Words = Words {
    valid: &["ttl"],
    later: &["min", "from", "assurance", "scope"],
    elsewhere: &[("timeout", "ttl")],
};

pub(crate) const MATCHER: Words = Words {
    valid: &[
        "path",
        "url",
        "host",
        "sql",
        "command",
        "glob",
        "regex",
        "prefix",
        "in",
        "range",
        "len",
        "max_bytes",
        "type",
    ],
    later: &[],
    elsewhere: &[
        ("max-bytes", "max_bytes"),
        ("enum", "in"),
        ("equals", "in"),
        ("contains", "glob"),
        ("matches", "regex"),
        ("pattern", "regex"),
        ("length", "len"),
        ("arg_matches", "glob"),
        ("domain", "host"),
        ("hostname", "host"),
        ("ip", "host"),
        ("cidr", "host"),
        ("uri", "url"),
        ("shell", "command"),
        ("cmd", "command"),
    ],
};

pub(crate) const SQL: Words = Words {
    valid: &["statements", "tables", "functions", "single", "dialect"],
    later: &["columns"],
    elsewhere: &[
        ("kinds", "statements"),
        ("operations", "statements"),
        ("statement", "statements"),
        ("table", "tables"),
    ],
};

pub(crate) const COMMAND: Words = Words {
    valid: &[
        "program",
        "subcommand",
        "flags",
        "operands",
        "paths",
        "hosts",
        "redirects",
        "assignments",
        "pipes",
        "substitutions",
        "code",
        "unknown",
    ],
    later: &[],
    elsewhere: &[
        ("programs", "program"),
        ("name", "program"),
        ("subcommands", "subcommand"),
        ("args", "operands"),
        ("words", "operands"),
        ("options", "flags"),
        ("flag", "flags"),
        ("path", "paths"),
        ("files", "paths"),
        ("host", "hosts"),
        ("domains", "hosts"),
        ("env", "assignments"),
        ("variables", "assignments"),
        ("pipe", "pipes"),
        ("redirect", "redirects"),
        ("substitution", "substitutions"),
    ],
};

pub(crate) const FLAGS: Words = Words {
    valid: &["any", "none", "only"],
    later: &[],
    elsewhere: &[("all", "any"), ("allow", "only"), ("deny", "none"), ("except", "none")],
};

pub(crate) const URL: Words = Words {
    valid: &["scheme", "host", "port", "path", "userinfo", "query"],
    later: &[],
    elsewhere: &[
        ("protocol", "scheme"),
        ("domain", "host"),
        ("hostname", "host"),
        ("user", "userinfo"),
        ("pathname", "path"),
    ],
};

pub(crate) const GUARDS: Words = Words {
    valid: &["injection", "hidden-text", "secrets"],
    later: &["shell", "path", "pii"],
    elsewhere: &[("hidden_text", "hidden-text")],
};

pub(crate) const PINS: Words = Words { valid: &["drift"], later: &["new", "lock"], elsewhere: &[] };
pub(crate) const DISCOVERY: Words = Words { valid: &["hide"], later: &[], elsewhere: &[] };

impl Words {
    /// What to say about a word that is not valid here: the message and the help.
    pub(crate) fn about(&self, word: &str, what: &str) -> (String, Option<String>) {
        if self.later.contains(&word) {
            return (format!("{what} `{word}` is not in this version"), None);
        }
        let message = format!("unknown {what} `{word}`");
        if let Some((_, ours)) = self.elsewhere.iter().find(|(theirs, _)| *theirs == word) {
            return (message, Some(format!("here it is called `{ours}`")));
        }
        (message, Some(suggestion(word, self.valid)))
    }
}

/// "did you mean …", or all the words when none is near.
pub(crate) fn suggestion(word: &str, valid: &[&str]) -> String {
    let lower = word.to_lowercase().replace('_', "-");
    if let Some(same) = valid.iter().find(|candidate| candidate.replace('_', "-") == lower) {
        return format!("write `{same}`");
    }
    match nearest(&lower, valid.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("valid here: {}", list(valid)),
    }
}

/// The candidate that at most a third of the word away, if any.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = word.chars().count().max(3).div_euclid(3);
    let by_distance = candidates.map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate));
    by_distance
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
