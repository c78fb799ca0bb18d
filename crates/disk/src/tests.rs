//! Files: links, modes, marks, crashes, and the way back.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::replace::{Before, Step, replace_by};
use super::{Content, Records, ReplaceError, bounded, discover, put, replace, walk};
use bailiwick_clients::config::{Reading, read};
use bailiwick_clients::paths::Surroundings;
use bailiwick_clients::table::{System, Table};
use bailiwick_clients::wrap::Wrapper;

const CURSOR: &str =
    "{\r\n  // mine\r\n  \"mcpServers\": { \"fs\": { \"command\": \"npx\", \"args\": [\"-y\"] } }\r\n}\r\n";

fn reading() -> Reading {
    Table::bundled().unwrap().clients["cursor"].files[0].reading()
}

fn wrapper(policy: Option<&str>) -> Wrapper {
    Wrapper {
        binary: "/opt/bailiwick".to_owned(),
        server: "fs".to_owned(),
        policies: policy.into_iter().map(str::to_owned).collect(),
        lock: None,
        trace: Some("/t".to_owned()),
    }
}

/// Does `wanted` to the first server of the file.
fn change(folder: &Path, path: &Path, wanted: Option<Wrapper>) -> Result<Vec<(String, bool)>, ReplaceError> {
    let records = Records::open(&folder.join("undo")).unwrap();
    let content = Content::load(path).unwrap();
    let plan = records.plan(path, content, &reading(), &[(0, wanted)]).unwrap();
    let changed = plan.changed.clone();
    records.carry_out(&plan, &reading()).map(|()| changed)
}

#[test]
fn a_file_is_wrapped_and_restored_byte_for_byte_with_its_mark_mode_and_link() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.json"), folder.path().join("mcp.json"));
    let original = format!("\u{feff}{CURSOR}");
    fs::write(&real, &original).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.json", &link).unwrap();
    change(folder.path(), &link, Some(wrapper(None))).unwrap();
    let text = fs::read_to_string(&real).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains("/opt/bailiwick"), "{text}");
    change(folder.path(), &link, Some(wrapper(Some("/p.yaml")))).unwrap();
    assert!(fs::read_to_string(&real).unwrap().contains("/p.yaml"));
    let changed = change(folder.path(), &link, None).unwrap();
    assert_eq!(changed, [("fs".to_owned(), false)]);
    assert_eq!(fs::read_to_string(&real).unwrap(), original);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o7777, 0o640);
    let left: Vec<_> =
        fs::read_dir(folder.path().join("undo")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"], "nothing is remembered of what was put back");
}

#[test]
fn only_what_we_changed_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    fs::write(&path, CURSOR).unwrap();
    change(folder.path(), &path, Some(wrapper(None))).unwrap();
    let edited = fs::read_to_string(&path).unwrap().replace("// mine", "// mine, and more");
    fs::write(&path, edited).unwrap();
    change(folder.path(), &path, None).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), CURSOR.replace("// mine", "// mine, and more"));
}

#[test]
fn a_record_holds_no_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    fs::write(&path, r#"{"mcpServers":{"a":{"command":"x","args":["--key","s3cret"],"env":{"K":"t0ken"}}}}"#)
        .unwrap();
    change(folder.path(), &path, Some(wrapper(None))).unwrap();
    for entry in fs::read_dir(folder.path().join("undo")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("s3cret") && !text.contains("t0ken"), "{text}");
    }
}

#[test]
fn a_crash_at_any_write_leaves_the_old_file_or_the_new_one() {
    let steps = [
        Step::Create,
        Step::Own,
        Step::WriteHalf,
        Step::WriteRest,
        Step::Sync,
        Step::Rename,
        Step::SyncFolder,
    ];
    for crash in steps {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp.json");
        fs::write(&path, "old").unwrap();
        // Nothing that comes after a crash happens, cleaning up included.
        let mut crashed = false;
        let result = replace_by(&path, Before::Holds(b"old"), b"new", &mut |step| {
            crashed |= step == crash;
            if crashed { Err(io::Error::other("crash")) } else { Ok(()) }
        });
        assert!(result.is_err(), "{crash:?}");
        let expected = if crash == Step::SyncFolder { "new" } else { "old" };
        assert_eq!(fs::read_to_string(&path).unwrap(), expected, "{crash:?}");
        replace(&path, Some(expected.as_bytes()), b"newer").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "newer");
    }
}

