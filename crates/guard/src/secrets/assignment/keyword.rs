//! The names that secrets go by.

use crate::secrets::in_placeholder;

/// A word at the end of a name that makes its value a secret.
#[derive(Debug)]
pub(in crate::secrets) struct Keyword {
    /// Lower case; how the word is written inside a name.
    pub spellings: &'static [&'static str],
    pub code: &'static str,
    pub grade: Grade,
}

/// How much the name alone proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::secrets) enum Grade {
    /// People choose the value: short and readable ones count.
    Password,
    /// Machines make the value.
    Secret,
    /// Many things are called so; the value has to look random, and a JSON key alone proves nothing.
    Weak,
    /// A scheme comes before the value.
    Authorization,
    /// Only as the key of a JSON member.
    KeyOnly,
}

pub(in crate::secrets) static KEYWORDS: &[Keyword] = &[
    Keyword {
        spellings: &["password", "passwd", "passphrase", "passcode", "pwd"],
        code: "password",
        grade: Grade::Password,
    },
    Keyword { spellings: &["secret"], code: "secret", grade: Grade::Secret },
    Keyword { spellings: &["token"], code: "token", grade: Grade::Secret },
    Keyword {
        spellings: &[
            "api_key",
            "api-key",
            "apikey",
            "api key",
            "access_key",
            "access-key",
            "accesskey",
            "account_key",
            "accountkey",
            "private_key",
            "private-key",
            "privatekey",
            "signing_key",
            "signing-key",
            "signingkey",
            "encryption_key",
            "encryption-key",
            "encryptionkey",
            "master_key",
            "auth_key",
            "auth-key",
            "authkey",
        ],
        code: "api-key",
        grade: Grade::Secret,
    },
    Keyword { spellings: &["credential"], code: "credential", grade: Grade::Secret },
    Keyword { spellings: &["authorization"], code: "authorization", grade: Grade::Authorization },
    Keyword { spellings: &["cookie"], code: "credential", grade: Grade::KeyOnly },
    Keyword { spellings: &["_key", "-key"], code: "api-key", grade: Grade::Weak },
    Keyword { spellings: &["&sig", "discord_bot", "discord-bot"], code: "api-key", grade: Grade::Weak },
];

/// The keyword, if `name` ends in it: `behind` is the offset in `name` behind the spelling.
///
/// `PASSWORD_MIN_LENGTH` is no password and `next_page_token` no credential.
pub(in crate::secrets) fn of_name<'k>(
    name: &str,
    behind: usize,
    keyword: &'k Keyword,
) -> Option<&'k Keyword> {
    let suffix = name.get(behind..)?.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let plural = matches!(suffix, "s" | "S") && keyword.code != "token";
    let digits = suffix.bytes().all(|byte| byte.is_ascii_digit());
    let known = SUFFIXES.iter().any(|known| suffix.eq_ignore_ascii_case(known));
    (suffix.is_empty() || plural || digits || known).then_some(())?;
    let head = name.get(..behind)?;
    // Each has another word before the one that names a secret.
    let before = head.len() > HARMLESS_BYTES_MIN;
    let harmless = before && HARMLESS.iter().any(|harmless| ends_with_letters(head, harmless));
    (!harmless).then_some(keyword)
}

/// The keyword that makes the member with this key a secret whatever its value is.
pub(in crate::secrets) fn of_key(key: &str) -> Option<&'static Keyword> {
    // Only the end of a key counts; a very long one is text.
    let key = key.get(key.ceil_char_boundary(key.len().saturating_sub(KEY_BYTES_MAX))..).unwrap_or_default();
    let lower = key.to_ascii_lowercase();
    KEYWORDS.iter().filter(|keyword| keyword.grade != Grade::Weak).find(|keyword| {
        keyword.spellings.iter().any(|spelling| {
            // The name inside a placeholder is ours: redacting twice must not change more.
            let at = last_of(&lower, spelling).filter(|at| !in_placeholder(key, *at));
            at.is_some_and(|at| of_name(&lower, at + spelling.len(), keyword).is_some())
        })
    })
}

