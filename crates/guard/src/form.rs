//! What a server puts to a person in a form (`elicitation/create`): servers must not ask for secrets that way, and what
//! holds an address leads elsewhere.

mod address;
mod lists;
mod words;

use bailiwick_mcp::{Kind, Value};
use bailiwick_semantic::url::find;

use self::address::shows_bare;
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
/// `before`: bytes of the forms that came before it in the same answer.
#[must_use]
pub fn form(params: Value<'_>, before: usize) -> Option<FormFault> {
    let fault = |code, message, value: Value<'_>| Some(FormFault { code, message, at: value.span().0 });
    if params.raw().len() > FORM_BYTES_MAX {
        return fault("form-unread", "a form longer than is looked at", params);
    }
    if before.saturating_add(params.raw().len()) > FORMS_BYTES_MAX {
        return fault("form-unread", "more forms in one answer than are looked at", params);
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

/// How much of the forms of one answer is looked at, in bytes; further ones are not inspected.
const FORMS_BYTES_MAX: usize = 128 << 10;

/// True if `text` shows an address other than `known`.
#[must_use]
pub fn shows_address(text: &str, known: &str) -> bool {
    let shows = |text: &str| {
        let found = find(text);
        let other =
            |url: &&str| !(known.starts_with(*url) && url.len() >= known.trim_end_matches(ENDS).len());
        found.more || found.urls.iter().any(other) || shows_bare(text, known)
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

/// Punctuation behind an address that may belong to the sentence.
const ENDS: &[char] = &['.', ',', ';', ':', '!', '?', ')', '/'];

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Limits, Parser};

    use super::{FORM_BYTES_MAX, FORMS_BYTES_MAX, form, shows_address};

    fn fault(params: &str) -> Option<&'static str> {
        let mut parser = Parser::default();
        let document = parser.parse(params.as_bytes(), &Limits::default());
        document.ok().and_then(|document| form(document.root(), 0)).map(|fault| fault.code)
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

    #[test]
    fn what_is_said_of_secrets_passes_and_its_twin_is_found() {
        for (plain, hostile) in SECRET_TWINS {
            assert_eq!(message(plain), None, "{plain}");
            assert_eq!(message(hostile), Some("form-secret"), "{hostile}");
        }
        for (plain, hostile) in NAME_TWINS {
            assert_eq!(property(plain), None, "{plain}");
            assert_eq!(property(hostile), Some("form-secret"), "{hostile}");
        }
    }

    #[test]
    fn files_pass_and_hosts_that_look_like_them_are_found() {
        for (plain, hostile) in ADDRESS_TWINS {
            assert_eq!(message(plain), None, "{plain}");
            assert_eq!(message(hostile), Some("form-address"), "{hostile}");
        }
    }

    #[test]
    fn the_host_of_an_address_may_be_told_beside_it() {
        let known = "https://login.example.com/device?code=1";
        assert!(!shows_address("Open login.example.com to go on", known));
        assert!(shows_address("Open evil.example to go on", known));
        assert!(shows_address("Open example.com to go on", known));
    }

    #[test]
    fn the_forms_of_one_answer_have_one_bound() {
        let text = r#"{"message":"Which colour?"}"#;
        let mut parser = Parser::default();
        let document = parser.parse(text.as_bytes(), &Limits::default()).unwrap();
        let after = |before| form(document.root(), before).map(|fault| fault.code);
        assert_eq!(after(FORMS_BYTES_MAX - text.len()), None);
        assert_eq!(after(FORMS_BYTES_MAX - text.len() + 1), Some("form-unread"));
        assert_eq!(after(usize::MAX), Some("form-unread"));
    }

    /// The bound is generous: for a build without optimisation, and other work on the machine.
    #[test]
    #[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test measures")]
    fn no_form_costs_more_than_its_length() {
        let size = FORM_BYTES_MAX - 100;
        let words = |word: &str| format!(r#"{{"message":"{}"}}"#, word.repeat(size / word.len()));
        let list = |word: &str| format!(r#"{{"message":[{}0]}}"#, word.repeat(size / word.len()));
        let texts = [
            ("short words", words("ab ")),
            ("letters", words("a ")),
            ("digits", words("a1 b0 ")),
            ("no secrets", words("tokens ")),
            ("no secrets read otherwise", words("t0kens ")),
            ("keys", words("keys k3y ")),
            ("pins", words("pin2 pins ")),
            ("said of secrets", words("the secret store. ")),
            ("one word", words("tokenx")),
            ("one word and letters", words("tokené")),
            ("cut words", words("passw ordx ")),
            ("dots", words("go a.b ")),
            ("hosts", words("open to the site main.rs/lib.rs ")),
            ("slashes", words("a.b1/")),
            ("colons", words("ab:c ")),
            ("accents", words("é ")),
            ("capitals", words("aB")),
            ("strings", list(r#""ab","#)),
            ("names", list(r#"{"ab":0},"#)),
        ];
        for (name, text) in texts {
            let start = std::time::Instant::now();
            assert_eq!(fault(&text), None, "{name}");
            let spent = start.elapsed();
            assert!(spent < std::time::Duration::from_secs(2), "{name}: {spent:?}");
        }
    }

    const SECRET_TWINS: &[(&str, &str)] = &[
        ("Which CI secret store?", "Enter the CI secret store password"),
        ("Which secret store should CI use?", "Which secret should CI use?"),
        ("Which secret scanner, Gitleaks or Trufflehog?", "Which secret, yours or the scanner?"),
        ("Use AWS Secrets Manager?", "Type your AWS secrets. Manager approval follows"),
        ("What is the password policy?", "What is the password? Policy: eight letters"),
        ("Which password manager do you use?", "What is the password of your manager?"),
        ("Name a token provider", "Name a token"),
        ("What is the secret name?", "What is the secret name and value?"),
        ("The secret name (as in CI)?", "The secret name (and value)?"),
        ("What is the secret name", "Enter your secret name"),
        ("Which API key provider?", "Which API key, provider?"),
        ("Which API key rotation to use?", "Which API key?"),
        ("Which access token backend is it for?", "Which access token backend it is for?"),
        ("Which secret engine?", "The secret engine key is a secret"),
        ("Which secret backend?", "Which secret\\nBackend approval needed"),
        ("Which credential helper?", "Which credential helps?"),
        ("What is the token format?", "The token format is eight letters. Paste yours"),
        ("Which type of secret store?", "What is the password policy? Type it here"),
        ("The secret store?", "The secret store/password"),
        ("Which secret vault?", "Which secret/vault?"),
    ];

    const NAME_TWINS: &[(&str, &str)] = &[
        ("secret_store", "secret_store_password"),
        ("secretName", "nameSecret"),
        ("token_provider", "provider_token"),
        ("credentialHelper", "secret_name_value"),
        ("secret-scanner", "scanner-secret"),
    ];

    const ADDRESS_TWINS: &[(&str, &str)] = &[
        ("Which framework: Node.js/Express?", "Which framework: http://Node.js/Express?"),
        ("Rename README.md/CHANGELOG.md?", "See www.README.md/CHANGELOG.md"),
        ("Open README.md/CHANGELOG.md?", "Open evil.md/login"),
        ("Use Next.js/React or Vue.js/Nuxt?", "Use next.example/react"),
        ("Split main.rs/lib.rs?", "Go to main.rs/login"),
        ("Move setup.py/setup.cfg", "Move setup.py:443/setup"),
        ("Run build.sh/test.sh?", "Run ana@build.sh/test"),
        ("ASP.NET/Blazor?", "evil.net/blazor"),
        ("Compare a.json/b.json", "Compare a.example/b.json"),
        ("Open report.pdf and go on", "Open evil.example and sign in"),
        ("Go to Node.js", "Go to evil.example"),
        ("Visit every main.rs", "Please visit: evil.example."),
        ("Open the file app.module", "Open the site evil.example"),
        ("Sign app.module", "Sign in at evil.example"),
        ("Log app.errors?", "Log in to `evil.example`"),
        ("Open .env.example", "Open env.example"),
        ("Should it open app.module?", "OPEN EVIL.EXAMPLE:8443 now"),
        ("Ready to go. App.module is changed", "Go to evil.example, then come back"),
        ("Open issue 3.2 in app.module", "Browse to evil.xn--p1ai"),
        ("Go to line 3 of app.module", "Navigate to ｅｖｉｌ.example"),
    ];

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
