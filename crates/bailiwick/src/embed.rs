//! What a program embeds.

pub(crate) mod approver;
pub(crate) mod audit;
pub(crate) mod bridge;
pub(crate) mod error;
pub(crate) mod gateway;
pub(crate) mod policies;
pub(crate) mod setup;
pub(crate) mod told;
