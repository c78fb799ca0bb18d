//! Who sends a request: the place of authentication in the pipeline, before the body is read.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

use bailiwick_engine::Principal;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;

/// Says whose request it is, from its head alone: nothing in a body is ever an identity (law 9).
pub trait Authenticate: Send + Sync + std::fmt::Debug {
    /// The principal, or the challenge with which the request is refused.
    fn principal<'a>(&'a self, head: &'a Parts) -> Authenticating<'a>;

    /// False if requests are taken without proof of who sends them.
    fn proves(&self) -> bool {
        true
    }
}

/// An answer that may take its time.
pub type Authenticating<'a> = Pin<Box<dyn Future<Output = Result<Arc<Principal>, Challenge>> + Send + 'a>>;

/// Why a request is not let in (RFC 9110, section 11; RFC 6750, section 3).
#[derive(Debug, Clone)]
pub struct Challenge {
    /// True for 403: the proof is good, and not enough.
    pub forbidden: bool,
    /// The value of `WWW-Authenticate`.
    pub www_authenticate: Option<HeaderValue>,
    pub message: String,
}

/// Takes every request for that of one principal, whom the operator named.
#[derive(Debug)]
pub struct Everybody(pub Arc<Principal>);

impl Authenticate for Everybody {
    fn principal<'a>(&'a self, _head: &'a Parts) -> Authenticating<'a> {
        let ready: Ready<Result<Arc<Principal>, Challenge>> = ready(Ok(Arc::clone(&self.0)));
        Box::pin(ready)
    }

    fn proves(&self) -> bool {
        false
    }
}
