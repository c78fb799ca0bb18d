//! The permit: proof that the engine let these bytes go.

use std::borrow::Cow;

/// Bytes that may be sent to a peer. Only the engine makes one, and sinks take nothing else (law 2).
///
/// ```compile_fail,E0423
/// let forged = bailiwick_engine::Permitted(std::borrow::Cow::Borrowed(b"{}"));
/// ```
///
/// ```compile_fail,E0624
/// let forged = bailiwick_engine::Permitted::new(b"{}".to_vec());
/// ```
#[derive(Debug)]
pub struct Permitted<'a>(Cow<'a, [u8]>);

impl<'a> Permitted<'a> {
    pub(crate) fn new(bytes: impl Into<Cow<'a, [u8]>>) -> Permitted<'a> {
        Permitted(bytes.into())
    }

    /// One JSON text without a line end.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_owned(self) -> Permitted<'static> {
        Permitted(Cow::Owned(self.0.into_owned()))
    }
}
