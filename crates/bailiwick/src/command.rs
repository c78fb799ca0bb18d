//! One file per subcommand.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod bridge;
pub(crate) mod clients;
pub(crate) mod demo;
pub(crate) mod enforce;
pub(crate) mod explain;
pub(crate) mod gateway;
pub(crate) mod guards;
pub(crate) mod infer;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod policy;
pub(crate) mod quarantine;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod status;
pub(crate) mod supervise;
