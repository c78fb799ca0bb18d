//! The simple commands of a command line.

/// One program with its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) words: Vec<String>,
    /// Files that its output is written to.
    pub(super) writes: Vec<String>,
    /// It reads what the one before writes.
    pub(super) reads_pipe: bool,
}

/// More are not looked at.
const RUNS_MAX: usize = 256;

pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut runs = vec![Run::default()];
    let mut word: Option<String> = None;
    let mut redirect = false;
    let mut quote: Option<char> = None;
    let mut depth = 0_usize;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if runs.len() > RUNS_MAX {
            break;
        }
        if let Some(open) = quote {
            if character == open {
                quote = None;
            } else {
                word.get_or_insert_default().push(character);
            }
            continue;
        }
        if depth > 0 {
            depth = match character {
                '(' => depth + 1,
                ')' => depth - 1,
                _ => depth,
            };
            word.get_or_insert_default().push(character);
            continue;
        }
        match character {
            '\'' | '"' => {
                word.get_or_insert_default();
                quote = Some(character);
            }
            '\\' => word.get_or_insert_default().extend(characters.next()),
            '$' | '<' if characters.peek() == Some(&'(') => {
                word.get_or_insert_default().push(character);
                word.get_or_insert_default().extend(characters.next());
                depth = 1;
            }
            ' ' | '\t' => finish(&mut runs, &mut word, &mut redirect),
            '>' | '<' => {
                // `2>` and `&>` belong to the sign.
                if word.as_deref().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
                    word = None;
                }
                finish(&mut runs, &mut word, &mut redirect);
                redirect = character == '>';
                while characters.peek().is_some_and(|next| matches!(next, '>' | '&' | '|')) {
                    characters.next();
                }
            }
            ';' | '\n' | '&' | '|' => {
                finish(&mut runs, &mut word, &mut redirect);
                let double = characters.peek() == Some(&character);
                if double {
                    characters.next();
                }
                runs.push(Run { reads_pipe: character == '|' && !double, ..Run::default() });
            }
            _ => word.get_or_insert_default().push(character),
        }
    }
    finish(&mut runs, &mut word, &mut redirect);
    runs.retain(|run| !run.words.is_empty() || !run.writes.is_empty());
    runs
}

fn finish(runs: &mut [Run], word: &mut Option<String>, redirect: &mut bool) {
    let (Some(word), Some(run)) = (word.take(), runs.last_mut()) else { return };
    if std::mem::take(redirect) {
        run.writes.push(word);
    } else {
        run.words.push(word);
    }
}
