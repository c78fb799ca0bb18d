//! The values that a script gives to its variables, as far as the text says.

use std::collections::{BTreeMap, BTreeSet};

use super::{GUESSES_MAX, Word};

/// Most variables that are followed.
const VARIABLES_MAX: usize = 512;
/// Longest value that is followed, in bytes.
const VALUE_BYTES_MAX: usize = 16 << 10;

#[derive(Debug, Default)]
pub(super) struct Variables {
    all: BTreeMap<String, Variable>,
    /// Changed after its value was taken as known.
    changed: BTreeSet<String>,
    /// A command changes variables that the text does not name.
    open: bool,
    /// `IFS` may be given separators at any time: values may fall apart in other places.
    separated: bool,
}

#[derive(Debug)]
struct Variable {
    values: Vec<String>,
    /// Nothing else can be in it.
    known: bool,
    /// All that it was ever given are numbers, if these variables are; `None`: they are not.
    number: Option<BTreeSet<String>>,
}

impl Default for Variable {
    fn default() -> Variable {
        Variable { values: Vec::new(), known: false, number: Some(BTreeSet::new()) }
    }
}

impl Variable {
    /// It was given these values.
    fn given(&mut self, items: &[Word]) {
        for item in items {
            self.number = match (self.number.take(), item.numbers()) {
                (Some(mut names), Some(more)) => {
                    names.extend(more);
                    Some(names)
                }
                _ => None,
            };
        }
    }
}

impl Variables {
    /// `unsure`: the assignment may not take place.
    pub(super) fn set(&mut self, name: &str, value: &Word, unsure: bool) {
        self.set_items(name, std::slice::from_ref(value), unsure);
    }

    /// A loop gives one of `items` to it.
    pub(super) fn set_items(&mut self, name: &str, items: &[Word], unsure: bool) {
        if self.all.contains_key(name) || PLACES.iter().any(|(place, _)| *place == name) {
            self.changed.insert(name.to_owned());
        } else if self.all.len() >= VARIABLES_MAX {
            self.open = true;
            return;
        }
        let fits = |text: &&str| text.len() <= VALUE_BYTES_MAX;
        let count = items.iter().flat_map(Word::texts).count();
        let variable = self.all.entry(name.to_owned()).or_default();
        variable.given(items);
        let room = GUESSES_MAX.saturating_sub(variable.values.len());
        let all_known =
            items.iter().all(|item| item.unknown.is_none() && item.texts().all(|text| fits(&text)));
        self.separated |=
            name == "IFS" && (!all_known || items.iter().flat_map(Word::texts).any(|text| !text.is_empty()));
        variable.known = !unsure && all_known && count > 0 && count <= room && variable.values.is_empty();
        // What is not known at all is no guess.
        let told = items.iter().filter(|item| item.unknown.is_none() || item.is_told());
        variable.values.extend(told.flat_map(Word::texts).filter(fits).take(room).map(str::to_owned));
    }

    /// A command changes it in a way that is not followed.
    pub(super) fn touch(&mut self, name: &str) {
        self.changed.insert(name.to_owned());
        self.separated |= name == "IFS";
        if let Some(variable) = self.all.get_mut(name) {
            variable.number = None;
        }
    }

    /// A command gives it this value, at a time that is not followed.
    pub(super) fn give(&mut self, name: &str, value: &Word) {
        self.changed.insert(name.to_owned());
        self.separated |= name == "IFS";
        if let Some(variable) = self.all.get_mut(name) {
            variable.given(std::slice::from_ref(value));
        }
    }

    /// A calculation sets it.
    pub(super) fn set_number(&mut self, name: &str) {
        self.changed.insert(name.to_owned());
        if self.all.len() < VARIABLES_MAX {
            self.all.entry(name.to_owned()).or_default();
        } else {
            self.open = true;
        }
    }

    /// True if the script gave it a value.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// True if all that it was ever given are numbers.
    pub(super) fn is_number(&self, name: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            match self.all.get(name).map(|variable| &variable.number) {
                Some(Some(names)) if !self.open => open.extend(names.iter().map(String::as_str)),
                _ => return false,
            }
        }
        true
    }

    /// A command may change any variable.
    pub(super) fn touch_all(&mut self) {
        self.open = true;
    }

    /// The values that it may have, and whether these are all.
    pub(super) fn look(&self, name: &str) -> (Vec<String>, bool) {
        let Some(variable) = self.all.get(name) else {
            let place = PLACES.iter().find(|(place, _)| *place == name);
            return place.map_or((Vec::new(), false), |(_, text)| (vec![(*text).to_owned()], true));
        };
        // With other separators a value falls apart in other places.
        let separators: String = match self.all.get("IFS") {
            Some(fields) if name != "IFS" => fields.values.concat(),
            Some(_) | None => String::new(),
        };
        let spread = |value: &String| {
            if separators.is_empty() { value.clone() } else { value.replace(|c| separators.contains(c), " ") }
        };
        (variable.values.iter().map(spread).collect(), variable.known && separators.is_empty())
    }

    /// True if a value that was taken as known may have been another one.
    pub(super) fn is_changed(&self, name: &str) -> bool {
        self.open || self.separated || self.changed.contains(name)
    }
}

/// Variables that stand for places; rules about paths know these places.
const PLACES: [(&str, &str); 2] = [("HOME", "~"), ("PWD", ".")];
