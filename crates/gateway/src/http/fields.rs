//! Header fields of a request that is sent on: few, written in their order and looked at by nobody before.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// Names and values.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(HeaderName, HeaderValue)>);

impl Fields {
    pub(super) fn with_capacity(fields: usize) -> Fields {
        Fields(Vec::with_capacity(fields))
    }

    /// One more, whether or not there is one of its name.
    pub(super) fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, value));
    }

    /// In place of all of its name.
    pub(super) fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.retain(|(there, _)| *there != name);
        self.0.push((name, value));
    }

    pub(super) fn contains(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|(there, _)| there == name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub(super) fn map(self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.0.len());
        for (name, value) in self.0 {
            map.append(name, value);
        }
        map
    }
}

impl From<HeaderMap> for Fields {
    fn from(map: HeaderMap) -> Fields {
        Fields(map.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}
