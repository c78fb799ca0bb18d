//! Random JSON texts and messages, with white space and escapes where they may stand.

use proptest::prelude::*;

/// Any JSON text, up to four levels deep.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "0", "-1.5e3", "7", "2.50"])
            .prop_map(str::to_owned),
        string(),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, b, c)| a + &b + &c);
        let member = (space(), string(), space(), inner, space())
            .prop_map(|(a, key, b, value, c)| format!("{a}{key}{b}:{value}{c}"));
        prop_oneof![
            prop::collection::vec(element, 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            // Numbered, so that no key stands twice.
            prop::collection::vec(member, 0..4).prop_map(|list| {
                let members = list.iter().enumerate();
                let members: Vec<String> =
                    members.map(|(index, member)| member.replacen('"', &format!("\"{index}"), 1)).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// White space of one line.
pub(crate) fn space() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "", "", " ", "\t", "  "]).prop_map(str::to_owned)
}

/// A request, notification or answer, its members in any order, among others that mean nothing.
pub(crate) fn message() -> impl Strategy<Value = String> {
    let method = (key("method"), spelled("tools/call")).prop_map(|(key, method)| format!("{key}:{method}"));
    let id = (key("id"), id()).prop_map(|(key, id)| format!("{key}:{id}"));
    let result = prop::sample::select(vec![r#""result":{"id":9}"#, r#""result":{}"#]).prop_map(str::to_owned);
    let params = prop::sample::select(vec![r#""params":{"id":[1,{"id":2}]}"#, r#""params":{}"#]);
    let request = (method, prop::option::of(params)).prop_map(|(method, params)| match params {
        Some(params) => format!("{method},{params}"),
        None => method,
    });
    let version = (key("jsonrpc"), spelled("2.0")).prop_map(|(key, version)| format!("{key}:{version}"));
    let decoy = prop::collection::vec((string(), text()), 0..3).prop_map(|list| {
        let members = list.iter().enumerate();
        let members: Vec<String> = members
            .map(|(index, (key, value))| format!("{}:{value}", key.replacen('"', &format!("\"x{index}"), 1)))
            .collect();
        members.join(" ,")
    });
    let body = prop_oneof![request, result];
    (version, prop::option::of(id), body, decoy, space(), space()).prop_flat_map(
        |(version, id, body, decoy, before, behind)| {
            let members: Vec<String> =
                [Some(version), id, Some(body), Some(decoy).filter(|text| !text.is_empty())]
                    .into_iter()
                    .flatten()
                    .collect();
            Just(members).prop_shuffle().prop_map(move |members| {
                format!("{before}{{{behind}{}{before}}}{behind}", members.join(&format!("{behind},{before}")))
            })
        },
    )
}

/// A message with a few characters lost, doubled or replaced.
pub(crate) fn damaged() -> impl Strategy<Value = String> {
    let hurt = (
        any::<prop::sample::Index>(),
        prop::sample::select(vec!["", "\"", "\\", "{", "]", ",", "\\ud800", "9"]),
    );
    (message(), prop::collection::vec(hurt, 1..4)).prop_map(|(message, hurts)| {
        let mut characters: Vec<String> = message.chars().map(String::from).collect();
        for (at, new) in hurts {
            let at = at.index(characters.len());
            if let Some(place) = characters.get_mut(at) {
                *place = new.to_owned();
            }
        }
        characters.concat()
    })
}

fn id() -> impl Strategy<Value = String> {
    let text = prop_oneof![spelled("call-1"), spelled(""), spelled("\u{1f980} \"id\":5 \\")];
    prop_oneof![prop::sample::select(vec!["0", "1", "-7", "9007199254740991"]).prop_map(str::to_owned), text,]
}

/// A key, spelled somehow, with white space around it.
fn key(name: &'static str) -> impl Strategy<Value = String> {
    (spelled(name), space()).prop_map(|(key, space)| key + &space)
}

/// `text` as a JSON string, some of its characters as escapes.
fn spelled(text: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<bool>(), text.chars().count()).prop_map(move |escaped| {
        let mut out = String::from("\"");
        for (c, escaped) in text.chars().zip(escaped) {
            match c {
                '"' | '\\' if !escaped => out.extend(['\\', c]),
                c if escaped => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        out.push_str(&format!("\\u{unit:04X}"));
                    }
                }
                c => out.push(c),
            }
        }
        out + "\""
    })
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "id",
        "method",
        ":",
        "\\\"",
        "\\\\",
        "\\n",
        "\\u0000",
        "\\ud83e\\udd80",
        "é",
        "🦀",
        "}",
        "[",
        ",",
        "a longer piece",
    ]);
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}
