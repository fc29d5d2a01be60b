//! The command line of HAProxy.

use std::path::PathBuf;

/// What the flags ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `-cc`.
    pub(super) condition: Option<String>,
    /// `-f`, and what stands behind `--`.
    pub(super) files: Vec<PathBuf>,
    /// `-sf`: processes to end softly.
    pub(super) finish: Vec<i32>,
    /// `-C`.
    pub(super) folder: Option<PathBuf>,
    /// `-c`.
    pub(super) is_check: bool,
    /// `-D`, without a `-db`.
    pub(super) is_daemon: bool,
    /// Our own `--lenient`.
    pub(super) is_lenient: bool,
    /// `-q`.
    pub(super) is_quiet: bool,
    /// `-n`.
    pub(super) maxconn: Option<u32>,
    /// `-p`.
    pub(super) pid_file: Option<PathBuf>,
    /// `-st`: processes to end.
    pub(super) terminate: Vec<i32>,
    /// `-v` is 1, `-vv` is 2.
    pub(super) version: Option<u8>,
}

impl Flags {
    /// # Errors
    /// A flag that HAProxy does not have, or a value that is missing or wrong.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut flags = Self::default();
        let mut is_foreground = false;
        let mut rest = words.iter().peekable();
        while let Some(word) = rest.next() {
            let mut value = || rest.next().cloned().ok_or_else(|| format!("`{word}` has no value"));
            match word.as_str() {
                "-f" => flags.files.push(value()?.into()),
                "-C" => flags.folder = Some(value()?.into()),
                "-p" => flags.pid_file = Some(value()?.into()),
                "-cc" => flags.condition = Some(value()?),
                "-n" => flags.maxconn = Some(number(word, &value()?)?),
                // The name of this peer, limits that are not here, the sockets of a master.
                "-L" | "-m" | "-N" | "-S" | "-x" => drop(value()?),
                "-sf" | "-st" => {
                    let pids = if word == "-sf" { &mut flags.finish } else { &mut flags.terminate };
                    while let Some(pid) = rest.next_if(|next| !next.starts_with('-')) {
                        pids.push(number(word, pid)?);
                    }
                }
                "-c" => flags.is_check = true,
                "-D" => flags.is_daemon = true,
                "-d" | "-db" => is_foreground = true,
                "-q" => flags.is_quiet = true,
                "-v" => flags.version = Some(1),
                "-vv" => flags.version = Some(2),
                "--lenient" => flags.is_lenient = true,
                "--" => flags.files.extend(rest.by_ref().map(PathBuf::from)),
                // One process is master and worker; the others switch off what is not here.
                "-W" | "-Ws" | "-V" => {}
                debug if debug.starts_with("-d") => {}
                _ => return Err(format!("`{word}` is not a flag")),
            }
        }
        flags.is_daemon &= !is_foreground;
        Ok(flags)
    }
}

fn number<N: std::str::FromStr>(flag: &str, value: &str) -> Result<N, String> {
    value.parse().map_err(|_| format!("`{flag}` takes a number, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, String> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Flags::parse(&words)
    }

    #[test]
    fn what_service_files_have() {
        let flags =
            parse("-Ws -f /etc/a.cfg -f /etc/b -p /run/pid -S /run/master.sock -q").unwrap();
        let expected = Flags {
            files: vec!["/etc/a.cfg".into(), "/etc/b".into()],
            pid_file: Some("/run/pid".into()),
            is_quiet: true,
            ..Flags::default()
        };
        assert_eq!(flags, expected);
    }

    #[test]
    fn what_harnesses_have() {
        let flags = parse("-d -D -dM -dS -C /tmp -n 100 -sf 12 13 -c -V -- a b").unwrap();
        let expected = Flags {
            files: vec!["a".into(), "b".into()],
            finish: vec![12, 13],
            folder: Some("/tmp".into()),
            is_check: true,
            maxconn: Some(100),
            ..Flags::default()
        };
        assert_eq!(flags, expected);
        assert!(parse("-D -f a").unwrap().is_daemon);
        assert_eq!(parse("-vv").unwrap().version, Some(2));
        assert_eq!(parse("-cc 1").unwrap().condition.as_deref(), Some("1"));
    }

    #[test]
    fn what_is_wrong() {
        for (line, expected) in [
            ("-f", "`-f` has no value"),
            ("-n many", "`-n` takes a number, not `many`"),
            ("-sf x", "`-sf` takes a number, not `x`"),
            ("-Z", "`-Z` is not a flag"),
        ] {
            assert_eq!(parse(line), Err(expected.to_owned()));
        }
    }
}
