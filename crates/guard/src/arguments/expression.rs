//! `template`: what a template engine or an evaluator would run.

use super::Hit;
use super::words::has_any;
use crate::guard::{Guard, Level};

const TEMPLATE: Hit =
    Hit::new(Guard::Template, "template", "template expression in plain text", Level::Certain);
const CODE: Hit =
    Hit::new(Guard::Template, "code", "code in a value that is only calculated", Level::Certain);

pub(super) const HITS: &[Hit] = &[TEMPLATE, CODE];

/// Checks a short text that may be put into a template.
pub(super) fn template(text: &str) -> Vec<Hit> {
    let found = PAIRS.iter().any(|(open, close)| {
        text.match_indices(open).any(|(at, _)| {
            let inside = text.get(at + open.len()..).unwrap_or_default();
            inside.find(close).is_some_and(|end| inside.get(..end).is_some_and(|inside| runs(open, inside)))
        })
    });
    let directive = DIRECTIVES.iter().any(|word| text.contains(word));
    if found || directive { vec![TEMPLATE] } else { Vec::new() }
}

/// How engines mark what they evaluate.
const PAIRS: &[(&str, &str)] = &[
    ("{{", "}}"),
    ("${", "}"),
    ("#{", "}"),
    ("<%", "%>"),
    ("{%", "%}"),
    ("*{", "}"),
    ("@(", ")"),
    ("{php}", "{/php}"),
    ("[[", "]]"),
    ("~{", "}"),
    ("{#", "#}"),
    ("{@", "}"),
    ("<#", ">"),
    ("{", "}"),
];

const DIRECTIVES: &[&str] = &[
    "#set(",
    "#set (",
    "$class.inspect",
    "<#assign",
    "#foreach(",
    "{php}",
    "<?php",
    "<?=",
    "$!{",
    "{$smarty",
    "{{#with",
    "freemarker.template",
    "java.lang.",
    "T(java",
    "#evaluate(",
    "#include(",
    "<%=",
    "#exec",
    "__class__",
    "__globals__",
    "__import__",
    "<%!",
    "@{",
];

/// True if this is more than the name of a variable.
fn runs(open: &str, inside: &str) -> bool {
    let bare = inside.trim_matches(|c: char| c.is_whitespace() || "-=!~".contains(c));
    match open {
        // A bare brace is a template only for the engines that evaluate calls in it.
        "{" => {
            bare.starts_with('$') && bare.contains(['.', '(', '-'])
                || bare.starts_with("system(")
                || bare.contains("phpinfo")
        }
        "@(" => bare.contains(['+', '*', '.', '(']),
        "[[" => bare.starts_with(['$', '*', '#']),
        "<#" | "{#" => bare.contains(['(', '=']),
        _ => {
            !bare.is_empty()
                && bare.contains([
                    '(', '[', '*', '+', '\'', '"', '|', '.', '=', '/', '%', '@', ';', '\\', '<', '&', '?',
                    ':', '#', '^', '~', '>', ' ',
                ])
                || has_any(
                    bare,
                    &[
                        "self",
                        "config",
                        "request",
                        "this",
                        "settings",
                        "constructor",
                        "session",
                        "app",
                        "class",
                        "debug",
                        "dump",
                    ],
                )
        }
    }
}

/// `x;phpinfo();`, `y exec('id')`: a call of a function that reaches the machine, in a value that calls nothing.
pub(super) fn calls(text: &str) -> Vec<Hit> {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let ends = squeezed.ends_with(");") || squeezed.ends_with(")") && squeezed.contains(['&', '|', ';']);
    let known = FUNCTIONS.iter().any(|function| squeezed.contains(function));
    if known && ends { vec![CODE] } else { Vec::new() }
}

const FUNCTIONS: &[&str] = &[
    "phpinfo(",
    "phpversion(",
    "exec(",
    "system(",
    "passthru(",
    "eval(",
    "popen(",
    "print(",
    "sleep(",
    "include(",
    "require(",
    "assert(",
    "unlink(",
    "readfile(",
    "die(",
    "echo(",
    "shell_exec(",
    "file_get_contents(",
];

/// Checks a value that is calculated: numbers, names and operators may stand in it, calls into the machine may not.
pub(super) fn code(text: &str) -> Vec<Hit> {
    let lower = text.to_lowercase();
    let lower = lower.as_str();
    let reaches = lower.contains("__")
        || has_any(lower, WORDS)
        || CALLS.iter().any(|call| lower.replace([' ', '\n', '\t'], "").contains(call))
        || (lower.contains(';') && has_any(lower, &["import", "os", "sys", "var", "let", "function"]))
        || text.contains('`') && lower.contains("${")
        || !template(text).is_empty();
    if reaches { vec![CODE] } else { Vec::new() }
}

const WORDS: &[&str] = &[
    "import",
    "require",
    "eval",
    "exec",
    "subprocess",
    "popen",
    "globals",
    "locals",
    "getattr",
    "setattr",
    "constructor",
    "child_process",
    "os.system",
    "runtime.getruntime",
    "processbuilder",
    "getclass",
    "forname",
    "webservice",
    "importxml",
    "importdata",
    "importrange",
    "dde",
    "builtins",
    "load_module",
    "xmlhttprequest",
    "shell_exec",
    "passthru",
    "proc_open",
    "file_get_contents",
    "java.lang",
    "powershell",
];
const CALLS: &[&str] =
    &["open('", "open(\"", "read('", "readfile", "call(", "system(", "unlink(", "hyperlink("];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calculations_and_variables_pass() {
        for text in
            ["1 + 2 * (3 - x)", "sum(a) / count(b) >= 10", "price > 10 and status == 'open'", "round(x, 2)"]
        {
            assert!(code(text).is_empty(), "{text}");
        }
        for text in [
            "Hello {{name}}",
            "Cost: $5 {approx}",
            "${USER} is here",
            "a [[link]] in a wiki",
            "50% {off}",
            "{\"a\": 1}",
        ] {
            assert!(template(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_an_engine_runs_is_found() {
        for text in [
            "{{7*7}}",
            "${T(java.lang.Runtime).x}",
            "#{7*7}",
            "<%= 7*7 %>",
            "{{config}}",
            "{% if x %}",
            "@(1+2)",
            "[[${7*7}]]",
        ] {
            assert_eq!(template(text), [TEMPLATE], "{text}");
        }
        for text in ["__import__('os')", "require(\"fs\").x", "1;import os", "().__class__", "open('/x')"] {
            assert_eq!(code(text), [CODE], "{text}");
        }
    }
}
