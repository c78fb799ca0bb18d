//! What is found out before a run begins: names, ids, pins.

use std::ffi::OsString;
use std::path::Path;

use bailiwick_engine::{Engine, Pins, Scanner};
use bailiwick_policy::Drift;
use bailiwick_record::lock::Lock;

use super::default_lock;
use crate::exit::Failure;
use crate::{launching, say};

/// 128 random bits as hex.
pub(crate) fn run_id() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::refused(format!("no randomness: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The command's words, as text.
pub(crate) fn words(command: &[OsString]) -> Vec<String> {
    command.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The server's name in rules: the given one, else what its command is called, without what launches it.
///
/// `npx -y @modelcontextprotocol/server-filesystem@1.2 /work` is `filesystem`, `uvx mcp-server-git` is `git`.
pub(crate) fn server_name(given: Option<&str>, command: &[OsString]) -> String {
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return given.to_owned();
    }
    let words = words(command);
    let mut candidates = words.iter().filter(|word| !word.starts_with('-')).map(|word| bare(word));
    let launches = |word: &String| LAUNCHERS.contains(&word.as_str());
    // A line for a shell is no name.
    let is_name = |word: &String| !word.is_empty() && !word.contains([' ', '\t', '\n', '*', '?', '/']);
    candidates.find(|word| is_name(word) && !launches(word)).unwrap_or_else(|| "server".to_owned())
}

/// Programs that run other programs.
const LAUNCHERS: [&str; 18] = [
    "npx", "npm", "exec", "node", "bun", "bunx", "deno", "uvx", "uv", "pipx", "python", "python3", "run",
    "tool", "env", "sh", "bash", "docker",
];

/// The last part of a path or package, without version, suffix and the words that every server has.
fn bare(word: &str) -> String {
    let last = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let last = last.split_once('@').map_or(last, |(name, _)| name);
    let stem =
        [".js", ".mjs", ".cjs", ".ts", ".py", ".exe"].iter().find_map(|suffix| last.strip_suffix(suffix));
    let mut name = stem.unwrap_or(last);
    for prefix in ["mcp-server-", "server-", "mcp-"] {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    for suffix in ["-mcp-server", "-server", "-mcp"] {
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    name.to_owned()
}

/// The pins of the lock file for this server, if there is one.
pub(crate) fn locked_pins(
    given: Option<&Path>,
    server: &str,
    command: &[OsString],
    drift: Drift,
) -> Result<Option<Pins>, Failure> {
    let path = given.unwrap_or(default_lock());
    let lock = Lock::load(path).map_err(Failure::refused)?;
    let make =
        format!("make it with `bailiwick lock --lock {} --server {server} -- COMMAND`", path.display());
    let Some(lock) = lock else {
        return match given {
            Some(_) => {
                Err(Failure::refused(format!("there is no lock file `{}`", path.display())).help(make))
            }
            None => Ok(None),
        };
    };
    let Some(locked) = lock.servers.get(server) else {
        let message = format!("the lock file `{}` does not know the server `{server}`", path.display());
        return match given {
            Some(_) => Err(Failure::refused(message).help(make)),
            None => {
                say::warning(&format!("{message}; its tools are pinned at first sight instead"));
                Ok(None)
            }
        };
    };
    if !is_same(&locked.command, &words(command)) {
        let was = launching::masked(&locked.command, &Scanner::new()).join(" ");
        let message = format!("the server's command differs from the lock file: it was `{was}`");
        match drift {
            Drift::Warn => say::warning(&message),
            Drift::Ask | Drift::Deny => return Err(Failure::refused(message).help(make)),
        }
    }
    Ok(Some(locked.pins()))
}

/// A lock file that is committed holds no secret: then the rest must be the same.
fn is_same(locked: &[String], command: &[String]) -> bool {
    // What stands there for our own bridge is no command that is looked up.
    locked == command && !launching::is_named_as_ours(command)
        || launching::lockable(command, &Scanner::new()) == locked
}

/// Suppressions that changed nothing are worth a look: what they were for may be gone.
pub(crate) fn report_suppressions(engine: &Engine) {
    let unused = engine.unused_suppressions();
    if !unused.is_empty() {
        say::note(&format!("suppressions that changed nothing in this run: {}", unused.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::{is_same, server_name};

    #[test]
    fn a_program_that_is_called_like_us_is_not_our_bridge() {
        let words = |command: &str| command.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let ours = words("bailiwick bridge https://mcp.example.com/mcp");
        assert!(!is_same(&ours, &ours));
        let other = words("npx -y acme-files");
        assert!(is_same(&other, &other));
        assert!(!is_same(&other, &words("npx -y acme-file")));
    }

    #[test]
    fn a_server_is_called_what_its_package_is_called() {
        for (command, name) in [
            ("npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /work", "filesystem"),
            ("uvx mcp-server-git --repository .", "git"),
            ("/opt/tools/mcp-server-time", "time"),
            ("node dist/my-server.js", "my"),
            ("python3 -m mcp_server_fetch", "mcp_server_fetch"),
            ("-x", "server"),
        ] {
            let words: Vec<std::ffi::OsString> = command.split(' ').map(Into::into).collect();
            assert_eq!(server_name(None, &words), name, "{command}");
        }
        assert_eq!(server_name(Some("files"), &["npx".into()]), "files");
        assert_eq!(server_name(None, &["sh".into(), "-c".into(), "exit 37".into()]), "server");
    }
}
