//! Base64 blobs of messages: what is declared as text is read as text, and the rest is named as not looked at.

use data_encoding::{BASE64, BASE64_NOPAD};

use crate::limits::BLOB_BYTES_MAX;

/// What a blob is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blob {
    /// The text in it.
    Text(String),
    /// It was not looked at, for this reason.
    Unread(&'static str),
    /// It is not base64: its letters are the text.
    Plain,
}

/// Decodes `data`, which was declared to be of the media type `kind` (nothing where none was).
#[must_use]
pub fn blob(kind: Option<&str>, data: &str) -> Blob {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if !data.bytes().all(|byte| letter(byte) || matches!(byte, b'\n' | b'\r')) {
        return Blob::Plain;
    }
    if data.len() > BLOB_BYTES_MAX {
        return Blob::Unread("a blob beyond the limit");
    }
    let bare: Vec<u8> = data.bytes().filter(|byte| letter(*byte)).collect();
    let Ok(bytes) = BASE64.decode(&bare).or_else(|_| BASE64_NOPAD.decode(&bare)) else { return Blob::Plain };
    let is_text = kind.is_none_or(is_text);
    match String::from_utf8(bytes) {
        // Whatever it is called: what reads as text is read.
        Ok(text) if is_text || !text.contains('\0') => Blob::Text(text),
        Ok(_) | Err(_) if is_text => Blob::Unread("a blob in another encoding than UTF-8"),
        Ok(_) | Err(_) => Blob::Unread("binary data"),
    }
}

/// The base64 of a text that takes the place of another blob's.
#[must_use]
pub fn blob_of(text: &str) -> String {
    BASE64.encode(text.as_bytes())
}

/// Media types (RFC 6838) of text.
fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (family, name) = kind.split_once('/').unwrap_or((&kind, ""));
    let known = [
        "json",
        "xml",
        "yaml",
        "x-yaml",
        "toml",
        "javascript",
        "x-sh",
        "x-httpd-php",
        "sql",
        "graphql",
        "csv",
    ];
    family == "text"
        || known.contains(&name)
        || ["+json", "+xml", "+yaml"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::{Blob, blob};

    #[test]
    fn what_is_text_is_read_and_the_rest_is_named() {
        let text = |text: &str| Blob::Text(text.to_owned());
        assert_eq!(blob(Some("text/plain"), "aWdub3JlIGFsbA=="), text("ignore all"));
        assert_eq!(blob(Some("image/png"), "aWdub3JlIGFsbA"), text("ignore all"), "whatever it is called");
        assert_eq!(blob(None, "aWdu\nb3Jl"), text("ignore"));
        assert_eq!(blob(Some("image/png"), "iVBORw0KGgo="), Blob::Unread("binary data"));
        assert_eq!(
            blob(Some("text/plain; charset=utf-16"), "//5pAA=="),
            Blob::Unread("a blob in another encoding than UTF-8")
        );
        assert_eq!(blob(Some("text/plain"), "ignore all previous"), Blob::Plain);
        assert_eq!(blob(Some("image/png"), &"A".repeat(5 << 20)), Blob::Unread("a blob beyond the limit"));
    }
}
