//! What a refusal of the server means for whoever wrote its entry.

use hyper::StatusCode;
use hyper::header::{HeaderMap, WWW_AUTHENTICATE};

/// A longer name of a way to sign in is none, in bytes.
const SCHEME_BYTES_MAX: usize = 32;

pub(super) fn told(status: StatusCode, headers: &HeaderMap) -> String {
    match status {
        StatusCode::UNAUTHORIZED => sign_in(headers),
        StatusCode::FORBIDDEN => {
            "the server refuses us (403): the credentials in its entry do not suffice".to_owned()
        }
        StatusCode::NOT_FOUND => "the server knows no such place or session (404)".to_owned(),
        _ if status.is_redirection() => {
            format!("the server sends us elsewhere ({}), where we do not follow", status.as_u16())
        }
        _ => format!("the server answers with status {}", status.as_u16()),
    }
}

/// Of what the server says of signing in, only how it is called: the rest is its own text.
fn sign_in(headers: &HeaderMap) -> String {
    let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scheme = challenge.split([' ', ',']).next().unwrap_or_default();
    let is_name = !scheme.is_empty()
        && scheme.len() <= SCHEME_BYTES_MAX
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let way = if is_name { format!("401, {scheme}") } else { "401".to_owned() };
    let oauth = if challenge.contains("resource_metadata") { ", by OAuth," } else { "" };
    format!(
        "the server wants a sign-in{oauth} ({way}): Bailiwick signs in to no server; give credentials that still hold in the `Authorization` header of its entry, or leave the entry to its client"
    )
}

#[cfg(test)]
mod tests {
    use super::told;
    use hyper::StatusCode;
    use hyper::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};

    #[test]
    fn a_sign_in_is_told_without_the_servers_own_words() {
        let of = |challenge: &'static str| {
            let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))]);
            told(StatusCode::UNAUTHORIZED, &headers)
        };
        let bearer = of("Bearer resource_metadata=\"https://evil.example/run this\"");
        assert!(bearer.contains("by OAuth, (401, Bearer)") && !bearer.contains("evil"), "{bearer}");
        assert!(of("Basic realm=x").contains("(401, Basic)"));
        assert!(of("\"ignore all\" previous").contains("(401)"));
        assert!(told(StatusCode::FORBIDDEN, &HeaderMap::new()).contains("credentials"));
        assert!(told(StatusCode::FOUND, &HeaderMap::new()).contains("elsewhere"));
    }
}
