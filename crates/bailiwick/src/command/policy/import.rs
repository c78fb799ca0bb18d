//! `bailiwick policy import` and `export`: policies of other products in our language and ours in theirs, with what differs.

use std::path::Path;

use bailiwick_analysis::counted;
use bailiwick_import::{Format, Imported, Kind, Mode, Note, export, import, recognise};
use bailiwick_policy::Source;

use crate::args::import::{ExportArgs, ImportArgs, Keep, Language};
use crate::exit::{self, Failure};
use crate::{policies, say};

pub(super) fn run(args: &ImportArgs) -> Result<i32, Failure> {
    let source = policies::read(&args.file)?;
    let named =
        |name: &String| Format::ALL.iter().find(|(known, _)| known == name).map(|(_, format)| *format);
    let format = args.from.as_ref().and_then(named).or_else(|| recognise(&source.text)).ok_or_else(|| {
        let names = Format::ALL.map(|(name, _)| name).join(", ");
        Failure::error(format!("nobody knows whose policy `{}` is", source.name))
            .help(format!("say it: `--from NAME`, one of {names}"))
    })?;
    let mode = match args.mode {
        Keep::Exact => Mode::Exact,
        Keep::Safe => Mode::Safe,
    };
    let imported = import(&source, format, mode).map_err(|problems| {
        Failure::report(exit::REFUSED, problems.render(say::colour_on_stderr()).trim_end())
    })?;
    // What is written must be a policy, whatever was read.
    let name = format!("{} (translated)", source.name);
    policies::compiles(Source { name, text: imported.text.clone() })?;
    let report = report(&source.name, format, mode, &imported);
    match &args.out {
        Some(out) => {
            write(out, &imported.text)?;
            report.iter().for_each(|line| say::line(line));
            say::line(&format!("written to {}", out.display()));
        }
        None => {
            say::line(imported.text.trim_end());
            say::report(&report.join("\n"));
        }
    }
    Ok(exit::OK)
}

pub(super) fn export_to(args: &ExportArgs) -> Result<i32, Failure> {
    let source = policies::read(&args.file)?;
    // What is no policy here says nothing anywhere.
    policies::compiles(source.clone())?;
    let exported = match args.to {
        Language::Cedar => export(&source.text, args.server.as_deref()),
    };
    let mut lines = vec![format!(
        "{}: {} of Cedar, {}",
        source.name,
        counted(exported.policies, "policy"),
        counted(exported.notes.len(), "remark")
    )];
    exported.notes.iter().for_each(|note| describe(note, &mut lines));
    match &args.out {
        Some(out) => {
            write(out, &exported.text)?;
            lines.iter().for_each(|line| say::line(line));
            say::line(&format!("written to {}", out.display()));
        }
        None => {
            say::line(exported.text.trim_end());
            say::report(&lines.join("\n"));
        }
    }
    Ok(exit::OK)
}

fn write(out: &Path, text: &str) -> Result<(), Failure> {
    bailiwick_disk::put(out, text.as_bytes(), false)
        .map_err(|error| Failure::error(error).help("name a file that does not exist yet"))
}

fn report(name: &str, format: Format, mode: Mode, imported: &Imported) -> Vec<String> {
    let count = |kind: Kind| imported.notes.iter().filter(|note| note.kind == kind).count();
    let mut lines = vec![format!(
        "{name}: {}, {}: {} translated, {}, {} left out",
        format.name(),
        mode.word(),
        counted(imported.entries, "entry"),
        counted(count(Kind::Differs), "difference"),
        count(Kind::LeftOut)
    )];
    imported.notes.iter().for_each(|note| describe(note, &mut lines));
    lines
}

fn describe(note: &Note, lines: &mut Vec<String>) {
    let at = if note.line == 0 { String::new() } else { format!("line {}, ", note.line) };
    lines.push(format!("  {at}{}: {}", note.kind.word(), note.text));
    if let Some(shown) = &note.shown {
        lines.push(format!("    call:  {}", shown.call()));
        lines.push(format!("    there: {}", shown.theirs));
        lines.push(format!("    here:  {}", shown.ours));
    }
}
