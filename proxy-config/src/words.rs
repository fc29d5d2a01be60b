//! Words of HAProxy and of later releases that this one refuses, so that they are told apart
//! from typing mistakes. Each list is separated by blanks; `_` is written `-` as in every key.

/// Kinds of sections.
pub(crate) const SECTIONS: &str = "acl acme cache crt-list crt-store dynamic-update fcgi-app \
    healthcheck log-forward log-profile mailers peers program resolvers ring traces";

/// Keys of `global`.
pub(crate) const GLOBAL: &str = "51degrees-cache-size 51degrees-data-file \
    51degrees-property-name-list 51degrees-property-separator acme busy-polling chroot \
    close-spread-time cluster-secret cpu-map cpu-policy daemon default-path description \
    deviceatlas-json-file deviceatlas-log-level deviceatlas-properties-cookie \
    deviceatlas-separator dns-accept-family expose-deprecated-directives \
    expose-experimental-directives external-check fd-hard-limit force-cfg-parser-pause gid grace \
    group h1-case-adjust h1-case-adjust-file h1-do-not-close-on-insecure-transfer-encoding \
    h2-workaround-bogus-websocket-clients harden httpclient insecure-fork-wanted \
    insecure-setuid-wanted issuers-chain-path limited-quic localpeer lua-load lua-load-per-thread \
    lua-prepend-path master-worker max-spread-checks maxcompcpuusage maxcomprate maxconnrate \
    maxpipes maxsessrate maxsslconn maxsslrate maxzlibmem mworker-max-reloads nbproc nbthread \
    no-memory-trimming no-quic node noepoll noevports nogetaddrinfo nokqueue noktls nopoll \
    noreuseport nosplice numa-cpu-mapping pidfile pp2-never-send-local prealloc-fd presetenv \
    profiling quiet resetenv server-state-base server-state-file set-dumpable \
    setcap setenv shm-stats-file spread-checks ssl-default-bind-client-sigalgs \
    ssl-default-bind-sigalgs ssl-default-server-client-sigalgs ssl-default-server-sigalgs \
    ssl-engine ssl-load-extra-del-ext ssl-load-extra-files ssl-mode-async ssl-propquery \
    ssl-provider ssl-provider-path ssl-security-level ssl-skip-self-issued-ca stats strict-limits \
    thread-group thread-groups thread-hard-limit uid ulimit-n unix-bind unsetenv user \
    warn-blocked-traffic-after wurfl-cache-size wurfl-data-file wurfl-information-list \
    wurfl-information-list-separator zero-warning";

/// Words below `global.tune`.
pub(crate) const TUNE: &str = "applet bufsize-large bufsize-small chksize cli comp defaults \
    disable-fast-forward disable-zero-copy-forwarding epoll events fail-alloc fd glitches h1 h2 \
    idle-pool idletimer listener lua max-checks-per-thread max-rules-at-once maxaccept \
    maxpollevents maxrewrite memory notsent-lowat pattern peers pipesize pool-high-fd-ratio \
    pool-low-fd-ratio pt quic rcvbuf recv-enough renice ring runqueue-depth sched sndbuf \
    stick-counters takeover-other-tg-connections vars zlib";

/// Words below `global.tune.ssl`.
pub(crate) const TUNE_SSL: &str = "capture-buffer-size capture-cipherlist-size \
    certificate-compression force-private-cache hard-maxrecord keylog maxrecord ocsp-update \
    ssl-ctx-cache-size";

/// Options of a line of a `crt-list`.
pub(crate) const CRT_LIST: &str = "acme allow-0rtt ca-verify-file client-sigalgs domains issuer \
    key npn ocsp ocsp-update sctl sigalgs";

/// Words below `global.tune.buffers`.
pub(crate) const TUNE_BUFFERS: &str = "reserve";

/// Keys of `defaults`, `frontend`, `listen` and `backend`.
pub(crate) const PROXY: &str = "appsession bind-process clitcpka-cnt clitcpka-idle \
    clitcpka-intvl clitimeout compression contimeout cookie crt description disabled \
    dispatch email-alert enabled external-check filter filter-sequence force-be-switch \
    force-persist fullconn guid hash-balance-factor hash-key hash-preserve-affinity hash-type \
    http-check http-send-name-header id \
    ignore-persist load-server-state-from-file log-steps max-keep-alive-queue \
    max-session-srv-conns monitor monitor-net name persist quic-initial rate-limit \
    server-state-file-name server-template source srvtcpka-cnt srvtcpka-idle srvtcpka-intvl \
    srvtimeout ssl-f-use stats stick stick-table tcp-check transparent use-fcgi-app";

