use super::*;

fn names() -> Names {
    let backend = |name: &str, servers: &[&str]| BackendNames {
        name: name.to_owned(),
        servers: servers.iter().map(|server| (*server).to_owned()).collect(),
    };
    Names {
        frontends: vec!["web".to_owned(), "admin".to_owned()],
        backends: vec![backend("app", &["s1", "server2"]), backend("empty", &[])],
    }
}

/// Every number of `counters`, each once, in a fixed order.
fn all(counters: &ShardCounters) -> Vec<&Counter> {
    let mut all = Vec::new();
    for frontend in &counters.frontends {
        all.extend(frontend.fields());
        all.extend(&frontend.responses.0);
    }
    for backend in &counters.backends {
        all.extend(backend.traffic.fields());
        all.extend(&backend.traffic.responses.0);
        all.push(&backend.no_server);
        for server in &backend.servers {
            all.extend(server.traffic.fields());
            all.extend(&server.traffic.responses.0);
            all.extend(server.fields());
        }
    }
    all
}

#[test]
fn every_counter_of_every_shard_is_in_the_sum() {
    let counters = Counters::new(names(), 3);
    let count = all(counters.shard(0)).len();
    assert_eq!(count, 2 * 18 + 2 * 15 + 2 * 17);
    for shard in 0..3 {
        for (position, counter) in all(counters.shard(shard)).into_iter().enumerate() {
            counter.add((position as u64 + 1) * 100_u64.pow(shard as u32));
        }
    }
    let sum = counters.sum();
    for (position, counter) in all(sum.totals()).into_iter().enumerate() {
        assert_eq!(counter.read(), (position as u64 + 1) * 10_101, "{position}");
    }
}

#[test]
fn shards_count_at_once_without_loss() {
    const TIMES: u64 = 100_000;
    let counters = Counters::new(names(), 2);
    std::thread::scope(|scope| {
        for shard in 0..2 {
            let web = &counters.shard(shard).frontends[0];
            scope.spawn(move || {
                for _ in 0..TIMES {
                    web.current.add(1);
                    web.requests.add(1);
                    web.responses.add(200);
                    web.current.sub(1);
                }
            });
        }
        // Reading at the same time disturbs nothing.
        assert!(counters.sum().totals().frontends[0].requests.read() <= 2 * TIMES);
    });
    let sum = counters.sum();
    let web = &sum.totals().frontends[0];
    assert_eq!((web.requests.read(), web.current.read()), (2 * TIMES, 0));
    assert_eq!(web.responses.read(), [0, 2 * TIMES, 0, 0, 0, 0]);
}

/// A stream may begin on one shard's gauge only, but a sum over wrapping parts stays right anyway.
#[test]
fn a_gauge_below_zero_on_one_shard_sums_up() {
    let counters = Counters::new(names(), 2);
    counters.shard(0).frontends[0].current.add(5);
    counters.shard(1).frontends[0].current.sub(2);
    assert_eq!(counters.sum().totals().frontends[0].current.read(), 3);
}

#[test]
fn responses_are_counted_by_class() {
    let responses = Responses::default();
    for status in [100, 101, 200, 299, 304, 404, 503, 599, 0, 99, 600, 999] {
        responses.add(status);
    }
    assert_eq!(responses.read(), [2, 2, 1, 1, 2, 4]);
}

#[test]
fn no_two_shards_share_a_cache_line() {
    assert_eq!(align_of::<FrontendCounters>(), 128);
    assert_eq!(align_of::<BackendCounters>(), 128);
    assert_eq!(align_of::<ServerCounters>(), 128);
    let counters = Counters::new(names(), 2);
    let lines = |shard| -> Vec<usize> {
        let all = all(counters.shard(shard));
        all.into_iter().map(|counter| std::ptr::from_ref(counter).addr() / 128).collect()
    };
    let others = lines(1);
    assert!(lines(0).iter().all(|line| !others.contains(line)));
}

#[test]
fn a_snapshot_prints_what_happened() {
    let counters = Counters::new(names(), 1);
    let shard = counters.shard(0);
    let web = &shard.frontends[0];
    web.conns.add(64);
    web.requests.add(123_456);
    web.bytes_in.add(9_876_543_210);
    web.responses.add(200);
    web.responses.add(503);
    let app = &shard.backends[0];
    app.traffic.streams.add(12);
    app.traffic.retries.add(1);
    app.no_server.add(1);
    app.servers[1].traffic.streams.add(11);
    app.servers[1].checks_passed.add(3);
    let expected = "\
frontend  conns  current  requests    bytes in  bytes out  2xx  5xx
web          64        0    123456  9876543210          0    1    1
admin         0        0         0           0          0    0    0

backend/server  streams  current  bytes in  bytes out  retries  no server  checks ok
app                  12        0         0          0        1          1
  s1                  0        0         0          0        0                     0
  server2            11        0         0          0        0                     3
empty                 0        0         0          0        0          0
";
    assert_eq!(counters.sum().to_string(), expected);
}
