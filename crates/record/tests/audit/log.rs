//! What is written, how a log goes on, and when it refuses to.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick_record::audit::{Follow, LINE_BYTES_MAX, ReadError};
use bailiwick_record::{AuditError, AuditLog, Durability, OpenOptions as LogOptions};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::forge::{body, chain};
use super::site::{Site, append, at, found, join};

/// Waits for a fact that another thread brings about.
fn until(fact: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !fact() {
        assert!(Instant::now() < deadline, "it did not become true");
        thread::yield_now();
    }
}

#[test]
fn a_log_has_the_documented_shape() {
    let site = Site::closed(2);
    let lines = site.lines();
    assert_eq!(
        chain(&lines.iter().map(|line| body(line)).collect::<Vec<_>>()),
        lines,
        "the hashes are as documented"
    );
    let log = &site.records()[0].text("log").unwrap().to_owned();
    assert_eq!(log.len(), 32);
    let header = format!(
        r#"{{"seq":0,"time":"2025-11-21T02:45:00.000000Z","kind":"header","format":"bailiwick.audit","version":"1.0","log":"{log}","public_key":"{}","signature":""#,
        site.key()
    );
    assert!(lines[0].starts_with(&header), "{}", lines[0]);
    assert_eq!(
        body(&lines[2]),
        r#"{"seq":2,"time":"2025-11-21T02:45:01.000000Z","kind":"decision","method":"tools/call","verdict":"allow","id":1"#
    );
    assert!(lines[3].starts_with(
        r#"{"seq":3,"time":"2025-11-21T03:01:39.000000Z","kind":"checkpoint","closed":true,"signature":""#
    ));
    assert_eq!(lines.len(), 4);
    let note = String::from_utf8(site.note()).unwrap();
    assert!(note.starts_with(&format!("bailiwick.audit/{log}\n3\n")), "{note}");
    for path in [site.path(), site.note_path()] {
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let site = Site::closed(3);
    let (log, opened) = site.try_open(Durability::Strict).unwrap();
    assert_eq!((opened.records, opened.torn, opened.unsigned), (5, None, None));
    append(&log, 2);
    log.close(at(0)).unwrap();
    log.close(at(0)).unwrap();
    assert!(matches!(log.append(at(0), "stop", |_| {}), Err(AuditError::Closed)));
    assert!(matches!(log.commit(), Err(AuditError::Closed)));
    let report = site.verify();
    assert_eq!(found(&report), Vec::<String>::new());
    let kinds: Vec<_> = site.records().into_iter().map(|record| record.kind).collect();
    let [d, c] = ["decision", "checkpoint"];
    assert_eq!(kinds, ["header", d, d, d, c, c, d, d, c]);
}

#[test]
fn a_torn_last_line_is_taken_out_and_recorded() {
    let site = Site::new();
    drop(site.open());
    OpenOptions::new().append(true).open(site.path()).unwrap().write_all(b"{\"seq\":1,\"ti").unwrap();
    assert_eq!(
        found(&site.verify()),
        ["line 2: the last line is torn after 12 bytes: the log is in use, or the program was killed"]
    );
    let (log, opened) = site.try_open(Durability::Batched).unwrap();
    assert_eq!(opened.torn.unwrap().bytes, 12);
    log.close(at(0)).unwrap();
    let record = &site.records()[1];
    assert_eq!((record.kind.as_str(), record.number("torn_bytes")), ("repair", Some(12)));
    let sha256 = HEXLOWER.encode(&Sha256::digest(b"{\"seq\":1,\"ti"));
    assert_eq!(record.text("torn_sha256"), Some(sha256.as_str()));
    let report = site.verify();
    assert_eq!((found(&report), report.repairs), (vec![], 1));
}

#[test]
fn records_that_nobody_signed_are_marked_before_they_are() {
    let site = Site::new();
    drop(site.open());
    let early = site.note();
    let log = site.open();
    append(&log, 3);
    drop(log);
    fs::write(site.note_path(), early).unwrap();
    let (log, opened) = site.try_open(Durability::Batched).unwrap();
    // Reopening had signed record 1.
    assert_eq!(opened.unsigned, Some((2, 4)));
    log.close(at(0)).unwrap();
    let record = &site.records()[5];
    assert_eq!(record.kind, "repair");
    assert_eq!((record.number("unsigned_first"), record.number("unsigned_last")), (Some(2), Some(4)));
    assert!(site.verify().is_ok());
}

#[test]
fn a_crash_in_the_first_write_begins_anew() {
    let site = Site::new();
    drop(site.open());
    let header = site.bytes();
    fs::write(site.path(), &header[..100]).unwrap();
    let (log, opened) = site.try_open(Durability::Batched).unwrap();
    assert_eq!(opened.torn.unwrap().bytes, 100);
    log.close(at(0)).unwrap();
    assert_eq!(found(&site.verify()), Vec::<String>::new());
    assert_eq!(site.records()[1].kind, "repair");
}

#[test]
fn what_does_not_verify_is_left_as_it_is() {
    let check = |spoil: &dyn Fn(&Site)| {
        let site = Site::closed(3);
        spoil(&site);
        let before = fs::read(site.path()).ok().filter(|bytes| !bytes.is_empty());
        let error = site.try_open(Durability::Batched).unwrap_err();
        assert!(error.help().is_some());
        assert_eq!(fs::read(site.path()).ok().filter(|bytes| !bytes.is_empty()), before);
        error
    };
    let broken = |error| matches!(error, AuditError::Broken { .. });
    assert!(broken(check(&|site| {
        let mut lines = site.lines();
        lines.remove(2);
        fs::write(site.path(), join(&lines)).unwrap();
    })));
    assert!(broken(check(&|site| fs::remove_file(site.note_path()).unwrap())));
    assert!(broken(check(&|site| fs::remove_dir_all(site.state()).unwrap())), "another key");
    assert!(broken(check(&|site| fs::write(site.path(), "my diary").unwrap())));
    assert!(broken(check(&|site| fs::write(site.path(), "my diary\n").unwrap())));
    assert!(matches!(check(&|site| fs::remove_file(site.path()).unwrap()), AuditError::Vanished { .. }));
    assert!(matches!(check(&|site| fs::write(site.path(), "").unwrap()), AuditError::Vanished { .. }));
}

#[test]
fn a_log_has_one_writer() {
    let site = Site::new();
    let log = site.open();
    assert!(matches!(site.try_open(Durability::Batched), Err(AuditError::Locked { .. })));
    log.close(at(0)).unwrap();
    site.open().close(at(0)).unwrap();
}

#[test]
fn only_a_regular_file_is_a_log() {
    let site = Site::new();
    let open = |path: &str| {
        let options =
            LogOptions { path: path.into(), durability: Durability::Batched, key_directory: site.state() };
        AuditLog::open(options, at(0)).unwrap_err()
    };
    assert!(matches!(open("/dev/null"), AuditError::NotAFile { .. }));
    assert!(matches!(open("/dev/full"), AuditError::NotAFile { .. }));
    assert!(matches!(open("/"), AuditError::Write { .. }));
    assert!(matches!(open("/nonexistent/audit.jsonl"), AuditError::Write { .. }));
}

#[test]
fn many_threads_make_one_chain() {
    for durability in [Durability::Batched, Durability::Strict] {
        let site = Site::new();
        let (log, _) = site.try_open(durability).unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..40 {
                        append(&log, 1);
                    }
                });
            }
        });
        log.close(at(0)).unwrap();
        assert_eq!(found(&site.verify()), Vec::<String>::new());
        let decisions = site.records().iter().filter(|record| record.kind == "decision").count();
        assert_eq!(decisions, 320);
    }
}

