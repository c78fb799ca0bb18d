//! Guards: whatever the text, spans lie in it, changes are idempotent, and there is an end.
#![no_main]

use std::sync::LazyLock;

use bailiwick_guard::{Beside, Guard, Scanner, strip_hidden};
use bailiwick_mcp::{Limits, Parser};
use libfuzzer_sys::fuzz_target;

static SCANNER: LazyLock<Scanner> = LazyLock::new(Scanner::new);

fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::default();
    if let Ok(document) = parser.parse(bytes, &Limits::DEFAULT) {
        let root = document.root();
        let source = document.source();
        for finding in SCANNER.judge_arguments("run_query", root).findings {
            assert!(source.get(finding.span).is_some(), "a finding of an argument lies in it");
        }
        let _ =
            SCANNER.judge_definition_beside(root, Beside { own: &["read_file"], others: &["send_email"] });
        let mut once = Vec::new();
        SCANNER.redact_json(root, &mut once);
        assert!(Parser::default().parse(&once, &Limits::DEFAULT).is_ok(), "redacted JSON is JSON");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let clear = SCANNER.is_clear(text);
    for guard in [Guard::Injection, Guard::HiddenText, Guard::Secrets, Guard::Pii] {
        let mut found = false;
        let _ = SCANNER.each(guard, text, &mut |finding| {
            found = true;
            assert!(text.get(finding.span.clone()).is_some(), "{finding:?} lies in the text");
        });
        assert!(!(clear && found && guard != Guard::Pii), "a clear text has no finding");
    }
    let stripped = strip_hidden(text);
    assert_eq!(strip_hidden(&stripped), stripped, "stripping is idempotent");
    let redacted = SCANNER.redact_secrets(text);
    assert_eq!(SCANNER.redact_secrets(&redacted), redacted, "redaction is idempotent");
    let _ = bailiwick_guard::blob(Some("text/plain"), text);
});
