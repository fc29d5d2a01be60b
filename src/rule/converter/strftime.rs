//! Dates in the format of strftime(3), in the locale "C".

use std::io::Write;

use crate::observe::LocalTime;

const DAY_S: i64 = 86_400;
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Days of the months that are over, in a year without a leap day.
const DAYS_BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
/// Wider numbers than this are of no use.
const WIDTH_MAX: usize = 1024;

/// A point in time and the place from which it is seen.
pub(super) struct Moment<'z> {
    pub(super) time: LocalTime,
    pub(super) unix_s: i64,
    /// Of the second.
    pub(super) nanos: u32,
    /// Seconds east of Greenwich.
    pub(super) offset_s: i64,
    pub(super) zone: &'z str,
    /// `%N` means something.
    pub(super) has_nanos: bool,
}

/// Appends `format` with its conversions done. What is no conversion stays as it is.
pub(super) fn put(out: &mut Vec<u8>, format: &str, moment: &Moment<'_>) {
    let mut rest = format.as_bytes();
    while let Some(at) = memchr::memchr(b'%', rest) {
        let (text, conversion) = rest.split_at_checked(at).unwrap_or_default();
        out.extend_from_slice(text);
        let (style, len) = Style::parse(conversion);
        let (own, behind) = conversion.split_at_checked(len).unwrap_or_default();
        if !convert(out, own.last().copied().unwrap_or_default(), &style, moment) {
            out.extend_from_slice(own);
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
}

/// What stands between the `%` and the letter.
#[derive(Default, Clone, Copy)]
struct Style {
    /// `_`: blanks, `0`: zeros, `-`: nothing in front of numbers.
    pad: Option<u8>,
    /// `^`
    is_upper: bool,
    width: usize,
}

impl Style {
    /// Of what follows a `%`, which is the first byte; and the bytes up to the letter and with it. The
    /// letters `E` and `O` in front of another one mean nothing in this locale.
    fn parse(conversion: &[u8]) -> (Self, usize) {
        let mut style = Self::default();
        let mut len = 1;
        while let Some(byte) = conversion.get(len) {
            match byte {
                b'-' | b'_' => style.pad = Some(*byte),
                b'^' => style.is_upper = true,
                b'0' if style.width == 0 => style.pad = Some(b'0'),
                b'0'..=b'9' => {
                    let digit = usize::from(byte - b'0');
                    style.width = (style.width * 10 + digit).min(WIDTH_MAX);
                }
                b'E' | b'O' if conversion.get(len + 1).is_some_and(u8::is_ascii_alphabetic) => {}
                _ => return (style, len + 1),
            }
            len += 1;
        }
        (style, conversion.len())
    }

    fn number(self, out: &mut Vec<u8>, number: i64, width: usize, pad: u8) {
        let pad = self.pad.unwrap_or(pad);
        let width = self.width.max(width);
        // Writing to a Vec cannot fail.
        let _ = match pad {
            b'-' => write!(out, "{number}"),
            b'0' => write!(out, "{number:0width$}"),
            _ => write!(out, "{number:width$}"),
        };
    }

    fn text(self, out: &mut Vec<u8>, text: &str) {
        let start = out.len();
        let width = self.width;
        let _ = write!(out, "{text:>width$}");
        if self.is_upper {
            out.get_mut(start..).unwrap_or_default().make_ascii_uppercase();
        }
    }
}

/// False: there is no such conversion.
fn convert(out: &mut Vec<u8>, letter: u8, style: &Style, moment: &Moment<'_>) -> bool {
    let style = *style;
    let day = Day::of(moment);
    let second_of_day = moment.time.second_of_day as i64;
    let (hour, minute) = (second_of_day / 3600, second_of_day / 60 % 60);
    let hour_of_12 = (hour + 11) % 12 + 1;
    let weekday = WEEKDAYS.get(day.weekday as usize).copied().unwrap_or_default();
    let month = MONTHS.get(moment.time.month0).copied().unwrap_or_default();
    let half = if hour < 12 { "AM" } else { "PM" };
    match letter {
        b'a' => style.text(out, weekday.get(..3).unwrap_or_default()),
        b'A' => style.text(out, weekday),
        b'b' | b'h' => style.text(out, month.get(..3).unwrap_or_default()),
        b'B' => style.text(out, month),
        b'c' => put(out, "%a %b %e %H:%M:%S %Y", moment),
        b'C' => style.number(out, day.year / 100, 2, b'0'),
        b'd' => style.number(out, moment.time.day as i64, 2, b'0'),
        b'D' | b'x' => put(out, "%m/%d/%y", moment),
        b'e' => style.number(out, moment.time.day as i64, 2, b' '),
        b'F' => put(out, "%Y-%m-%d", moment),
        b'g' => style.number(out, day.iso_week().0 % 100, 2, b'0'),
        b'G' => style.number(out, day.iso_week().0, 1, b'0'),
        b'H' => style.number(out, hour, 2, b'0'),
        b'I' => style.number(out, hour_of_12, 2, b'0'),
        b'j' => style.number(out, day.of_year + 1, 3, b'0'),
        b'k' => style.number(out, hour, 2, b' '),
        b'l' => style.number(out, hour_of_12, 2, b' '),
        b'm' => style.number(out, moment.time.month0 as i64 + 1, 2, b'0'),
        b'M' => style.number(out, minute, 2, b'0'),
        b'n' => out.push(b'\n'),
        b'N' if moment.has_nanos => put_nanos(out, style.width, moment.nanos),
        b'p' => style.text(out, half),
        b'P' => style.text(out, if hour < 12 { "am" } else { "pm" }),
        b'r' => put(out, "%I:%M:%S %p", moment),
        b'R' => put(out, "%H:%M", moment),
        b's' => style.number(out, moment.unix_s, 1, b'0'),
        b'S' => style.number(out, second_of_day % 60, 2, b'0'),
        b't' => out.push(b'\t'),
        b'T' | b'X' => put(out, "%H:%M:%S", moment),
        b'u' => style.number(out, (day.weekday + 6) % 7 + 1, 1, b'0'),
        b'U' => style.number(out, (day.of_year + 7 - day.weekday) / 7, 2, b'0'),
        b'V' => style.number(out, day.iso_week().1, 2, b'0'),
        b'w' => style.number(out, day.weekday, 1, b'0'),
        b'W' => style.number(out, (day.of_year + 7 - (day.weekday + 6) % 7) / 7, 2, b'0'),
        b'y' => style.number(out, day.year.rem_euclid(100), 2, b'0'),
        b'Y' => style.number(out, day.year, 1, b'0'),
        b'z' => put_offset(out, moment.offset_s),
        b'Z' => style.text(out, moment.zone),
        b'%' => out.push(b'%'),
        _ => return false,
    }
    true
}

/// As many digits as asked for, all nine by default.
fn put_nanos(out: &mut Vec<u8>, width: usize, nanos: u32) {
    let digits = if (1..9).contains(&width) { width } else { 9 };
    let shown = (digits..9).fold(nanos, |nanos, _| nanos / 10);
    let _ = write!(out, "{shown:0digits$}");
}

/// `+0100`
fn put_offset(out: &mut Vec<u8>, offset_s: i64) {
    let sign = if offset_s < 0 { '-' } else { '+' };
    let minutes = offset_s.unsigned_abs() / 60;
    let _ = write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60);
}

/// A day's place in its year and week.
struct Day {
    year: i64,
    /// From 0.
    of_year: i64,
    /// 0 is Sunday.
    weekday: i64,
}

impl Day {
    fn of(moment: &Moment<'_>) -> Self {
        let days = (moment.unix_s + moment.offset_s).div_euclid(DAY_S);
        let time = &moment.time;
        let year = time.year as i64;
        let before = DAYS_BEFORE.get(time.month0).copied().unwrap_or_default();
        let leap_day = i64::from(is_leap(year) && time.month0 > 1);
        let of_year = before + time.day as i64 - 1 + leap_day;
        // The first of January 1970 was a Thursday.
        Self { year, of_year, weekday: (days + 4).rem_euclid(7) }
    }

    /// Year and week (ISO 8601): a week belongs to the year that has its Thursday.
    fn iso_week(&self) -> (i64, i64) {
        let monday_first = (self.weekday + 6) % 7;
        let thursday = self.of_year - monday_first + 3;
        if thursday < 0 {
            let year = self.year - 1;
            return (year, (thursday + year_len(year)) / 7 + 1);
        }
        if thursday >= year_len(self.year) {
            return (self.year + 1, 1);
        }
        (self.year, thursday / 7 + 1)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn year_len(year: i64) -> i64 {
    365 + i64::from(is_leap(year))
}
