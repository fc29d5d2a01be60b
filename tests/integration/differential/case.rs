//! A case: a configuration, and the requests beside it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::setup::Setup;
use super::{examples, root};

pub(super) struct Case {
    /// The configuration's name without its ending.
    pub(super) name: String,
    pub(super) config: PathBuf,
    /// Where both programs run.
    pub(super) folder: PathBuf,
    pub(super) setup: Setup,
    /// Responses of the origins, each with what a request's `x-answer` calls it.
    pub(super) answers: Vec<(String, Vec<u8>)>,
    pub(super) talks: Vec<Talk>,
}

/// What one connection says.
pub(super) struct Talk {
    /// Its text in the file.
    pub(super) title: String,
    /// The number of the listener, from 1.
    pub(super) to: usize,
    pub(super) from: Ipv4Addr,
    /// Over TLS.
    pub(super) tls: Option<TlsTalk>,
    pub(super) says: Vec<Say>,
    /// Why we are meant to differ from HAProxy.
    pub(super) differs: Option<String>,
}

pub(super) struct TlsTalk {
    /// Whom the client asks for, and has to see a certificate of.
    pub(super) name: String,
    /// The file of the client's own certificate.
    pub(super) own: Option<String>,
}

pub(super) enum Say {
    Request {
        bytes: Vec<u8>,
        is_head: bool,
    },
    /// In pieces, each a segment of its own.
    Raw(Vec<Vec<u8>>),
}

impl Case {
    /// A configuration that was written for both, with its requests beside it.
    pub(super) fn read(config: &Path) -> Self {
        let folder = config.parent().unwrap().to_owned();
        let mut case = Self::talks(config, folder, &config.with_extension("requests"));
        config.clone_into(&mut case.config);
        case
    }

    /// An example as people have it, made to run here by what its requests begin with.
    pub(super) fn example(config: &Path) -> Self {
        let requests = examples().join(config.file_name().unwrap()).with_extension("requests");
        let mut case = Self::talks(config, root().to_owned(), &requests);
        case.config = case.setup.write(config);
        case.name.insert_str(0, "examples/");
        case
    }

    fn talks(config: &Path, folder: PathBuf, requests: &Path) -> Self {
        let mut case = Self {
            name: config.file_stem().unwrap().to_string_lossy().into_owned(),
            config: PathBuf::new(),
            folder,
            setup: Setup::default(),
            answers: Vec::new(),
            talks: Vec::new(),
        };
        let text = std::fs::read_to_string(requests)
            .unwrap_or_else(|error| panic!("{}: {error}", requests.display()));
        for block in text.split("\n\n") {
            let is_said = |line: &&str| !line.is_empty() && !line.starts_with('#');
            let lines: Vec<&str> = block.lines().filter(is_said).collect();
            match lines[..] {
                [] => {}
                ["setup", ref rest @ ..] => rest.iter().for_each(|line| case.setup.add(line)),
                [first, ref rest @ ..] => match first.strip_prefix("answer ") {
                    Some(name) => case.answers.push((name.to_owned(), message(rest))),
                    None => case.talks.push(Talk::parse(&lines)),
                },
            }
        }
        case
    }
}

impl Talk {
    fn parse(lines: &[&str]) -> Self {
        let mut talk = Self {
            title: String::new(),
            to: 1,
            from: Ipv4Addr::LOCALHOST,
            tls: None,
            says: Vec::new(),
            differs: None,
        };
        let mut is_setting = |line: &&str| {
            if let Some(number) = line.strip_prefix('@') {
                talk.to = number.parse().unwrap();
            } else if let Some(address) = line.strip_prefix("from ") {
                talk.from = address.parse().unwrap();
            } else if let Some(name) = line.strip_prefix("tls ") {
                talk.tls = Some(TlsTalk::parse(name));
            } else if let Some(reason) = line.strip_prefix("differs: ") {
                talk.differs = Some(reason.to_owned());
            } else {
                return false;
            }
            true
        };
        let mut lines = lines.to_vec();
        lines.retain(|line| !is_setting(line));
        talk.title = lines.join("\n  ");
        talk.says = lines.split(|line| *line == "--").map(Say::parse).collect();
        talk
    }
}

impl TlsTalk {
    fn parse(text: &str) -> Self {
        match text.split_once(" as ") {
            Some((name, own)) => Self { name: name.to_owned(), own: Some(own.to_owned()) },
            None => Self { name: text.to_owned(), own: None },
        }
    }
}

impl Say {
    fn parse(lines: &[&str]) -> Self {
        let first = lines[0];
        if first.starts_with("raw ") {
            return Self::Raw(lines.iter().map(|line| bytes_of(&line[4..])).collect());
        }
        let bytes = match first.contains(" HTTP/") {
            true => message(lines),
            false => {
                let start = format!("{first} HTTP/1.1");
                let usual = [start.as_str(), "host: example.org"];
                message(&[&usual, &lines[1..]].concat())
            }
        };
        Self::Request { bytes, is_head: first.starts_with("HEAD ") }
    }
}

/// Lines of a head, and behind `> ` the body, of which a field tells the length unless one says so.
fn message(lines: &[&str]) -> Vec<u8> {
    let (body, head): (Vec<&str>, Vec<&str>) =
        lines.iter().copied().partition(|line| line.starts_with('>'));
    let body = body.iter().flat_map(|line| bytes_of(&line[2..])).collect::<Vec<u8>>();
    let mut bytes = Vec::new();
    for line in &head {
        bytes.extend(bytes_of(line));
        bytes.extend(b"\r\n");
    }
    let is_framed = head.iter().any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("content-length:") || line.starts_with("transfer-encoding:")
    });
    let has_body = match head[0].strip_prefix("HTTP/1.1 ") {
        Some(status) => !status.starts_with("204") && !status.starts_with("304"),
        None => head[0].starts_with("HTTP/") || !body.is_empty(),
    };
    if has_body && !is_framed {
        bytes.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// A line's bytes: `\r`, `\n` and `\xff` stand for what they do in C.
fn bytes_of(line: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), line);
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.as_bytes());
        let (byte, len) = match after.as_bytes().first() {
            Some(b'r') => (b'\r', 1),
            Some(b'n') => (b'\n', 1),
            Some(b'x') => (u8::from_str_radix(&after[1..3], 16).unwrap(), 3),
            _ => (b'\\', 0),
        };
        bytes.push(byte);
        rest = &after[len..];
    }
    bytes.extend(rest.as_bytes());
    bytes
}
