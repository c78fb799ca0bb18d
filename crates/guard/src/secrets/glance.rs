//! The first look for secrets: one walk over the blocks of a text, which tells what of it is worth a second one.

use std::ops::ControlFlow;

use super::disguise::{is_cut_at, is_glued_at, may_begin_at};
use crate::block::places;
use crate::runs::RUN_BYTES_MIN;
use crate::shape::{Shape, Sign};

/// What stands in a text, as far as it was walked.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// A run of letters, digits, `_` and `-` that is as long as a token.
    pub(super) token: bool,
    /// The same with the signs of base64, if it was asked for.
    pub(super) code: bool,
    /// `@`, or another sign that stands for a letter.
    pub(super) user: bool,
    /// Two dashes, of which the frame of a key has five.
    pub(super) frame: bool,
    /// Percent signs and the like.
    pub(super) escape: bool,
    /// Single characters between blanks.
    pub(super) row: bool,
    /// Halves of what may be a token.
    pub(super) cut: bool,
    /// Characters that are not ASCII.
    pub(super) wide: bool,
    /// How long the runs are with which the last block ends.
    token_bytes: u32,
    code_bytes: u32,
    /// The bytes of the last block that may be of a half.
    halves: u64,
}

impl Glance {
    /// What stands in a whole text.
    pub(super) fn of(text: &str) -> Glance {
        let mut glance = Glance::default();
        let _ = Shape::each(text.as_bytes(), |start, here, _| {
            glance.block::<true>(text, start, here);
            ControlFlow::Continue(())
        });
        glance
    }

    /// Looks at the next block, which begins at `start`. With `CODE` all is told, without what a disguised secret has only
    /// where its halves are not cut.
    #[inline]
    pub(crate) fn block<const CODE: bool>(&mut self, text: &str, start: usize, here: &Shape) {
        let (mut token, mut code, mut half) = (here.word(), here.word(), here.word());
        if here.odd != 0 {
            let (dash, plus) = (here.is(Sign::Dash), here.is(Sign::Plus));
            token |= dash;
            code |= dash | plus;
            half |= dash | plus | here.is(Sign::Dot) | here.is(Sign::Equals);
            self.user |= here.has([Sign::Letter]);
            self.cut |= here.has([Sign::Quote])
                && places(here.is(Sign::Quote)).any(|at| is_glued_at(text.as_bytes(), start + at));
            if CODE {
                self.frame |= dash & dash >> 1 != 0;
                self.escape |= here.has([Sign::Escape]);
            }
        }
        self.token |= is_long(token, &mut self.token_bytes);
        if CODE {
            self.code |= is_long(code, &mut self.code_bytes);
            let two = here.spaces & here.spaces >> 2;
            self.row |= two & two >> 4 & FIRST_OR_SECOND != 0;
            self.wide |= here.wide != 0;
        }
        if here.ends != 0 {
            for at in places(here.ends & behind_four(half, self.halves)) {
                // A half that begins in this block begins as a token does, or is none.
                let bytes = (half << (u64::BITS - 1 - at as u32) << 1).leading_ones() as usize;
                let known = (bytes < at).then(|| start + at - bytes);
                let begins = known.is_none_or(|from| may_begin_at(text.as_bytes(), from));
                self.cut |= begins && is_cut_at(text, start + at);
            }
        }
        self.halves = half;
    }

    /// True if there is something already that no clear text has.
    pub(crate) fn is_enough(&self) -> bool {
        self.token | self.cut
    }
}

/// True if the block has a long run, or ends one that goes before it, of which so many bytes are known.
#[inline]
fn is_long(mask: u64, bytes: &mut u32) -> bool {
    let pairs = mask & mask >> 1;
    let fours = pairs & pairs >> 2;
    let eights = fours & fours >> 4;
    let before = *bytes + mask.trailing_ones();
    *bytes = if mask == u64::MAX { RUN_BITS } else { mask.leading_ones() };
    eights & eights >> 8 != 0 || before >= RUN_BITS
}

/// Two eights are a run.
const RUN_BITS: u32 = 16;
const _: () = assert!(RUN_BYTES_MIN == 16);

/// The bytes behind four of these, of which the last block ends with some.
#[inline]
fn behind_four(mask: u64, last: u64) -> u64 {
    let at = |by: u32| mask << by | last >> (u64::BITS - by);
    at(1) & at(2) & at(3) & at(4)
}

/// The first and second of every aligned eight bytes.
pub(super) const FIRST_OR_SECOND: u64 = 0x0303_0303_0303_0303;
