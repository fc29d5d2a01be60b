//! Inheritance, defaults, names and ids, from text to model.

mod actions;
mod keys;
mod logs;
mod pages;
mod rules;
mod tls;

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::model::*;
use crate::{Diagnostic, Outcome, Overrides, Source, Surroundings, load};

const CRT_LIST: &str = "# all of them\r
a.pem\r
\t
/b.pem [verify required ca-file /line.pem no-ca-names ssl-max-ver TLSv1.2 no-alpn] B.example \
*.b.example !no.b.example # a remark
c.pem[verify none]c.example";

fn outcome(texts: &[&str], overrides: &Overrides) -> Outcome {
    let source = |(nth, text): (usize, &&str)| Source {
        name: format!("{nth}.toml"),
        text: (*text).to_owned(),
    };
    let sources: Vec<_> = texts.iter().enumerate().map(source).collect();
    load(&sources, overrides, surroundings())
}

/// Nothing in the environment, and a few files.
fn surroundings() -> Surroundings<'static> {
    Surroundings { env: &|_| None, read_file: &read_file, hostname: "balancer" }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    match path.to_str() {
        Some("page.http") => Ok(b"HTTP/1.1 503 Sorry\r\nX-A: b\r\n\r\nsorry\n".to_vec()),
        Some("empty") => Ok(Vec::new()),
        Some("crt-list.txt") => Ok(CRT_LIST.as_bytes().to_vec()),
        Some("format.txt") => Ok(b"client %ci\n".to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn config(text: &str) -> Config {
    let outcome = outcome(&[text], &Overrides::default());
    let messages: Vec<_> = outcome.diagnostics.iter().map(Diagnostic::message).collect();
    outcome.config.unwrap_or_else(|| panic!("{messages:?}"))
}

/// A listen section with these lines, after these other sections.
fn listen(before: &str, lines: &str) -> (Frontend, Backend) {
    let server = "server = [{ name = 'a', address = '10.0.0.1:80', check = true }]";
    let mut config = config(&format!("{before}\n[listen.x]\nbind = ':80'\n{server}\n{lines}\n"));
    (config.frontends.remove(0), config.backends.remove(0))
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_nobody_writes_has_safe_defaults() {
    let config = config("[listen.x]\nbind = ':80'\nserver = [{ name = 'a', address = 'b:80' }]");
    assert_eq!(config.global.shards, Shards::Auto);
    assert_eq!(config.global.maxconn, None);
    assert_eq!(config.global.hard_stop_after, secs(30));
    let tune = Tune {
        bufsize: 16_384,
        buffers_limit: 1024,
        http_maxhdr: 101,
        http_cookielen: 63,
        http_logurilen: 1024,
        ssl_cachesize: 20_000,
        ssl_lifetime: secs(300),
        ssl_max_hello: 16_384,
    };
    assert_eq!(config.global.tune, tune);
    let frontend = &config.frontends[0];
    let timeouts = FrontendTimeouts {
        client: secs(60),
        http_request: secs(10),
        http_keep_alive: secs(60),
        client_hs: secs(10),
        tarpit: secs(5),
    };
    assert_eq!(frontend.timeouts, timeouts);
    assert_eq!(frontend.mode, Mode::Http);
    assert_eq!(frontend.binds[0].backlog, 4096);
    assert_eq!((frontend.maxconn, &frontend.forwardfor, frontend.logs.len()), (None, &None, 0));
    let backend = &config.backends[0];
    let timeouts = BackendTimeouts {
        connect: secs(5),
        server: secs(60),
        tunnel: Some(secs(3600)),
        check: None,
        tarpit: None,
    };
    assert_eq!(backend.timeouts, timeouts);
    assert_eq!((backend.retries, backend.http_reuse), (3, HttpReuse::Safe));
    let server = &backend.servers[0];
    assert_eq!((server.weight, server.backup, server.disabled), (1, false, false));
    assert_eq!(server.check, None);
    let address = ServerAddress::Name { host: "b".to_owned(), port: 80 };
    assert_eq!(server.address, address);
}

#[test]
fn settings_come_from_the_nearest_section() {
    let unnamed = "[defaults]\ntimeout.client = '1s'\n";
    let chain = "[defaults]\ntimeout.client = '1s'\n[defaults.a]\nfrom = 'b'\n\
                 [defaults.b]\ntimeout.client = '2s'\n";
    let based = "[defaults]\nfrom = 'b'\n[defaults.b]\ntimeout.client = '2s'\n";
    let cases = [
        ("", "", 60),
        (unnamed, "", 1),
        (unnamed, "timeout.client = '9s'", 9),
        (chain, "", 1),
        (chain, "from = 'a'", 2),
        (chain, "from = 'b'", 2),
        (chain, "from = 'a'\ntimeout.client = '9s'", 9),
        (based, "", 2),
        // A named section without `from` starts from nothing.
        ("[defaults]\ntimeout.client = '1s'\n[defaults.a]\nmaxconn = 5\n", "from = 'a'", 60),
        // A family may be opened by a header, in the unnamed section and in a named one.
        ("[defaults.timeout]\nclient = '3s'\n", "", 3),
        ("[defaults.a.timeout]\nclient = '4s'\n", "from = 'a'", 4),
    ];
    for (before, lines, expected) in cases {
        let (frontend, _) = listen(before, lines);
        assert_eq!(frontend.timeouts.client, secs(expected), "{before}{lines}");
    }
}

#[test]
fn words_of_servers_come_one_by_one() {
    let before = "[defaults]\ndefault-server = { inter = '7s', rise = 9, weight = 5 }\n";
    let (_, backend) = listen(before, "default-server = { rise = 4, port = 81 }");
    let server = &backend.servers[0];
    assert_eq!(server.weight, 5);
    let (inter, port) = (secs(7), Some(81));
    let check = Check { inter, rise: 4, fall: 3, port, send_proxy: false, tls: None };
    assert_eq!(server.check, Some(check));
}

#[test]
fn options_can_be_turned_off_again() {
    let before = "[defaults]\noption.forwardfor = true\noption.httpchk = { uri = '/up' }\n";
    let (frontend, backend) = listen(before, "");
    let header = |forwardfor: &Option<ForwardFor>| forwardfor.as_ref().map(|f| f.header.clone());
    assert_eq!(header(&frontend.forwardfor).as_deref(), Some("x-forwarded-for"));
    assert_eq!(header(&backend.forwardfor).as_deref(), Some("x-forwarded-for"));
    let httpchk = backend.httpchk.unwrap();
    assert_eq!((httpchk.method.as_str(), httpchk.uri.as_str()), ("OPTIONS", "/up"));
    assert_eq!((httpchk.version.as_str(), httpchk.host), ("HTTP/1.0", None));
    let (frontend, backend) = listen(before, "option.forwardfor = false\noption.httpchk = false");
    assert_eq!((frontend.forwardfor, backend.forwardfor, backend.httpchk), (None, None, None));
}

#[test]
fn formats_of_logs() {
    let plain = "[global]\nlog = [{ target = 'stdout' }]\n";
    let tcp = "[global]\nlog = [{ target = 'stdout', format = 'tcp' }]\n";
    let http = "[global]\nlog = [{ target = 'stdout', format = 'http' }]\n";
    let chosen = "[global]\nlog = [{ target = 'stdout' }]\n[defaults]\noption.tcplog = true\n";
    let cases = [
        (plain, "", LogFormat::Http),
        (plain, "mode = 'tcp'", LogFormat::Tcp),
        (plain, "option.tcplog = true", LogFormat::Tcp),
        (tcp, "", LogFormat::Tcp),
        (tcp, "option.httplog = true", LogFormat::Tcp),
        (http, "mode = 'tcp'", LogFormat::Tcp),
        (chosen, "", LogFormat::Tcp),
        (chosen, "option.httplog = true", LogFormat::Http),
        (chosen, "option.httplog = false", LogFormat::Tcp),
        (chosen, "option.tcplog = false", LogFormat::Http),
    ];
    for (before, lines, expected) in cases {
        let (frontend, _) = listen(before, lines);
        let log = Log::new(LogTarget::Stdout, expected);
        assert_eq!(frontend.logs, [log], "{before}{lines}");
    }
}

#[test]
fn targets_of_logs() {
    let before = "[global]\nlog = [{ target = 'stdout', facility = 'user' }]\n";
    let cases = [
        ("", &["Stdout 1"][..]),
        ("log = false", &[]),
        ("log = 'global'", &["Stdout 1"]),
        ("log = [{ target = 'stderr' }]", &["Stderr 16"]),
        ("log = [{ target = 'stderr' }, 'global']", &["Stderr 16", "Stdout 1"]),
    ];
    for (lines, expected) in cases {
        let (frontend, _) = listen(before, lines);
        let found: Vec<_> =
            frontend.logs.iter().map(|log| format!("{:?} {}", log.target, log.facility)).collect();
        assert_eq!(found, expected, "{lines}");
    }
}

#[test]
fn ids_count_backends_in_file_order() {
    let server = "server = [{ name = 's', address = 'h:1' }]";
    let text = format!(
        "[frontend.f]\nbind = ':1'\ndefault-backend = 'c'\n[listen.a]\nbind = ':2'\n{server}\n\
         [backend.b]\n{server}\n[listen.c]\nbind = ':3'\ndefault-backend = 'b'\n{server}\n"
    );
    let config = config(&text);
    let names: Vec<_> = config.backends.iter().map(|backend| backend.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let targets: Vec<_> =
        config.frontends.iter().map(|f| (f.name.as_str(), f.default_backend)).collect();
    let id = |index| Some(BackendId(index));
    assert_eq!(targets, [("f", id(2)), ("a", id(0)), ("c", id(1))]);
}

#[test]
fn several_files_are_one_configuration() {
    let frontend = "[frontend.f]\nbind = ':1'\ndefault-backend = 'b'\n";
    let backend = "[backend.b]\nserver = [{ name = 's', address = 'h:1' }]\n";
    let found = outcome(&[frontend, backend], &Overrides::default());
    assert!(found.diagnostics.is_empty() && found.config.is_some());

    let found = outcome(&[frontend, backend, backend], &Overrides::default());
    let labels: Vec<_> = found.diagnostics[0].labels().iter().map(|label| label.source).collect();
    assert_eq!((found.diagnostics.len(), labels), (1, vec![2, 1]));
    let sections = "[global]\nmaxconn = 5\n[defaults]\nretries = 1\n[defaults.x]\n";
    let found = outcome(&[sections, sections], &Overrides::default());
    let errors: Vec<_> =
        found.diagnostics.iter().filter(|d| d.is_error()).map(Diagnostic::message).collect();
    let expected = [
        "section `global` is given twice",
        "section `defaults` is given twice",
        "section `defaults.x` is given twice",
    ];
    assert_eq!(errors, expected);
}

#[test]
fn the_command_line_wins() {
    let text = "[global]\nshards = 2\nmaxconn = 5\nlog = [{ target = 'stdout' }]\n\
                [listen.x]\nbind = ':80'\nserver = [{ name = 'a', address = 'b:80' }]\n";
    let overrides = Overrides {
        shards: Some("0,3".to_owned()),
        log: Some("file:/tmp/log".to_owned()),
        maxconn: Some(7),
    };
    let config = outcome(&[text], &overrides).config.unwrap();
    assert_eq!(config.global.shards, Shards::Cores(vec![0, 3]));
    assert_eq!(config.global.maxconn, Some(7));
    let log = Log::new(LogTarget::File("/tmp/log".into()), LogFormat::Http);
    assert_eq!(config.frontends[0].logs, [log]);
}

#[test]
fn mistakes_of_the_command_line_are_shown() {
    let text = "[listen.x]\nbind = ':80'\nserver = [{ name = 'a', address = 'b:80' }]\n";
    let overrides = Overrides {
        shards: Some("0,0".to_owned()),
        log: Some("syslog".to_owned()),
        maxconn: Some(0),
    };
    let found = outcome(&[text], &overrides);
    assert!(found.config.is_none());
    let sources = [Source { name: "0.toml".to_owned(), text: text.to_owned() }];
    let rendered: Vec<_> = found.diagnostics.iter().map(|d| d.render(&sources, false)).collect();
    for (rendered, place) in rendered.iter().zip(["--shards:1:3", "--log:1:1", "--maxconn:1:1"]) {
        assert!(rendered.contains(place), "{rendered}");
    }
    assert_eq!(rendered.len(), 3);
}

#[test]
fn binds_take_the_backlog_of_their_section() {
    let before = "[defaults]\nbacklog = 10\n";
    let text = "[frontend.f]\nbind = [':1', { address = ':2', backlog = 20, name = 'b' }]\n";
    let config = config(&format!("{before}{text}"));
    let found: Vec<_> = config.frontends[0]
        .binds
        .iter()
        .map(|bind| (bind.text.as_str(), bind.backlog, bind.name.as_deref()))
        .collect();
    assert_eq!(found, [(":1", 10, None), (":2", 20, Some("b"))]);
}

#[test]
fn limits_are_included() {
    let cases = [
        ("maxconn = 1", "maxconn = 0"),
        ("maxconn = 2147483647", "maxconn = 2147483648"),
        ("backlog = 65535", "backlog = 65536"),
        ("retries = 0", "retries = -1"),
        ("retries = 100", "retries = 101"),
        ("timeout.client = 1", "timeout.client = 0"),
        ("timeout.client = 2147483647", "timeout.client = 2147483648"),
        ("default-server.weight = 0", "default-server.weight = -1"),
        ("default-server.weight = 256", "default-server.weight = 257"),
        ("default-server.port = 65535", "default-server.port = 65536"),
        ("default-server.rise = 1", "default-server.rise = 0"),
    ];
    for (good, bad) in cases {
        listen("", good);
        let text = format!("[listen.x]\nbind = ':80'\nserver = []\n{bad}\n");
        let found = outcome(&[&text], &Overrides::default());
        assert_eq!(found.diagnostics.iter().filter(|d| d.is_error()).count(), 1, "{bad}");
    }
    let global = [
        ("shards = 1", "shards = 0"),
        ("tune.bufsize = '1k'", "tune.bufsize = 1023"),
        ("tune.bufsize = '64k'", "tune.bufsize = '128k'"),
        ("tune.buffers.limit = 2", "tune.buffers.limit = 1"),
        ("tune.buffers.limit = 32768", "tune.buffers.limit = 32769"),
        ("tune.http.maxhdr = 1", "tune.http.maxhdr = 0"),
        ("tune.http.maxhdr = 1024", "tune.http.maxhdr = 1025"),
    ];
    for (good, bad) in global {
        config(&format!("[global]\n{good}\n"));
        let found = outcome(&[&format!("[global]\n{bad}\n")], &Overrides::default());
        assert!(found.config.is_none(), "{bad}");
    }
}
