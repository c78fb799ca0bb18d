//! What a policy makes of attacks, and of calls that were recorded: the engine that decides over live traffic, asked again.

mod again;
mod attack;
mod exact;
mod kind;
mod links;
mod pack;
mod report;
mod tally;
mod traffic;
mod trial;

#[cfg(test)]
mod tests;

pub use again::{Again, Decided, Input, LinksThen};
pub use attack::{Battery, attack};
pub use exact::{Exactly, Then};
pub use kind::kinds;
pub use links::{Fact, Recalled};
pub use pack::{Deed, PACK_BYTES_MAX, Pack, PackError, Planned, Step, built_in};

pub use report::{
    Attack, Cause, DIFFERENCES_MAX, Difference, Exact, Happened, LeftOut, Otherwise, REPORT_VERSION, Report,
    Standing, Tally, Traffic,
};
pub use traffic::{Place, Recorded, Replayer, RunAbout};
