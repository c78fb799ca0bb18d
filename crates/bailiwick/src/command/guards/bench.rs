//! `guards bench`: how much is found, and how often falsely.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bailiwick_guard::{Level, Scanner};
use bailiwick_mcp::Parser;
use serde_json::{Value as Json, json};

use super::cost::Costs;
use super::curve::{FALSE_ALARMS, Rate, Sample, threshold};
use super::rows::{self, Content, Row};
use super::{judge, page, scan};
use crate::args::{GuardFormat, GuardKind};
use crate::exit::{self, Failure};
use crate::say;

/// What was judged as one kind.
pub(super) type Areas = BTreeMap<GuardKind, Vec<Sample>>;

pub(super) fn run(
    paths: &[PathBuf],
    format: GuardFormat,
    (list, speed): (bool, bool),
    docs: Option<&Path>,
) -> Result<i32, Failure> {
    let scanner = Scanner::new();
    let mut costs = speed.then(Costs::default);
    let mut parser = Parser::default();
    let mut areas = Areas::new();
    for file in files(paths)? {
        let source = rows::read(&file)?;
        for row in &source.rows {
            let Content::Json(text) = &row.content else { continue };
            let Ok(labels) = serde_json::from_str::<Json>(text) else { continue };
            let Some(label) = labels.get("label").and_then(Json::as_i64) else { continue };
            for (kind, groups) in places(&labels, label == 1) {
                let ordinary = kind == GuardKind::Result && groups.iter().any(|group| group == ORDINARY);
                if let (Some(costs), Some(text), true) = (&mut costs, labels.get("text"), ordinary) {
                    costs.take(&scanner, text.as_str().unwrap_or_default());
                }
                let verdict = judge::judge(&scanner, &mut parser, row, kind)
                    .map_err(|error| Failure::error(format!("{}: {error}", place(&file, row))))?;
                areas.entry(kind).or_default().push(Sample {
                    points: verdict.points,
                    level: verdict.level(),
                    is_attack: label == 1,
                    groups,
                    place: place(&file, row),
                });
            }
        }
    }
    if areas.is_empty() {
        say::warning("no row with a label");
        return Ok(exit::NOTHING);
    }
    if let Some(costs) = &mut costs {
        costs.take_hostile(&scanner);
    }
    let tables = page::tables(&areas) + &costs.as_ref().map(Costs::tables).unwrap_or_default();
    if let Some(docs) = docs {
        page::write(docs, &tables)?;
    }
    match format {
        GuardFormat::Human => say::line(tables.trim_end()),
        GuardFormat::Json => {
            let mut document = document(&areas);
            if let (Some(members), Some(costs)) = (document.as_object_mut(), &costs) {
                members.insert("speed".to_owned(), costs.document());
            }
            say::line(&serde_json::to_string_pretty(&document).unwrap_or_default());
        }
        GuardFormat::Sarif => {
            return Err(Failure::new(exit::USAGE, "`bench` has no findings to write as SARIF")
                .help("use `guards scan`"));
        }
        GuardFormat::Jsonl => areas.iter().for_each(|(kind, samples)| lines(*kind, samples)),
    }
    if list {
        listed(&areas);
    }
    Ok(exit::OK)
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let fails = |error| Failure::error(format!("cannot read `{}`: {error}", path.display()));
        for entry in std::fs::read_dir(path).map_err(fails)? {
            let path = entry.map_err(fails)?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn place(file: &Path, row: &Row) -> String {
    format!("{}:{}", file.display(), row.line.unwrap_or(1))
}

/// As what a row is judged, and the groups that it counts in there.
fn places(row: &Json, is_attack: bool) -> Vec<(GuardKind, Vec<String>)> {
    let text = |key: &str| row.get(key).and_then(Json::as_str).unwrap_or_default();
    let kind = text("kind");
    let authored = text("source").starts_with("authored") || text("source").starts_with("synthetic");
    let mut groups = vec![format!("kind {kind}")];
    let mut add = |name: &str| groups.push(name.to_owned());
    if row.get("arguments").is_some() {
        add(if is_attack { "attacks" } else { ORDINARY });
        if is_attack && !authored {
            add("attacks, third-party");
        }
        return vec![(GuardKind::Arguments, groups)];
    }
    if row.get("inputSchema").is_some() {
        match (is_attack, kind) {
            (true, "published_poc") => add("attacks, published"),
            // Strings from the tests of other scanners, some of which are the titles of tests.
            (true, "peer_tests") => add("attacks, strings of scanners' tests"),
            (false, "real_server") => add(ORDINARY),
            (false, _) => add("other definitions"),
            (true, _) => {}
        }
        if is_attack {
            add("attacks");
        }
        return vec![(GuardKind::Tool, groups)];
    }
    if row.get("value").is_some() && row.get("type").is_some() {
        add(match kind {
            "pii" => "personal data",
            "secret" => "secrets",
            _ if kind.starts_with("secret_evasion") => "secrets, encoded or split",
            _ => "look-alikes",
        });
        if VALIDATED.contains(&text("type")) {
            add("personal data with check digits or ranges");
        }
        if is_attack
            && kind == "secret"
            && !text("type").starts_with("generic")
            && !UNPREFIXED.contains(&text("type"))
        {
            add("secrets with a prefix");
        }
        return vec![(GuardKind::Secrets, groups)];
    }
    let tier = text("tier");
    add(if tier.is_empty() { if is_attack { "attacks" } else { ORDINARY } } else { tier });
    if tier == "core" && !authored {
        add("core, third-party");
    }
    if HIDDEN.contains(&kind) {
        add("hidden Unicode");
    }
    if kind.starts_with("notinject") {
        add("over-defence");
    }
    let mut all = vec![(GuardKind::Result, groups)];
    if tier == ORDINARY {
        // The same texts are the denominator for secrets.
        all.push((GuardKind::Secrets, vec![ORDINARY.to_owned()]));
    }
    all
}

/// The benign texts whose false alarms set the thresholds.
pub(super) const ORDINARY: &str = "ordinary";
const VALIDATED: [&str; 3] = ["credit_card", "iban", "us_ssn"];
/// Found by the name in front or by their shape, not by a prefix.
const UNPREFIXED: [&str; 7] = [
    "aws_secret_access_key",
    "azure_sas",
    "basic_auth_header",
    "bearer_header",
    "db_url",
    "discord_bot",
    "azure_storage",
];
const HIDDEN: [&str; 6] = [
    "obfus_tag_chars",
    "obfus_variation_selectors",
    "obfus_zero_width",
    "obfus_zero_width_binary",
    "obfus_bidi_rlo",
    "obfus_soft_hyphen",
];

/// What of a group is flagged: at each threshold, then at each level.
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) is_attack: bool,
    pub(super) at_thresholds: Vec<Rate>,
    pub(super) at_levels: Vec<Rate>,
}

