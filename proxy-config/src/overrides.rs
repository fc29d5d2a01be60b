//! Settings of the command line, in place of those of the `global` section.

use std::sync::Arc;

use crate::draft::{GlobalDraft, LogDraft};
use crate::extra::Extras;
use crate::report::Report;
use crate::section::read_shards;
use crate::setting::Setting;
use crate::text::{Fault, Text};
use crate::{Overrides, Source, address, units};

/// The largest `maxconn`.
pub(crate) const MAXCONN_MAX: u64 = i32::MAX as u64;

/// Changes the draft; the arguments become sources that messages can point into.
pub(crate) fn apply(
    overrides: &Overrides,
    extras: &mut Extras,
    global: &mut GlobalDraft,
    report: &mut Report,
) {
    let mut arguments = Arguments { extras, report };
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
}

struct Arguments<'a> {
    extras: &'a mut Extras,
    report: &'a mut Report,
}

impl Arguments<'_> {
    fn read<T>(
        &mut self,
        name: &str,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Setting<T> {
        let source = Source { name: name.to_owned(), text: value.to_owned() };
        let text = Text::plain(self.extras.add(Arc::new(source)), value);
        match parse(value) {
            Ok(value) => Setting::written(Some(value), text.whole()),
            Err(fault) => {
                self.report.add(fault.about(name, &text));
                Setting::written(None, text.whole())
            }
        }
    }
}
