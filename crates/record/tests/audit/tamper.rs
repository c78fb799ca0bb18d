//! Damage to a log, by accident and on purpose: all of it is found, and where.

use bailiwick_record::audit::{Checkpoint, Fault, PublicKey, Records, Report, VerifyOptions, verify};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::forge::{body, chain, header, rechain};
use super::site::{Site, append, at, found, join};

#[test]
fn an_untouched_log_verifies() {
    let site = Site::closed(2_100);
    let report = site.verify();
    assert_eq!(found(&report), Vec::<String>::new());
    // The header, the decisions, two checkpoints on the way and the one that closes.
    assert_eq!(report.records, 2_104);
    assert_eq!(report.signed_up_to, Some(2_103));
    assert_eq!(report.last.unwrap().seq, 2_103);
    assert_eq!(report.first_time.as_deref(), Some("2025-11-21T02:45:00.000000Z"));
    assert_eq!(report.last_time.as_deref(), Some("2025-11-21T03:01:39.000000Z"));
    assert!(report.closed && report.is_ok());
    assert_eq!((report.repairs, report.torn), (0, None));
}

#[test]
fn any_flipped_byte_is_found() {
    let site = Site::closed(8);
    let (bytes, note) = (site.bytes(), site.note());
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(!site.verify_bytes(&changed, &note).is_ok(), "byte {place}");
    }
}

#[test]
fn any_cut_of_a_closed_log_is_found() {
    let site = Site::closed(8);
    let (bytes, note) = (site.bytes(), site.note());
    for length in 0..bytes.len() {
        assert!(!site.verify_bytes(&bytes[..length], &note).is_ok(), "cut at {length}");
    }
}

#[test]
fn any_dropped_repeated_or_swapped_line_is_found() {
    let site = Site::closed(8);
    let (lines, note) = (site.lines(), site.note());
    for line in 0..lines.len() {
        let mut dropped = lines.clone();
        dropped.remove(line);
        assert!(!site.verify_bytes(&join(&dropped), &note).is_ok(), "without line {line}");
        for other in 0..lines.len() {
            let mut repeated = lines.clone();
            repeated.insert(other, lines[line].clone());
            assert!(!site.verify_bytes(&join(&repeated), &note).is_ok(), "line {line} again at {other}");
            let mut swapped = lines.clone();
            swapped.swap(line, other);
            assert_eq!(site.verify_bytes(&join(&swapped), &note).is_ok(), line == other, "{line}, {other}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rewritten_stretch_is_found(place: prop::sample::Index, stretch in prop::collection::vec(any::<u8>(), 1..40)) {
        let site = Site::closed(5);
        let bytes = site.bytes();
        let start = place.index(bytes.len());
        let end = (start + stretch.len()).min(bytes.len());
        let mut changed = bytes.clone();
        changed.splice(start..end, stretch);
        prop_assume!(changed != bytes);
        prop_assert!(!site.verify_bytes(&changed, &site.note()).is_ok());
    }
}

/// Pieces of a log, and noise, in any order.
fn rubble() -> impl Strategy<Value = Vec<u8>> {
    let line = Site::closed(1).lines()[1].clone().into_bytes();
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        (0..line.len(), 0..line.len())
            .prop_map(move |(a, b)| line.get(a.min(b)..a.max(b)).unwrap_or_default().to_vec()),
        Just(b"\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn rubble_is_refused_not_stumbled_over(rubble in rubble(), note in any::<Vec<u8>>()) {
        let checkpoint = Checkpoint::Content(note);
        let report = verify(&rubble[..], VerifyOptions { trusted: None, checkpoint });
        prop_assert!(!report.is_ok());
        let whole = rubble.iter().filter(|&&byte| byte == b'\n').count();
        prop_assert_eq!(Records::new(&rubble[..]).count(), whole);
    }

    #[test]
    fn rubble_behind_a_header_is_found(rubble in rubble()) {
        let site = Site::closed(1);
        prop_assert!(!site.verify_bytes(&[site.bytes(), rubble.clone()].concat(), &site.note()).is_ok() || rubble.is_empty());
    }
}

/// A log as a killed process leaves it: its side file vouches for the first records only.
fn killed() -> (Site, Vec<u8>, Vec<u8>, usize) {
    let site = Site::new();
    let log = site.open();
    append(&log, 4);
    drop(log);
    let (signed, note) = (site.bytes().len(), site.note());
    let log = site.open();
    append(&log, 4);
    drop(log);
    let mut bytes = site.bytes();
    // Reopening has signed what was there; the killed process had not come to that.
    let without = super::site::lines(&bytes).into_iter().filter(|line| !line.contains("checkpoint"));
    bytes = join(&rechain(&without.collect::<Vec<_>>()));
    (site, bytes, note, signed)
}

#[test]
fn a_cut_after_the_last_signature_is_a_warning_and_before_it_an_error() {
    let (site, bytes, note, signed) = killed();
    assert!(signed < bytes.len());
    for length in 0..=bytes.len() {
        let report = site.verify_bytes(&bytes[..length], &note);
        assert_eq!(report.is_ok(), length >= signed, "cut at {length}: {:?}", found(&report));
        let tail = length > signed;
        assert_eq!(
            report.is_ok() && !report.findings.is_empty(),
            tail,
            "cut at {length}: {:?}",
            found(&report)
        );
    }
    let report = site.verify_bytes(&bytes, &note);
    assert_eq!(report.signed_up_to, Some(4));
    assert_eq!(
        found(&report),
        ["records 5 to 8 are not signed yet: the log is in use, or the program was killed"]
    );
}

/// A line changed where it stands, and what is said about it.
fn check(attack: impl FnOnce(&mut Vec<String>), wanted: &[&str]) {
    let site = Site::closed(8);
    let mut lines = site.lines();
    attack(&mut lines);
    let report = site.verify_bytes(&join(&lines), &site.note());
    let found = found(&report);
    assert!(!report.is_ok());
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.starts_with(wanted), "{found}\n{wanted}");
    }
}

