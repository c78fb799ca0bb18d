//! Files of package managers: each form, and what is none.

use proptest::prelude::*;

use super::{Resolved, console_scripts, metadata, normal, npm, package_json, pnpm, record, uv, yarn};

fn is(found: Option<Resolved>) -> Option<(String, Option<String>)> {
    found.map(|one| (one.version, one.integrity))
}

fn some(version: &str, integrity: Option<&str>) -> Option<(String, Option<String>)> {
    Some((version.to_owned(), integrity.map(str::to_owned)))
}

#[test]
fn npm_in_each_form() {
    let new = r#"{"lockfileVersion":3,"packages":{"":{"name":"x"},"node_modules/@acme/files":{"version":"1.2.3","integrity":"sha512-QUJD"},
                  "node_modules/other/node_modules/@acme/files":{"version":"0.1.0"}}}"#;
    let old = r#"{"lockfileVersion":1,"dependencies":{"@acme/files":{"version":"1.2.3","integrity":"sha512-QUJD"}}}"#;
    for text in [new, old] {
        assert_eq!(is(npm(text, "@acme/files", None)), some("1.2.3", Some("sha512-QUJD")));
        assert_eq!(is(npm(text, "@acme/files", Some("^1.0.0"))), some("1.2.3", Some("sha512-QUJD")));
        assert_eq!(npm(text, "@acme/files", Some("1.2.4")), None, "another version than is asked for");
        assert_eq!(npm(text, "files", None), None);
    }
    let about = r#"{"name":"@acme/files","version":"1.2.3"}"#;
    assert_eq!(is(package_json(about, "@acme/files")), some("1.2.3", None));
    assert_eq!(package_json(about, "files"), None);
}

#[test]
fn pnpm_in_each_form() {
    let new = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      '@acme/files':\n        specifier: ^1\n        version: 1.2.3(zod@4.0.0)\n\npackages:\n\n  '@acme/files@1.2.3':\n    resolution: {integrity: sha512-QUJD}\n    engines: {node: '>=18'}\n\n  '@acme/files-more@9.0.0':\n    resolution: {integrity: sha512-WFla}\n\nsnapshots:\n\n  '@acme/files@1.2.3(zod@4.0.0)':\n    dependencies:\n      zod: 4.0.0\n";
    let six = "lockfileVersion: '6.0'\npackages:\n\n  /@acme/files@1.2.3(zod@4.0.0):\n    resolution: {integrity: sha512-QUJD}\n    dev: false\n";
    let five = "lockfileVersion: 5.4\npackages:\n\n  /@acme/files/1.2.3:\n    resolution:\n      integrity: sha512-QUJD\n    dev: false\n";
    for text in [new, six, five] {
        assert_eq!(is(pnpm(text, "@acme/files", None)), some("1.2.3", Some("sha512-QUJD")), "{text}");
        assert_eq!(pnpm(text, "@acme/files", Some("2.0.0")), None);
    }
    let two = format!("{six}  /@acme/files@2.0.0:\n    resolution: {{integrity: sha512-WFla}}\n");
    assert_eq!(pnpm(&two, "@acme/files", None), None, "which of the two runs is not known");
    assert_eq!(is(pnpm(&two, "@acme/files", Some("2.0.0"))), some("2.0.0", Some("sha512-WFla")));
}

#[test]
fn yarn_in_each_form() {
    let first = "# yarn lockfile v1\n\n\n\"@acme/files@^1.0.0\", \"@acme/files@^1.2.0\":\n  version \"1.2.3\"\n  resolved \"https://registry.example/files.tgz#ab\"\n  integrity sha512-QUJD\n  dependencies:\n    version \"9.9.9\"\n\nacme@1:\n  version \"1.0.0\"\n";
    assert_eq!(is(yarn(first, "@acme/files", None)), some("1.2.3", Some("sha512-QUJD")));
    assert_eq!(is(yarn(first, "acme", None)), some("1.0.0", None));
    let later = "__metadata:\n  version: 8\n\n\"@acme/files@npm:^1.0.0\":\n  version: 1.2.3\n  resolution: \"@acme/files@npm:1.2.3\"\n  checksum: 10c0/abcd\n  languageName: node\n";
    assert_eq!(is(yarn(later, "@acme/files", None)), some("1.2.3", Some("yarn:10c0/abcd")));
    assert_eq!(yarn(later, "acme", None), None);
}

