//! What a policy makes of attacks, and of calls that were recorded: the engine that decides over live traffic, asked again.

mod report;

pub use report::{
    Attack, Cause, DIFFERENCES_MAX, Difference, Happened, LeftOut, REPORT_VERSION, Report, Standing, Tally,
    Traffic,
};
