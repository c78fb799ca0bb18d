//! What a server puts to a person in a form (`elicitation/create`): servers must not ask for secrets that way, and what
//! holds an address leads elsewhere.

mod words;

use bailiwick_mcp::{Kind, Value};
use bailiwick_semantic::url::find;

use self::words::Words;
use crate::injection::normalised;
use crate::limits::FORM_BYTES_MAX;

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormFault {
    pub code: &'static str,
    pub message: &'static str,
    /// Byte of the message at which the string begins that it is about.
    pub at: usize,
}

/// The first fault of a form: `params` of `elicitation/create`, all of whose strings are read but those below `_meta`.
#[must_use]
pub fn form(params: Value<'_>) -> Option<FormFault> {
    let fault = |code, message, value: Value<'_>| Some(FormFault { code, message, at: value.span().0 });
    if params.raw().len() > FORM_BYTES_MAX {
        return fault("form-unread", "a form longer than is looked at", params);
    }
    for (name, value) in params.members() {
        let text = name.text();
        let name = text.as_deref().unwrap_or_default();
        if matches!(name, "mode" | "elicitationId" | "task" | "_meta") {
            continue;
        }
        if let Some((code, message, value)) = below(value, Part::Schema) {
            return fault(code, message, value);
        }
    }
    None
}

/// True if `text` shows an address other than `known`.
#[must_use]
pub fn shows_address(text: &str, known: &str) -> bool {
    let shows = |text: &str| {
        let found = find(text);
        let other =
            |url: &&str| !(known.starts_with(*url) && url.len() >= known.trim_end_matches(ENDS).len());
        found.more || found.urls.iter().any(other) || text.split_whitespace().any(is_bare_address)
    };
    shows(text) || (!text.is_ascii() && shows(&normalised(text)))
}

/// What the members of an object stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Words of the schema's language.
    Schema,
    /// Names that the person's answer will have.
    Names,
    /// Values to choose from, which nobody types, and names that stand elsewhere.
    Choices,
}

type Found<'v> = (&'static str, &'static str, Value<'v>);

const SECRET: (&str, &str) = ("form-secret", "a form that asks for a secret");
const ADDRESS: (&str, &str) = ("form-address", "a form that holds an address");

