//! Lines: what is read, what is refused at which byte, and what HAProxy sends.

use super::super::testing::{accept, address, addresses, refuse, refuse_at_once};
use super::super::{Command, ProxyError, parse};
use super::{LINE_LEN_MAX, encode_v1};

#[test]
fn addresses_are_read() {
    let cases = [
        ("TCP4 192.168.0.1 192.168.0.11 56324 443", "192.168.0.1:56324", "192.168.0.11:443"),
        ("TCP4 0.0.0.0 255.255.255.255 0 65535", "0.0.0.0:0", "255.255.255.255:65535"),
        ("TCP4 1.2.3.4 1.2.3.4 1 10", "1.2.3.4:1", "1.2.3.4:10"),
        ("TCP6 ::1 2001:db8::2 56324 443", "[::1]:56324", "[2001:db8::2]:443"),
        ("TCP6 :: ABCD:EF01:2:3:4:5:6:7 0 1", "[::]:0", "[abcd:ef01:2:3:4:5:6:7]:1"),
        ("TCP6 ::ffff:1.2.3.4 ::ffff:102:304 5 6", "[::ffff:1.2.3.4]:5", "[::ffff:1.2.3.4]:6"),
        (
            "TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
             65535 65535",
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
        ),
        (
            "TCP6 0000:0000:0000:0000:0000:ffff:255.255.255.255 0001:02:3::4 1 2",
            "[::ffff:255.255.255.255]:1",
            "[1:2:3::4]:2",
        ),
    ];
    for (line, source, destination) in cases {
        let header = accept(format!("PROXY {line}\r\n").as_bytes());
        assert_eq!(header.command, Command::Proxy);
        assert_eq!(addresses(&header), Some((address(source), address(destination))), "{line}");
    }
}

#[test]
fn unknown_keeps_the_connections_own_addresses() {
    let rests: [&[u8]; 6] = [
        b"",
        b" ",
        b" 1.2.3.4 1.2.3.4 5 6",
        b"  a\tb\0c",
        b" TCP4 1.2.3.4 5.6.7.8 9 10",
        b" \xff\xfe\x80",
    ];
    for rest in rests {
        let header = accept(&[b"PROXY UNKNOWN", rest, b"\r\n"].concat());
        assert_eq!((header.command, addresses(&header)), (Command::Proxy, None));
        assert_eq!(header.tlv_bytes(b"PROXY UNKNOWN\r\n"), b"");
    }
}

#[test]
fn a_line_has_at_most_107_bytes() {
    let unknown = |len: usize| {
        let padding = " ".repeat(len - "PROXY UNKNOWN\r\n".len());
        format!("PROXY UNKNOWN{padding}\r\n").into_bytes()
    };
    for len in [LINE_LEN_MAX - 1, LINE_LEN_MAX] {
        assert_eq!(accept(&unknown(len)).len, len);
    }
    for len in [LINE_LEN_MAX + 1, LINE_LEN_MAX + 2, 5000] {
        let line = unknown(len);
        refuse(&line, ProxyError::LineTooLong);
        refuse_at_once(&line[..LINE_LEN_MAX], ProxyError::LineTooLong);
    }
    let long = "0000:0000:0000:0000:0000:ffff:255.255.255.255";
    refuse(format!("PROXY TCP6 {long} {long} 1 2\r\n").as_bytes(), ProxyError::LineTooLong);
}

/// Each of these ends with the byte that tells.
fn refuse_all_at_once(cases: &[(&str, ProxyError)]) {
    for (line, error) in cases {
        refuse_at_once(line.as_bytes(), *error);
    }
}

#[test]
fn a_broken_word_is_refused_as_soon_as_it_shows() {
    use ProxyError::{LineEnd, NotProxyHeader, ProtocolUnsupported};
    refuse_all_at_once(&[
        ("G", NotProxyHeader),
        ("p", NotProxyHeader),
        (" ", NotProxyHeader),
        ("PROXy", NotProxyHeader),
        ("PROXY\t", NotProxyHeader),
        ("PROXY\r", NotProxyHeader),
        ("PROXY  ", ProtocolUnsupported),
        ("PROXY U\r", ProtocolUnsupported),
        ("PROXY TCP5", ProtocolUnsupported),
        ("PROXY TCP4\r", ProtocolUnsupported),
        ("PROXY TCP46", ProtocolUnsupported),
        ("PROXY t", ProtocolUnsupported),
        ("PROXY UD", ProtocolUnsupported),
        ("PROXY UNKNOWN4", ProtocolUnsupported),
        ("PROXY UNKNOWN\n", LineEnd),
        ("PROXY UNKNOWN a\n", LineEnd),
        ("PROXY UNKNOWN a\rb", LineEnd),
    ]);
}

