//! The policies that come with the binary, by name.

/// Their names, from lenient to strict.
pub const BUNDLED: &[&str] = &["permissive", "standard", "paranoid"];

/// The text of a bundled policy.
#[must_use]
pub fn bundled(name: &str) -> Option<&'static str> {
    match name {
        "permissive" => Some(include_str!("../policies/permissive.yaml")),
        "standard" => Some(include_str!("../policies/standard.yaml")),
        "paranoid" => Some(include_str!("../policies/paranoid.yaml")),
        _ => None,
    }
}
