//! A proxy around rules that ask nothing of it.

use corelane::io::TlsFacts;
use corelane::observe::{RequestLine, Timers, Zone};
use corelane::rule::{Arena, Scene};
use proxy_config::model::rule::{StreamState, TimeoutOf};
use proxy_config::model::{BackendId, LogField, LogFlags};
use std::net::{IpAddr, SocketAddr};

/// Has no connections, no servers and no time.
pub(super) struct Nowhere;

impl Scene for Nowhere {
    fn wall_us(&self) -> u64 {
        0
    }

    fn zone(&self) -> Option<&Zone> {
        None
    }

    fn accept_ms(&self) -> u64 {
        0
    }

    fn request_ms(&self) -> u64 {
        0
    }

    fn uptime_s(&self) -> u64 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn shard(&self) -> usize {
        0
    }

    fn is_stopping(&self) -> bool {
        false
    }

    fn stream_is(&self, _: StreamState) -> bool {
        false
    }

    fn process_conns(&self) -> u64 {
        0
    }

    fn frontend_conns(&self, _: usize) -> u64 {
        0
    }

    fn bind_conns(&self) -> u64 {
        0
    }

    fn backend_conns(&self, _: BackendId) -> u64 {
        0
    }

    fn usable_servers(&self, _: BackendId) -> usize {
        0
    }

    fn server_conns(&self, _: BackendId, _: usize) -> u64 {
        0
    }

    fn is_server_up(&self, _: BackendId, _: usize) -> bool {
        false
    }

    fn backend(&self) -> Option<BackendId> {
        None
    }

    fn server(&self) -> Option<usize> {
        None
    }

    fn is_local(&self, _: IpAddr) -> bool {
        false
    }

    fn client_ends(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        (None, None)
    }

    fn server_ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        None
    }

    fn server_tls(&self) -> Option<&TlsFacts> {
        None
    }

    fn is_server_reused(&self) -> bool {
        false
    }

    fn has_proxy_header(&self) -> bool {
        false
    }

    fn proxy_tlv(&self, _: u8) -> Option<&[u8]> {
        None
    }

    fn timeout(&self, _: TimeoutOf) -> Option<u64> {
        None
    }

    fn retries(&self) -> u32 {
        0
    }

    fn max_retries(&self) -> Option<u32> {
        None
    }

    fn is_redispatched(&self) -> bool {
        false
    }

    fn timers(&self) -> Timers {
        Timers::NONE
    }

    fn bytes(&self) -> (u64, u64) {
        (0, 0)
    }

    fn request_number(&self) -> u64 {
        0
    }

    fn termination(&self) -> [u8; 2] {
        *b"--"
    }

    fn server_status(&self) -> Option<u16> {
        None
    }

    fn unique_id(&self) -> &[u8] {
        &[]
    }

    fn request_line(&self) -> Option<RequestLine<'_>> {
        None
    }

    fn captured<'a>(&'a self, _: bool, _: usize, _: &'a Arena) -> Option<&'a [u8]> {
        None
    }

    fn capture(&self, _: bool, _: usize, _: &[u8]) {}

    fn is_user(&self, _: usize, _: &[u8], _: &[u8]) -> bool {
        false
    }

    fn put_field(&self, _: &mut Vec<u8>, _: LogField, _: LogFlags) {}
}
