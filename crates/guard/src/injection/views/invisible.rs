//! Bits in zero-width characters, and text that is shown in the other direction.

use super::{Disguise, Views};

const BITS: Disguise = Disguise::new("zero-width-bits", 300);
const OVERRIDE: Disguise = Disguise::new("right-to-left", 220);

pub(super) fn find(text: &str, views: &mut Views) {
    // All of these characters have one of two first bytes.
    let bytes = text.as_bytes();
    let (mut carriers, mut turns) = (0, 0);
    for at in memchr::memchr2_iter(0xe2, 0xef, bytes) {
        match bytes.get(at..at + 3) {
            Some([0xe2, 0x80, 0x8b..=0x8d] | [0xe2, 0x81, 0xa0] | [0xef, 0xbb, 0xbf]) => carriers += 1,
            Some([0xe2, 0x80, 0xab | 0xae] | [0xe2, 0x81, 0xa7]) => turns += 1,
            _ => {}
        }
    }
    if carriers >= BITS_MIN {
        bits(text, views);
    }
    if turns > 0 {
        overridden(text, views);
    }
}

/// Runs of two zero-width characters, one for each bit.
fn bits(text: &str, views: &mut Views) {
    let mut run: Vec<char> = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        if matches!(character, '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}')
            && run.len() < BITS_MAX
        {
            if run.is_empty() {
                start = at;
            }
            run.push(character);
            continue;
        }
        if run.len() >= BITS_MIN {
            for zero in ['\u{200b}', '\u{200c}'] {
                let bytes: Vec<u8> = run
                    .chunks_exact(8)
                    .map(|bits| bits.iter().fold(0, |byte, bit| (byte << 1) | u8::from(*bit != zero)))
                    .collect();
                views.take_bytes(&bytes, start..at, BITS);
            }
        }
        run.clear();
    }
}

const BITS_MIN: usize = 64;
const BITS_MAX: usize = 64 << 10;

/// What stands between a right-to-left override and its end, read backwards.
fn overridden(text: &str, views: &mut Views) {
    for (at, sign) in text.match_indices(['\u{202e}', '\u{202b}', '\u{2067}']) {
        let start = at + sign.len();
        let rest = text.get(start..text.floor_char_boundary(start + 4_096)).unwrap_or_default();
        let end = rest.find(['\u{202c}', '\u{2069}', '\n']).unwrap_or(rest.len());
        let inside = rest.get(..end).unwrap_or_default();
        views.take(&inside.chars().rev().collect::<String>(), at..start + end, OVERRIDE);
    }
}
