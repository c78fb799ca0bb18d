//! Policies from names and files, and loading them again when they change.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick::Links;
use bailiwick_analysis::counted;
use bailiwick_gateway::{Relay, Reload, relay};
use bailiwick_import::{Mode, import, recognise};
use bailiwick_policy::lint::Linted;
use bailiwick_policy::{
    BUNDLED, Catalog, Checked, Context, Follow, Load, Policy, Source, bundled, compile, meant,
};
use bailiwick_record::entry::Entries;

use crate::args::PolicyChoice;
use crate::exit::{self, Failure};
use crate::{places, say};

/// The policy of `bailiwick run` without `--policy`.
pub(crate) const DEFAULT: &str = "standard";
/// A policy file above this is refused, in bytes.
const FILE_BYTES_MAX: usize = 4 << 20;

/// Which policies make the one that decides, and where relative paths start.
#[derive(Debug, Clone)]
pub(crate) struct Layers {
    names: Vec<String>,
    context: Context,
    links: Option<Arc<Links>>,
}

/// A compiled policy and the files that it was made from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Arc<Policy>,
    files: Vec<PathBuf>,
}

impl Loaded {
    /// The files that it was made from.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

impl Layers {
    pub(crate) fn new(names: &[String], workspace: Option<&Path>) -> Result<Layers, Failure> {
        let workspace = match workspace {
            Some(given) => fs::canonicalize(given).map_err(|error| {
                Failure::refused(format!("cannot use the workspace `{}`: {error}", given.display()))
            })?,
            None => std::env::current_dir()
                .map_err(|error| Failure::refused(format!("the current directory is not known: {error}")))?,
        };
        let workspace = workspace.to_str().ok_or_else(|| {
            Failure::refused("the workspace's path is not UTF-8, so no rule can name it")
                .help("use --workspace DIR")
        })?;
        let names = if names.is_empty() { vec![DEFAULT.to_owned()] } else { names.to_vec() };
        Ok(Layers {
            names,
            context: Context { workspace: Some(workspace.to_owned()), home: places::home() },
            links: None,
        })
    }

    /// These layers, in a place that need not exist.
    pub(crate) fn placed(names: Vec<String>, context: Context) -> Layers {
        Layers { names, context, links: None }
    }

    pub(crate) fn of(choice: &PolicyChoice) -> Result<Layers, Failure> {
        Layers::new(&choice.policies, choice.workspace.as_deref())
    }

