//! The place of a value in the arguments, as a JSON pointer (RFC 6901) that may be shown.

/// One step below what is around.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'p> {
    Top,
    Member(&'p At<'p>, &'p str),
    Element(&'p At<'p>, usize),
}

/// Names of arguments are the agent's words, as long as the message, and may be secrets: half of one would look like none.
const POINTER_BYTES_MAX: usize = 200;
const NAME_BYTES_MAX: usize = 64;

impl At<'_> {
    /// The pointer; longer names, and what stands behind so many bytes, are `…`.
    pub(super) fn pointer(&self) -> String {
        let mut steps = Vec::new();
        let mut at = self;
        while let At::Member(up, _) | At::Element(up, _) = at {
            steps.push(at);
            at = up;
        }
        let mut out = String::new();
        for step in steps.into_iter().rev() {
            let before = out.len();
            out.push('/');
            match step {
                At::Top => {}
                At::Element(_, index) => out.push_str(&index.to_string()),
                At::Member(_, name) if name.len() > NAME_BYTES_MAX => out.push('…'),
                At::Member(_, name) => name.chars().for_each(|character| push(character, &mut out)),
            }
            if out.len() > POINTER_BYTES_MAX {
                out.truncate(before);
                out.push_str("/…");
                break;
            }
        }
        out
    }
}

fn push(character: char, out: &mut String) {
    match character {
        '~' => out.push_str("~0"),
        '/' => out.push_str("~1"),
        shown if shown.is_alphanumeric() || shown.is_ascii_graphic() => out.push(shown),
        hidden => out.extend(hidden.escape_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::At;

    #[test]
    fn a_pointer_is_escaped_shown_and_bounded() {
        let top = At::Top;
        let [slash, hidden] = ["a/b~c", "é \u{200b}\n"].map(|name| At::Member(&top, name));
        assert_eq!(top.pointer(), "");
        assert_eq!(At::Element(&slash, 7).pointer(), "/a~1b~0c/7");
        assert_eq!(hidden.pointer(), "/é \\u{200b}\\n");
        let long = "é".repeat(10_000);
        let long = At::Member(&top, &long);
        assert_eq!(At::Element(&long, 1).pointer(), "/…/1");
        let mut deep = String::new();
        below(&top, 0, &mut deep);
        assert_eq!(deep, format!("{}/…", "/abcdefghi".repeat(20)));
    }

    fn below(at: &At<'_>, depth: usize, out: &mut String) {
        match depth {
            100 => *out = at.pointer(),
            _ => below(&At::Member(at, "abcdefghi"), depth + 1, out),
        }
    }
}
