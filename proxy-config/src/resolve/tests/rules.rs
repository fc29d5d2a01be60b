//! Which rules a section has, in which order, and where a `listen` has them.

use super::{config, listen, outcome};
use crate::model::rule::*;
use crate::model::*;
use crate::{Diagnostic, Overrides};

/// The names of the fields that rules set.
fn names(rules: &[Rule]) -> Vec<&str> {
    rules
        .iter()
        .map(|rule| match &rule.action {
            Action::EditHeader(HeaderEdit::Set { name, .. }) => name.as_str(),
            Action::Accept => "accept",
            Action::Capture { .. } => "capture",
            _ => "other",
        })
        .collect()
}

fn messages(text: &str) -> Vec<String> {
    let outcome = outcome(&[text], &Overrides::default());
    outcome.diagnostics.iter().map(|d| Diagnostic::message(d).to_owned()).collect()
}

const APP: &str = "[backend.app]\nserver = [{ name = 'a', address = '10.0.0.1:80' }]\n";

#[test]
fn rules_of_the_defaults_come_first() {
    let config = config(&format!(
        "[defaults.base]\nhttp-request = ['set-header a 1', 'set-header b 1']\n\
         http-response = ['set-header e 1']\ntcp-request-inspect-delay = '3s'\n\
         [frontend.f]\nfrom = 'base'\nbind = ':80'\ndefault-backend = 'app'\n\
         http-request = ['set-header c 1']\n\
         [frontend.g]\nfrom = 'base'\nbind = ':81'\ndefault-backend = 'app'\n{APP}"
    ));
    let rules = |index: usize| &config.frontends[index].rules;
    assert_eq!(names(&rules(0).request), ["a", "b", "c"]);
    assert_eq!(names(&rules(0).response), ["e"]);
    assert_eq!(names(&rules(1).request), ["a", "b"]);
    assert_eq!(rules(0).inspect_delay, Some(super::secs(3)));
    assert!(config.backends[0].rules.is_empty());
}

