//! Lines and what they become.

use super::*;

fn no_env(_: &str) -> Option<String> {
    None
}

fn source(text: &str) -> Source {
    Source { name: "f.cfg".to_owned(), text: text.to_owned() }
}

fn translated(text: &str) -> Translation {
    translate(&[source(text)], Options::default(), &no_env, false, &BTreeSet::new())
}

/// The keys of a section, without what no line says.
fn keys(toml: &str, header: &str) -> Vec<String> {
    let lines = toml.lines().skip_while(|line| *line != format!("[{header}]")).skip(1);
    let own = lines.take_while(|line| !line.is_empty() && !line.starts_with("[l"));
    own.filter(|line| !line.contains("  # ")).map(str::to_owned).collect()
}

/// What a line of a `listen` in mode http becomes.
fn listen(line: &str) -> Vec<String> {
    let text = format!("listen x\n mode http\n {line}\n");
    let mut keys = keys(&translated(&text).toml, "listen.x");
    keys.retain(|key| key != "mode = \"http\"");
    keys
}

fn global(line: &str) -> Vec<String> {
    keys(&translated(&format!("global\n {line}\n")).toml, "global")
}

fn messages(text: &str) -> Vec<String> {
    translated(text).report.errors().map(|found| found.message().to_owned()).collect()
}

#[test]
fn lines_of_a_proxy() {
    let cases = [
        ("maxconn 100", "maxconn = 100"),
        ("maxconn 0100", "maxconn = \"0100\""),
        ("balance roundrobin", "balance = \"roundrobin\""),
        ("balance hdr(host) use_domain_only", "balance = \"hdr(host) use_domain_only\""),
        ("retries 2", "retries = 2"),
        ("retry-on conn-failure 503", "retry-on = \"conn-failure 503\""),
        ("http-reuse never", "http-reuse = \"never\""),
        ("default_backend b", "default-backend = \"b\""),
        ("use_backend b if { path /x }", "use-backend = [\"b if { path /x }\"]"),
        ("use-server s unless a", "use-server = [\"s unless a\"]"),
        ("timeout client 5s", "timeout.client = \"5s\""),
        ("timeout client 5000", "timeout.client = 5000"),
        ("timeout client 0", "timeout.client = \"24d\""),
        ("clitimeout 5000", "timeout.client = 5000"),
        ("option forwardfor", "option.forwardfor = true"),
        (
            "option forwardfor except 10.0.0.0/8 header X-Real if-none",
            "option.forwardfor = { except = [\"10.0.0.0/8\"], header = \"X-Real\", if-none = true }",
        ),
        (
            "option forwarded proto by by_port",
            "option.forwarded = { proto = true, by = true, by-port = true }",
        ),
        ("no option forwardfor", "option.forwardfor = false"),
        ("option forceclose", "option.httpclose = true"),
        ("option redispatch", "option.redispatch = true"),
        ("option redispatch -1", "option.redispatch = \"-1\""),
        ("option httplog clf", "option.httplog = \"clf\""),
        ("option httpchk", "option.httpchk = true"),
        ("option httpchk /x", "option.httpchk = { uri = \"/x\" }"),
        ("option httpchk HEAD /x", "option.httpchk = { method = \"HEAD\", uri = \"/x\" }"),
        (
            "option httpchk GET / HTTP/1.1\\r\\nHost:\\ a.b",
            "option.httpchk = { method = \"GET\", uri = \"/\", version = \"HTTP/1.1\", host = \"a.b\" }",
        ),
        ("errorfile 503 /a", "errorfile.503 = \"/a\""),
        ("errorloc 403 /a", "errorloc.403 = \"/a\""),
        ("errorfiles site", "errorfiles = [\"site\"]"),
        ("errorfiles site 500 503", "errorfiles = [{ name = \"site\", codes = [500, 503] }]"),
        ("http-error status 503 string \"a b\"", "http-error = ['status 503 string \"a b\"']"),
        ("http-request deny if { path_beg /a }", "http-request = [\"deny if { path_beg /a }\"]"),
        ("http-request set-path a\\ b", "http-request = ['set-path a\\ b']"),
        ("http-request set-path \"it's\"", "http-request = [\"set-path \\\"it's\\\"\"]"),
        ("tcp-request connection reject", "tcp-request-connection = [\"reject\"]"),
        ("tcp-request content accept", "tcp-request-content = [\"accept\"]"),
        ("tcp-request inspect-delay 5s", "tcp-request-inspect-delay = \"5s\""),
        ("tcp-response content close", "tcp-response-content = [\"close\"]"),
        ("redirect scheme https", "redirect = [\"scheme https\"]"),
        ("acl a.b path /x", "acl.\"a.b\" = [\"path /x\"]"),
        (
            "capture request header Host len 10",
            "capture.request-header = [{ name = \"Host\", len = 10 }]",
        ),
        ("capture cookie A= len 10", "capture.cookie = { name = \"A=\", len = 10 }"),
        ("declare capture response len 9", "declare-capture = [\"response len 9\"]"),
        ("monitor-uri /up", "monitor-uri = \"/up\""),
        ("log global", "log = [\"global\"]"),
        ("no log", "log = false"),
        (
            "cookie A insert indirect maxidle 1h",
            "cookie = { name = \"A\", insert = true, indirect = true, maxidle = \"1h\" }",
        ),
        ("default-server check inter 2s", "default-server = { check = true, inter = \"2s\" }"),
    ];
    for (line, expected) in cases {
        let mut found = listen(line);
        found.retain(|key| !key.starts_with("log-format"));
        assert_eq!(found, [expected], "{line}");
    }
}

