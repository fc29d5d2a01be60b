//! What a sample expression begins with: a fetch (HAProxy's manual, chapter 7.3).

use std::sync::Arc;

use super::{Condition, Converter, Value, Var};
use crate::model::BackendId;

/// A fetch and the converters that its sample goes through.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub fetch: Fetch,
    pub converters: Box<[Converter]>,
}

/// Where a sample comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Fetch {
    /// `bool()`, `int()`, `str()`, `bin()`, `ipv4()`, `ipv6()`, `env()`, `always_true`, `hostname` and
    /// all else that is known at load.
    Const(Value),
    /// `var(NAME[,DEFAULT])`.
    Var(Var, Option<Value>),
    /// `acl(NAME,...)`: whether all hold.
    Acls(Arc<Condition>),
    Internal(InternalFact),
    Connection(ConnectionFact),
    Tls(TlsFact),
    Payload(PayloadFact),
    Http(HttpFact),
}

/// What the process knows of itself (chapter 7.3.2).
#[derive(Debug, Clone, PartialEq)]
pub enum InternalFact {
    /// `act_conn`
    ProcessConns,
    /// `be_conn(BE)`
    BackendConns(BackendId),
    /// `nbsrv(BE)`: usable servers.
    UsableServers(BackendId),
    /// `fe_conn(FE)`, by index.
    FrontendConns(usize),
    /// `date(OFFSET,UNIT)`, the offset in the unit.
    Date { offset: i64, unit: super::TimeUnit },
    /// `date_us`: the microseconds of the second.
    DateMicros,
    /// `pid`
    Pid,
    /// `proc`, always 1.
    Proc,
    /// `rand(RANGE)`: below it; 0 to 2^32 - 1 without one.
    Random(Option<u32>),
    /// `srv_conn(BE/SRV)`
    ServerConns(BackendId, usize),
    /// `srv_is_up(BE/SRV)`
    ServerIsUp(BackendId, usize),
    /// `srv_weight(BE/SRV)`
    ServerWeight(BackendId, usize),
    /// `stopping`
    IsStopping,
    /// `thread`: the shard, from 0.
    Thread,
    /// `uptime`: seconds.
    Uptime,
    /// `uuid(VERSION)`: 4 or 7.
    Uuid(u8),
    /// `wait_end`: all that there is to wait for came, or the delay is over.
    WaitEnd,
    /// `txn.sess_term_state`: two characters.
    TerminationState,
    /// `txn.id32`
    TransactionId,
}

/// Which of a connection's ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// `src`, `fc_src`, `bc_dst`: who is not us.
    Other,
    /// `dst`, `fc_dst`, `bc_src`.
    Own,
}

/// What is known of connections and of who serves them (chapter 7.3.3).
#[derive(Debug, Clone, PartialEq)]
pub enum ConnectionFact {
    /// `src`, `dst`: as rules or a PROXY header have it.
    Address(Peer),
    /// `src_port`, `dst_port`
    Port(Peer),
    /// `src_is_local`, `dst_is_local`
    IsLocal(Peer),
    /// `fc_src`, `fc_dst`: as the kernel or a PROXY header has it, whatever rules set.
    ClientAddress(Peer),
    /// `fc_src_port`, `fc_dst_port`
    ClientPort(Peer),
    /// `bc_dst` (the server's), `bc_src` (ours)
    ServerAddress(Peer),
    /// `bc_dst_port`, `bc_src_port`
    ServerPort(Peer),
    /// `bc_reused`
    ServerIsReused,
    /// `fc_http_major`; nothing without HTTP.
    ClientHttpMajor,
    /// `bc_http_major`
    ServerHttpMajor,
    /// `fc_rcvd_proxy`
    HasProxyHeader,
    /// `fc_pp_authority`
    ProxyAuthority,
    /// `fc_pp_unique_id`
    ProxyUniqueId,
    /// `fc_pp_tlv(ID)`
    ProxyTlv(u8),
    /// `be_id`: from 1.
    BackendId,
    /// `be_name`: of the backend that was chosen.
    BackendName,
    /// `be_connect_timeout`, `be_server_timeout`, `be_tunnel_timeout`: milliseconds.
    BackendTimeout(super::TimeoutOf),
    /// `fe_client_timeout`
    FrontendClientTimeout,
    /// `cur_client_timeout`, `cur_server_timeout`, `cur_tunnel_timeout`, `cur_connect_timeout`
    CurrentTimeout(super::TimeoutOf),
    /// `fe_id`
    FrontendId,
    /// `fe_name`
    FrontendName,
    /// `fe_defbe`
    DefaultBackendName,
    /// `so_id`: the number of the bind, from 1.
    BindNumber,
    /// `so_name`
    BindName,
    /// `srv_id`: from 1.
    ServerId,
    /// `srv_name`
    ServerName,
    /// `dst_conn`: connections on the bind that accepted this one.
    BindConns,
    /// `accept_date(UNIT)`
    AcceptDate(super::TimeUnit),
    /// `request_date(UNIT)`
    RequestDate(super::TimeUnit),
    /// `bytes_in`, `bytes_out`
    BytesReceived,
    BytesSent,
    /// `txn.conn_retries`
    Retries,
    /// `txn.redispatched`
    IsRedispatched,
    /// `cur_max_retries`, `be_max_retries`
    MaxRetries,
    /// `fc.timer.handshake`
    HandshakeMillis,
    /// `fc.timer.total`
    SessionMillis,
    /// `req.timer.idle`
    IdleMillis,
    /// `req.timer.hdr`
    RequestMillis,
    /// `req.timer.tq`
    QueryMillis,
    /// `req.timer.queue`
    QueueMillis,
    /// `bc.timer.connect`
    ConnectMillis,
    /// `res.timer.hdr`
    ResponseMillis,
    /// `txn.timer.total`
    ActiveMillis,
    /// `txn.timer.user`
    UserMillis,
}

