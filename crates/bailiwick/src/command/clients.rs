//! `bailiwick clients`: which clients are here, where their configurations lie, and how their servers are launched.

use bailiwick_clients::config::{Broken, Launch, Server};
use bailiwick_clients::table::System;
use bailiwick_clients::wrap::State;
use bailiwick_engine::Scanner;
use bailiwick_record::audit::visible;
use serde_json::{Value, json};

use crate::args::clients::{ClientsArgs, TextFormat};
use crate::exit::{self, Failure};
use crate::installed::{self, Installed, Survey, shown};
use crate::launching;
use crate::say::{self, BAD, BOLD, DIM, GOOD, WARN};

pub(crate) fn run(args: &ClientsArgs) -> Result<i32, Failure> {
    if args.known {
        return known(args);
    }
    let survey = installed::survey(&args.choice)?;
    let scanner = Scanner::new();
    match args.format {
        TextFormat::Json => say::line(&json_of(&survey, &scanner).to_string()),
        TextFormat::Human => human(&survey, &scanner),
    }
    Ok(if survey.files.is_empty() { exit::NOTHING } else { exit::OK })
}

/// How a server is launched, in a word.
pub(crate) fn state_word(server: &Server) -> &'static str {
    match (&server.launch, State::of(server)) {
        (Launch::Remote { .. }, _) => "remote",
        (Launch::Stdio(_), State::Bare) => "bare",
        (Launch::Stdio(_), State::ByHand) => "by hand",
        (Launch::Stdio(_), State::Ours { wrapper, .. }) => {
            match (wrapper.is_enforced(), wrapper.is_recorded()) {
                (true, true) => "enforced, recorded",
                (true, false) => "enforced",
                (false, _) => "recorded",
            }
        }
    }
}

/// A server's own command or address, with secrets masked.
pub(crate) fn target(server: &Server, scanner: &Scanner) -> String {
    let text = match (&server.launch, State::of(server)) {
        (Launch::Remote { url, .. }, _) => url.text.clone(),
        (Launch::Stdio(_), State::Ours { inner, .. }) => launching::masked(&inner, scanner).join(" "),
        (Launch::Stdio(_), State::Bare | State::ByHand) => {
            launching::masked(&server.words(), scanner).join(" ")
        }
    };
    visible(&scanner.redact_secrets(&text))
}

fn human(survey: &Survey, scanner: &Scanner) {
    if survey.files.is_empty() {
        say::line("no configuration of any client was found; `bailiwick clients --known` names the places");
    }
    for installed in &survey.files {
        let name =
            survey.table.clients.get(&installed.found.client).map_or("", |client| client.name.as_str());
        let scope = installed.found.kind.scope.as_str();
        let path = shown(&installed.found.path);
        say::line(&format!("{BOLD}{name}{BOLD:#} {DIM}({}, {scope}){DIM:#} {path}", installed.found.client));
        servers(installed, scanner);
    }
    for (path, why) in &survey.not_inspected {
        say::line(&format!("{WARN}not inspected:{WARN:#} {}: {}", shown(path), visible(why)));
    }
}

