//! What YAML 1.1 makes of a scalar without quotes, which the originals read, and nobody else does.

/// What `text` is there, if it is something else than it seems here.
pub(super) fn otherwise(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let in_one_case = text == lower || text == text.to_ascii_uppercase() || is_capitalised(text);
    match lower.as_str() {
        "yes" | "no" | "on" | "off" if in_one_case => return Some("a truth value"),
        "true" | "false" if in_one_case && text != lower => return Some("a truth value"),
        "null" if in_one_case && text != lower => return Some("nothing at all"),
        "<<" => return Some("a merge of maps"),
        _ => {}
    }
    if is_date(text) {
        return Some("a date");
    }
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(lower.trim_start_matches(['+', '-']), ".inf" | ".nan") {
        return Some("a number that is none");
    }
    let digits =
        |text: &str, of: fn(char) -> bool| !text.is_empty() && text.chars().all(|c| of(c) || c == '_');
    if body.strip_prefix("0x").is_some_and(|rest| digits(rest, |c| c.is_ascii_hexdigit()))
        || body.strip_prefix("0b").is_some_and(|rest| digits(rest, |c| matches!(c, '0' | '1')))
    {
        return Some("a number in another base");
    }
    let first = body.chars().next()?;
    if !(first.is_ascii_digit() || first == '.') || !body.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if body.contains(':') {
        return is_sexagesimal(body).then_some("a number in base 60");
    }
    if !body.chars().all(|c| c.is_ascii_digit() || matches!(c, '_' | '.')) || body.matches('.').count() > 1 {
        return None;
    }
    let (whole, part) = body.split_once('.').unwrap_or((body, "0"));
    let leading = whole.len() > 1 && whole.starts_with('0');
    let strange =
        leading || whole.is_empty() || part.is_empty() || body.contains('_') || text.starts_with('+');
    match (strange, leading && !body.contains('.')) {
        (false, _) => None,
        (true, true) => Some("a number in base 8, or a text"),
        (true, false) => Some("a number that is spelled otherwise here"),
    }
}

fn is_capitalised(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_ascii_uppercase()) && characters.all(|c| c.is_ascii_lowercase())
}

/// `1:30`, `1:30:00.5`
fn is_sexagesimal(text: &str) -> bool {
    let (text, part) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = text.split(':');
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '_');
    let small = |group: &str| {
        matches!(group.len(), 1 | 2) && digits(group) && group.parse::<u8>().is_ok_and(|number| number < 60)
    };
    groups.next().is_some_and(|first| !first.is_empty() && digits(first)) && groups.all(small) && digits(part)
}

/// `2026-11-21`, with a time of day or without.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let day: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let behind = rest.get(day.len()..).unwrap_or_default();
    let time = behind.trim_start_matches(['T', 't', ' ', '\t']);
    year.len() == 4
        && digits(year)
        && digits(month)
        && month.len() <= 2
        && matches!(day.len(), 1 | 2)
        && (behind.is_empty()
            || (time.len() < behind.len() && time.starts_with(|c: char| c.is_ascii_digit())))
}

#[cfg(test)]
mod tests {
    use super::otherwise;

    #[test]
    fn what_yaml_1_1_reads_otherwise_is_known() {
        for text in [
            "010",
            "0_1",
            "08",
            "1_000",
            "0x1f",
            "0b11",
            "1:30",
            "190:20:30",
            "1:30.5",
            "+5",
            "-010",
            ".5",
            "1.",
            "1_0.5",
            ".inf",
            "-.INF",
            ".nan",
            "yes",
            "Yes",
            "YES",
            "no",
            "on",
            "Off",
            "True",
            "FALSE",
            "Null",
            "NULL",
            "<<",
            "2026-11-21",
            "2026-1-2T03:04:05Z",
            "2026-11-21 10:00:00",
        ] {
            assert!(otherwise(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_everybody_reads_alike_stays() {
        for text in [
            "0",
            "10",
            "-1",
            "1.5",
            "0.25",
            "true",
            "false",
            "null",
            "~",
            "",
            "deny",
            "y",
            "n",
            "yEs",
            "read_*",
            "8080:80",
            "10.0.0.1",
            "1.2.3",
            "*",
            "./x",
            ".env",
            "..",
            "-",
            "+",
            "0o10",
            "1e3",
            "1.0e+3",
            "60/minute",
            "30m",
            "a:b",
            "::1",
            "2026-11",
            "12-34-56",
            "x-1",
        ] {
            assert_eq!(otherwise(text), None, "{text}");
        }
    }
}
