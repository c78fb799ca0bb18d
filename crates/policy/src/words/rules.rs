//! The keys of rules, limits, sequences and preconditions.

use super::Value::{self, Choice, Either, Formed, List, Map, Named, Number, Some, Text};
use super::matchers::MATCHER;
use super::{Words, map, names};
use crate::bounds::STEPS_MAX;
use crate::labels::Label;
use crate::read::{COUNTED, COUNTS, EFFECTS, LATER_EFFECTS, PARTS, PER, RESULTS};
use crate::taint::Taint;

const ID: Value = Number("^[A-Za-z0-9_.:-]{1,64}$");
/// `3m`, `1h30m`.
const DURATION: Value = Formed("^([0-9]+[smhd])+$");
/// `args.amount`.
const ARGUMENT: Value = Formed("^args\\.[^*]+$");
const LABELS: Value = Some(&Choice(|| names(&Label::ALL)));
const TARGETS: Value = Some(&Text);
const ARGS: Value = Named(&Map(&MATCHER), 1);
const COUNT: Value = Number("^[0-9]*[1-9][0-9]*$");

const SCOPE: &[&str] = &["on", "labels"];

map! {
    RULE "rule" needs [&["id"], &["effect"], SCOPE];
    "id" = ID, "mandatory, unique: letters, digits, `-` `_` `.` `:`, at most 64";
    "effect" = Choice(|| names(&EFFECTS)), "`allow`, `ask`, `deny`, `require` (must hold for every call in its scope, whoever allows it)";
    "override" = Choice(|| vec!["true"]), "`true`: this `deny` or `require` has the id of a rule in another file, see [layers](#layers)";
    "on" = TARGETS, "a [target](#targets) or a list";
    "labels" = LABELS, "[labels](#labels), of which the target must have one; without `on` it is about every tool and resource";
    "tainted" = Some(&Choice(|| names(&Taint::ALL))), "[marks](#marks-of-a-run) of which the run must have one; for `ask`, `deny` and `require`";
    "args" = ARGS, "`{ key pattern: { matcher: value } }`; keys, and the matchers of a key, are joined by AND; lists of patterns by OR";
    "if" = Text, "a [condition](#conditions), joined with `args` by AND";
    "unless" = Map(&UNLESS), "`{ args: { … } }`, `{ if: … }`, or both, joined by AND";
    "for" = Map(&WHO), "whom it is about; every key must fit, and of each list one; without it: everybody";
    "reason" = Text, "shown to the agent and to people, recorded";
    "approval" = Map(&APPROVAL), "for `ask`";
    later [];
    elsewhere &[
        ("action", "effect"),
        ("tools", "on"),
        ("tool", "on"),
        ("target", "on"),
        ("when", "args"),
        ("condition", "if"),
        ("arguments", "args"),
        ("message", "reason"),
        ("name", "id"),
        ("except", "unless"),
    ];
}

map! {
    LIMIT "limit" needs [&["id"], SCOPE, &["max", "max-per-tool"]];
    "id" = ID, "as in rules";
    "on" = TARGETS, "as in rules";
    "labels" = LABELS, "as in rules";
    "args" = ARGS, "as in rules, in the sense *any*";
    "if" = Text, "as in rules, in the sense *any*";
    "unless" = Map(&UNLESS), "as in rules";
    "for" = Map(&WHO), "as in rules";
    "max" = Number("^[0-9.eE+-]+(/([0-9]+[smhd])+)?$"), "`200` calls ever, `60/1m` calls in a window; with `sum` also decimals";
    "burst" = COUNT, "calls at once under a rate";
    "max-per-tool" = COUNT, "calls of any one tool, ever";
    "sum" = ARGUMENT, "`args.NAME`: sum this argument instead of counting calls, in a window or ever; missing, negative or not a plain number denies the call";
    "per" = Some(&Choice(|| names(&PARTS))), "`run` (default) or `principal`: whose calls count; `server`, `tool` or `call` (the same one with the same arguments): each for itself. `[principal, tool]` is one of each kind";
    "count" = Choice(|| names(&COUNTED)), "`forwarded` (default): a call counts when it goes on; `attempts`: every one that is tried; `denied`: those that are not let through";
    "effect" = Choice(|| names(&LATER_EFFECTS)), "`deny` (default) or `ask`, when the limit is reached";
    "reason" = Text, "as in rules";
    later [];
    elsewhere &[
        ("tools", "on"),
        ("max_calls", "max"),
        ("rate", "max"),
        ("max_per_tool", "max-per-tool"),
        ("name", "id"),
        ("message", "reason"),
        ("action", "effect"),
    ];
}

