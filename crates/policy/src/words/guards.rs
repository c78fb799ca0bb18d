//! The keys of `guards`.

use bailiwick_mcp::Direction;

use super::Value::{self, Choice, Either, Formed, List, Map, Number, Some, Text};
use super::{map, names};
use crate::guards::{Classifier, GuardAction, GuardName, LogLevel, REQUEST_ACTIONS};
use crate::read::{LEVELS, OFF, TAKES_PATTERNS};

const ID: Value = Number("^[A-Za-z0-9_.:-]{1,64}$");
const TARGETS: Value = Some(&Text);
const ACTION: Value = Choice(|| names(&GuardAction::ALL));
/// An action, an entry, or a list of them.
const TEXTS: Value =
    Some(&Either(&[Choice(|| names(GuardName::Injection.actions(Direction::ToClient))), Map(&GUARD)]));
const HIDDEN: Value =
    Some(&Either(&[Choice(|| names(GuardName::HiddenText.actions(Direction::ToClient))), Map(&GUARD)]));
const SIZE: Value =
    Some(&Either(&[Choice(|| names(GuardName::Size.actions(Direction::ToClient))), Map(&GUARD)]));
const REQUEST: Value = Choice(|| names(&REQUEST_ACTIONS));
const RATE: Value = Either(&[Choice(|| names(&OFF)), Formed("^[0-9]+/([0-9]+[smhd])+$")]);
const BYTES: Value = Either(&[Choice(|| names(&OFF)), Formed("^[0-9]+(B|kB|MB|GB|KiB|MiB|GiB)?$")]);
const CALLS: Value =
    Some(&Either(&[Choice(|| names(GuardName::Path.actions(Direction::ToServer))), Map(&GUARD)]));

map! {
    GUARDS "guards" needs [];
    "injection" = TEXTS, "an action (the same as `{ likely: … }`), an entry, or a list of entries; off when not named";
    "hidden-text" = HIDDEN, "the same; it strips and does not redact";
    "secrets" = TEXTS, "the same";
    "pii" = TEXTS, "the same";
    "size" = SIZE, "the same, without `redact`";
    "tool-poisoning" = CALLS, "the same, for definitions of tools: `log`, `ask`, `block`";
    "path" = CALLS, "the same, for arguments of calls: `log`, `ask`, `block`";
    "command" = CALLS, "the same";
    "sql" = CALLS, "the same";
    "ssrf" = CALLS, "the same";
    "template" = CALLS, "the same";
    "schema" = CALLS, "the same, for arguments of calls that do not fit the pinned `inputSchema` of their tool";
    "suppress" = List(&Map(&SUPPRESSION), 0, None), "findings that are known";
    "patterns" = List(&Map(&GUARD_PATTERN), 0, None), "what guards shall find besides";
    "classifier" = Map(&CLASSIFIER), "when an external classifier is asked about an answer, and what its opinion does; where it is, `--classifier` says";
    "requests" = Either(&[REQUEST, Map(&REQUESTS)]), "what servers may ask of the client where a rule lets them ask: an action for all of it, or a map; `block` when not named";
    "logs" = Choice(|| names(&LogLevel::ALL)), "the level that a server's log lines have at least; any when not named";
    "pace" = Either(&[Choice(|| names(&OFF)), Map(&PACE)]), "how fast messages may come that no rule is about: a map, or `off` for all of them";
    "error-bytes" = BYTES, "how long the error of an answer may be, at least 1 KiB, or `off`; 64 KiB when not said";
    later [];
    elsewhere &[
        ("logging", "logs"),
        ("rate", "pace"),
        ("rate-limit", "pace"),
        ("errors", "error-bytes"),
        ("error-size", "error-bytes"),
        ("log-level", "logs"),
        ("sampling", "requests"),
        ("elicitation", "requests"),
        ("hidden_text", "hidden-text"),
        ("shell", "command"),
        ("url", "ssrf"),
        ("unicode", "hidden-text"),
        ("credentials", "secrets"),
        ("dlp", "secrets"),
        ("tools", "tool-poisoning"),
        ("waivers", "suppress"),
        ("ignore", "suppress"),
        ("rules", "patterns"),
        ("inputSchema", "schema"),
        ("input-schema", "schema"),
        ("json-schema", "schema"),
    ];
}

map! {
    CLASSIFIER "classifier" needs [];
    "from" = Choice(|| names(&LEVELS)), "the level of a finding of `injection` from which on it is asked; `possible` when not said";
    "score" = Number("^(0\\.[0-9]{1,3}|1(\\.0{1,3})?)$"), "the score, above 0 and at most 1, from which on the answer counts as an attack; 0.5 when not said";
    "then" = Choice(|| names(&Classifier::THEN)), "what is done with such an answer: `block` (also when not said), `quarantine`, `log`";
    "fails" = Choice(|| names(&Classifier::FAILINGS)), "what no opinion means: `closed` (also when not said) withholds the answer, `open` leaves it to the guards";
    "within" = Formed("^([0-9]+[smhd])+$"), "how long an opinion is waited for, at most 30s; 5s when not said";
    later [];
    elsewhere &[
        ("threshold", "score"),
        ("action", "then"),
        ("timeout", "within"),
        ("on-failure", "fails"),
        ("fail", "fails"),
        ("level", "from"),
    ];
}

