//! Conditions and values as they stand in configurations of HAProxy.

use super::*;

#[test]
fn conditions_of_common_configurations() {
    let requests = [
        "if { hdr(host) -i www.example.org example.org }",
        "if { hdr(host) -i -m end .example.org } { path_beg -i /api/ /v1/ } METH_POST",
        "unless { ssl_fc }",
        "if { hdr(Upgrade) -i WebSocket } || { hdr_beg(Host) -i ws. }",
        "if { hdr_reg(user-agent) -i (bot|crawl|spider) } !{ src -f nets.lst }",
        "if { hdr_cnt(host) gt 1 } or { req.hdr_val(content-length) gt 1048576 }",
        "if { url_param(token) -m found } { req.cook_cnt(session) gt 0 }",
        "if { cook_beg(JSESSIONID) a } { cook(lang) de }",
        "if { url_len gt 100 } { path_end .php .asp } { path_sub -- -x }",
        "if { path_reg ^/(a|b)/[0-9]+$ } { path_dir static } { hdr_dom(host) example }",
        "if { var(txn.blocked) -m bool } { var(txn.kind) -m str a b }",
        "if { nbsrv(app) lt 1 } { srv_is_up(app/s1) } { be_conn(app) ge 100 }",
        "if { ssl_c_used } { ssl_c_s_dn(CN) -m str admin } { ssl_c_verify 0 }",
        "if { ssl_fc_sni -i a.example.org } { ssl_fc_sni_end .example.org }",
        "if { ssl_fc_protocol TLSv1.2 TLSv1.3 } { ssl_fc_alpn -i h2 } { fc_http_major 2 }",
        "if { rand(100) lt 10 }",
        "if { http_auth(staff) } or { http_auth_group(staff) admin }",
        "if { path,map_reg(opt@x.map) -m found } { req.hdr(host),lower,map(hosts.map) app }",
        "if { path,url_dec,lower -m sub ../ }",
        "if { req.hdr(x-forwarded-for),ipmask(24) 10.0.0.0/8 }",
        "if { date,ltime(%H),add(0) ge 8 } { date,utime(%u) -m int le 5 }",
        "if HTTP_1.1 METH_GET LOCALHOST !TRUE",
        "if { req.body -m reg <script } { req.body_len gt 0 }",
        "if { dst_port 443 8443 1024:2048 } { src 2001:db8::/32 192.0.2.0/255.255.255.0 }",
        "if { str(a),strcmp(txn.b) eq 0 } { bool(true) } { int(1),bool }",
        "if { http_auth_bearer,jwt_header_query('$.alg') -m str RS256 }",
        "if { req.fhdr(accept-language),language(de;en) de }",
        "if { req.hdr(authorization),word(2,' ') -m found }",
        "if { capture.req.hdr(0) -m beg a } { unique-id -m found }",
    ];
    for text in requests {
        let (condition, _, diagnostics) = condition("", text, BACKEND);
        let messages: Vec<_> = diagnostics.iter().map(Diagnostic::message).collect();
        assert!(condition.is_some() && messages.is_empty(), "{text}: {messages:?}");
    }
}

#[test]
fn conditions_of_content_and_responses() {
    let cases = [
        (Moment::Connection, "if { src -f nets.lst } !{ dst 127.0.0.1 }"),
        (Moment::Session, "if { ssl_fc_has_crt } or { ssl_c_used }"),
        (Moment::Content, "if { req_ssl_hello_type 1 } { req_ssl_sni -i a.example.org }"),
        (Moment::Content, "if { req.ssl_sni -m end .example.org } { req.ssl_alpn h2 }"),
        (Moment::Content, "if { payload(0,7) -m bin 5353482d322e30 }"),
        (Moment::Content, "if { req.payload(0,0) -m reg ^SSH- } { req.len ge 4 }"),
        (Moment::Content, "if HTTP or WAIT_END or REQ_CONTENT or RDP_COOKIE"),
        (Moment::Content, "if { req.ssl_ver 3.1:3.3 } { req.proto_http } { path_beg / }"),
        (Moment::ResponseContent, "if { rep_ssl_hello_type 2 } { res.len gt 0 }"),
        (Moment::Response, "if { status 404 } or { status ge 500 } or { status 200:299 }"),
        (Moment::Response, "if { res.hdr(location) -m found } { shdr_beg(server) a }"),
        (Moment::Response, "if { res.hdr_cnt(set-cookie) gt 0 } { var(txn.path) -m beg /a }"),
        (Moment::Response, "if { method GET } { capture.req.uri -m beg / } { srv_name s1 }"),
        (Moment::AfterResponse, "if { res.hdr(x) -m found } { status 503 } { ssl_fc }"),
        (Moment::Log, "if { status ge 400 } { src 10.0.0.0/8 } { be_name app }"),
    ];
    for (moment, text) in cases {
        let (condition, _, diagnostics) = condition("", text, at(moment));
        let messages: Vec<_> = diagnostics.iter().map(Diagnostic::message).collect();
        assert!(condition.is_some() && messages.is_empty(), "{text}: {messages:?}");
    }
}

#[test]
fn values_of_common_configurations() {
    let formats = [
        "%[src]",
        "%[req.hdr(host),lower,map_dom(opt@hosts.map,app)]",
        "%[req.hdr(host),lower,regsub(:.*,),field(1,.)]-%[path,word(1,/)]",
        "%[var(txn.host)],%[ssl_fc,iif(https,http)]://%[hdr(host)]%[pathq]",
        "max-age=31536000; includeSubDomains",
        "%[path,regsub(^/old/,/new/)]",
        "%[url,regsub(\"(foo|bar)([0-9]+)?\",\"\\2\\1\",i)]",
        "%{+Q}[ssl_c_s_dn] %{+Q}[ssl_c_der,base64] %[ssl_c_sha1,hex]",
        "%[date(300),http_date] %[date,utime(\"%Y-%m-%d %H:%M\")] %ts",
        "%[uuid()] %[rand,mod(10)] %[str(a b)] %[unique-id]",
        "%[req.hdr(x),json(utf8s)] %[req.hdr(y),url_enc] %[src,xxh32,mod(txn.n)]",
        "%[str(),concat(<,txn.a,>)] %[req.hdr(a),digest(sha256),hex,lower]",
    ];
    for text in formats {
        let (format, _, diagnostics) = compile(|c, r| c.format(&Text::plain(0, text), BACKEND, r));
        let messages: Vec<_> = diagnostics.iter().map(Diagnostic::message).collect();
        assert!(format.is_some() && messages.is_empty(), "{text}: {messages:?}");
    }
}
