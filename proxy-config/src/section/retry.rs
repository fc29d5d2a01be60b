//! `retry-on` and `option.redispatch`: what is tried again, and where.

use std::ops::Range;

use crate::choice::{each_word, unknown_word};
use crate::model::{Redispatch, RetryOn};
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Reader};
use crate::words;

/// Statuses that another attempt may be made for.
const STATUSES: [&str; 12] =
    ["401", "403", "404", "408", "421", "425", "429", "500", "501", "502", "503", "504"];

const WORDS: [&str; 6] = [
    "none",
    "conn-failure",
    "empty-response",
    "junk-response",
    "response-timeout",
    "all-retryable-errors",
];

const FORMS: &str = "words such as \"conn-failure empty-response 503\"";

/// A string of words separated by blanks, or an array of such strings.
pub(super) fn retry_on(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<RetryOn> {
    let mut found = Found::default();
    let mut are_good = true;
    let items = reader.items(entry);
    for item in &items {
        let read = reader.parsed(item, FORMS, |text| {
            each_word(text, ' ', |word| found.take(word)).map_err(|range| unknown(text, range))
        });
        are_good &= !read.is_wrong();
    }
    if !are_good {
        return Setting::written(None, reader.value_place(entry));
    }
    match found.finish() {
        Ok(retry_on) => Setting::written(Some(retry_on), reader.value_place(entry)),
        Err(fault) => reader.refuse(entry, &fault),
    }
}

fn unknown(text: &str, range: Range<usize>) -> Fault {
    let fault = unknown_word(text, range, &WORDS, words::RETRY_ON);
    if fault.expected.starts_with("did you mean") {
        return fault;
    }
    let statuses = STATUSES.join(" ");
    Fault { expected: format!("{}, or a status out of {statuses}", fault.expected), ..fault }
}

struct Found {
    is_none: bool,
    count: usize,
    retry_on: RetryOn,
}

impl Default for Found {
    fn default() -> Self {
        let retry_on = RetryOn {
            conn_failure: false,
            empty_response: false,
            junk_response: false,
            response_timeout: false,
            statuses: Vec::new(),
        };
        Self { is_none: false, count: 0, retry_on }
    }
}

impl Found {
    /// `None` if the word is not known.
    fn take(&mut self, word: &str) -> Option<()> {
        let retry_on = &mut self.retry_on;
        match word {
            "none" => self.is_none = true,
            "conn-failure" => retry_on.conn_failure = true,
            "empty-response" => retry_on.empty_response = true,
            "junk-response" => retry_on.junk_response = true,
            "response-timeout" => retry_on.response_timeout = true,
            "all-retryable-errors" => {
                retry_on.conn_failure = true;
                retry_on.empty_response = true;
                retry_on.junk_response = true;
                retry_on.response_timeout = true;
                retry_on.statuses.extend([500, 502, 503, 504]);
            }
            _ if STATUSES.contains(&word) => retry_on.statuses.push(word.parse().ok()?),
            _ => return None,
        }
        self.count += 1;
        Some(())
    }

    fn finish(mut self) -> Result<RetryOn, Fault> {
        if self.count == 0 {
            let expected = "write \"none\" for no further attempt";
            return Err(Fault::new(0..0, "is empty", expected));
        }
        if self.is_none && self.count > 1 {
            return Err(Fault::new(0..0, "has `none` beside others", "`none` stands alone"));
        }
        self.retry_on.statuses.sort_unstable();
        self.retry_on.statuses.dedup();
        Ok(self.retry_on)
    }
}

/// `true`, `false`, or an interval.
pub(super) fn redispatch(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Redispatch> {
    let place = reader.value_place(entry);
    match entry.node.get_ref().as_bool() {
        Some(true) => Setting::written(Some(Redispatch::Every(1)), place),
        Some(false) => Setting::written(Some(Redispatch::Never), place),
        None => reader.parsed_scalar(entry, "true, false or an interval", interval),
    }
}

fn interval(text: &str) -> Result<Redispatch, Fault> {
    let expected = "an interval is an integer from -100 to 100 other than 0";
    match text.parse::<i32>() {
        Ok(0) => {
            let problem = "is an interval of 0";
            Err(Fault::new(0..text.len(), problem, "write false to keep to a server"))
        }
        Ok(interval) if interval.abs() <= 100 => Ok(Redispatch::Every(interval)),
        _ => Err(Fault::new(0..text.len(), "is not an interval", expected)),
    }
}
