//! Scripts by their words: for what a parser does not read, and against what it reads too kindly.

use std::collections::BTreeSet;

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::effect::reaches_outside;
use super::{Kind, Part, Statement, Table};

/// What a statement does that begins with the word, in lower case.
fn verb(word: &str) -> Option<Kind> {
    Some(match word {
        "select" | "values" | "table" => Kind::Select,
        "insert" | "replace" => Kind::Insert,
        "update" => Kind::Update,
        "delete" => Kind::Delete,
        "merge" | "upsert" => Kind::Merge,
        "create" | "alter" | "drop" | "truncate" | "rename" | "reindex" | "comment" => Kind::Ddl,
        "grant" | "revoke" | "deny" => Kind::Dcl,
        "begin" | "commit" | "rollback" | "savepoint" | "release" | "start" => Kind::Transaction,
        "set" | "reset" => Kind::Set,
        "pragma" => Kind::Pragma,
        "copy" | "unload" | "bulk" => Kind::Copy,
        "call" | "exec" | "execute" | "prepare" | "do" => Kind::Call,
        "explain" | "describe" | "desc" => Kind::Explain,
        "show" => Kind::Show,
        "use" => Kind::Use,
        "attach" | "detach" => Kind::Attach,
        "load" | "install" => Kind::Load,
        "vacuum" | "analyze" | "flush" | "kill" | "optimize" | "shutdown" | "backup" | "restore"
        | "reconfigure" => Kind::Admin,
        _ => return None,
    })
}

/// One statement that does all that any word of the text may say, twice where there may be two.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let separates = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'));
    for word in text.split(separates).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        // `/*!50000delete`
        let bare = word.trim_start_matches(|digit: char| digit.is_ascii_digit());
        if bare.len() < word.len() && !bare.is_empty() {
            names.insert(bare.to_owned());
        }
        names.insert(word);
    }
    let spaced = text.split(['"', '`', '[', ']']).filter(|name| name.contains(char::is_whitespace));
    let spaced: Vec<&str> = spaced.filter(|name| name.len() <= NAME_BYTES_MAX).collect();
    let kinds = names.iter().filter_map(|word| verb(word)).chain([Kind::Other]).collect();
    let outside = |word: &String| {
        reaches_outside(word)
            || matches!(word.as_str(), "outfile" | "dumpfile" | "infile" | "copy" | "program" | "attach")
    };
    let table = |name: &str| Table { parts: vec![Part { name: name.to_owned(), quoted: false }] };
    let one = Statement {
        kinds,
        outside: names.iter().any(outside),
        tables: names.iter().map(String::as_str).chain(spaced).map(table).collect(),
        functions: names,
    };
    if text.contains(';') { vec![one.clone(), one] } else { vec![one] }
}

/// Longest name in quotes that is taken for one, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// True if `ONLY` stands before a table, which the parser takes for a table or a function of that name.
pub(super) fn has_only(tokens: &[TokenWithSpan]) -> bool {
    let mut before = String::new();
    for token in tokens.iter().map(|token| &token.token) {
        let now = match token {
            Token::Whitespace(_) => continue,
            Token::Word(Word { value, quote_style: None, .. }) => value.to_lowercase(),
            Token::Comma => ",".to_owned(),
            Token::LParen => "(".to_owned(),
            _ => String::new(),
        };
        let leads = matches!(
            before.as_str(),
            "from" | "join" | "update" | "into" | "table" | "truncate" | "lateral" | "using" | "," | "("
        );
        if now == "only" && leads {
            return true;
        }
        before = now;
    }
    false
}

/// What words say that could begin a statement of their own, where nothing before or behind them says that they do not.
pub(super) fn verbs(tokens: &[TokenWithSpan]) -> BTreeSet<Kind> {
    let words: Vec<&Token> = tokens
        .iter()
        .map(|token| &token.token)
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .collect();
    let text = |token: Option<&&Token>| match token {
        Some(Token::Word(Word { value, quote_style: None, .. })) => value.to_lowercase(),
        _ => String::new(),
    };
    let mut out = BTreeSet::new();
    for (at, token) in words.iter().enumerate() {
        let word = text(Some(token));
        let Some(kind) = BEGINS.contains(&word.as_str()).then(|| verb(&word)).flatten() else { continue };
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        let behind = words.get(at.saturating_add(1));
        let part = matches!(before, Some(Token::Period))
            || matches!(behind, Some(Token::Period | Token::LParen | Token::Eq));
        if !part && !LEADS.contains(&text(before).as_str()) {
            out.insert(kind);
        }
    }
    out
}

/// Words that begin statements, and that hardly anybody names a column by.
const BEGINS: &[&str] = &[
    "insert",
    "update",
    "delete",
    "merge",
    "create",
    "alter",
    "drop",
    "truncate",
    "grant",
    "revoke",
    "exec",
    "execute",
    "call",
    "attach",
    "detach",
    "pragma",
    "vacuum",
    "shutdown",
    "reconfigure",
    "bulk",
    "deny",
    "kill",
    "backup",
    "restore",
];

/// Words behind which they belong to the statement around: `ON DELETE CASCADE`, `FOR UPDATE`, `THEN INSERT`.
const LEADS: &[&str] = &[
    "on", "for", "key", "do", "then", "after", "before", "or", "of", "instead", "to", "as", "grant",
    "revoke", "deny", "not", "and", "no", "explain", "analyze", "verbose",
];
