//! Tasks that tools started: the run that made them may use them, as far as the rules on `task` let it.

use std::sync::Arc;

use bailiwick_mcp::{Limits, Parser, Splice, Timestamp, Value};
use bailiwick_policy::{Target, Verdict};

use crate::capability::{cut_tasks, declared_tasks};
use crate::decision::{Arguments, Reason};
use crate::engine::{Engine, Judgement};
use crate::reply::{DENIED, Refusal};

impl Engine {
    /// `tasks/get` and the others that name a task.
    pub(crate) fn task<'a>(
        &mut self,
        at: Timestamp,
        params: Option<Value<'a>>,
        modern: bool,
    ) -> Judgement<'a> {
        let Some(id) = params.and_then(|params| params.get("taskId")).and_then(Value::text) else {
            return Judgement::protocol(-32602, "`params.taskId` is not a string");
        };
        let is_own = self.run.tasks.contains_key(&*id);
        let mut judgement = match is_own {
            true => Judgement { refusal: Refusal::error(-32602, UNKNOWN), ..Judgement::allow() },
            // As any server of it says, whatever the task: who did not declare the extension has none.
            false if modern && declared_tasks(params).is_none() => {
                let cause = "the client does not declare the tasks extension";
                Judgement::deny(Reason::Protocol(cause.into()), Refusal::Tasks)
            }
            false => Judgement::protocol(-32602, UNKNOWN),
        };
        if self.policy.restricts_tasks() {
            self.restrict(at, params, &mut judgement);
        }
        judgement.target = Some(id);
        judgement
    }

    /// `tasks/list`, whose answer is filtered.
    pub(crate) fn task_list<'a>(&mut self, at: Timestamp, params: Option<Value<'a>>) -> Judgement<'a> {
        let mut judgement = Judgement::allow();
        self.restrict(at, params, &mut judgement);
        judgement.refusal = Refusal::error(DENIED, self.denial(&judgement.reasons));
        judgement
    }

    fn restrict<'a>(&mut self, at: Timestamp, params: Option<Value<'a>>, judgement: &mut Judgement<'a>) {
        let server = Arc::clone(&self.settings.server);
        let target = Target::OwnTask { server: &server };
        let (verdict, reasons) = self.decide(at, &target, params);
        judgement.verdict = judgement.verdict.max(verdict);
        judgement.reasons.extend(reasons);
        judgement.arguments = params.map(Arguments::View);
        self.spend_allowed(at, &target, params, judgement.verdict);
    }

    /// What the rules on `task` say of a call that asks for one: in 2025-11-25 by `params.task`. In 2026-07-28 the server alone
    /// makes a task of a call whose client declares the extension: where rules deny it, that is cut from the call. False: its answer
    /// may be no task.
    pub(crate) fn asks_for_task(
        &mut self,
        params: Option<Value<'_>>,
        modern: bool,
        splice: &mut Splice,
        reasons: &mut Vec<Reason>,
    ) -> (Verdict, bool) {
        let wants = params.and_then(|params| params.get("task")).is_some();
        let may = modern && declared_tasks(params).is_some() && !self.forbids_tasks();
        if modern && !wants && !may {
            return (Verdict::Allow, true);
        }
        let server = Arc::clone(&self.settings.server);
        let (verdict, said) = self.rules(&Target::OwnTask { server: &server }, params);
        if !modern && !wants {
            // It asks for none; if the server makes one all the same, a rule that denies it holds.
            return (Verdict::Allow, !said.iter().any(|reason| self.denies(reason)));
        }
        reasons.extend(said);
        if verdict == Verdict::Deny && !wants {
            cut_tasks(params, splice);
            return (Verdict::Allow, false);
        }
        (verdict, true)
    }

    /// True if no arguments could make the use of a task allowed.
    pub(crate) fn forbids_tasks(&self) -> bool {
        let server = &self.settings.server;
        self.policy.restricts_tasks()
            && !self.policy.could_allow(&Target::OwnTask { server }, &self.settings.principal)
    }

    /// True if the run made the task `id`, and no rule stands against news of it: nobody is asked about those.
    pub(crate) fn may_hear_of_task(&mut self, id: Value<'_>) -> bool {
        if !id.text().is_some_and(|id| self.run.tasks.contains_key(&*id)) {
            return false;
        }
        if !self.policy.restricts_tasks() {
            return true;
        }
        let text = format!("{{\"taskId\":{}}}", id.raw());
        let mut parser = Parser::default();
        let Ok(document) = parser.parse(text.as_bytes(), &Limits::DEFAULT) else { return false };
        let server = Arc::clone(&self.settings.server);
        let (verdict, _) = self.rules(&Target::OwnTask { server: &server }, Some(document.root()));
        verdict == Verdict::Allow
    }
}

const UNKNOWN: &str = "unknown task";