#[test]
fn uv_names_the_wheel_for_every_system() {
    let text = "version = 1\n\n[[package]]\nname = \"mcp-server-git\"\nversion = \"2026.1.14\"\nsource = { registry = \"https://pypi.org/simple\" }\nsdist = { url = \"https://x/a.tar.gz\", hash = \"sha256:aa\" }\nwheels = [\n    { url = \"https://x/a-cp312-manylinux.whl\", hash = \"sha256:bb\" },\n    { url = \"https://x/a-py3-none-any.whl\", hash = \"sha256:cc\" },\n]\n\n[[package]]\nname = \"other\"\nversion = \"1.0\"\nsdist = { url = \"https://x/b.tar.gz\", hash = \"sha256:dd\" }\n";
    assert_eq!(is(uv(text, "mcp_server.git", None)), some("2026.1.14", Some("sha256:cc")));
    assert_eq!(is(uv(text, "other", Some("1.0"))), some("1.0", Some("sha256:dd")));
    assert_eq!(uv(text, "other", Some("2.0")), None);
}

#[test]
fn an_installed_package_is_told_by_what_lies_beside_it() {
    let text = "Metadata-Version: 2.4\nName: mcp-server-git\nVersion: 2026.1.14\n\nVersion: not this\n";
    assert_eq!(metadata(text), Some(("mcp-server-git".to_owned(), "2026.1.14".to_owned())));
    assert_eq!(metadata("Name: x\n\nVersion: 1\n"), None);
    let here = "mcp_server_git/server.py,sha256=AAAA,10\nmcp_server_git-1.dist-info/METADATA,sha256=BBBB,5\nmcp_server_git-1.dist-info/RECORD,,\n../../../bin/mcp-server-git,sha256=CCCC,7\nmcp_server_git-1.dist-info/INSTALLER,sha256=DDDD,3\n";
    let there = "mcp_server_git-1.dist-info/METADATA,sha256=BBBB,5\r\n../../../bin/mcp-server-git,sha256=EEEE,7\r\nmcp_server_git/__pycache__/server.cpython-311.pyc,,\r\nmcp_server_git/server.py,sha256=AAAA,10\r\n";
    assert!(record(here).unwrap().starts_with("record:sha256:"));
    assert_eq!(record(here), record(there), "another machine, the same files");
    assert_ne!(record(here), record(&here.replace("AAAA", "FFFF")));
    assert_eq!(record(""), None);
    let points = "[gui_scripts]\nx = y:z\n\n[console_scripts]\nmcp-server-git = mcp_server_git:main\nother=a:b\n\n[more]\nq = r\n";
    assert_eq!(console_scripts(points).collect::<Vec<_>>(), ["mcp-server-git", "other"]);
    assert_eq!(normal("MCP__Server.-git"), "mcp-server-git");
}

#[test]
fn what_is_no_version_is_not_taken_for_one() {
    let odd = |version: &str| format!("{{\"packages\":{{\"node_modules/a\":{{\"version\":{version}}}}}}}");
    assert_eq!(npm(&odd("7"), "a", None), None);
    assert_eq!(npm(&odd("\"1.0\\u202e\""), "a", None), None);
    assert_eq!(npm(&odd("\"1\\n0\""), "a", None), None);
    assert_eq!(npm(&odd(&format!("\"{}\"", "1".repeat(300))), "a", None), None);
    assert_eq!(npm(&"[".repeat(1 << 16), "a", None), None, "depth is bounded");
}

proptest! {
    /// Whatever lies there, nothing breaks.
    #[test]
    fn no_text_breaks_a_reader(text in "[ -~\n]{0,400}", name in "[ -~]{0,20}") {
        let _ = (npm(&text, &name, None), package_json(&text, &name), pnpm(&text, &name, None));
        let _ = (yarn(&text, &name, None), uv(&text, &name, None), metadata(&text), record(&text));
        let _ = (console_scripts(&text).count(), normal(&text));
        let packages = format!("packages:\n\n  {text}");
        let _ = (pnpm(&packages, &name, None), yarn(&format!("{name}@1:\n  {text}"), &name, None));
    }
}