    /// The same layers for a server on this machine, whose paths are followed from the directory that it is started in.
    pub(crate) fn following(self, choice: &PolicyChoice) -> Result<Layers, Failure> {
        if choice.no_follow {
            return Ok(self);
        }
        let directory = std::env::current_dir()
            .map_err(|error| Failure::refused(format!("the current directory is not known: {error}")))?;
        // A home behind a link is named by where it leads, as all paths are from here on.
        let home = self.context.home.map(|home| match fs::canonicalize(&home) {
            Ok(real) => real.to_str().map_or(home, str::to_owned),
            Err(_) => home,
        });
        let context = Context { home, ..self.context };
        Ok(Layers { names: self.names, context, links: Some(Arc::new(Links::new(directory))) })
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads all layers and looks at them by all means.
    pub(crate) fn check(&self, catalog: Option<&Catalog>) -> Result<Checked, Failure> {
        let mut files = Files::default();
        let sources = self.names.iter().map(|name| files.source(name)).collect::<Result<Vec<_>, _>>()?;
        Ok(bailiwick_policy::check(sources, &mut files, &self.context, catalog))
    }

    /// Reads all layers and looks for what is most likely not meant.
    pub(crate) fn lint(&self, catalog: Option<&Catalog>) -> Result<Linted, Failure> {
        let mut files = Files::default();
        let sources = self.names.iter().map(|name| files.source(name)).collect::<Result<Vec<_>, _>>()?;
        Ok(bailiwick_policy::lint::lint(sources, &mut files, &self.context, catalog))
    }

    /// The policy with one more rule, written as an entry of `rules`; only of one layer, since each of several decides by itself.
    pub(crate) fn with_rule(&self, rule: &str) -> Option<Policy> {
        let [only] = self.names.as_slice() else { return None };
        let extended = serde_json::Value::from(only.as_str());
        let text = format!("version: 1\nextends: [{extended}]\nrules:\n  - {rule}\n");
        let source = Source { name: "the new rule".to_owned(), text };
        let policy = compile(vec![source], &mut Files::default(), &self.context).ok()?;
        Some(match &self.links {
            Some(links) => policy.following(Arc::clone(links) as Arc<dyn Follow>),
            None => policy,
        })
    }

    /// Reads and compiles all layers. An error anywhere loads nothing (law 4).
    pub(crate) fn load(&self, colour: bool) -> Result<Loaded, Failure> {
        let mut files = Files::default();
        let sources = self.names.iter().map(|name| files.source(name)).collect::<Result<Vec<_>, _>>()?;
        match compile(sources, &mut files, &self.context) {
            Ok(policy) => {
                let policy = match &self.links {
                    Some(links) => policy.following(Arc::clone(links) as Arc<dyn Follow>),
                    None => policy,
                };
                Ok(Loaded { policy: Arc::new(policy), files: files.read })
            }
            Err(problems) => Err(Failure::report(exit::REFUSED, problems.render(colour).trim_end())),
        }
    }
}

/// Reads policy files and remembers which.
#[derive(Debug, Default)]
pub(crate) struct Files {
    read: Vec<PathBuf>,
}

impl Files {
    fn source(&mut self, name: &str) -> Result<Source, Failure> {
        if name.is_empty() {
            return Err(Failure::refused("`--policy` names nothing").help(choices()));
        }
        if let Some(text) = bundled(name) {
            return Ok(Source { name: name.to_owned(), text: text.to_owned() });
        }
        let path = Path::new(name);
        if !path.exists() && !name.contains(['/', '.']) {
            let help = meant(name).unwrap_or_else(choices);
            return Err(Failure::refused(format!("there is no policy `{name}`")).help(help));
        }
        self.ours(path, name).map_err(|cause| Failure::refused(cause).help(choices()))
    }

    fn file(&mut self, path: &Path, shown: &str) -> Result<Source, String> {
        // Watched even if it cannot be read now: it may come back.
        self.read.push(path.to_owned());
        let cannot = |error: std::io::Error| format!("cannot read the policy `{shown}`: {error}");
        let bytes = bailiwick_disk::bounded(path, FILE_BYTES_MAX).map_err(cannot)?;
        Source::from_utf8(shown, bytes)
    }

