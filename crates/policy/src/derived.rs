//! What a call comes to, for a person who is asked about it: the programs that a command runs, the files that paths lead to,
//! hosts, kinds of SQL statements. It decides nothing; it says what rules of these kinds would look at.

use bailiwick_mcp::Value;
use bailiwick_mcp::json::fold_key;
use bailiwick_semantic::sql::is_plausible as may_be_sql;
use bailiwick_semantic::url::is_plausible as may_be_url;

use crate::args::{Input, Leaf, Place, Reach, commanded, hosted, stated};
use crate::evaluate::Call;
use crate::path::{Base, Form, expand};
use crate::policy::Policy;

/// One thing that was derived, as a line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// `runs`, `path`, `host` or `sql`.
    pub label: &'static str,
    /// What it is. It may hold anything that the arguments hold.
    pub value: String,
}

/// Most lines of one call; one more says that there are more.
pub const DERIVED_MAX: usize = 24;
/// Longest line, in characters.
const LINE_MAX: usize = 200;
/// Values of a call that are looked at, objects and lists included.
const VALUES_MAX: usize = 512;
/// Longer strings are documents: nobody opens, calls or runs them as a whole.
const TEXT_BYTES_MAX: usize = 16 << 10;

impl Policy {
    /// What `call` would run, open, reach and do to a database, as far as keys and values say so.
    #[must_use]
    pub fn derived(&self, call: &Call<'_>) -> Vec<Derived> {
        let mut found = Found::default();
        let Input { arguments, uri } = call.input();
        if let Some(uri) = uri {
            found.network(uri, false);
            found.path(uri, Form::Uri, &self.base);
        }
        if let Some(arguments) = arguments {
            let mut look = Look { server: call.target.server(), base: &self.base, left: VALUES_MAX, found };
            look.value(arguments, "", None);
            found = look.found;
        }
        found.lines
    }
}

struct Look<'p> {
    server: &'p str,
    base: &'p Base,
    /// Values that are still looked at.
    left: usize,
    found: Found,
}

impl Look<'_> {
    /// Looks at a value under `key` and at everything below it.
    fn value<'a>(&mut self, value: Value<'a>, key: &str, holder: Option<Value<'a>>) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        if value.is_object() {
            for (name, member) in value.members() {
                let name = name.text().unwrap_or_default();
                let name = fold_key(&name);
                // A key that says nothing of its own is read as what stands around it.
                let inner = if SILENT.contains(&&*name) && !key.is_empty() { key } else { &name };
                self.value(member, inner, Some(value));
            }
            return;
        }
        let short = value.raw().len() <= TEXT_BYTES_MAX;
        if short && COMMANDS.contains(&key) && self.command(value, holder) {
            return;
        }
        match value.text() {
            Some(text) if short => self.text(&text, key),
            Some(_) => {}
            None => value.elements().for_each(|element| self.value(element, key, None)),
        }
    }

    fn text(&mut self, text: &str, key: &str) {
        let sql = if SQL.contains(&key) || may_be_sql(text) { stated(text, self.server) } else { None };
        let named = HOSTS.contains(&key);
        if let Some(lines) = sql {
            lines.into_iter().for_each(|line| self.found.add("sql", line));
        } else if (PATHS.contains(&key) || is_path(text)) && self.found.path(text, Form::Text, self.base) {
            // Of this machine.
        } else if named || may_be_url(text) {
            self.found.network(text, named);
        }
    }

    /// What is run, and what that opens and reaches. False if nothing is.
    fn command(&mut self, value: Value<'_>, holder: Option<Value<'_>>) -> bool {
        let place = Place { leaf: Leaf::Value(value), reach: Reach::Named, holder };
        let Some(run) = commanded(place, DERIVED_MAX).filter(|run| !run.lines.is_empty()) else {
            return false;
        };
        run.lines.into_iter().for_each(|line| self.found.add("runs", line));
        for path in run.paths.iter().filter(|path| is_path(path)) {
            self.found.path(path, Form::Text, self.base);
        }
        run.hosts.iter().for_each(|host| self.found.network(host, true));
        true
    }
}

/// True for what can hardly be anything else.
fn is_path(text: &str) -> bool {
    let led = text.starts_with(['/', '~'])
        || text.starts_with("file:")
        || text.starts_with("./")
        || text.starts_with("../");
    led && !text.contains(['\n', '\r'])
}

#[derive(Default)]
struct Found {
    lines: Vec<Derived>,
}

impl Found {
    fn network(&mut self, text: &str, named: bool) {
        hosted(text, named).into_iter().for_each(|line| self.add("host", line));
    }

    /// False if it names a file of no machine.
    fn path(&mut self, text: &str, form: Form, base: &Base) -> bool {
        let is_uri = text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
        let read = expand(text, if is_uri { Form::Uri } else { form }, base);
        if read.unreadable {
            self.add("path", format!("{text} (nobody can say where it leads)"));
        } else if !read.foreign {
            read.paths.iter().take(PATHS_MAX).for_each(|path| self.add("path", shown(path, base)));
        }
        read.unreadable || !read.foreign
    }

    fn add(&mut self, label: &'static str, line: String) {
        let mut value: String = line.chars().take(LINE_MAX).collect();
        if value.len() < line.len() {
            value.push('…');
        }
        let found = Derived { label, value };
        if self.lines.len() < DERIVED_MAX && !self.lines.contains(&found) {
            self.lines.push(found);
        } else if self.lines.len() == DERIVED_MAX && !self.lines.contains(&found) {
            self.lines.push(Derived { label: "", value: "and more, which is not listed".to_owned() });
        }
    }
}

