//! What holds for every text.
#![expect(clippy::disallowed_methods, reason = "a test asks the shells of the machine for their opinion")]

use std::process::{Command, Stdio};
use std::time::Duration;

use bailiwick_semantic::command::{COMMANDS_MAX, Doubt, Script, read, read_words};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

/// One word that stands for `text` in every shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn words(script: &Script) -> Vec<Vec<&str>> {
    script
        .commands
        .iter()
        .map(|simple| simple.words.iter().map(|word| word.text.as_str()).collect())
        .collect()
}

/// Texts of pieces that mean something to a shell.
fn shell_like() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&str] = &[
    " ",
    "\n",
    "\t",
    ";",
    "&",
    "&&",
    "||",
    "|",
    "(",
    ")",
    "((",
    "))",
    "{",
    "}",
    "{ ",
    "; }",
    "<",
    ">",
    ">>",
    "<<",
    "<<-",
    "<<<",
    "<(",
    ">&",
    "2>",
    "'",
    "\"",
    "\\",
    "`",
    "$",
    "$(",
    "${",
    "$((",
    "$'",
    "#",
    "*",
    "?",
    "[",
    "]",
    "[[ ",
    " ]]",
    "!",
    "=",
    "x=",
    "x=(",
    "~",
    ",",
    "..",
    "if ",
    "; then ",
    "; else ",
    "; fi",
    "for x in a b; do ",
    "; done",
    "while a; do ",
    "case a in ",
    "a) ",
    ";; ",
    "esac",
    "f() ",
    "function ",
    "sh -c ",
    "env ",
    "xargs ",
    "sudo ",
    "eval ",
    "find . -exec ",
    "git -c ",
    "rm",
    "echo",
    "a",
    "EOF",
    "\nEOF\n",
    "-c",
    "-",
    "--",
    "/",
    "%",
    "^",
    "\u{e9}",
    "\u{202e}",
    "\r",
    "\0",
    "$x",
    "$IFS",
    "${IFS}",
    "1",
];

proptest! {
    #[test]
    fn every_text_is_read(text in any::<String>()) {
        let script = read(&text);
        prop_assert!(script.commands.len() <= COMMANDS_MAX);
    }

    #[test]
    fn every_text_like_a_command_is_read(text in shell_like()) {
        let script = read(&text);
        prop_assert!(script.commands.len() <= COMMANDS_MAX);
        prop_assert_eq!(&read(&text), &script);
    }

    #[test]
    fn quoted_words_are_themselves(list in proptest::collection::vec("[^\0-\x08\x0b-\x1f\x7f-\u{9f}]{0,12}", 1..6)) {
        let text: Vec<String> = list.iter().map(|word| quote(word)).collect();
        let script = read(&text.join(" "));
        let found = words(&script);
        prop_assert_eq!(found.first().cloned().unwrap_or_default(), list.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn a_shell_in_a_shell_runs_the_same(text in shell_like()) {
        let plain = read(&text);
        let nested = read(&format!("sh -c {}", quote(&text)));
        let inner: Vec<_> = words(&nested).into_iter().skip(1).collect();
        // Deeper inside, a bound may be reached earlier.
        if plain.doubt.is_none() {
            for command in words(&plain) {
                prop_assert!(inner.contains(&command), "{command:?} not in {inner:?}");
            }
        }
    }

    #[test]
    fn what_follows_a_separator_is_found(text in shell_like()) {
        let script = read(&format!("marker one\n{text}"));
        prop_assert_eq!(words(&script).first().cloned(), Some(vec!["marker", "one"]));
    }

    #[test]
    fn a_list_of_words_is_one_command(list in proptest::collection::vec("[a-z;|&$ ]{1,8}", 1..6)) {
        let script = read_words(list.iter().map(String::as_str));
        prop_assert_eq!(words(&script).first().cloned(), Some(list.iter().map(String::as_str).collect()));
    }
}

/// Texts that make naive parsers slow, each repeated.
const SLOW: &[&str] = &[
    "a ",
    "a;",
    "(",
    "((",
    "$(",
    "$((",
    "${",
    "${x:-",
    "`",
    "\"$(",
    "\"${x:-\"",
    "'",
    "{",
    "{a,",
    "{a,b}",
    "<<X ",
    "<<X\n",
    "\\",
    "a|",
    "x=$x$x;",
    "x=aaaaaaaaaaaaaaaa$x;",
    "$(a ",
    "<(",
    "[[ ",
    "case a in ",
    "if ",
    "for x in a; do ",
    "f() ",
    "! ",
    "time ",
    "a[",
    "a[$(",
    "%A",
    "-",
    "^",
    "sh -c ",
    "eval ",
    "env ",
    "xargs ",
    "find -exec ",
    "echo a|sh|",
    "$x",
    "*",
    "{1..9}",
    "{a,b}{a,b} ",
    "sh -c 'eval ",
    "x=a;",
    "sudo sudo ",
    "\u{fe0f}",
    "((a))",
    "$((a))",
    "$(echo a)",
];

/// For 64 KiB, which take at most 10 ms; without optimisation a multiple of that is fine.
const QUICK: Duration = Duration::from_millis(if cfg!(debug_assertions) { 150 } else { 20 });

/// The processor time of this thread: the machine may do other things.
fn timed(text: &str) -> (Script, Duration) {
    let now = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let start = now();
    let script = read(text);
    let end = now();
    let nanoseconds = (end.tv_sec - start.tv_sec) * 1_000_000_000 + (end.tv_nsec - start.tv_nsec);
    (script, Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)))
}

