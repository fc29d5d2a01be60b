//! Sans-I/O protocol code: bytes in, events out, with no socket, clock or randomness.

pub mod h1;
pub mod proxy_protocol;
pub mod tls_hello;
pub mod websocket;

#[cfg(test)]
pub(crate) mod testing;