#[test]
fn binds() {
    let cases = [
        ("bind :80", "bind = [\":80\"]"),
        (
            "bind :80,:81 name x",
            "bind = [{ address = \":80\", name = \"x\" }, { address = \":81\", name = \"x\" }]",
        ),
        ("bind :80-81", "bind = [\":80\", \":81\"]"),
        ("bind :::80 v4v6 nice 3", "bind = [\"[::]:80\"]"),
        (
            "bind :443 ssl crt a crt b no-strict-sni strict-sni",
            "bind = [{ address = \":443\", ssl = true, crt = [\"a\", \"b\"], strict-sni = true }]",
        ),
        ("bind \"fd@3\"", "bind = [\"fd@3\"]"),
        ("bind /run/x backlog 5", "bind = [{ address = \"unix:/run/x\", backlog = 5 }]"),
    ];
    for (line, expected) in cases {
        let found =
            listen(line).join("").replace("[  ", "[").replace(",]", "]").replace(",  {", ", {");
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn servers() {
    let cases = [
        ("server a 10.0.0.1:80", "{ name = \"a\", address = \"10.0.0.1:80\" }"),
        ("server a unix@/x backup", "{ name = \"a\", address = \"unix:/x\", backup = true }"),
        ("server a h:1 check no-check", "{ name = \"a\", address = \"h:1\", check = false }"),
        ("server a h:1 disabled enabled", "{ name = \"a\", address = \"h:1\", disabled = false }"),
        ("server a h:1 id 7 weight 9", "{ name = \"a\", address = \"h:1\", weight = 9 }"),
        (
            "server a h:1 send-proxy send-proxy-v2",
            "{ name = \"a\", address = \"h:1\", send-proxy-v2 = true }",
        ),
        (
            "server a h:1 ssl verify none",
            "{ name = \"a\", address = \"h:1\", ssl = true, verify = \"none\", no-sni-auto = true }",
        ),
        (
            "server a h:1 ssl sni str(x)",
            "{ name = \"a\", address = \"h:1\", ssl = true, sni = \"str(x)\" }",
        ),
    ];
    for (line, expected) in cases {
        let found = listen(line).join("").replace("server = [  ", "server = [").replace(",]", "]");
        assert_eq!(found, format!("server = [{expected}]"), "{line}");
    }
}

#[test]
fn logs() {
    let cases = [
        (
            "log 127.0.0.1 local0",
            "log = [{ target = \"udp:127.0.0.1:514\", facility = \"local0\" }]",
        ),
        (
            "log [::1]:99 user info err",
            "log = [{ target = \"udp:[::1]:99\", facility = \"user\", level = \"info\", minlevel = \"err\" }]",
        ),
        ("log /dev/log daemon", "log = [{ target = \"unix:/dev/log\", facility = \"daemon\" }]"),
        ("log stdout format raw daemon", "log = [{ target = \"stdout\", facility = \"daemon\" }]"),
        ("log fd@2 daemon", "log = [{ target = \"stderr\", facility = \"daemon\" }]"),
        (
            "log a:1 len 200 format rfc5424 user",
            "log = [{ target = \"udp:a:1\", len = 200, syslog = \"rfc5424\", facility = \"user\" }]",
        ),
    ];
    for (line, expected) in cases {
        let found = global(line).join("").replace("log = [  ", "log = [").replace(",]", "]");
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn lines_of_global() {
    let cases: [(&str, &[&str]); 10] = [
        ("maxconn 5", &["maxconn = 5"]),
        ("nbthread 4", &["shards = 4"]),
        ("hard-stop-after 5m", &["hard-stop-after = \"5m\""]),
        ("log-send-hostname", &["log-send-hostname = true"]),
        ("tune.bufsize 20000", &["tune.bufsize = 32768"]),
        ("tune.ssl.lifetime 600", &["tune.ssl.lifetime = \"600s\""]),
        ("tune.h2.initial-window-size 1", &[]),
        ("user nobody", &[]),
        ("set-var proc.a int(3)", &["set-var = [\"proc.a int(3)\"]"]),
        (
            "ssl-default-bind-options no-sslv3 ssl-min-ver TLSv1.2",
            &["ssl-default-bind-options = \"no-sslv3 ssl-min-ver TLSv1.2\""],
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(global(line), expected, "{line}");
    }
}

#[test]
fn the_last_choice_of_a_section_counts() {
    assert_eq!(listen("option httplog\n log-format x%ci"), ["log-format = \"x%ci\""]);
    assert_eq!(listen("log-format x%ci\n option tcplog"), ["option.tcplog = true"]);
    assert_eq!(
        listen("option httpclose\n option http-keep-alive"),
        ["option.http-keep-alive = true"]
    );
    assert_eq!(listen("errorfile 503 /a\n errorloc 503 /b"), ["errorloc.503 = \"/b\""]);
    assert_eq!(
        listen("default-server check weight 3\n default-server no-check weight 4"),
        ["default-server = { weight = 4, check = false }"]
    );
}

/// HAProxy takes the last one, but for users and groups, of which it takes the first.
#[test]
fn what_a_line_has_twice() {
    let cases = [
        (
            "option forwardfor header A except 10.0.0.1 header B except ::1",
            "option.forwardfor = { header = \"B\", except = [\"::1\"] }",
        ),
        ("option forwarded proto proto", "option.forwarded = { proto = true }"),
        ("errorfiles site 503 503", "errorfiles = [{ name = \"site\", codes = [503] }]"),
        (
            "option httpchk\n http-check send meth GET meth PUT uri / uri /x",
            "option.httpchk = { method = \"PUT\", uri = \"/x\" }",
        ),
        (
            "server a h:1 weight 1 weight 2",
            "server = [{ name = \"a\", address = \"h:1\", weight = 2 }]",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(listen(line), [expected], "{line}");
    }
    assert_eq!(
        global("log a:1 len 200 len 300 user"),
        ["log = [{ target = \"udp:a:1\", len = 300, facility = \"user\" }]"]
    );
    let list = "userlist u\n group g users a users b,b\n group g\n user a password x insecure-password y\n\
        user a insecure-password z\n";
    assert_eq!(
        keys(&translated(list).toml, "userlist.u"),
        [
            "group = [{ name = \"g\", users = [\"b\"] }]",
            "user = [{ name = \"a\", insecure-password = \"y\" }]"
        ]
    );
    assert_eq!(messages("listen x\n server a h:1 name b\n"), ["unknown word `name`"]);
}

#[test]
fn lines_that_go_together() {
    assert_eq!(
        listen("acl a path /x\n acl b src ::1\n acl a path /y"),
        ["acl.a = [\"path /x\", \"path /y\"]", "acl.b = [\"src ::1\"]"]
    );
    assert_eq!(
        listen("option httpchk\n http-check send meth GET uri /up hdr Host a.b"),
        ["option.httpchk = { method = \"GET\", uri = \"/up\", host = \"a.b\" }"]
    );
}

/// A literal `${` must come out of TOML as it went in.
#[test]
fn dollars_are_kept_from_toml() {
    let text = "backend b\n http-request set-path '${A}'\n";
    assert!(translated(text).toml.contains("http-request = ['set-path \"${DOLLAR-$}{A}\"']"));
}

#[test]
fn every_defaults_resets() {
    let text = "frontend a\n bind :1\ndefaults\n mode http\n timeout client 1s\nfrontend b\n bind :2\n\
        defaults slow from nothing\ndefaults slow\n timeout client 9s\nfrontend c from slow\n bind :3\n";
    let translation = translated(text);
    let toml = &translation.toml;
    assert_eq!(messages(text), ["there is no defaults section `nothing` before this"]);
    let header = |name: &str| {
        toml.contains(&format!("\n[{name}]\n")) || toml.starts_with(&format!("[{name}]\n"))
    };
    assert!(
        header("defaults") && header("defaults.defaults-2") && header("defaults.slow-2"),
        "{toml}"
    );
    assert!(toml.contains("[frontend.b]\nfrom = \"defaults-2\"\n"), "{toml}");
    assert!(toml.contains("[frontend.c]\nfrom = \"slow-2\"\n"), "{toml}");
    assert!(toml.contains("[frontend.a]\nbind"), "{toml}");
}

#[test]
fn a_backend_gives_way_to_a_frontend_of_its_name() {
    let text = "frontend web\n bind :1\n default_backend web\n use_backend web if { nbsrv(web) gt 1 }\n\
        backend web\n server a h:1\n";
    let toml = translated(text).toml;
    assert!(toml.contains("[backend.\"web.be\"]"), "{toml}");
    assert!(toml.contains("default-backend = \"web.be\""), "{toml}");
    assert!(
        toml.contains("web.be if { \\\"nbsrv(web.be)\\\" gt 1 }")
            || toml.contains("'web.be if { \"nbsrv(web.be)\" gt 1 }'"),
        "{toml}"
    );
}

#[test]
fn conditions_choose_lines() {
    let text = "setenv X 1\nglobal\n setenv X 1\n.if streq(\"$X\",1)\n maxconn 1\n.elif 1\n maxconn 2\n\
        .else\n maxconn 3\n.endif\n.if 0\n nonsense \"\n.if 1\n maxconn 4\n.endif\n.else\n nbthread 2\n.endif\n";
    let translation = translated(text);
    assert!(translation.toml.contains("maxconn = 1\nshards = 2\n"), "{}", translation.toml);
}

#[test]
fn rules_see_the_environment_of_the_file() {
    let text = "global\n setenv OWN file\n unsetenv GONE\n set-var proc.a env(OWN)\n\
        set-var proc.b env(OUTER)\n set-var proc.c env(GONE)\n\
        frontend f\n bind :80\n mode http\n default_backend b\n\
        backend b\n mode http\n server s 10.0.0.1:80\n";
    let env = |name: &str| Some(format!("outer {name}"));
    let read_file = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    let surroundings = Surroundings { env: &env, read_file: &read_file, hostname: "" };
    let outcome = crate::load(&[source(text)], &crate::Overrides::default(), surroundings);
    let vars = outcome.config.unwrap().tables.proc_vars;
    let values: Vec<_> = vars.into_iter().map(|(_, value)| value).collect();
    let expected = ["file", "outer OUTER", ""];
    let expected = expected.map(|text| crate::model::rule::Value::Str(text.as_bytes().into()));
    assert_eq!(values, expected);
}

/// Whoever is told of the line only once counts right.
#[test]
fn a_line_that_is_refused_is_not_translated() {
    let text =
        "frontend f\n bind :80\n maxconn\n http-request track-sc0 src\n bnid :81\n mode http\n";
    let around = Surroundings {
        env: &no_env,
        read_file: &|_| Err(std::io::ErrorKind::NotFound.into()),
        hostname: "",
    };
    let sources = [source(text)];
    let found = import(&sources, Options::default(), around);
    let lines = |verdict| -> Vec<String> {
        let notes = found.notes.iter().filter(|note| note.verdict == verdict);
        notes.map(|note| note.render(&sources).split(": ").next().unwrap().to_owned()).collect()
    };
    assert_eq!(lines(Verdict::Translated), ["f.cfg:1", "f.cfg:2", "f.cfg:6"]);
    assert_eq!(lines(Verdict::NotSupported), ["f.cfg:3", "f.cfg:4", "f.cfg:5"]);
}

#[test]
fn what_is_reported() {
    let cases = [
        ("frontend f\n nonsense 1\n", "unknown keyword `nonsense`"),
        ("frontend f\n stick-table type ip\n", "`stick-table` is not yet supported"),
        ("frontend f\n reqadd X\n", "`reqadd` is no longer a keyword of HAProxy"),
        ("frontend f\n timeout\n", "`timeout` lacks a word"),
        ("frontend f\n mode http tcp\n", "`tcp` is too much"),
        ("frontend f\n option nonsense\n", "unknown option `nonsense`"),
        ("frontend f\n option allbackups\n", "`option allbackups` is not yet supported"),
        ("frontend f\n bind :80 name\n", "`name` has no value"),
        ("frontend f\n bind abns@x\n", "address `abns@` is not yet supported"),
        ("peers p\n peer a 1:1\n", "sections `peers` are not yet supported"),
        ("bind :80\n", "`bind` stands in no section"),
        (".endif\n", "`.endif` without `.if`"),
        (".if 1\n", "`.if` has no `.endif`"),
        (".alert stop here\n", "stop here"),
        ("backend f extra word\n", "unknown word `extra`"),
        ("backend b\n mode tcp\nbackend b\n mode http\n", "`backend b` is there already"),
        ("userlist u\nuserlist u\n", "`userlist u` is there already"),
        ("frontend f\n \"$\"\n", "a variable has no usable name"),
    ];
    for (text, expected) in cases {
        let found = messages(text);
        assert!(found.iter().any(|found| found == expected), "{text}: {found:?}");
    }
}