#[test]
fn an_error_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    fs::write(&path, "old").unwrap();
    let fails = |step: Step| if step == Step::Sync { Err(io::Error::other("disk full")) } else { Ok(()) };
    let error = replace_by(&path, Before::Holds(b"old"), b"new", &mut { fails }).unwrap_err();
    assert!(error.to_string().contains("disk full"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_would_change_more_than_the_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    fs::write(&path, "old").unwrap();
    assert!(matches!(replace(&path, Some(b"older"), b"new"), Err(ReplaceError::Changed { .. })));
    fs::hard_link(&path, folder.path().join("other")).unwrap();
    assert!(matches!(replace(&path, Some(b"old"), b"new"), Err(ReplaceError::Linked { .. })));
    fs::remove_file(folder.path().join("other")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(matches!(replace(&path, Some(b"old"), b"new"), Err(ReplaceError::ReadOnly { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
}

#[test]
fn a_crash_between_record_and_file_is_undone_like_nothing_happened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    fs::write(&path, CURSOR).unwrap();
    change(folder.path(), &path, Some(wrapper(None))).unwrap();
    let wrapped = fs::read_to_string(&path).unwrap();
    // The record of the second change is written, the file is not.
    let records = Records::open(&folder.path().join("undo")).unwrap();
    let plan = records
        .plan(&path, Content::load(&path).unwrap(), &reading(), &[(0, Some(wrapper(Some("/p"))))])
        .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(records.carry_out(&plan, &reading()).is_err());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(records);
    assert_eq!(fs::read_to_string(&path).unwrap(), wrapped);
    assert_eq!(change(folder.path(), &path, None).unwrap(), [("fs".to_owned(), false)]);
    assert_eq!(fs::read_to_string(&path).unwrap(), CURSOR);
}

#[test]
fn a_crash_at_any_write_of_record_or_file_can_be_undone() {
    // Wrapped, wrapped otherwise, put back: each of them cut off at every step that it takes.
    let wanted = [Some(wrapper(None)), Some(wrapper(Some("/p.yaml"))), None];
    let mut crashes = 0;
    for (done, next) in wanted.iter().enumerate() {
        for crash in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("mcp.json");
            fs::write(&path, CURSOR).unwrap();
            for earlier in &wanted[..done] {
                change(folder.path(), &path, earlier.clone()).unwrap();
            }
            let before = fs::read_to_string(&path).unwrap();
            let records = Records::open(&folder.path().join("undo")).unwrap();
            let content = Content::load(&path).unwrap();
            let plan = records.plan(&path, content, &reading(), &[(0, next.clone())]).unwrap();
            let after = plan.after.clone();
            let mut steps = 0;
            let result = records.carry_out_by(&plan, &reading(), &mut |_| {
                steps += 1;
                if steps > crash { Err(io::Error::other("crash")) } else { Ok(()) }
            });
            drop(records);
            let now = fs::read_to_string(&path).unwrap();
            assert!(now == before || now == after, "step {crash}: {now}");
            // Whatever is left in the folder, the way back is there.
            change(folder.path(), &path, None).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), CURSOR, "after {done}, step {crash}");
            crashes += 1;
            if result.is_ok() {
                break;
            }
        }
    }
    assert!(crashes > 50, "{crashes} crashes");
}

#[test]
fn a_named_file_is_made_or_gives_way_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    put(&path, b"one", false).unwrap();
    assert!(matches!(put(&path, b"two", false), Err(ReplaceError::Exists { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "one");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.yaml");
    symlink("policy.yaml", &link).unwrap();
    put(&link, b"two", true).unwrap();
    assert!(link.is_symlink() && fs::read_to_string(&path).unwrap() == "two");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
    let astray = folder.path().join("astray.yaml");
    symlink("nowhere", &astray).unwrap();
    assert!(put(&astray, b"x", true).is_err() && astray.is_symlink());
    assert!(put(&folder.path().join("no/such"), b"x", true).is_err());
    put(Path::new("/dev/null"), b"x", false).unwrap();
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 3, "nothing else is left");
    // Somebody was quicker.
    let late = folder.path().join("late");
    let result = replace_by(&late, Before::Nothing { mode: 0o600 }, b"ours", &mut |step| match step {
        Step::Rename => fs::write(&late, "theirs"),
        _ => Ok(()),
    });
    assert!(matches!(result, Err(ReplaceError::Exists { .. })));
    assert_eq!(fs::read_to_string(&late).unwrap(), "theirs");
}

#[test]
fn what_is_read_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, "12345").unwrap();
    assert_eq!(bounded(&path, 5).unwrap(), b"12345");
    assert!(bounded(&path, 4).is_err());
    for odd in ["/dev/zero", "/dev/tty", "/proc"] {
        assert!(bounded(Path::new(odd), 5).is_err(), "{odd}");
    }
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    assert!(bounded(&pipe, 5).is_err(), "it is not waited for");
}

fn write(path: PathBuf, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn every_client_is_found_where_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let work = home.join("work/repo/sub");
    for path in [
        ".cursor/mcp.json",
        ".claude.json",
        ".config/zed/settings.json",
        ".codex/config.toml",
        ".config/Code/User/mcp.json",
        ".config/Code/User/profiles/a1/mcp.json",
        ".claude/plugins/cache/m/p/1.0/.mcp.json",
        "work/repo/.mcp.json",
        "work/repo/sub/.vscode/mcp.json",
        "work/.mcp.json",
    ] {
        write(home.join(path), "{}");
    }
    fs::create_dir_all(home.join("work/repo/.git")).unwrap();
    let around = Surroundings { home: home.clone(), folder: work, variables: Default::default() };
    let table = Table::bundled().unwrap();
    let found = discover(&table, &[], &around, System::Linux);
    let names: Vec<String> = found
        .files
        .iter()
        .map(|found| format!("{} {}", found.client, found.path.strip_prefix(&home).unwrap().display()))
        .collect();
    assert_eq!(
        names,
        [
            "claude-code .claude.json",
            "claude-code work/repo/.mcp.json",
            "claude-code .claude/plugins/cache/m/p/1.0/.mcp.json",
            "codex .codex/config.toml",
            "cursor .cursor/mcp.json",
            "vscode .config/Code/User/mcp.json",
            "vscode .config/Code/User/profiles/a1/mcp.json",
            "vscode work/repo/sub/.vscode/mcp.json",
            "zed .config/zed/settings.json",
        ],
        "what lies above the repository is another's"
    );
    assert_eq!(discover(&table, &["zed".to_owned()], &around, System::Linux).files.len(), 1);
}

#[test]
fn a_tree_shows_whose_each_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for path in [
        "a/.cursor/mcp.json",
        "b/node_modules/x/.mcp.json",
        "c/my-mcp-config.json",
        "d/package.json",
        "e/.config/zed/settings.json",
        "f/opencode.json",
        "settings.json",
    ] {
        write(root.join(path), "{}");
    }
    let walk = walk(&Table::bundled().unwrap(), root, System::Linux);
    let names: Vec<String> = walk
        .found
        .iter()
        .map(|found| format!("{} {}", found.client, found.path.strip_prefix(root).unwrap().display()))
        .collect();
    assert_eq!(
        names,
        [
            "cursor a/.cursor/mcp.json",
            "other c/my-mcp-config.json",
            "zed e/.config/zed/settings.json",
            "opencode f/opencode.json"
        ]
    );
    assert_eq!((walk.files, walk.not_inspected.len()), (6, 1));
}

#[test]
fn what_is_no_text_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Content::load(folder.path()).is_err());
    let path = folder.path().join("x");
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(Content::load(&path).unwrap_err().why.contains("UTF-8"));
    fs::write(&path, CURSOR).unwrap();
    assert_eq!(read(&Content::load(&path).unwrap().text, &reading()).unwrap().servers.len(), 1);
}
