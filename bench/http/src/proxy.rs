//! No-op reverse proxies on hyper: both bodies are streamed, and nothing is looked at. The baseline.

use std::net::SocketAddr;
use std::thread;

use anyhow::Result;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

type Upstream = Client<HttpConnector, Incoming>;

/// One runtime for all cores, whose threads take work from each other, and one pool of connections.
pub(crate) fn shared(target: SocketAddr) -> Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = listen().await?;
        let upstream = upstream();
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(connection(stream, upstream.clone(), target));
        }
    })
}

/// A runtime and a pool for each core; a connection stays on the one that it was handed to.
pub(crate) fn per_core(target: SocketAddr) -> Result<()> {
    let cores = thread::available_parallelism()?.get();
    let mut hands = Vec::new();
    for _ in 0..cores {
        let (hand, mut handed) = mpsc::unbounded_channel::<std::net::TcpStream>();
        hands.push(hand);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::spawn(move || {
            runtime.block_on(async move {
                let upstream = upstream();
                while let Some(stream) = handed.recv().await {
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        tokio::spawn(connection(stream, upstream.clone(), target));
                    }
                }
            });
        });
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = listen().await?;
        for hand in hands.iter().cycle() {
            let (stream, _) = listener.accept().await?;
            hand.send(stream.into_std()?)?;
        }
        Ok(())
    })
}

/// Says its address in a line.
async fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(listener)
}

fn upstream() -> Upstream {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(256).build(connector)
}

async fn connection(stream: TcpStream, upstream: Upstream, target: SocketAddr) {
    let _ = stream.set_nodelay(true); // slower, and still right
    let service = service_fn(|request| pass(request, &upstream, target));
    // A connection that broke is the load's to complain of.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn pass(
    mut request: Request<Incoming>,
    upstream: &Upstream,
    target: SocketAddr,
) -> Result<Response<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri: Uri = format!("http://{target}{path}").parse()?;
    *request.uri_mut() = uri;
    request.headers_mut().remove(header::HOST);
    Ok(upstream.request(request).await?)
}
