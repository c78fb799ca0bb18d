//! What fits and what does not, in tables: a schema, arguments, and the findings as `code pointer`.

use bailiwick_mcp::{Limits, Parser};

use super::Schema;
use crate::guard::Level;

/// The findings from `level` on.
fn found_from(level: Level, schema: &str, arguments: Option<&str>) -> Vec<String> {
    let mut parser = Parser::default();
    let document =
        parser.parse(schema.as_bytes(), &Limits::DEFAULT).unwrap_or_else(|e| panic!("{e}: {schema}"));
    let Some(schema) = Schema::of(document.root()) else { return Vec::new() };
    let mut found = Vec::new();
    let mut parser = Parser::default();
    let arguments = arguments.map(|text| parser.parse(text.as_bytes(), &Limits::DEFAULT).unwrap().root());
    schema.each_misfit(arguments, &mut |misfit| {
        if misfit.finding.level >= level {
            found.push(format!("{} {}", misfit.finding.code, misfit.pointer));
        }
    });
    found.sort();
    found
}

fn found(schema: &str, arguments: &str) -> Vec<String> {
    found_from(Level::Possible, schema, Some(arguments))
}

/// Rows of arguments `{"a": …}` against a schema of `a`; true: it fits.
fn check(schema: &str, rows: &[(&str, bool)]) {
    let schema = format!(r#"{{"type":"object","properties":{{"a":{schema}}}}}"#);
    for (value, fits) in rows {
        let found = found(&schema, &format!(r#"{{"a":{value}}}"#));
        assert_eq!(found.is_empty(), *fits, "{schema} {value}: {found:?}");
    }
}

const WEATHER: &str = r##"{"type":"object","properties":{
    "city":{"type":"string","minLength":1,"maxLength":4},
    "days":{"type":"integer","minimum":1,"maximum":14},
    "unit":{"enum":["c","f"]},
    "tags":{"type":"array","items":{"type":"string"},"maxItems":2},
    "at":{"$ref":"#/$defs/point"}},
    "required":["city"],"additionalProperties":false,
    "$defs":{"point":{"type":"object","properties":{"lat":{"type":"number"},"lon":{"type":"number"}},"required":["lat","lon"]}}}"##;

#[test]
fn each_misfit_is_named_with_its_place() {
    for (arguments, expected) in [
        (r#"{"city":"Rom","days":3,"unit":"c","tags":["x"],"at":{"lat":1,"lon":2.5}}"#, &[][..]),
        ("{}", &["required /city"][..]),
        (r#"{"city":7}"#, &["type /city"]),
        (r#"{"city":""}"#, &["length /city"]),
        (r#"{"city":"Paris"}"#, &["length /city"]),
        (r#"{"city":"Rom","days":0}"#, &["range /days"]),
        (r#"{"city":"Rom","days":15}"#, &["range /days"]),
        (r#"{"city":"Rom","days":1.5}"#, &["type /days"]),
        (r#"{"city":"Rom","unit":"k"}"#, &["enum /unit"]),
        (r#"{"city":"Rom","tags":["a",1,"c"]}"#, &["length /tags", "type /tags/1"]),
        (r#"{"city":"Rom","at":{"lat":"x"}}"#, &["required /at/lon", "type /at/lat"]),
        (r#"{"city":"Rom","City":"Rom","a/b":1}"#, &["unknown-argument /City", "unknown-argument /a~1b"]),
        (r#"{"c\u0069ty":"Rom"}"#, &[]),
    ] {
        assert_eq!(found(WEATHER, arguments), expected, "{arguments}");
    }
    assert_eq!(
        found_from(Level::Possible, WEATHER, None),
        ["required /city"],
        "none at all are an empty object"
    );
}

#[test]
fn types_are_those_of_json_schema() {
    check(
        r#"{"type":"integer"}"#,
        &[("1", true), ("1.0", true), ("1e3", true), ("1.5", false), ("true", false)],
    );
    check(r#"{"type":"number"}"#, &[("1", true), ("1.5", true), ("null", false)]);
    check(r#"{"type":["string","null"]}"#, &[("\"x\"", true), ("null", true), ("1", false), ("[]", false)]);
    check(r#"{"type":["integer","string"]}"#, &[("1", true), ("1.5", false), ("\"x\"", true)]);
    check(r#"{"type":["integer","number"]}"#, &[("1.5", true)]);
    check(r#"{"type":"object"}"#, &[("{}", true), ("[]", false)]);
    check(r#"{"type":"boolean"}"#, &[("false", true), ("0", false)]);
    check(r#"{"type":"null"}"#, &[("null", true), ("0", false)]);
    // What is no type says nothing.
    check(r#"{"type":"file"}"#, &[("1", true)]);
    check(r#"{"type":["file","string"]}"#, &[("1", true)]);
    check(r#"{"type":"string","nullable":true}"#, &[("null", true), ("1", false)]);
}

#[test]
fn numbers_and_values_are_compared_without_rounding() {
    check(r#"{"maximum":9007199254740992}"#, &[("9007199254740992", true), ("9007199254740993", false)]);
    check(r#"{"exclusiveMinimum":0.1}"#, &[("0.1", false), ("0.10", false), ("0.11", true), ("\"0\"", true)]);
    check(
        r#"{"exclusiveMaximum":10,"minimum":-1}"#,
        &[("10.0", false), ("9.99", true), ("-1", true), ("-1.1", false)],
    );
    check(
        r#"{"enum":[1,"1",null,{"x":[1,{"y":2}],"z":true}]}"#,
        &[
            ("1.0", true),
            ("\"1\"", true),
            ("null", true),
            ("2", false),
            ("false", false),
            (r#"{"z":true,"\u0078":[1e0,{"y":2}]}"#, true),
            (r#"{"z":true,"x":[1,{"y":3}]}"#, false),
            (r#"{"z":true}"#, false),
            (r#"{"z":true,"x":[1,{"y":2}],"w":1}"#, false),
            (r#"{"z":true,"x":[1]}"#, false),
        ],
    );
    check(r#"{"const":[]}"#, &[("[]", true), ("[1]", false), ("{}", false)]);
    check(r#"{"const":9007199254740993}"#, &[("9007199254740992", false)]);
}

#[test]
fn lengths_are_counted_in_code_points() {
    check(
        r#"{"maxLength":2}"#,
        &[
            ("\"ab\"", true),
            ("\"abc\"", false),
            ("\"éé\"", true),
            ("\"😀😀\"", true),
            (r#""\ud83d\ude00\ud83d\ude00""#, true),
            (r#""\u0061\u0062\u0063""#, false),
            ("[1,2,3]", true),
        ],
    );
    check(
        r#"{"minLength":2.0}"#,
        &[("\"a\"", false), (r#""\u0061""#, false), ("\"é\"", false), ("\"ab\"", true)],
    );
    check(
        r#"{"minItems":1,"maxItems":2}"#,
        &[("[]", false), ("[1,2]", true), ("[1,2,3]", false), ("\"\"", true)],
    );
    check(r#"{"minLength":-1,"maxLength":2.5,"maxItems":"2"}"#, &[("\"abc\"", true), ("[1,2,3]", true)]);
    check(r#"{"maxLength":1e30,"minItems":99999999999}"#, &[("\"abc\"", true), ("[1]", false)]);
}

#[test]
fn lists_and_alternatives_are_followed() {
    check(
        r#"{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}"#,
        &[(r#"["x",1,2]"#, true), (r#"["x","y"]"#, false), ("[1]", false), ("[]", true)],
    );
    check(r#"{"prefixItems":[true],"items":false}"#, &[("[1]", true), ("[1,2]", false)]);
    check(r#"{"items":[{"type":"string"}]}"#, &[(r#"["x",1]"#, true), ("[1]", false)]);
    check(
        r#"{"anyOf":[{"type":"string"},{"type":"object","required":["x"]}]}"#,
        &[("\"x\"", true), (r#"{"x":1}"#, true), ("{}", false), ("1", false)],
    );
    // Of two that fit as far as is known, one may not: that is no finding.
    check(
        r#"{"oneOf":[{"type":"string"},{"type":"string","pattern":"x"}]}"#,
        &[("\"x\"", true), ("1", false)],
    );
    check(r#"{"allOf":[{"minimum":1},{"maximum":3}]}"#, &[("2", true), ("0", false), ("4", false)]);
    check(r#"{"anyOf":[{"pattern":"x"},{"type":"string"}]}"#, &[("1", true)]);
    check(r#"{"anyOf":[]}"#, &[("1", true)]);
}

#[test]
fn what_is_not_known_finds_nothing() {
    for schema in [
        r#"{"pattern":"^x","format":"uri","not":{},"if":{},"then":false,"else":false}"#,
        r#"{"multipleOf":3,"uniqueItems":true,"contains":false,"minProperties":9,"propertyNames":false}"#,
        r#"{"dependentRequired":{"x":["y"]},"dependentSchemas":{"x":false},"unevaluatedProperties":false}"#,
        r#"{"properties":{"y":{}},"patternProperties":{"^x":{}},"additionalProperties":false}"#,
        r#"{"$ref":"https://elsewhere.example/schema"}"#,
        r##"{"$ref":"#anchor"}"##,
        r##"{"$ref":"#/nowhere"}"##,
        r##"{"$ref":"#/$defs/a%20b"}"##,
        r#"{"type":7,"enum":1,"required":true,"properties":[],"minimum":"x","items":7,"anyOf":{}}"#,
    ] {
        check(schema, &[(r#"{"x":1}"#, true), ("[1,1]", true), ("\"y\"", true), ("4", true)]);
    }
}

#[test]
fn references_lead_into_the_same_schema() {
    let tree = r##"{"properties":{"tree":{"$ref":"#/definitions/node"}},"definitions":{"node":{
        "type":"object","required":["v"],"properties":{"v":{"type":"integer"},"kids":{"items":{"$ref":"#/definitions/node"}}}}}}"##;
    assert_eq!(
        found(tree, r#"{"tree":{"v":1,"kids":[{"v":2,"kids":[{"v":"x"}]}]}}"#),
        ["type /tree/kids/0/kids/0/v"]
    );
    let beside = |dialect: &str| {
        format!(
            r##"{{{dialect}"properties":{{"a":{{"$ref":"#/properties/b/anyOf/0","maximum":1}},"b":{{"anyOf":[{{"type":"integer"}}]}}}}}}"##
        )
    };
    assert_eq!(found(&beside(""), r#"{"a":2}"#), ["range /a"]);
    assert_eq!(found(&beside(""), r#"{"a":"x"}"#), ["type /a"]);
    // Before 2019-09 what stood beside a reference did not count.
    let old = beside(r#""$schema":"http://json-schema.org/draft-07/schema#","#);
    assert_eq!(found(&old, r#"{"a":2}"#), [""; 0]);
    assert_eq!(found(&old, r#"{"a":"x"}"#), ["type /a"]);
    // Below another base, or in another dialect, nobody knows where it leads.
    let based = r##"{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"$id":"https://a.example/x","type":"integer"}}}"##;
    assert_eq!(found(based, r#"{"a":"x"}"#), [""; 0]);
    assert_eq!(found(r#"{"$schema":"https://dialect.example/1","required":["a"]}"#, "{}"), [""; 0]);
}

#[test]
fn what_servers_take_all_the_same_is_only_likely() {
    let level = |schema: &str, value: &str| {
        let schema = format!(r#"{{"properties":{{"a":{schema}}}}}"#);
        let arguments = format!(r#"{{"a":{value}}}"#);
        let is = |level| !found_from(level, &schema, Some(&arguments)).is_empty();
        (is(Level::Likely), is(Level::Certain))
    };
    let (likely, certain) = ((true, false), (true, true));
    for (schema, value, expected) in [
        (r#"{"type":"integer"}"#, "\"5\"", likely),
        (r#"{"type":"integer"}"#, "\"five\"", certain),
        (r#"{"type":"integer"}"#, "\"NaN\"", certain),
        (r#"{"type":"boolean"}"#, "\"True\"", likely),
        (r#"{"type":"string"}"#, "5", likely),
        (r#"{"type":"string"}"#, "null", certain),
        (r#"{"type":"array"}"#, "\"[1]\"", likely),
        (r#"{"type":"object"}"#, "\"x\"", certain),
        (r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, "\"5\"", likely),
        (r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, "\"x\"", certain),
        (r#"{"anyOf":[false,{"type":"null"}]}"#, "1", certain),
        (r#"{"type":"object","additionalProperties":false}"#, r#"{"x":1}"#, likely),
        (r#"{"type":"integer","enum":[1,2]}"#, "\"5\"", certain),
    ] {
        assert_eq!(level(schema, value), expected, "{schema} {value}");
    }
}

#[test]
fn no_schema_costs_more_than_the_steps() {
    let doubled = |levels: usize, word: &str| {
        let one = |level: usize| {
            let next = format!(r##"{{"$ref":"#/$defs/d{}"}}"##, level + 1);
            format!(r#""d{level}":{{"{word}":[{next},{next}]}}"#)
        };
        let defs: Vec<String> = (0..levels).map(one).collect();
        format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{},"d{levels}":{{"type":"null"}}}}}}"##, defs.join(","))
    };
    // Small ones are looked through, ones without end are not.
    assert_eq!(found(&doubled(4, "anyOf"), "{}"), ["alternatives "]);
    assert_eq!(found(&doubled(4, "allOf"), "{}").len(), 16);
    for schema in [
        doubled(15, "anyOf"),
        doubled(15, "allOf"),
        r##"{"$ref":"#"}"##.to_owned(),
        r##"{"allOf":[{"$ref":"#"},{"$ref":"#"}]}"##.to_owned(),
        r##"{"anyOf":[{"$ref":"#/anyOf/1"},{"$ref":"#/anyOf/0"}]}"##.to_owned(),
    ] {
        let found = found(&schema, "{}");
        assert!(found.iter().any(|found| found == "too-large "), "{schema}: {found:?}");
    }
    // Every byte of the arguments earns its share: an honest call is looked at as a whole.
    let long = format!(r#"{{"a":[{}"x"]}}"#, "1,".repeat(100_000));
    let list = r#"{"properties":{"a":{"items":{"type":"integer"}}}}"#;
    assert_eq!(found(list, &long), ["type /a/100000"]);
    let many: Vec<String> = (0..2_000).map(|value| format!("[{value},\"x\"]")).collect();
    let choices = format!(r#"{{"properties":{{"a":{{"items":{{"enum":[{}]}}}}}}}}"#, many[..600].join(","));
    let asked = format!(r#"{{"a":[{}]}}"#, many.join(","));
    assert!(found(&choices, &asked).iter().any(|found| found == "too-large "));
}

#[test]
fn what_lies_beyond_a_bound_finds_nothing_and_is_told() {
    let read = |schema: &str, arguments: &str| {
        let mut parser = Parser::default();
        let compiled = Schema::of(parser.parse(schema.as_bytes(), &Limits::DEFAULT).unwrap().root()).unwrap();
        assert!(compiled.is_cut() && compiled.bytes() < 256 << 10, "{} bytes", compiled.bytes());
        found(schema, arguments)
    };
    let members: Vec<String> = (0..3_000).map(|name| format!(r#""p{name}":{{"type":"null"}}"#)).collect();
    let wide = format!(r#"{{"properties":{{{}}},"additionalProperties":false}}"#, members.join(","));
    assert_eq!(read(&wide, r#"{"p1":1,"p2999":1,"q":1}"#), ["type /p1"], "which are others is not known");
    let deep = format!("{}false{}", r#"{"properties":{"a":"#.repeat(20), "}}".repeat(20));
    let nested = format!("{}1{}", r#"{"a":"#.repeat(20), "}".repeat(20));
    assert_eq!(read(&deep, &nested), [""; 0]);
    let values: Vec<String> = (0..3_000).map(|value| value.to_string()).collect();
    for word in ["enum", "anyOf"] {
        let cut = values
            .iter()
            .map(|value| if word == "enum" { value.clone() } else { format!("{{\"const\":{value}}}") });
        let cut = cut.collect::<Vec<_>>().join(",");
        assert_eq!(
            read(&format!(r#"{{"properties":{{"a":{{"{word}":[{cut}]}}}}}}"#), r#"{"a":"x"}"#),
            [""; 0]
        );
    }
    let references: Vec<String> =
        (0..100).map(|name| format!(r##""p{name:03}":{{"$ref":"#/$defs/d{name}"}}"##)).collect();
    let defined: Vec<String> = (0..100).map(|name| format!(r#""d{name}":{{"type":"null"}}"#)).collect();
    let referring =
        format!(r#"{{"properties":{{{}}},"$defs":{{{}}}}}"#, references.join(","), defined.join(","));
    assert_eq!(read(&referring, r#"{"p001":1,"p099":1}"#), ["type /p001"]);
    let padded = format!(r#"{{"required":["a"],"description":"{}"}}"#, "x".repeat(300_000));
    assert_eq!(read(&padded, "{}"), [""; 0]);
}
