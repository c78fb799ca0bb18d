//! What a value would run, in words, for a person.

use bailiwick_semantic::command::Simple;

use super::{Commands, Leaf, Place, line, said};

/// What a value runs, opens and reaches, each at most once.
#[derive(Debug, Default)]
pub(crate) struct Commanded {
    /// Every command in one line, and what of them is not known.
    pub(crate) lines: Vec<String>,
    /// The words that name files, as they are written.
    pub(crate) paths: Vec<String>,
    pub(crate) hosts: Vec<String>,
}

/// At most about `most` of each; `None`: it is nothing to run.
pub(crate) fn commanded(place: Place<'_>, most: usize) -> Option<Commanded> {
    let Leaf::Value(value) = place.leaf else { return None };
    let readings = Commands::default().read(value, place)?;
    let mut out = Commanded::default();
    for reading in readings.iter().filter(|reading| reading.sure) {
        for simple in reading.script.commands.iter().take(most.saturating_add(1)) {
            add(&mut out.lines, most, line(simple, true).filter(|line| !line.is_empty()));
            out.touched(simple, most);
        }
        add(&mut out.lines, most, reading.script.doubt.map(|doubt| format!("({})", said(doubt))));
    }
    Some(out)
}

impl Commanded {
    fn touched(&mut self, simple: &Simple, most: usize) {
        let files = simple.paths().into_iter().chain(simple.redirected());
        for fact in files.filter(|fact| fact.sure && !fact.unknown) {
            add(&mut self.paths, most, Some(fact.text));
        }
        for fact in simple.hosts().into_iter().filter(|fact| !fact.unknown) {
            add(&mut self.hosts, most, Some(fact.text));
        }
    }
}

/// One more than fits stays, so that the reader hears of it.
fn add(to: &mut Vec<String>, most: usize, text: Option<String>) {
    if let Some(text) = text.filter(|text| to.len() <= most && !to.contains(text)) {
        to.push(text);
    }
}
