//! What tells the runs of one principal apart where the protocol has no session (2026-07-28): a header, a claim of the token or
//! a key of `_meta`, as the operator says. Without it a principal has one run.

use std::str::FromStr;

use bailiwick_engine::Claim;
use bailiwick_engine::Principal;
use bailiwick_mcp::Message;
use hyper::header::{HeaderMap, HeaderName};

use super::head::SINGLE;

/// Where the name of a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunBy {
    Header(HeaderName),
    Claim(String),
    /// A key of `_meta` in the parameters.
    Meta(String),
}

/// Longer names of runs are refused, in bytes.
const NAME_BYTES_MAX: usize = 256;
/// Longer names of claims and keys are refused, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// A name that cannot be one, in words.
pub(super) type NoName = &'static str;

impl RunBy {
    /// The name of the run that a message belongs to; `None`: the principal's one run.
    pub(super) fn name(
        &self,
        headers: &HeaderMap,
        principal: &Principal,
        message: Option<&Message<'_>>,
    ) -> Result<Option<String>, NoName> {
        let name = match self {
            RunBy::Header(header) => {
                let mut values = headers.get_all(header).iter();
                match (values.next(), values.next()) {
                    (None, _) => None,
                    (Some(value), None) => Some(
                        value.to_str().map_err(|_| "the header that names the run is no text")?.to_owned(),
                    ),
                    (Some(_), Some(_)) => return Err("the header that names the run stands there twice"),
                }
            }
            RunBy::Claim(name) => match principal.claims.get(name) {
                None => None,
                Some(Claim::Text(text)) => Some(text.clone()),
                Some(Claim::Integer(number)) => Some(number.to_string()),
                Some(Claim::Boolean(_) | Claim::Texts(_)) => {
                    return Err("the claim that names the run is no text");
                }
            },
            RunBy::Meta(key) => match message
                .and_then(|message| message.params()?.get("_meta")?.get(key))
                .map(|value| value.text())
            {
                None => None,
                Some(Some(text)) => Some(text.into_owned()),
                Some(None) => return Err("the key of `_meta` that names the run is no text"),
            },
        };
        match name {
            Some(name) if name.is_empty() => Err("the name of the run is empty"),
            Some(name) if name.len() > NAME_BYTES_MAX => Err("the name of the run is longer than 256 bytes"),
            name => Ok(name),
        }
    }
}

impl FromStr for RunBy {
    type Err = String;

    fn from_str(text: &str) -> Result<RunBy, String> {
        let help = "write `header:NAME`, `claim:NAME` or `meta:KEY`";
        let (kind, name) = text.split_once(':').ok_or_else(|| format!("`{text}` names no place: {help}"))?;
        if name.is_empty() || name.len() > KEY_BYTES_MAX {
            return Err(format!(
                "`{text}` has no name behind the colon, or one of more than 256 bytes: {help}"
            ));
        }
        match kind {
            "header" => {
                let header =
                    HeaderName::from_str(name).map_err(|_| format!("`{name}` is no header: {help}"))?;
                if SINGLE.contains(&header) || header.as_str().starts_with("mcp-") {
                    return Err(format!("`{header}` says something else: name a header of your own"));
                }
                Ok(RunBy::Header(header))
            }
            "claim" => Ok(RunBy::Claim(name.to_owned())),
            "meta" if name.starts_with("io.modelcontextprotocol/") => {
                Err(format!("`{name}` says something else: name a key of your own"))
            }
            "meta" => Ok(RunBy::Meta(name.to_owned())),
            _ => Err(format!("`{kind}` is no such place: {help}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Limits, Packet, Parser};

    use super::*;

    fn named(by: &str, headers: &[(&'static str, &str)], meta: &str) -> Result<Option<String>, NoName> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let mut principal = Principal::default();
        principal.claims.insert("sid".to_owned(), Claim::Text("s1".to_owned()));
        principal.claims.insert("number".to_owned(), Claim::Integer(7));
        principal.claims.insert("list".to_owned(), Claim::Texts(vec!["s1".to_owned()]));
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{meta}}}}}"#);
        let mut parser = Parser::default();
        let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT).unwrap();
        let Packet::One(message) = packet else { panic!("one message") };
        by.parse::<RunBy>().unwrap().name(&map, &principal, Some(&message))
    }

    #[test]
    fn a_run_is_named_where_the_operator_says() {
        let some = |name: &str| Ok(Some(name.to_owned()));
        assert_eq!(named("header:X-Run", &[("x-run", "a")], "{}"), some("a"));
        assert_eq!(named("header:x-run", &[("x-other", "a")], "{}"), Ok(None));
        assert_eq!(named("claim:sid", &[], "{}"), some("s1"));
        assert_eq!(named("claim:number", &[], "{}"), some("7"));
        assert_eq!(named("claim:none", &[], "{}"), Ok(None));
        assert_eq!(named("meta:example.com/run", &[], r#"{"example.com/run":"b"}"#), some("b"));
        assert_eq!(named("meta:example.com/run", &[], "{}"), Ok(None));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_no_name() {
        assert!(named("header:x-run", &[("x-run", "a"), ("x-run", "b")], "{}").is_err());
        assert!(named("header:x-run", &[("x-run", "")], "{}").is_err());
        assert!(named("header:x-run", &[("x-run", &"a".repeat(257))], "{}").is_err());
        assert!(named("claim:list", &[], "{}").is_err());
        assert!(named("meta:run", &[], r#"{"run":["a"]}"#).is_err());
        assert!(named("meta:run", &[], r#"{"run":null}"#).is_err());
    }

    #[test]
    fn a_place_that_is_none_is_refused() {
        for text in ["", "x-run", "header:", "header:no good", "cookie:run", ":run"] {
            assert!(text.parse::<RunBy>().unwrap_err().contains("write `header:NAME`"), "{text}");
        }
        let taken = [
            "header:Host",
            "header:content-length",
            "header:Mcp-Name",
            "meta:io.modelcontextprotocol/protocolVersion",
        ];
        for text in taken {
            assert!(text.parse::<RunBy>().unwrap_err().contains("of your own"), "{text}");
        }
    }
}
