//! The modules of the proxy's log that render a format, and the door to them.

#[path = "../../../src/observe/access_log.rs"]
pub mod access_log;
#[path = "../../../src/observe/date.rs"]
#[expect(dead_code, reason = "the dates of syslog headers")]
pub mod date;
#[path = "../../../src/observe/digits.rs"]
mod digits;
#[path = "../../../src/observe/end.rs"]
pub mod end;
#[path = "../../../src/observe/escape.rs"]
mod escape;
#[path = "../../../src/observe/log_format.rs"]
mod log_format;
#[path = "../../../src/observe/log_json.rs"]
mod log_json;
#[path = "../../../src/observe/log_value.rs"]
#[expect(dead_code, reason = "what the machine says of itself")]
mod log_value;
#[path = "../../../src/observe/record.rs"]
pub mod record;

use std::sync::Arc;

use proxy_config::model::Format;

use date::{DateCache, Zone};
use log_format::Source;
use log_value::{Host, Origin};
use record::Record;

/// Appends one line without its `\n`, of `len` bytes at most.
pub fn write_line(out: &mut Vec<u8>, len: usize, format: &Format, record: &Record<'_>) {
    render(record, |source| log_format::write_line(out, len, format, source));
}

/// Appends the value of a header, of `len` bytes at most.
pub fn write_text(out: &mut Vec<u8>, len: usize, format: &Format, record: &Record<'_>) {
    render(record, |source| log_format::write_text(out, len, format, source));
}

fn render(record: &Record<'_>, write: impl FnOnce(&mut Source<'_>)) {
    let host = Host { name: "host".to_owned(), pid: 8239 };
    let mut dates = DateCache::new(Arc::new(Zone::utc()));
    let origin = if record.request.is_none() { Origin::SessionError } else { Origin::Stream };
    write(&mut Source { record, dates: &mut dates, host: &host, origin });
}
