//! The inputs of `guards`: texts, JSON documents, JSON lines.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bailiwick_mcp::{Limits, Parser};

use crate::exit::Failure;

/// One thing to judge: a line of JSON lines, or a whole file.
#[derive(Debug)]
pub(crate) struct Row {
    /// Line in its file, counted from 1; none for a file that is judged as one.
    pub(crate) line: Option<usize>,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Text(String),
    /// A JSON document, valid by our own parser.
    Json(String),
}

/// Where rows came from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
}

/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Reads each file, or standard input where there is none.
pub(crate) fn read_all(files: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    if files.is_empty() {
        return Ok(vec![read(Path::new("-"))?]);
    }
    files.iter().map(|file| read(file)).collect()
}

pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
    let fails = |error| Failure::error(format!("cannot read `{}`: {error}", path.display()));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(fails)?;
    } else {
        let file = bailiwick_disk::open(path).map_err(fails)?;
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(fails)?;
    }
    // What is not UTF-8 shows as U+FFFD, which no guard takes for anything.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    Ok(Source { name, rows: rows(text) })
}

fn rows(text: String) -> Vec<Row> {
    let mut parser = Parser::default();
    let mut is_object = |line: &str| {
        parser.parse(line.as_bytes(), &Limits::DEFAULT).is_ok_and(|document| document.root().is_object())
    };
    let lines = || text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    if lines().next().is_some() && lines().all(|(_, line)| is_object(line)) {
        let row =
            |(at, line): (usize, &str)| Row { line: Some(at + 1), content: Content::Json(line.to_owned()) };
        return lines().map(row).collect();
    }
    let whole = parser.parse(text.as_bytes(), &Limits::DEFAULT).is_ok();
    vec![Row { line: None, content: if whole { Content::Json(text) } else { Content::Text(text) } }]
}
