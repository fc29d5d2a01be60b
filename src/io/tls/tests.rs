//! Handshakes in memory, then TLS over real sockets.

#![expect(clippy::disallowed_methods, reason = "the far ends are on threads that may sleep")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustls::{
    AlertDescription, ClientConnection, Error, ServerConnection, StreamOwned, SupportedCipherSuite,
};

use super::super::{
    Chunk, Conn, InputEnd, NEVER, ServerTarget, Setup, Task, TlsFault, Usage, io, run_shard, usage,
};
use super::handshake::Handshake;
use super::testing::{Site, noise, schemes, suites, target};

const DEADLINE: Duration = Duration::from_secs(10);

fn record(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let [high, low] = (bytes.len() as u16).to_be_bytes();
    [&[kind, 3, 3, high, low], bytes].concat()
}

/// Scenario: half a message, then a record that is wrong. Bug: rustls was asked for its alert with
/// none of the bytes that it had counted, and panicked. Fix: it is asked only for what it has to say.
#[test]
fn half_a_message_and_a_wrong_record() {
    for suite in schemes() {
        let site = Site::of(suite);
        let hello = site.rustls_client().said();
        for cut in [1, 4, 5, 40] {
            for wrong in [
                record(23, b"x"),
                record(99, b"x"),
                record(21, &[2, 40]),
                record(21, &[1, 90]),
                record(20, &[1]),
                vec![22, 3, 3, 0xff, 0xff, 0, 0],
                b"GET / HTTP/1.1\r\n\r\n".to_vec(),
                record(22, &[0; 300]),
            ] {
                let mut near = Handshake::with_client(target(site.server.clone())).unwrap();
                near.feed(&record(22, &hello[5..5 + cut]));
                near.feed(&wrong);
                let mut out = Vec::new();
                let outcome = near.advance(&mut out);
                assert!(outcome.is_err(), "{suite:?} {cut} {wrong:?}");
                assert!(out.is_empty() || out[0] == 21, "{suite:?} {cut}: {out:?}");
            }
        }
    }
}

/// Either side's handshake with any byte of the other's second flight changed: it fails or it does
/// not, and never with a panic.
#[test]
fn flights_with_a_wrong_byte() {
    for suite in schemes() {
        let site = Site::of(suite);
        let mut len = 1;
        let mut at = 0;
        while at < len {
            let mut near = Handshake::with_server(site.client.clone(), Site::name()).unwrap();
            let mut far = site.rustls_server();
            let mut out = Vec::new();
            near.advance(&mut out).unwrap();
            far.open(&out).unwrap();
            let mut flight = far.said();
            len = flight.len();
            // A signature is a byte longer or shorter each time.
            if let Some(byte) = flight.get_mut(at) {
                *byte ^= 0x15;
            }
            near.feed(&flight);
            let _ = near.advance(&mut Vec::new());
            at += 1;
        }
    }
}

/// Two ends of a TCP connection.
fn connection() -> (OwnedFd, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    far.set_nodelay(true).unwrap();
    far.set_read_timeout(Some(DEADLINE)).unwrap();
    (listener.accept().unwrap().0.into(), far)
}

