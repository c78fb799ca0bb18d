//! Patterns that name a folder with all below it, such as `/work/app/**`: compared as text, without an automaton.

use crate::glob::Symbol;

/// Folders, where every pattern of a set is one.
#[derive(Debug)]
pub(crate) struct Folders {
    /// Without a `/` at the end; the root is empty.
    folders: Vec<String>,
    /// ASCII case does not count.
    fold: bool,
}

impl Folders {
    /// `None` if a pattern is of another form.
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = &'p [Symbol]>, fold: bool) -> Option<Folders> {
        Some(Folders { folders: patterns.map(folder).collect::<Option<_>>()?, fold })
    }

    /// True if the normalised absolute `path` is one of the folders, or below one.
    pub(crate) fn hold(&self, path: &str) -> bool {
        self.folders.iter().any(|folder| {
            let Some((head, below)) = path.as_bytes().split_at_checked(folder.len()) else { return false };
            let same =
                head == folder.as_bytes() || (self.fold && head.eq_ignore_ascii_case(folder.as_bytes()));
            same && matches!(below.first(), None | Some(b'/'))
        })
    }
}

/// The folder of an absolute pattern whose only wildcard is `**` at its end.
fn folder(pattern: &[Symbol]) -> Option<String> {
    let [folder @ .., slash, one, two] = pattern else { return None };
    let ends = slash.character == '/' && one.is('*') && two.is('*');
    let wild = |symbol: &Symbol| ['*', '?', '[', ']', '{', '}', '\\'].iter().any(|wild| symbol.is(*wild));
    let plain = |symbol: &Symbol| symbol.character.is_ascii_graphic() && !wild(symbol);
    if !ends || !folder.iter().all(plain) {
        return None;
    }
    let text: String = folder.iter().map(|symbol| symbol.character).collect();
    let (root, segments) = text.split_once('/').unwrap_or((&text, "x"));
    let normal = segments.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    (root.is_empty() && normal).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::Folders;
    use crate::glob::{Symbol, symbols};
    use crate::path::{Base, expression};
    use crate::set::{Set, Syntax};

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_folder_holds_what_its_pattern_matches(
            pattern in "(/(work|App|a|b c|\\.x|-)){0,3}/\\*\\*",
            literal in "(/(work|\\*|\\?a|\\{b\\}))?",
            path in "(/(work|WORK|App|app|a|A|b c|\\.x|-|\\*|\\?a|\\{b\\}|é|\n)){0,4}/?",
            fold: bool,
        ) {
            let base = Base { workspace: "/w".into(), workspace_known: true, home: None };
            let glob: Vec<Symbol> = symbols(&literal, true).chain(symbols(&pattern, false)).collect();
            let compiled = expression(&glob, &base, false).expect("a pattern");
            let set = Set::new(&[compiled], Syntax::Glob { fold }).expect("a set");
            if let Some(folders) = Folders::new(std::iter::once(glob.as_slice()), fold) {
                proptest::prop_assert_eq!(folders.hold(&path), set.is_match(&path), "{:?} {:?}", glob, path);
            }
        }
    }

    #[test]
    fn only_plain_absolute_folders_are_folders() {
        let known = |pattern: &str| {
            let glob: Vec<Symbol> = symbols(pattern, false).collect();
            Folders::new(std::iter::once(glob.as_slice()), false).is_some()
        };
        for pattern in ["/**", "/work/**", "/work/a.b/**"] {
            assert!(known(pattern), "{pattern}");
        }
        for pattern in
            ["**", "a/**", "./a/**", "~/**", "/*/**", "/a/*", "/a", "/a/../b/**", "//**", "C:/a/**", "/é/**"]
        {
            assert!(!known(pattern), "{pattern}");
        }
    }
}
