//! Local time for log lines: the zone's offset from UTC and the date text, both cached.

use std::sync::Arc;

use super::digits::{pair, put_millis, put_u64};

const DAY_S: i64 = 86_400;
/// An offset looked up holds until the next multiple of this: clocks change on quarter hours.
const OFFSET_VALID_S: i64 = 900;
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// The time zone in which log lines are written.
#[derive(Debug, Clone)]
pub struct Zone(tz::TimeZone);

impl Zone {
    /// As libc decides it: `TZ`, else `/etc/localtime`; UTC when neither can be read.
    pub fn local() -> Self {
        let zone = match std::env::var("TZ") {
            Ok(name) => Self::named(&name),
            Err(_) => tz::TimeZone::local().ok().map(Self),
        };
        zone.unwrap_or_else(Self::utc)
    }

    pub fn utc() -> Self {
        Self(tz::TimeZone::utc())
    }

    /// A zone file's name or a POSIX rule, as `TZ` may hold them.
    pub fn named(name: &str) -> Option<Self> {
        tz::TimeZone::from_posix_tz(name).ok().map(Self)
    }

    fn offset_s(&self, unix_s: i64) -> i64 {
        self.at(unix_s).0
    }

    /// Seconds east of Greenwich, and what the zone is called then.
    pub fn at(&self, unix_s: i64) -> (i64, &str) {
        match self.0.find_local_time_type(unix_s) {
            Ok(local) => (i64::from(local.ut_offset()), local.time_zone_designation()),
            Err(_) => (0, "UTC"),
        }
    }
}

/// The text of the latest second asked for: consecutive lines mostly share it.
#[derive(Debug)]
pub struct DateCache {
    zone: Arc<Zone>,
    offset_s: i64,
    /// Quarter of an hour, counted from the epoch, for which `offset_s` holds.
    offset_slot: i64,
    second: i64,
    /// `22/Nov/2026:17:03:56` at `second`.
    text: [u8; 20],
}

impl DateCache {
    pub fn new(zone: Arc<Zone>) -> Self {
        let mut cache =
            Self { zone, offset_s: 0, offset_slot: i64::MIN, second: i64::MIN, text: [b' '; 20] };
        cache.refresh(0);
        cache
    }

    /// Appends `22/Nov/2026:17:03:56.123`, the date of HAProxy's `%t` and `%tr`.
    pub(super) fn put_access(&mut self, out: &mut Vec<u8>, wall_ms: u64) {
        let second = (wall_ms / 1000) as i64;
        if second != self.second {
            self.refresh(second);
        }
        out.extend_from_slice(&self.text);
        out.push(b'.');
        put_millis(out, wall_ms % 1000);
    }

    /// Appends `Nov  2 17:03:56`, the date of RFC 3164 section 4.1.2.
    pub(super) fn put_syslog(&mut self, out: &mut Vec<u8>, wall_ms: u64) {
        let local = self.local((wall_ms / 1000) as i64);
        out.extend_from_slice(MONTHS[local.month0]);
        out.push(b' ');
        if local.day < 10 {
            out.push(b' ');
        }
        put_u64(out, local.day as u64);
        out.push(b' ');
        out.extend_from_slice(&local.clock());
    }

    /// Appends `22/Nov/2026:17:03:56 +0100`, the date of HAProxy's `%Tl` and `%trl`.
    pub(super) fn put_local(&mut self, out: &mut Vec<u8>, wall_ms: u64) {
        let second = (wall_ms / 1000) as i64;
        if second != self.second {
            self.refresh(second);
        }
        out.extend_from_slice(&self.text);
        out.push(b' ');
        self.put_offset(out, None);
    }

    /// Appends `2026-11-22T17:03:56.123+01:00` (RFC 3339, local time).
    pub(super) fn put_rfc3339(&mut self, out: &mut Vec<u8>, wall_ms: u64) {
        let local = self.local((wall_ms / 1000) as i64);
        local.put_rfc3339(out, wall_ms);
        self.put_offset(out, Some(b':'));
    }

    /// Appends `+0100`, the offset of the latest second asked for.
    fn put_offset(&self, out: &mut Vec<u8>, colon: Option<u8>) {
        let minutes = self.offset_s.unsigned_abs() / 60;
        out.push(if self.offset_s < 0 { b'-' } else { b'+' });
        out.extend_from_slice(&pair((minutes / 60 % 100) as usize));
        out.extend(colon);
        out.extend_from_slice(&pair((minutes % 60) as usize));
    }

