//! Findings of reports that no scan of configurations makes: [`crate::scan::AUDITS`] with nothing to run.

use super::{Audit, Severity};

/// An attack of a pack that the policy lets through.
pub const ATTACK_PASSES: Audit = Audit {
    code: "attack-passes",
    severity: Severity::High,
    title: "An attack passes the policy",
    page: "A call that no agent should get through was replayed against the policy, and the policy allows it.

Read the call, and write a rule that denies it or asks about it; `bailiwick policy explain` names the rule that lets it
through. An attack of which the report says that it is not exercised is one of a kind of server that the policy does not
govern: that shows nothing, neither good nor bad.",
    run: |_, _| {},
};

/// What is there differs from what was locked.
pub const LOCK_DRIFT: Audit = Audit {
    code: "lock-drift",
    severity: Severity::High,
    title: "A server differs from the lock file",
    page: "A command, an environment or a tool is not what it was when a person looked at it and locked it. A tool whose description
changes after it was trusted is how a server turns on its users.

`bailiwick lock --diff` shows the difference. Where it is wanted, `bailiwick lock --update SERVER` accepts it.",
    run: |_, _| {},
};

/// An audit log that was tampered with, or cannot be shown not to have been.
pub const AUDIT_NOT_VERIFIED: Audit = Audit {
    code: "audit-not-verified",
    severity: Severity::High,
    title: "An audit log does not verify",
    page: "A record was changed, removed, inserted, moved or cut, or the log was signed with another key than this machine's.

`bailiwick audit verify FILE` names the record. Whatever the log says after it is not proven; whatever it says before it is.",
    run: |_, _| {},
};

/// All of them.
pub const BEYOND: [&Audit; 3] = [&ATTACK_PASSES, &LOCK_DRIFT, &AUDIT_NOT_VERIFIED];
