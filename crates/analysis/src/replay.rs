//! What a policy makes of attacks, and of calls that were recorded: the engine that decides over live traffic, asked again.

mod again;
mod attack;
mod kind;
mod links;
mod pack;
mod report;
mod traffic;
mod trial;

#[cfg(test)]
mod tests;

pub use again::{Again, Decided, Input};
pub use attack::{Battery, attack};
pub use kind::kinds;
pub use links::{Fact, Recalled};
pub use pack::{Deed, PACK_BYTES_MAX, Pack, PackError, Planned, Step, built_in};

pub use report::{
    Attack, Cause, DIFFERENCES_MAX, Difference, Happened, LeftOut, REPORT_VERSION, Report, Standing, Tally,
    Traffic,
};
pub use traffic::{Place, Recorded, Replayer, RunAbout};
