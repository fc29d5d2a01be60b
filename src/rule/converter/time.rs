//! Converters of points in time.

use std::io::Write;

use proxy_config::model::rule::TimeUnit;

use super::super::context::Context;
use super::super::sample::Sample;
use super::build;
use super::strftime::{self, Moment};
use crate::observe::LocalTime;

/// HAProxy's: times beyond it would not fit into a year of 32 bits.
const TIME_MASK: i64 = (1 << 55) - 1;

/// How `utime` and its like show a time.
pub(super) struct Style<'f> {
    /// Of the sample and of the offset.
    pub(super) unit: TimeUnit,
    pub(super) format: &'f str,
    pub(super) offset: i64,
}

/// The seconds since 1970 and the nanoseconds of the second; `None` if it is no number.
fn instant(sample: Sample<'_>, offset: i64, unit: TimeUnit) -> Option<(i64, u32)> {
    let (per_second, nanos) = match unit {
        TimeUnit::Seconds => (1, 1_000_000_000),
        TimeUnit::Millis => (1000, 1_000_000),
        TimeUnit::Micros => (1_000_000, 1000),
    };
    let time = (sample.int()? & TIME_MASK).saturating_add(offset).clamp(-TIME_MASK, TIME_MASK);
    let part = u32::try_from(time.rem_euclid(per_second)).unwrap_or_default();
    Some((time.div_euclid(per_second), part * nanos))
}

/// `Tue, 14 Nov 2023 22:13:20 GMT` (RFC 9110 section 5.6.7), with the parts of a second behind the
/// seconds if the unit has any.
pub(super) fn http_date<'a>(
    sample: Sample<'a>,
    offset: i64,
    unit: TimeUnit,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let (unix_s, nanos) = instant(sample, offset, unit)?;
    build(context, |out| {
        strftime::put(out, "%a, %d %b %Y %H:%M:%S", &utc(unix_s, nanos));
        // Writing to a Vec cannot fail.
        let _ = match unit {
            TimeUnit::Seconds => Ok(()),
            TimeUnit::Millis => write!(out, ".{:03}", nanos / 1_000_000),
            TimeUnit::Micros => write!(out, ".{:06}", nanos / 1000),
        };
        out.extend_from_slice(b" GMT");
        Some(())
    })
    .map(Sample::Str)
}

fn utc(unix_s: i64, nanos: u32) -> Moment<'static> {
    let time = LocalTime::at(unix_s);
    Moment { time, unix_s, nanos, offset_s: 0, zone: "GMT", has_nanos: true }
}

pub(super) fn utime<'a>(
    sample: Sample<'a>,
    style: &Style<'_>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let (unix_s, nanos) = instant(sample, style.offset, style.unit)?;
    show(utc(unix_s, nanos), style, context)
}

/// In the time zone of the scene.
pub(super) fn ltime<'a>(
    sample: Sample<'a>,
    style: &Style<'_>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let (unix_s, nanos) = instant(sample, style.offset, style.unit)?;
    let Some(zone) = context.scene.zone() else {
        return show(utc(unix_s, nanos), style, context);
    };
    let (offset_s, name) = zone.at(unix_s);
    let time = LocalTime::at(unix_s + offset_s);
    let moment = Moment { time, unix_s, nanos, offset_s, zone: name, has_nanos: true };
    show(moment, style, context)
}

fn show<'a>(moment: Moment<'_>, style: &Style<'_>, context: &Context<'a>) -> Option<Sample<'a>> {
    let moment = Moment { has_nanos: style.unit != TimeUnit::Seconds, ..moment };
    build(context, |out| {
        strftime::put(out, style.format, &moment);
        Some(())
    })
    .map(Sample::Str)
}
