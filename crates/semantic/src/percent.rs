//! Percent-encoding (RFC 3986, section 2.1).

/// The bytes that a text stands for, decoded once. `None`: nothing in it is encoded.
#[must_use]
pub fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut decoded = false;
    while let Some((first, after)) = rest.split_first() {
        if let (b'%', [high, low, behind @ ..]) = (first, after)
            && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
        {
            out.push(u8::try_from(high << 4 | low).unwrap_or_default());
            rest = behind;
            decoded = true;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    decoded.then_some(out)
}