/// Whose TLS connection, or whose certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cert {
    /// `ssl_c_*`: the client's.
    Client,
    /// `ssl_f_*`: ours towards clients.
    Frontend,
    /// `ssl_s_*`: the server's.
    Server,
}

/// Layer 5 (chapter 7.3.4). `of`: the client's connection (`ssl_fc_*`) or the server's (`ssl_bc_*`).
#[derive(Debug, Clone, PartialEq)]
pub enum TlsFact {
    /// `ssl_fc`, `ssl_bc`
    Is(super::Side),
    /// `ssl_fc_alpn`, `ssl_bc_alpn`
    Alpn(super::Side),
    /// `ssl_fc_cipher`, `ssl_bc_cipher`
    Cipher(super::Side),
    /// `ssl_fc_curve`, `ssl_bc_curve`
    Curve(super::Side),
    /// `ssl_fc_protocol`, `ssl_bc_protocol`
    Protocol(super::Side),
    /// `ssl_fc_is_resumed`, `ssl_bc_is_resumed`
    IsResumed(super::Side),
    /// `ssl_fc_use_keysize`, `ssl_fc_alg_keysize` and those of `ssl_bc`: bits.
    KeySize(super::Side),
    /// `ssl_fc_sni`, `ssl_bc_sni`
    Sni(super::Side),
    /// `ssl_fc_has_sni`
    HasSni,
    /// `ssl_fc_has_crt`: the client showed a certificate in this very connection.
    HasClientCert,
    /// `ssl_fc_has_early`: always false, as there is no early data.
    HasEarlyData,
    /// `ssl_c_used`: the client showed a certificate, now or in the session that goes on.
    ClientCertUsed,
    /// `ssl_c_verify`, `ssl_c_err`, `ssl_c_ca_err`, `ssl_c_ca_err_depth`: 0, as a connection whose
    /// certificate does not verify is refused.
    ClientVerify,
    Cert(Cert, CertFact),
}

/// Of a certificate.
#[derive(Debug, Clone, PartialEq)]
pub enum CertFact {
    Der,
    /// All that were sent; of a client's without its own.
    ChainDer,
    /// The whole subject, or one entry: `CN`, which one (from the end if negative).
    Subject(Option<(Box<str>, i32)>),
    Issuer(Option<(Box<str>, i32)>),
    /// `ssl_c_s_dn(,0,rfc2253)`: the whole subject as LDAP writes it.
    SubjectRfc2253,
    /// `ssl_c_i_dn(,0,rfc2253)`
    IssuerRfc2253,
    KeyAlg,
    NotAfter,
    NotBefore,
    San,
    Serial,
    Sha1,
    SigAlg,
    Version,
}

/// A place in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    From(u32),
    /// Added to where the last field ended (`payload_lv`'s `+N` and `-N`).
    Relative(i32),
}

/// So many bytes; 0 is all there are.
pub type Length = u32;

