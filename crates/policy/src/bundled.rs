//! The policies that come with the binary, by name.

use crate::words::nearest;

/// One of them.
struct Bundled {
    name: &'static str,
    text: &'static str,
}

macro_rules! bundle {
    ($($name:literal)+) => {
        /// Their names: three for one person, from lenient to strict, then layers to put beside another, then one for each
        /// well-known server.
        pub const BUNDLED: &[&str] = &[$($name),+];

        const ALL: &[Bundled] = &[$(Bundled { name: $name, text: include_str!(concat!("../policies/", $name, ".yaml")) }),+];
    };
}

bundle! {
    "permissive" "standard" "paranoid"
    "temporal" "org-baseline" "team-support"
    "filesystem" "git" "github" "fetch" "postgres" "sqlite" "slack" "puppeteer" "playwright" "memory"
}

/// The text of a bundled policy.
#[must_use]
pub fn bundled(name: &str) -> Option<&'static str> {
    ALL.iter().find(|bundled| bundled.name == name).map(|bundled| bundled.text)
}

/// "did you mean …", where a bundled policy is called nearly so.
#[must_use]
pub fn meant(name: &str) -> Option<String> {
    nearest(name, BUNDLED.iter().copied()).map(|near| format!("did you mean `{near}`?"))
}
