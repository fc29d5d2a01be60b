//! Maps and pattern files: what they say, and that they are taken up when they change.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::process::Signal;

use crate::support::{DEADLINE, Dir, Peer, Proxy, Web, binary, eventually};

/// What rules answer: which shard it was, and what was found for the path.
const ANSWER: &str = "return status 200 content-type text/plain lf-string";

/// Two shards whose answer is the shard and `expr`; files are beside the configuration.
fn telling(dir: &Dir, expr: &str) -> String {
    let expr = expr.replace('@', &dir.path().display().to_string());
    Web::new()
        .frontend(&format!("http-request = [\"{ANSWER} '%[thread] %[{expr}]'\"]"))
        .server("127.0.0.1:1", "")
        .config()
}

/// A proxy with files.
struct Site {
    proxy: Proxy,
    /// A connection to each shard.
    clients: Vec<Peer>,
}

impl Site {
    fn start(dir: Dir, expr: &str) -> Self {
        let config = telling(&dir, expr);
        let proxy = Proxy::start_in(dir, &config);
        let clients = one_for_each_shard(&proxy);
        Self { proxy, clients }
    }

    fn dir(&self) -> &Dir {
        &self.proxy.dir
    }

    /// What each shard answers.
    fn ask(&mut self, target: &str) -> Vec<String> {
        self.clients.iter_mut().map(|client| found(client, target)).collect()
    }

    fn assert_says(&mut self, target: &str, expected: &str) {
        assert_eq!(self.ask(target), [expected; 2], "{target}");
    }

    /// That each shard says `one` or `two`.
    fn assert_either(&mut self, target: &str) {
        let found = self.ask(target);
        assert!(found.iter().all(|value| value == "one" || value == "two"), "{found:?}");
    }

    /// Waits until every shard says so.
    fn await_says(&mut self, target: &str, expected: &str) {
        eventually(&format!("{target} becomes {expected}"), || {
            self.ask(target).iter().all(|found| found == expected)
        });
    }

    /// Ends it where an error was told, as it should be.
    fn stop_with_errors(mut self) {
        self.proxy.signal(Signal::TERM);
        assert!(self.proxy.wait().status.success());
    }
}

fn one_for_each_shard(proxy: &Proxy) -> Vec<Peer> {
    let mut clients: [Option<Peer>; 2] = [None, None];
    let deadline = Instant::now() + DEADLINE;
    while clients.iter().any(Option::is_none) {
        assert!(Instant::now() < deadline, "a shard was never met");
        let mut client = proxy.client();
        let shard: usize = answer(&mut client, "/").0.parse().unwrap();
        clients[shard].get_or_insert(client);
    }
    clients.into_iter().flatten().collect()
}

/// The shard, and what it found.
fn answer(client: &mut Peer, target: &str) -> (String, String) {
    let answer = client.get(target);
    assert_eq!(answer.status(), 200, "{target}");
    let (shard, found) = answer.text().split_once(' ').unwrap();
    (shard.to_owned(), found.to_owned())
}

fn found(client: &mut Peer, target: &str) -> String {
    answer(client, target).1
}

/// A map of which `/key0` and so on all lead to `value`.
fn map_of(lines: usize, value: &str) -> String {
    (0..lines).map(|line| format!("/key{line} {value}\n")).collect()
}

/// Writes a file aside and gives it the name of another one.
fn replace(dir: &Dir, name: &str, bytes: impl AsRef<[u8]>) {
    fs::rename(dir.write("aside", bytes), dir.file(name)).unwrap();
}

#[test]
fn written_anew_replaced_and_gone_for_a_while() {
    let dir = Dir::new();
    dir.write("own.map", "/ one\n");
    let mut site = Site::start(dir, "path,map(@/own.map,none)");
    site.assert_says("/", "one");
    // In place.
    site.dir().write("own.map", "/ two\n/more yes\n");
    site.await_says("/", "two");
    site.assert_says("/more", "yes");
    site.proxy.stderr.wait(|line| line.ends_with("own.map read anew: 2 lines, 1 before"));
    replace(site.dir(), "own.map", "/ three\n");
    site.await_says("/", "three");
    site.assert_says("/more", "none");
    // What is gone is in use until it is back.
    fs::remove_file(site.dir().file("own.map")).unwrap();
    site.proxy.stderr.wait(|line| {
        line.starts_with("error: cannot read") && line.ends_with("is in use as it was before")
    });
    site.assert_says("/", "three");
    site.dir().write("own.map", "/ four\n");
    site.await_says("/", "four");
    site.stop_with_errors();
}

