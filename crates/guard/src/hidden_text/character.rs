//! Which characters are invisible, and where they belong.

/// Why a character is not seen.
pub(super) enum Hidden {
    /// ESC or the C1 form of a sequence introducer.
    Escape,
    Control,
    /// A tag character, with the ASCII character that it repeats.
    Tag(char),
    TagEnd,
    Variation,
    VariationSupplement,
    /// U+200C and U+200D, which some scripts and emoji need.
    Joiner,
    ZeroWidth,
    ByteOrderMark,
    SoftHyphen,
    Filler,
    Isolate,
    Override,
    Other,
}

/// The kind of an invisible character; none for a visible one and for white space.
pub(super) fn classify(character: char) -> Option<Hidden> {
    Some(match character {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' => return None,
        '\u{1b}' | '\u{90}' | '\u{98}' | '\u{9b}' | '\u{9d}'..='\u{9f}' => Hidden::Escape,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Hidden::Control,
        '\u{ad}' => Hidden::SoftHyphen,
        '\u{200c}' | '\u{200d}' => Hidden::Joiner,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{61c}' => Hidden::ZeroWidth,
        '\u{feff}' => Hidden::ByteOrderMark,
        '\u{202a}' | '\u{202b}' | '\u{202c}' | '\u{2066}'..='\u{2069}' => Hidden::Isolate,
        '\u{202d}' | '\u{202e}' => Hidden::Override,
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => Hidden::Filler,
        '\u{fe00}'..='\u{fe0f}' => Hidden::Variation,
        '\u{e0100}'..='\u{e01ef}' => Hidden::VariationSupplement,
        '\u{e0020}'..='\u{e007e}' => Hidden::Tag(char::from_u32(u32::from(character) - 0xE_0000)?),
        '\u{e007f}' => Hidden::TagEnd,
        '\u{34f}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180e}'
        | '\u{2061}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}' => Hidden::Other,
        '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' => Hidden::Other,
        '\u{e0000}'..='\u{e0fff}' => Hidden::Tag('\0'),
        _ => return None,
    })
}

/// True if a variation selector belongs behind `base`. Standardised variations follow symbols, digits, CJK, Myanmar,
/// Mongolian and mathematical characters, never a Latin letter; the supplement is for ideographs only.
pub(super) fn takes_variation(base: Option<char>, supplement: bool) -> bool {
    let Some(base) = base else { return false };
    if supplement { is_ideograph(base) } else { !base.is_ascii_alphabetic() && !base.is_whitespace() }
}

/// True if what stands between the two hides inside a word of a script that needs no joiners.
pub(super) fn joins_letters(before: Option<char>, after: Option<char>) -> bool {
    let alphabetic = |side: Option<char>| side.is_some_and(|c| c < '\u{590}' && c.is_alphanumeric());
    alphabetic(before) && alphabetic(after)
}

pub(super) fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        && character.is_alphabetic()
}

pub(super) fn is_hangul(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7ff}' | '\u{ffa0}'..='\u{ffdc}')
}

fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{2fdf}' | '\u{3000}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
