//! Members and elements of the values of a call.

use std::borrow::Cow;

use bailiwick_mcp::Value;
use bailiwick_mcp::json::same_key_folded;

use super::evaluate::Evaluation;
use super::value::{Blame, List, Map, Val};

/// What is done with each element, until it answers true. The element is an error where it has no value.
pub(super) type Look<'l, 'v> =
    &'l mut dyn FnMut(&mut Evaluation<'v>, Result<Val<'v>, Blame>) -> Result<bool, Blame>;

/// The member `key` of a value; `None` when there is none.
///
/// # Errors
/// A value without members, and a key beside or in place of the wanted one that lenient peers take for it.
pub(super) fn member<'v>(
    evaluation: &mut Evaluation<'v>,
    of: &Val<'v>,
    key: &str,
) -> Result<Option<Val<'v>>, Blame> {
    let Val::Map(map) = of else { return Err(Blame::NoMembers(of.sort())) };
    let value = match map {
        Map::Claims(claims) => return Ok(claims.get(key).map(Val::of_claim)),
        Map::Arguments(input) => {
            let uri = input.uri.filter(|_| same_key_folded("uri", key));
            if let Some(uri) = uri.filter(|_| input.arguments.is_none()) {
                return Ok((key == "uri").then_some(Val::Text(Cow::Borrowed(uri))));
            }
            let Some(arguments) = input.arguments else { return Ok(None) };
            if !arguments.is_object() {
                return Err(Blame::NoObject);
            }
            let found = json_member(evaluation, arguments, key)?;
            match (uri, found) {
                (Some(_), Some(_)) => return Err(Blame::Ambiguous),
                (Some(uri), None) => return Ok(Some(Val::Text(Cow::Borrowed(uri)))),
                (None, found) => found,
            }
        }
        Map::Json(value) => json_member(evaluation, *value, key)?,
    };
    value.map(|value| evaluation.json(value)).transpose()
}

fn json_member<'v>(
    evaluation: &mut Evaluation<'v>,
    object: Value<'v>,
    key: &str,
) -> Result<Option<Value<'v>>, Blame> {
    let mut found = None;
    for (name, value) in object.members() {
        evaluation.spend(1)?;
        if name.is_text(key) {
            found = Some(value);
            continue;
        }
        let name = name.text().unwrap_or_default();
        // Only a longer or another alphabet makes two texts of different lengths one key.
        let other = name.len() != key.len() && name.bytes().all(|byte| byte.is_ascii() && byte != 0);
        if !other && same_key_folded(&name, key) {
            return Err(Blame::Ambiguous);
        }
    }
    Ok(found)
}

/// How many members.
pub(super) fn members(evaluation: &mut Evaluation<'_>, map: Map<'_>) -> Result<usize, Blame> {
    let count = match map {
        Map::Claims(claims) => claims.len(),
        Map::Json(value) => value.members().count(),
        Map::Arguments(input) => match input.arguments {
            Some(arguments) if !arguments.is_object() => return Err(Blame::NoObject),
            arguments => {
                let own = arguments.map_or(0, |arguments| arguments.members().count());
                own.saturating_add(usize::from(input.uri.is_some()))
            }
        },
    };
    evaluation.spend(count)?;
    Ok(count)
}

/// How many elements.
pub(super) fn length(evaluation: &mut Evaluation<'_>, list: List<'_>) -> Result<usize, Blame> {
    let count = match list {
        List::Json(value) => value.elements().count(),
        List::Texts(texts) => texts.len(),
        List::Names(names) => names.len(),
        List::Labels(certain) if certain.doubted.is_empty() => certain.labels.iter().count(),
        List::Labels(_) => return Err(Blame::Doubted),
        List::Written(ids) => ids.len(),
    };
    evaluation.spend(count)?;
    Ok(count)
}

pub(super) fn element<'v>(
    evaluation: &mut Evaluation<'v>,
    list: List<'v>,
    index: usize,
) -> Result<Option<Val<'v>>, Blame> {
    match list {
        List::Json(value) => value.elements().nth(index).map(|element| evaluation.json(element)).transpose(),
        List::Texts(texts) => Ok(texts.get(index).map(|text| Val::Text(Cow::Borrowed(text)))),
        List::Names(names) => Ok(names.get(index).map(|name| Val::Text(Cow::Borrowed(name)))),
        List::Labels(certain) if certain.doubted.is_empty() => {
            Ok(certain.labels.iter().nth(index).map(|label| Val::Text(Cow::Borrowed(label.word()))))
        }
        List::Labels(_) => Err(Blame::Doubted),
        List::Written(ids) => ids.get(index).map(|id| evaluation.value(*id)).transpose(),
    }
}

impl<'v> Evaluation<'v> {
    /// Unescaping copies, so it is work.
    pub(super) fn json(&mut self, value: Value<'v>) -> Result<Val<'v>, Blame> {
        let out = Val::of(value)?;
        if let Val::Text(Cow::Owned(text)) = &out {
            self.spend(text.len() / 2)?;
        }
        Ok(out)
    }

    pub(super) fn walk(&mut self, list: List<'v>, look: Look<'_, 'v>) -> Result<bool, Blame> {
        match list {
            List::Json(value) => {
                for element in value.elements() {
                    let element = self.json(element);
                    if self.step(element, look)? {
                        return Ok(true);
                    }
                }
            }
            List::Texts(texts) => {
                for text in texts {
                    if self.step(Ok(Val::Text(Cow::Borrowed(text))), look)? {
                        return Ok(true);
                    }
                }
            }
            List::Names(names) => {
                for name in names {
                    if self.step(Ok(Val::Text(Cow::Borrowed(name))), look)? {
                        return Ok(true);
                    }
                }
            }
            List::Labels(certain) => {
                for label in certain.labels.iter() {
                    if self.step(Ok(Val::Text(Cow::Borrowed(label.word()))), look)? {
                        return Ok(true);
                    }
                }
                // One that would decide, and of which it is not certain that it is there.
                for label in certain.doubted.iter() {
                    if self.step(Ok(Val::Text(Cow::Borrowed(label.word()))), look)? {
                        return Err(Blame::Doubted);
                    }
                }
            }
            List::Written(ids) => {
                for id in ids {
                    let element = self.value(*id);
                    if self.step(element, look)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// The keys of a map, in their order.
    pub(super) fn walk_keys(&mut self, map: Map<'v>, look: Look<'_, 'v>) -> Result<bool, Blame> {
        let object = match map {
            Map::Claims(claims) => {
                for key in claims.keys() {
                    if self.step(Ok(Val::Text(Cow::Borrowed(key))), look)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
            Map::Arguments(input) => {
                if input.uri.is_some() && self.step(Ok(Val::Text(Cow::Borrowed("uri"))), look)? {
                    return Ok(true);
                }
                match input.arguments {
                    Some(arguments) if !arguments.is_object() => return Err(Blame::NoObject),
                    Some(arguments) => arguments,
                    None => return Ok(false),
                }
            }
            Map::Json(object) => object,
        };
        for (key, _) in object.members() {
            let key = self.json(key);
            if self.step(key, look)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn step(&mut self, element: Result<Val<'v>, Blame>, look: Look<'_, 'v>) -> Result<bool, Blame> {
        self.spend(1)?;
        match element {
            Err(Blame::Budget) => Err(Blame::Budget),
            element => look(self, element),
        }
    }
}
