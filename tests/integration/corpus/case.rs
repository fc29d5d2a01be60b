//! Case files: what is sent, and what must come of it. `tests/corpus/README.md` says the format.

use super::expected::Expected;
use super::notation::bytes_of;

/// One case file.
#[derive(Debug, Default)]
pub(super) struct Case {
    /// Its path in `tests/corpus`.
    pub(super) name: String,
    pub(super) rule: String,
    pub(super) what: String,
    pub(super) config: Config,
    pub(super) transport: Option<Transport>,
    /// What the proxy does wrong: the case is known to fail, and must.
    pub(super) broken: Option<String>,
    pub(super) sends: Vec<Send>,
    pub(super) client_ends: bool,
    pub(super) answers: Vec<Answer>,
    pub(super) client_gets: Vec<Expected>,
    pub(super) end: End,
    pub(super) origin_gets: Vec<Expected>,
}

/// Lines that a case adds to the configuration.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) global: String,
    pub(super) frontend: String,
    pub(super) backend: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp,
    Unix,
}

#[derive(Debug)]
pub(super) struct Send {
    pub(super) bytes: Vec<u8>,
    /// Sent when this many responses, interim ones too, have come.
    pub(super) after: usize,
}

/// What the origin says to one request.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) moment: Moment,
    pub(super) bytes: Vec<u8>,
    pub(super) additions: Vec<Addition>,
    pub(super) closes: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// When the connection stands.
    First,
    /// Behind the request's head.
    Early,
    /// Behind the whole request.
    #[default]
    Whole,
}

#[derive(Debug)]
pub(super) struct Addition {
    pub(super) bytes: Vec<u8>,
    /// Not before the client has its response.
    pub(super) late: bool,
}

/// What becomes of the client's connection.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    Closed,
    /// It serves another request.
    Open,
    Reset,
}

impl End {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Closed => "[closed]",
            Self::Open => "[open]",
            Self::Reset => "[reset]",
        }
    }
}

/// A section: its heading, the number of the line that this stands in, and what follows.
struct Section<'a> {
    heading: &'a str,
    number: usize,
    lines: Vec<(usize, &'a str)>,
}

impl Case {
    /// # Errors
    /// `name:line: what is wrong there`
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, String> {
        let fail = |(number, reason): (usize, String)| format!("{name}:{number}: {reason}");
        let mut case = Self { name: name.to_owned(), ..Self::default() };
        let mut sections: Vec<Section<'_>> = Vec::new();
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
            if line.ends_with([' ', '\t']) {
                return Err(fail((number, "ends with a space that nobody sees".into())));
            }
            if let Some(heading) = line.strip_prefix("== ") {
                sections.push(Section { heading, number, lines: Vec::new() });
            } else if let Some(section) = sections.last_mut() {
                section.lines.push((number, line));
            } else {
                case.add_key(line).map_err(|reason| fail((number, reason)))?;
            }
        }
        let (mut client, mut origin) = (None, None);
        for section in sections {
            match section.heading {
                "client gets" if client.is_none() => client = Some(section),
                "origin gets" if origin.is_none() => origin = Some(section),
                _ => case.add_script(&section).map_err(fail)?,
            }
        }
        let last = text.lines().count();
        let missing = |what: &str| fail((last, format!("{what} is missing")));
        case.add_client_gets(client.ok_or_else(|| missing("`== client gets`"))?).map_err(fail)?;
        case.add_origin_gets(origin.ok_or_else(|| missing("`== origin gets`"))?).map_err(fail)?;
        for (key, value) in [("rule", &case.rule), ("what", &case.what)] {
            if value.is_empty() {
                return Err(missing(&format!("`{key}:`")));
            }
        }
        if case.sends.is_empty() {
            return Err(missing("`== client sends`"));
        }
        if case.client_ends && case.end == End::Open {
            return Err(fail((last, "a client that ends leaves nothing open".into())));
        }
        Ok(case)
    }

    fn add_key(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (key, value) = line.split_once(": ").ok_or("neither `key: value` nor a section")?;
        let once = match key {
            "rule" => &mut self.rule,
            "what" => &mut self.what,
            "broken" => self.broken.get_or_insert_default(),
            "transport" => {
                self.transport = Some(match value {
                    "tcp" => Transport::Tcp,
                    "unix" => Transport::Unix,
                    _ => return Err("neither `tcp` nor `unix`".into()),
                });
                return Ok(());
            }
            "config-global" => return add_line(&mut self.config.global, value),
            "config-frontend" => return add_line(&mut self.config.frontend, value),
            "config-backend" => return add_line(&mut self.config.backend, value),
            _ => return Err(format!("no such key: {key}")),
        };
        if !once.is_empty() {
            return Err(format!("`{key}` is there twice"));
        }
        value.clone_into(once);
        Ok(())
    }

    fn add_script(&mut self, section: &Section<'_>) -> Result<(), (usize, String)> {
        let fail = |reason: &str| (section.number, reason.to_owned());
        let mut bytes = Vec::new();
        for (number, line) in &section.lines {
            bytes.extend(bytes_of(line).map_err(|reason| (*number, reason))?);
        }
        let answer = |moment, bytes| Answer { moment, bytes, ..Answer::default() };
        match section.heading {
            "client ends" => self.client_ends = true,
            "client sends" => self.sends.push(Send { bytes, after: self.sends.len() }),
            "origin answers" => self.answers.push(answer(Moment::Whole, bytes)),
            "origin answers early" => self.answers.push(answer(Moment::Early, bytes)),
            "origin speaks first" => self.answers.push(answer(Moment::First, bytes)),
            "origin adds" | "origin adds late" | "origin closes" => {
                let Some(answer) = self.answers.last_mut() else {
                    return Err(fail("there is no `== origin answers` before it"));
                };
                match section.heading {
                    "origin closes" => answer.closes = true,
                    heading => {
                        answer.additions.push(Addition { bytes, late: heading.ends_with("late") })
                    }
                }
            }
            heading => {
                let after = heading.strip_prefix("client sends after ");
                let after = after.and_then(|count| count.parse().ok());
                let after = after.ok_or_else(|| fail("no such section, or there twice"))?;
                self.sends.push(Send { bytes, after });
            }
        }
        Ok(())
    }

    fn add_client_gets(&mut self, mut section: Section<'_>) -> Result<(), (usize, String)> {
        while section.lines.pop_if(|(_, line)| line.is_empty()).is_some() {}
        self.end = match section.lines.pop() {
            Some((_, "[closed]")) => End::Closed,
            Some((_, "[open]")) => End::Open,
            Some((_, "[reset]")) => End::Reset,
            _ => {
                let reason = "the last line is none of [closed], [open], [reset]";
                return Err((section.number, reason.into()));
            }
        };
        self.client_gets = messages(&section)?;
        Ok(())
    }

    fn add_origin_gets(&mut self, section: Section<'_>) -> Result<(), (usize, String)> {
        if section.lines.iter().any(|(_, line)| *line == "[nothing]") {
            return Ok(());
        }
        self.origin_gets = messages(&section)?;
        match self.origin_gets.is_empty() {
            true => Err((section.number, "neither messages nor [nothing]".into())),
            false => Ok(()),
        }
    }
}

