//! Values of flags that are checked where they are read, with words that say what to write instead.

use std::path::PathBuf;

/// A whole number between two bounds.
pub(crate) fn number<T>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display + Copy + Send + Sync + 'static,
{
    move |text: &str| {
        let number = text.parse().ok().filter(|number| *number >= least && *number <= most);
        number.ok_or_else(|| format!("write a whole number from {least} to {most}"))
    }
}

/// A file that records are written to, and that is therefore none of the standard streams.
pub(crate) fn record_file(text: &str) -> Result<PathBuf, String> {
    match text {
        "" => Err("name a file, or leave it out".to_owned()),
        "-" => {
            Err("standard output belongs to the protocol: name a file (`./-` if it is called so)".to_owned())
        }
        text => Ok(PathBuf::from(text)),
    }
}

/// A server's name. An empty one would be taken for none.
pub(crate) fn name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("name the server, or leave it out: then its name is made from the command".to_owned()),
        _ => Ok(text.to_owned()),
    }
}