/// A mounted ConfigMap: names are links into a folder, which is a link that is switched.
#[test]
fn a_folder_that_is_a_link() {
    let dir = Dir::new();
    let release = |dir: &Dir, name: &str, text: &str| {
        fs::create_dir(dir.file(name)).unwrap();
        dir.write(&format!("{name}/own.map"), text);
    };
    release(&dir, "..1", "/ one\n");
    symlink("..1", dir.file("..data")).unwrap();
    symlink("..data/own.map", dir.file("own.map")).unwrap();
    let mut site = Site::start(dir, "path,map(@/own.map,none)");
    site.assert_says("/", "one");
    for (number, text) in [("2", "two"), ("3", "three")] {
        let dir = site.dir();
        release(dir, &format!("..{number}"), &format!("/ {text}\n"));
        symlink(format!("..{number}"), dir.file("..data_tmp")).unwrap();
        fs::rename(dir.file("..data_tmp"), dir.file("..data")).unwrap();
        site.await_says("/", text);
    }
}

/// The kernel does not tell of what is written by another name: only the signal can be the reason.
#[test]
fn sighup() {
    let dir = Dir::new();
    dir.write("own.map", "/ one\n");
    fs::create_dir(dir.file("elsewhere")).unwrap();
    fs::hard_link(dir.file("own.map"), dir.file("elsewhere/own.map")).unwrap();
    let mut site = Site::start(dir, "path,map(@/own.map,none)");
    site.assert_says("/", "one");
    site.dir().write("elsewhere/own.map", "/ two\n");
    site.proxy.signal(Signal::HUP);
    site.await_says("/", "two");
}

#[test]
fn what_is_broken_changes_nothing() {
    let dir = Dir::new();
    dir.write("own.map", "10.0.0.0/8 192.0.2.1\n");
    let mut site = Site::start(dir, "path,field(2,/),map_ip_ip(@/own.map,0.0.0.0)");
    site.assert_says("/10.1.1.1", "192.0.2.1");
    let bad: [(&[u8], &str); 4] = [
        (b"10.0.0.0/8 192.0.2.2\n# more\n\n10.0.0.0/33 192.0.2.3\n", "own.map:4: `10.0.0.0/33`"),
        (b"10.0.0.0/8 192.0.2.2\nnonsense 192.0.2.3\n", "own.map:2: `nonsense`"),
        (b"10.0.0.0/8 nonsense\n", "own.map:1: `nonsense` is not an address"),
        (b"10.0.0.0/8 192.0.2.2\n\xff\n", "own.map:2: is no text in UTF-8"),
    ];
    for (bytes, reason) in bad {
        let told = site.proxy.stderr.now().len();
        site.dir().write("own.map", bytes);
        eventually(reason, || {
            let lines = site.proxy.stderr.now();
            lines[told..].iter().any(|line| {
                let says = line.starts_with("error: ") && line.contains(reason);
                says && line.ends_with("own.map is in use as it was before")
            })
        });
        site.assert_says("/10.1.1.1", "192.0.2.1");
    }
    site.dir().write("own.map", "10.0.0.0/8 192.0.2.9\n");
    site.await_says("/10.1.1.1", "192.0.2.9");
    site.stop_with_errors();
}

/// Nobody waits for who writes into a pipe, and what could not be read at the start is not read later.
#[test]
fn what_is_no_file_and_what_is_too_large() {
    let dir = Dir::new();
    dir.write("own.map", "/ one\n");
    let mut site = Site::start(dir, "path,map(@/own.map,none)");
    let status = Command::new("mkfifo").arg(site.dir().file("pipe")).status().unwrap();
    assert!(status.success());
    fs::rename(site.dir().file("pipe"), site.dir().file("own.map")).unwrap();
    site.proxy.stderr.wait(|line| line.contains("own.map: it is no regular file; "));
    site.assert_says("/", "one");
    let large = fs::File::create(site.dir().file("large")).unwrap();
    large.set_len(33 << 20).unwrap();
    fs::rename(site.dir().file("large"), site.dir().file("own.map")).unwrap();
    site.proxy.stderr.wait(|line| line.contains("own.map: it has more than 33554432 bytes; "));
    site.assert_says("/", "one");
    replace(site.dir(), "own.map", "/ two\n");
    site.await_says("/", "two");
    site.stop_with_errors();
}

