//! Numbers, durations and sizes, as HAProxy writes them.

use std::time::Duration;

use crate::text::Fault;

/// The longest duration: HAProxy's timers are 31 bits of milliseconds, a little over 24 days.
const DURATION_MAX_MS: u128 = i32::MAX as u128;

const DURATION_EXAMPLE: &str = "give a duration such as \"30s\"; units are us, ms, s, m, h, d";
const SIZE_EXAMPLE: &str = "give bytes, or a size such as \"16k\"; units are k, m, g";

/// Microseconds of each unit.
const TIME_UNITS: [(&str, u128); 7] = [
    ("", 1_000),
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];

const SIZE_UNITS: [(&str, u64); 4] = [("", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)];

/// A timeout: longer than zero, at most 24 days.
pub(crate) fn timeout(text: &str) -> Result<Duration, Fault> {
    positive(text, "timeouts are never infinite here; give a duration")
}

/// Any other duration: longer than zero, at most 24 days. A bare number is milliseconds.
pub(crate) fn duration(text: &str) -> Result<Duration, Fault> {
    positive(text, "give a duration of at least 1 ms")
}

fn positive(text: &str, zero_remedy: &str) -> Result<Duration, Fault> {
    let whole = 0..text.len();
    let (digits, unit) = split(text, "duration", DURATION_EXAMPLE)?;
    let Some((_, micros)) = TIME_UNITS.iter().find(|(name, _)| *name == unit) else {
        let range = digits.len()..text.len();
        return Err(Fault::new(range, format!("has no unit `{unit}`"), DURATION_EXAMPLE));
    };
    // Only digits, so what does not parse is too large. Below a millisecond is rounded up: down
    // would be zero.
    let count: u128 = digits.parse().unwrap_or(u128::MAX);
    let millis = count.saturating_mul(*micros).div_ceil(1_000);
    match u64::try_from(millis) {
        Ok(0) => Err(Fault::new(whole, "is zero", zero_remedy)),
        Ok(fitting) if millis <= DURATION_MAX_MS => Ok(Duration::from_millis(fitting)),
        _ => Err(Fault::new(whole, "is too long", "at most 2147483647 ms, which is 24 days")),
    }
}

/// Bytes. A bare number is bytes; `k`, `m` and `g` are powers of 1024.
pub(crate) fn size(text: &str) -> Result<u64, Fault> {
    let (digits, unit) = split(text, "size", SIZE_EXAMPLE)?;
    let Some((_, bytes)) = SIZE_UNITS.iter().find(|(name, _)| *name == unit) else {
        let range = digits.len()..text.len();
        return Err(Fault::new(range, format!("has no unit `{unit}`"), SIZE_EXAMPLE));
    };
    digits
        .parse()
        .ok()
        .and_then(|count: u64| count.checked_mul(*bytes))
        .ok_or_else(|| Fault::new(0..text.len(), "is too large", SIZE_EXAMPLE))
}

/// Splits digits from the unit behind them.
fn split<'a>(text: &'a str, noun: &str, example: &str) -> Result<(&'a str, &'a str), Fault> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let problem = match (end, text.as_bytes().first()) {
        (0, None) => "is empty".to_owned(),
        (0, Some(b'-')) => "is negative".to_owned(),
        (0, Some(_)) => format!("is not a {noun}"),
        _ if text[end..].starts_with(['.', ',']) => "is not a whole number".to_owned(),
        _ => return Ok(text.split_at(end)),
    };
    Err(Fault::new(0..text.len(), problem, example))
}

/// A whole number within the limits, both included.
pub(crate) fn number(text: &str, min: u64, max: u64) -> Result<u64, Fault> {
    let expected = format!("must be an integer from {min} to {max}");
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::new(0..text.len(), "is not an integer", expected));
    }
    match text.parse() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(Fault::new(0..text.len(), "is out of range", expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("1", 1),
            ("1us", 1),
            ("1000us", 1),
            ("1001us", 2),
            ("250ms", 250),
            ("30s", 30_000),
            ("1m", 60_000),
            ("2h", 7_200_000),
            ("24d", 2_073_600_000),
            ("2147483647", 2_147_483_647),
            ("2147483647000us", 2_147_483_647),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn bad_durations() {
        let cases = [
            ("", "is empty"),
            ("0", "is zero"),
            ("0us", "is zero"),
            ("-5s", "is negative"),
            ("s", "is not a duration"),
            ("1.5s", "is not a whole number"),
            ("5 s", "has no unit ` s`"),
            ("5S", "has no unit `S`"),
            ("1h30m", "has no unit `h30m`"),
            ("2147483648", "is too long"),
            ("2147483647001us", "is too long"),
            ("25d", "is too long"),
            ("999999999999999999999999999999999999999999d", "is too long"),
        ];
        for (text, problem) in cases {
            assert_eq!(duration(text).unwrap_err().problem, problem, "{text}");
        }
        assert!(timeout("0").unwrap_err().expected.contains("never infinite"));
    }

    #[test]
    fn sizes() {
        let cases = [("0", 0), ("16384", 16384), ("16k", 16384), ("3m", 3 << 20), ("1g", 1 << 30)];
        for (text, bytes) in cases {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        let wrong = [
            ("", "is empty"),
            ("-1", "is negative"),
            ("k", "is not a size"),
            ("1t", "has no unit `t`"),
            ("1.5k", "is not a whole number"),
            ("18446744073709551616", "is too large"),
            ("18446744073709551615k", "is too large"),
        ];
        for (text, problem) in wrong {
            assert_eq!(size(text).unwrap_err().problem, problem, "{text}");
        }
    }

    #[test]
    fn numbers_at_their_limits() {
        assert_eq!(number("1", 1, 10), Ok(1));
        assert_eq!(number("10", 1, 10), Ok(10));
        let wrong = [
            ("0", "is out of range"),
            ("11", "is out of range"),
            ("-1", "is out of range"),
            ("99999999999999999999", "is out of range"),
            ("", "is not an integer"),
            ("+1", "is not an integer"),
            ("1x", "is not an integer"),
        ];
        for (text, problem) in wrong {
            assert_eq!(number(text, 1, 10).unwrap_err().problem, problem, "{text}");
        }
    }
}