#[test]
fn a_commit_is_in_the_file_when_it_returns() {
    for durability in [Durability::Batched, Durability::Strict] {
        let site = Site::new();
        let (log, _) = site.try_open(durability).unwrap();
        for number in 0..50 {
            let seq = log
                .append(at(0), "decision", |record| {
                    record.number("id", number);
                })
                .unwrap();
            log.commit().unwrap();
            assert_eq!(site.records().last().unwrap().seq, seq);
        }
    }
}

#[test]
fn a_commit_that_does_not_wait_is_in_the_file_when_it_says_so() {
    let site = Site::new();
    let log = site.open();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..50 {
                    let seq = log
                        .append(at(0), "decision", |record| {
                            record.number("id", number);
                        })
                        .unwrap();
                    while log.try_commit().map(Result::unwrap).is_none() {
                        thread::yield_now();
                    }
                    // Another thread may be in the middle of a line.
                    let text = fs::read_to_string(site.path()).unwrap();
                    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
                    assert!(whole.contains(&format!("{{\"seq\":{seq},")), "record {seq} is not there");
                }
            });
        }
    });
    log.close(at(0)).unwrap();
    assert_eq!(found(&site.verify()), Vec::<String>::new());
    assert!(matches!(log.try_commit(), Some(Err(AuditError::Closed))));
}

