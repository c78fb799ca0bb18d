//! The keys of a test file.

use super::Value::{Choice, Formed, Free, List, Map, Named, Number, Scalar, Some, Text};
use super::{Value, map, names};
use crate::suite::{ANSWERS, ENDINGS, WANTED};

const DURATION: Value = Formed("^([0-9]+[smhd])+$");
const TIME: Value = Formed("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)$");
const ARGS: Value = Named(&Free, 0);
const CLAIMS: Value = Named(&Some(&Scalar), 0);

map! {
    SUITE "tests" needs [&["version"], &["tests"]];
    "version" = Choice(|| vec!["1"]), "`1`; mandatory";
    "policy" = Some(&Text), "the policy, or a list of layers: files beside this one, or bundled policies by name; without it `X.yaml` for `X.test.yaml`";
    "server" = Text, "the server of calls that name none: `read_file` is then `SERVER/read_file`";
    "workspace" = Text, "where relative paths start, an absolute path; `/work/app` when not said";
    "home" = Text, "what `~` is, an absolute path; `/home/ana` when not said";
    "links" = Named(&Text, 0), "`{ path: where it leads }`: symbolic links, both absolute. With it, paths are followed as `run` does";
    "time" = TIME, "when the first call of each test is made: `2026-11-20T10:00:00Z`, or with an offset; `2026-01-05T12:00:00Z`, a Monday, when not said";
    "principal" = Text, "who the agent acts for; `user:local` when not said";
    "roles" = Some(&Text), "the principal's roles";
    "scopes" = Some(&Text), "the principal's scopes";
    "claims" = CLAIMS, "`{ name: value }`, the principal's claims";
    "tests" = List(&Map(&TEST), 1, None), "a list, below";
    later [];
    elsewhere &[("policies", "policy"), ("cases", "tests"), ("vars", "workspace"), ("as", "principal"), ("at", "time")];
}

map! {
    TEST "test" needs [&["call"], &["want"]];
    "name" = Text, "what reports call it; the call itself when not said";
    "call" = Text, "the target, as a rule would name it without wildcards: `server/tool`, `resource:SERVER/URI`, `prompt:server/name`, `completion:server/ref`, `sampling:server`, `elicitation:server`, `roots:server`, `task:server` (`tasks/get` of the `taskId` in `args`, without it `tasks/list`)";
    "args" = ARGS, "the arguments, as JSON: plain numbers, truth values and `null` are such, all else is text";
    "want" = Choice(|| names(&WANTED)), "`allow`, `ask`, `deny`: what must be decided";
    "by" = Some(&Text), "ids that must be among the reasons: rules, limits, sequences, preconditions; `default` where no rule speaks";
    "because" = Text, "a text that must stand in a reason";
    "before" = List(&Map(&BEFORE), 0, None), "calls that came before, below";
    "after" = DURATION, "how long after the last of them; at once when not said";
    "time" = TIME, "as in the file, for this test";
    "principal" = Text, "as in the file, for this test";
    "roles" = Some(&Text), "as in the file, for this test";
    "scopes" = Some(&Text), "as in the file, for this test";
    "claims" = CLAIMS, "as in the file, for this test";
    later [];
    elsewhere &[
        ("tool", "call"),
        ("on", "call"),
        ("expect", "want"),
        ("arguments", "args"),
        ("rule", "by"),
        ("history", "before"),
        ("as", "principal"),
        ("id", "name"),
    ];
}

map! {
    BEFORE "before" needs [&["call"]];
    "call" = Text, "as in a test";
    "args" = ARGS, "as in a test";
    "times" = Number("^[0-9]*[1-9][0-9]*$"), "how often, one right after the other; once when not said";
    "after" = DURATION, "how long after what came before it; at once when not said";
    "answer" = Choice(|| names(&ANSWERS)), "what a person says if it asks: `approve` (default), `deny`";
    "result" = Choice(|| names(&ENDINGS)), "how it ends if it is sent on: `succeeded` (default), `failed`, `none`: no answer comes";
    "want" = Choice(|| names(&WANTED)), "what must be decided over each; anything when not said";
    later [];
    elsewhere &[("tool", "call"), ("on", "call"), ("arguments", "args"), ("repeat", "times"), ("wait", "after")];
}
