//! Formats of lines, headers around them, and the unique id.

use super::{config, listen};
use crate::formats;
use crate::model::*;
use crate::parse_log_format;

const STDOUT: &str = "[global]\nlog = [{ target = 'stdout' }]\n";

fn custom(text: &str) -> LogFormat {
    LogFormat::Custom(parse_log_format(text).unwrap().into())
}

#[test]
fn the_format_of_a_line_is_one_choice() {
    let clf = |mode| LogFormat::Custom(formats::clf(mode));
    let defaults = format!("{STDOUT}[defaults]\nlog-format = '%ci'\n");
    let clf_defaults = format!("{STDOUT}[defaults]\noption.httplog = {{ clf = true }}\n");
    let cases = [
        (STDOUT, "log-format = '%ci %%'", custom("%ci %%")),
        (STDOUT, "option.httplog = 'clf'", clf(Mode::Http)),
        (STDOUT, "option.tcplog = 'clf'", clf(Mode::Tcp)),
        (STDOUT, "option.httplog = { clf = false }", LogFormat::Http),
        (STDOUT, "mode = 'tcp'\noption.httplog = 'clf'", clf(Mode::Tcp)),
        (STDOUT, "mode = 'tcp'\nlog-format = '%ci'", custom("%ci")),
        (defaults.as_str(), "", custom("%ci")),
        (defaults.as_str(), "option.tcplog = true", LogFormat::Tcp),
        (defaults.as_str(), "option.tcplog = false", custom("%ci")),
        (defaults.as_str(), "log-format = '%cp'", custom("%cp")),
        (clf_defaults.as_str(), "", clf(Mode::Http)),
        (clf_defaults.as_str(), "option.httplog = false", LogFormat::Http),
        (clf_defaults.as_str(), "log-format = '%cp'", custom("%cp")),
    ];
    for (before, lines, expected) in cases {
        let (frontend, _) = listen(before, lines);
        assert_eq!(frontend.logs[0].format, expected, "{before}{lines}");
    }
}

#[test]
fn the_format_of_a_log_wins() {
    let cases = [
        ("json", "", LogFormat::Custom(formats::json(Mode::Http))),
        ("json", "mode = 'tcp'", LogFormat::Custom(formats::json(Mode::Tcp))),
        ("clf", "", LogFormat::Custom(formats::clf(Mode::Http))),
        ("clf", "mode = 'tcp'", LogFormat::Custom(formats::clf(Mode::Tcp))),
        ("%ci", "log-format = '%cp'", custom("%ci")),
        ("tcp", "log-format = '%cp'", LogFormat::Tcp),
        ("rfc3164", "log-format = '%cp'", custom("%cp")),
        ("raw", "", LogFormat::Http),
        ("http", "mode = 'tcp'", LogFormat::Tcp),
    ];
    for (format, lines, expected) in cases {
        let before = format!("[global]\nlog = [{{ target = 'udp:h:5', format = '{format}' }}]\n");
        let (frontend, _) = listen(&before, lines);
        assert_eq!(frontend.logs[0].format, expected, "{format} {lines}");
    }
}

#[test]
fn words_of_a_log() {
    let log = |words: &str| {
        let before = format!("[global]\nlog = [{{ target = 'udp:h:5', {words} }}]\n");
        listen(&before, "").0.logs.remove(0)
    };
    let plain = log("");
    assert_eq!((plain.facility, plain.level, plain.minlevel, plain.len), (16, 7, 0, 1024));
    assert_eq!((plain.syslog, plain.tag.as_str()), (SyslogFormat::Rfc3164, "corelane"));
    assert_eq!((plain.hostname, plain.structured_data), (None, None));
    let full = log("facility = 'kern', level = 'err', minlevel = 'notice', len = 65535");
    assert_eq!((full.facility, full.level, full.minlevel, full.len), (0, 3, 5, 65_535));
    assert_eq!(log("len = 80").len, 80);
    assert_eq!(log("format = 'rfc5424'").syslog, SyslogFormat::Rfc5424);
    assert_eq!(log("syslog = 'raw'").syslog, SyslogFormat::Raw);
    assert_eq!(log("syslog = 'rfc5424', format = 'http'").syslog, SyslogFormat::Rfc5424);
}

#[test]
fn names_in_syslog_headers() {
    let log = "log = [{ target = 'udp:h:5', syslog = 'rfc5424' }]\n";
    let names = |global: &str, lines: &str| {
        let (frontend, _) = listen(&format!("[global]\n{log}{global}\n"), lines);
        (frontend.logs[0].tag.clone(), frontend.logs[0].hostname.clone())
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(names("log-tag = 'edge'", ""), ("edge".to_owned(), None));
    assert_eq!(names("log-tag = 'edge'", "log-tag = 'own'"), ("own".to_owned(), None));
    assert_eq!(names("log-send-hostname = true", "").1, some("balancer"));
    assert_eq!(names("log-send-hostname = 'lb1'", "").1, some("lb1"));
    assert_eq!(names("log-send-hostname = false", "").1, None);
    let (frontend, _) = listen(&format!("[global]\n{log}"), "log-format-sd = '[a@1 b=\"%ci\"]'");
    let expected = parse_log_format("[a@1 b=\"%ci\"]").unwrap();
    assert_eq!(frontend.logs[0].structured_data.as_deref(), Some(&expected));
}

#[test]
fn what_is_logged() {
    let before = "[defaults]\noption.dontlognull = true\noption.dontlog-normal = true\n\
                  option.log-separate-errors = true\noption.logasap = true\n\
                  error-log-format = '%ci %ts'\n";
    let (frontend, _) = listen(before, "");
    let expected =
        LogOptions { without_null: true, without_normal: true, separate_errors: true, asap: true };
    assert_eq!(frontend.log_options, expected);
    assert_eq!(frontend.error_log_format, parse_log_format("%ci %ts").ok());
    let (frontend, _) = listen(before, "option.logasap = false\noption.dontlognull = false");
    let expected = LogOptions { without_null: false, asap: false, ..expected };
    assert_eq!(frontend.log_options, expected);
}

#[test]
fn the_unique_id() {
    let id = |lines: &str| listen("", lines).0.unique_id;
    let format = parse_log_format("%rt").unwrap();
    let header = Some("x-id".to_owned());
    let cases = [
        ("unique-id-format = '%rt'", UniqueId { format: format.clone(), header: None }),
        (
            "unique-id-format = '%rt'\nunique-id-header = 'X-Id'",
            UniqueId { format, header: header.clone() },
        ),
        ("unique-id-header = 'x-id'", UniqueId { format: formats::unique_id(), header }),
    ];
    for (lines, expected) in cases {
        assert_eq!(id(lines), Some(expected), "{lines}");
    }
    assert!(config("").frontends.is_empty());
}
