//! `bailiwick infer`: from traces to the policy that allows what was used, and little else.

mod calls;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick_analysis::counted;
use bailiwick_analysis::infer::{Base, Checked, Generalise, Observed, Options, infer};
use bailiwick_analysis::render::replay::passed;
use bailiwick_analysis::replay::{Battery, Standing, attack, built_in};
use bailiwick_engine::{Principal, Scanner};
use bailiwick_policy::{BUNDLED, Context, Source, compile};
use bailiwick_record::audit::visible;
use bailiwick_record::trace::Whereabouts;

use crate::args::infer::{GeneraliseArg, InferArgs};
use crate::exit::{self, Failure};
use crate::policies::{Files, Layers};
use crate::{places, recordings, say, wire};
use calls::Calls;

pub(crate) fn run(args: &InferArgs) -> Result<i32, Failure> {
    let mut calls = Calls::default();
    let files = files(args)?;
    for file in &files {
        calls.read(file)?;
    }
    let places = std::mem::take(&mut calls.places);
    let observed = Observed { uses: calls.uses.into_values().collect(), offered: calls.offered };
    if observed.uses.is_empty() {
        return Err(Failure::new(
            exit::NOTHING,
            format!("no calls of tools in {}", counted(files.len(), "trace")),
        )
        .help("record some first: `bailiwick record --client ID`, then work"));
    }
    let generalise = match args.generalise {
        GeneraliseArg::Strict => Generalise::Strict,
        GeneraliseArg::Balanced => Generalise::Balanced,
        GeneraliseArg::Loose => Generalise::Loose,
    };
    let name = args.merge.as_ref().map(|base| extended(base)).transpose()?;
    let layers = layers(args, name.as_slice(), &places)?;
    let context = layers.context().clone();
    let options = Options { generalise, min_support: args.min_support, name: args.name.clone() };
    let mut load = Files::default();
    let inferred = match &name {
        None => infer(&observed, &options, &context, None),
        Some(name) => {
            let policy = layers.load(say::colour_on_stderr())?.policy;
            infer(&observed, &options, &context, Some((&Base { name, policy: &policy }, &mut load)))
        }
    };
    for line in &inferred.summary {
        say::note(&visible(line));
    }
    if calls.others > 0 {
        say::note(&format!(
            "{} uses of completion, sampling, elicitation and roots are not inferred: write rules for them",
            calls.others
        ));
    }
    checked(&inferred.checked)?;
    attacked(&inferred.text, &context, &mut load)?;
    match &args.output {
        None => say::line(inferred.text.trim_end()),
        Some(path) => {
            bailiwick_disk::put(path, inferred.text.as_bytes(), false)
                .map_err(|error| Failure::error(error).help("name a file that does not exist yet"))?;
            say::note(&format!("written to {}", path.display()));
        }
    }
    Ok(exit::OK)
}

/// Paths are taken as they led where it was recorded: there, where all was recorded in one place and nobody says another.
fn layers(args: &InferArgs, names: &[String], places: &BTreeSet<Whereabouts>) -> Result<Layers, Failure> {
    let here = Layers::new(names, args.workspace.as_deref())?;
    let there: BTreeSet<_> = places.iter().filter_map(|place| place.workspace.as_ref()).collect();
    let homes: BTreeSet<_> = places.iter().filter_map(|place| place.home.as_ref()).collect();
    match (&args.workspace, there.len(), places.first()) {
        (None, 1, Some(place)) => {
            let own = here.context().home.clone();
            let home = match homes.len() {
                0 => own,
                1 => homes.first().map(|home| (*home).clone()),
                several => {
                    say::warning(&format!(
                        "the traces come from {several} homes; `~` is taken as {}",
                        visible(own.as_deref().unwrap_or("none of them"))
                    ));
                    own
                }
            };
            Ok(Layers::placed(names.to_vec(), Context { workspace: place.workspace.clone(), home }))
        }
        (None, 2.., _) => {
            let workspace = here.context().workspace.clone().unwrap_or_default();
            say::warning(&format!(
                "the traces come from {} workspaces; paths are taken as those of {}, unless --workspace names another",
                there.len(),
                visible(&workspace)
            ));
            Ok(here)
        }
        _ => Ok(here),
    }
}

