//! Whether what came is what had to come, and a report when it is not.

use super::case::{Case, End};
use super::client::Received;
use super::expected::{Expected, Got};
use super::origin::Record;

/// What is wrong, for a person to read; nothing when all is as the case says.
pub(super) fn judge(case: &Case, received: &Received, record: &Record) -> Option<String> {
    let (mut client, mut origin) = (case.client_gets.clone(), case.origin_gets.clone());
    if case.end == End::Open {
        client.push(Expected::probe_response());
        origin.push(Expected::probe_request());
    }
    let mut got = lines(&client, &received.responses);
    got.push(received.end.map_or("[no end]", End::text).to_owned());
    let mut expected = expected_lines(&client, &received.responses);
    expected.push(case.end.text().to_owned());
    let client = compare("client gets", &expected, &got, &received.problems);
    let (expected, got) =
        (expected_lines(&origin, &record.requests), lines(&origin, &record.requests));
    let origin = compare("origin gets", &expected, &got, &record.problems);
    match (client, origin) {
        (None, None) => None,
        (client, origin) => Some(client.unwrap_or_default() + &origin.unwrap_or_default()),
    }
}

fn lines(expected: &[Expected], got: &[Got]) -> Vec<String> {
    let messages = got.iter().enumerate().map(|(index, got)| {
        got.lines(expected.get(index).is_some_and(|expected| expected.connection.is_some()))
    });
    join(messages)
}

fn expected_lines(expected: &[Expected], got: &[Got]) -> Vec<String> {
    join(expected.iter().enumerate().map(|(index, expected)| expected.lines_for(got.get(index))))
}

fn join(messages: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let mut lines = Vec::new();
    for mut message in messages.filter(|message| !message.is_empty()) {
        lines.append(&mut message);
        lines.push(String::new());
    }
    lines
}

fn compare(what: &str, expected: &[String], got: &[String], problems: &[String]) -> Option<String> {
    if expected == got && problems.is_empty() {
        return None;
    }
    let mut report = format!("  {what} (- expected, + came)\n");
    for problem in problems {
        report += &format!("    ! {problem}\n");
    }
    for (sign, line) in diff(expected, got) {
        report += format!("    {sign} {line}").trim_end();
        report.push('\n');
    }
    Some(report)
}

/// Lines of `old` and `new` in one row, by their longest common subsequence.
fn diff<'a>(old: &'a [String], new: &'a [String]) -> Vec<(char, &'a str)> {
    let mut lens = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            lens[i][j] = match a == b {
                true => lens[i + 1][j + 1] + 1,
                false => lens[i + 1][j].max(lens[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut rows) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && new.get(j) == Some(&old[i]) {
            rows.push((' ', old[i].as_str()));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && lens[i + 1][j] >= lens[i][j + 1] {
            rows.push(('-', old[i].as_str()));
            i += 1;
        } else {
            rows.push(('+', new[j].as_str()));
            j += 1;
        }
    }
    rows
}

#[test]
fn diff_shows_what_differs() {
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (lines("a b c d"), lines("a x c d e"));
    let rows = diff(&old, &new);
    let expected = [(' ', "a"), ('-', "b"), ('+', "x"), (' ', "c"), (' ', "d"), ('+', "e")];
    assert_eq!(rows, expected);
}
