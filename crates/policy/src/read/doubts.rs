//! What reads like something else than it is: lists in one text, regular expressions where there are none, names of methods,
//! addresses with wildcards. It can be used, and mostly matches nothing, so it is a warning.

use unicode_normalization::is_nfc;

use super::Reader;
use crate::target::{AIMS, Aim};
use crate::tree::Node;

/// The code of all of these.
const CODE: &str = "read-otherwise";

impl Reader<'_> {
    fn otherwise(&mut self, node: &Node, message: String, help: impl Into<String>) {
        self.warn(CODE, &node.span, message, Some(help.into()));
    }

    /// `text` is a pattern of `on`, variables filled in.
    pub(super) fn target_is_doubtful(&mut self, node: &Node, text: &str) {
        let written = node.scalar().unwrap_or_default();
        let outside = without_braces(text);
        let kind =
            AIMS.iter().find(|(aim, name)| *aim != Aim::Tool && alike(text, name)).map(|(_, name)| *name);
        let say = |what: &str| format!("the target `{text}` {what}");
        if bailiwick_mcp::method::find(text).is_some() {
            self.otherwise(
                node,
                say("is a method, and is read as a tool of a server"),
                "name a tool: `server/tool`",
            );
        } else if outside.contains([',', '|', ';']) {
            self.otherwise(
                node,
                say("is one name, not several"),
                "write a list: `[fs/a, fs/b]`, or `fs/{a,b}`",
            );
        } else if text.starts_with('!') {
            self.otherwise(
                node,
                say("excepts nothing: `!` is a character of the name"),
                "name what is meant; exceptions are written with `unless`",
            );
        } else if text.starts_with('^') || text.ends_with('$') || text.contains(".*") {
            self.otherwise(node, say("is no regular expression"), "`*` is any text, `?` one character");
        } else if let Some(kind) = kind {
            let help = if kind == "tool" {
                "write `server/tool`".to_owned()
            } else {
                format!("write `{kind}`, or `{kind}:…`")
            };
            self.otherwise(node, say("is read as a tool of a server of that name"), help);
        } else if text.contains("{}") {
            self.otherwise(node, say("has braces with nothing in them"), "name the words: `{a,b}`");
        } else if ["${workspace}", "${home}"].iter().any(|place| written.contains(place))
            && !written.contains("file:")
        {
            self.otherwise(
                node,
                say("has the path of a directory in a name"),
                "paths are matched under `args`, with `path`",
            );
        } else if foreign_host(text) {
            self.otherwise(
                node,
                say("names a host, not the beginning of a path"),
                "three slashes begin an absolute path: `file:///etc/**`",
            );
        }
        self.look_alike(node, "the target", text);
    }

    /// Characters that nobody sees, or that are taken for others.
    fn look_alike(&mut self, node: &Node, what: &str, text: &str) {
        let hidden = |c: char| matches!(u32::from(c), 0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfeff);
        let mixed = text.chars().any(|c| c.is_ascii_alphabetic())
            && text.chars().any(|c| matches!(u32::from(c), 0x370..=0x52f | 0x1f00..=0x1fff));
        if text.chars().any(hidden) {
            let shown: String = text.chars().flat_map(char::escape_debug).collect();
            self.otherwise(
                node,
                format!("{what} `{shown}` has a character that nobody sees"),
                "type it again",
            );
        } else if mixed {
            self.otherwise(node, format!("{what} `{text}` mixes alphabets"), "type it again");
        }
    }

    /// In double quotes `\b` is a backspace.
    pub(super) fn controls(&mut self, node: &Node, what: &str, text: &str) {
        if text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
            let shown: String = text.chars().flat_map(char::escape_debug).collect();
            let message =
                format!("{what} `{shown}` has a control character: in double quotes YAML reads `\\b` so");
            self.otherwise(node, message, "write it in single quotes: `'\\bword\\b'`");
        }
    }

    pub(super) fn path_is_doubtful(&mut self, node: &Node, text: &str) {
        let written = node.scalar().unwrap_or_default();
        if ["{workspace}", "{home}", "$workspace", "$home"].iter().any(|place| written.starts_with(place))
            || written.contains("$${")
        {
            let message = format!("the path `{written}` has no variable in it");
            self.otherwise(node, message, "variables are written `${workspace}`");
        }
        if !is_nfc(text) {
            let message = format!(
                "the path `{text}` has characters in parts, and values are compared with those composed"
            );
            self.otherwise(node, message, "write each character as one");
        }
    }

    pub(super) fn host_is_doubtful(&mut self, node: &Node, text: &str) {
        let numbers = text
            .split('.')
            .all(|part| part == "*" || (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())));
        if numbers && text.contains('*') && text != "*" {
            let message = format!("the host `{text}` is a name with a wildcard, and no address has a name");
            let parts = text.split('.').filter(|part| *part != "*").count();
            let zeros = text.replace('*', "0");
            let zeros = (text.split('.').count()..4).fold(zeros, |out, _| format!("{out}.0"));
            self.otherwise(
                node,
                message,
                format!("write the network: `{zeros}/{}`", parts.saturating_mul(8)),
            );
        }
    }

    pub(super) fn url_is_doubtful(&mut self, node: &Node, text: &str) {
        if text.split(['/', '?']).any(|part| matches!(part, ".." | ".")) {
            self.otherwise(
                node,
                format!("the URL `{text}` has dot segments, which are gone from values"),
                "write where it leads",
            );
        }
    }

    /// Words of a command pattern that a shell would take apart.
    pub(super) fn command_is_doubtful(&mut self, node: &Node, text: &str) {
        let shell = text.contains([';', '`', '"', '\'', '\n']) || text.contains("$(") || text.contains("&&");
        let set = text.split(' ').next().is_some_and(|word| {
            word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            })
        });
        if shell || set {
            let help = "write one program and its words as they are when a shell has read them; `assignments`, `pipes` and others say the rest";
            self.otherwise(
                node,
                format!("`{text}` is compared word by word, and no word looks like that"),
                help,
            );
        }
    }

    /// A flag or a subcommand is one word.
    pub(super) fn one_word(&mut self, node: &Node, what: &str, text: &str) {
        if text.trim().contains(' ') {
            self.otherwise(
                node,
                format!("{what} `{text}` is one word with a blank in it"),
                "write a list of words",
            );
        }
    }

    pub(super) fn sql_name_is_doubtful(&mut self, node: &Node, text: &str) {
        if text.contains(['"', '`', '\'', ';', '(', ')', '[']) {
            self.otherwise(
                node,
                format!("`{text}` is no name as SQL has it"),
                "write the name alone, without quotes and brackets",
            );
        }
    }

    pub(super) fn key_is_otherwise(&mut self, key: &Node, name: &str) {
        let index =
            name.split('.').any(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        let help = match name {
            _ if name.starts_with("params.") || name.starts_with("$.") => {
                "inside of `args` an argument is called by its name"
            }
            _ if name.starts_with('/') => "write `a.b` for a member of an argument",
            _ if name.contains('[') || index => {
                "lists are walked at every step: write the name of the list alone"
            }
            _ if name.contains(['|', ',', '{']) => "write each key by itself; `*` is any key",
            _ => return,
        };
        self.otherwise(key, format!("the key `{name}` is the name of an argument, as it stands"), help);
    }
}

/// What stands outside of `{…}` and `[…]`.
fn without_braces(text: &str) -> String {
    let mut depth = 0_usize;
    let outside = |c: &char| {
        match c {
            '{' | '[' => depth = depth.saturating_add(1),
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    // In a URI these stand for themselves.
    if text.contains("://") { String::new() } else { text.chars().filter(outside).collect() }
}

/// `resources:x`, `Resource:x`, `sampling/x`: nearly a kind of target.
fn alike(text: &str, kind: &str) -> bool {
    let Some((word, colon)) =
        text.split_once([':', '/']).map(|(word, rest)| (word, text.len().saturating_sub(rest.len())))
    else {
        return false;
    };
    let slash = text.get(..colon).is_some_and(|head| head.ends_with('/'));
    let folded = word.to_ascii_lowercase();
    let same = folded == kind || folded.strip_suffix('s') == Some(kind);
    same && (slash || word != kind)
}

/// `file://etc/**`: a host `etc`.
fn foreign_host(text: &str) -> bool {
    let rest = text.split_once("file://").map(|(_, rest)| rest);
    rest.is_some_and(|rest| {
        !rest.starts_with(['/', '~', '*', '.', '$', 'C']) && !rest.starts_with("localhost")
    })
}