#[test]
fn acls_of_the_defaults_are_their_own() {
    let text = |condition: &str| {
        format!(
            "[defaults.base]\nacl.inside = 'src 10.0.0.0/8'\nhttp-request = ['deny if inside']\n\
             [frontend.f]\nfrom = 'base'\nbind = ':80'\ndefault-backend = 'app'\n\
             http-request = ['deny if {condition}']\n{APP}"
        )
    };
    let config = config(&text("{ src 192.0.2.1 }"));
    let rules = &config.frontends[0].rules.request;
    assert!(rules.iter().all(|rule| rule.condition.is_some()) && rules.len() == 2);
    let found = messages(&text("inside"));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn what_is_wrong_with_defaults_is_told_once() {
    let found = messages(&format!(
        "[defaults.base]\nhttp-request = ['set-headr a 1']\n\
         [frontend.f]\nfrom = 'base'\nbind = ':80'\ndefault-backend = 'app'\n\
         [frontend.g]\nfrom = 'base'\nbind = ':81'\ndefault-backend = 'app'\n{APP}"
    ));
    assert_eq!(found, ["`http-request` has an unknown action `set-headr`"]);
}

#[test]
fn both_halves_of_a_listen_have_its_rules() {
    let (frontend, backend) = listen(
        "",
        "http-request = ['set-header a 1', 'capture src len 5', 'capture src id 0']\n\
         http-response = ['set-header b 1']\nhttp-after-response = ['set-header c 1']\n\
         declare-capture = 'request len 9'\ntcp-request-connection = ['accept']\n\
         tcp-request-content = ['accept if TRUE']\ntcp-response-content = ['accept']\n\
         redirect = ['scheme https if { path /a }']\nuse-server = ['a if { path /a }']\n",
    );
    assert_eq!(backend.listen_frontend, Some(0));
    let (front, back) = (&frontend.rules, &backend.rules);
    assert_eq!(names(&front.request), ["a", "capture", "capture"]);
    // What captures into a slot that only its own client side has stays there.
    assert_eq!(names(&back.request), ["a", "capture"]);
    assert_eq!((names(&front.response), names(&back.response)), (vec!["b"], vec!["b"]));
    assert_eq!(front.after_response, back.after_response);
    assert_eq!((front.connection.len(), back.connection.len()), (1, 0));
    assert_eq!((front.content.len(), back.content.len()), (1, 1));
    assert_eq!((front.redirects.len(), back.redirects.len()), (1, 1));
    assert_eq!((front.response_content.len(), back.response_content.len()), (0, 1));
    let [use_server] = backend.use_servers.as_slice() else { panic!("{backend:?}") };
    assert_eq!(use_server.target, ServerTarget::Fixed(0));
    let lens: Vec<_> = frontend.captures.request.iter().map(|capture| capture.len).collect();
    assert_eq!(lens, [9, 5]);
}

#[test]
fn backends_are_none_of_a_listen() {
    let text = format!("[frontend.f]\nbind = ':80'\ndefault-backend = 'app'\n{APP}");
    assert_eq!(config(&text).backends[0].listen_frontend, None);
}

#[test]
fn slots_of_captures() {
    let (frontend, _) = listen(
        "",
        "capture.request-header = [{ name = 'host', len = 7 }]\n\
         declare-capture = ['request len 9', 'response len 8', 'request len 6']\n\
         http-request = ['capture src id 2', 'capture path len 3']\n\
         http-response = ['capture status id 0']\ntcp-request-content = ['capture src len 4']\n",
    );
    let shown = |captures: &[Capture]| -> Vec<_> {
        captures.iter().map(|capture| format!("{}:{}", capture.name, capture.len)).collect()
    };
    assert_eq!(shown(&frontend.captures.request), ["host:7", ":9", ":6", ":3", ":4"]);
    assert_eq!(shown(&frontend.captures.response), [":8"]);
    let slots: Vec<_> = frontend
        .rules
        .all()
        .filter_map(|rule| match &rule.action {
            Action::Capture { into, .. } => Some((into.side, into.slot)),
            _ => None,
        })
        .collect();
    let expected =
        [(Side::Request, 4), (Side::Request, 2), (Side::Request, 3), (Side::Response, 0)];
    assert_eq!(slots, expected);
}

#[test]
fn ids_of_backends_in_rules() {
    let server = "server = [{ name = 's', address = 'h:1' }]\n";
    let config = config(&format!(
        "[frontend.f]\nbind = ':1'\n\
         use-backend = ['c if {{ path /c }}', '%[path] if {{ path /p }}', 'b']\n\
         [backend.a]\n{server}[listen.c]\nbind = ':2'\n{server}[backend.b]\n{server}"
    ));
    let targets: Vec<_> =
        config.frontends[0].use_backends.iter().map(|rule| &rule.target).collect();
    assert_eq!(*targets[0], BackendTarget::Fixed(BackendId(1)));
    assert!(matches!(targets[1], BackendTarget::Named(_)));
    assert_eq!(*targets[2], BackendTarget::Fixed(BackendId(2)));
    assert_eq!(config.frontends[0].default_backend, None);
}

#[test]
fn connections_may_become_http() {
    let text = |content: &str| {
        format!(
            "[frontend.f]\nbind = ':80'\nmode = 'tcp'\ndefault-backend = 'app'\n{content}\
             option.forwardfor = true\nhttp-request = ['set-header a 1']\n{APP}"
        )
    };
    let switching = text("tcp-request-content = ['switch-mode http if HTTP']\n");
    assert_eq!(messages(&switching), [""; 0]);
    let frontend = &config(&switching).frontends[0];
    assert_eq!(names(&frontend.rules.request), ["a"]);
    assert!(frontend.forwardfor.is_some());
    let found = messages(&text(""));
    let expected = [
        "`option.forwardfor` has no effect in mode tcp",
        "`http-request` has no effect in mode tcp",
    ];
    assert_eq!(found, expected);
    assert_eq!(names(&config(&text("")).frontends[0].rules.request), [""; 0]);
}

#[test]
fn how_long_a_tarpit_holds() {
    let cases = [
        ("", (5, None)),
        ("timeout.connect = '7s'", (7, Some(7))),
        ("timeout.connect = '7s'\ntimeout.tarpit = '9s'", (9, Some(9))),
    ];
    for (lines, (client, server)) in cases {
        let (frontend, backend) = listen("", lines);
        assert_eq!(frontend.timeouts.tarpit, super::secs(client), "{lines}");
        assert_eq!(backend.timeouts.tarpit, server.map(super::secs), "{lines}");
    }
}

#[test]
fn users_have_the_groups_of_both_lists() {
    let hash = "$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.";
    let config = config(&format!(
        "[userlist.l]\ngroup = [{{ name = 'x', users = ['ann', 'bob'] }}, {{ name = 'y' }}]\n\
         user = [{{ name = 'ann', insecure-password = 'p', groups = ['y', 'x'] }},\n\
                 {{ name = 'bob', password = '{hash}' }}]\n",
    ));
    let [list] = config.tables.userlists.as_slice() else { panic!() };
    let shown: Vec<_> =
        list.users.iter().map(|user| (user.name.as_str(), user.groups.join(" "))).collect();
    assert_eq!(shown, [("ann", "y x".to_owned()), ("bob", "x".to_owned())]);
    assert_eq!(list.users[0].password, Password::Plain("p".to_owned()));
    assert_eq!(list.users[1].password, Password::Hash(hash.to_owned()));
}

#[test]
fn variables_of_the_process_at_the_start() {
    let config = config(
        "[global]\nset-var = ['proc.a int(5)', 'proc.b str(x)']\nset-var-fmt = 'proc.c id-%%1'\n",
    );
    let values: Vec<_> = config.tables.proc_vars.iter().map(|(_, value)| value.clone()).collect();
    let text = |text: &str| Value::Str(text.as_bytes().into());
    assert_eq!(values, [Value::Int(5), text("x"), text("id-%1")]);
}

#[test]
fn formats_have_samples() {
    let (frontend, _) =
        listen("[global]\nlog = [{ target = 'stdout' }]\n", "log-format = '%[src] %ci'");
    let LogFormat::Custom(format) = &frontend.logs[0].format else { panic!() };
    assert_eq!(format.samples().count(), 1);
    let (frontend, _) =
        listen("[global]\nlog = [{ target = 'stdout' }]\n", "option.httpslog = true");
    let LogFormat::Custom(format) = &frontend.logs[0].format else { panic!() };
    assert_eq!(format.samples().count(), 4);
}
