//! Sample expressions: what they become, where they may stand, and what is said of bad ones.

use super::*;
use crate::model::rule;
use crate::model::rule::{
    Arithmetic, Bytes, Cert, CertFact, ConnectionFact, Converter, Header, HttpFact, InternalFact,
    MapOutput, Match, Offset, Operand, PayloadFact, Peer, Scope, Side, StreamState, TlsFact,
    UrlParam, Value, VarCondition,
};

fn bytes(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

fn str(text: &str) -> Value {
    Value::Str(bytes(text))
}

fn header(name: &str, occurrence: i32) -> Header {
    Header { name: Some(name.into()), occurrence }
}

fn fetch(text: &str, at: At) -> Fetch {
    let (expr, _) = good(text, at);
    assert_eq!(expr.converters.len(), 0, "{text}");
    expr.fetch
}

#[test]
fn fetches_and_their_arguments() {
    let cases = [
        ("str(a b)", Fetch::Const(str("a b"))),
        (r#"str("a,b)\"")"#, Fetch::Const(str("a,b)\""))),
        ("int(-5)", Fetch::Const(Value::Int(-5))),
        ("bool(false)", Fetch::Const(Value::Bool(false))),
        ("bin(0aFF)", Fetch::Const(Value::Bin([10, 255].into()))),
        ("env(HOME)", Fetch::Const(str("/home/u"))),
        ("env(NONE)", Fetch::Const(str(""))),
        ("hostname", Fetch::Const(str("box"))),
        ("ipv6(::1)", Fetch::Const(Value::Ip("::1".parse().unwrap()))),
        ("src", Fetch::Connection(ConnectionFact::Address(Peer::Other))),
        ("dst_port", Fetch::Connection(ConnectionFact::Port(Peer::Own))),
        ("fc_pp_tlv(0xE0)", Fetch::Connection(ConnectionFact::ProxyTlv(0xe0))),
        ("nbsrv(static)", Fetch::Internal(InternalFact::UsableServers(BackendId(1)))),
        ("fe_conn", Fetch::Internal(InternalFact::FrontendConns(0))),
        ("srv_is_up(static/s2)", Fetch::Internal(InternalFact::ServerIsUp(BackendId(1), 1))),
        ("rand", Fetch::Internal(InternalFact::Random(None))),
        ("rand(9)", Fetch::Internal(InternalFact::Random(Some(9)))),
        ("uuid", Fetch::Internal(InternalFact::Uuid(4))),
        ("ssl_fc", Fetch::Tls(TlsFact::Is(Side::Request))),
        (
            "ssl_c_s_dn(CN,-1)",
            Fetch::Tls(TlsFact::Cert(Cert::Client, CertFact::Subject(Some(("CN".into(), -1))))),
        ),
        ("ssl_f_i_dn", Fetch::Tls(TlsFact::Cert(Cert::Frontend, CertFact::Issuer(None)))),
        (
            "ssl_c_i_dn(,0,rfc2253)",
            Fetch::Tls(TlsFact::Cert(Cert::Client, CertFact::IssuerRfc2253)),
        ),
        ("req.len", Fetch::Payload(PayloadFact::Len(Side::Request))),
        (
            "req.payload_lv(4,2,-1)",
            Fetch::Payload(PayloadFact::PayloadLv {
                side: Side::Request,
                offset: 4,
                len: 2,
                at: Some(Offset::Relative(-1)),
            }),
        ),
        ("req.hdr(Host)", Fetch::Http(HttpFact::Header(Side::Request, header("host", 0)))),
        ("hdr(host,-2)", Fetch::Http(HttpFact::Header(Side::Request, header("host", -2)))),
        (
            "req.fhdr(,3)",
            Fetch::Http(HttpFact::FullHeader(Side::Request, Header { name: None, occurrence: 3 })),
        ),
        (
            "urlp(a,;,i)",
            Fetch::Http(HttpFact::UrlParam(UrlParam {
                name: Some(bytes("a")),
                delimiter: b';',
                any_case: true,
            })),
        ),
        ("http_auth_group(staff)", Fetch::Http(HttpFact::AuthGroup(0))),
        ("capture.req.hdr(2)", Fetch::Http(HttpFact::Captured(Side::Request, 2))),
    ];
    for (text, expected) in cases {
        assert_eq!(fetch(text, REQUEST), expected, "{text}");
    }
}

#[test]
fn names_without_a_side_take_that_of_the_rule() {
    let response = at(Moment::Response);
    let of = |side| Fetch::Http(HttpFact::Header(side, header("a", 0)));
    assert_eq!(fetch("hdr(a)", REQUEST), of(Side::Request));
    assert_eq!(fetch("hdr(a)", response), of(Side::Response));
    assert_eq!(fetch("shdr(a)", response), of(Side::Response));
    assert_eq!(fetch("res.hdr(a)", response), of(Side::Response));
    let version = fetch("resp_ver", response);
    assert_eq!(version, Fetch::Http(HttpFact::Version(Side::Response)));
    let len = fetch("res.len", at(Moment::ResponseContent));
    assert_eq!(len, Fetch::Payload(PayloadFact::Len(Side::Response)));
    let captured = fetch("capture.req.ver", response);
    assert_eq!(captured, Fetch::Http(HttpFact::CapturedVersion(Side::Request)));
    assert_eq!(fetch("ssl_bc", response), Fetch::Tls(TlsFact::Is(Side::Response)));
    assert_eq!(fetch("ssl_fc", response), Fetch::Tls(TlsFact::Is(Side::Request)));
}

#[test]
fn converters_and_their_arguments() {
    let cases = [
        ("path,lower", Converter::Lower),
        (
            "path,field(-1,\"/,\",0)",
            Converter::Field { index: -1, delimiters: bytes("/,"), count: 0 },
        ),
        ("path,word(2,/)", Converter::Word { index: 2, delimiters: bytes("/"), count: 1 }),
        ("path,bytes(1)", Converter::Bytes(Bytes { offset: rule::Arg::Int(1), len: None })),
        (
            "path,length,add(2)",
            Converter::Arithmetic(Arithmetic::Add, Operand::Value(Value::Int(2))),
        ),
        ("src,ipmask(24)", Converter::IpMask { v4: 0xffff_ff00, v6: None }),
        (
            "src,ipmask(255.0.0.255,64)",
            Converter::IpMask { v4: 0xff00_00ff, v6: Some(u128::MAX << 64) },
        ),
        ("ssl_fc,iif(https,http)", Converter::Iif(bytes("https"), bytes("http"))),
        ("str(),concat(<,,>)", Converter::Concat { start: bytes("<"), var: None, end: bytes(">") }),
        (
            "path,language(de;en)",
            Converter::Language { values: Box::new([bytes("de"), bytes("en")]), default: None },
        ),
        ("query,url_dec(1)", Converter::UrlDecode { in_form: true }),
        ("src,when(stopping)", Converter::WhenIs(StreamState::Stopping)),
        ("src,when(processed)", Converter::WhenIs(StreamState::Forwarded)),
        ("path,json_query('$.a',int)", Converter::JsonQuery { path: "$.a".into(), as_int: true }),
    ];
    for (text, expected) in cases {
        let (expr, _) = good(text, REQUEST);
        assert_eq!(expr.converters.last(), Some(&expected), "{text}");
    }
}

#[test]
fn variables_regexes_and_maps_are_shared() {
    let text = "var(txn.a),set-var(sess.b,ifexists),concat(,txn.a)";
    let (expr, tables) = good(text, REQUEST);
    let var = |scope| rule::Var { scope, slot: 0 };
    assert_eq!(expr.fetch, Fetch::Var(var(Scope::Txn), None));
    let conditions = [VarCondition::IfExists].into();
    assert_eq!(expr.converters[0], Converter::SetVar(var(Scope::Sess), conditions));
    assert_eq!(tables.vars[Scope::Txn as usize], ["a"]);
    assert_eq!(tables.vars[Scope::Sess as usize], ["b"]);

    let text = "path,regsub(a,b),regsub(a,c,gi),regsub(a,d,g)";
    let (expr, tables) = good(text, REQUEST);
    let regex = |nth: usize| match expr.converters[nth] {
        Converter::Regsub { regex, all, .. } => (regex, all),
        _ => panic!("{:?}", expr.converters[nth]),
    };
    assert_eq!((0..3).map(regex).collect::<Vec<_>>(), [(0, false), (1, true), (0, true)]);
    assert_eq!(tables.regexes.len(), 2);

    let text = "path,map(hosts.map),map_beg(hosts.map,x),map_str(hosts.map),map_str_key(hosts.map)";
    let (expr, tables) = good(text, REQUEST);
    let map = |nth: usize| match &expr.converters[nth] {
        Converter::Map { table, default } => (*table, default.clone()),
        _ => panic!("{:?}", expr.converters[nth]),
    };
    let found: Vec<_> = (0..4).map(map).collect();
    assert_eq!(found, [(0, None), (1, Some(str("x"))), (0, None), (2, None)]);
    let kinds: Vec<_> = tables.maps.iter().map(|map| (map.method, map.output)).collect();
    let expected =
        [(Match::Str, MapOutput::Str), (Match::Beg, MapOutput::Str), (Match::Str, MapOutput::Key)];
    assert_eq!(kinds, expected);
    assert_eq!(tables.maps[0].file.path, Path::new("hosts.map"));
}

#[test]
fn files_may_be_missing_or_virtual() {
    let (_, tables) = good("path,map(opt@none.map),map(virt@one)", REQUEST);
    let files: Vec<_> = tables.maps.iter().map(|map| &map.file).collect();
    assert_eq!(files[0].path, Path::new("none.map"));
    assert_eq!(files[1].path, Path::new("virt@one"));
    assert!(files.iter().all(|file| file.text.is_empty()));
}

#[test]
fn keys_of_tokens_are_files_or_secrets() {
    let cases = [
        ("HS256,secret", 0),
        ("HS256,none.pem", 0),
        ("RS256,/etc/jwt.pem", 1),
        ("txn.alg,/etc/jwt.pem", 1),
        ("txn.alg,/secret", 0),
        ("txn.alg,txn.key", 0),
    ];
    for (args, files) in cases {
        let (_, tables) = good(&format!("path,jwt_verify({args})"), REQUEST);
        assert_eq!(tables.jwt_keys.len(), files, "{args}");
    }
    for args in ["RS256,secret", "txn.alg,none.pem"] {
        let key = args.split_once(',').unwrap().1;
        let expected = format!("`{key}` cannot be read: entity not found");
        let found = wrong(&format!("path,jwt_verify({args})"), REQUEST);
        assert_eq!(found.iter().map(|(said, _)| said).collect::<Vec<_>>(), [&expected], "{args}");
    }
}

#[test]
fn casts_are_those_of_haproxy() {
    let fine = [
        "ssl_fc,add(1)",
        "src,lower",
        "src,add(1)",
        "path,ipmask(24)",
        "path,length,hex",
        "int(5),ipmask(8)",
        "method,lower",
        "path,base64,b64dec,length",
        "var(txn.a),ipmask(8)",
        "path,bool,iif(a,b)",
        "int(1),set-var(txn.a),add(1)",
        "src,map_ip(opt@x),lower",
        "path,map_str_int(opt@x),add(1)",
    ];
    for text in fine {
        good(text, REQUEST);
    }
    let bad = [
        ("ssl_fc,ipmask(8)", "`ipmask` takes an address, but `ssl_fc` gives a boolean", 7..13),
        ("path,sha1,add(1)", "`add` takes an integer, but `sha1` gives bytes", 10..13),
        ("path,sha1,map_ip(opt@x)", "`map_ip` takes an address, but `sha1` gives bytes", 10..16),
        (
            "ssl_fc,set-var(txn.a),ipmask(8)",
            "`ipmask` takes an address, but `set-var` gives a boolean",
            22..28,
        ),
    ];
    for (text, message, range) in bad {
        assert_eq!(wrong(text, REQUEST), [(message.to_owned(), range)], "{text}");
    }
}

#[test]
fn mistakes_are_told_at_their_places() {
    let cases = [
        ("srcc", "unknown fetch `srcc`", 0..4),
        ("lower", "unknown fetch `lower`", 0..5),
        ("src,lowwer", "unknown converter `lowwer`", 4..10),
        ("src,path", "unknown converter `path`", 4..8),
        ("sc_http_req_rate(0)", "fetch `sc_http_req_rate` is not yet supported", 0..16),
        ("src_conn_rate", "fetch `src_conn_rate` is not yet supported", 0..13),
        ("src,in_table(t)", "converter `in_table` is not yet supported", 4..12),
        ("src,table_gpc0(t)", "converter `table_gpc0` is not yet supported", 4..14),
        ("src lower", "`src lower` goes on behind an expression", 3..9),
        ("str(a)b", "`str(a)b` goes on behind an expression", 6..7),
        ("str(a", "`str(a` has a parenthesis that is not closed", 3..5),
        ("src,", "`src,` ends where a name should stand", 4..4),
        ("src(1)", "`src` has too many arguments", 4..5),
        ("req.hdr(a,1,2)", "`req.hdr` has too many arguments", 12..13),
        ("int", "`int` has no INTEGER", 0..3),
        ("path,field(1)", "`field` has no DELIMITERS", 5..13),
        ("int(x)", "INTEGER of `int` is not an integer", 4..5),
        ("req.hdr(a,b)", "OCCURRENCE of `req.hdr` is not an integer", 10..11),
        ("path,word(0,/)", "INDEX of `word` is 0", 10..11),
        ("path,digest(md4)", "NAME of `digest` has unknown value `md4`", 12..15),
        ("path,sha2(33)", "BITS of `sha2` has unknown value `33`", 10..12),
        ("path,json(utf9)", "INPUT of `json` has unknown value `utf9`", 10..14),
        ("path,json_query(a)", "PATH of `json_query` does not begin with `$`", 16..17),
        ("path,hmac(sha1,a-b)", "KEY of `hmac` is not base64", 15..18),
        ("path,regsub('a(',b)", "`a(` is a bad regular expression: unclosed group", 14..15),
        ("path,regsub(a,b,x)", "FLAGS of `regsub` has an unknown flag", 16..17),
        ("var(host)", "variable `host` has no scope", 4..8),
        ("var(txn.)", "variable `txn.` has no name", 4..8),
        ("var(txn.a-b)", "variable `txn.a-b` has `-` in its name", 9..10),
        ("nbsrv(ap)", "BACKEND of `nbsrv` is no backend: `ap`", 6..8),
        ("nbsrv", "`nbsrv` names no backend, and its rule is of none", 0..5),
        ("srv_is_up(app/s3)", "BACKEND/SERVER of `srv_is_up` is no server: `s3`", 14..16),
        ("http_auth(stuff)", "USERLIST of `http_auth` is no userlist: `stuff`", 10..15),
        ("src,ipmask(33)", "MASK4 of `ipmask` is not a mask", 11..13),
        ("path,map(none)", "`none` cannot be read: entity not found", 9..13),
        ("path,map(latin.lst)", "`latin.lst` is not UTF-8", 9..18),
        ("path,map_str_int(hosts.map,x)", "DEFAULT of `map_str_int` is not an integer", 27..28),
        ("urlp(a,bb)", "DELIMITER of `urlp` is not one character", 7..9),
        ("ssl_c_s_dn(CN,1,rfc2253)", "ENTRY of `ssl_c_s_dn` is given beside a format", 11..13),
        ("src,when(acl)", "ACL of `when` is missing", 4..13),
        ("src,when(error,TRUE)", "ACL of `when` follows a word that takes none", 15..19),
        ("src,when(toapplet)", "STATE of `when` has unknown value `toapplet`", 9..17),
        ("acl(nope)", "there is no acl `nope`", 4..8),
    ];
    for (text, message, range) in cases {
        assert_eq!(wrong(text, REQUEST), [(message.to_owned(), range)], "{text}");
    }
}

#[test]
fn the_nearest_word_is_offered() {
    let remedy = |text: &str| {
        let (_, _, said) = compile(|c, r| c.expr(&Text::plain(0, text), REQUEST, r));
        said[0].labels()[0].text.clone()
    };
    assert_eq!(remedy("req.hdrr(a)"), "did you mean `req.hdr`?");
    assert_eq!(remedy("src,lowr"), "did you mean `lower`?");
    assert_eq!(remedy("nbsrv(ap)"), "did you mean `app`?");
    assert!(remedy("lower").starts_with("this is a converter"));
    assert!(remedy("src,path").starts_with("this is a fetch"));
    assert!(remedy("req.hdr(a,1,2)").contains("`req.hdr([NAME[,OCCURRENCE]])`"));
}

#[test]
fn all_mistakes_of_an_expression_are_told() {
    let errors = wrong("int(x),lowwer,field(0,a),add(y)", REQUEST);
    let at: Vec<_> = errors.iter().map(|(_, range)| range.start).collect();
    assert_eq!(at, [4, 7, 20, 29]);
}

#[test]
fn bad_lines_of_files_are_shown_in_the_file() {
    let run = |text: &str| compile(|c, r| c.expr(&Text::plain(0, text), REQUEST, r)).2;
    let said = run("path,map_str_int(numbers.map)");
    let shown: Vec<_> = said.iter().map(|d| (d.line(), d.column(), d.labels()[0].source)).collect();
    assert_eq!(shown, [(2, 3, 1), (3, 2, 1)]);
    assert_eq!(said[0].message(), "a line of `numbers.map` is not an integer");
    let said = run("src,map_ip(bad.lst)");
    let shown: Vec<_> = said.iter().map(|d| (d.line(), d.column())).collect();
    assert_eq!(shown, [(3, 1), (4, 10)]);
    // The second use says nothing again.
    assert_eq!(run("src,map_ip(bad.lst),map_ip(bad.lst)").len(), 2);
}

#[test]
fn layers_are_checked() {
    use Moment::{
        AfterResponse, Connection, Content, Log, Request, Response, ResponseContent, Session,
    };
    let everywhere =
        [Connection, Session, Content, Request, ResponseContent, Response, AfterResponse, Log];
    let cases: [(&str, &[Moment]); 12] = [
        ("src", &everywhere),
        ("ssl_fc", &everywhere[1..]),
        ("req.len", &[Content, Request]),
        ("path", &[Content, Request]),
        ("req.hdr(a)", &[Content, Request]),
        ("method", &everywhere[2..]),
        ("capture.req.hdr(0)", &everywhere[2..]),
        ("res.hdr(a)", &[ResponseContent, Response, AfterResponse]),
        ("status", &everywhere[4..]),
        ("be_name", &everywhere[4..]),
        ("srv_name", &everywhere[4..]),
        ("var(txn.a)", &everywhere),
    ];
    for (text, fine) in cases {
        for moment in everywhere {
            let is_good = wrong(text, at(moment)).is_empty();
            assert_eq!(is_good, fine.contains(&moment), "{text} {moment:?}");
        }
    }
    assert_eq!(wrong("be_name", BACKEND), []);
    assert_eq!(wrong("nbsrv", BACKEND), []);
    let tcp = At { mode: Some(Mode::Tcp), ..at(Content) };
    assert_eq!(wrong("path", tcp), []);
    let tcp = At { mode: Some(Mode::Tcp), ..at(ResponseContent) };
    assert_eq!(wrong("res.len", tcp), []);
    assert_eq!(wrong("res.hdr(a)", tcp).len(), 1);
    let start = At { moment: None, ..REQUEST };
    assert_eq!(wrong("str(a),upper", start), []);
    assert_eq!(wrong("src", start).len(), 1);
    let message = "`path` needs the request's head, which `tcp-request-session` rules do not have";
    assert_eq!(wrong("path,lower", at(Session)), [(message.to_owned(), 0..4)]);
}
