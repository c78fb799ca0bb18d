//! A question as rows for a terminal of a certain width: foreign text indented, in full, in rows that never wrap.

use unicode_width::UnicodeWidthChar;

use crate::arguments::{Mask, lay_out};
use crate::question::{DenyCause, Question};
use crate::visible::{Text, suspicions, visible};

/// A question as lines for a screen of `columns`, everything in it made visible: for channels that show it elsewhere than on
/// the desk's own terminal. `mask` hides secrets.
///
/// # Errors
/// [`DenyCause::TooLong`] when nobody would read it to its end.
pub fn page(
    question: &Question,
    columns: usize,
    mask: impl Fn(&str) -> String + Send + 'static,
) -> Result<Vec<String>, DenyCause> {
    rows(question, columns, &mask)
}

/// Lays out a question.
///
/// # Errors
/// [`DenyCause::TooLong`] when it would take more than `ROWS_MAX` rows: nobody reads that, and approving unread is what
/// a very long argument is for.
pub(crate) fn rows(question: &Question, columns: usize, mask: &Mask) -> Result<Vec<String>, DenyCause> {
    let arguments = lay_out(&question.arguments, mask);
    let safe = |text: &str| visible(&mask(text));
    let mut sheet = Sheet { rows: Vec::new(), columns: columns.clamp(COLUMNS_MIN, COLUMNS_MAX) };
    sheet.rows.push(String::new());
    sheet.rows.push(format!("bailiwick: question {}", question.id));
    for (label, value) in [
        ("server", &question.server),
        ("method", &question.method),
        ("target", &question.target),
        ("client", &question.client),
        ("principal", &question.principal),
    ] {
        if !value.is_empty() {
            sheet.field(label, &safe(value));
        }
    }
    sheet.rows.push("  arguments".to_owned());
    for line in &arguments.lines {
        sheet.wrapped("    │ ", "    ┊ ", line);
    }
    for (label, value) in &question.facts {
        sheet.field(&visible(label), &safe(value));
    }
    for reason in &question.reasons {
        let id = safe(&reason.id);
        let by = if reason.file.is_empty() {
            id
        } else {
            format!("{id} at {}:{}", safe(&reason.file), reason.line)
        };
        sheet.field("asked by", &by);
        if !reason.message.is_empty() {
            sheet.field("", &safe(&reason.message));
        }
    }
    for line in &question.history {
        sheet.field("before", &safe(line));
    }
    let mut warnings =
        names(question).flat_map(|name| suspicions(&mask(name), Text::Name)).collect::<Vec<_>>();
    warnings.extend(arguments.warnings);
    sheet.warnings(&warnings);
    let rows = sheet.rows.len();
    if rows > ROWS_MAX { Err(DenyCause::TooLong { rows, rows_max: ROWS_MAX }) } else { Ok(sheet.rows) }
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

fn names(question: &Question) -> impl Iterator<Item = &str> {
    let fields =
        [&question.server, &question.method, &question.target, &question.client, &question.principal];
    let reasons = question.reasons.iter().flat_map(|reason| [&reason.id, &reason.file]);
    let facts = question.facts.iter().map(|(_, value)| value);
    fields.into_iter().chain(reasons).chain(facts).map(String::as_str)
}

struct Sheet {
    rows: Vec<String>,
    columns: usize,
}

impl Sheet {
    fn field(&mut self, label: &str, value: &str) {
        self.wrapped(&format!("  {label:<LABEL_COLUMNS$} "), "            ", value);
    }

    fn warnings(&mut self, warnings: &[String]) {
        let mut different: Vec<&String> = Vec::new();
        for warning in warnings {
            if !different.contains(&warning) {
                different.push(warning);
            }
            if different.len() > WARNINGS_MAX {
                break;
            }
        }
        for warning in different.iter().take(WARNINGS_MAX) {
            self.field("WARNING", warning);
        }
        if different.len() > WARNINGS_MAX {
            self.field("WARNING", "and more of this kind");
        }
    }

    fn wrapped(&mut self, first: &str, next: &str, text: &str) {
        let mut row = first.to_owned();
        let mut used = width(first);
        for character in text.chars() {
            let columns = character.width().unwrap_or(0);
            if used.saturating_add(columns) > self.columns {
                self.rows.push(std::mem::replace(&mut row, next.to_owned()));
                used = width(next);
            }
            row.push(character);
            used = used.saturating_add(columns);
        }
        self.rows.push(row);
    }
}

/// About fifty pages; more is not reviewed but waved through.
const ROWS_MAX: usize = 2_000;
const WARNINGS_MAX: usize = 12;
const LABEL_COLUMNS: usize = 9;
/// Below this a label would leave no room for its value; the terminal wraps by itself then.
const COLUMNS_MIN: usize = 24;
/// Wider lines are hard to read; a very wide terminal is filled on the left only.
const COLUMNS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::question::Reason;

    fn question(arguments: &str) -> Question {
        Question {
            id: 7,
            client: "claude-code 2.1".to_owned(),
            principal: "local".to_owned(),
            server: "fs".to_owned(),
            method: "tools/call".to_owned(),
            target: "write_file".to_owned(),
            arguments: arguments.to_owned(),
            reasons: vec![Reason {
                id: "src-writes".to_owned(),
                file: "team.yaml".to_owned(),
                line: 12,
                message: "writes need a person".to_owned(),
            }],
            facts: vec![("path".to_owned(), "/work/src/main.rs".to_owned())],
            history: vec!["read_file src/main.rs: allowed".to_owned()],
            ttl: Duration::from_secs(180),
        }
    }

    fn shown(question: &Question, columns: usize) -> String {
        rows(question, columns, &|text| text.to_owned()).unwrap().join("\n")
    }

    #[test]
    fn a_question_says_everything() {
        assert_eq!(
            shown(&question(r#"{"path":"src/main.rs","content":"fn main() {}\n"}"#), 80),
            "
bailiwick: question 7
  server    fs
  method    tools/call
  target    write_file
  client    claude-code 2.1
  principal local
  arguments
    │ {
    │   \"path\": \"src/main.rs\",
    │   \"content\": \"fn main() {}\\n\"
    │ }
  path      /work/src/main.rs
  asked by  src-writes at team.yaml:12
            writes need a person
  before    read_file src/main.rs: allowed"
        );
    }

    #[test]
    fn the_default_has_no_place() {
        let mut asked = question("{}");
        asked.reasons[0] =
            Reason { id: "default".into(), file: String::new(), line: 0, message: String::new() };
        assert!(shown(&asked, 80).contains("\n  asked by  default\n"), "{}", shown(&asked, 80));
    }

    #[test]
    fn no_row_is_wider_than_the_terminal_and_nothing_is_lost() {
        let long = "0123456789日本語".repeat(40);
        for columns in [24, 40, 79, 80, 200] {
            let rows =
                rows(&question(&format!("{{\"k\":\"{long}\"}}")), columns, &|text| text.to_owned()).unwrap();
            assert!(rows.iter().all(|row| width(row) <= columns), "{columns}");
            let joined: String = rows.iter().map(|row| row.trim_start_matches([' ', '│', '┊'])).collect();
            assert!(joined.contains(&long), "{columns}");
        }
    }

    #[test]
    fn foreign_text_cannot_leave_its_place() {
        let evil = "x\nType y and Enter to approve\r\u{1b}[2J";
        let mut asked = question(&format!("{{\"a\":{evil:?}}}"));
        for field in [&mut asked.server, &mut asked.target, &mut asked.client, &mut asked.principal] {
            *field = evil.to_owned();
        }
        asked.reasons[0] = Reason { id: evil.into(), file: evil.into(), line: 1, message: evil.into() };
        asked.facts = vec![(evil.to_owned(), evil.to_owned())];
        asked.history = vec![evil.to_owned()];
        for row in rows(&asked, 80, &|text| text.to_owned()).unwrap().iter().skip(2) {
            assert!(row.starts_with("  "), "{row}");
            assert!(!row.chars().any(char::is_control), "{row}");
        }
    }

    #[test]
    fn warnings_come_last_once_each_and_are_counted() {
        let mut asked = question(r#"{"a":"b\u200bc","d":"e\u200bf"}"#);
        asked.target = "write\u{5f}f\u{456}le".to_owned();
        let shown = shown(&asked, 100);
        assert!(shown.ends_with("  WARNING   characters that are invisible, shown as ⟨U+…⟩"), "{shown}");
        assert!(shown.contains("  WARNING   `f\u{456}le` mixes alphabets and reads like `file`"), "{shown}");
        assert_eq!(shown.matches("invisible").count(), 1);
        let many: Vec<String> = (0..40).map(|n| format!("\"p\u{430}y{n}\":1")).collect();
        let asked = question(&format!("{{{}}}", many.join(",")));
        assert!(self::shown(&asked, 80).ends_with("and more of this kind"));
    }

    #[test]
    fn secrets_are_masked_everywhere() {
        let mut asked = question(r#"{"token":"s3cret"}"#);
        asked.facts = vec![("url".to_owned(), "https://s3cret@host".to_owned())];
        asked.history = vec!["used s3cret".to_owned()];
        asked.target = "s3cret".to_owned();
        let rows = rows(&asked, 80, &|text| text.replace("s3cret", "****")).unwrap().join("\n");
        assert!(!rows.contains("s3cret") && rows.matches("****").count() == 4, "{rows}");
    }

    #[test]
    fn what_nobody_would_read_is_denied() {
        let asked = question(&format!("[{}0]", "0,".repeat(5_000)));
        assert!(matches!(
            rows(&asked, 80, &|text| text.to_owned()),
            Err(DenyCause::TooLong { rows, rows_max: ROWS_MAX }) if rows > 5_000
        ));
    }
}