/// Layer 6: bytes as they arrive (chapter 7.3.5). `side`: `req.*` or `res.*`.
#[derive(Debug, Clone, PartialEq)]
pub enum PayloadFact {
    /// `req.len`, `res.len`
    Len(super::Side),
    /// `req.payload(OFFSET,LENGTH)`
    Payload { side: super::Side, offset: u32, len: Length },
    /// `req.payload_lv(OFFSET1,LENGTH[,OFFSET2])`: a length at `offset` of `len` bytes, and what it
    /// measures at `at` or behind it.
    PayloadLv { side: super::Side, offset: u32, len: Length, at: Option<Offset> },
    /// `req.proto_http`
    IsHttp,
    /// `req.rdp_cookie(NAME)`; the first without a name.
    RdpCookie(Option<Box<[u8]>>),
    /// `req.rdp_cookie_cnt(NAME)`
    RdpCookieCount(Option<Box<[u8]>>),
    /// `req.ssl_alpn`: the first; an ACL tries all.
    HelloAlpn,
    /// `req.ssl_cipherlist`: bytes.
    HelloCiphers,
    /// `req.ssl_ec_ext`
    HelloHasGroups,
    /// `req.ssl_hello_type`: 1 ClientHello, 2 ServerHello, nothing without TLS; `rep_ssl_hello_type`
    HelloType(super::Side),
    /// `req.ssl_keyshare_groups`
    HelloKeyShares,
    /// `req.ssl_sigalgs`
    HelloSigAlgs,
    /// `req.ssl_sni`
    HelloSni,
    /// `req.ssl_st_ext`: 0 no session ticket extension, 1 an empty one, 2 one with a ticket.
    HelloTicket,
    /// `req.ssl_supported_groups`
    HelloGroups,
    /// `req.ssl_ver`: `3.3` is 0x00030003.
    HelloVersion,
}

/// A field's name in lower case (`None`: any field), and which of its values: from the first if
/// positive, from the last if negative, 0 for the last, or for all in an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub name: Option<Box<str>>,
    pub occurrence: i32,
}

/// A cookie's name (`None`: any).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub name: Option<Box<[u8]>>,
}

/// A parameter of the query (`None`: any).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlParam {
    pub name: Option<Box<[u8]>>,
    /// What begins the parameters, default `?`; behind another one the path is searched.
    pub delimiter: u8,
    /// `i`: in any case.
    pub any_case: bool,
}

/// Whose head or body.
pub type Message = super::Side;

/// Layer 7 (chapter 7.3.6).
#[derive(Debug, Clone, PartialEq)]
pub enum HttpFact {
    /// `base`: host and path; `with_query`: `baseq`.
    Base {
        with_query: bool,
    },
    /// `base32`; `with_source`: `base32+src`
    Base32 {
        with_source: bool,
    },
    /// `url32`, `url32+src`
    Url32 {
        with_source: bool,
    },
    /// `capture.req.hdr(N)`, `capture.res.hdr(N)`, from 0.
    Captured(Message, usize),
    /// `capture.req.method`
    CapturedMethod,
    /// `capture.req.uri`
    CapturedUri,
    /// `capture.req.ver`, `capture.res.ver`: `HTTP/1.1`
    CapturedVersion(Message),
    /// `req.cook(NAME)`, `res.cook(NAME)` (`scook`): the last with that name, the first without one.
    Cookie(Message, Cookie),
    CookieCount(Message, Cookie),
    /// `req.cook_val`: as an integer.
    CookieInt(Message, Cookie),
    /// `req.cook_names(DELIMITER)`
    CookieNames(Message, u8),
    /// `req.fhdr(NAME,OCC)`: whole lines; `res.fhdr`
    FullHeader(Message, Header),
    FullHeaderCount(Message, Header),
    /// `req.hdr(NAME,OCC)`: values between commas; `res.hdr`
    Header(Message, Header),
    HeaderCount(Message, Header),
    /// `req.hdr_ip`
    HeaderIp(Message, Header),
    /// `req.hdr_val`: as an integer.
    HeaderInt(Message, Header),
    /// `req.hdr_names(DELIMITER)`
    HeaderNames(Message, u8),
    /// `req.hdrs`: the whole block with its empty line.
    HeaderBlock(Message),
    /// `http_auth(USERLIST)`, by index.
    Auth(usize),
    /// `http_auth_group(USERLIST)`: the user; an ACL matches its groups one by one.
    AuthGroup(usize),
    /// `http_auth_bearer(HEADER)`: default `authorization`.
    AuthBearer(Option<Box<str>>),
    AuthPass,
    AuthType,
    AuthUser,
    /// `http_first_req`
    IsFirst,
    Method,
    Path,
    /// `pathq`: with the query.
    PathAndQuery,
    /// `query`: without its `?`.
    Query,
    Url,
    /// `url_ip`
    UrlIp,
    /// `url_port`
    UrlPort,
    /// `url_param`, `urlp`
    UrlParam(UrlParam),
    /// `urlp_val`: as an integer.
    UrlParamInt(UrlParam),
    /// `req.body`, `res.body`: what of it is here.
    Body(Message),
    /// `req.body_len`: bytes that are here.
    BodyLen(Message),
    /// `req.body_size`: bytes announced, or here.
    BodySize(Message),
    /// `req.body_param(NAME)`: of a form.
    BodyParam {
        name: Option<Box<[u8]>>,
        any_case: bool,
    },
    /// `req.ver`, `res.ver`: `1.1`
    Version(Message),
    /// `status`: as sent to the client, edited by rules.
    Status,
    /// `server_status`: as it came.
    ServerStatus,
    /// `unique-id`
    UniqueId,
}
