//! Log formats that show less than they seem to.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, LineFormat, LogChoice, LogDraft, LogEntry, Settings};
use crate::model::{Encoding, Format, FormatPiece, LogField};
use crate::place::Place;
use crate::report::Report;

/// What no stream of mode tcp has.
const HTTP_FIELDS: [LogField; 17] = [
    LogField::RequestTime,
    LogField::QueryTime,
    LogField::ResponseTime,
    LogField::Status,
    LogField::RequestCookie,
    LogField::ResponseCookie,
    LogField::RequestHeaders,
    LogField::RequestHeadersClf,
    LogField::ResponseHeaders,
    LogField::ResponseHeadersClf,
    LogField::RequestLine,
    LogField::Method,
    LogField::Path,
    LogField::PathOnly,
    LogField::Query,
    LogField::Uri,
    LogField::Version,
];

/// A format with its key and its place.
struct Written {
    key: &'static str,
    format: Arc<Format>,
    place: Place,
}

/// The formats that a section writes itself.
fn of_section(own: &Settings) -> Vec<Written> {
    let settings = [
        ("log-format", &own.line.log_format),
        ("error-log-format", &own.error_log_format),
        ("unique-id-format", &own.unique_id_format),
    ];
    let written = settings.into_iter().filter_map(|(key, setting)| {
        let (format, place) = setting.format().cloned().zip(setting.place())?;
        Some(Written { key, format, place })
    });
    written.chain(own_logs(own).filter_map(of_log)).collect()
}

fn of_log(log: &LogDraft) -> Option<Written> {
    match (log.format.value(), log.format.place()) {
        (Some(LineFormat::Custom(draft)), Some(place)) => {
            Some(Written { key: "format", format: draft.format.clone()?, place })
        }
        _ => None,
    }
}

/// The targets that a section has of its own.
pub(super) fn own_logs(own: &Settings) -> impl Iterator<Item = &LogDraft> {
    let entries = match own.log.value() {
        Some(LogChoice::Targets(entries)) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(|entry| match entry {
        LogEntry::Own(log) => Some(&**log),
        LogEntry::Global(_) => None,
    })
}

/// Fields of HTTP in a section of mode tcp.
pub(super) fn http_fields(own: &Settings, report: &mut Report) {
    for Written { key, format, place } in of_section(own) {
        let mut empty = format.pieces.iter().filter_map(|piece| match piece {
            FormatPiece::Field { field, .. } if HTTP_FIELDS.contains(field) => Some(field.alias()),
            _ => None,
        });
        let Some(first) = empty.next() else { continue };
        let which =
            if empty.next().is_some() { " and others, which need" } else { ", which needs" };
        let message = format!("`{key}` has `%{first}`{which} mode http");
        report.add(Diagnostic::warning(place, message).expected("stays empty in mode tcp"));
    }
}

/// A member of a JSON object needs a name.
pub(super) fn unnamed(draft: &Draft, report: &mut Report) {
    let of_global = draft.global.log.value().into_iter().flatten().filter_map(of_log);
    let sections = draft.defaults.iter().chain(&draft.proxies);
    let of_sections = sections.flat_map(|section| of_section(&section.settings));
    for Written { key, format, place } in of_global.chain(of_sections) {
        let nameless = format.pieces.iter().find_map(|piece| match piece {
            FormatPiece::Field { field, name: None, .. } => Some(field.alias()),
            _ => None,
        });
        if let (Encoding::Json, Some(alias)) = (format.encoding, nameless) {
            let message = format!("`{key}` has `%{alias}` without a name, which JSON leaves out");
            let expected = format!("write `%(name){alias}`");
            report.add(Diagnostic::warning(place, message).expected(expected));
        }
    }
}
