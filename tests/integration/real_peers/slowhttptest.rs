//! slowhttptest in all its modes at once, while others go on as if nothing happened.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::nginx::Nginx;
use super::output;
use crate::support::{Dir, HttpLine, Proxy, Web, noise, pause};

/// Connections of each attack.
const CONNECTIONS: usize = 200;
/// What an answer may take longer than the machine itself explains.
const PATIENCE: Duration = Duration::from_secs(1);

/// Option for the attack, interval between two bytes of a connection in seconds, and target.
type Attack = (&'static [&'static str], &'static str);
const ATTACKS: [Attack; 4] = [
    (&["-H", "-i", "1", "-x", "24"], "/small"),
    (&["-B", "-i", "3", "-t", "PUT", "-s", "8192", "-x", "10"], "/upload"),
    (&["-X", "-w", "16", "-y", "256", "-n", "1", "-z", "5"], "/large"),
    (&["-R", "-a", "1", "-b", "1000"], "/file"),
];
/// A body that never pauses for long: only a proxy that waits for it as a whole loses patience.
const TRICKLE: Attack = (&["-B", "-i", "1", "-t", "PUT", "-s", "8192", "-x", "10"], "/upload");

fn attack(proxy: &Proxy, (options, target): Attack) {
    let (number, url) =
        (CONNECTIONS.to_string(), format!("http://{}{target}", proxy.address("web")));
    let mut command = Command::new("slowhttptest");
    command.args(["-v", "1", "-l", "5", "-p", "3", "-c", &number, "-r", &number, "-u", &url]);
    let text = String::from_utf8(output(command.args(options))).unwrap();
    assert!(text.contains("Exit status:") && !text.contains("NO"), "{text}");
}

/// What a client saw that keeps asking.
#[derive(Debug, Default)]
struct Seen {
    requests: usize,
    slowest: Duration,
}

/// Asks over a connection that stays and over new ones until the attacks are over.
fn keep_asking(proxy: &Proxy, is_over: &AtomicBool) -> Seen {
    let (mut kept, mut seen) = (proxy.client(), Seen::default());
    while !is_over.load(Ordering::SeqCst) {
        for is_new in [false, true] {
            let begun = Instant::now();
            let response = if is_new { proxy.get("/small") } else { kept.get("/small") };
            assert_eq!(response.text(), "small");
            seen.slowest = seen.slowest.max(begun.elapsed());
            seen.requests += 1;
        }
        pause(5);
    }
    seen
}

/// All attacks together, once. Returns what clients saw of this proxy and of one in peace.
fn wave(proxy: &Proxy, in_peace: &Proxy) -> [Seen; 2] {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = [proxy, in_peace].map(|each| scope.spawn(|| keep_asking(each, &is_over)));
        let attacks = ATTACKS.map(|each| scope.spawn(move || attack(proxy, each)));
        let outcomes = attacks.map(|attack| attack.join());
        is_over.store(true, Ordering::SeqCst);
        assert!(outcomes.iter().all(Result::is_ok), "an attack failed");
        asking.map(|asking| asking.join().unwrap())
    })
}

/// Resident memory, in KiB.
fn memory(proxy: &Proxy) -> usize {
    let path = format!("/proc/{}/status", proxy.pid().as_raw_nonzero());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn start(nginx: &Nginx, backend: &str) -> Proxy {
    let timeouts = "timeout.http-request = \"2s\"\ntimeout.client = \"1500ms\"";
    Web::new().logged().frontend(timeouts).backend(backend).server(&nginx.address, "").start()
}

/// The log has these ends of requests, once for each attacker.
fn assert_ended(proxy: &Proxy, waves: usize, ends: &[(&str, &str)]) {
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    let log: Vec<_> = text.lines().map(HttpLine::parse).collect();
    for (verdict, request) in ends {
        let of_kind = log.iter().filter(|line| line.request == *request);
        let verdicts: Vec<_> = of_kind.map(HttpLine::verdict).collect();
        let count = verdicts.iter().filter(|seen| seen == verdict).count();
        // Not all need have come through while the machine was busy.
        let enough = waves * CONNECTIONS * 3 / 4;
        assert!(count >= enough, "{count} of {} {verdict} {request}", verdicts.len());
    }
}

#[test]
fn all_attacks_at_once() {
    let dir = Dir::new();
    dir.write("large", noise(8_000_000));
    dir.write("file", noise(5_000));
    let nginx = Nginx::files(dir);
    let proxy = start(&nginx, "");
    // What it sees is due to the machine, which has others to serve.
    let in_peace = start(&nginx, "");
    // The first wave brings the proxy to the size that it needs.
    let mut seen = vec![wave(&proxy, &in_peace)];
    let (begun, cpu_before, memory_before) = (Instant::now(), proxy.cpu_time(), memory(&proxy));
    seen.push(wave(&proxy, &in_peace));
    let (cpu, memory_after) = (proxy.cpu_time() - cpu_before, memory(&proxy));
    for [Seen { requests, slowest }, in_peace] in seen {
        let enough = requests >= 10 && slowest < PATIENCE + in_peace.slowest * 2;
        assert!(enough, "{requests} requests, {slowest:?} at worst; in peace {in_peace:?}");
    }
    let elapsed = begun.elapsed();
    assert!(cpu < elapsed / 2, "used {cpu:?} of {elapsed:?}");
    let grown = memory_after.saturating_sub(memory_before);
    assert!(grown < memory_before / 4, "grew from {memory_before} to {memory_after} KiB");
    // The last one asked for too much, but in time.
    let ends = [
        ("408 cR", "<BADREQ>"),
        ("408 cH", "PUT /upload HTTP/1.1"),
        ("200 cD", "GET /large HTTP/1.1"),
        ("200 --", "HEAD /file HTTP/1.1"),
    ];
    assert_ended(&proxy, 2, &ends);
}

/// `option.http-buffer-request` has `timeout.http-request` hold for the body too.
#[test]
fn trickling_bodies() {
    let nginx = Nginx::files(Dir::new());
    let proxy = start(&nginx, "option.http-buffer-request = true");
    attack(&proxy, TRICKLE);
    assert_ended(&proxy, 1, &[("408 cR", "PUT /upload HTTP/1.1")]);
}