/// Runs `near` on a shard of its own with one end of a connection, and `far` here with the other.
/// Nothing may be left in the end.
fn between<F>(near: impl FnOnce(Task, OwnedFd) -> F + Send + 'static, far: impl FnOnce(TcpStream))
where
    F: Future<Output = Task> + 'static,
{
    let (fd, stream) = connection();
    let core = core_affinity::get_core_ids().unwrap()[0].id;
    let (tell, ended) = channel();
    thread::spawn(move || {
        let setup = Setup { core, buffers: 16, buffer_len: 4096 };
        let result = run_shard(setup, move |task| async move {
            let task = near(task, fd).await;
            let deadline = io().now_ms() + 5_000;
            while io().usage().sockets > 0 && io().now_ms() < deadline {
                task.wait(io().now_ms() + 1).await;
            }
            io().stop();
        });
        let _ = tell.send((result, usage().unwrap_or_default()));
    });
    far(stream);
    let (result, left) = ended.recv_timeout(DEADLINE).expect("the shard ends");
    assert_eq!((result, left), (Ok(()), Usage::default()));
}

/// Shakes hands as far as it takes.
async fn shaken(task: &Task, conn: &Conn) -> Result<(), TlsFault> {
    loop {
        match conn.shake_hands() {
            Some(outcome) => return outcome.map(|_| ()),
            None => task.wait(NEVER).await,
        }
    }
}

async fn input(task: &Task, conn: &Conn) {
    while !conn.has_input() && conn.input_end().is_none() {
        task.wait(NEVER).await;
    }
}

/// Sends back what comes until the other side ends. Returns how it did.
async fn echo(task: &Task, conn: &Conn) -> InputEnd {
    conn.notify_sent(true);
    loop {
        input(task, conn).await;
        while let Some(buffer) = conn.take() {
            conn.queue(Chunk::Received(buffer));
        }
        conn.flush();
        while conn.unsent() > 0 && conn.send_error().is_none() {
            task.wait(NEVER).await;
        }
        if let Some(end) = conn.input_end() {
            return end;
        }
    }
}

/// How rustls and we end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parting {
    Said,
    Silent,
}

/// A rustls client talks to an echo of ours, many bytes at a time, and ends.
fn talk_to_echo(suite: SupportedCipherSuite, parting: Parting) {
    let site = Site::of(suite);
    let Site { server, client } = site;
    let expected = match parting {
        Parting::Said => InputEnd::Closed,
        Parting::Silent => InputEnd::Truncated,
    };
    let near = move |task: Task, fd| async move {
        let conn = Conn::adopt(fd, task.id());
        conn.accept_tls(target(server)).unwrap();
        shaken(&task, &conn).await.unwrap();
        assert_eq!(echo(&task, &conn).await, expected);
        drop(conn);
        task
    };
    between(near, |stream| {
        let connection = ClientConnection::new(client, Site::name()).unwrap();
        let mut far = StreamOwned::new(connection, stream);
        for len in [1, 100, 16_384, 16_385, 100_000] {
            let bytes = noise(len);
            far.write_all(&bytes).unwrap();
            let mut back = vec![0; len];
            far.read_exact(&mut back).unwrap();
            assert!(back == bytes, "{suite:?} {len}");
        }
        if parting == Parting::Said {
            far.conn.send_close_notify();
            far.flush().unwrap();
        }
        far.sock.shutdown(Shutdown::Write).unwrap();
        // Ours is said in any case: nothing of it is missing.
        assert_eq!(far.read(&mut [0]).unwrap(), 0, "{suite:?}");
    });
}

#[test]
fn clients_over_sockets() {
    for suite in suites() {
        talk_to_echo(suite, Parting::Said);
        talk_to_echo(suite, Parting::Silent);
    }
}

/// We are the client: what is queued at the very beginning follows the handshake, or precedes it.
#[test]
fn servers_over_sockets() {
    for suite in suites() {
        let site = Site::of(suite);
        let (server, config) = (site.server.clone(), site.client.clone());
        let near = move |task: Task, fd| async move {
            let conn = Conn::adopt(fd, task.id());
            conn.queue(Chunk::Static(b"in the clear"));
            conn.dial_tls(ServerTarget { config, name: Site::name(), asked: None }).unwrap();
            conn.queue(Chunk::Static(b"sealed"));
            shaken(&task, &conn).await.unwrap();
            conn.flush();
            let mut got = Vec::new();
            while conn.input_end().is_none() {
                input(&task, &conn).await;
                while let Some(buffer) = conn.take() {
                    got.extend_from_slice(buffer.bytes());
                }
            }
            assert_eq!(got, noise(200_000));
            assert_eq!(conn.input_end(), Some(InputEnd::Closed));
            drop(conn);
            task
        };
        between(near, |mut stream| {
            let mut clear = [0; 12];
            stream.read_exact(&mut clear).unwrap();
            assert_eq!(&clear, b"in the clear");
            let mut far = StreamOwned::new(ServerConnection::new(server).unwrap(), stream);
            let mut sealed = [0; 6];
            far.read_exact(&mut sealed).unwrap();
            assert_eq!(&sealed, b"sealed");
            far.write_all(&noise(200_000)).unwrap();
            far.conn.send_close_notify();
            far.flush().unwrap();
            assert_eq!(far.read(&mut [0]).unwrap(), 0, "{suite:?}: our end is said");
        });
    }
}