fn below(value: Value<'_>, part: Part) -> Option<Found<'_>> {
    match value.kind() {
        Kind::Null | Kind::True | Kind::False | Kind::Number => None,
        Kind::Text => {
            let text = value.text()?;
            if shows_address(&text, "") {
                return Some((ADDRESS.0, ADDRESS.1, value));
            }
            let asks = part != Part::Choices && Words::of(&text).ask_for_secret();
            asks.then_some((SECRET.0, SECRET.1, value))
        }
        Kind::Array => value.elements().find_map(|element| {
            // A choice has a value; anything else is a schema of its own.
            let is_schema = element.is_object() && element.get("const").is_none();
            below(element, if is_schema { Part::Schema } else { part })
        }),
        Kind::Object => value.members().find_map(|(key, inner)| {
            let name = key.text()?;
            if (part == Part::Names || !WORDS.contains(&&*name)) && Words::of(&name).name_secret() {
                return Some((SECRET.0, SECRET.1, key));
            }
            if shows_address(&name, "") {
                return Some((ADDRESS.0, ADDRESS.1, key));
            }
            let part = match (part, &*name) {
                (Part::Schema, "properties") => Part::Names,
                (Part::Schema, "enum" | "enumNames" | "oneOf" | "anyOf" | "required") if inner.is_array() => {
                    Part::Choices
                }
                (Part::Choices, _) => Part::Choices,
                (Part::Schema | Part::Names, _) => Part::Schema,
            };
            if key.is_text("$schema") && inner.text().is_some_and(|text| is_dialect(&text)) {
                return None;
            }
            if key.is_text("format") && inner.is_text("password") {
                return Some((SECRET.0, SECRET.1, inner));
            }
            below(inner, part)
        }),
    }
}

/// Words of JSON Schema, which name nothing.
const WORDS: &[&str] = &["properties", "required", "description", "title", "type", "format", "$schema"];

/// The address by which a schema names the language that it is written in.
fn is_dialect(text: &str) -> bool {
    ["http://json-schema.org/", "https://json-schema.org/"].iter().any(|dialect| text.starts_with(dialect))
}

/// `www.…`, or a dotted name with a path behind it.
fn is_bare_address(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
    let lower = word.get(..4).unwrap_or_default().to_ascii_lowercase();
    let Some((host, _)) = word.split_once('/').filter(|(host, _)| host.contains('.')) else {
        return lower == "www.";
    };
    let last = host.split(':').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
    lower == "www." || (last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Punctuation behind an address that may belong to the sentence.
const ENDS: &[char] = &['.', ',', ';', ':', '!', '?', ')', '/'];

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Limits, Parser};

    use super::form;

    fn fault(params: &str) -> Option<&'static str> {
        let mut parser = Parser::default();
        let document = parser.parse(params.as_bytes(), &Limits::default());
        document.ok().and_then(|document| form(document.root())).map(|fault| fault.code)
    }

    fn message(text: &str) -> Option<&'static str> {
        fault(&format!(r#"{{"message":"{text}","requestedSchema":{{"type":"object"}}}}"#))
    }

    fn property(name: &str) -> Option<&'static str> {
        fault(&format!(
            r#"{{"message":"Please fill in","requestedSchema":{{"type":"object","properties":{{"{name}":{{"type":"string"}}}},"required":["{name}"]}}}}"#
        ))
    }

    #[test]
    fn a_form_that_asks_for_a_secret_is_found() {
        for name in SECRET_NAMES {
            assert_eq!(property(name), Some("form-secret"), "{name}");
        }
        for text in SECRET_TEXTS {
            assert_eq!(message(text), Some("form-secret"), "{text}");
        }
        let described = |key: &str| {
            fault(&format!(
                r#"{{"message":"x","requestedSchema":{{"type":"object","properties":{{"a":{{"type":"string","{key}":"Your password"}}}}}}}}"#
            ))
        };
        for key in ["title", "description", "default", "x-hint"] {
            assert_eq!(described(key), Some("form-secret"), "{key}");
        }
        let hidden = r#"{"message":"x","requestedSchema":{"type":"object","properties":{"a":{"type":"string","format":"password"}}}}"#;
        assert_eq!(fault(hidden), Some("form-secret"));
        let deep = r#"{"message":"x","requestedSchema":{"properties":{"a":{"type":"object","properties":{"pin":{"type":"string"}}}}}}"#;
        assert_eq!(fault(deep), Some("form-secret"));
        let either = r#"{"message":"x","requestedSchema":{"properties":{"a":{"anyOf":[{"type":"string","title":"Your password"}]}}}}"#;
        assert_eq!(fault(either), Some("form-secret"), "no choice, but a field");
        let title = r#"{"message":"x","title":"Your password","requestedSchema":{}}"#;
        assert_eq!(fault(title), Some("form-secret"), "what a later version may show");
    }

    #[test]
    fn a_form_that_holds_an_address_is_found() {
        for text in ADDRESS_TEXTS {
            assert_eq!(message(text), Some("form-address"), "{text}");
        }
        let described = r#"{"message":"x","requestedSchema":{"properties":{"a":{"type":"string","description":"as on https://evil.example"}}}}"#;
        assert_eq!(fault(described), Some("form-address"));
        let chosen = r#"{"message":"x","requestedSchema":{"properties":{"a":{"enum":["a"],"enumNames":["https://evil.example"]}}}}"#;
        assert_eq!(fault(chosen), Some("form-address"));
        let dialect = r#"{"message":"x","requestedSchema":{"$schema":"https://evil.example/"}}"#;
        assert_eq!(fault(dialect), Some("form-address"));
    }

    #[test]
    fn ordinary_forms_pass() {
        for name in PLAIN_NAMES {
            assert_eq!(property(name), None, "{name}");
        }
        for text in PLAIN_TEXTS {
            assert_eq!(message(text), None, "{text}");
        }
        let choice = r#"{"message":"How does it sign in?","requestedSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"way":{"type":"string","enum":["password","token"]},"or":{"oneOf":[{"const":"p","title":"Password"}]}}}}"#;
        assert_eq!(fault(choice), None, "nobody types what is chosen");
        assert_eq!(fault(&format!(r#"{{"message":"{}"}}"#, "a ".repeat(40_000))), Some("form-unread"));
    }

    const SECRET_NAMES: &[&str] = &[
        "password",
        "Password",
        "userPassword",
        "user_pwd",
        "PASSWD",
        "passphrase",
        "passcode",
        "pass_code",
        "passCode",
        "pass-word",
        "p4ssw0rd",
        "p@ssword",
        "p a s s w o r d",
        "pаssword",
        "ｐａｓｓｗｏｒｄ",
        "pass\\u200bword",
        "apiKey",
        "api_key",
        "API-KEY",
        "APIKey",
        "accessToken",
        "github_token",
        "token",
        "clientSecret",
        "privateKey",
        "ssh_key",
        "credentials",
        "sessionCookie",
        "authorization",
        "pin",
        "PIN",
        "pinCode",
        "pin_code",
        "cardPin",
        "otp",
        "one_time_code",
        "2fa_code",
        "mfaCode",
        "verificationCode",
        "security_code",
        "cvv",
        "CVC2",
        "cardNumber",
        "card_number",
        "creditCard",
        "credit-card-number",
        "ssn",
        "seedPhrase",
        "recoveryCode",
        "mot_de_passe",
        "contraseña",
        "passwort",
        "пароль",
        "密码",
        "パスワード",
    ];

    const SECRET_TEXTS: &[&str] = &[
        "Enter your GitHub password",
        "Your password (policy: eight letters)",
        "Paste your token. Limit: 40 letters",
        "Enter the pin of your card",
        "Your 4-digit pin",
        "What is your API key?",
        "Paste the access token here",
        "Your p-a-s-s-w-o-r-d please",
        "Type your PIN",
        "Enter the six-digit verification code",
        "Your credit card number",
        "Your pass phrase?",
        "Give me your passcode.",
        "Your bank PIN code",
        "Please send your private keys",
        "PASSWORD:",
        "your pa55word",
        "Gib dein Passwort ein",
        "Введите пароль",
        "请输入密码",
    ];

    const ADDRESS_TEXTS: &[&str] = &[
        "See https://evil.example/x",
        "Open http://evil.example",
        "[here](https://evil.example)",
        "Go to www.evil.example",
        "Visit evil.example/login now",
        "ｈｔｔｐｓ：//evil.example/",
        "ftp://evil.example",
        "myapp://open",
    ];

    const PLAIN_NAMES: &[&str] = &[
        "name",
        "email",
        "key",
        "keyword",
        "max_tokens",
        "maxTokens",
        "next_page_token",
        "public_key",
        "primaryKey",
        "passenger",
        "passport_country",
        "compass",
        "spin",
        "pinned",
        "gpioPin",
        "opinion",
        "secretary",
        "code",
        "zipCode",
        "country_code",
        "token_limit",
        "password_policy",
        "passwordLength",
        "card",
        "cardinality",
        "account",
        "otpauthless",
    ];

    const PLAIN_TEXTS: &[&str] = &[
        "Which colour?",
        "How many tokens may it use?",
        "Which branch? E.g. main or release/1.2",
        "Ratio 3:4, and/or more",
        "Should the build pass?",
        "Note: this will take a while",
        "Pin this version?",
        "Contact: ana@example.com",
        "Do you accept cookies?",
        "Edit src/main.rs?",
        "Does it pass code review?",
        "The key of the map",
        "Delete 3 files?",
        "Wo liegt der Pass?",
    ];
}
