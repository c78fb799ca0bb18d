//! The values that `in` and a schema's `enum` name.

/// A text, a number, a truth value or null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Text(String),
    Number(f64),
    Boolean(bool),
    Null,
}

impl Scalar {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) => Some(text),
            Scalar::Number(_) | Scalar::Boolean(_) | Scalar::Null => None,
        }
    }

    /// As a report shows it.
    pub(crate) fn written(&self) -> String {
        match self {
            Scalar::Text(text) => text.clone(),
            Scalar::Number(number) => number.to_string(),
            Scalar::Boolean(value) => value.to_string(),
            Scalar::Null => "null".to_owned(),
        }
    }
}