/// The thresholds of one area, and every group with its rates; the named groups first.
pub(super) fn measure(samples: &[Sample]) -> (Vec<i32>, Vec<Measured>) {
    let ordinary = samples.iter().filter(|sample| sample.groups.iter().any(|group| group == ORDINARY));
    let ordinary: Vec<i32> = ordinary.map(|sample| sample.points).collect();
    let thresholds: Vec<i32> = FALSE_ALARMS.iter().map(|share| threshold(&ordinary, *share)).collect();
    let mut groups: BTreeMap<(bool, &str), bool> = BTreeMap::new();
    for sample in samples {
        for group in &sample.groups {
            groups.insert((group.starts_with("kind "), group), sample.is_attack);
        }
    }
    let measured = groups.into_iter().map(|((_, name), is_attack)| {
        let members = || samples.iter().filter(|sample| sample.groups.iter().any(|group| group == name));
        let at = |threshold: &i32| Rate::of(members(), |sample| sample.points >= *threshold);
        let reached = |level: &Level| Rate::of(members(), |sample| sample.level >= Some(*level));
        Measured {
            name: name.to_owned(),
            is_attack,
            at_thresholds: thresholds.iter().map(at).collect(),
            at_levels: Level::ALL.iter().rev().map(reached).collect(),
        }
    });
    let measured = measured.collect();
    (thresholds, measured)
}

fn document(areas: &Areas) -> Json {
    let area = |samples: &[Sample]| {
        let (thresholds, measured) = measure(samples);
        let rates = |rates: &[Rate]| -> Vec<f64> { rates.iter().map(|rate| rate.percent()).collect() };
        let groups: Vec<Json> = measured
            .iter()
            .map(|group| {
                json!({
                    "name": group.name,
                    "is_attack": group.is_attack,
                    "rows": group.at_levels.first().map_or(0, |rate| rate.rows),
                    "flagged_percent_at_thresholds": rates(&group.at_thresholds),
                    "flagged_percent_at_levels": rates(&group.at_levels),
                })
            })
            .collect();
        json!({
            "false_alarm_percent": FALSE_ALARMS.map(|share| f64::from(share) / 100.0),
            "thresholds": thresholds.iter().map(|points| f64::from(*points) / 100.0).collect::<Vec<_>>(),
            "levels": Level::ALL.iter().rev().map(|level| level.as_str()).collect::<Vec<_>>(),
            "groups": groups,
        })
    };
    let areas = areas.iter().map(|(kind, samples)| (scan::name(*kind).to_owned(), area(samples)));
    Json::Object(areas.collect())
}

/// The points of every row, for curves drawn elsewhere.
fn lines(kind: GuardKind, samples: &[Sample]) {
    for sample in samples {
        let line = json!({
            "kind": scan::name(kind),
            "place": sample.place,
            "label": i32::from(sample.is_attack),
            "groups": sample.groups,
            "score": f64::from(sample.points) / 100.0,
            "level": sample.level.map(Level::as_str),
        });
        say::line(&line.to_string());
    }
}

fn listed(areas: &Areas) {
    for (kind, samples) in areas {
        let wrong = |sample: &&Sample| (sample.level >= Some(Level::Likely)) != sample.is_attack;
        for sample in samples.iter().filter(wrong) {
            let word = if sample.is_attack { "missed" } else { "flagged" };
            say::line(&format!(
                "{word} {} {} score {} ({})",
                scan::name(*kind),
                sample.place,
                scan::points(sample.points),
                sample.groups.join(", "),
            ));
        }
    }
}
