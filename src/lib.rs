//! Corelane: a TCP and HTTP load balancer and reverse proxy on io_uring, one pinned thread per core.
//!
//! # The way of a request
//! 1. [`shard`] accepts on its own listener and starts a [`session`], the life of a client connection,
//!    which may begin with a PROXY header and TLS (`session/handshake.rs`, [`proto::tls_hello`]), and
//!    obeys the rules about connections
//! 2. [`stream`] reads and checks the head of a request ([`proto::h1`], `stream/normalise.rs`)
//! 3. it obeys the frontend's rules, chooses a backend, whose place it holds until it ends
//!    ([`connect::Place`]), obeys that one's rules (`stream/judge.rs`), and waits for the request's body
//!    where that is asked (`stream/hold.rs`)
//! 4. [`connect`] chooses a server ([`backend`]: round robin, health), takes an idle connection or
//!    makes one, and tries again elsewhere when that fails
//! 5. the request goes on, its head written anew, its body streamed (`stream/request.rs`), with what
//!    it says of its client (`stream/identity.rs`)
//! 6. the response comes back the same way, through rules of its own (`stream/response.rs`), which may
//!    hold it back (`stream/hold_response.rs`), or is asked for once more (`stream/retry.rs`), or the
//!    proxy answers itself (`stream/answer.rs`, [`error_page`]; what rules say: `stream/own_reply.rs`)
//! 7. why it ended becomes a log line and counters ([`observe`])
//! 8. keep-alive leads back to 2; CONNECT, an upgrade and TCP mode go to [`tunnel`]
//!
//! # Layers
//! ```text
//! control (start, signals, drain)           cli, demo
//!    shard -> session -> stream, tunnel -> connect      the spine
//!     backend  check  error_page  observe  rule  tls  userlist   what it asks
//!                         proto                         bytes to meaning, no I/O
//!                         io                            io_uring, glommio, all unsafe code
//! ```
//! [`tls`] has certificates, keys and policies, read from files on the main thread; `io/tls.rs` has the
//! bytes of TLS: above `io` a connection is the same with TLS and without.
//!
//! Imports point down. `io` knows nothing of HTTP, `proto` nothing of sockets or time.
//!
//! # Rules
//! `proxy-config` compiles the text of a rule to `proxy_config::model::rule`, with what it shares by index
//! (variables, patterns, maps, regular expressions). [`rule`] evaluates that, without I/O: time,
//! randomness and the state of servers are asked of a [`rule::Scene`], which `stream/scene.rs` is.
//! ```text
//! stream/judge.rs     which sets are obeyed, in which order; which backend and server are chosen
//! stream/rules.rs     a set: each rule's condition, its values, and waiting
//! stream/perform.rs   what an action does    edit.rs, normalise_uri.rs: to heads
//!                                            own_reply.rs, redirect.rs: as an answer
//! session.rs          the sets about connections; session/extras.rs: what rules change of one
//! control/tables.rs   maps and pattern files, read anew when they change
//! ```
//!
//! # Where to add things
//! - a key of the configuration: the crate `proxy-config`, then whoever obeys it
//! - a way to balance: [`backend::balance`]; a kind of check: [`check`]
//! - a reason why a stream ends: [`observe::end`]
//! - a fetch: its variant in `proxy-config/src/model/rule/fetch.rs`, its name, arguments and needs in a
//!   table of `proxy-config/src/rule/fetches/`, its value in `rule/fetch/`
//! - a converter: the same with `model/rule/converter.rs`, `rule/converters/` and `rule/converter/`; then
//!   `UPDATE=1 cargo test -p proxy-config reference` for either
//! - an action: its variant in `proxy-config/src/model/rule/action.rs`, its words and the sets it may stand
//!   in below `proxy-config/src/action/`, its values in `stream/rules.rs`, its deed in `stream/perform.rs`
//! - a keyword of haproxy.cfg: `proxy-config/src/import/`, where its TOML key exists
//! - a case to compare with HAProxy: `tests/differential/`
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
pub mod rule;
pub mod session;
pub mod shard;
pub mod stream;
pub mod tls;
pub mod tunnel;
pub mod userlist;
