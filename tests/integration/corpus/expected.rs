//! Messages as a case expects them, and as they came, both as lines that can be compared.

use super::notation::{bytes_of, text_of};
use crate::support::strict::{Body, Head};

/// A message that a case expects.
#[derive(Debug, Default, Clone)]
pub(super) struct Expected {
    /// As [`Got::lines`] writes them.
    pub(super) lines: Vec<String>,
    pub(super) body: Vec<u8>,
    /// Whatever its fields say, no body follows: an answer to HEAD.
    pub(super) no_body: bool,
    /// Its end never comes: nothing more than this is passed on, or less, or nothing at all.
    pub(super) cut: bool,
    /// Where nothing was passed on yet, this error will do.
    pub(super) or: Option<u16>,
    /// What follows the head is no message any more.
    pub(super) tunnel: bool,
    /// Which of the origin's connections it comes on, from 1.
    pub(super) connection: Option<usize>,
}

/// A message that came.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) head: Head,
    pub(super) body: Body,
    /// All that came behind the head, if that is a tunnel.
    pub(super) tunnel: Option<Vec<u8>>,
    pub(super) connection: usize,
}

impl Expected {
    pub(super) fn parse(lines: &[(usize, &str)]) -> Result<Self, (usize, String)> {
        let mut expected = Self::default();
        let (mut head, mut marks) = (Vec::new(), Vec::new());
        for (number, line) in lines {
            let add = expected.add(line, &mut head, &mut marks);
            add.map_err(|reason| (*number, reason))?;
        }
        if !expected.body.is_empty() {
            let body = format!("[body] {}", text_of(&expected.body));
            marks.insert(0, body);
        }
        head.append(&mut marks);
        expected.lines = head;
        Ok(expected)
    }

    fn add(
        &mut self,
        line: &str,
        head: &mut Vec<String>,
        marks: &mut Vec<String>,
    ) -> Result<(), String> {
        let Some(marked) = line.strip_prefix('[') else {
            return add_head_line(line, head);
        };
        let (mark, rest) = marked.split_once(']').ok_or("a mark without `]`")?;
        let bytes = bytes_of(rest.strip_prefix(' ').unwrap_or(rest))?;
        match mark {
            "body" => self.body.extend(bytes),
            "trailer" => marks.push(format!("[trailer] {}", text_of(&bytes))),
            "no body" => self.no_body = true,
            "cut" => self.cut = true,
            "or" => self.or = Some(rest.trim().parse().map_err(|_| "not a status")?),
            "tunnel" => {
                self.tunnel = true;
                marks.push(format!("[tunnel] {}", text_of(&bytes)));
            }
            _ => {
                let number = mark.strip_prefix("connection ").and_then(|text| text.parse().ok());
                self.connection = Some(number.ok_or_else(|| format!("no such mark: [{mark}]"))?);
            }
        }
        Ok(())
    }

    /// What the runner itself asks over a connection that shall still be open.
    pub(super) fn probe_request() -> Self {
        let lines = ["GET /corelane-probe HTTP/1.1", "host: probe"];
        Self { lines: lines.map(str::to_owned).into(), ..Self::default() }
    }

    pub(super) fn probe_response() -> Self {
        let lines = ["HTTP/1.1 200 OK", "content-length: 5", "[body] probe"];
        Self { lines: lines.map(str::to_owned).into(), ..Self::default() }
    }

    /// The lines with which `got` is to be compared: where what came is cut as it must be, they
    /// are what came.
    pub(super) fn lines_for(&self, got: Option<&Got>) -> Vec<String> {
        let mut lines = self.lines.clone();
        if let Some(number) = self.connection {
            lines.push(format!("[connection {number}]"));
        }
        if !self.cut {
            return lines;
        }
        let (Some(got), head_len) = (got, self.head_len()) else { return Vec::new() };
        let got_lines = got.lines(self.connection.is_some());
        let is_error = self.or.is_some_and(|status| got_lines == [status.to_string()]);
        let is_part = !got.body.whole
            && got_lines.get(..head_len) == self.lines.get(..head_len)
            && self.body.starts_with(&got.body.data);
        if is_error || is_part {
            return got_lines;
        }
        lines.push("[cut]".to_owned());
        lines
    }

    fn head_len(&self) -> usize {
        self.lines.iter().position(|line| line.starts_with('[')).unwrap_or(self.lines.len())
    }
}

/// A start line or a field, or a short form for a whole response: a status alone.
fn add_head_line(line: &str, head: &mut Vec<String>) -> Result<(), String> {
    let is_first = head.is_empty();
    let mut add = |lines: &[&str]| head.extend(lines.iter().map(|line| (*line).to_owned()));
    match line {
        "200" if is_first => add(&["HTTP/1.1 200 OK", "content-length: 2", "[body] ok"]),
        "200 close" if is_first => {
            add(&["HTTP/1.1 200 OK", "content-length: 2", "connection: close", "[body] ok"]);
        }
        _ if is_first && line.len() == 3 && line.parse::<u16>().is_ok() => add(&[line]),
        _ if is_first && !line.contains("HTTP/1.1") => {
            return Err("not a start line, nor a status alone".into());
        }
        _ if !is_first && !line.contains(": ") && !line.ends_with(':') => {
            return Err("not a field".into());
        }
        // The value of a field that is empty, whose space would not be seen at the line's end.
        _ if line.ends_with(':') && !line.contains(": ") => {
            head.push(format!("{} ", text_of(&bytes_of(line)?)))
        }
        _ => head.push(text_of(&bytes_of(line)?)),
    }
    Ok(())
}

impl Got {
    /// As a case would expect it.
    pub(super) fn lines(&self, with_connection: bool) -> Vec<String> {
        let mut lines = match self.own_error() {
            Some(status) => vec![status],
            None => self.own_lines(),
        };
        if let Some(bytes) = &self.tunnel {
            lines.push(format!("[tunnel] {}", text_of(bytes)));
        }
        if !self.body.whole {
            lines.push("[cut]".to_owned());
        }
        if with_connection {
            lines.push(format!("[connection {}]", self.connection));
        }
        lines
    }

    fn own_lines(&self) -> Vec<String> {
        let field = |(name, value): &(String, Vec<u8>)| {
            format!("{}: {}", text_of(name.as_bytes()), text_of(value))
        };
        let mut lines = vec![text_of(&self.head.start)];
        lines.extend(self.head.fields.iter().map(field));
        if !self.body.data.is_empty() {
            lines.push(format!("[body] {}", text_of(&self.body.data)));
        }
        let trailers = self.body.trailers.iter();
        lines.extend(trailers.map(|trailer| format!("[trailer] {}", field(trailer))));
        lines
    }

    /// The status of an error that the proxy itself answers with, in full.
    fn own_error(&self) -> Option<String> {
        let status = String::from_utf8_lossy(self.head.start.get(9..12)?).into_owned();
        let names: Vec<&str> = self.head.fields.iter().map(|(name, _)| name.as_str()).collect();
        let body = String::from_utf8_lossy(&self.body.data);
        let is_own = names == ["content-length", "cache-control", "content-type", "connection"]
            && self.head.field("connection") == Some(b"close")
            // Without it in answer to HEAD.
            && (body.is_empty() || body.starts_with(&format!("<html><body><h1>{status} ")))
            && self.body.whole;
        is_own.then_some(status)
    }
}
