//! Tests of converters of times.

use proxy_config::model::rule::{Converter, TimeUnit};

use super::super::super::sample::Sample;
use super::{Stage, check, check_on, s};
use crate::observe::Zone;

const NOW: i64 = 1_700_000_000;

fn utime(format: &str, offset: i64) -> Converter {
    Converter::Utime { unit: TimeUnit::Seconds, format: format.into(), offset }
}

#[test]
fn dates_of_http() {
    use TimeUnit::{Micros, Millis, Seconds};
    for (time, offset, unit, expected) in [
        (0, 0, Seconds, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (NOW, 0, Seconds, "Tue, 14 Nov 2023 22:13:20 GMT"),
        (NOW, 3600, Seconds, "Tue, 14 Nov 2023 23:13:20 GMT"),
        (NOW, -3600, Seconds, "Tue, 14 Nov 2023 21:13:20 GMT"),
        (1_700_000_000_123, 1000, Millis, "Tue, 14 Nov 2023 22:13:21.123 GMT"),
        (1_700_000_000_123_456, 1_000_000, Micros, "Tue, 14 Nov 2023 22:13:21.123456 GMT"),
        (-1, 0, Seconds, "Sun, 13 Jun 1141709097 06:26:07 GMT"),
        (i64::MAX, 0, Seconds, "Sun, 13 Jun 1141709097 06:26:07 GMT"),
        (253_402_300_800, 0, Seconds, "Sat, 01 Jan 10000 00:00:00 GMT"),
    ] {
        check(&[(Sample::Int(time), Converter::HttpDate { offset, unit }, Some(s(expected)))]);
    }
    check(&[(s(""), Converter::HttpDate { offset: 0, unit: Seconds }, None)]);
}

#[test]
fn conversions_of_strftime() {
    for (time, format, expected) in [
        (NOW, "%Y-%m-%d %H:%M:%S", "2023-11-14 22:13:20"),
        (
            NOW,
            "%a|%A|%b|%B|%c|%C|%d|%D|%e|%F|%g|%G|%h|%H|%I|%j|%k|%l",
            "Tue|Tuesday|Nov|November|Tue Nov 14 22:13:20 2023|20|14|11/14/23|14|2023-11-14|23|2023\
             |Nov|22|10|318|22|10",
        ),
        (
            NOW,
            "%m|%M|%n|%p|%P|%r|%R|%s|%S|%t|%T",
            "11|13|\n|PM|pm|10:13:20 PM|22:13|1700000000|20|\t|22:13:20",
        ),
        (
            NOW,
            "%u|%U|%V|%w|%W|%x|%X|%y|%Y|%z|%Z|%%",
            "2|46|46|2|46|11/14/23|22:13:20|23|2023|+0000|GMT|%",
        ),
        (NOW, "%E|%Q|%+|%O|%", "%E|%Q|%+|%O|%"),
        (NOW, "%-d %_d %05d %Ey %Od %^a", "14 14 00014 23 14 TUE"),
        (NOW, "%N", "%N"),
        (NOW, "", ""),
        (1_704_067_200, "%G-%V-%u %U %W %j %g", "2024-01-1 00 01 001 24"),
        (1_609_459_200, "%G-%V-%u %U %W %j %g", "2020-53-5 00 00 001 20"),
        (1_230_768_000, "%G-%V-%u %U %W %j %g", "2009-01-4 00 00 001 09"),
        (0, "%I %l %p %r %k %e", "12 12 AM 12:00:00 AM  0  1"),
        (43_200, "%I %l %p %r %k %e", "12 12 PM 12:00:00 PM 12  1"),
        (951_782_400, "%F %j %U", "2000-02-29 060 09"),
        (978_220_800, "%F %j %G-W%V", "2000-12-31 366 2000-W52"),
    ] {
        check(&[(Sample::Int(time), utime(format, 0), Some(s(expected)))]);
    }
}

#[test]
fn offsets_and_parts_of_seconds() {
    check(&[
        (Sample::Int(NOW), utime("%T", 60), Some(s("22:14:20"))),
        (Sample::Int(0), utime("%Y-%m-%d %H", -60), Some(s("1969-12-31 23"))),
        (Sample::Int(i64::MAX), utime("%Y", i64::MAX), Some(s("1141709097"))),
    ]);
    let millis = |format: &str| Converter::Utime {
        unit: TimeUnit::Millis,
        format: format.into(),
        offset: 1,
    };
    let micros = |format: &str| Converter::Ltime {
        unit: TimeUnit::Micros,
        format: format.into(),
        offset: -1,
    };
    check(&[
        (Sample::Int(1_700_000_000_122), millis("%S.%3N"), Some(s("20.123"))),
        (Sample::Int(1_700_000_000_122), millis("%N"), Some(s("123000000"))),
        (Sample::Int(1_700_000_000_123_457), micros("%S.%6N %z"), Some(s("20.123456 +0000"))),
    ]);
}

/// Values of HAProxy with `TZ=Europe/Berlin`.
#[test]
fn local_times() {
    let mut stage = Stage::empty();
    stage.world.zone = Zone::named("CET-1CEST,M3.5.0,M10.5.0/3");
    let ltime =
        || Converter::Ltime { unit: TimeUnit::Seconds, format: "%H %z %Z %s".into(), offset: 0 };
    check_on(
        &stage,
        None,
        &[
            (Sample::Int(NOW), ltime(), Some(s("23 +0100 CET 1700000000"))),
            (Sample::Int(1_720_000_000), ltime(), Some(s("11 +0200 CEST 1720000000"))),
        ],
    );
}
