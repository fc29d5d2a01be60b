//! A scripted server: a thread that accepts, and one for each connection.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::{Message, Peer, eventually};

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    /// Those that ended.
    ended: AtomicUsize,
    stopped: AtomicBool,
    requests: Mutex<Vec<Message>>,
}

pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
}

impl Server {
    /// Runs `script` for each connection, on a free port.
    pub(crate) fn start(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub(crate) fn start_on(
        listener: TcpListener,
        script: impl Fn(&mut Peer) + Send + Sync + 'static,
    ) -> Self {
        let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Seen::default()));
        let server = Self { address, seen: Arc::clone(&seen) };
        std::thread::spawn(move || accept(&listener, &seen, &Arc::new(script)));
        server
    }

    /// Answers each request of a connection with what `answer` makes of it, until the client ends.
    pub(crate) fn http(answer: impl Fn(&Message) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Seen::default()));
        let server = Self { address, seen: Arc::clone(&seen) };
        let record = Arc::clone(&seen);
        let script = move |peer: &mut Peer| {
            while peer.has_more() {
                let request = peer.message();
                let bytes = answer(&request);
                record.requests.lock().unwrap().push(request);
                if peer.try_send(bytes).is_err() {
                    return;
                }
            }
        };
        std::thread::spawn(move || accept(&listener, &seen, &Arc::new(script)));
        server
    }

    /// Answers every request with 200 and this body.
    pub(crate) fn text(body: &'static str) -> Self {
        Self::http(move |_| super::reply(body))
    }

    /// Reads one request, sends these bytes, closes.
    pub(crate) fn once(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::start(move |peer| {
            if peer.has_more() {
                peer.message();
                let _ = peer.try_send(&bytes);
            }
        })
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Waits until every connection so far has ended.
    pub(crate) fn await_ended(&self) {
        eventually("all server connections end", || {
            self.seen.ended.load(Ordering::SeqCst) == self.connections()
        });
    }

    /// Requests that a server of [`Server::http`] has answered.
    pub(crate) fn requests(&self) -> Vec<Message> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(crate) fn last_request(&self) -> Message {
        self.requests().pop().expect("a request")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.seen.stopped.store(true, Ordering::SeqCst);
        // Has the accepting thread look.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept<S>(listener: &TcpListener, seen: &Arc<Seen>, script: &Arc<S>)
where
    S: Fn(&mut Peer) + Send + Sync + 'static,
{
    for stream in listener.incoming().flatten() {
        if seen.stopped.load(Ordering::SeqCst) {
            return;
        }
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (seen, script) = (Arc::clone(seen), Arc::clone(script));
        std::thread::spawn(move || {
            let _ending = Ending(seen);
            script(&mut Peer::over(stream.into()));
        });
    }
}

/// Counts a connection that ended, be it by a panic.
struct Ending(Arc<Seen>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}