/// Whoever asks while a file is replaced, again and again, is told what it said before or says now.
#[test]
fn under_load() {
    let dir = Dir::new();
    dir.write("own.map", map_of(2000, "one"));
    let mut site = Site::start(dir, "path,map(@/own.map,none)");
    let stop = AtomicBool::new(false);
    let mut load = one_for_each_shard(&site.proxy);
    let (ones, twos) = std::thread::scope(|scope| {
        let threads: Vec<_> =
            load.iter_mut().map(|client| scope.spawn(|| count(client, &stop))).collect();
        for round in 0..6 {
            let value = ["two", "one"][round % 2];
            replace(site.dir(), "own.map", map_of(2000, value));
            site.await_says("/key1999", value);
        }
        stop.store(true, Ordering::Relaxed);
        let counts = threads.into_iter().map(|thread| thread.join().unwrap());
        counts.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
    });
    assert!(ones > 0 && twos > 0, "{ones} {twos}");
}

/// Asks until `stop`; how often each value was the answer.
fn count(client: &mut Peer, stop: &AtomicBool) -> (usize, usize) {
    let (mut ones, mut twos) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        match found(client, "/key1000").as_str() {
            "one" => ones += 1,
            "two" => twos += 1,
            other => panic!("{other} is in neither"),
        }
    }
    (ones, twos)
}

#[test]
fn a_large_file_while_requests_are_served() {
    let dir = Dir::new();
    dir.write("own.map", map_of(100_000, "one"));
    let mut site = Site::start(dir, "path,map(@/own.map,none)");
    for (key, expected) in [("/key0", "one"), ("/key99999", "one"), ("/key100000", "none")] {
        site.assert_says(key, expected);
    }
    replace(site.dir(), "own.map", map_of(100_001, "two"));
    let begun = Instant::now();
    let (mut slowest, mut served) = (begun.elapsed(), 0);
    let is_told = |site: &Site| site.proxy.stderr.now().iter().any(|line| line.contains("anew"));
    while !is_told(&site) {
        assert!(begun.elapsed() < DEADLINE, "it was never read");
        let asked = Instant::now();
        site.assert_either("/key99999");
        slowest = slowest.max(asked.elapsed());
        served += 1;
    }
    assert!(served > 10, "{served}");
    // The file is read elsewhere: shards do not stand still meanwhile.
    assert!(slowest < DEADLINE / 5, "{slowest:?}");
    site.await_says("/key100000", "two");
    site.assert_says("/key0", "two");
}

/// Each way to match, from a file.
#[test]
fn every_way_to_match() {
    let cases = [
        ("path,map({})", "/a x\n/b y\n", "/b", "y"),
        ("path,map_str({},none)", "/a x\n", "/A", "none"),
        ("path,map_beg({})", "/a x\n/a/b y\n/ z\n", "/a/b/c", "y"),
        ("path,map_end({},none)", ".css style\n.js script\n", "/a/b.js", "script"),
        ("path,map_sub({},none)", "admin x\nuser y\n", "/the/user/1", "y"),
        ("path,map_dir({},none)", "img x\nstatic y\n", "/a/static/b", "y"),
        ("path,field(2,/),map_dom({},none)", "org x\nexample y\n", "/www.example.net", "y"),
        ("path,field(2,/),map_ip({},none)", "10.0.0.0/8 x\n10.1.0.0/16 y\n", "/10.1.2.3", "y"),
        ("path,field(2,/),map_ip({},none)", "2001:db8::/32 x\n", "/2001:db8::1", "x"),
        ("path,field(2,/),map_int({},none)", "1:9 x\n10: y\n", "/11", "y"),
        ("path,map_reg({},none)", "^/a(.)$ x\n^/b y\n", "/bc", "y"),
        ("path,map_regm({},none)", "^/a(.)$ x-\\1\n", "/ab", "x-b"),
        ("path,map_beg_key({},none)", "/a x\n/ab y\n", "/abc", "/ab"),
        ("path,map_str_int({},0),add(1)", "/a 41\n", "/a", "42"),
        ("path,map_beg_ip({},0.0.0.0)", "/a 192.0.2.7\n", "/ab", "192.0.2.7"),
    ];
    let dir = Dir::new();
    let answers: Vec<String> = cases
        .iter()
        .enumerate()
        .map(|(number, (expr, text, ..))| {
            let path = dir.write(&format!("{number}.map"), text).display().to_string();
            let expr = expr.replace("{}", &path);
            format!("\"{ANSWER} %[{expr}] if {{ req.hdr(case) {number} }}\"")
        })
        .collect();
    let web = Web::new().frontend(&format!("http-request = [{}]", answers.join(",\n")));
    let proxy = Proxy::start_in(dir, &web.server("127.0.0.1:1", "").config());
    let mut client = proxy.client();
    for (number, (expr, _, target, expected)) in cases.iter().enumerate() {
        let ask = format!("GET {target} HTTP/1.1\r\nHost: h\r\nCase: {number}\r\n\r\n");
        assert_eq!(client.ask(&ask).text(), *expected, "{expr} of {target}");
    }
}