    fn refresh(&mut self, second: i64) {
        let local = self.local(second);
        self.text = local.text();
        self.second = second;
    }

    fn local(&mut self, second: i64) -> LocalTime {
        let slot = second.div_euclid(OFFSET_VALID_S);
        if slot != self.offset_slot {
            self.offset_s = self.zone.offset_s(second);
            self.offset_slot = slot;
        }
        LocalTime::at(second + self.offset_s)
    }
}

/// Appends `22/Nov/2026:17:03:56 +0000`, the date of HAProxy's `%T` and `%trg`.
pub(super) fn put_utc(out: &mut Vec<u8>, wall_ms: u64) {
    out.extend_from_slice(&LocalTime::at((wall_ms / 1000) as i64).text());
    out.extend_from_slice(b" +0000");
}

/// Appends `2026-11-22T17:03:56.123Z` (RFC 3339).
pub(super) fn put_rfc3339_utc(out: &mut Vec<u8>, wall_ms: u64) {
    LocalTime::at((wall_ms / 1000) as i64).put_rfc3339(out, wall_ms);
    out.push(b'Z');
}

/// A date and a time of day.
#[derive(Debug, Clone, Copy)]
pub struct LocalTime {
    pub year: usize,
    /// 0 is January.
    pub month0: usize,
    /// From 1.
    pub day: usize,
    pub second_of_day: usize,
}

impl LocalTime {
    /// Proleptic Gregorian, by Howard Hinnant's `civil_from_days`: eras of 400 years that begin on
    /// the first of March, so that the leap day comes last.
    pub fn at(local_s: i64) -> Self {
        let days = local_s.div_euclid(DAY_S) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month0 = (month_from_march + 2) % 12;
        let year = year_of_era + era * 400 + i64::from(month0 < 2);
        Self {
            year: year as usize,
            month0: month0 as usize,
            day: (day_of_year - (153 * month_from_march + 2) / 5 + 1) as usize,
            second_of_day: local_s.rem_euclid(DAY_S) as usize,
        }
    }

    /// `22/Nov/2026:17:03:56`.
    fn text(&self) -> [u8; 20] {
        let mut text = *b"00/Jan/1970:00:00:00";
        text[0..2].copy_from_slice(&pair(self.day));
        text[3..6].copy_from_slice(MONTHS[self.month0]);
        text[7..9].copy_from_slice(&pair(self.year / 100 % 100));
        text[9..11].copy_from_slice(&pair(self.year % 100));
        text[12..20].copy_from_slice(&self.clock());
        text
    }

    /// `2026-11-22T17:03:56.123`, without the offset.
    fn put_rfc3339(&self, out: &mut Vec<u8>, wall_ms: u64) {
        for part in [self.year / 100 % 100, self.year % 100] {
            out.extend_from_slice(&pair(part));
        }
        for part in [self.month0 + 1, self.day] {
            out.push(b'-');
            out.extend_from_slice(&pair(part));
        }
        out.push(b'T');
        out.extend_from_slice(&self.clock());
        out.push(b'.');
        put_millis(out, wall_ms % 1000);
    }

