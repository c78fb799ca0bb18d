//! The endpoint: one path, three methods, and the order of what is checked.

use std::sync::Arc;
use std::time::Instant;

use bailiwick_engine::{Lane, Principal};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};

use super::exchange::{Attended, Exchange};
use super::front::{Front, Map, Place, Sent};
use super::gate::{Way, Worker};
use super::head::{LAST_EVENT, Names, SESSION, check, is_type};
use super::legacy;
use super::onward::Onward;
use super::post::post;
use super::reply::{Reply, bare, challenged, closing, refuse, wrong_method};
use super::sessions::Session;
use super::stream;

/// Answers one request of a client.
pub(super) async fn serve(front: &Front, request: Request<Sent>) -> Reply {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let map = front.map();
    let mut reply = admitted(front, &map, &head, body).await;
    share(&map.names, &head, &mut reply);
    if !front.hub.serves() {
        reply = closing(reply);
    }
    front.hub.metrics.answered(word(&head.method), reply.status().as_u16(), begun.elapsed());
    reply
}

async fn admitted(front: &Front, map: &Map, head: &Parts, body: Sent) -> Reply {
    if let Err(refused) = check(head, &map.names, front.hub.limits.head_bytes_max) {
        return closing(*refused);
    }
    let Some(place) = map.paths.get(head.uri.path()) else {
        return refuse(StatusCode::NOT_FOUND, -32600, "nothing is served at this path");
    };
    if head.method == Method::OPTIONS {
        return preflight(head);
    }
    let principal = match front.hub.authenticate.principal(head).await {
        Ok(principal) => principal,
        Err(challenge) => return challenged(&challenge),
    };
    let gate = match place {
        Place::Endpoint(gate) | Place::Stream { gate, .. } | Place::Messages(gate) => gate,
        Place::Together(together) => return Box::pin(together.serve(head, body, &principal)).await,
    };
    let here = &Worker::of(gate);
    // What is rare is kept apart: each connection has room for the largest of all.
    match (place, &head.method) {
        (Place::Endpoint(_), &Method::POST) => post(here, head, body, &principal).await,
        (Place::Endpoint(_), &Method::GET) => Box::pin(listen(here, head, &principal)).await,
        (Place::Endpoint(_), &Method::DELETE) => Box::pin(end(here, head, &principal, ENDED_BY_CLIENT)).await,
        (Place::Stream { messages, .. }, &Method::GET) => {
            Box::pin(legacy::open(here, head, &principal, messages)).await
        }
        (Place::Messages(_), &Method::POST) => Box::pin(legacy::message(here, head, body, &principal)).await,
        (Place::Endpoint(_) | Place::Stream { .. } | Place::Messages(_) | Place::Together(_), _) => {
            wrong_method()
        }
    }
}

/// The session that a GET or DELETE names, or how it is refused.
fn session(here: &Worker, head: &Parts, principal: &Principal) -> Result<Arc<Session>, Box<Reply>> {
    match head.headers.get(SESSION) {
        // 2026-07-28 has neither, and a client of it falls back to nothing.
        None => Err(Box::new(wrong_method())),
        Some(id) => here
            .gate
            .sessions
            .find(id.as_bytes(), principal)
            .ok_or_else(|| Box::new(refuse(StatusCode::NOT_FOUND, -32001, "session not found"))),
    }
}

fn exchange(here: &Arc<Worker>, head: &Parts, session: &Arc<Session>) -> Exchange {
    let exchange = Exchange {
        here: Arc::clone(here),
        run: Arc::clone(&session.run),
        session: None,
        process: None,
        lane: Lane::default(),
        modern: false,
        ids: Vec::new(),
        sent: Vec::new(),
        headers: Onward::of(&head.headers, &here.gate.forward, false),
    };
    exchange.in_session(Some(Arc::clone(session)))
}

