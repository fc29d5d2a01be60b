//! Starting: everything or nothing, with every reason printed.

use std::net::TcpListener;
use std::process::Command;

use crate::support::{Dir, Exit, Peer, Proxy, Server, Web, binary};

fn refused(config: &str, command: Command) -> Exit {
    let exit = Proxy::launch(Dir::new(), config, command).wait();
    assert_eq!(exit.status.code(), Some(1), "{exit:?}");
    assert_eq!(exit.stdout, Vec::<String>::new());
    exit
}

fn refused_by_binary(config: &str) -> String {
    refused(config, Command::new(binary())).errors()
}

#[test]
fn port_in_use() {
    let (used, free) = (listener(), listener());
    let (used_at, free_at) = (address(&used), address(&free));
    drop(free);
    let config = Web::to(&Server::text("ok"))
        .frontend(&format!("bind = [\"{free_at}\", \"{used_at}\"]"))
        .config();
    let errors = refused_by_binary(&config);
    assert!(errors.contains(&used_at) && errors.contains("in use"), "{errors}");
    assert!(!errors.contains(&free_at), "{errors}");
    assert!(Peer::try_connect(&free_at).is_err(), "nothing is served");
}

/// Two proxies never share a port, though shards do.
#[test]
fn port_of_another_proxy() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).start();
    let bind = format!("bind = \"{}\"", proxy.address("web"));
    let errors = refused_by_binary(&Web::to(&server).frontend(&bind).config());
    assert!(errors.contains(proxy.address("web")), "{errors}");
    assert_eq!(proxy.get("/").status(), 200);
}

#[test]
fn every_error_of_a_configuration() {
    let config = "[global]\nshard = 2\n\
        [frontend.web]\nbind = \"nowhere\"\ndefault-backend = \"missing\"\n\
        [backend.app]\nhttp-reuse = \"sometimes\"\nserver = [{ name = \"s\", weight = 300 }]\n";
    let errors = refused_by_binary(config);
    for word in ["`shard`", "nowhere", "missing", "sometimes", "300", "proxy.toml:2:1"] {
        assert!(errors.contains(word), "{word} in:\n{errors}");
    }
}

#[test]
fn missing_file() {
    let exit = Command::new(binary()).args(["run", "-c", "/nonexistent.toml"]).output().unwrap();
    assert_eq!(exit.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&exit.stderr).contains("/nonexistent.toml"));
}

#[test]
fn check_says_sound_or_not() {
    let dir = Dir::new();
    let sound = dir.write("a.toml", Web::to(&Server::text("ok")).config());
    let used = listener();
    let bind = format!("bind = \"{}\"", address(&used));
    let taken = dir.write("b.toml", Web::to(&Server::text("ok")).frontend(&bind).config());
    let broken = dir.write("c.toml", "[frontend.web]\n");
    let cases: [(&[&str], _, _); 4] =
        [(&[], &sound, 0), (&["--bind"], &sound, 0), (&["--bind"], &taken, 1), (&[], &broken, 1)];
    for (options, file, code) in cases {
        let mut command = Command::new(binary());
        let output = command.args(["check", "-c"]).arg(file).args(options).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{file:?} {output:?}");
    }
}

#[test]
fn more_shards_than_cores() {
    let config = Web::to(&Server::text("ok")).shards(1000).config();
    let errors = refused_by_binary(&config);
    assert!(errors.contains("1000 shards") && errors.contains("cores"), "{errors}");
}

#[test]
fn name_that_does_not_resolve() {
    let config = Web::new().server("no-such-host.invalid:80", "").config();
    let errors = refused_by_binary(&config);
    assert!(errors.contains("no-such-host.invalid") && errors.contains("app/s1"), "{errors}");
}

/// Runs a program in which io_uring_setup(2), number 425 everywhere, fails with an error number.
const FORBID: &str = r#"
import ctypes, os, struct, sys
error, program = int(sys.argv[1]), sys.argv[2:]
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
code = [(LOAD, 0, 0, 0), (EQUAL, 0, 1, 425), (RETURN, 0, 0, 0x50000 | error), (RETURN, 0, 0, 0x7fff0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
program_of = struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters))
prctl = ctypes.CDLL(None, use_errno=True).prctl
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
assert prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program_of, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execv(program[0], program)
"#;

#[test]
fn io_uring_forbidden() {
    let config = Web::to(&Server::text("ok")).config();
    for (error, hint) in [(libc::EPERM, "seccomp"), (libc::ENOSYS, "6.1")] {
        let mut python = Command::new("python3");
        python.args(["-c", FORBID, &error.to_string(), binary()]);
        let errors = refused(&config, python).errors();
        assert!(errors.contains("io_uring") && errors.contains(hint), "{errors}");
    }
}

#[test]
fn too_little_locked_memory() {
    let config = Web::to(&Server::text("ok")).config();
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--memlock=65536:65536", "--", binary()]);
    let errors = refused(&config, prlimit).errors();
    assert!(errors.contains("ulimit -l"), "{errors}");
}

/// Every way to have too few descriptors at the start ends in a message, none in a panic or a hang.
#[test]
fn too_few_descriptors_to_start() {
    let config = Web::to(&Server::text("ok")).config();
    for limit in [8, 12, 16, 20, 24] {
        let mut prlimit = Command::new("prlimit");
        prlimit.args([&format!("--nofile={limit}:{limit}"), "--", binary()]);
        let mut proxy = Proxy::launch(Dir::new(), &config, prlimit);
        let is_ready = proxy.stdout.find(|line| line == "ready").is_some();
        if is_ready {
            continue;
        }
        let exit = proxy.wait();
        assert_eq!(exit.status.code(), Some(1), "{limit} descriptors: {exit:?}");
        assert!(!exit.errors().contains("panicked"), "{limit} descriptors: {}", exit.errors());
    }
}

#[test]
fn quick_proxy() {
    let server = Server::text("ok");
    let mut command = Command::new(binary());
    command.args(["proxy", "--shards", "2", "127.0.0.1:0", &server.address()]);
    let proxy = Proxy::begin(Dir::new(), command);
    assert_eq!(proxy.get("/").text(), "ok");
    assert_eq!(server.last_request().field("x-forwarded-for"), Some("127.0.0.1"));
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn address(listener: &TcpListener) -> String {
    listener.local_addr().unwrap().to_string()
}
