//! `bailiwick bridge`: a remote server as a process over standard streams.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::Path;

use bailiwick_gateway::http::{Endpoint, HeaderName, HeaderValue, Roots, Uri, bridge};
use bailiwick_mcp::Limits;

use crate::args::bridge::BridgeArgs;
use crate::exit::{self, Failure};

pub(crate) fn run(args: &BridgeArgs) -> Result<i32, Failure> {
    let endpoint = endpoint(&args.url, &args.headers, args.ca.as_deref())?;
    let file = |owned: std::io::Result<std::os::fd::OwnedFd>| owned.map(File::from).map_err(Failure::error);
    let input = file(std::io::stdin().as_fd().try_clone_to_owned())?;
    let output = file(std::io::stdout().as_fd().try_clone_to_owned())?;
    bridge(endpoint, Limits::DEFAULT, input, output).map_err(Failure::error)?;
    Ok(exit::OK)
}

/// What is reached at an address that a person wrote.
pub(crate) fn endpoint(url: &str, headers: &[String], ca: Option<&Path>) -> Result<Endpoint, Failure> {
    let uri: Uri =
        url.parse().map_err(|error| Failure::new(exit::USAGE, format!("`{url}` is no address: {error}")))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.authority().is_none() {
        return Err(Failure::new(exit::USAGE, format!("`{url}` is no address of http or https")));
    }
    // A password in an address would be shown to nobody, and be seen by everybody who lists processes.
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(
            Failure::new(exit::USAGE, "the address holds a user name").help("give credentials by a header")
        );
    }
    let tls = |error| Failure::refused(format!("TLS cannot be set up: {error}"));
    let roots = match (ca, uri.scheme_str()) {
        (Some(path), _) => {
            let text = bailiwick_disk::bounded(path, CERTIFICATES_BYTES_MAX)
                .map_err(|error| Failure::refused(format!("cannot read `{}`: {error}", path.display())))?;
            Roots::from_pem(&text).map_err(tls)?
        }
        (None, Some("https")) => Roots::system().map_err(tls)?,
        (None, _) => Roots::nobody().map_err(tls)?,
    };
    let headers = headers.iter().map(|header| value(header)).collect::<Result<_, _>>()?;
    Ok(Endpoint { uri, headers, roots })
}

/// A header whose value a variable holds.
fn value(header: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let (name, variable) = header.split_once('=').unwrap_or((header, header));
    let parsed = name
        .parse::<HeaderName>()
        .map_err(|_| Failure::new(exit::USAGE, format!("`{name}` is no name of a header")))?;
    let text = std::env::var(variable).map_err(|_| {
        Failure::refused(format!("the variable `{variable}` is not set, so header `{name}` has no value"))
    })?;
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| Failure::refused(format!("the variable `{variable}` holds what a header cannot")))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// Longest file of certificates.
const CERTIFICATES_BYTES_MAX: usize = 16 << 20;
