//! A server's command as it is shown and written down: without secrets.

use std::borrow::Cow;
use std::ffi::OsStr;

/// The words with what `mask` takes for a secret replaced, in each by itself and in one behind the flag that names it:
/// `--token VALUE` is masked as `token=VALUE` would be.
pub fn masked_command(
    words: &[impl AsRef<OsStr>],
    mask: impl for<'t> Fn(&'t str) -> Cow<'t, str>,
) -> Vec<String> {
    let words: Vec<_> = words.iter().map(|word| word.as_ref().to_string_lossy()).collect();
    let before = std::iter::once(None).chain(words.iter().map(|word| flag_name(word)));
    let masked = before.zip(&words).map(|(name, word)| {
        let named = name.and_then(|name| masked_value(name, word, &mask));
        mask(named.as_deref().unwrap_or(word)).into_owned()
    });
    masked.collect()
}

/// The name of a flag whose value is the next word, if it is one.
fn flag_name(word: &str) -> Option<&str> {
    let name = word.strip_prefix('-')?.trim_start_matches('-');
    (name.len() > 1 && !name.contains('=')).then_some(name)
}

fn masked_value(name: &str, value: &str, mask: &impl for<'t> Fn(&'t str) -> Cow<'t, str>) -> Option<String> {
    if value.starts_with('-') {
        return None;
    }
    let masked = mask(&format!("{name}={value}")).into_owned();
    masked.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use bailiwick_engine::Scanner;

    use super::masked_command;

    #[test]
    fn a_word_behind_a_flag_that_names_a_secret_is_masked_and_no_other() {
        let scanner = Scanner::new();
        let masked = |words: &[&str]| masked_command(words, |text| scanner.redact_secrets(text));
        for (words, expected) in [
            (["--token", "s3cr3tV4lue99"], "[redacted:token]"),
            (["-token", "s3cr3tV4lue99"], "[redacted:token]"),
            (["--db-password", "hunter2"], "[redacted:password]"),
            (["--api-key", "k9f83jd02kf8sj2"], "[redacted:api-key]"),
            (["--authorization", "Bearer abc93kd93kd93"], "Bearer [redacted:authorization]"),
        ] {
            assert_eq!(masked(&words), [words[0], expected]);
            assert_eq!(masked(&[words[0], expected]), [words[0], expected], "twice is once");
        }
        for same in [
            ["--port", "8080"],
            ["--token-file", "/run/secrets/x9f83jd02kf"],
            ["--password", "${PASSWORD}"],
            ["--password", "--verbose"],
            ["--password", "-hunter2"],
            ["--password=", "hunter2"],
            ["-p", "hunter2"],
            ["--", "hunter2"],
            ["token", "s3cr3tV4lue99"],
        ] {
            assert_eq!(masked(&same), same);
        }
        assert_eq!(masked(&["x", "--password=hunter2", "y"]), ["x", "--password=[redacted:password]", "y"]);
        assert!(masked(&["--password"]) == ["--password"] && masked(&[]).is_empty());
    }
}
