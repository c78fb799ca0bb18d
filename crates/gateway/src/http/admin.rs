//! The admin listener: is it alive, is it ready, what did it do. On an address of its own, because it asks nobody who they are.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;

use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use super::head::Names;
use super::hub::Hub;
use super::reply::{Body, Reply};

/// Connections to the admin listener at once.
const CONNECTIONS_MAX: usize = 64;

pub(super) async fn serve(hub: Arc<Hub>, listener: TcpListener) {
    if listener.set_nonblocking(true).is_err() {
        return;
    }
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let private = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        let hub = Arc::clone(&hub);
        tokio::spawn(async move {
            let service = service_fn(|request| std::future::ready(answer(&hub, private, &request)));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(hub.limits.head_time);
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}

/// `private`: who asks stands on this machine, and may be a browser that a page of another site sends (DNS rebinding).
fn answer(hub: &Hub, private: bool, request: &Request<Incoming>) -> Result<Reply, Infallible> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let named = host.is_some_and(|host| !Names::default().knows_host(host));
    let (status, text) = match (request.method(), request.uri().path()) {
        _ if private && named => (StatusCode::FORBIDDEN, "this host is not served here\n".to_owned()),
        (&Method::GET, "/healthz") => (StatusCode::OK, "ok\n".to_owned()),
        (&Method::GET, "/readyz") if !hub.serves() => {
            (StatusCode::SERVICE_UNAVAILABLE, "ending\n".to_owned())
        }
        (&Method::GET, "/readyz") if !hub.recorder.records() => {
            (StatusCode::SERVICE_UNAVAILABLE, "the audit log cannot be written\n".to_owned())
        }
        (&Method::GET, "/readyz") => (StatusCode::OK, "ready\n".to_owned()),
        (&Method::GET, "/metrics") => (StatusCode::OK, hub.metrics.text()),
        _ => (StatusCode::NOT_FOUND, "/healthz, /readyz, /metrics\n".to_owned()),
    };
    let mut reply = Response::new(Body::Whole(Some(Bytes::from(text))));
    *reply.status_mut() = status;
    let kind = match request.uri().path() {
        "/metrics" => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    };
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(reply)
}
