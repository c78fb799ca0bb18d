//! What a request lets a server send beside its answer (2026-07-28).

mod listening;
mod logs;

use bailiwick_mcp::{Governed, Message, Value};

pub(crate) use self::listening::{Listening, TASK_IDS, URIS, Watched};

use crate::capability::{TASKS, client_extensions};
use crate::engine::{Engine, Judgement};
use crate::run::Pending;

/// What a request of 2026-07-28 asked for, besides its answer.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Log lines.
    pub(crate) logs: bool,
    /// A task may come in place of the answer: its client takes one, and no rule denies it.
    pub(crate) tasks: bool,
    /// Client and server both have an extension that is not known here: it may have answers of its own kind.
    pub(crate) extended: bool,
    /// What `subscriptions/listen` listens to, as it was let through.
    pub(crate) listening: Option<Box<Listening>>,
}

/// Extensions of a server that are remembered, and the length of a name, in bytes.
const EXTENSIONS_MAX: usize = 64;
const EXTENSION_BYTES_MAX: usize = 256;
/// Extensions whose kinds of answers are known: all but tasks have none of their own.
const KNOWN: [&str; 3] = [TASKS, "io.modelcontextprotocol/ui", "io.modelcontextprotocol/skills"];

impl Engine {
    /// What a request of 2026-07-28 asks for by its `_meta`. What it listens to is known already.
    pub(crate) fn asked(
        &self,
        message: &Message<'_>,
        modern: bool,
        listening: Option<Box<Listening>>,
    ) -> Asked {
        if !modern {
            return Asked { tasks: true, ..Asked::default() };
        }
        let Some(params) = message.params() else { return Asked::default() };
        let meta = params.get("_meta");
        let logs = meta.is_some_and(|meta| meta.get(LOG_LEVEL).is_some());
        let mut asked = Asked { logs, listening, ..Asked::default() };
        for (name, _) in client_extensions(Some(params)).into_iter().flat_map(Value::members) {
            let name = name.text().unwrap_or_default();
            asked.tasks |= name == TASKS && !self.forbids_tasks();
            asked.extended |= self.run.extensions.contains(&*name);
        }
        asked
    }

    /// Remembers the extensions of a server that are not known here.
    pub(crate) fn note_extensions(&mut self, introduction: Value<'_>) {
        let offered = introduction.get("capabilities").and_then(|able| able.get("extensions"));
        for (name, _) in offered.into_iter().flat_map(Value::members) {
            let name = name.text().unwrap_or_default();
            let fits = name.len() <= EXTENSION_BYTES_MAX && !KNOWN.contains(&&*name);
            if fits && self.run.extensions.len() < EXTENSIONS_MAX {
                self.run.extensions.insert(name.into_owned());
            }
        }
    }

    /// An answer must be of a kind that was agreed on (2026-07-28).
    pub(crate) fn kind_of_answer(
        result: Value<'_>,
        pending: &Pending,
    ) -> Result<(), Box<Judgement<'static>>> {
        let (cause, tasks) = ("an answer of a kind that was not agreed on", pending.asked.tasks);
        let refused = || Err(Box::new(Judgement::protocol(crate::reply::WITHHELD, cause)));
        if !pending.modern {
            let task = result.get("task").and_then(|task| task.get("taskId"));
            let is_call = pending.method.is_some_and(|row| row.governed == Governed::Tool);
            let slips = is_call && task.is_some() && !tasks;
            return if slips { refused() } else { Ok(()) };
        }
        let Some(kind) = result.get("resultType") else { return Ok(()) };
        let known = kind.text().is_some_and(|kind| match &*kind {
            "complete" | "input_required" => true,
            // Some servers say so of a task that they are asked for.
            "task" => tasks || pending.method.is_some_and(|row| row.governed == Governed::Task),
            _ => pending.asked.extended,
        });
        if known { Ok(()) } else { refused() }
    }
}

const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