fn add_line(lines: &mut String, line: &str) -> Result<(), String> {
    lines.push_str(line);
    lines.push('\n');
    Ok(())
}

/// Messages with an empty line between them.
fn messages(section: &Section<'_>) -> Result<Vec<Expected>, (usize, String)> {
    let groups = section.lines.split(|(_, line)| line.is_empty());
    groups.filter(|group| !group.is_empty()).map(Expected::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::{Case, End};

    const GOOD: &str = "rule: r\nwhat: w\n\n== client sends\nGET / HTTP/1.1\\r\\n\n\\r\\n\n\
        == client gets\n400\n[closed]\n\n== origin gets\n[nothing]\n";

    #[test]
    fn a_good_case() {
        let case = Case::parse("x", GOOD).unwrap();
        assert_eq!(case.sends[0].bytes, b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!((case.client_gets.len(), case.origin_gets.len()), (1, 0));
        assert_eq!(case.end, End::Closed);
    }

    #[test]
    fn broken_cases_are_refused_with_their_line() {
        let cases = [
            ("rule: r\n", "", 11, "`rule:` is missing"),
            ("rule: r", "rule: r\nrule: s", 2, "`rule` is there twice"),
            ("what: w", "what w", 2, "neither `key: value`"),
            ("what: w", "wat: w", 2, "no such key: wat"),
            ("what: w", "transport: carrier pigeon", 2, "neither `tcp`"),
            ("[closed]", "[shut]", 7, "the last line is none of"),
            ("[nothing]", "", 11, "neither messages nor [nothing]"),
            ("== origin gets", "== origin gests", 11, "no such section"),
            ("== origin gets\n[nothing]\n", "", 10, "`== origin gets` is missing"),
            ("400", "400 Bad", 8, "not a start line"),
            ("400", "[bdy] x", 8, "no such mark"),
            ("\\r\\n\n\\r", "\\r\\n\n\\q", 6, "no such escape: \\q"),
            ("HTTP/1.1\\r\\n", "HTTP/1.1\\r\\n ", 5, "ends with a space"),
            ("== client sends", "== origin adds", 4, "no `== origin answers` before"),
        ];
        for (from, to, line, reason) in cases {
            let text = GOOD.replacen(from, to, 1);
            let error = Case::parse("theme/name.case", &text).expect_err(reason);
            let place = format!("theme/name.case:{line}: ");
            assert!(error.starts_with(&place) && error.contains(reason), "{error}, not {reason}");
        }
    }
}
