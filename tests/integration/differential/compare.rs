//! What differs between the two programs.

use super::case::{Case, Talk};
use super::run::{Heard, Outcome};

/// A report, when the outcomes are not what the case says of them.
pub(super) fn failure(case: &Case, haproxy: &Outcome, corelane: &Outcome) -> Option<String> {
    let mut report = String::new();
    let heard = haproxy.talks.iter().zip(&corelane.talks);
    for (talk, (haproxy, corelane)) in case.talks.iter().zip(heard) {
        let lines = |heard| lines(heard, &case.setup.masks);
        report += &talk_failure(talk, &lines(haproxy), &lines(corelane)).unwrap_or_default();
    }
    if haproxy.log != corelane.log {
        report += &format!("  the log\n{}", difference(&haproxy.log, &corelane.log));
    }
    (!report.is_empty()).then(|| format!("{} (- HAProxy, + Corelane)\n{report}", case.name))
}

/// A difference that is known must be one, lest its mark outlive it.
fn talk_failure(talk: &Talk, haproxy: &[String], corelane: &[String]) -> Option<String> {
    let Talk { title, differs, .. } = talk;
    match (haproxy == corelane, differs) {
        (true, None) | (false, Some(_)) => None,
        (true, Some(_)) => Some(format!("  {title}\n    does not differ: its mark can go\n")),
        (false, None) => Some(format!("  {title}\n{}", difference(haproxy, corelane))),
    }
}

/// Everything that was heard, line by line.
fn lines(heard: &Heard, masks: &[String]) -> Vec<String> {
    let client = heard.client.iter().map(|message| ("client", message));
    let origins = heard.origins.iter();
    let origins =
        origins.flat_map(|(name, messages)| messages.iter().map(|message| (*name, message)));
    client
        .chain(origins)
        .flat_map(|(who, message)| {
            let lines = normal(message, masks);
            lines.into_iter().map(move |line| format!("{who}: {}", line.escape_ascii()))
        })
        .collect()
}

/// The lines of a message without what is no difference in what it says:
/// - blanks around the value of a field (RFC 9110, 5.5), and upper case in its name;
/// - the place of `host`, which we send first, and of the fields of framing, which we send last;
/// - `connection`: when a connection ends shows in what is answered on it;
/// - the version of a request: we send our own (RFC 9110, 2.5);
/// - values that the case masks.
fn normal(message: &[u8], masks: &[String]) -> Vec<Vec<u8>> {
    let Some(end) = message.windows(4).position(|seen| seen == b"\r\n\r\n") else {
        return vec![message.to_vec()];
    };
    let (head, body) = message.split_at(end);
    let mut head = head.split(|byte| *byte == b'\n').map(|line| line.trim_ascii().to_vec());
    let start = head.next().unwrap_or_default();
    if !start.starts_with(b"HTTP/") && !start.windows(8).any(|seen| seen == b" HTTP/1.") {
        return vec![message.to_vec()];
    }
    let start = match start.strip_suffix(b" HTTP/1.0") {
        Some(start) => [start, b" HTTP/1.1"].concat(),
        None => start,
    };
    let mut fields: Vec<_> = head.map(|line| masked(field(&line), masks)).collect();
    fields.retain(|field| !field.starts_with(b"connection: "));
    fields.sort_by_key(|field| place(field));
    let body = body[4..].split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    [start].into_iter().chain(fields).chain([Vec::new()]).chain(body).collect()
}

fn field(line: &[u8]) -> Vec<u8> {
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
    [&name.to_ascii_lowercase(), b": ".as_slice(), value].concat()
}

fn masked(field: Vec<u8>, masks: &[String]) -> Vec<u8> {
    let is_it = |mask: &&String| field.starts_with(format!("{mask}: ").as_bytes());
    match masks.iter().find(is_it) {
        Some(mask) => format!("{mask}: *").into_bytes(),
        None => field,
    }
}

fn place(field: &[u8]) -> u8 {
    match field {
        _ if field.starts_with(b"host: ") => 0,
        _ if field.starts_with(b"content-length: ") => 2,
        _ if field.starts_with(b"transfer-encoding: ") => 2,
        _ => 1,
    }
}

/// The lines that only one side has.
fn difference(left: &[String], right: &[String]) -> String {
    let mut common = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i][j] = match left[i] == right[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut report) = (0, 0, String::new());
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && common[i + 1][j] >= common[i][j + 1]) {
            report += &format!("    - {}\n", left[i]);
            i += 1;
        } else {
            report += &format!("    + {}\n", right[j]);
            j += 1;
        }
    }
    report
}
