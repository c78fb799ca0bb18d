//! The keys of a file and of its settings.

use super::Value::{Choice, Either, List, Map, Named, Some, Text};
use super::guards::GUARDS;
use super::rules::{LIMIT, PRECONDITION, RULE, SEQUENCE};
use super::{map, names};
use crate::labels::Label;
use crate::read::{DEFAULTS, DRIFTS, HIDES};

map! {
    FILE "file" needs [&["version"]];
    "version" = Choice(|| vec!["1"]), "`1`; mandatory";
    "name" = Text, "what reports call the policy";
    "default" = Choice(|| names(&DEFAULTS)), "`deny` (also when the key is missing), `ask`; `allow` only together with `unsafe-default: allow`; `pass`, for a layer that only restricts others";
    "unsafe-default" = Choice(|| vec!["allow"]), "`allow`: says again that a call which no rule names shall pass";
    "extends" = Some(&Text), "a file or a list of them, or [bundled policies](bundled.md) by name";
    "vars" = Named(&Text, 0), "`{ name: text }`, for this file; `${name}` stands for the text literally (no wildcards); one may use those above it; `${workspace}` and `${home}` are given; `$${` is `${` itself";
    "roles" = Named(&Map(&ROLE), 0), "`{ name: { members: [ids or roles, with `*`], inherits: [roles] } }`: who has a role, and which roles follow from it";
    "labels" = Named(&Either(&[Choice(|| vec!["none"]), Some(&Choice(|| names(&Label::ALL)))]), 0), "`{ target: label, a list of labels, or none }`, [below](#labels)";
    "rules" = List(&Map(&RULE), 0, None), "a list, [below](#rules)";
    "limits" = List(&Map(&LIMIT), 0, None), "a list, [below](#limits)";
    "sequences" = List(&Map(&SEQUENCE), 0, None), "a list, [below](#sequences)";
    "preconditions" = List(&Map(&PRECONDITION), 0, None), "a list, [below](#preconditions)";
    "guards" = Map(&GUARDS), "what each [content guard](#guards) does with what it finds; off when not named";
    "pins" = Map(&PINS), "for a tool that changed";
    "discovery" = Map(&DISCOVERY), "what lists leave out";
    later ["flows", "envelopes"];
    elsewhere &[
        ("default_action", "default"),
        ("defaultAction", "default"),
        ("default-action", "default"),
        ("scan_responses", "guards"),
        ("variables", "vars"),
        ("include", "extends"),
        ("budgets", "limits"),
    ];
}

map! {
    ROLE "role" needs [&[]];
    "members" = Some(&Text), "ids or other roles, with `*`";
    "inherits" = Some(&Text), "roles that whoever has this one has too";
    later ["permissions"];
    elsewhere &[("extends", "inherits"), ("principals", "members"), ("users", "members")];
}

map! {
    PINS "pins" needs [];
    "drift" = Choice(|| names(&DRIFTS)), "`deny` (also when not said), `ask`, `warn`";
    later ["new", "lock"];
    elsewhere &[];
}

map! {
    DISCOVERY "discovery" needs [];
    "hide" = Choice(|| names(&HIDES)), "`denied` (also when not said) hides what no arguments could make allowed; `none`";
    later [];
    elsewhere &[];
}
