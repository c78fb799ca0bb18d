//! Notes of package managers: any text gives a version that may stand in a lock file of ours, or none. The first line of the
//! input is the package's name.
#![no_main]

use bailiwick_analysis::resolved::{
    Resolved, console_scripts, metadata, normal, npm, package_json, pnpm, record, uv, yarn,
};
use libfuzzer_sys::fuzz_target;

type Reader = fn(&str, &str, Option<&str>) -> Option<Resolved>;

const READERS: [Reader; 4] = [npm, pnpm, yarn, uv];

fuzz_target!(|input: &[u8]| {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let (name, text) = input.split_once('\n').unwrap_or(("", input));
    for reader in READERS {
        if let Some(found) = reader(text, name, None) {
            whole(&found);
            if found.version.starts_with(|c: char| c.is_ascii_digit()) {
                let again = reader(text, name, Some(&found.version));
                assert_eq!(again, Some(found), "asked for by its version it is the same one");
            }
        }
        let other = reader(text, name, Some("0.0.0-asked"));
        assert!(other.is_none_or(|found| found.version == "0.0.0-asked"), "only what is asked for");
    }
    // These read lines and nothing is spelled otherwise there than it is meant.
    for reader in [pnpm, yarn] {
        assert!(reader(text, name, None).is_none_or(|found| text.contains(&found.version)), "made up");
    }
    assert_eq!(uv(text, name, None), uv(text, &normal(name), None), "one package, however it is written");
    assert_eq!(normal(&normal(name)), normal(name));
    package_json(text, name).iter().for_each(whole);
    if let Some((name, version)) = metadata(text) {
        assert!(is_word(&name) && is_word(&version));
    }
    let digest = record(text);
    let turned: Vec<&str> = text.lines().rev().collect();
    assert_eq!(digest, record(&turned.join("\r\n")), "the order and the ends of lines say nothing");
    assert!(digest.is_none_or(|digest| is_word(&digest)));
    assert!(console_scripts(text).all(|script| text.contains(script)));
});

fn whole(found: &Resolved) {
    assert!(is_word(&found.version) && found.integrity.as_deref().is_none_or(is_word));
}

/// What may stand in a lock file, and on a terminal.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic())
}