    /// `17:03:56`.
    fn clock(&self) -> [u8; 8] {
        let [hour, minute, second] = [
            pair(self.second_of_day / 3600),
            pair(self.second_of_day / 60 % 60),
            pair(self.second_of_day % 60),
        ];
        [hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(zone: &str, wall_ms: u64) -> String {
        let mut out = Vec::new();
        DateCache::new(Arc::new(Zone::named(zone).unwrap())).put_access(&mut out, wall_ms);
        String::from_utf8(out).unwrap()
    }

    /// Expected texts come from `date --date=@N '+%d/%b/%Y:%T'`.
    #[test]
    fn dates_match_those_of_libc() {
        let berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
        for (zone, wall_ms, text) in [
            ("UTC0", 0, "01/Jan/1970:00:00:00.000"),
            ("UTC0", 951_782_400_001, "29/Feb/2000:00:00:00.001"),
            ("UTC0", 951_868_799_999, "29/Feb/2000:23:59:59.999"),
            ("UTC0", 1_795_367_036_123, "22/Nov/2026:17:03:56.123"),
            ("UTC0", 1_798_761_599_999, "31/Dec/2026:23:59:59.999"),
            ("UTC0", 1_798_761_600_000, "01/Jan/2027:00:00:00.000"),
            ("UTC0", 4_107_542_400_000, "01/Mar/2100:00:00:00.000"),
            (berlin, 1_798_758_000_000, "01/Jan/2027:00:00:00.000"),
            (berlin, 1_774_745_999_000, "29/Mar/2026:01:59:59.000"),
            (berlin, 1_774_746_000_000, "29/Mar/2026:03:00:00.000"),
            ("EST5", 1_798_761_600_000, "31/Dec/2026:19:00:00.000"),
            ("NPT-5:45", 1_798_740_900_000, "01/Jan/2027:00:00:00.000"),
        ] {
            assert_eq!(access(zone, wall_ms), text, "{zone} {wall_ms}");
        }
    }

    #[test]
    fn the_cache_follows_the_time_forwards_and_backwards() {
        let mut cache =
            DateCache::new(Arc::new(Zone::named("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()));
        let mut out = Vec::new();
        for wall_ms in [1_774_745_999_999, 1_774_746_000_000, 1_774_746_000_001, 1_774_745_999_998]
        {
            cache.put_access(&mut out, wall_ms);
            out.push(b' ');
        }
        let expected = "29/Mar/2026:01:59:59.999 29/Mar/2026:03:00:00.000 \
                        29/Mar/2026:03:00:00.001 29/Mar/2026:01:59:59.998 ";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn the_day_of_a_syslog_date_is_padded_with_a_space() {
        let mut cache = DateCache::new(Arc::new(Zone::utc()));
        for (wall_ms, text) in [
            (1_795_367_036_123, "Nov 22 17:03:56"),
            (1_798_761_600_000, "Jan  1 00:00:00"),
            (1_798_761_599_999, "Dec 31 23:59:59"),
        ] {
            let mut out = Vec::new();
            cache.put_syslog(&mut out, wall_ms);
            assert_eq!(out, text.as_bytes());
        }
    }

    /// Expected texts come from `date`, with the formats `+%d/%b/%Y:%T %z` and `--iso-8601=ns`.
    #[test]
    fn dates_with_an_offset_match_those_of_libc() {
        let berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
        for (zone, wall_ms, local, rfc3339) in [
            ("UTC0", 0, "01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00.000+00:00"),
            (
                berlin,
                1_774_746_000_007,
                "29/Mar/2026:03:00:00 +0200",
                "2026-03-29T03:00:00.007+02:00",
            ),
            (
                "EST5",
                1_798_761_600_000,
                "31/Dec/2026:19:00:00 -0500",
                "2026-12-31T19:00:00.000-05:00",
            ),
            (
                "NST3:30",
                1_798_761_600_000,
                "31/Dec/2026:20:30:00 -0330",
                "2026-12-31T20:30:00.000-03:30",
            ),
            (
                "NPT-5:45",
                1_798_740_900_999,
                "01/Jan/2027:00:00:00 +0545",
                "2027-01-01T00:00:00.999+05:45",
            ),
        ] {
            let mut cache = DateCache::new(Arc::new(Zone::named(zone).unwrap()));
            let (mut first, mut second) = (Vec::new(), Vec::new());
            cache.put_local(&mut first, wall_ms);
            cache.put_rfc3339(&mut second, wall_ms);
            assert_eq!(String::from_utf8(first).unwrap(), local);
            assert_eq!(String::from_utf8(second).unwrap(), rfc3339);
        }
    }

    #[test]
    fn dates_in_utc_need_no_zone() {
        let mut out = Vec::new();
        put_utc(&mut out, 1_795_367_036_123);
        out.push(b'|');
        put_rfc3339_utc(&mut out, 1_795_367_036_123);
        let expected = b"22/Nov/2026:17:03:56 +0000|2026-11-22T17:03:56.123Z";
        assert_eq!(out, expected);
    }

    #[test]
    fn a_zone_that_cannot_be_read_is_none() {
        assert!(Zone::named("No/Such_Zone").is_none());
    }
}