#[test]
fn sixty_four_kibibytes_are_quick() {
    for piece in SLOW {
        for text in [
            piece.repeat((64 << 10) / piece.len()),
            format!("{}{}", piece.repeat(1_000), "a b;".repeat(12_000)),
        ] {
            let (script, took) = timed(&text);
            assert!(script.commands.len() <= COMMANDS_MAX);
            assert!(took < QUICK, "{piece:?} took {took:?}");
        }
    }
}

#[test]
fn work_is_bounded_whatever_the_length() {
    let (script, took) = timed(&"rm -rf / ; ".repeat(100_000));
    assert!(script.doubt.is_some());
    assert!(took < QUICK, "{took:?}");
}

/// What the shells of this machine say about a text.
fn is_accepted(shell: &str, text: &str) -> Option<bool> {
    let mut command = Command::new(shell);
    command.args(["-n", "-c", text]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok().map(|status| status.success())
}

#[test]
fn what_bash_accepts_is_no_mistake_here() {
    let texts = include_str!("accepted.txt");
    let mut seen = 0;
    for text in texts.split("\n%%\n").map(str::trim_end) {
        // That a value may be evaluated again is another doubt, and a right one.
        let doubt = read(text).doubt.filter(|doubt| *doubt != Doubt::Code);
        assert_eq!(doubt, None, "{text}");
        if let Some(accepted) = is_accepted("bash", text) {
            assert!(accepted, "bash does not accept\n{text}");
        }
        seen += 1;
    }
    assert!(seen > 40);
}

#[test]
fn what_bash_refuses_leaves_a_doubt() {
    for text in [
        "a )",
        "( a",
        "a; }",
        "{ a",
        "if a",
        "if a; then b",
        "then",
        "for in",
        "case a",
        "a 'b",
        "a \"b",
        "a `b",
        "a $(b",
        "a ${b",
        "a >",
        "a <<",
        "f(",
        "f(a)",
        "while a; do b",
        "done",
        "fi",
        "esac",
        "a (b)",
        "[[ a",
        "for x in a; b; done",
    ] {
        assert!(read(text).doubt.is_some(), "{text}");
        assert_ne!(is_accepted("bash", text), Some(true), "bash accepts {text}");
    }
}
