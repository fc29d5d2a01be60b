-- Makes wrk end with one line that a program can read: counts, errors, latency in microseconds.
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(
        "bench requests=%d bytes=%d us=%d connect=%d read=%d write=%d timeout=%d status=%d " ..
            "p50=%d p99=%d p999=%d max=%d\n",
        summary.requests, summary.bytes, summary.duration,
        e.connect, e.read, e.write, e.timeout, e.status,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