#[test]
fn patterns_of_conditions() {
    let dir = Dir::new();
    dir.write("path.lst", "# what is closed\n/admin\n\n/private\n");
    dir.write("agent.lst", "BadBot\n^evil/[0-9]+$\n");
    dir.write("net.lst", "192.0.2.0/24\n2001:db8::/32\n");
    dir.write("host.map", "a.example x\nb.example y\n");
    let at = |name: &str| dir.file(name).display().to_string();
    let rules = [
        format!("deny deny_status 401 if {{ path -m beg -f {} }}", at("path.lst")),
        format!(
            "deny deny_status 403 if {{ req.hdr(user-agent) -i -m reg -f {} }}",
            at("agent.lst")
        ),
        format!("deny deny_status 404 if {{ req.hdr_ip(x-from) -f {} 127.0.0.2 }}", at("net.lst")),
        format!("deny deny_status 410 if {{ req.hdr(host) -i -M -f {} }}", at("host.map")),
        "return status 204".to_owned(),
    ];
    let web = Web::new().frontend(&format!("http-request = {rules:?}"));
    let proxy = Proxy::start_in(dir, &web.server("127.0.0.1:1", "").config());
    let status = |target: &str, fields: &str| {
        let ask = format!("GET {target} HTTP/1.1\r\n{fields}\r\n");
        proxy.client().ask(&ask).status()
    };
    for (target, fields, expected) in [
        ("/admin/x", "Host: h\r\n", 401),
        ("/what", "Host: h\r\n", 204),
        ("/", "Host: h\r\nUser-Agent: some badbot 1\r\n", 403),
        ("/", "Host: h\r\nUser-Agent: EVIL/12\r\n", 403),
        ("/", "Host: h\r\nUser-Agent: evil/x\r\n", 204),
        ("/", "Host: h\r\nX-From: 192.0.2.99\r\n", 404),
        ("/", "Host: h\r\nX-From: 2001:db8::7\r\n", 404),
        ("/", "Host: h\r\nX-From: 127.0.0.2\r\n", 404),
        ("/", "Host: h\r\nX-From: 192.0.3.1\r\n", 204),
        ("/", "Host: B.Example\r\n", 410),
        ("/", "Host: x\r\n", 204),
    ] {
        assert_eq!(status(target, fields), expected, "{target} {fields}");
    }
    proxy.dir.write("path.lst", "/what\n");
    eventually("the other path is closed", || status("/what", "Host: h\r\n") == 401);
    eventually("the first one is open", || (0..8).all(|_| status("/admin", "Host: h\r\n") == 204));
}

/// Nothing runs without a file that rules ask for, or with one that is broken.
#[test]
fn a_start_without_them() {
    for (text, reasons) in [
        (None, ["proxy.toml:7:", "own.map` cannot be read", "No such file"]),
        (Some("/ 1\n/a b\n"), ["own.map:2:4", "a line of", "is not an integer"]),
    ] {
        let dir = Dir::new();
        if let Some(text) = text {
            dir.write("own.map", text);
        }
        let config = telling(&dir, "path,map_str_int(@/own.map)");
        let exit = Proxy::launch(dir, &config, Command::new(binary())).wait();
        assert_eq!(exit.status.code(), Some(1), "{exit:?}");
        for reason in reasons {
            assert!(exit.errors().contains(reason), "{reason} in:\n{}", exit.errors());
        }
    }
}