map! {
    SEQUENCE "sequence" needs [&["id"], &["steps"]];
    "id" = ID, "as in rules";
    "steps" = List(&Either(&[TARGETS, Map(&STEP)]), 2, Option::Some(STEPS_MAX)), "2 to 16, each a target, a list of targets, or a map, below; the sense is *any*";
    "within" = DURATION, "longest time from the first step to the last; without it the whole run";
    "effect" = Choice(|| names(&LATER_EFFECTS)), "`deny` (default) or `ask`";
    "per" = Choice(|| names(&PER)), "`run` (default) or `principal`";
    "count" = Choice(|| names(&COUNTS)), "`forwarded` (default): a call counts when it is sent on; `attempts`: denied ones too";
    "same" = ARGUMENT, "`args.NAME`: only calls with the same value belong together; a step may name its own";
    "for" = Map(&WHO), "as in rules";
    "reason" = Text, "as in rules";
    later [];
    elsewhere &[
        ("pattern", "steps"),
        ("on", "steps"),
        ("window", "within"),
        ("action", "effect"),
        ("message", "reason"),
        ("name", "id"),
    ];
}

/// What a step is called elsewhere.
const STEPS_ELSEWHERE: &[(&str, &str)] =
    &[("tools", "on"), ("tool", "on"), ("when", "args"), ("arguments", "args"), ("except", "unless")];

map! {
    STEP "step" needs [SCOPE];
    "on" = TARGETS, "as in rules";
    "labels" = LABELS, "as in rules";
    "args" = ARGS, "as in rules";
    "if" = Text, "as in rules";
    "unless" = Map(&UNLESS), "as in rules";
    "result" = Choice(|| names(&RESULTS)), "`any` (default); of a step but the last `succeeded`, which takes back a call whose answer is an error. Until the answer comes it counts";
    "same" = ARGUMENT, "as in the sequence, for this step";
    later [];
    elsewhere STEPS_ELSEWHERE;
}

map! {
    /// The call that a precondition needs; it must have succeeded.
    NEEDED "needed" needs [SCOPE];
    "on" = TARGETS, "as in rules";
    "labels" = LABELS, "as in rules";
    "args" = ARGS, "as in rules, in the sense *every*";
    "if" = Text, "as in rules, in the sense *every*";
    "unless" = Map(&UNLESS), "as in rules";
    "same" = ARGUMENT, "as in the precondition, for this call";
    later [];
    elsewhere STEPS_ELSEWHERE;
}

map! {
    PRECONDITION "precondition" needs [&["id"], SCOPE, &["needs", "not-after", "hours"]];
    "id" = ID, "as in rules";
    "on" = TARGETS, "as in rules";
    "labels" = LABELS, "as in rules";
    "args" = ARGS, "as in rules, in the sense *any*";
    "if" = Text, "as in rules, in the sense *any*";
    "unless" = Map(&UNLESS), "as in rules";
    "for" = Map(&WHO), "as in rules";
    "needs" = Map(&NEEDS), "one of the two, below";
    "not-after" = Either(&[TARGETS, Map(&STEP)]), "a step, as in sequences: no such call was made";
    "within" = DURATION, "how long ago at most (`needs`) or at least (`not-after`); without it the whole run";
    "same" = ARGUMENT, "`args.NAME`: the call that is needed, or forbidden, had the same value. For `needs` exactly one and exactly the same, for `not-after` as in sequences";
    "count" = Choice(|| names(&COUNTS)), "beside `not-after`: `forwarded` (default): such a call counts when it is sent on; `attempts`: denied ones too";
    "hours" = Some(&Map(&HOURS)), "one window of time or a list of them, below";
    "effect" = Choice(|| names(&LATER_EFFECTS)), "`deny` (default) or `ask`";
    "per" = Choice(|| names(&PER)), "`run` (default) or `principal`: whose calls and approvals count";
    "reason" = Text, "as in rules";
    later [];
    elsewhere &[
        ("tools", "on"),
        ("requires_event", "needs"),
        ("requires", "needs"),
        ("need", "needs"),
        ("not_after", "not-after"),
        ("cooldown", "not-after"),
        ("when", "hours"),
        ("action", "effect"),
        ("message", "reason"),
        ("name", "id"),
    ];
}

