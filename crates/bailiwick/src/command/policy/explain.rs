//! `bailiwick policy explain`: what is decided over one call, by which rules, and the smallest change that would allow it.

use std::path::Path;

use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::Call;
use bailiwick_record::audit::visible;

use super::decide::Rehearsal;
use super::{EXAMPLE, aim, line, part, read, remedy};
use crate::args::PolicyChoice;
use crate::exit::{self, Failure};
use crate::policies::Layers;
use crate::say;

pub(super) fn run(
    choice: &PolicyChoice,
    history: Option<&Path>,
    number: Option<u64>,
    path: &Path,
) -> Result<i32, Failure> {
    let layers = Layers::of(choice)?.following(choice)?;
    let loaded = layers.load(say::colour_on_stderr())?;
    let text = String::from_utf8(read(path)?)
        .map_err(|_| Failure::error(format!("`{}` is not UTF-8", path.display())))?;
    let text = line::call_of(&text, number)
        .map_err(|cause| Failure::error(format!("`{}`: {cause}", path.display())).help(EXAMPLE))?;
    let mut parser = Parser::default();
    let packet = Packet::parse(&mut parser, text.trim().as_bytes(), &Limits::DEFAULT).map_err(|error| {
        Failure::error(format!("`{}` is no message: {error}", path.display())).help(EXAMPLE)
    })?;
    let Packet::One(message) = packet else {
        return Err(Failure::error("a batch cannot be explained at once").help("give one message"));
    };
    let server = choice.server.as_deref().unwrap_or("server");
    let principal = choice.principal();
    let (target, arguments) = aim(&message, server)?;
    let call = Call {
        target: target.view(),
        arguments: arguments.and_then(|key| part(&message, key)),
        principal: &principal,
    };
    let explanation = loaded.policy.explain(&call);
    let mut rehearsal = Rehearsal::new(&loaded.policy, server, principal.clone());
    let mut before = Vec::new();
    if let Some(history) = history {
        let text = read(history)?;
        let text = String::from_utf8(text)
            .map_err(|_| Failure::error(format!("`{}` is not UTF-8", history.display())))?;
        before = rehearsal.precede(&text)?;
    }
    let (decided, lines) = rehearsal.decide(&message);
    let decided = decided.unwrap_or_else(|| explanation.verdict());
    say::line(explanation.render_beside(decided, say::colour()).trim_end());
    let remedies = remedy::remedies(&layers, &loaded.policy, &call, &explanation);
    if !remedies.is_empty() {
        say::line("\nthe smallest changes that would allow it, each tried out:");
        remedies.iter().for_each(|remedy| say::line(&format!("  - {}", visible(remedy))));
    }
    say::line("");
    before.iter().for_each(|line| say::line(&visible(line)));
    lines.iter().for_each(|line| say::line(&visible(line.trim_end())));
    Ok(exit::OK)
}
