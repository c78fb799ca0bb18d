//! The words by which forms are judged.

/// Ends of the names that `is_named_secret` knows.
pub(super) const NAMED: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "key",
    "credential",
    "authorization",
    "cookie",
];

/// Last words of the names that `is_asked_for` knows.
pub(super) const ASKED: &[&str] = &[
    "2fa",
    "card",
    "cardnumber",
    "code",
    "contrasena",
    "cookie",
    "creditcard",
    "cvc",
    "cvv",
    "geheimzahl",
    "haslo",
    "heslo",
    "kartennummer",
    "kennwort",
    "key",
    "lozinka",
    "mfa",
    "number",
    "otp",
    "parola",
    "passe",
    "passkey",
    "passwort",
    "phrase",
    "pin",
    "pincode",
    "salasana",
    "seguridad",
    "senha",
    "sifre",
    "ssn",
    "totp",
    "wachtwoord",
    "words",
];

/// Most words of a name that are looked at together.
pub(super) const WORDS_MAX: usize = 4;

/// Behind the word for a secret, and last, these are what is asked for.
pub(super) const THINGS: &[&str] = &[
    "algorithm",
    "backend",
    "backends",
    "engine",
    "engines",
    "format",
    "helper",
    "management",
    "manager",
    "managers",
    "name",
    "names",
    "policies",
    "policy",
    "provider",
    "providers",
    "rotation",
    "scanner",
    "scanners",
    "scanning",
    "storage",
    "store",
    "stores",
    "vault",
];

/// Before a secret these words ask about it, not for it.
pub(super) const OPENERS: &[&str] = &["which", "what", "whichever", "a", "an", "the"];

/// Between those and the secret these words ask for it.
pub(super) const OWN: &[&str] = &["your", "my", "yours"];

/// Words that may follow such a thing in its sentence.
pub(super) const FOLLOW: &[&str] = &[
    "are", "can", "could", "did", "do", "does", "for", "has", "have", "in", "is", "must", "of", "on",
    "shall", "should", "to", "was", "will", "would",
];

/// Words that go on with it after a comma or in brackets.
pub(super) const GO_ON: &[&str] =
    &["and", "or", "plus", "with", "its", "value", "values", "key", "keys", "content", "contents", "itself"];

/// Behind these words stands what is said of secrets, and none is asked for.
pub(super) const HARMLESS_NEXT: &[&str] = &[
    "policy",
    "policies",
    "length",
    "limit",
    "limits",
    "count",
    "budget",
    "manager",
    "rotation",
    "expiry",
    "expiration",
    "review",
    "reviews",
    "coverage",
    "usage",
];

/// Words for passwords in letters that have no case, or in scripts of their own.
pub(super) const FOREIGN: &[&str] =
    &["парол", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호", "كلمة المرور", "סיסמ"];

/// Words of a text by which a person is to give something.
pub(super) const ORDERS: &[&str] =
    &["enter", "paste", "yours", "submit", "send", "provide", "supply", "reveal"];
