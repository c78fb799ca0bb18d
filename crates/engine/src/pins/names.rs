//! What the name of a tool says that it does, and how long a name may be.

/// Longest name that is remembered, in bytes. What has a longer one differs, always.
pub(super) const NAME_BYTES_MAX: usize = 4 << 10;
pub(super) const TOO_LONG: &str = "its name is longer than 4096 bytes";

/// True if a tool of that name shows what is in files or the like.
pub(super) fn reads_text(tool: &str) -> bool {
    let words = words_of(tool);
    let any = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
    let reads = any(&["read", "view", "cat", "open", "show", "get", "load"]);
    let text =
        ["file", "files", "text", "document", "doc", "note", "page", "cell", "notebook", "source", "code"];
    reads && (words.len() == 1 || any(&text) || any(&["content", "contents", "lines"]))
}

/// True if a tool of that name changes files or the like.
pub(super) fn writes_text(tool: &str) -> bool {
    let writes =
        ["write", "edit", "update", "patch", "replace", "save", "put", "insert", "append", "overwrite"];
    words_of(tool).iter().any(|word| writes.contains(&word.as_str()))
}

/// `readTextFile` and `read-text_file` are three words.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let begins = !character.is_alphanumeric() || (character.is_uppercase() && before.is_lowercase());
        if begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}
