//! The policies that come with the binary, by name.

/// Their names: three for one person, from lenient to strict, then layers to put beside another.
pub const BUNDLED: &[&str] =
    &["permissive", "standard", "paranoid", "temporal", "org-baseline", "team-support"];

/// The text of a bundled policy.
#[must_use]
pub fn bundled(name: &str) -> Option<&'static str> {
    match name {
        "permissive" => Some(include_str!("../policies/permissive.yaml")),
        "standard" => Some(include_str!("../policies/standard.yaml")),
        "paranoid" => Some(include_str!("../policies/paranoid.yaml")),
        "temporal" => Some(include_str!("../policies/temporal.yaml")),
        "org-baseline" => Some(include_str!("../policies/org-baseline.yaml")),
        "team-support" => Some(include_str!("../policies/team-support.yaml")),
        _ => None,
    }
}
