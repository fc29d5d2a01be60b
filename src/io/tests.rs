//! The io layer on a real shard thread: wake-ups, buffers, closing, panics.

#![expect(clippy::disallowed_methods, reason = "what foreign threads see is measured in real time")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{
    Chunk, Conn, Letters, Mailbox, NEVER, Setup, Task, Usage, io, mailbox, run_shard, spawn, usage,
};

const DEADLINE: Duration = Duration::from_secs(10);
/// About how long a shard looks for work before it sleeps.
const PULSE_MS: u64 = 10;

/// A shard on its own thread.
struct Running {
    ended: Receiver<(Result<(), String>, Usage)>,
}

impl Running {
    /// Starts a shard with a few small buffers.
    fn start<F>(main: impl FnOnce(Task) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let core = core_affinity::get_core_ids().unwrap()[0].id;
        let (tell, ended) = channel();
        thread::spawn(move || {
            let result = run_shard(Setup { core, buffers: 16, buffer_len: 4096 }, main);
            let _ = tell.send((result, usage().unwrap_or_default()));
        });
        Self { ended }
    }

    /// Waits for the end. Returns what was held then.
    fn end(self) -> Usage {
        let (result, left) = self.ended.recv_timeout(DEADLINE).expect("the shard ends");
        assert_eq!(result, Ok(()));
        left
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

/// Waits until the connection has input or ends.
async fn input(task: &Task, conn: &Conn) {
    while !conn.has_input() && conn.input_end().is_none() {
        task.wait(NEVER).await;
    }
}

/// Waits until everything queued was sent.
async fn flushed(task: &Task, conn: &Conn) {
    conn.notify_sent(true);
    conn.flush();
    while conn.unsent() > 0 && conn.send_error().is_none() {
        task.wait(NEVER).await;
    }
}

/// Sends back what comes, until the other side ends.
async fn echo(task: Task, fd: OwnedFd) {
    let conn = Conn::adopt(fd, task.id());
    loop {
        input(&task, &conn).await;
        while let Some(buffer) = conn.take() {
            conn.queue(Chunk::Received(buffer));
        }
        flushed(&task, &conn).await;
        if conn.input_end().is_some() {
            return;
        }
    }
}

/// Waits until sockets are gone, then ends the shard.
async fn stop_when_closed(task: &Task) {
    let deadline = io().now_ms() + 5_000;
    while io().usage().sockets > 0 && io().now_ms() < deadline {
        task.wait(io().now_ms() + 1).await;
    }
    io().stop();
}

fn stop_at_first_letter(letters: Letters<()>) -> impl FnOnce(Task) -> StopFuture {
    |task| {
        Box::pin(async move {
            letters.open(task.id());
            while letters.next().is_none() {
                task.wait(NEVER).await;
            }
            stop_when_closed(&task).await;
        })
    }
}

type StopFuture = std::pin::Pin<Box<dyn Future<Output = ()>>>;

/// Random numbers from a seed that a failure prints.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What the foreign threads of `lost_wake_stress` say, and what came of it.
struct Foreign {
    mailbox: Mailbox<u64>,
    far: TcpStream,
    /// Letters and bytes that the shard saw.
    seen: Arc<AtomicU64>,
    random: Random,
    said: u64,
}

impl Foreign {
    /// One cycle: something is said, and the shard must notice.
    fn cycle(&mut self) {
        self.pause();
        if self.random.below(2) == 0 {
            self.mailbox.send(1);
        } else {
            self.far.write_all(b"x").unwrap();
        }
        self.said += 1;
        let begun = Instant::now();
        while self.seen.load(Ordering::Acquire) < self.said {
            thread::yield_now();
            assert!(begun.elapsed() < Duration::from_secs(3), "wake {} was lost", self.said);
        }
    }

    /// Mostly short, so that the next word comes while the shard looks for work; now and then about
    /// as long as it takes to go cold, or so long that it sleeps.
    fn pause(&mut self) {
        let cold_us = 1000 * PULSE_MS;
        let us = match self.random.below(6000) {
            0 => cold_us + 2500,
            1 => cold_us - 500 + self.random.below(1500),
            2..600 => self.random.below(30),
            _ => 0,
        };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(us) {
            thread::yield_now();
        }
    }
}

/// Says something `cycles` times to a shard that is about to sleep, or sleeps. No timer would wake it,
/// so that a wake-up that is lost stays lost. Returns how often it slept.
fn talk_to_a_shard(cycles: u64) -> u64 {
    let (mailbox, letters) = mailbox().unwrap();
    let (near, far) = connection();
    let (seen, naps) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (sees, slept) = (Arc::clone(&seen), Arc::clone(&naps));
    let shard = Running::start(move |task| async move {
        letters.open(task.id());
        let conn = Conn::adopt(near, task.id());
        let mut count = 0;
        while count < cycles {
            count += std::iter::from_fn(|| letters.next()).sum::<u64>();
            let buffers = std::iter::from_fn(|| conn.take());
            count += buffers.map(|buffer| buffer.len() as u64).sum::<u64>();
            sees.store(count, Ordering::Release);
            if count < cycles {
                task.wait(NEVER).await;
            }
        }
        slept.store(io().naps.get(), Ordering::Release);
        drop(conn);
        stop_when_closed(&task).await;
    });
    let mut foreign = Foreign { mailbox, far, seen, random: Random(0x5eed_1234_5678), said: 0 };
    (0..cycles).for_each(|_| foreign.cycle());
    assert_eq!(shard.end(), Usage::default());
    naps.load(Ordering::Acquire)
}

#[test]
fn lost_wake_stress() {
    const CYCLES: u64 = 1_000_000;
    let naps = talk_to_a_shard(CYCLES);
    assert!(naps > CYCLES / 10_000, "slept only {naps} times");
}

/// Shards that lose their core at any point of their lives begin, sleep, wake and end all the same.
#[test]
fn shards_on_a_busy_machine() {
    let busy = Arc::new(AtomicBool::new(true));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let spin = |busy: Arc<AtomicBool>| move || while busy.load(Ordering::Relaxed) {};
    let spinners: Vec<_> = (0..2 * cores).map(|_| thread::spawn(spin(Arc::clone(&busy)))).collect();
    let live = || {
        for _ in 0..30 {
            let (mailbox, letters) = mailbox().unwrap();
            let shard = Running::start(stop_at_first_letter(letters));
            thread::sleep(Duration::from_millis(30));
            mailbox.send(());
            assert_eq!(shard.end(), Usage::default());
        }
    };
    let lives: Vec<_> = (0..8).map(|_| thread::spawn(live)).collect();
    lives.into_iter().for_each(|live| live.join().unwrap());
    busy.store(false, Ordering::Relaxed);
    spinners.into_iter().for_each(|spinner| spinner.join().unwrap());
}

/// Letters find a shard that sleeps, the second and third as well as the first.
#[test]
fn letters_wake_a_sleeping_shard_again_and_again() {
    let (mailbox, letters) = mailbox::<u64>().unwrap();
    let (tell, told) = channel();
    let shard = Running::start(move |task| async move {
        letters.open(task.id());
        loop {
            while let Some(letter) = letters.next() {
                tell.send(letter).unwrap();
                if letter == 9 {
                    return io().stop();
                }
            }
            task.wait(NEVER).await;
        }
    });
    for letter in 0..10 {
        thread::sleep(Duration::from_millis(20));
        mailbox.send(letter);
        assert_eq!(told.recv_timeout(Duration::from_secs(3)), Ok(letter));
    }
    shard.end();
}

/// A panic ends its own task: what that held is given back, and the others go on.
#[test]
fn panic_in_a_session() {
    let (mailbox, letters) = mailbox().unwrap();
    let (doomed, mut doomed_far) = connection();
    let (living, mut living_far) = connection();
    let main = stop_at_first_letter(letters);
    let shard = Running::start(move |task| {
        spawn(|task| echo(task, living));
        spawn(|task| async move {
            let conn = Conn::adopt(doomed, task.id());
            input(&task, &conn).await;
            let _held = conn.take();
            panic!("a session of this test panics");
        });
        main(task)
    });
    for round in 0..3 {
        living_far.write_all(b"ping").unwrap();
        let mut back = [0; 4];
        living_far.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"ping");
        if round == 1 {
            doomed_far.write_all(b"now").unwrap();
            let mut rest = Vec::new();
            let _ = doomed_far.read_to_end(&mut rest);
            assert_eq!(rest, b"");
        }
    }
    drop(living_far);
    mailbox.send(());
    assert_eq!(shard.end(), Usage { panics: 1, ..Usage::default() });
}

/// Many connections that each hold buffers, more than there are; all bytes come back.
#[test]
fn buffers_that_run_out_come_back() {
    const CONNECTIONS: usize = 20;
    let (mailbox, letters) = mailbox().unwrap();
    let (near, far): (Vec<_>, Vec<_>) = (0..CONNECTIONS).map(|_| connection()).unzip();
    let main = stop_at_first_letter(letters);
    let shard = Running::start(move |task| {
        near.into_iter().for_each(|fd| spawn(|task| echo(task, fd)));
        main(task)
    });
    let talk = |index: usize, mut far: TcpStream| {
        let bytes: Vec<u8> = (0..300_000).map(|at| (at * 7 + index) as u8).collect();
        let (mut writer, sent) = (far.try_clone().unwrap(), bytes.clone());
        let writing = thread::spawn(move || {
            writer.write_all(&sent).unwrap();
            writer.shutdown(std::net::Shutdown::Write).unwrap();
        });
        // Every echo is stuck for a while.
        thread::sleep(Duration::from_millis(100));
        let mut back = Vec::new();
        far.read_to_end(&mut back).unwrap();
        writing.join().unwrap();
        assert!(back == bytes, "connection {index}: {} bytes", back.len());
    };
    let talks: Vec<_> = far
        .into_iter()
        .enumerate()
        .map(|(index, far)| thread::spawn(move || talk(index, far)))
        .collect();
    talks.into_iter().for_each(|talk| talk.join().unwrap());
    mailbox.send(());
    assert_eq!(shard.end(), Usage::default());
}

/// Runs `act` with a connection, drops it, and returns what its far end reads and how it ends.
fn far_end_of<F>(act: impl FnOnce(Task, Conn) -> F + Send + 'static) -> (Vec<u8>, Option<ErrorKind>)
where
    F: Future<Output = Task> + 'static,
{
    let (near, mut far) = connection();
    far.write_all(b"first").unwrap();
    let shard = Running::start(move |task| async move {
        let conn = Conn::adopt(near, task.id());
        input(&task, &conn).await;
        let task = act(task, conn).await;
        stop_when_closed(&task).await;
    });
    let mut got = Vec::new();
    let error = far.read_to_end(&mut got).err().map(|error| error.kind());
    assert_eq!(shard.end(), Usage::default());
    (got, error)
}

/// The FIN does not wait for the receive that is in flight.
#[test]
fn dropped_connection_closes_at_once() {
    let begun = Instant::now();
    let outcome = far_end_of(|task, conn| async move {
        drop(conn.take());
        conn.queue(Chunk::Static(b"last words"));
        flushed(&task, &conn).await;
        task
    });
    assert_eq!(outcome, (b"last words".to_vec(), None));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

/// A reset is seen as one: no FIN goes ahead of it that would make what came look whole.
#[test]
fn reset_is_not_mistaken_for_an_end() {
    for _ in 0..20 {
        let (got, error) = far_end_of(|task, conn| async move {
            drop(conn.take());
            conn.queue(Chunk::Static(b"half"));
            flushed(&task, &conn).await;
            conn.reset_on_close();
            drop(conn);
            task
        });
        assert_eq!(error, Some(ErrorKind::ConnectionReset), "{got:?}");
    }
}

/// A far end that is stuck because nobody reads learns that its connection is gone.
#[test]
fn far_end_with_a_full_window_learns_of_the_close() {
    let (near, mut far) = connection();
    far.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    let (mailbox, letters) = mailbox::<()>().unwrap();
    let shard = Running::start(move |task| async move {
        letters.open(task.id());
        let conn = Conn::adopt(near, task.id());
        while letters.next().is_none() {
            task.wait(NEVER).await;
        }
        drop(conn);
        stop_when_closed(&task).await;
    });
    let mut writer = far.try_clone().unwrap();
    let writing = thread::spawn(move || {
        loop {
            if let Err(error) = writer.write_all(&[0; 65536]) {
                return error.kind();
            }
        }
    });
    thread::sleep(Duration::from_millis(300));
    mailbox.send(());
    let error = writing.join().unwrap();
    assert!(matches!(error, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error:?}");
    let _ = far.read(&mut [0]);
    assert_eq!(shard.end(), Usage::default());
}

/// Timers of many tasks, none early, none much late, on a shard that sleeps in between.
#[test]
fn timers_are_on_time() {
    let (tell, told) = channel();
    let shard = Running::start(move |task| async move {
        for index in 0..50 {
            let tell = tell.clone();
            spawn(|task| async move {
                let due = io().now_ms() + 20 + index * 7;
                while io().now_ms() < due {
                    task.wait(due).await;
                }
                tell.send(io().now_ms() - due).unwrap();
            });
        }
        drop(tell);
        let due = io().now_ms() + 500;
        while io().now_ms() < due {
            task.wait(due).await;
        }
        io().stop();
    });
    let mut late: Vec<u64> = told.iter().collect();
    assert_eq!(late.len(), 50);
    late.sort_unstable();
    assert!(late[25] <= 10 && late[49] <= 100, "{late:?}");
    shard.end();
}
