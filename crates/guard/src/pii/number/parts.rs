//! Numbers beside which other digits stand: `2 4539 1488 0343 6467 12/27`.

use std::ops::Range;

use super::{Found, Run, SOCIAL, is_card, is_social};
use crate::guard::Level;

/// How cards and social security numbers are grouped. Other groupings count only where nothing stands beside them.
const GROUPINGS: [&[usize]; 10] =
    [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[13], &[14], &[15], &[16], &[19], &[3, 2, 4]];

/// Every number in `run` that its groups make one; `glued` says that its start and its end are no ends of a word.
pub(super) fn find(run: &Run, glued: (bool, bool), bytes: &[u8], found: &mut Vec<Found>) {
    let groups: Vec<Range<usize>> = run.groups().collect();
    let mut first = usize::from(glued.0);
    while let Some(group) = groups.get(first) {
        if !matches!(group.len(), 3 | 4 | 13..=16 | 19) {
            first += 1;
            continue;
        }
        let ends = GROUPINGS
            .iter()
            .filter(|grouping| fits(grouping, &groups, first))
            .map(|grouping| first + grouping.len());
        let ends = ends.filter(|end| !glued.1 || *end < groups.len());
        let number = ends.filter_map(|end| Some((end, judge(run, &groups, first..end, bytes)?))).next();
        first = number.as_ref().map_or(first + 1, |(end, _)| *end);
        // Where two pieces overlap it was found already.
        let done = found.last().map_or(0, |(_, span, _)| span.end);
        found.extend(number.map(|(_, number)| number).filter(|(_, span, _)| span.start >= done));
    }
}

fn fits(grouping: &[usize], groups: &[Range<usize>], first: usize) -> bool {
    let groups = groups.get(first..first + grouping.len());
    groups.is_some_and(|groups| groups.iter().map(ExactSizeIterator::len).eq(grouping.iter().copied()))
}

fn judge(run: &Run, groups: &[Range<usize>], part: Range<usize>, bytes: &[u8]) -> Option<Found> {
    let (before, behind) = (part.start.checked_sub(1).and_then(|at| groups.get(at)), groups.get(part.end));
    let span = groups.get(part.start)?.start..groups.get(part.end - 1)?.end;
    let shape = run.shape.get(span.clone())?;
    let original = |span: &Range<usize>| run.span.start + span.start..run.span.start + span.end;
    let digits = |span: &Range<usize>| -> String {
        let written = bytes.get(original(span)).unwrap_or_default().iter();
        written.filter(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect()
    };
    let signs = [
        before.and_then(|before| run.shape.get(before.end..span.start)),
        behind.and_then(|behind| run.shape.get(span.end..behind.start)),
    ];
    let number = || Run { digits: digits(&span), span: original(&span), shape: shape.to_owned() };
    if shape == SOCIAL {
        let blanks = signs.iter().flatten().all(|sign| *sign == " ");
        let number = number();
        return (blanks && is_social(&number, bytes)).then_some((
            "social-security-number",
            number.span,
            Level::Certain,
        ));
    }
    let grouped = part.len() > 1;
    // A fraction, or a longer number, is no card.
    let apart = |sign: &&str| *sign == " " || (grouped && *sign == "-" && !shape.contains('-'));
    // One more group of four may be one more number of a table.
    let four = before.is_some_and(|before| before.len() == 4);
    let dated = || behind.is_none_or(|behind| behind.len() != 4 || is_expiry(&digits(behind)));
    if !signs.iter().flatten().all(apart) || (grouped && (four || !dated())) {
        return None;
    }
    let number = number();
    is_card(&number).then_some(("card-number", number.span, Level::Certain))
}

/// `MMYY` or a year, such as stand behind a card.
fn is_expiry(digits: &str) -> bool {
    let number: u32 = digits.parse().unwrap_or(0);
    (2_020..2_060).contains(&number)
        || ((1..=12).contains(&(number / 100)) && (20..60).contains(&(number % 100)))
}
