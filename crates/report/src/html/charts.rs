//! Pictures as inline SVG. Colour never stands alone: what was asked is dotted, what was denied is hatched, and every
//! picture says in words what it shows, or stands beside its numbers.

use maud::{Markup, html};

use crate::page::Slice;
use crate::text::shown;

/// What a part of a bar means, in the order of the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Allow,
    Ask,
    Deny,
    Never,
}

impl Part {
    fn class(self) -> &'static str {
        match self {
            Part::Allow => "allow",
            Part::Ask => "ask",
            Part::Deny => "deny",
            Part::Never => "never",
        }
    }

    /// The pattern that lies over it.
    fn pattern(self) -> Option<&'static str> {
        match self {
            Part::Ask => Some("url(#dotted)"),
            Part::Deny => Some("url(#hatched)"),
            Part::Allow | Part::Never => None,
        }
    }
}

/// Patterns that all pictures share; once in a page.
pub(super) fn patterns() -> Markup {
    html! {
        svg.hidden width="0" height="0" aria-hidden="true" focusable="false" { defs {
            pattern #hatched width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                line.over x1="0" y1="0" x2="0" y2="5" stroke-width="2.4" {}
            }
            pattern #dotted width="5" height="5" patternUnits="userSpaceOnUse" { circle.dots cx="2.5" cy="2.5" r="1" {} }
        } }
    }
}

/// A bar of parts on a scale up to `most`. Its numbers stand beside it, so that it is hidden from those who read aloud.
pub(super) fn strip(parts: &[(Part, u64)], most: u64) -> Markup {
    let mut x = 0;
    html! {
        svg.strip aria-hidden="true" focusable="false" {
            @for (part, n) in parts.iter().filter(|(_, n)| *n > 0) {
                @let width = per_mille(*n, most).max(4);
                @for fill in [None, part.pattern()].into_iter().enumerate().filter(|(at, fill)| *at == 0 || fill.is_some()).map(|(_, fill)| fill) {
                    rect class=[fill.is_none().then(|| part.class())] fill=[fill] x=(percent(x)) y="0" width=(percent(width)) height="100%" {}
                }
                ({ x = x.saturating_add(width); "" })
            }
        }
    }
}

/// Bars over time. The words are HTML, so that they stay legible at every width.
pub(super) fn timeline(slices: &[Slice]) -> Markup {
    let sum = |slice: &Slice| slice.allowed.saturating_add(slice.asked).saturating_add(slice.denied);
    let most = slices.iter().map(sum).max().unwrap_or(1).max(1);
    let total = |of: fn(&Slice) -> u64| slices.iter().map(of).fold(0, u64::saturating_add);
    let (allowed, asked, denied) = (total(|s| s.allowed), total(|s| s.asked), total(|s| s.denied));
    let (first, last) = (slices.first(), slices.last());
    let label = format!(
        "Decisions from {} to {}: {allowed} allowed, {asked} asked about, {denied} denied; at most {most} in one bar",
        first.map(|slice| shown(&slice.from)).unwrap_or_default(),
        last.map(|slice| shown(&slice.from)).unwrap_or_default(),
    );
    let slots = u64::try_from(slices.len().max(1)).unwrap_or(u64::MAX);
    html! {
        figure.chart {
            div.plot {
                div.scale aria-hidden="true" { span { (most) } span { (most / 2) } span { "0" } }
                svg role="img" aria-label=(label) {
                    line.grid x1="0" x2="100%" y1="50%" y2="50%" {}
                    line.grid x1="0" x2="100%" y1="0" y2="0" {}
                    @for (at, slice) in (0..).zip(slices) { (bar(at, slots, slice, most)) }
                }
                div.axis aria-hidden="true" {
                    span { (first.map(|slice| shown(&slice.from)).unwrap_or_default()) }
                    @if slices.len() > 1 { span { (last.map(|slice| shown(&slice.from)).unwrap_or_default()) } }
                }
            }
            (legend(&[(Part::Deny, "denied", denied), (Part::Ask, "asked about", asked), (Part::Allow, "allowed", allowed)]))
        }
    }
}

/// One bar, what was denied at its foot, where bars are compared best.
fn bar(at: u64, slots: u64, slice: &Slice, most: u64) -> Markup {
    let mut base = 0;
    let x = percent(per_mille(at, slots).saturating_add(1));
    // A gap between bars, and never wider than a person takes for a bar.
    let width = percent(per_mille(1, slots).saturating_mul(8).saturating_div(10).clamp(4, 60));
    html! {
        g {
            title { (shown(&slice.from)) ": " (slice.allowed) " allowed, " (slice.asked) " asked about, " (slice.denied) " denied" }
            @for (part, n) in [(Part::Deny, slice.denied), (Part::Ask, slice.asked), (Part::Allow, slice.allowed)] {
                @if n > 0 {
                    @let height = per_mille(n, most).max(6);
                    @let y = 1_000_u64.saturating_sub(base).saturating_sub(height);
                    rect class=(part.class()) x=(x) width=(width) y=(percent(y)) height=(percent(height)) {}
                    @if let Some(fill) = part.pattern() { rect fill=(fill) x=(x) width=(width) y=(percent(y)) height=(percent(height)) {} }
                    ({ base = base.saturating_add(height); "" })
                }
            }
        }
    }
}

/// What the patterns mean, each with its number.
pub(super) fn legend(parts: &[(Part, &str, u64)]) -> Markup {
    html! {
        ul.legend { @for (part, name, n) in parts {
            li {
                svg aria-hidden="true" focusable="false" {
                    rect class=(part.class()) width="100%" height="100%" {}
                    @if let Some(fill) = part.pattern() { rect fill=(fill) width="100%" height="100%" {} }
                }
                (n) " " (name)
            }
        } }
    }
}

fn per_mille(n: u64, most: u64) -> u64 {
    let share = u128::from(n).saturating_mul(1_000).checked_div(u128::from(most)).unwrap_or(0);
    u64::try_from(share).unwrap_or(1_000).min(1_000)
}

fn percent(per_mille: u64) -> String {
    format!("{}.{}%", per_mille / 10, per_mille % 10)
}
