//! After an edit: the changed entries say what they should, and everything else says what it said.

use super::{Change, Refused, State};
use crate::config::{Config, Launch, Reading, Server, read};
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
        let bridge = |binary: &str, server| super::bridge(binary, server);
        let inner = match (&was.launch, State::of_words(was), change.wrapper) {
            (Launch::Remote { .. }, _, Some(wrapper)) => bridge(&wrapper.binary, was)?,
            (Launch::Remote { .. }, _, None) => return Err(Refused::Gone),
            (Launch::Stdio(_), State::Ours { inner, .. }, _) => inner,
            (Launch::Stdio(_), State::Bare, _) => was.words().into_iter().map(str::to_owned).collect(),
            (Launch::Stdio(_), State::ByHand, _) => return Err(Refused::ByHand),
        };
        let ours = change.wrapper.map(|wrapper| wrapper.words()).unwrap_or_default();
        let expected: Vec<String> = ours.into_iter().chain(inner).collect();
        let says = match (&is.launch, expected.first()) {
            (Launch::Remote { .. }, Some(binary)) => bridge(binary, is)? == expected,
            (Launch::Remote { .. }, None) => false,
            (Launch::Stdio(_), _) => is.words().into_iter().eq(expected.iter().map(String::as_str)),
        };
        if was.way != is.way || !says || !settings(was).eq(settings(is)) {
            return Err(Refused::Layout);
        }
        let is_remote = |server: &Server| matches!(server.launch, Launch::Remote { .. });
        let either = is_remote(was) || is_remote(is);
        blank(&mut old, &was.way, reading, either);
        blank(&mut new, &is.way, reading, either);
    }
    if old.same(&new) { Ok(()) } else { Err(Refused::Layout) }
}

/// Names and values: a remote server's headers are its command's environment.
fn settings(server: &Server) -> impl Iterator<Item = (&str, &str)> {
    let all = server.environment.iter().chain(&server.headers);
    all.map(|setting| (setting.name.as_str(), setting.value.text.as_str()))
}

/// Takes the command and its arguments out of the entry at `way`; of one that was or is remote also its address.
fn blank(node: &mut Node, way: &[usize], reading: &Reading, either: bool) {
    let Some((at, rest)) = way.split_first() else {
        if let Form::Map(_, members) = &mut node.form {
            let dialect = &reading.dialect;
            members.retain(|member| {
                let of_command =
                    dialect.command.contains(&member.key) || dialect.arguments.contains(&member.key);
                !(of_command || either && super::remote::is_of_either(dialect, &member.key))
            });
        }
        return;
    };
    match &mut node.form {
        Form::Map(_, members) => {
            if let Some(member) = members.get_mut(*at) {
                blank(&mut member.value, rest, reading, either);
            }
        }
        Form::List(_, elements) => {
            if let Some(element) = elements.get_mut(*at) {
                blank(element, rest, reading, either);
            }
        }
        Form::Text(_) | Form::Truth(_) | Form::Number(_) | Form::Nothing => {}
    }
}
