//! Every file of `tests/errors` is a policy that must be refused, and the report that must come out.
//!
//! `BAILIWICK_BLESS=1 cargo test -p bailiwick-policy --test errors` writes the reports anew.
#![expect(clippy::disallowed_methods, reason = "a test reads its data")]

use std::fs;
use std::path::Path;

use bailiwick_policy::{Context, Load, Source, compile};

/// Fetches from the folder of the tests.
struct Folder<'p>(&'p Path);

impl Load for Folder<'_> {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        let name = reference.trim_start_matches("./");
        let text = fs::read_to_string(self.0.join(name)).map_err(|_| "there is no such file".to_owned())?;
        Ok(Source { name: name.to_owned(), text })
    }
}

fn context() -> Context {
    Context { workspace: Some("/work/app".into()), home: None }
}

#[test]
fn every_mistake_is_reported_where_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let bless = std::env::var_os("BAILIWICK_BLESS").is_some();
    let mut names: Vec<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort();
    assert!(names.len() > 10);
    for name in names {
        let source = Source { name: name.clone(), text: fs::read_to_string(root.join(&name)).unwrap() };
        let report = match compile(vec![source], &mut Folder(&root), &context()) {
            Ok(_) => "accepted\n".to_owned(),
            Err(problems) => format!("{}\n", problems.render(false)),
        };
        let expected = root.join(name.replace(".yaml", ".txt"));
        if bless {
            fs::write(&expected, &report).unwrap();
        }
        assert_eq!(report, fs::read_to_string(&expected).unwrap_or_default(), "{name}");
    }
}

fn problems(text: &str) -> Vec<String> {
    let source = Source { name: "p.yaml".into(), text: text.into() };
    match compile(vec![source], &mut Folder(Path::new("/nowhere")), &context()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|problem| problem.message.clone()).collect(),
    }
}

#[test]
fn hostile_yaml_ends_soon() {
    assert_eq!(problems(&format!("a: {}1{}", "[".repeat(100_000), "]".repeat(100_000))).len(), 1);
    assert!(!problems(&"- ".repeat(100_000)).is_empty());
    assert!(!problems(&"x: &a [*a, *a]\n".repeat(1000)).is_empty());
    assert_eq!(problems(&" ".repeat(2 << 20)), ["the policy is longer than 1048576 bytes"]);
    let many =
        format!("version: 1\ndefault: deny\nrules:\n{}", "- {id: a, effect: deny, on: x/y}\n".repeat(20_000));
    assert!(!problems(&many).is_empty());
}

#[test]
fn no_source_and_no_place_are_errors() {
    let none = compile(Vec::new(), &mut Folder(Path::new("/")), &Context::default());
    assert!(none.unwrap_err().render(false).contains("no policy"));
    let relative = Context { workspace: Some("app".into()), home: None };
    let source = Source { name: "p".into(), text: "version: 1\ndefault: deny\n".into() };
    let report = compile(vec![source], &mut Folder(Path::new("/")), &relative).unwrap_err().to_string();
    assert!(report.contains("the workspace `app` is not an absolute path"), "{report}");
}