/// What `extends` names: a bundled policy, or a file from wherever the new one lies.
fn extended(base: &str) -> Result<String, Failure> {
    match BUNDLED.contains(&base) {
        true => Ok(base.to_owned()),
        false => wire::absolute(Path::new(base)),
    }
}

/// Allowances that nothing needs, of which is told.
const LEFT_OUT_TOLD_MAX: usize = 8;

/// What was shown, not claimed.
fn checked(checked: &Checked) -> Result<(), Failure> {
    if let Some(broken) = &checked.broken {
        return Err(Failure::error(format!(
            "the inferred text is no policy, which is our mistake:\n{broken}"
        )));
    }
    let Checked { calls, denied, rules, needless, pieces, .. } = checked;
    say::note(&format!("checked: {} of {calls} recorded calls pass", calls - denied));
    say::note(&format!(
        "checked: without any of {} of {rules} rules, and any of {pieces} single allowances in them, some recorded call is denied",
        rules - needless
    ));
    for piece in checked.left_out.iter().take(LEFT_OUT_TOLD_MAX) {
        say::note(&format!("  not in it, for the rest holds its calls: {}", visible(piece)));
    }
    if checked.untried > 0 {
        say::note(&format!("not checked: {} further single allowances", checked.untried));
    }
    if let Some(held) = checked.held_out {
        let rate = 100.0 * held.passed as f64 / held.calls.max(1) as f64;
        say::note(&format!(
            "checked: {} of {} of {} ({rate:.1} %) pass a policy inferred from the other runs",
            held.passed,
            counted(held.calls, "call"),
            counted(held.runs, "run")
        ));
    }
    match denied {
        0 => Ok(()),
        _ => Err(Failure::error("the policy denies what it was inferred from, which is our mistake")),
    }
}

/// The built-in attacks against what was inferred. What passes is something that the agent did too.
fn attacked(text: &str, context: &Context, load: &mut Files) -> Result<(), Failure> {
    let source = Source { name: "inferred".to_owned(), text: text.to_owned() };
    let policy = compile(vec![source], load, context)
        .map_err(|problems| Failure::report(exit::ERROR, problems.render(false)))?;
    let packs = built_in().map_err(|error| Failure::error(format!("a built-in pack is broken: {error}")))?;
    let (policy, scanner) = (Arc::new(policy), Arc::new(Scanner::new()));
    let principal = Principal { id: "user:local".to_owned(), ..Principal::default() };
    let attacks = attack(&Battery { policy: &policy, scanner: &scanner, principal, servers: &[] }, &packs);
    let count = |standing| attacks.iter().filter(|attack| attack.standing == standing).count();
    say::note(&format!(
        "checked: of {} {} blocked, {} asked about, {} passed, {} not exercised",
        counted(attacks.len(), "attack"),
        count(Standing::Blocked),
        count(Standing::Asked),
        count(Standing::Passed),
        count(Standing::NotExercised)
    ));
    for attack in attacks.iter().filter(|attack| attack.standing == Standing::Passed) {
        say::warning(&visible(&passed(attack)));
    }
    Ok(())
}

/// The traces that are named, those of a folder in the order of their names.
fn files(args: &InferArgs) -> Result<Vec<PathBuf>, Failure> {
    match args.traces.is_empty() {
        true => match places::state()?.join("traces") {
            own if own.is_dir() => recordings::named(&[own]),
            own => Err(Failure::new(exit::NOTHING, format!("nothing is recorded in `{}`", own.display()))
                .help("record first: `bailiwick record --client ID`, then work")),
        },
        false => recordings::named(&args.traces),
    }
}
