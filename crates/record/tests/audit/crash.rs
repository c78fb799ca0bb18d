//! Processes that are killed, disks that are full, files that may not be written: with real processes.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write, stdout};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;

use bailiwick_record::{AuditError, AuditLog, Durability, OpenOptions};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use super::site::{Site, append, at, found};

/// Runs `job` in a process of its own, on the log of `site`: this test program again, with only the test
/// [`child_process`], which the environment tells what to do.
fn child(site: &Site, job: &str) -> Command {
    // A write beyond the file size limit shall be an error, not a signal; a shell can say so to what it becomes.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
    command.args(["--exact", "crash::child_process", "--nocapture", "--test-threads=1"]);
    command.env(JOB, job).env(ROOT, site.root.path()).stdin(Stdio::null());
    command
}

#[test]
fn child_process() {
    let Ok(job) = env::var(JOB) else { return };
    let root = std::path::PathBuf::from(env::var_os(ROOT).unwrap());
    let durability = if job == "strict" { Durability::Strict } else { Durability::Batched };
    let options =
        OpenOptions { path: root.join("audit.jsonl"), durability, key_directory: root.join("state") };
    let (log, _) = AuditLog::open(options, at(0)).unwrap();
    if job == "full" { fill_the_disk(&log, &root.join("audit.jsonl")) } else { write_for_ever(&log) }
}

/// Two threads commit records of all sizes and say which, until somebody kills the process.
fn write_for_ever(log: &AuditLog) {
    let text = "x".repeat(300_000);
    // Past the test harness, which keeps what `println` says to itself.
    let output = stdout();
    let work = |first: usize| {
        for number in first.. {
            // Mostly small, some so large that a kill meets them half written.
            let length = if number % 7 == 0 { number * 7_919 % text.len() } else { number % 500 };
            let part = &text[..length];
            let seq = log
                .append(at(0), "decision", |record| {
                    record.string("text", part);
                })
                .unwrap();
            // With and without waiting for the other.
            let tried = if number % 2 == 0 { log.try_commit() } else { None };
            tried.unwrap_or_else(|| log.commit()).unwrap();
            writeln!(output.lock(), "committed {seq}").unwrap();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| work(0));
        scope.spawn(|| work(3));
    });
}

#[test]
fn a_killed_process_loses_nothing_that_it_committed() {
    let site = Site::new();
    for round in 0..16 {
        let job = if round % 4 == 3 { "strict" } else { "batched" };
        let mut process = child(&site, job).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let wanted = 1 + round * 37 % 200;
        let mut committed = Vec::new();
        let mut line = String::new();
        while output.read_line(&mut line).unwrap() > 0 {
            committed.extend(seq_of(&line));
            line.clear();
            if committed.len() == wanted {
                process.kill().unwrap();
            }
        }
        process.wait().unwrap();
        assert!(committed.len() >= wanted, "the process ended by itself");

        let (log, _) = site.try_open(Durability::Batched).unwrap();
        log.close(at(0)).unwrap();
        let report = site.verify();
        assert_eq!(found(&report), Vec::<String>::new(), "round {round}");
        assert!(report.closed);
        let kept: Vec<_> = site.records().into_iter().filter(|record| record.kind == "decision").collect();
        for seq in committed {
            assert!(kept.iter().any(|record| record.seq == seq), "record {seq} of round {round} is lost");
        }
    }
    assert!(site.verify().repairs > 0, "no kill left anything to repair");
}

/// A kill may cut the last line short, which then is no whole number of ours.
fn seq_of(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("committed ")?;
    rest.strip_suffix('\n')?.parse().ok()
}

/// Limits the size of files to a little more than the log has, writes until that is reached, and lifts it again.
fn fill_the_disk(log: &AuditLog, path: &std::path::Path) {
    append(log, 3);
    let length = fs::metadata(path).unwrap().len();
    let unlimited = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: Some(length + 1_000), ..unlimited }).unwrap();
    let write = || {
        log.append(at(1), "decision", |record| {
            record.string("text", &"x".repeat(300));
        })
        .and_then(|seq| log.commit().map(|()| seq))
    };
    let refused = (0..10).find_map(|_| write().err()).unwrap();
    assert!(matches!(&refused, AuditError::Write { path: at, .. } if at == path), "{refused}");
    assert!(refused.to_string().starts_with("cannot write `/"), "{refused}");
    // Refused again and again, and nothing more is taken in.
    for _ in 0..3 {
        assert!(matches!(write(), Err(AuditError::Write { .. })));
        assert!(matches!(log.commit(), Err(AuditError::Write { .. })));
    }
    assert_eq!(fs::metadata(path).unwrap().len(), length + 1_000, "the last line is half there");
    setrlimit(Resource::Fsize, unlimited).unwrap();
    write().unwrap();
    log.close(at(2)).unwrap();
}

#[test]
fn a_full_disk_refuses_and_the_chain_survives_it() {
    let site = Site::new();
    let output = child(&site, "full").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = site.verify();
    assert_eq!(found(&report), Vec::<String>::new());
    assert!(report.closed);
    let kinds: Vec<_> = site.records().into_iter().map(|record| record.kind).collect();
    let d = "decision";
    // Two fitted in, the third was half written, and the next one came after the admission.
    assert_eq!(kinds, ["header", d, d, d, d, d, d, "repair", d, "checkpoint"]);
    let repair = &site.records()[7];
    assert_eq!(repair.text("cause"), Some("late"));
    assert_eq!((repair.number("late_first"), repair.number("late_last")), (Some(6), Some(6)));
}

#[test]
fn a_file_that_may_not_be_written_is_refused() {
    let site = Site::closed(2);
    let before = site.bytes();
    fs::set_permissions(site.path(), PermissionsExt::from_mode(0o400)).unwrap();
    // Root may write to anything, so a thread without that privilege tries.
    let error = thread::scope(|scope| {
        let tried = scope.spawn(|| {
            let mut ours = capabilities(None).unwrap();
            ours.effective.remove(CapabilitySet::DAC_OVERRIDE);
            set_capabilities(None, ours).unwrap();
            site.try_open(Durability::Batched).unwrap_err()
        });
        tried.join().unwrap()
    });
    assert!(
        matches!(&error, AuditError::Write { source, .. } if source.kind() == ErrorKind::PermissionDenied),
        "{error}"
    );
    assert_eq!(site.bytes(), before);
}

const JOB: &str = "BAILIWICK_RECORD_TEST_JOB";
const ROOT: &str = "BAILIWICK_RECORD_TEST_ROOT";
