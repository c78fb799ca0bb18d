//! `mcp-proxy` of crates.io between clients and one upstream, as its documentation embeds it: no middleware, no log.

use anyhow::{Context, Result};
use axum::Router;
use mcp_proxy::ProxyBuilder;
use tokio::net::TcpListener;

/// Its tools are called `bench/…`.
const BACKEND: &str = "bench";

#[tokio::main]
async fn main() -> Result<()> {
    let upstream = std::env::args().nth(1).context("the address of the upstream is missing")?;
    let proxy = ProxyBuilder::new("bench").http_backend(BACKEND, upstream).build().await?;
    let (routes, _sessions) = proxy.into_router();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("serving http://{}/mcp", listener.local_addr()?);
    Ok(axum::serve(listener, Router::new().nest_service("/mcp", routes)).await?)
}
