//! haproxy.cfg: run as it is, translated, and by the flags of HAProxy.

use std::process::{Command, Output};

use crate::support::{Dir, Proxy, Server, binary};

/// One server behind one frontend on a free port.
fn cfg(server: &Server) -> String {
    format!(
        "global\n    daemon\ndefaults\n    mode http\n    timeout connect 5s\n    \
         timeout client 5s\n    timeout server 5s\n\
         frontend web\n    bind \"127.0.0.1:${{PORT-0}}\"\n    default_backend app\n\
         backend app\n    server s1 {}\n",
        server.address()
    )
}

fn output(arguments: &[&str], dir: &Dir, file: &str, text: &str) -> Output {
    let path = dir.write(file, text);
    Command::new(binary()).args(arguments).arg(path).output().unwrap()
}

#[test]
fn a_cfg_runs_as_it_is() {
    let server = Server::text("from the server");
    let dir = Dir::new();
    let file = dir.write("haproxy.cfg", cfg(&server));
    let mut command = Command::new(binary());
    command.args(["run", "-c"]).arg(file);
    let mut proxy = Proxy::begin(dir, command);
    assert_eq!(proxy.get("/").status(), 200);
    let exit = proxy.stop();
    assert!(exit.errors().contains("haproxy.cfg:2:5"), "{}", exit.errors());
}

#[test]
fn the_flags_of_haproxy_start_it() {
    let server = Server::text("from the server");
    let dir = Dir::new();
    // Its name need not end in .cfg.
    let file = dir.write("haproxy.conf", cfg(&server));
    let pid_file = dir.write("pid", "");
    let mut command = Command::new(binary());
    command.args(["haproxy", "-W", "-db", "-q", "-dM", "-L", "here", "-p"]).arg(&pid_file);
    command.arg("-f").arg(file);
    let mut proxy = Proxy::begin(dir, command);
    assert_eq!(proxy.get("/").status(), 200);
    let pid = proxy.pid().as_raw_nonzero().to_string();
    assert_eq!(std::fs::read_to_string(&pid_file).unwrap().trim(), pid);
    assert_eq!(proxy.stop().errors(), "");
}

#[test]
fn checks_and_conditions_have_the_codes_of_haproxy() {
    let dir = Dir::new();
    let sound = cfg(&Server::text("ok"));
    let valid = output(&["haproxy", "-c", "-f"], &dir, "a.cfg", &sound);
    assert_eq!(String::from_utf8_lossy(&valid.stdout), "Configuration file is valid\n");
    assert_eq!(valid.status.code(), Some(0));
    let broken = output(&["haproxy", "-c", "-f"], &dir, "b.cfg", "frontend web\n    bnid :80\n");
    assert_eq!(broken.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&broken.stderr);
    assert!(errors.contains("b.cfg:2:5") && errors.contains("did you mean `bind`?"), "{errors}");
    let idle =
        output(&["haproxy", "-c", "-f"], &dir, "c.cfg", "backend b\n    server s 127.0.0.1:1\n");
    assert_eq!(idle.status.code(), Some(2), "{idle:?}");
    for (condition, code) in [("feature(OPENSSL)", 0), ("!streq(a,a)", 1), ("nonsense(", 1)] {
        let run = Command::new(binary()).args(["haproxy", "-cc", condition]).output().unwrap();
        assert_eq!(run.status.code(), Some(code), "{condition}");
    }
    let version = Command::new(binary()).args(["haproxy", "-v"]).output().unwrap();
    assert!(version.stdout.starts_with(b"HAProxy version "), "{version:?}");
}

#[test]
fn a_cfg_of_another_name_is_known_for_one() {
    let text = cfg(&Server::text("unused"));
    let check = output(&["check", "-c"], &Dir::new(), "haproxy.conf", &text);
    let errors = String::from_utf8_lossy(&check.stderr);
    assert_eq!((check.status.code(), errors.matches("error").count()), (Some(1), 1), "{errors}");
    assert!(errors.contains("looks like a haproxy.cfg; give it a name"), "{errors}");
}

#[test]
fn what_is_imported_is_sound() {
    let dir = Dir::new();
    let import = output(&["import"], &dir, "a.cfg", &cfg(&Server::text("ok")));
    assert_eq!(import.status.code(), Some(0), "{import:?}");
    let toml = String::from_utf8(import.stdout).unwrap();
    assert!(toml.contains("bind = [\"127.0.0.1:${PORT-0}\"]"), "{toml}");
    assert!(output(&["check", "-c"], &dir, "a.toml", &toml).status.success());
}

#[test]
fn what_is_not_supported_needs_leniency() {
    let dir = Dir::new();
    let text =
        cfg(&Server::text("ok")) + "    balance leastconn\n    stick-table type ip size 1k\n";
    let strict = output(&["check", "-c"], &dir, "a.cfg", &text);
    assert_eq!(strict.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&strict.stderr);
    assert!(errors.contains("`leastconn`") && errors.contains("`stick-table`"), "{errors}");
    let lenient = output(&["check", "--lenient", "-c"], &dir, "a.cfg", &text);
    assert_eq!(lenient.status.code(), Some(0), "{lenient:?}");
    assert_eq!(String::from_utf8_lossy(&lenient.stderr).matches("left out").count(), 2);
}
