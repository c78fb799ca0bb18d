//! What a record costs: append and commit of some 600 bytes, in nanoseconds. `cargo bench -p bailiwick-record`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use bailiwick_record::audit::verify_file;
use bailiwick_record::{AuditLog, Durability, Object, OpenOptions, Timestamp};

fn main() {
    bare_write(200_000);
    unwritten(200_000);
    for (name, durability, records, threads) in [
        ("batched, one thread", Durability::Batched, 200_000, 1),
        ("batched, two threads", Durability::Batched, 200_000, 2),
        ("strict, one thread", Durability::Strict, 500, 1),
        ("strict, sixteen threads", Durability::Strict, 4_000, 16),
    ] {
        run(name, durability, records, threads);
    }
}

/// The part that is the operating system's: the same bytes appended to a file, without a log.
fn bare_write(records: u32) {
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let begun = Instant::now();
    for _ in 0..records {
        file.write_all(black_box(&[b'x'; 594])).unwrap();
    }
    println!("{:<24} {:>9.0} ns per write of 594 bytes", "write alone", per(begun.elapsed(), records.into()));
}

/// The part that is ours: records made and chained, and written a thousand at a time.
fn unwritten(records: u64) {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (path, key_directory) = (root.path().join("audit.jsonl"), root.path().join("state"));
    let options = OpenOptions { path, durability: Durability::Batched, key_directory };
    let (log, _) = AuditLog::open(options, Timestamp(START)).unwrap();
    let begun = Instant::now();
    for number in 0..records {
        black_box(log.append(Timestamp(START), "decision", |record| fill(record, number)).unwrap());
        if number % 1_000 == 0 {
            log.commit().unwrap();
        }
    }
    println!("{:<24} {:>9.0} ns per record", "append alone", per(begun.elapsed(), records));
}

fn per(took: Duration, records: u64) -> f64 {
    took.as_nanos() as f64 / records as f64
}

fn run(name: &str, durability: Durability, records: u64, threads: u64) {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = root.path().join("audit.jsonl");
    let options = OpenOptions { path: path.clone(), durability, key_directory: root.path().join("state") };
    let (log, _) = AuditLog::open(options, Timestamp(START)).unwrap();
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| write(&log, records / threads));
            }
        });
        took.push(begun.elapsed());
    }
    took.sort();
    let median = took.get(ROUNDS / 2).copied().unwrap_or(Duration::ZERO);
    log.close(Timestamp(START)).unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    let begun = Instant::now();
    let report = verify_file(&path, None).unwrap();
    assert!(report.is_ok());
    println!(
        "{name:<24} {:>9.0} ns per record of {} bytes; verified at {:.0} MB/s",
        per(median, records),
        bytes / report.records,
        bytes as f64 / begun.elapsed().as_secs_f64() / 1e6,
    );
}

fn write(log: &AuditLog, records: u64) {
    for number in 0..records {
        let at = Timestamp(START + i64::try_from(number).unwrap() * 10);
        black_box(log.append(at, "decision", |record| fill(record, number)).unwrap());
        log.commit().unwrap();
    }
}

fn fill(record: &mut Object<'_>, number: u64) {
    record.string("run", "8b1f5c0e").string("principal", "local").string("server", "filesystem");
    record.string("direction", "to_server").string("method", "tools/call").string("target", "read_file");
    record.number("id", number).raw("arguments", br#"{"path":"/home/user/project/src/main.rs","head":120}"#);
    record.string("arguments_sha256", "5d2b7f8a91c4e6d03b1a2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef");
    record.string("verdict", "allow").array("reasons", |reasons| {
        reasons.object(|reason| {
            reason.string("source", "rule").string("id", "project-reads").string("file", "standard.yaml");
            reason.number("line", 42).string("message", "files of the project may be read");
        });
    });
    record.number("latency_us", 12);
}

const ROUNDS: usize = 5;
const START: i64 = 1_763_693_100_000_000;
