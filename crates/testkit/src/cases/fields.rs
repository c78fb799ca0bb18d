//! A JSON object of ours whose values keep their bytes, and of which every member must be known.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The members that were not taken yet.
#[derive(Debug)]
pub struct Fields {
    members: BTreeMap<String, Box<RawValue>>,
    place: String,
}

impl Fields {
    /// Reads an object; `place` names it in complaints.
    pub fn parse(json: &str, place: &str) -> Fields {
        let members = serde_json::from_str(json).unwrap_or_else(|error| panic!("{place}: {error}"));
        Fields { members, place: place.to_owned() }
    }

    /// Takes a member as the text that it is written in.
    pub fn raw(&mut self, key: &str) -> Option<String> {
        self.members.remove(key).map(|raw| raw.get().to_owned())
    }

    /// Takes a member that is a string.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let raw = self.raw(key)?;
        Some(serde_json::from_str(&raw).unwrap_or_else(|error| panic!("{}: `{key}`: {error}", self.place)))
    }

    /// Takes a member that is a whole number.
    pub fn number(&mut self, key: &str) -> Option<i64> {
        let raw = self.raw(key)?;
        Some(serde_json::from_str(&raw).unwrap_or_else(|error| panic!("{}: `{key}`: {error}", self.place)))
    }

    /// Takes a list of strings; an absent one is empty.
    pub fn texts(&mut self, key: &str) -> Vec<String> {
        let read = |raw: &String| {
            serde_json::from_str(raw).unwrap_or_else(|error| panic!("{}: `{key}`: {error}", self.place))
        };
        let raws = self.members.remove(key).map(|raw| elements(raw.get(), &self.place)).unwrap_or_default();
        raws.iter().map(read).collect()
    }

    /// Takes a list as the texts of its elements; an absent one is empty.
    pub fn raws(&mut self, key: &str) -> Vec<String> {
        self.raw(key).map(|raw| elements(&raw, &self.place)).unwrap_or_default()
    }

    /// Takes all that is left, as whole numbers.
    pub fn numbers(self) -> Vec<(String, u64)> {
        let place = self.place;
        let number = |(key, raw): (String, Box<RawValue>)| {
            let value = raw.get().parse().unwrap_or_else(|error| panic!("{place}: `{key}`: {error}"));
            (key, value)
        };
        self.members.into_iter().map(number).collect()
    }

    /// Fails if a member was not taken: a misspelt word must not be passed over.
    pub fn finish(self) {
        let left: Vec<&String> = self.members.keys().collect();
        assert!(left.is_empty(), "{}: unknown {left:?}", self.place);
    }

    pub fn place(&self) -> &str {
        &self.place
    }
}

/// The elements of an array, as they are written.
pub(super) fn elements(json: &str, place: &str) -> Vec<String> {
    let list: Vec<Box<RawValue>> =
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{place}: {error}"));
    list.into_iter().map(|raw| raw.get().to_owned()).collect()
}
