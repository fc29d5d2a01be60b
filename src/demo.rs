//! The demonstration: origin servers, the proxy in front of them, traffic, and what became of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use proxy_config::{Overrides, Source};

use crate::io::instant;
use crate::{cli, control};

/// Clients that send requests at the same time.
const CLIENTS: usize = 16;
/// A client or server that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// Runs the demonstration; with `once`, it ends after `seconds` of traffic.
pub fn run(seconds: u64, once: bool) -> ExitCode {
    match show(seconds, once) {
        Ok(code) => code,
        Err(reasons) => control::refuse(&reasons),
    }
}

fn show(seconds: u64, once: bool) -> Result<ExitCode, Vec<String>> {
    let origins = ["red", "blue"].map(start_origin);
    let [red, blue] = origins.map(|origin| origin.map_err(|error| vec![error.to_string()]));
    let text = configuration(red?, blue?);
    println!("# The configuration of this demonstration:\n{text}");
    let source = Source { name: "demo.toml".to_owned(), text };
    let config = cli::load(&[source], &Overrides::default())
        .ok_or_else(|| vec!["the demonstration's configuration is not sound".to_owned()])?;
    let mut proxy = control::start(config)?;
    proxy.heed_signals().map_err(|error| vec![format!("cannot handle signals: {error}")])?;
    let address = proxy.addresses[0][0].clone();
    println!("# {CLIENTS} clients send requests to {address} for {seconds} s ...\n");
    let (answered, failed) = send_traffic(&address, Duration::from_secs(seconds));
    println!("{}", proxy.counters.sum());
    println!(
        "{answered} requests were answered, {failed} failed; {} a second",
        answered / seconds.max(1)
    );
    if once {
        return Ok(if proxy.drain() && failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    println!(
        "\nThe proxy goes on. Try, and look which server answers:\n\n  curl -i http://{address}/"
    );
    println!("\nCtrl-C ends it.");
    Ok(proxy.serve())
}

fn configuration(red: SocketAddr, blue: SocketAddr) -> String {
    format!(
        r#"[frontend.web]
bind = ["127.0.0.1:0"]
option.forwardfor = true
default-backend = "colours"

[backend.colours]
balance = "roundrobin"
option.httpchk = {{ method = "GET", uri = "/healthz" }}

[[backend.colours.server]]
name = "red"
address = "{red}"
check = true
weight = 2

[[backend.colours.server]]
name = "blue"
address = "{blue}"
check = true
"#
    )
}

/// Starts an origin server that answers every request with its name.
fn start_origin(name: &'static str) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        for client in listener.incoming().flatten() {
            // A thread a connection: the proxy keeps few of them.
            thread::spawn(move || answer(client, name));
        }
    })?;
    Ok(address)
}

fn answer(client: TcpStream, name: &str) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(SILENCE))?;
    let mut reader = BufReader::new(client.try_clone()?);
    let mut writer = client;
    let body = format!("Hello from {name}.\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n";
    let response =
        format!("{head}x-server: {name}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    while let Some(head) = read_head(&mut reader)? {
        let is_head = head.starts_with("HEAD ");
        let len = if is_head { response.len() - body.len() } else { response.len() };
        writer.write_all(&response.as_bytes()[..len])?;
        if head.to_ascii_lowercase().contains("connection: close") {
            break;
        }
    }
    Ok(())
}

/// A head and, when it announces one, the body behind it, which is thrown away.
fn read_head(reader: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        if matches!(&head[before..], "\r\n" | "\n") {
            break;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().ok())?
    });
    std::io::copy(&mut reader.take(length.unwrap_or(0)), &mut std::io::sink())?;
    Ok(Some(head))
}

/// Sends requests from several connections at once. Returns how many were answered and failed.
fn send_traffic(address: &str, time: Duration) -> (u64, u64) {
    let (answered, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let until = instant() + time;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (address, answered, failed) =
                (address.to_owned(), Arc::clone(&answered), Arc::clone(&failed));
            thread::spawn(move || {
                while instant() < until {
                    if ask_until(&address, until, &answered).is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for client in clients {
        // A client that panicked shows in the count.
        let _ = client.join();
    }
    (answered.load(Ordering::Relaxed), failed.load(Ordering::Relaxed))
}

fn ask_until(
    address: &str,
    until: std::time::Instant,
    answered: &AtomicU64,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(address)?;
    server.set_nodelay(true)?;
    server.set_read_timeout(Some(SILENCE))?;
    let mut reader = BufReader::new(server.try_clone()?);
    while instant() < until {
        server.write_all(b"GET / HTTP/1.1\r\nhost: demo\r\n\r\n")?;
        let head = read_head(&mut reader)?;
        if !head.is_some_and(|head| head.starts_with("HTTP/1.1 200 ")) {
            return Err(std::io::Error::other("no answer, or not 200"));
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
