//! The keys of what arguments must be like.

use bailiwick_semantic::sql::{DIALECTS, KINDS};

use super::Value::{self, Choice, Either, Ends, Formed, Map, Number, Scalar, Some, Text};
use super::{map, names};
use crate::read::{PRESENCES, TRUTH, TYPES, UNKNOWN};

const SQL_KINDS: Value = Some(&Choice(|| names(&KINDS)));
const FLAG: Value = Some(&Formed("^(\\$\\{|[-/+*])"));
const YES: Value = Choice(|| names(&TRUTH));

map! {
    MATCHER "matcher" needs [&[]];
    "path" = Some(&Text), "patterns: a path, see [paths](#paths)";
    "url" = Either(&[Some(&Text), Map(&URL)]), "patterns, or parts: a URL, see [URLs](#urls)";
    "host" = Some(&Text), "patterns: a host, or the host of a URL, see [hosts](#hosts)";
    "sql" = Either(&[SQL_KINDS, Map(&SQL)]), "kinds, or parts: a script, see [SQL](#sql)";
    "command" = Some(&Either(&[Text, Map(&COMMAND)])), "commands: what a shell would run, see [commands](#commands)";
    "glob" = Some(&Text), "patterns: the whole text; `*` crosses everything";
    "regex" = Some(&Text), "expressions: anywhere in the text: anchor with `^` and `$`. Linear time, no look-around. Unicode, `(?i)` for case";
    "prefix" = Some(&Text), "texts: the beginning of the text";
    "in" = Some(&Scalar), "scalars: one of them, of the same type; quote texts that look like truth values or numbers";
    "range" = Ends { whole: false }, "`[low, high]`: numbers, both ends included; `null` leaves an end open";
    "len" = Ends { whole: true }, "`[low, high]`: characters of a text (counted as Unicode and as UTF-16), elements of a list, members of an object";
    "max_bytes" = Number("^[0-9]+([kMG]i?B|KiB|B)?$"), "a size: a text of at most this many bytes in UTF-8; other values by their JSON text";
    "type" = Some(&Choice(|| names(&TYPES))), "names: `string number integer boolean null array object`, of the value itself";
    later [];
    elsewhere &[
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
    ];
}

map! {
    SQL "sql" needs [&["statements", "tables", "functions", "single"]];
    "statements" = SQL_KINDS, "`select insert update delete merge ddl dcl transaction set pragma copy call explain show use attach load admin other`";
    "tables" = Some(&Text), "`orders`, `public.orders`, `public.*`, `*`";
    "functions" = Some(&Text), "names with `*`, the class `@outside`, or `none`, `any`";
    "single" = YES, "`true`: one statement; `false`: several";
    "dialect" = Choice(|| names(&DIALECTS)), "`postgres mysql sqlite mssql generic`";
    later ["columns"];
    elsewhere &[
        ("kinds", "statements"),
        ("operations", "statements"),
        ("statement", "statements"),
        ("table", "tables"),
    ];
}

map! {
    COMMAND "command" needs [&[]];
    "program" = Some(&Text), "names: its name. To an allow `git` is `git` or lies in `/bin`, `/usr/bin` and their like, in exact case; to a deny it is any `git`, wherever it lies";
    "subcommand" = Some(&Text), "names: the first word that is no flag. To a deny a word that is not known counts only where the subcommand may stand (`git $X`, not `git commit -m \"$X\"` nor `git -C \"$X\" status`). To an allow it stands directly behind the program, unless `flags: only` says what may be between";
    "flags" = Either(&[FLAG, Map(&FLAGS)]), "`{ any, none, only }`, lists; a list alone is `any`: one of them is there, none is, no other is. `-c` is found in `-xc`, `--exec*` in `--exec=x`; to a deny also `--force` in `--forc`, and the other names of a flag, where known";
    "operands" = Some(&Text), "texts with wildcards: to a deny one of its words that are no flags, to an allow all of them";
    "paths" = Some(&Text), "as for `path`: files that it names: words, values (`--x=FILE`, `@FILE`, `of=FILE`, `a:FILE`), and to a deny redirections. Relative ones are also read below directories that the script changes to";
    "hosts" = Some(&Text), "as for `host`: hosts that it names: every URL, `/dev/tcp/HOST/PORT`, the operands of `curl wget ssh scp nc dig git` and others, and their options for tunnels, proxies and lists of addresses, and variables such as `http_proxy`. An allow takes no program of which it is not known where it connects (`npm`, `make`)";
    "redirects" = Some(&Text), "as for `path`: files that it redirects to or from. An allow without it takes `/dev/null`, `2>&1` and here-documents alone";
    "assignments" = Some(&Text), "names: variables set for it; to a deny also what another command of the script sets, unless `unknown: skip`. An allow without it takes none";
    "pipes" = YES, "truth value: it stands in a pipe. An allow without it takes both: what stands in the pipe must be allowed too";
    "substitutions" = YES, "truth value: it holds the output of a command. An allow without it takes none";
    "code" = YES, "truth value: it is given code that is not read: `python -c`, `curl … \\| sh`, `awk` with `system`";
    "unknown" = Choice(|| names(&UNKNOWN)), "`match` (default), `skip`; in deny and ask: whether what is not known counts, below";
    later [];
    elsewhere &[
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
    ];
}

map! {
    FLAGS "flags" needs [];
    "any" = FLAG, "one of them is there";
    "none" = FLAG, "none of them is there";
    "only" = FLAG, "no other is there";
    later [];
    elsewhere &[("all", "any"), ("allow", "only"), ("deny", "none"), ("except", "none")];
}

map! {
    URL "url" needs [&[]];
    "scheme" = Some(&Text), "names with `*`";
    "host" = Some(&Text), "as for [`host`](#hosts)";
    "port" = Either(&[Choice(|| vec!["any"]), Some(&Number("^[0-9]{1,5}$"))]), "numbers, or `any`; an allow without it takes the scheme's usual one";
    "path" = Some(&Text), "patterns that begin with `/`, or `**`";
    "userinfo" = Choice(|| names(&PRESENCES)), "a name or password before the host: `none`, `some` or `any`; an allow that does not name it takes none";
    "query" = Some(&Text), "`none`, or globs";
    later [];
    elsewhere &[
        ("protocol", "scheme"),
        ("domain", "host"),
        ("hostname", "host"),
        ("user", "userinfo"),
        ("pathname", "path"),
    ];
}