#[test]
fn what_was_done_and_where_is_said() {
    check(|lines| lines[3] = lines[3].replace("allow", "deny!"), &["line 4: record 3 was changed"]);
    check(|lines| drop(lines.remove(5)), &["line 6: records 5 to 5 are missing before this one"]);
    check(|lines| drop(lines.drain(2..7)), &["line 3: records 2 to 6 are missing before this one"]);
    check(
        |lines| lines.insert(4, lines[3].clone()),
        &["line 5: record 3 is out of place (expected record 4): inserted, repeated or moved"],
    );
    check(
        |lines| lines.swap(3, 4),
        &["line 4: records 3 to 3 are missing", "line 5: record 3 is out of place (expected record 5)"],
    );
    check(|lines| lines[2] = "{}".into(), &["line 3: not the shape of a record (expected record 2)"]);
    check(
        |lines| drop(lines.pop()),
        &["the end was cut: the log stops at record 8, but its checkpoint vouches"],
    );
    check(|lines| drop(lines.remove(0)), &["line 1: the first line is not the header"]);
    check(|lines| lines[0] = lines[0].replace("T02:", "T01:"), &["line 1: the header's signature is wrong"]);
    check(
        |lines| {
            let end = lines[4].len() - 10;
            let digit = if lines[4].as_bytes()[end] == b'0' { "1" } else { "0" };
            lines[4].replace_range(end..=end, digit);
        },
        &["line 5: record 4 was changed"],
    );
}

#[test]
fn recomputing_the_chain_without_the_key_does_not_help() {
    let both = [
        "line 10: the signature of checkpoint 9 is wrong",
        "line 10: the checkpoint file says that record 9",
    ];
    check(
        |lines| {
            lines[3] = lines[3].replace("allow", "deny");
            *lines = rechain(lines);
        },
        &both,
    );
    check(
        |lines| {
            lines.swap(3, 4);
            *lines = rechain(lines);
        },
        &both,
    );
    check(
        |lines| {
            lines.remove(5);
            *lines = rechain(lines);
        },
        &["line 9: the signature of checkpoint 8 is wrong", "the end was cut"],
    );
    check(
        |lines| {
            lines.insert(5, lines[3].clone());
            *lines = rechain(lines);
        },
        &[
            "line 10: the checkpoint file says that record 9",
            "line 11: the signature of checkpoint 10 is wrong",
            "records 10 to 10 are not signed yet",
        ],
    );
    check(
        |lines| {
            lines.pop();
            lines.push(lines[8].clone());
            *lines = rechain(lines);
        },
        &["line 10: the checkpoint file says that record 9"],
    );
}

#[test]
fn nothing_can_be_added_to_a_closed_log() {
    check(
        |lines| {
            lines.push(lines[3].clone());
            *lines = rechain(lines);
        },
        &[
            "line 11: record 10 follows the checkpoint that closed the log",
            "records 10 to 10 are not signed yet",
        ],
    );
    let site = Site::closed(2);
    let torn = [&site.bytes()[..], b"{\"seq\":4,"].concat();
    let report = site.verify_bytes(&torn, &site.note());
    assert_eq!(found(&report), ["line 5: the last line is torn after 9 bytes, though the log was closed"]);
    assert!(!report.is_ok());
}

#[test]
fn a_checkpoint_on_the_way_can_not_be_left_out() {
    let site = Site::new();
    let log = site.open();
    append(&log, 2);
    drop(log);
    let early_note = site.note();
    let log = site.open();
    append(&log, 1_100);
    log.close(at(0)).unwrap();
    let mut lines = site.lines();
    assert!(lines[1_024].contains("checkpoint"));
    lines.remove(1_024);
    lines.pop();
    let report = site.verify_bytes(&join(&rechain(&lines)), &early_note);
    assert_eq!(
        report.first_error().unwrap().to_string(),
        "line 1025: record 1024 should be a signed checkpoint: somebody without the key wrote it"
    );
}

fn with_options(site: &Site, trusted: Option<PublicKey>, checkpoint: Checkpoint) -> Report {
    verify(&site.bytes()[..], VerifyOptions { trusted, checkpoint })
}