map! {
    NEEDS "needs" needs [&["approval", "call"]];
    "approval" = Text, "an id: a person approved what that rule, limit, sequence or precondition asked about, or is asked by it about this very call";
    "call" = Either(&[TARGETS, Map(&NEEDED)]), "a step: such a call succeeded; the sense is *every*";
    later [];
    elsewhere &[("event", "call"), ("approved", "approval")];
}

map! {
    HOURS "hours" needs [&["zone"]];
    "days" = Some(&Formed("^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$")), "`mon` to `sun`, ranges `mon-fri`; without it every day";
    "from" = Formed("^[0-2][0-9]:[0-5][0-9]$"), "`\"08:00\"`; without `from` and `to` the whole day";
    "to" = Formed("^[0-2][0-9]:[0-5][0-9]$"), "`\"18:00\"`; a window that ends before it begins ends on the next day";
    "zone" = Text, "mandatory: a name of the IANA database, `Europe/Berlin`, with its changes of the clock";
    later [];
    elsewhere &[("timezone", "zone"), ("tz", "zone"), ("until", "to"), ("weekdays", "days")];
}

map! {
    UNLESS "unless" needs [&[]];
    "args" = ARGS, "as in rules, in the other sense";
    "if" = Text, "as in rules, in the other sense";
    later [];
    elsewhere &[("when", "args"), ("condition", "if")];
}

map! {
    WHO "for" needs [&[]];
    "principals" = Some(&Text), "ids, with `*`";
    "roles" = Some(&Text), "names, exactly";
    "scopes" = Some(&Text), "names, exactly";
    "claims" = Named(&Some(&Text), 1), "`{ name: [values, with *] }`; every claim must be there";
    later [];
    elsewhere &[
        ("principal", "principals"),
        ("users", "principals"),
        ("role", "roles"),
        ("scope", "scopes"),
        ("attributes", "claims"),
    ];
}

map! {
    APPROVAL "approval" needs [];
    "ttl" = DURATION, "`3m`: how long a question is open";
    "min" = Number("^([1-9]|1[0-6])$"), "`2`: how many different people must approve, 1 (default) to 16; more than one can be asked only by a gateway";
    "from" = Some(&Text), "[roles](#who-acts), of which each of them must have one";
    "assurance" = Choice(|| ASSURANCE.valid.to_vec()), "`client` or `local`: how sure it must be that a person approves. Every approval is given at a terminal or by a command of a user of this machine, which is `local` (a program that embeds the gateway answers for its own); `os-auth` is not in this version";
    "scope" = Choice(|| CONSENT_SCOPE.valid.to_vec()), "`once` (also when not said): an approval is for one call";
    later [];
    elsewhere &[("timeout", "ttl"), ("roles", "from"), ("approvers", "from"), ("count", "min")];
}

/// How sure it is that a person approves, from the least; every approval of this version gives the last.
pub(crate) const ASSURANCE: Words =
    Words { valid: &["client", "local"], later: &["os-auth"], elsewhere: &[("tty", "local")] };
/// For how long an approval holds.
pub(crate) const CONSENT_SCOPE: Words =
    Words { valid: &["once"], later: &["run", "session"], elsewhere: &[("call", "once")] };
