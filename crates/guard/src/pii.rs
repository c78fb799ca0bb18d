//! The `pii` guard: personal data that a check digit, a number range or its form confirms.
//!
//! Card and account numbers carry check digits and social security numbers have ranges, so that few other numbers pass.
//! E-mail addresses and telephone numbers have a form only: they are worth a note and no more.

mod address;
mod number;

use std::ops::Range;

use crate::guard::{Finding, Guard, Level, Via};
use crate::scanner::Detector;

/// The guard has no automaton: it reads characters.
#[derive(Debug)]
pub(crate) struct Pii;

/// What was found, and how sure that is.
type Found = (&'static str, Range<usize>, Level);

impl Detector for Pii {
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding)) -> Option<&'static str> {
        let mut found: Vec<Found> = Vec::new();
        number::find(text, &mut found);
        address::find(text, &mut found);
        found.sort_by_key(|(_, span, _)| span.start);
        for (code, span, level) in found {
            let points = match level {
                Level::Certain => 500,
                Level::Likely => 300,
                Level::Possible => 200,
            };
            let message = message(code);
            let via = Via::default();
            report(Finding { guard: Guard::Pii, code, span, message, level, points, via, parts: None });
        }
        None
    }
}

fn message(code: &str) -> &'static str {
    match code {
        "card-number" => "payment card number with a valid check digit",
        "iban" => "bank account number (IBAN) with valid check digits",
        "social-security-number" => "number in a range of US social security numbers",
        "email" => "e-mail address",
        _ => "telephone number",
    }
}

/// What the guard can find.
pub(crate) fn codes() -> impl Iterator<Item = ((Guard, &'static str), &'static str)> {
    let codes = ["card-number", "iban", "social-security-number", "email", "phone-number"];
    codes.into_iter().map(|code| ((Guard::Pii, code), message(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes_of(text: &str) -> Vec<&'static str> {
        let mut found = Vec::new();
        Pii.scan(text, &mut |finding| {
            assert!(text.get(finding.span.clone()).is_some());
            found.push(finding.code);
        });
        found
    }

    #[test]
    fn what_a_check_confirms_is_found() {
        for (text, code) in [
            ("card: 4539 1488 0343 6467", "card-number"),
            ("card 371449635398456 expires", "card-number"),
            ("pay to GB33 BUKB 2020 1555 5555 55", "iban"),
            ("DE75512108001245126199", "iban"),
            ("ssn 536-22-8726", "social-security-number"),
            ("write to ana.kovacs@northwind-labs.com.", "email"),
            ("call +44 7700 900123 today", "phone-number"),
            ("call (415) 302-7788", "phone-number"),
        ] {
            assert_eq!(codes_of(text), [code], "{text}");
        }
    }

    #[test]
    fn digits_beside_a_number_do_not_hide_it() {
        let rows = "1 22 ".repeat(40);
        for number in [
            "4539 1488 0343 6467",
            "4539-1488-0343-6467",
            "4539148803436467",
            "3714 496353 98456",
            "536-22-8726",
        ] {
            for before in ["", "2 ", "id 17 ", "cvv 123 ", "12\t", "1. ", "2026-03-14 ", &rows] {
                for behind in
                    ["", " 123", " 12/27", " 1227", " 2026", ", 123", " 1 2 3 4", "\n123", " 12th", " 1 22"]
                {
                    let text = format!("{before}{number}{behind}");
                    assert_eq!(codes_of(&text).len(), 1, "{text}: {:?}", codes_of(&text));
                }
            }
        }
        let many = "1 4539 1488 0343 6467 22 ".repeat(50);
        assert_eq!(codes_of(&many).len(), 50);
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "order 4539148803436468",
            "Use test card 4242 4242 4242 4242",
            "GB34 BUKB 2020 1555 5555 55",
            "000-12-3456 and 666-12-3456 and 987-65-4321",
            "part 123-45-67890",
            "git@github.com:acme/app.git",
            "user@example.com",
            "npm i @scope/pkg@1.2.3",
            "version 4.18.2-305 at 2026-03-14 15:09:26",
            "10.0.12.17 and 192.168.100.200",
            "lat 40.7128 lon -74.0060, 5551234567890123",
            "0.4539148803436467 and 17.4539148803436467",
            "1024 4539 1488 0343 6467 2048 4096",
            "4539 1488 0343 6467 8192",
            "2026-4539-1488-0343-6467",
            "1-536-22-8726 and 536-22-8726-1",
        ] {
            assert!(codes_of(text).is_empty(), "{text}: {:?}", codes_of(text));
        }
    }
}
