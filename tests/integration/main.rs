//! Integration tests: the real binary between scripted peers, and between real ones.
//!
//! A test is a configuration, a client and a server. Everything listens on port 0, waits with a
//! deadline, and is stopped by its own pid; each proxy must drain cleanly at the end of its test.

#![expect(clippy::disallowed_methods, reason = "tests measure real time and may block")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod abortonclose;
mod accept_proxy;
mod access_log;
mod backends;
mod basics;
mod buffer_request;
mod client_identity;
mod connection_fields;
mod connection_modes;
mod corpus;
mod differential;
mod drain;
mod error_pages;
mod haproxy_cfg;
mod haproxy_process;
mod hard_stop;
mod hostile;
mod independent;
mod limits;
mod log_formats;
mod log_lines;
mod log_targets;
mod pool;
mod real_peers;
mod retry_on;
mod rules_request;
mod rules_response;
mod rules_switching;
mod rules_tcp;
mod rules_wait;
mod send_proxy;
mod start;
mod support;
mod tables;
mod tcp;
mod timeouts;
mod tls_ends;
mod tls_hostile;
mod tls_resumption;
mod tls_servers;
mod tls_wire;
mod upgrade;
mod vanish;
mod websocket;
