//! How long a terminal escape sequence is (ECMA-48, sections 5.3 to 5.6).

/// Longest sequence that is taken as one, in bytes; behind it the text counts as visible again.
const SEQUENCE_BYTES_MAX: usize = 4_096;

/// Length in bytes of the sequence that `rest` starts with; at least the introducer.
///
/// The visible text of an OSC 8 link stands between two sequences and is not part of either.
pub(super) fn length(rest: &str) -> usize {
    let mut characters = rest.char_indices();
    let Some((_, introducer)) = characters.next() else { return 0 };
    let (kind, body) = match introducer {
        '\u{1b}' => match characters.next() {
            Some((at, kind @ ('[' | ']' | 'P' | 'X' | '^' | '_'))) => (kind, at + 1),
            // A two-character escape such as `ESC c`; a charset choice `ESC ( B` takes one more.
            Some((_, '(' | ')' | '*' | '+' | '#' | ' ')) => {
                return 2 + usize::from(characters.next().is_some_and(|(_, last)| last.is_ascii_graphic()));
            }
            Some((_, kind)) if kind.is_ascii_graphic() => return 2,
            Some(_) | None => return 1,
        },
        '\u{9b}' => ('[', introducer.len_utf8()),
        '\u{9d}' => (']', introducer.len_utf8()),
        _ => ('P', introducer.len_utf8()),
    };
    let tail = rest.get(body..).unwrap_or_default();
    body + if kind == '[' { control_sequence(tail) } else { control_string(tail) }
}

/// Parameters, intermediates and the final byte; a broken sequence ends before what does not belong to it.
fn control_sequence(tail: &str) -> usize {
    let parameters = tail.bytes().take(64).take_while(|byte| (0x20..=0x3f).contains(byte)).count();
    let ends = tail.as_bytes().get(parameters).is_some_and(|byte| (0x40..=0x7e).contains(byte));
    parameters + usize::from(ends)
}

/// Up to BEL or the string terminator; without one, nothing but the introducer is hidden.
fn control_string(tail: &str) -> usize {
    for (at, character) in tail.char_indices().take_while(|(at, _)| *at < SEQUENCE_BYTES_MAX) {
        match character {
            '\u{7}' | '\u{9c}' => return at + character.len_utf8(),
            '\u{1b}' => {
                return at
                    + if tail.get(at + 1..).is_some_and(|rest| rest.starts_with('\\')) { 2 } else { 0 };
            }
            '\n' => return 0,
            _ => {}
        }
    }
    0
}

/// Colour, weight and the like (SGR), which decorate visible text; `8` conceals it.
pub(super) fn is_style(sequence: &str) -> bool {
    let body = sequence.strip_prefix("\u{1b}[").or_else(|| sequence.strip_prefix('\u{9b}'));
    let parameters = body.and_then(|body| body.strip_suffix('m'));
    parameters.is_some_and(|parameters| !parameters.split(';').any(|number| number == "8" || number == "08"))
}
