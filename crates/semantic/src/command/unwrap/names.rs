//! Builtins of a shell that take names of variables, and those that change what a name stands for.

use crate::command::Word;

/// True if a name among the words may be evaluated: subscripts are calculated, and calculations run what is substituted in
/// them, though it was quoted.
pub(super) fn evaluates(builtin: &str, words: &[Word]) -> bool {
    let subscript = |word: &Word| {
        word.texts().any(|text| {
            (text.contains('[') || text.contains("=(")) && (text.contains("$(") || text.contains('`'))
        })
    };
    if words.iter().any(subscript) {
        return true;
    }
    // A word that is not known may be such a name.
    let open = |word: &Word| word.unknown.is_some() && word.text.starts_with(['$', '`']);
    let behind = |option: &str| {
        let at = words.iter().position(|word| word.text.starts_with(option));
        at.map(|at| words.get(at..).unwrap_or_default().iter().take(2))
    };
    match builtin {
        "read" | "unset" | "mapfile" | "readarray" | "getopts" => {
            words.iter().any(open) || words.iter().any(|word| is_callback(builtin, word))
        }
        "printf" => behind("-v").is_some_and(|mut words| words.any(|word| word.unknown.is_some())),
        "wait" => behind("-p").is_some_and(|mut words| words.any(|word| word.unknown.is_some())),
        "[[" | "[" | "test" => words.windows(2).any(|pair| match pair {
            [option, name] => matches!(option.text.as_str(), "-v" | "-R") && name.unknown.is_some(),
            _ => false,
        }),
        "declare" | "typeset" | "local" | "export" | "readonly" => {
            // With these a value is calculated, a name stands for another one, or a text is a list.
            let odd = |word: &Word| {
                word.text.starts_with('-')
                    && word.text.bytes().skip(1).any(|letter| b"inaA".contains(&letter))
            };
            let set = |word: &Word| word.text.contains('=');
            let marked = words.iter().any(|word| odd(word) && word.text.contains(['i', 'n']));
            let lists = words.iter().any(odd) && words.iter().any(|word| set(word) && word.unknown.is_some());
            words.iter().any(open) || (builtin != "export" && marked) || lists
        }
        _ => false,
    }
}

/// `mapfile -C command`.
fn is_callback(builtin: &str, word: &Word) -> bool {
    builtin != "read" && word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('C')
}

/// True if a name may stand for another program afterwards, or a text is run.
pub(super) fn redefines(builtin: &str, words: &[Word]) -> bool {
    let letters = |letters: &str| {
        words.iter().any(|word| {
            let open = word.unknown.is_some() && word.text.starts_with(['$', '`']);
            let short =
                word.text.strip_prefix('-').is_some_and(|text| text.contains(|c| letters.contains(c)));
            open || short
        })
    };
    match builtin {
        "hash" => letters("p"),
        "history" => letters("spawrn"),
        "fc" => !words.iter().any(|word| word.text.starts_with("-l")),
        "compgen" => letters("CFW"),
        _ => false,
    }
}