fn servers(installed: &Installed, scanner: &Scanner) {
    let loaded = match &installed.state {
        Ok(loaded) => loaded,
        Err(unreadable) => {
            let place = unreadable.place.map(|place| format!("{}:{}: ", place.line, place.column));
            let place = place.unwrap_or_default();
            say::line(&format!("  {BAD}not read:{BAD:#} {place}{}", visible(&unreadable.why)));
            return;
        }
    };
    let widest = loaded.config.servers.iter().map(|server| server.name.chars().count()).max().unwrap_or(0);
    for server in &loaded.config.servers {
        let state = state_word(server);
        let style = match state {
            "bare" => WARN,
            "remote" => DIM,
            _ => GOOD,
        };
        let (name, width) = (visible(&server.name), widest.min(NAME_WIDTH_MAX));
        let off = if server.is_enabled { "" } else { " (switched off)" };
        let project = server.container.get(1).filter(|_| server.container.len() > 2);
        let project =
            project.map(|project| format!(" {DIM}in {}{DIM:#}", visible(project))).unwrap_or_default();
        let target = target(server, scanner);
        say::line(&format!("  {name:width$}  {style}{state:8}{style:#}  {target}{off}{project}"));
    }
    for broken in &loaded.config.broken {
        let place = loaded.place(broken.at);
        let (line, column, why) = (place.line, place.column, visible(&broken.why));
        say::line(&format!("  {}  {BAD}broken{BAD:#}    {line}:{column}: {why}", visible(&broken.name)));
    }
    if loaded.config.servers.is_empty() && loaded.config.broken.is_empty() {
        say::line(&format!("  {DIM}no servers{DIM:#}"));
    }
}

const NAME_WIDTH_MAX: usize = 24;

/// The form of version 1; members are added, never changed.
fn json_of(survey: &Survey, scanner: &Scanner) -> Value {
    let files: Vec<Value> = survey.files.iter().map(|installed| file_json(installed, scanner)).collect();
    let left: Vec<Value> = survey
        .not_inspected
        .iter()
        .map(|(path, why)| json!({ "path": path.to_string_lossy(), "why": why }))
        .collect();
    json!({ "version": 1, "files": files, "notInspected": left })
}

fn file_json(installed: &Installed, scanner: &Scanner) -> Value {
    let found = &installed.found;
    let (client, scope) = (&found.client, found.kind.scope.as_str());
    let (path, format) = (found.path.to_string_lossy(), found.kind.format.as_str());
    let loaded = match &installed.state {
        Ok(loaded) => loaded,
        Err(unreadable) => {
            let line = unreadable.place.map(|place| place.line);
            return json!({
                "client": client, "scope": scope, "path": path, "format": format,
                "error": unreadable.why, "line": line,
            });
        }
    };
    let server = |server: &Server| {
        let place = loaded.place(server.name_span.start);
        json!({
            "name": server.name, "container": server.container, "state": state_word(server),
            "enabled": server.is_enabled, "target": target(server, scanner),
            "line": place.line, "column": place.column,
        })
    };
    let broken = |broken: &Broken| {
        let place = loaded.place(broken.at);
        json!({ "name": broken.name, "why": broken.why, "line": place.line, "column": place.column })
    };
    let servers: Vec<Value> = loaded.config.servers.iter().map(server).collect();
    let broken: Vec<Value> = loaded.config.broken.iter().map(broken).collect();
    json!({
        "client": client, "scope": scope, "path": path, "format": format,
        "servers": servers, "broken": broken,
    })
}

fn known(args: &ClientsArgs) -> Result<i32, Failure> {
    let table = installed::table(&args.choice)?;
    let chosen = |id: &String| args.choice.clients.is_empty() || args.choice.clients.contains(id);
    let mut all = Vec::new();
    for client in table.clients.values().filter(|client| chosen(&client.id)) {
        let places: Vec<(&str, String)> = client
            .files
            .iter()
            .flat_map(|file| {
                let patterns = table.patterns(file, System::own());
                patterns.into_iter().map(|pattern| (file.scope.as_str(), pattern))
            })
            .collect();
        if args.format == TextFormat::Human {
            say::line(&format!("{BOLD}{}{BOLD:#} {DIM}({}){DIM:#}", client.name, client.id));
            places.iter().for_each(|(scope, pattern)| say::line(&format!("  {scope:8} {pattern}")));
        }
        let places: Vec<Value> =
            places.iter().map(|(scope, pattern)| json!({ "scope": scope, "path": pattern })).collect();
        all.push(json!({ "id": client.id, "name": client.name, "places": places }));
    }
    if args.format == TextFormat::Json {
        say::line(&json!({ "version": 1, "clients": all }).to_string());
    }
    Ok(exit::OK)
}