/// True if a secret goes by this name, lower case, its words joined by `_`. As the name of a field (`is_field`) more counts
/// than as words of a sentence.
pub(crate) fn is_named_secret(name: &str, is_field: bool) -> bool {
    of_key(name)
        .is_some_and(|keyword| is_field || !matches!(keyword.grade, Grade::KeyOnly | Grade::Authorization))
}

/// True if a person who is asked for this, lower case, its words joined by `_`, is asked for a secret. Under these names data
/// hold other things too, so that they make no secret of a value.
pub(crate) fn is_asked_for(name: &str) -> bool {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_one = |name: &str| ASKED_FOR.contains(&name);
    is_one(name) || is_one(bare) || bare.strip_suffix('s').is_some_and(is_one)
}

const ASKED_FOR: &[&str] = &[
    "2fa",
    "2fa_code",
    "access_code",
    "atm_pin",
    "auth_code",
    "authentication_code",
    "authenticator_code",
    "aws_key",
    "backup_code",
    "bank_account_number",
    "bank_pin",
    "card_number",
    "card_pin",
    "cardnumber",
    "codigo_de_seguridad",
    "contrasena",
    "credit_card",
    "creditcard",
    "cvc",
    "cvv",
    "debit_card",
    "device_pin",
    "digit_pin",
    "enter_pin",
    "enter_the_pin",
    "geheimzahl",
    "github_key",
    "haslo",
    "heslo",
    "kartennummer",
    "kennwort",
    "login_code",
    "login_pin",
    "lozinka",
    "mfa",
    "mfa_code",
    "mnemonic_phrase",
    "mot_de_passe",
    "one_time_code",
    "onetime_code",
    "openai_key",
    "otp",
    "otp_code",
    "pan_number",
    "parola",
    "passkey",
    "passwort",
    "pin_code",
    "pin_number",
    "pincode",
    "recovery_code",
    "recovery_key",
    "recovery_phrase",
    "salasana",
    "secret_key",
    "security_code",
    "seed_phrase",
    "seed_words",
    "senha",
    "session_cookie",
    "sifre",
    "sim_pin",
    "sms_code",
    "social_security_number",
    "ssh_key",
    "ssn",
    "totp",
    "user_pin",
    "verification_code",
    "wachtwoord",
    "your_pin",
];

/// Where `spelling` stands last in `name`. Keys are short, and most spellings longer: a searcher costs more to make than all
/// comparisons.
fn last_of(name: &str, spelling: &str) -> Option<usize> {
    let spelling = spelling.as_bytes();
    let is_here = |part: &[u8]| part.first() == spelling.first() && part == spelling;
    name.as_bytes().windows(spelling.len()).rposition(is_here)
}

/// How much of a JSON key is looked at, from its end.
const KEY_BYTES_MAX: usize = 128;

/// True if the last letters and digits of `name`, punctuation left out and case ignored, are `letters`.
fn ends_with_letters(name: &str, letters: &str) -> bool {
    let mut name = name.bytes().rev().filter(u8::is_ascii_alphanumeric);
    letters.bytes().rev().all(|letter| name.next().is_some_and(|byte| byte.eq_ignore_ascii_case(&letter)))
}

const SUFFIXES: &[&str] = &[
    "admin",
    "b64",
    "base64",
    "dev",
    "development",
    "enc",
    "key",
    "live",
    "local",
    "plain",
    "prod",
    "production",
    "raw",
    "root",
    "sandbox",
    "staging",
    "str",
    "string",
    "test",
    "text",
    "value",
];

/// No name of them is as short as this, in bytes.
const HARMLESS_BYTES_MIN: usize = 7;

/// Cursors, protocol bookkeeping, vocabulary entries.
const HARMLESS: &[&str] = &[
    "pagetoken",
    "nexttoken",
    "continuationtoken",
    "progresstoken",
    "synctoken",
    "cursortoken",
    "eostoken",
    "bostoken",
    "padtoken",
    "unktoken",
    "septoken",
    "clstoken",
    "masktoken",
    "specialtoken",
    "stoptoken",
    "publickey",
    "primarykey",
    "foreignkey",
    "nosecret",
    "nopassword",
    "nopasswd",
];
