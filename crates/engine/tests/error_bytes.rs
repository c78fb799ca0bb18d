//! Errors that are longer than a person reads.
#![expect(clippy::panic, reason = "a test says so by a panic when it fails")]

#[path = "stage/talk.rs"]
mod talk;

use bailiwick_engine::Mode;
use talk::{ALLOW, CALL, Stage};

/// An answer whose error has so many bytes.
fn long(bytes: usize, code: &str) -> String {
    let (head, foot) = (format!(r#"{{"code":{code},"message":""#), r#""}"#);
    let filling = "x".repeat(bytes - head.len() - foot.len());
    format!(r#"{{"jsonrpc":"2.0","id":"c","error":{head}{filling}{foot}}}"#)
}

#[test]
fn an_error_that_is_too_long_is_withheld() {
    let mut stage = Stage::open(ALLOW);
    let mut answered = |error: &str| {
        stage.client(CALL);
        stage.server(error)
    };
    let fits = long(65_536, "-32001");
    assert_eq!(answered(&fits), (vec![format!("< {fits}")], vec![]));
    for code in ["-32001", "7", "-32042"] {
        let (sent, reasons) = answered(&long(65_537, code));
        let words = "The server's error was withheld by bailiwick; guard `error-bytes/long`: 65537 bytes, more than 65536, in the error (default)";
        assert_eq!(
            sent,
            [format!(r#"< {{"jsonrpc":"2.0","id":"c","error":{{"code":{code},"message":"{words}"}}}}"#)]
        );
        assert_eq!(
            reasons,
            ["guard `error-bytes/long`: 65537 bytes, more than 65536, in the error (default)"]
        );
    }
    let mut own = Stage::open(&format!("{ALLOW}guards: {{ error-bytes: 1KiB }}\n"));
    own.client(CALL);
    assert!(own.server(&long(1_025, "1")).0[0].contains("1025 bytes, more than 1024, in the error\""));
    let mut off = Stage::open(&format!("{ALLOW}guards: {{ error-bytes: off }}\n"));
    off.client(CALL);
    let error = long(1 << 20, "1");
    assert_eq!(off.server(&error).0, [format!("< {error}")]);
}

#[test]
fn what_a_task_ended_with_is_an_error_too() {
    let mut stage = Stage::open(ALLOW);
    let call = CALL.replace(r#""name":"t","#, r#""name":"t","task":{},"#);
    stage.client(&call);
    let made = r#"{"jsonrpc":"2.0","id":"c","result":{"task":{"taskId":"k","status":"working"}}}"#;
    assert_eq!(stage.server(made).0, [format!("< {made}")]);
    let error = format!(r#"{{"code":-32001,"message":"{}"}}"#, "x".repeat(70_000));
    let word = |error: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{{"taskId":"k","status":"failed","error":{error}}}}}"#
        )
    };
    let (short, long) = (word(r#"{"code":-32001,"message":"x"}"#), word(&error));
    assert_eq!(stage.server(&short).0, [format!("< {short}")]);
    let (sent, reasons) = stage.server(&long);
    assert_eq!(sent, [] as [&str; 0]);
    assert!(reasons[0].starts_with("guard `error-bytes/long`"), "{reasons:?}");
    stage.client(r#"{"jsonrpc":"2.0","id":"g","method":"tasks/get","params":{"taskId":"k"}}"#);
    let answer = format!(
        r#"{{"jsonrpc":"2.0","id":"g","result":{{"taskId":"k","status":"failed","error":{error}}}}}"#
    );
    assert!(
        stage.server(&answer).0[0]
            .starts_with(r#"< {"jsonrpc":"2.0","id":"g","error":{"code":-32001,"message":"The server's"#)
    );
}

#[test]
fn shadow_lets_it_go_on_and_says_so() {
    for (mode, said) in [(Mode::Shadow, 1), (Mode::Observe, 0)] {
        let mut stage = Stage::of(mode, ALLOW);
        stage.handshake();
        stage.client(CALL);
        let error = long(70_000, "-32000");
        let (sent, reasons) = stage.server(&error);
        assert_eq!((sent, reasons.len()), (vec![format!("< {error}")], said), "{mode:?}");
    }
}
