//! h11, a parser that shares nothing with the proxy's, in Python.

use std::process::Command;

use super::meaning::{Meaning, is_hop_by_hop};
use crate::support::Dir;

/// A stream of bytes to be read.
pub(super) enum Stream<'a> {
    Requests(&'a [u8]),
    /// In answer to requests with these methods.
    Responses(&'a [&'a str], &'a [u8]),
}

/// What h11 read in one stream.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) whole: Vec<Meaning>,
    /// The beginning of a message that is cut short.
    pub(super) cut: Option<Meaning>,
    pub(super) error: Option<String>,
}

/// Has h11 read all streams.
pub(super) fn read(streams: &[Stream<'_>]) -> Vec<Reading> {
    let dir = Dir::new();
    let lines: Vec<String> = streams.iter().map(line_of).collect();
    let file = dir.write("streams", lines.join("\n"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/support/h11_parse.py");
    let output = Command::new(python()).arg(script).arg(file).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let readings = readings_of(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(readings.len(), streams.len());
    readings
}

/// The distribution's interpreter knows the distribution's packages; another may come first in
/// the path.
fn python() -> &'static str {
    let knows_h11 = |python: &&&str| {
        let output = Command::new(python).args(["-c", "import h11"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = ["/usr/bin/python3", "python3"].iter().find(knows_h11).copied();
    found.expect("a python3 with h11; scripts/test installs it")
}

fn line_of(stream: &Stream<'_>) -> String {
    match stream {
        Stream::Requests(bytes) => format!("request {}", hex(bytes)),
        Stream::Responses(methods, bytes) => {
            format!("response {} {}", methods.join(","), hex(bytes))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn readings_of(output: &str) -> Vec<Reading> {
    let (mut readings, mut reading) = (Vec::new(), Reading::default());
    for line in output.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["stream", "ok"] => readings.push(std::mem::take(&mut reading)),
            ["stream", "error", ..] => {
                reading.error = Some(words[2..].join(" "));
                readings.push(std::mem::take(&mut reading));
            }
            _ => add(&mut reading, &words),
        }
    }
    readings
}

fn add(reading: &mut Reading, words: &[&str]) {
    if let ["message", first, second] = words {
        let start = [unhex(first), unhex(second)];
        reading.cut = Some(Meaning { start, ..Meaning::default() });
        return;
    }
    let message = reading.cut.as_mut().expect("a message");
    match words {
        ["field", name, value] => push_field(&mut message.fields, name, value),
        ["trailer", name, value] => push_field(&mut message.trailers, name, value),
        ["body", bytes] => message.body.extend(unhex(bytes)),
        ["end"] => reading.whole.extend(reading.cut.take()),
        _ => panic!("unknown: {words:?}"),
    }
}

fn push_field(fields: &mut Vec<(Vec<u8>, Vec<u8>)>, name: &str, value: &str) {
    let name = unhex(name);
    if !is_hop_by_hop(&name) {
        fields.push((name, unhex(value)));
    }
}