map! {
    REQUESTS "requests" needs [];
    "sampling" = REQUEST, "for `sampling/createMessage`: `block` (also when not said) refuses one with tools and one too many; `block` and `ask` let no other server's context go along and cap its tokens";
    "form" = REQUEST, "for `elicitation/create` in form mode: what is done with one that asks for a secret or holds an address; `block` when not said";
    "url" = REQUEST, "for `elicitation/create` in URL mode and the error -32042: what is done with an address that is not plain `https` to one of `hosts`; `block` when not said";
    "hosts" = Some(&Text), "[hosts](#hosts) that a person may be sent to; none when not said";
    "tokens" = Number("^[0-9]{1,10}$"), "the most tokens of one sampling request; 4096 when not said";
    "calls" = Number("^[0-9]{1,10}$"), "how many sampling requests may come for one request of the client; 16 when not said";
    later [];
    elsewhere &[
        ("forms", "form"),
        ("urls", "url"),
        ("elicitation", "form"),
        ("allow", "hosts"),
        ("domains", "hosts"),
        ("max-tokens", "tokens"),
        ("maxTokens", "tokens"),
        ("max", "calls"),
    ];
}

map! {
    PACE "pace" needs [];
    "ping" = RATE, "pings of each party: so many in so long, all of them at once if need be (`1000/1s`, also when not said), or `off`";
    "progress" = RATE, "progress that each party tells; `10000/1s` when not said";
    "log" = RATE, "log lines of the server; `10000/1s` when not said";
    "list-changed" = RATE, "news of the server that a list changed, for each kind of list; `10/1s` when not said";
    later [];
    elsewhere &[
        ("pings", "ping"),
        ("logs", "log"),
        ("message", "log"),
        ("changed", "list-changed"),
    ];
}

map! {
    GUARD "guard" needs [&["possible", "likely", "certain"]];
    "certain" = ACTION, "the action from this level on; a surer finding has at least the action of a less sure one";
    "likely" = ACTION, "the same";
    "possible" = ACTION, "the same";
    "to" = Some(&Choice(|| vec!["client", "server"])), "`client` (what servers send), `server` (what goes to them), or both. Without it guards of arguments look at what goes to the server, the others at what comes back";
    "on" = TARGETS, "[targets](#targets) that it is about; without it everything";
    "except" = TARGETS, "targets that it is not about, exactly";
    "allow" = Some(&Text), "texts (with `*`) that are no finding; what is compared is the text that was found";
    "write-back" = ACTION, "in place of `redact` and `strip` where the agent may write the text back; `annotate` when not said";
    "max" = Formed("^[0-9]+(B|kB|MB|GB|KiB|MiB|GiB)?$"), "for `size`: how much text a message may hold; 1 MiB when not said. `certain` is above it, `likely` above a quarter, `possible` above a sixteenth";
    later [];
    elsewhere &[
        ("low", "possible"),
        ("medium", "likely"),
        ("high", "certain"),
        ("action", "likely"),
        ("direction", "to"),
        ("tools", "on"),
        ("unless", "except"),
        ("max_bytes", "max"),
    ];
}

map! {
    SUPPRESSION "suppression" needs [&["id"], &["guard"], &["on"], &["code", "pattern"], &["until"], &["reason"]];
    "id" = ID, "as in rules";
    "guard" = Choice(|| names(&GuardName::ALL)), "whose finding it is";
    "code" = Text, "the finding, as the record names it behind the guard";
    "on" = TARGETS, "targets in which it was seen, exactly";
    "pattern" = Text, "a regular expression that the text fits that was found";
    "until" = Formed("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), "the last day (UTC) on which it holds";
    "reason" = Text, "why this is no finding";
    later [];
    elsewhere &[
        ("rule", "code"),
        ("tool", "on"),
        ("regex", "pattern"),
        ("expires", "until"),
        ("name", "id"),
    ];
}

map! {
    GUARD_PATTERN "guard pattern" needs [&["id"], &["guard"], &["regex"]];
    "id" = ID, "as in rules; the code of its findings";
    "guard" = Choice(|| names(&TAKES_PATTERNS)), "`injection`, `hidden-text`, `secrets` or `pii`: who finds it";
    "regex" = Text, "a regular expression, anchored nowhere";
    "level" = Choice(|| names(&LEVELS)), "`certain` (also when not said), `likely`, `possible`";
    "reason" = Text, "what it finds, in words";
    later [];
    elsewhere &[("pattern", "regex"), ("severity", "level"), ("message", "reason"), ("name", "id")];
}
