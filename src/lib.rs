//! Corelane: a TCP and HTTP load balancer and reverse proxy on io_uring, one pinned thread per core.
//!
//! # The way of a request
//! 1. [`shard`] accepts on its own listener and starts a [`session`], the life of a client connection,
//!    which may begin with a PROXY header and TLS (`session/handshake.rs`, [`proto::tls_hello`])
//! 2. [`stream`] reads and checks the head of a request ([`proto::h1`], `stream/normalise.rs`)
//! 3. it chooses a backend, whose place it holds until it ends ([`connect::Place`]), and waits for the
//!    request's body where that is asked (`stream/hold.rs`)
//! 4. [`connect`] chooses a server ([`backend`]: round robin, health), takes an idle connection or
//!    makes one, and tries again elsewhere when that fails
//! 5. the request goes on, its head written anew, its body streamed (`stream/request.rs`), with what
//!    it says of its client (`stream/identity.rs`)
//! 6. the response comes back the same way (`stream/response.rs`), or is asked for once more
//!    (`stream/retry.rs`), or the proxy answers itself (`stream/answer.rs`, [`error_page`])
//! 7. why it ended becomes a log line and counters ([`observe`])
//! 8. keep-alive leads back to 2; CONNECT, an upgrade and TCP mode go to [`tunnel`]
//!
//! # Layers
//! ```text
//! control (start, signals, drain)           cli, demo
//!    shard -> session -> stream, tunnel -> connect      the spine
//!            backend  check  error_page  observe  tls   what it asks
//!                         proto                         bytes to meaning, no I/O
//!                         io                            io_uring, glommio, all unsafe code
//! ```
//! [`tls`] has certificates, keys and policies, read from files on the main thread; `io/tls.rs` has the
//! bytes of TLS: above `io` a connection is the same with TLS and without.
//!
//! Imports point down. `io` knows nothing of HTTP, `proto` nothing of sockets or time.
//!
//! # Where to add things
//! - a key of the configuration: the crate `proxy-config`, then whoever obeys it
//! - a way to balance: [`backend::balance`]; a kind of check: [`check`]
//! - a reason why a stream ends: [`observe::end`]
//! - a log field: its alias in `proxy-config/src/model/log.rs`, its value in `observe/log_value.rs`

#![deny(unsafe_code)]

pub mod backend;
pub mod check;
pub mod cli;
pub mod connect;
pub mod control;
pub mod demo;
pub mod error_page;
pub mod io;
pub mod observe;
pub mod patience;
pub mod proto;
pub mod session;
pub mod shard;
pub mod stream;
pub mod tls;
pub mod tunnel;
