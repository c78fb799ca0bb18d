//! Sessions that are opened and left or deleted, for what they cost in memory.

use std::io::BufRead as _;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::net::TcpStream;

use crate::load::Client;
use crate::wire::Wire;

/// Obeys words on standard input, a line each: `open` opens `count` sessions and leaves them, `churn` opens as many and
/// deletes each. Says `done` after each.
pub(crate) fn run(target: SocketAddr, count: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for word in std::io::stdin().lock().lines() {
        let delete = word? == "churn";
        runtime.block_on(async {
            let stream = TcpStream::connect(target).await.context("cannot connect")?;
            let mut wire = Wire::new(stream);
            for _ in 0..count {
                let client = Client::begin(wire, target).await?;
                wire = if delete { client.delete().await? } else { client.leave() };
            }
            anyhow::Ok(())
        })?;
        println!("done");
    }
    Ok(())
}
