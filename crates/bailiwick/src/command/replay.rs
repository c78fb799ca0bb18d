//! `bailiwick replay`: a policy against attacks, and against what was recorded.

mod human;
mod links;
mod own;
mod recorded;
mod streams;
mod whereabouts;

use std::path::Path;
use std::sync::Arc;

use bailiwick_analysis::render::replay as render;
use bailiwick_analysis::replay::{
    Battery, LeftOut, PACK_BYTES_MAX, Pack, REPORT_VERSION, Report, Standing, attack, built_in,
};
use bailiwick_engine::{Principal, Scanner};

use crate::args::replay::{ReplayArgs, ReplayFormat};
use crate::exit::{self, Failure};
use crate::policies::Layers;
use crate::say;

pub(crate) fn run(args: &ReplayArgs) -> Result<i32, Failure> {
    let layers = Layers::new(&args.policies, args.workspace.as_deref())?;
    let policy = layers.load(say::colour_on_stderr())?.policy;
    let scanner = Arc::new(Scanner::new());
    let principal =
        Principal { id: args.principal.clone(), roles: args.roles.clone(), ..Principal::default() };
    let mut report = Report {
        version: REPORT_VERSION,
        policy: policy.name().to_owned(),
        policy_sha256: policy.digest().to_owned(),
        ..Report::default()
    };
    let packs = packs(args)?;
    if !packs.is_empty() {
        let battery = Battery { policy: &policy, scanner: &scanner, principal, servers: &args.servers };
        report.attacks = attack(&battery, &packs);
    }
    if !args.traces.is_empty() {
        let (traffic, left) = recorded::replay(args, &layers, &scanner)?;
        report.traffic = Some(traffic);
        report.not_inspected = left.into_iter().map(|(what, why)| LeftOut { what, why }).collect();
    }
    let text = match args.format {
        ReplayFormat::Human => human::text(&report, &args.accept),
        ReplayFormat::Json => render::json(&report),
        ReplayFormat::Junit => render::junit(&report),
        ReplayFormat::Sarif => render::sarif(&report, env!("CARGO_PKG_VERSION")),
        ReplayFormat::Markdown => render::markdown(&report),
    };
    say::line(text.trim_end());
    let passed = report.attacks.iter().filter(|attack| attack.standing == Standing::Passed);
    let unwanted = passed.filter(|attack| !args.accept.contains(&format!("{}/{}", attack.pack, attack.id)));
    Ok(if unwanted.count() > 0 { exit::ATTACK } else { exit::OK })
}

/// The packs that are wanted; none if only recorded traffic is.
fn packs(args: &ReplayArgs) -> Result<Vec<Pack>, Failure> {
    let wants_none = !args.traces.is_empty() && args.packs.is_empty() && args.only.is_empty();
    if wants_none {
        return Ok(Vec::new());
    }
    let mut packs =
        built_in().map_err(|error| Failure::error(format!("a built-in pack is broken: {error}")))?;
    for path in &args.packs {
        let pack = own(path)?;
        if packs.iter().any(|known| known.id == pack.id) {
            return Err(Failure::error(format!("there is another pack `{}`", pack.id))
                .help(format!("give the pack in `{}` another `id`", path.display())));
        }
        packs.push(pack);
    }
    let known = |name: &str| {
        packs.iter().any(|pack| {
            pack.id == name || pack.attacks.iter().any(|attack| format!("{}/{}", pack.id, attack.id) == name)
        })
    };
    if let Some(unknown) = args.only.iter().chain(&args.accept).find(|name| !known(name)) {
        let ids: Vec<&str> = packs.iter().map(|pack| pack.id.as_str()).collect();
        return Err(Failure::new(exit::USAGE, format!("there is no pack or attack `{unknown}`"))
            .help(format!("the packs are {}", ids.join(", "))));
    }
    if !args.only.is_empty() {
        for pack in &mut packs {
            let id = pack.id.clone();
            let wanted = |name: &String| *name == id;
            if !args.only.iter().any(wanted) {
                pack.attacks.retain(|attack| args.only.contains(&format!("{id}/{}", attack.id)));
            }
        }
        packs.retain(|pack| !pack.attacks.is_empty());
    }
    Ok(packs)
}

fn own(path: &Path) -> Result<Pack, Failure> {
    let cannot = |why: String| Failure::error(format!("cannot use the pack `{}`: {why}", path.display()));
    let bytes = bailiwick_disk::bounded(path, PACK_BYTES_MAX).map_err(|error| cannot(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| cannot(error.to_string()))?;
    Pack::read(&text)
        .map_err(|error| cannot(error.to_string()).help("docs/reference/attack-packs.md describes the form"))
}
