//! The checksum at the end of GitHub's classic tokens and npm's (github.blog, 2021-04-05, "token formats").

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// True if the last six characters are the CRC-32 of the thirty before, in base 62. Then it is a token whatever else it
/// looks like.
pub(super) fn holds(body: &str) -> bool {
    let (Some(random), Some(sum)) = (body.get(..30), body.get(30..36)) else { return false };
    body.len() == 36 && encode(crc32(random.as_bytes())) == sum.as_bytes()
}

fn encode(mut number: u32) -> [u8; 6] {
    let mut digits = [b'0'; 6];
    for place in digits.iter_mut().rev() {
        *place = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits
}

/// CRC-32 of ISO 3309, bit by bit: thirty bytes need no table.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_has_its_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_body_with_its_sum_holds_and_another_does_not() {
        let random = "aaaaaaaaaabbbbbbbbbbcccccccccc";
        let sum = encode(crc32(random.as_bytes()));
        let body = format!("{random}{}", std::str::from_utf8(&sum).unwrap());
        assert!(holds(&body));
        assert!(!holds(&body.replace('b', "d")));
    }
}