#[test]
fn a_broken_address_is_refused_as_soon_as_it_shows() {
    use ProxyError::{DestinationAddress, LineEnd, SourceAddress};
    refuse_all_at_once(&[
        ("PROXY TCP4  ", SourceAddress),
        ("PROXY TCP4 \t", SourceAddress),
        ("PROXY TCP4 ex", SourceAddress),
        ("PROXY TCP4 1.2.3 ", SourceAddress),
        ("PROXY TCP4 1.2.3.4.5 ", SourceAddress),
        ("PROXY TCP4 1.2.3.256 ", SourceAddress),
        ("PROXY TCP4 1.2.3.04 ", SourceAddress),
        ("PROXY TCP4 0x", SourceAddress),
        ("PROXY TCP4 16909060 ", SourceAddress),
        ("PROXY TCP4 ::1 ", SourceAddress),
        ("PROXY TCP4 1.2.3.4\r", LineEnd),
        ("PROXY TCP4 1.2.3.4\n", LineEnd),
        ("PROXY TCP4 1.2.3.4\0", SourceAddress),
        ("PROXY TCP4 1.2.3.4,", SourceAddress),
        ("PROXY TCP4 1.2.3.4  ", DestinationAddress),
        ("PROXY TCP4 1.2.3.4 ::1 ", DestinationAddress),
        ("PROXY TCP4 1.2.3.4 5.6.7 ", DestinationAddress),
        ("PROXY TCP6 1.2.3.4 ", SourceAddress),
        ("PROXY TCP6 1::2::3 ", SourceAddress),
        ("PROXY TCP6 12345:: ", SourceAddress),
        ("PROXY TCP6 1:2:3:4:5:6:7 ", SourceAddress),
        ("PROXY TCP6 1:2:3:4:5:6:7:8:9 ", SourceAddress),
        ("PROXY TCP6 fe80::1%", SourceAddress),
        ("PROXY TCP6 [", SourceAddress),
        ("PROXY TCP6 ::1 1.2.3.4 ", DestinationAddress),
    ]);
    let too_long = "0000:0000:0000:0000:0000:ffff:255.255.255.2555";
    refuse_at_once(format!("PROXY TCP6 {too_long}").as_bytes(), SourceAddress);
}

#[test]
fn a_broken_port_is_refused_as_soon_as_it_shows() {
    use ProxyError::{DestinationPort, LineEnd, SourcePort};
    refuse_all_at_once(&[
        ("PROXY TCP4 1.2.3.4 5.6.7.8\r", LineEnd),
        ("PROXY TCP4 1.2.3.4 5.6.7.8  ", SourcePort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 +", SourcePort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 -", SourcePort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 01 ", SourcePort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 00 ", SourcePort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 65536 ", SourcePort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 100000", SourcePort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1f ", SourcePort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1\r", LineEnd),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1  ", DestinationPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 \r", DestinationPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 \n", LineEnd),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 02\r", DestinationPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r", DestinationPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 123456", DestinationPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 ", DestinationPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\t", DestinationPort),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", LineEnd),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rG", LineEnd),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r", LineEnd),
    ]);
}

/// A client that was not told of the header, in the protocols that it may speak.
#[test]
fn other_protocols_are_refused_with_the_first_byte() {
    let cases: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"EHLO a\r\n",
        b"\n",
    ];
    for bytes in cases {
        refuse(bytes, ProxyError::NotProxyHeader);
        refuse_at_once(&bytes[..1], ProxyError::NotProxyHeader);
    }
    // The preface of HTTP/2, and a method, that begin alike.
    refuse_at_once(b"PRI", ProxyError::NotProxyHeader);
    refuse_at_once(b"PROP", ProxyError::NotProxyHeader);
}

/// What HAProxy 2.6.12 sent to a server with `send-proxy`.
#[test]
fn lines_of_haproxy_are_read_and_written() {
    let cases = [
        ("PROXY TCP4 127.0.0.1 127.0.0.1 41600 55803\r\n", "127.0.0.1:41600", "127.0.0.1:55803"),
        (
            "PROXY TCP6 ::ffff:127.0.0.1 ::ffff:127.0.0.1 60474 57885\r\n",
            "[::ffff:127.0.0.1]:60474",
            "[::ffff:127.0.0.1]:57885",
        ),
        ("PROXY TCP6 ::1 ::1 44116 57885\r\n", "[::1]:44116", "[::1]:57885"),
    ];
    for (line, source, destination) in cases {
        let (source, destination) = (address(source), address(destination));
        assert_eq!(addresses(&accept(line.as_bytes())), Some((source, destination)));
        let mut out = b"before".to_vec();
        encode_v1(&mut out, Some(source), Some(destination));
        assert_eq!(out, [b"before", line.as_bytes()].concat());
    }
}

#[test]
fn mixed_families_become_ipv6() {
    let (four, six) = (address("192.0.2.1:5"), address("[2001:db8::1]:6"));
    let mut out = Vec::new();
    encode_v1(&mut out, Some(four), Some(six));
    encode_v1(&mut out, Some(six), Some(four));
    assert_eq!(
        out.escape_ascii().to_string(),
        "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 5 6\\r\\n\
         PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 6 5\\r\\n"
    );
}

#[test]
fn without_both_addresses_the_connection_is_unknown() {
    let known = Some(address("192.0.2.1:5"));
    for (source, destination) in [(None, None), (known, None), (None, known)] {
        let mut out = Vec::new();
        encode_v1(&mut out, source, destination);
        assert_eq!(out, b"PROXY UNKNOWN\r\n");
        assert_eq!(addresses(&parse(&out).unwrap().unwrap()), None);
    }
}
