//! IPv4 addresses in every spelling that some program takes: fewer than four parts, octal, hexadecimal.

use std::net::Ipv4Addr;

/// True if the last part of a dotted name is a number, so that browsers take the whole for an address or for nothing.
pub(super) fn is_numeric(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// The addresses that `text` spells: as `inet_aton` and browsers read it (a leading zero is octal), and as those do who read
/// only decimal numbers.
pub(super) fn readings(text: &str) -> Vec<Ipv4Addr> {
    let mut out: Vec<Ipv4Addr> = Vec::new();
    for radix_of in [with_octal as fn(&str) -> Option<u64>, decimal] {
        out.extend(whole(text, radix_of));
    }
    out.dedup();
    out
}

/// One to four numbers; the last fills what the others leave.
fn whole(text: &str, number: fn(&str) -> Option<u64>) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, front) = parts.split_last()?;
    if front.len() > 3 {
        return None;
    }
    let mut address: u64 = 0;
    let mut bits: u32 = 32;
    for part in front {
        bits = bits.checked_sub(8)?;
        let value = number(part).filter(|value| *value <= 255)?;
        address |= value.checked_shl(bits)?;
    }
    let value = number(last).filter(|value| 1u64.checked_shl(bits).is_some_and(|end| *value < end))?;
    u32::try_from(address | value).ok().map(Ipv4Addr::from)
}

fn with_octal(part: &str) -> Option<u64> {
    if let Some(digits) = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        return if digits.is_empty() { Some(0) } else { digit_run(digits, 16) };
    }
    match part.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => digit_run(digits, 8),
        _ => digit_run(part, 10),
    }
}

fn decimal(part: &str) -> Option<u64> {
    digit_run(part, 10)
}

/// No signs, no blanks: those are not digits.
fn digit_run(digits: &str, radix: u32) -> Option<u64> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}
