//! Which tools the servers of one gateway have, so that each is judged knowing those of the others.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bailiwick_engine::Pins;

/// Names of tools by server, as they were pinned last.
#[derive(Debug, Default)]
pub(super) struct Names {
    table: Mutex<BTreeMap<Arc<str>, Vec<String>>>,
    /// Counts changes, so that a run sees without the lock that it has the newest.
    generation: AtomicU64,
}

/// More names of one server are not compared.
const NAMES_MAX: usize = 2_000;

impl Names {
    /// What `server` has now.
    pub(super) fn note(&self, server: &Arc<str>, pins: &Pins) {
        let names: Vec<String> = pins.tools.keys().take(NAMES_MAX).cloned().collect();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.is_empty() && table.get(server) != Some(&names) {
            table.insert(Arc::clone(server), names);
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// The names of all servers but this one, if they changed since `seen`.
    pub(super) fn beside(&self, server: &Arc<str>, seen: &mut u64) -> Option<Arc<Vec<String>>> {
        let newest = self.generation.load(Ordering::Acquire);
        if *seen == newest {
            return None;
        }
        *seen = newest;
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let others = table.iter().filter(|(name, _)| *name != server);
        Some(Arc::new(others.flat_map(|(_, names)| names).cloned().collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bailiwick_engine::Pins;

    use super::Names;

    fn pins(names: &[&str]) -> Pins {
        let digest = |name: &&str| ((*name).to_owned(), Default::default());
        Pins { tools: names.iter().map(digest).collect(), ..Pins::default() }
    }

    #[test]
    fn a_server_knows_the_tools_of_the_others_and_not_its_own() {
        let names = Names::default();
        let (git, mail): (Arc<str>, Arc<str>) = ("git".into(), "mail".into());
        names.note(&git, &pins(&["commit"]));
        names.note(&mail, &pins(&["send_email"]));
        let mut seen = 0;
        assert_eq!(*names.beside(&git, &mut seen).unwrap(), ["send_email"]);
        assert!(names.beside(&git, &mut seen).is_none(), "nothing changed");
        names.note(&mail, &pins(&["send_email", "read_email"]));
        assert_eq!(names.beside(&git, &mut seen).unwrap().len(), 2);
    }
}
