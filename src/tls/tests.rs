//! Certificates from files to handshakes, with rustls' own client at the other end.

mod bind;
mod client_auth;
mod handshake;
mod reload;
mod resumption;
mod staple;
mod support;