    /// The text of a policy file; that of another product in our language.
    fn ours(&mut self, path: &Path, shown: &str) -> Result<Source, String> {
        let source = self.file(path, shown)?;
        let Some(format) = recognise(&source.text) else { return Ok(source) };
        let imported = import(&source, format, Mode::Safe).map_err(|problems| {
            format!(
                "`{shown}` is a policy of {} that cannot be read:\n{}",
                format.name(),
                problems.render(false).trim_end()
            )
        })?;
        say::note(&format!(
            "`{shown}` is a policy of {}, read as {} of ours in mode safe; `bailiwick policy import {shown}` shows them and what differs",
            format.name(),
            counted(imported.entries, "entry")
        ));
        Ok(Source { name: format!("{shown} (translated)"), text: imported.text })
    }
}

impl Load for Files {
    fn load(&mut self, from: &str, reference: &str) -> Result<Source, String> {
        let base = Path::new(from).parent().unwrap_or(Path::new(""));
        let path = base.join(reference);
        let shown = path.to_string_lossy().into_owned();
        self.ours(&path, &shown)
    }
}

/// The text of a policy file, as it is.
pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
    Files::default().file(path, &path.to_string_lossy()).map_err(Failure::error)
}

/// Whether a translation is a policy.
pub(crate) fn compiles(source: Source) -> Result<(), Failure> {
    let layers = Layers::new(&[], None)?;
    compile(vec![source], &mut Files::default(), &layers.context).map(|_| ()).map_err(|problems| {
        Failure::report(exit::REFUSED, problems.render(say::colour_on_stderr()).trim_end())
    })
}

fn choices() -> String {
    format!("give the path of a policy file, or one of: {}", BUNDLED.join(", "))
}

/// What tells one state of a file from another.
pub(crate) type Stamp = Option<(u64, u64, [(i64, i64); 2])>;

pub(crate) fn stamp(path: &Path) -> Stamp {
    let about = fs::metadata(path).ok()?;
    // The time of modification can be put back by whoever copies a file; that of the change cannot.
    let times = [(about.mtime(), about.mtime_nsec()), (about.ctime(), about.ctime_nsec())];
    Some((about.ino(), about.size(), times))
}

/// Loads the policy again after SIGHUP or a change of one of its files. The last good policy stays until then.
#[derive(Debug)]
pub(crate) struct Watched {
    layers: Layers,
    files: Vec<(PathBuf, Stamp)>,
    /// A policy waits that could not be recorded, and so not be applied.
    unrecorded: bool,
}

impl Watched {
    pub(crate) fn new(layers: Layers, loaded: &Loaded) -> Watched {
        Watched { layers, files: stamps(&loaded.files), unrecorded: false }
    }

    fn changed(&self) -> bool {
        self.files.iter().any(|(path, before)| stamp(path) != *before)
    }
}

fn stamps(files: &[PathBuf]) -> Vec<(PathBuf, Stamp)> {
    files.iter().map(|path| (path.clone(), stamp(path))).collect()
}

impl Reload for Watched {
    fn poll(&mut self, relay: &Relay, forced: bool) {
        self.look(relay.entries(), forced, |policy| relay.replace_policy(policy));
    }
}

impl Watched {
    /// Looks whether the files changed, and lets `apply` take up the policy that they make now.
    pub(crate) fn look(&mut self, entries: &Entries, forced: bool, apply: impl FnOnce(Arc<Policy>)) {
        if !forced && !self.unrecorded && !self.changed() {
            return;
        }
        // Before it is read: a change during the reading is seen at the next look.
        self.files = self.files.iter().map(|(path, _)| (path.clone(), stamp(path))).collect();
        // Without colour: the message is recorded too.
        let outcome = self.layers.load(false);
        let at = relay::now();
        let recorded = match &outcome {
            Ok(loaded) => entries.note(at, "reload", |entry| {
                entry.string("outcome", "succeeded").string("policy_sha256", loaded.policy.digest());
            }),
            Err(failure) => entries.note(at, "reload", |entry| {
                entry.string("outcome", "failed").string("message", &failure.message);
            }),
        };
        // The record comes first here too: what cannot be recorded does not happen.
        let recorded = recorded.and_then(|_| entries.commit());
        match (outcome, recorded) {
            (Ok(loaded), Ok(())) => {
                self.files = stamps(&loaded.files)
                    .into_iter()
                    .map(|(path, now)| {
                        let before =
                            self.files.iter().find(|(known, _)| *known == path).map(|(_, before)| *before);
                        (path, before.unwrap_or(now))
                    })
                    .collect();
                self.unrecorded = false;
                apply(loaded.policy);
                say::note("the policy was loaded again");
            }
            (Ok(_), Err(error)) => {
                // Tried again at the next look; said once.
                if !std::mem::replace(&mut self.unrecorded, true) {
                    say::warning(&format!(
                        "the policy was not loaded again, because that cannot be recorded yet: {error}"
                    ));
                }
            }
            (Err(failure), _) => {
                self.unrecorded = false;
                say::warning(&format!(
                    "the policy was not loaded again; the last good one stays in force\n{}",
                    failure.message
                ));
            }
        }
    }
}
