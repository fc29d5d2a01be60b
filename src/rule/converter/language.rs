//! `language`: the best of a list in a field such as `accept-language`.

/// Thousandths: of a value without a `q`, and the most that counts.
const QUALITY_FULL: u32 = 1000;

/// The one of `values` that the client prefers, else `default`. The first of equals wins.
pub(super) fn preferred<'a>(
    field: &[u8],
    values: &'a [Box<[u8]>],
    default: Option<&'a [u8]>,
) -> Option<&'a [u8]> {
    let mut best: Option<&[u8]> = None;
    let mut best_quality = 0;
    for item in field.split(|byte| *byte == b',') {
        let item = item.trim_ascii_start();
        let is_end = |byte: &u8| *byte == b';' || byte.is_ascii_whitespace();
        let len = item.iter().position(is_end).unwrap_or(item.len());
        let Some((range, rest)) = item.split_at_checked(len) else { continue };
        let Some(value) = values.iter().find(|value| is_in_range(range, value)) else { continue };
        let Some(quality) = quality(rest) else { continue };
        if quality > best_quality {
            best = Some(value);
            best_quality = quality;
        }
        if quality >= QUALITY_FULL {
            break;
        }
    }
    best.filter(|value| !value.is_empty()).or(default)
}

/// `en-US` is in `en`, and in `en-US`, but not in `en-GB`.
fn is_in_range(range: &[u8], value: &[u8]) -> bool {
    !range.is_empty()
        && range.strip_prefix(value).is_some_and(|rest| matches!(rest, [] | [b'-', ..]))
}

/// What follows a range, in thousandths. Anything that is no quality is a full one; `None` where the
/// range is not even followed by a semicolon.
fn quality(rest: &[u8]) -> Option<u32> {
    let rest = rest.trim_ascii_start();
    let Some(rest) = rest.strip_prefix(b";") else {
        return rest.is_empty().then_some(QUALITY_FULL);
    };
    let number = rest.trim_ascii_start().strip_prefix(b"q");
    let number = number.and_then(|rest| rest.trim_ascii_start().strip_prefix(b"="));
    Some(number.map_or(QUALITY_FULL, |number| thousandths(number.trim_ascii_start())))
}

fn thousandths(number: &[u8]) -> u32 {
    let digit = |byte: u8| char::from(byte).to_digit(10);
    let Some((whole, rest)) = number.split_first() else { return QUALITY_FULL };
    let Some(whole) = digit(*whole) else { return QUALITY_FULL };
    let fraction = rest.strip_prefix(b".").unwrap_or_default();
    let digits = fraction.iter().take(3).map_while(|byte| digit(*byte));
    let parts = digits.zip([100, 10, 1]).map(|(digit, weight)| digit * weight);
    whole * QUALITY_FULL + parts.sum::<u32>()
}
