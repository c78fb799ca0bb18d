//! After an edit: the changed entries say what they should, and everything else says what it said.

use super::{Change, Refused, State};
use crate::config::{Config, Reading, read};
use crate::tree::{Form, Node};

pub(super) fn only_these(
    before: &Config,
    text: &str,
    reading: &Reading,
    changes: &[Change<'_>],
) -> Result<(), Refused> {
    let after = read(text, reading).map_err(|_| Refused::Layout)?;
    if before.servers.len() != after.servers.len() || before.broken.len() != after.broken.len() {
        return Err(Refused::Layout);
    }
    let (mut old, mut new) = (before.root.clone(), after.root.clone());
    for change in changes {
        let (Some(was), Some(is)) = (before.servers.get(change.server), after.servers.get(change.server))
        else {
            return Err(Refused::Gone);
        };
        let inner = match State::of(was) {
            State::Ours { inner, .. } => inner,
            State::Bare => was.words().into_iter().map(str::to_owned).collect(),
            State::ByHand => return Err(Refused::ByHand),
        };
        let ours = change.wrapper.map(|wrapper| wrapper.words()).unwrap_or_default();
        let expected = ours.iter().chain(&inner).map(String::as_str);
        let same_settings = was.environment.len() == is.environment.len()
            && was
                .environment
                .iter()
                .zip(&is.environment)
                .all(|(was, is)| was.name == is.name && was.value.text == is.value.text);
        if was.way != is.way || !is.words().into_iter().eq(expected) || !same_settings {
            return Err(Refused::Layout);
        }
        blank(&mut old, &was.way, reading);
        blank(&mut new, &is.way, reading);
    }
    if old.same(&new) { Ok(()) } else { Err(Refused::Layout) }
}

/// Takes the command and its arguments out of the entry at `way`.
fn blank(node: &mut Node, way: &[usize], reading: &Reading) {
    let Some((at, rest)) = way.split_first() else {
        if let Form::Map(_, members) = &mut node.form {
            let dialect = &reading.dialect;
            members.retain(|member| {
                !dialect.command.contains(&member.key) && !dialect.arguments.contains(&member.key)
            });
        }
        return;
    };
    match &mut node.form {
        Form::Map(_, members) => {
            if let Some(member) = members.get_mut(*at) {
                blank(&mut member.value, rest, reading);
            }
        }
        Form::List(_, elements) => {
            if let Some(element) = elements.get_mut(*at) {
                blank(element, rest, reading);
            }
        }
        Form::Text(_) | Form::Truth(_) | Form::Number(_) | Form::Nothing => {}
    }
}
