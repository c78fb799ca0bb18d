//! A server on rmcp with what the official conformance suite asks of one: legacy sessions with resumption, 2026-07-28, and the
//! tasks extension. `PORT=3913 reference` serves at http://127.0.0.1:PORT/mcp.

mod answers;
mod asks;
mod jobs;
mod server;

use std::env;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;

use self::server::Reference;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let port: u16 = env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    writeln!(io::stdout(), "listening {}", listener.local_addr()?.port())?;
    let sessions = Arc::new(LocalSessionManager::default());
    let reference = Reference::new(&sessions);
    let config = StreamableHttpServerConfig::default()
        .with_sse_retry(Some(RETRY))
        .with_allowed_origins(["http://localhost:*", "http://127.0.0.1:*"]);
    let service = StreamableHttpService::new(move || Ok(reference.clone()), sessions, config);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let service = service.clone();
                async move { Ok::<_, std::convert::Infallible>(service.handle(request).await) }
            });
            // A client that hangs up is no concern of the others.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// How soon a client comes back after its stream was closed.
const RETRY: Duration = Duration::from_millis(500);
