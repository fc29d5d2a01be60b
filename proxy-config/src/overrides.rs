//! Settings of the command line, in place of those of the `global` section.

use crate::draft::{GlobalDraft, LogDraft};
use crate::report::Report;
use crate::section::read_shards;
use crate::setting::Setting;
use crate::text::{Fault, Text};
use crate::{Overrides, Source, address, units};

/// The largest `maxconn`.
pub(crate) const MAXCONN_MAX: u64 = i32::MAX as u64;

/// Changes the draft; returns the arguments as sources, numbered from `first_source` on.
pub(crate) fn apply(
    overrides: &Overrides,
    first_source: usize,
    global: &mut GlobalDraft,
    report: &mut Report,
) -> Vec<Source> {
    let mut arguments = Arguments { first_source, sources: Vec::new(), report };
    if let Some(text) = &overrides.shards {
        global.shards = arguments.read("--shards", text, read_shards);
    }
    if let Some(text) = &overrides.log {
        global.log = arguments
            .read("--log", text, |text| Ok(vec![LogDraft::new(address::log_target(text)?)]));
    }
    if let Some(maxconn) = overrides.maxconn {
        global.maxconn = arguments.read("--maxconn", &maxconn.to_string(), |text| {
            units::number(text, 1, MAXCONN_MAX).map(|_| maxconn)
        });
    }
    arguments.sources
}

struct Arguments<'a> {
    first_source: usize,
    sources: Vec<Source>,
    report: &'a mut Report,
}

impl Arguments<'_> {
    fn read<T>(
        &mut self,
        name: &str,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Setting<T> {
        let text = Text::plain(self.first_source + self.sources.len(), value);
        self.sources.push(Source { name: name.to_owned(), text: value.to_owned() });
        match parse(value) {
            Ok(value) => Setting::written(Some(value), text.whole()),
            Err(fault) => {
                self.report.add(fault.about(name, &text));
                Setting::written(None, text.whole())
            }
        }
    }
}
