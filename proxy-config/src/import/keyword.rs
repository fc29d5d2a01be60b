//! Words of HAProxy that mean nothing here, with what to say of them.

use crate::nearest::nearest;
use crate::words;

/// Each list of words goes with a remark; an asterisk ends a word that stands for all that begin so.
type Remarks = &'static [(&'static str, &'static str)];

const TUNING: &str = "has no effect: it tunes HAProxy's own workings";

/// Keywords of `global`.
pub(super) const GLOBAL: Remarks = &[
    ("chroot user group uid gid", "has no effect yet: privileges are not dropped"),
    ("daemon", "has no effect: the process stays in the foreground"),
    ("master-worker mworker-max-reloads", "has no effect: there is one process"),
    ("pidfile", "has no effect yet: no pid file is written"),
    ("stats", "has no effect yet: there is no runtime API"),
    ("default-path", "has no effect: paths are relative to where the process starts"),
    ("external-check insecure-fork-wanted insecure-setuid-wanted", "has no effect: nothing forks"),
    ("server-state-base server-state-file", "has no effect yet: no state is kept"),
    ("ssl-dh-param-file", "has no effect: there are no DHE ciphers"),
    ("description node localpeer cluster-secret", "has no effect yet"),
    ("expose-deprecated-directives expose-experimental-directives", "has no effect"),
    (
        "51degrees-* busy-polling close-spread-time cpu-map cpu-policy deviceatlas-* \
         fd-hard-limit force-cfg-parser-pause grace harden* httpclient* limited-quic \
         max-spread-checks maxcompcpuusage maxcomprate maxpipes maxzlibmem nbproc \
         no-memory-trimming no-quic noepoll noevports nogetaddrinfo nokqueue noktls nopoll \
         noreuseport nosplice numa-cpu-mapping prealloc-fd profiling* quiet set-dumpable setcap \
         shm-stats-file spread-checks ssl-engine ssl-mode-async ssl-propquery ssl-provider \
         ssl-provider-path ssl-security-level strict-limits thread-group thread-groups \
         thread-hard-limit tune.* ulimit-n warn-blocked-traffic-after wurfl-* zero-warning",
        TUNING,
    ),
];

/// Keywords of proxy sections.
pub(super) const PROXY: Remarks = &[
    ("bind-process", "has no effect: every shard serves every bind"),
    ("clitcpka-cnt clitcpka-idle clitcpka-intvl", "has no effect yet"),
    ("srvtcpka-cnt srvtcpka-idle srvtcpka-intvl", "has no effect yet"),
    ("description guid id", "has no effect yet"),
    ("enabled", "has no effect: it is"),
    ("grace", "has no effect"),
    ("hash-type hash-balance-factor", "has no effect with roundrobin"),
    ("load-server-state-from-file server-state-file-name", "has no effect yet: no state is kept"),
    ("max-keep-alive-queue max-session-srv-conns fullconn", "has no effect yet"),
];

/// Options.
pub(super) const OPTIONS: Remarks = &[(
    "clitcpka contstats disable-h2-upgrade http-no-delay http-pretend-keepalive http-use-htx \
         idle-close-on-response independent-streams log-health-checks nolinger prefer-last-server \
         socket-stats splice-auto splice-request splice-response srvtcpka tcp-smart-accept \
         tcp-smart-connect tcpka use-small-buffers",
    "has no effect yet: it tunes connections or reports",
)];

/// Timeouts.
pub(super) const TIMEOUTS: Remarks = &[
    ("queue", "has no effect: nothing waits for a server"),
    ("client-fin server-fin", "has no effect yet: half-closed connections have the other timeouts"),
];

/// Words of a `bind`.
pub(super) const BIND: Remarks = &[
    ("defer-accept expose-fd guid-prefix id ktls label mss nbconn nice tfo", TUNING),
    ("idle-ping level severity-output", "has no effect here"),
    ("process shards thread", "has no effect: every shard serves every bind"),
    ("v4v6", "has no effect: `[::]` takes IPv4 too"),
];

/// Words of a `server`.
pub(super) const SERVER: Remarks = &[
    ("guid id", "has no effect yet"),
    ("ktls max-reuse pool-low-conn pool-max-conn pool-purge-delay shard tfo no-tfo", TUNING),
    ("log-proto", "has no effect here"),
];

/// Keywords that HAProxy itself has given up, with what took their place.
const REMOVED: Remarks = &[
    ("reqadd", "http-request add-header"),
    ("reqdel reqidel", "http-request del-header"),
    ("reqrep reqirep", "http-request replace-header or replace-path"),
    ("reqdeny reqideny block", "http-request deny"),
    ("reqtarpit reqitarpit", "http-request tarpit"),
    ("reqallow reqiallow reqpass reqipass", "http-request allow"),
    ("rspadd", "http-response add-header"),
    ("rspdel rspidel", "http-response del-header"),
    ("rsprep rspirep", "http-response replace-header"),
    ("rspdeny rspideny", "http-response deny"),
    ("redisp redispatch", "option redispatch"),
    ("appsession", "stick"),
    ("capture-cookie", "capture cookie"),
];

/// What to say of a word that means nothing here.
pub(super) fn remark(remarks: Remarks, word: &str) -> Option<&'static str> {
    let is_it = |known: &str| match known.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None => known == word,
    };
    let found = remarks.iter().find(|(words, _)| words.split_whitespace().any(is_it));
    found.map(|(_, remark)| *remark)
}

/// What took the place of a removed keyword.
pub(super) fn removed(word: &str) -> Option<&'static str> {
    remark(REMOVED, word)
}

/// A word as our keys write it.
pub(super) fn kebab(word: &str) -> String {
    word.replace('_', "-")
}

/// HAProxy has it, and this release does not.
pub(super) fn is_known(list: &str, word: &str) -> bool {
    let kebab = kebab(word);
    list.split_whitespace().any(|known| known == kebab)
}

/// What was perhaps meant instead of an unknown word.
pub(super) fn remedy<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let found = nearest(word, known);
    found.map_or_else(String::new, |found| format!("did you mean `{found}`?"))
}

/// Words of `http-request` and its like are known by their sections.
pub(super) const SECTIONS: [&str; 8] =
    ["backend", "defaults", "frontend", "global", "http-errors", "listen", "userlist", "peers"];

/// Kinds of sections that this release does not have.
pub(super) fn is_unsupported_section(word: &str) -> bool {
    const REAL: &str = "acme cache crt-store dynamic-update fcgi-app healthcheck log-forward \
        log-profile mailers peers program resolvers ring traces";
    REAL.split_whitespace().any(|known| known == word && is_known(words::SECTIONS, word))
}
