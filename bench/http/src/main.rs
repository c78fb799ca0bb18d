//! The parties of `cargo xtask bench http`: an upstream that does as little as a server can, no-op proxies, and the load.
//! Each is a process of its own, so that the proxy's cost can be told from the others'. All stay on 127.0.0.1.

mod load;
mod proxy;
mod sessions;
mod template;
mod upstream;
mod wire;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["upstream"] => upstream::run(),
        ["proxy", "shared", target] => proxy::shared(address(target)?),
        ["proxy", "per-core", target] => proxy::per_core(address(target)?),
        ["load", target, concurrency, milliseconds, how @ ("exactly" | "loosely"), tool] => {
            let time = Duration::from_millis(milliseconds.parse()?);
            load::run((address(target)?, tool), concurrency.parse()?, time, *how == "loosely")
        }
        ["calls", target, count] => load::count(address(target)?, count.parse()?),
        ["sessions", target, count] => sessions::run(address(target)?, count.parse()?),
        _ => bail!("see `cargo xtask bench http`"),
    }
}

fn address(word: &str) -> Result<SocketAddr> {
    let address: SocketAddr = word.parse().with_context(|| format!("`{word}` is no address"))?;
    anyhow::ensure!(address.ip().is_loopback(), "only loopback is loaded");
    Ok(address)
}