#[test]
fn a_log_of_another_key_is_not_trusted() {
    let (ours, theirs) = (Site::closed(2), Site::closed(2));
    let report = with_options(&theirs, Some(ours.key()), Checkpoint::Content(theirs.note()));
    assert!(!report.is_ok());
    assert!(found(&report)[0].starts_with("line 1: the log is signed by key `bailiwick.audit+"));
    let report = with_options(&theirs, None, Checkpoint::Content(theirs.note()));
    assert!(report.is_ok());
    assert_eq!(report.findings[0].fault, Fault::KeyNotCompared);
}

#[test]
fn the_side_file_must_be_there_and_be_its_own() {
    let site = Site::closed(2);
    let trusted = || Some(site.key());
    let report = with_options(&site, trusted(), Checkpoint::Missing);
    assert!(!report.is_ok());
    assert_eq!(report.findings[0].fault, Fault::CheckpointMissing);
    let report = with_options(&site, trusted(), Checkpoint::NotChecked);
    assert!(report.is_ok());
    assert_eq!(report.findings[0].fault, Fault::CheckpointNotChecked);
    let report = with_options(&site, trusted(), Checkpoint::Content(Site::closed(2).note()));
    assert_eq!(report.first_error().unwrap().fault, Fault::CheckpointForged);

    // The same key, but another log.
    std::fs::rename(site.path(), site.root.path().join("first")).unwrap();
    let note = site.note();
    std::fs::remove_file(site.note_path()).unwrap();
    site.open().close(at(0)).unwrap();
    let report = with_options(&site, trusted(), Checkpoint::Content(note));
    assert!(matches!(report.first_error().unwrap().fault, Fault::CheckpointForeign { .. }));
}

#[test]
fn an_old_side_file_is_a_warning_while_the_log_itself_is_signed() {
    let site = Site::new();
    drop(site.open());
    let early = site.note();
    site.open().close(at(0)).unwrap();
    let report = site.verify_bytes(&site.bytes(), &early);
    assert!(report.is_ok());
    assert_eq!(
        found(&report),
        ["the checkpoint file stops at record 0, before the signed record 2: it is older than the log"]
    );
}

#[test]
fn a_newer_minor_version_is_read_and_a_newer_major_refused() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let log = |members: &str| {
        let record = r#"{"seq":1,"time":"2026-11-21T02:45:00.000000Z","kind":"novelty","x":1"#;
        join(&chain(&[header(&key, members), record.to_owned()]))
    };
    let options = || VerifyOptions { trusted: None, checkpoint: Checkpoint::NotChecked };
    let report = verify(&log(r#""format":"bailiwick.audit","version":"1.7","later":[1]"#)[..], options());
    assert!(report.is_ok(), "{:?}", found(&report));
    assert_eq!(report.records, 2);
    let report = verify(&log(r#""format":"bailiwick.audit","version":"2.0""#)[..], options());
    assert_eq!(
        found(&report),
        ["line 1: the log is of version 2.0, which this program cannot read; a newer one can"]
    );
    let report = verify(&log(r#""format":"other","version":"1.0""#)[..], options());
    assert_eq!(report.first_error().unwrap().fault, Fault::NoHeader);
}

#[test]
fn a_header_of_another_hand_is_found() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let good = header(&key, r#""format":"bailiwick.audit","version":"1.0""#);
    let forged = good.replace("02:45:00", "03:45:00");
    let report = verify(&join(&chain(&[forged]))[..], VerifyOptions::default());
    assert_eq!(report.first_error().unwrap().fault, Fault::HeaderForged);
}

#[test]
fn what_is_no_log_is_said_to_be_none() {
    let check = |bytes: &[u8], wanted: Fault| {
        let report = verify(bytes, VerifyOptions::default());
        assert_eq!(report.first_error().unwrap().fault, wanted);
        assert!(!report.is_ok());
    };
    check(b"", Fault::Empty);
    check(b"\n", Fault::NoHeader);
    check(b"hello", Fault::NoHeader);
    check(b"\xff\xfe\n\0", Fault::NoHeader);
    check(b"{\"seq\":0}\n", Fault::NoHeader);
}

#[test]
fn a_line_of_any_length_costs_bounded_memory() {
    let site = Site::closed(3);
    let mut lines = site.lines();
    lines[2] = "x".repeat(bailiwick_record::audit::LINE_BYTES_MAX + 1);
    let report = site.verify_bytes(&join(&lines), &site.note());
    assert_eq!(found(&report), ["line 3: record 2 is longer than a line may be"]);
}

#[test]
fn many_findings_are_counted_not_kept() {
    let site = Site::closed(500);
    let lines: Vec<_> =
        site.lines().into_iter().map(|line| line.replace("tools/call", "tools/cull")).collect();
    let report = site.verify_bytes(&join(&lines), &site.note());
    assert_eq!(report.findings.len(), bailiwick_record::audit::FINDINGS_MAX);
    assert_eq!(report.findings_left_out, 400);
    assert_eq!(body(&lines[1]).len() + 75, lines[1].len());
}
