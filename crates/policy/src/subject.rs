//! A call with what rules may ask about it, each worked out at most once.

use std::cell::OnceCell;

use crate::args::{Input, Sense};
use crate::condition::{Blame, Condition, Facts, List};
use crate::evaluate::Call;
use crate::labels::Labelled;
use crate::policy::Policy;
use crate::target::Target;

/// One call before one policy.
#[derive(Debug)]
pub(crate) struct Subject<'s> {
    pub(crate) call: &'s Call<'s>,
    policy: &'s Policy,
    labels: Option<&'s Labelled>,
    roles: OnceCell<Vec<&'s str>>,
    /// False while the target is only listed.
    arguments_known: bool,
}

impl<'s> Subject<'s> {
    /// `labels` is what is known of the target's, if anybody looked.
    pub(crate) fn new(policy: &'s Policy, call: &'s Call<'s>, labels: Option<&'s Labelled>) -> Subject<'s> {
        Subject { call, policy, labels, roles: OnceCell::new(), arguments_known: true }
    }

    /// For discovery: a call to `call.target` with arguments that nobody has seen yet.
    pub(crate) fn listed(
        policy: &'s Policy,
        call: &'s Call<'s>,
        labels: Option<&'s Labelled>,
    ) -> Subject<'s> {
        Subject { arguments_known: false, ..Subject::new(policy, call, labels) }
    }

    pub(crate) fn input(&self) -> Input<'s> {
        self.call.input()
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        match self.roles() {
            List::Texts(own) => own.iter().any(|own| own == role),
            List::Names(all) => all.contains(&role),
            List::Json(_) | List::Labels(_) | List::Written(_) => false,
        }
    }

    /// The principal's own roles and those that the policy gives it.
    fn roles(&self) -> List<'_> {
        let principal = self.call.principal;
        if self.policy.gives_no_roles() {
            return List::Texts(&principal.roles);
        }
        List::Names(self.roles.get_or_init(|| self.policy.roles_of(principal)))
    }

    /// What `condition`, which stands in the source `file`, may look at, in the sense in which it is read.
    pub(crate) fn facts<'f>(&'f self, condition: &Condition, file: usize, sense: Sense) -> Facts<'f> {
        let tool = match self.call.target {
            Target::Tool { name, .. } => Some(name),
            Target::Resource { .. }
            | Target::Prompt { .. }
            | Target::Completion { .. }
            | Target::Sampling { .. }
            | Target::Elicitation { .. }
            | Target::Roots { .. }
            | Target::Task { .. }
            | Target::OwnTask { .. } => None,
        };
        Facts {
            input: self.input(),
            known: self.arguments_known,
            principal: self.call.principal,
            roles: if condition.needs_roles() { self.roles() } else { List::Names(&[]) },
            tool,
            server: self.call.target.server(),
            labels: self.labels.ok_or(Blame::Unknown).and_then(|labels| labels.certain(file, sense)),
        }
    }
}