fn shown(path: &str, base: &Base) -> String {
    match path.strip_prefix(base.workspace.as_str()).filter(|_| !base.workspace_known) {
        Some(below) => format!("(where the server runs){below}"),
        None if path.is_empty() => "/".to_owned(),
        None => path.to_owned(),
    }
}

/// Readings of one text that are told.
const PATHS_MAX: usize = 4;

/// Keys, folded, whose values are run.
const COMMANDS: &[&str] = &[
    "command",
    "commands",
    "cmd",
    "program",
    "executable",
    "exec",
    "shell_command",
    "command_line",
    "commandline",
    "cmdline",
    "script",
    "shell",
    "bash",
    "powershell",
    "argv",
];
const SQL: &[&str] = &["sql", "query", "statement", "statements"];
const HOSTS: &[&str] = &["host", "hostname", "domain", "ip", "address", "url", "uri", "endpoint", "webhook"];
const PATHS: &[&str] = &[
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "dir",
    "directory",
    "folder",
    "source",
    "destination",
    "cwd",
    "workdir",
    "root",
    "repo_path",
    "target_path",
    "old_path",
    "new_path",
];
/// Keys that stand in for the one around them.
const SILENT: &[&str] = &["value", "values", "item", "items", "data"];

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Limits, Parser};

    use super::DERIVED_MAX;
    use crate::{Call, Context, Load, Principal, Source, Target, compile};

    struct Alone;

    impl Load for Alone {
        fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
            Err(reference.to_owned())
        }
    }

    fn derived(target: Target<'_>, arguments: &str) -> Vec<String> {
        let source = Source { name: "p".to_owned(), text: "version: 1\ndefault: ask\n".to_owned() };
        let context = Context { workspace: Some("/work".to_owned()), home: Some("/home/ana".to_owned()) };
        let policy = compile(vec![source], &mut Alone, &context).unwrap();
        let mut parser = Parser::default();
        let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
        let principal = Principal::default();
        let call = Call { target, arguments: Some(document.root()), principal: &principal };
        policy.derived(&call).iter().map(|line| format!("{} {}", line.label, line.value)).collect()
    }

    fn of_tool(arguments: &str) -> Vec<String> {
        derived(Target::Tool { server: "db-postgres", name: "do" }, arguments)
    }

    #[test]
    fn a_person_sees_what_the_policy_sees() {
        for (arguments, lines) in [
            (r#"{"path":"src/../.env"}"#, &["path /work/.env"][..]),
            (r#"{"edits":[{"value":{"file":"~/.ssh/id_rsa"}}]}"#, &["path /home/ana/.ssh/id_rsa"]),
            (r#"{"anything":"/srv/a/../../etc/shadow"}"#, &["path /etc/shadow"]),
            (r#"{"file":"file:///etc/%70asswd"}"#, &["path /etc/passwd"]),
            (
                r#"{"command":"sudo sh -c 'rm -rf /srv/x' > /tmp/out"}"#,
                &[
                    "runs sudo sh -c 'rm -rf /srv/x' > /tmp/out",
                    "runs sh -c 'rm -rf /srv/x' (run by sudo)",
                    "runs rm -rf /srv/x (run by sh)",
                    "path /tmp/out",
                    "path /srv/x",
                ],
            ),
            (r#"{"command":"ls","args":["-l","../../x"]}"#, &["runs ls -l ../../x", "path /x"]),
            (r#"{"argv":["rm","-rf","/"]}"#, &["runs rm -rf /", "path /"]),
            (r#"{"url":"http://2130706433/x"}"#, &["host 127.0.0.1 (loopback)"]),
            (r#"{"host":"169.254.169.254"}"#, &["host 169.254.169.254 (metadata)"]),
            (r#"{"query":"SELECT 1; DROP TABLE users"}"#, &["sql select", "sql ddl users"]),
            (r#"{"text":"Select a restaurant with a view, please.","n":5}"#, &[]),
        ] {
            let found = of_tool(arguments);
            for line in lines {
                assert!(found.iter().any(|found| found.starts_with(line)), "{arguments}: {line}: {found:?}");
            }
            assert_eq!(found.is_empty(), lines.is_empty(), "{arguments}: {found:?}");
        }
    }

    #[test]
    fn a_resource_is_what_its_uri_leads_to() {
        let read = |uri| derived(Target::Resource { server: "s", uri }, "{}");
        assert_eq!(read("file:///a/../etc/shadow"), ["path /etc/shadow"]);
        assert_eq!(read("https://[::1]:80/x"), ["host [::1] (loopback)"]);
    }

    #[test]
    fn there_is_an_end_to_it_and_it_is_told() {
        let paths: Vec<String> = (0..2_000).map(|number| format!("\"/srv/{number}\"")).collect();
        let found = of_tool(&format!("{{\"paths\":[{}]}}", paths.join(",")));
        assert_eq!(found.len(), DERIVED_MAX + 1);
        assert!(found.last().unwrap().contains("and more"));
        let long = format!("{{\"path\":\"/{}\"}}", "x/".repeat(400));
        assert!(of_tool(&long)[0].ends_with('…'));
    }
}