/// A reset is no end that was said, nor is an end that was hidden.
#[test]
fn ends_that_are_not_said() {
    for is_reset in [true, false] {
        let site = Site::of(schemes()[0]);
        let Site { server, client } = site;
        let near = move |task: Task, fd| async move {
            let conn = Conn::adopt(fd, task.id());
            conn.accept_tls(target(server)).unwrap();
            shaken(&task, &conn).await.unwrap();
            input(&task, &conn).await;
            drop(conn.take());
            if is_reset {
                conn.reset_on_close()
            } else {
                conn.hide_end()
            }
            drop(conn);
            task
        };
        between(near, |stream| {
            let connection = ClientConnection::new(client, Site::name()).unwrap();
            let mut far = StreamOwned::new(connection, stream);
            far.write_all(b"x").unwrap();
            let error = far.read(&mut [0]).unwrap_err().kind();
            let expected =
                if is_reset { ErrorKind::ConnectionReset } else { ErrorKind::UnexpectedEof };
            assert_eq!(error, expected);
        });
    }
}

/// Scenario: a wrong record right behind the handshake. Bug: the alert overtook the tickets, whose
/// numbers come before its own, so that nobody could read it. Fix: it goes behind them.
#[test]
fn an_alert_behind_the_tickets() {
    let site = Site::of(schemes()[0]);
    let Site { server, client } = site;
    let near = move |task: Task, fd| async move {
        let conn = Conn::adopt(fd, task.id());
        conn.accept_tls(target(server)).unwrap();
        shaken(&task, &conn).await.unwrap();
        assert_eq!(conn.closing(), Some(InputEnd::Failed(libc::EPROTO)));
        drop(conn);
        task
    };
    between(near, |mut stream| {
        let mut far = ClientConnection::new(client, Site::name()).unwrap();
        while far.is_handshaking() {
            while far.wants_write() {
                far.write_tls(&mut stream).unwrap();
            }
            far.read_tls(&mut stream).unwrap();
            far.process_new_packets().unwrap();
        }
        let mut last = Vec::new();
        while far.wants_write() {
            far.write_tls(&mut last).unwrap();
        }
        last.extend(record(23, b"this is sealed by nobody"));
        stream.write_all(&last).unwrap();
        let outcome = loop {
            if far.read_tls(&mut stream).unwrap_or(0) == 0 {
                break Ok(());
            }
            if let Err(error) = far.process_new_packets() {
                break Err(error);
            }
        };
        let alert = Error::AlertReceived(AlertDescription::BadRecordMac);
        assert_eq!(outcome, Err(alert));
    });
}

/// Nothing that comes behind a wrong record is taken for data.
#[test]
fn nothing_behind_a_wrong_record() {
    let site = Site::of(schemes()[0]);
    let Site { server, client } = site;
    let near = move |task: Task, fd| async move {
        let conn = Conn::adopt(fd, task.id());
        conn.accept_tls(target(server)).unwrap();
        shaken(&task, &conn).await.unwrap();
        while conn.closing().is_none() {
            task.wait(NEVER).await;
        }
        let until = io().now_ms() + 100;
        while io().now_ms() < until {
            task.wait(until).await;
        }
        assert!(!conn.has_input());
        assert_eq!(conn.closing(), Some(InputEnd::Failed(libc::EPROTO)));
        drop(conn);
        task
    };
    between(near, |stream| {
        let connection = ClientConnection::new(client, Site::name()).unwrap();
        let mut far = StreamOwned::new(connection, stream);
        far.flush().unwrap();
        far.conn.complete_io(&mut far.sock).unwrap();
        far.sock.write_all(&record(23, b"this is sealed by nobody")).unwrap();
        thread::sleep(Duration::from_millis(20));
        let _ = far.write_all(b"data");
        let _ = far.flush();
        let _ = far.read(&mut [0]);
    });
}