/// Keys of a proxy section that are families of dotted keys: such a table in `defaults` is not
/// a named section.
pub(crate) const FAMILIES: &str = "acl capture compression cookie default-server email-alert \
    errorfile errorfiles errorloc errorloc302 errorloc303 external-check monitor option persist \
    rate-limit source stats stick-table tcp-check timeout";

/// Words below `timeout`.
pub(crate) const TIMEOUTS: &str = "client-fin queue server-fin";

/// Words below `option`.
pub(crate) const OPTIONS: &str = "allbackups assume-rfc6587-ntf checkcache clitcpka contstats \
    disable-h2-upgrade external-check h1-case-adjust-bogus-client h1-case-adjust-bogus-server \
    http-drop-request-trailers http-drop-response-trailers http-no-delay http-pretend-keepalive \
    http-use-htx http-use-proxy-header idle-close-on-response independent-streams \
    ldap-check log-health-checks mysql-check nolinger persist pgsql-check prefer-last-server \
    redis-check smtpchk socket-stats splice-auto splice-request splice-response spop-check \
    srvtcpka ssl-hello-chk tcp-check tcp-smart-accept tcp-smart-connect tcpka transparent \
    use-small-buffers";

/// Words of a `bind`.
pub(crate) const BIND: &str = "accept-netscaler-cip allow-0rtt ca-ignore-err ca-sign-file \
    ca-sign-pass ca-verify-file cc client-sigalgs crt-ignore-err defer-accept ech expose-fd \
    generate-certificates gid group guid-prefix id idle-ping interface ktls label level maxconn \
    mode mss namespace nbconn nice npn ocsp-update process proto quic-cc-algo quic-force-retry \
    quic-socket severity-output shards sigalgs tcp-md5sig tcp-ss tcp-ut tfo thread transparent uid \
    user v4v6 v6only";

/// Words of a `server` or a `default-server`.
pub(crate) const SERVER: &str = "addr agent-addr agent-check agent-inter agent-port agent-send \
    allow-0rtt cc check-pool-conn-name check-proto check-reuse-pool check-sni-auto \
    check-via-socks4 client-sigalgs cookie downinter ech enabled error-limit fastinter guid \
    hash-key healthcheck id idle-ping init-addr init-state ktls log-bufsize log-proto max-reuse \
    maxconn maxqueue minconn namespace no-agent-check no-backup no-check no-check-send-proxy \
    no-check-sni-auto no-renegotiate no-send-proxy no-send-proxy-v2 no-tfo non-stick npn observe \
    on-error on-marked-down on-marked-up pool-conn-name pool-low-conn pool-max-conn \
    pool-purge-delay proto quic-cc-algo redir renegotiate resolve-net resolve-opts resolve-prefer \
    resolvers set-proxy-v2-tlv-fmt shard sigalgs slowstart socks4 source stick strict-maxconn \
    tcp-md5sig tcp-ut tfo track usesrc ws";

/// Words of a `log`.
pub(crate) const LOG: &str = "profile sample";

/// Words of `retry-on`.
pub(crate) const RETRY_ON: &str = "0rtt-rejected";

/// Modes of a section.
pub(crate) const MODES: &str = "haterm health log spop";

/// Ways to balance, the first word of each.
pub(crate) const BALANCE: &str = "first hash hdr leastconn log-hash log-sticky random \
    rdp-cookie source static-rr sticky uri url_param";

/// Formats of a log.
pub(crate) const LOG_FORMATS: &str = "iso local priority short timed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_a_kebab_word_and_stands_once() {
        let lists = [
            SECTIONS,
            GLOBAL,
            TUNE,
            TUNE_BUFFERS,
            PROXY,
            FAMILIES,
            TIMEOUTS,
            OPTIONS,
            BIND,
            SERVER,
            LOG,
            MODES,
            TUNE_SSL,
            CRT_LIST,
            RETRY_ON,
            LOG_FORMATS,
        ];
        for list in lists {
            let mut seen = std::collections::BTreeSet::new();
            for word in list.split_whitespace() {
                let is_kebab = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                assert!(word.bytes().all(is_kebab), "{word}");
                assert!(seen.insert(word), "{word} stands twice");
            }
        }
    }
}