/// GET: a stream of what the server says by itself, or the rest of one that broke off.
pub(super) async fn listen(here: &Arc<Worker>, head: &Parts, principal: &Principal) -> Reply {
    let session = match session(here, head, principal) {
        Ok(session) => session,
        Err(refused) => return *refused,
    };
    let Some(counted) = session.open_stream(here.gate.limits.streams_max) else {
        return refuse(StatusCode::TOO_MANY_REQUESTS, 4029, "too many streams of one session");
    };
    let exchange = exchange(here, head, &session);
    let mut headers = exchange.headers.fields();
    if let Some(last) = head.headers.get(LAST_EVENT) {
        headers.insert(LAST_EVENT, last.clone());
    }
    let link = match (&here.way, &session.server) {
        (Way::Http(link), _) => link,
        (Way::Stdio(_), server) => {
            return match server.as_ref().and_then(|server| server.listen()) {
                Some(pieces) => stream::said(exchange, pieces, counted),
                None => refuse(StatusCode::NOT_FOUND, -32001, "session not found"),
            };
        }
    };
    match link.ask(Method::GET, headers).await {
        Ok(response)
            if response.status().is_success() && is_type(response.headers(), "text/event-stream") =>
        {
            stream::listen(Attended::new(exchange), response.into_body(), counted)
        }
        Ok(response) => refused(&exchange, &session, response.status()).await,
        Err(error) => refuse(error.status(), -32603, &error.to_string()),
    }
}

pub(super) const ENDED_BY_CLIENT: &str = "the client ended the session";

/// DELETE: the client is done with its session, whatever the server says to that.
pub(super) async fn end(here: &Arc<Worker>, head: &Parts, principal: &Principal, why: &str) -> Reply {
    let session = match session(here, head, principal) {
        Ok(session) => session,
        Err(refused) => return *refused,
    };
    let exchange = exchange(here, head, &session);
    let told = match (&here.way, &session.upstream) {
        (Way::Http(link), Some(_)) => link.ask(Method::DELETE, exchange.headers.fields()).await.ok(),
        (Way::Http(_) | Way::Stdio(_), _) => None,
    };
    exchange.end_session(&session, why).await;
    match told.map(|response| response.status()) {
        Some(status) if status.is_client_error() || status.is_server_error() => bare(status),
        Some(_) | None => bare(StatusCode::OK),
    }
}

async fn refused(exchange: &Exchange, session: &Session, status: StatusCode) -> Reply {
    if session.is_gone_by(status) {
        exchange.end_session(session, "the server does not know the session").await;
        return refuse(status, -32001, "session not found");
    }
    match status {
        // A server without sessions has no stream there: to a client, 404 would mean that the session is gone.
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND => wrong_method(),
        status if status.is_client_error() && status != StatusCode::UNAUTHORIZED => {
            refuse(status, -32603, "the server opens no stream")
        }
        _ => refuse(StatusCode::BAD_GATEWAY, -32603, "the server opens no stream"),
    }
}

/// What a browser asks before it sends a request from a page of an allowed origin.
fn preflight(head: &Parts) -> Reply {
    let mut reply = bare(StatusCode::NO_CONTENT);
    if head.headers.contains_key(ORIGIN) {
        let headers = reply.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
        if let Some(asked) = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
    }
    reply
}

/// A page of an allowed origin may read the answer.
fn share(names: &Names, head: &Parts, reply: &mut Reply) {
    let Some(origin) = head.headers.get(ORIGIN).filter(|origin| names.knows_origin(origin)) else {
        return;
    };
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers
        .insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("mcp-session-id, www-authenticate"));
    headers.append(VARY, HeaderValue::from_static("origin"));
}

fn word(method: &Method) -> &'static str {
    match *method {
        Method::POST => "POST",
        Method::GET => "GET",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::serve;

    fn size_of_work<A, B, F>(_work: impl FnOnce(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_keeps_few_bytes_for_the_work_on_a_request() {
        let bytes = size_of_work(serve);
        assert!(bytes <= 4 << 10, "{bytes} bytes: what is rare wants a box");
    }
}