#[test]
fn what_is_never_committed_is_written_and_signed_soon() {
    let site = Site::new();
    let log = site.open();
    let seq = log
        .append(at(0), "outcome", |record| {
            record.string("outcome", "unknown");
        })
        .unwrap();
    until(|| site.verify().signed_up_to == Some(seq));
    let report = site.verify();
    assert_eq!(found(&report), Vec::<String>::new());
    assert!(!report.closed);
}

#[test]
fn pending_records_are_bounded() {
    let site = Site::new();
    let log = site.open();
    let text = "x".repeat(100_000);
    for _ in 0..40 {
        log.append(at(0), "outcome", |record| {
            record.string("text", &text);
        })
        .unwrap();
    }
    assert!(site.bytes().len() > 2_000_000, "they were written without a commit");
    log.close(at(0)).unwrap();
    assert!(site.verify().is_ok());
}

#[test]
fn a_record_that_is_too_long_or_breaks_off_leaves_no_trace() {
    let site = Site::new();
    let log = site.open();
    append(&log, 1);
    let text = "x".repeat(LINE_BYTES_MAX);
    let error = log
        .append(at(0), "decision", |record| {
            record.string("text", &text);
        })
        .unwrap_err();
    assert!(matches!(error, AuditError::TooLong { .. }));
    let broken = catch_unwind(AssertUnwindSafe(|| {
        log.append(at(0), "decision", |record| {
            record.string("half", "a record");
            panic!("in the middle");
        })
    }));
    assert!(broken.is_err());
    append(&log, 1);
    log.close(at(0)).unwrap();
    assert_eq!(found(&site.verify()), Vec::<String>::new());
    assert_eq!(site.records().len(), 4);
}

#[test]
fn a_log_that_is_changed_while_open_is_not_trusted() {
    type Meddle = fn(&Site);
    let cases: [(&str, Meddle); 3] = [
        ("cut", |site| drop(OpenOptions::new().write(true).truncate(true).open(site.path()).unwrap())),
        ("added to", |site| {
            OpenOptions::new().append(true).open(site.path()).unwrap().write_all(b"{}\n").unwrap();
        }),
        ("removed", |site| fs::remove_file(site.path()).unwrap()),
    ];
    for (name, meddle) in cases {
        for durability in [Durability::Strict, Durability::Batched] {
            let site = Site::new();
            let (log, _) = site.try_open(durability).unwrap();
            append(&log, 3);
            meddle(&site);
            let write = || log.append(at(0), "decision", |_| {}).and_then(|_| log.commit());
            if durability == Durability::Strict {
                assert!(matches!(write(), Err(AuditError::Meddled { .. })), "{name}");
            }
            until(|| matches!(write(), Err(AuditError::Meddled { .. })));
            assert!(matches!(log.close(at(0)), Err(AuditError::Meddled { .. })));
        }
    }
}

#[test]
fn without_a_side_file_nothing_is_recorded() {
    let site = Site::new();
    let log = site.open();
    let draft = site.root.path().join("audit.jsonl.checkpoint.new");
    fs::create_dir(&draft).unwrap();
    let write = || log.append(at(0), "decision", |_| {}).and_then(|_| log.commit());
    until(|| matches!(write(), Err(AuditError::Write { path, .. }) if path == site.note_path()));
    fs::remove_dir(&draft).unwrap();
    until(|| write().is_ok());
    log.close(at(0)).unwrap();
    assert_eq!(found(&site.verify()), Vec::<String>::new());
}

#[test]
fn a_follower_sees_every_record_once_it_is_whole() {
    let site = Site::closed(2);
    let (whole, path) = (site.bytes(), site.root.path().join("copy"));
    fs::write(&path, b"").unwrap();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    let mut follow = Follow::open(&path).unwrap();
    let mut seen = Vec::new();
    for part in whole.chunks(50) {
        file.write_all(part).unwrap();
        while let Some(record) = follow.next(Duration::ZERO).unwrap() {
            seen.push(record);
        }
    }
    assert_eq!(seen, site.records());
    file.write_all(b"nonsense\n").unwrap();
    assert!(matches!(follow.next(Duration::ZERO), Err(ReadError::NotARecord)));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| follow.next(Duration::from_secs(20)));
        file.write_all(&whole[..whole.iter().position(|&byte| byte == b'\n').unwrap() + 1]).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap().unwrap().kind, "header");
    });
    file.set_len(10).unwrap();
    assert!(matches!(follow.next(Duration::ZERO), Err(ReadError::Replaced)));
}
