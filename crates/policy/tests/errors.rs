//! Every file of `tests/errors` is a policy that has mistakes, and the report that must come out. A `.json` beside it holds
//! the schemas of tools that it is checked with.
//!
//! `BAILIWICK_BLESS=1 cargo test -p bailiwick-policy --test errors` writes the reports anew.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads its data, and must fail when it cannot"
)]

use std::fs;
use std::path::Path;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Catalog, Context, Load, Source, check, compile};

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

/// The tools beside a policy: `{ "server": { "tool": inputSchema } }`.
fn catalog(path: &Path) -> Option<Catalog> {
    let text = fs::read(path).ok()?;
    let mut parser = Parser::default();
    let document = parser.parse(&text, &Limits::DEFAULT).unwrap();
    let mut catalog = Catalog::default();
    for (server, tools) in document.root().members() {
        for (tool, schema) in tools.members() {
            catalog.add_tool(&server.text().unwrap(), &tool.text().unwrap(), Some(schema));
        }
    }
    Some(catalog)
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
        let catalog = catalog(&root.join(name.replace(".yaml", ".json")));
        let checked = check(vec![source.clone()], &mut Folder(&root), &context(), catalog.as_ref());
        let report = match checked.policy {
            Ok(_) => format!("accepted\n\n{}\n", checked.warnings.render(false)),
            Err(problems) => format!("{}\n", problems.render(false)),
        };
        if catalog.is_none() {
            let compiled = compile(vec![source], &mut Folder(&root), &context()).is_ok();
            assert_eq!(compiled, report.starts_with("accepted"), "{name}: what is checked is what is used");
        }
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
