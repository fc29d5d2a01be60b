//! Properties over random headers, and the crate `ppp` as an independent reader and writer.

use std::net::{IpAddr, SocketAddr};

use ppp::v2::{Builder, Type};
use ppp::{v1 as ppp_v1, v2 as ppp_v2};

use super::testing::{addresses, verdict};
use super::{
    Command, Header, ProxyError, ProxyOut, SslOut, as_ipv6, encode_v1, encode_v2, parse, tlv,
};
use crate::proto::testing::{Random, with_seeds};

type Pair = (SocketAddr, SocketAddr);

fn random_bytes(random: &mut Random, len_max: usize) -> Vec<u8> {
    (0..random.below(len_max + 1)).map(|_| random.next() as u8).collect()
}

fn random_address(random: &mut Random, is_ipv4: bool) -> SocketAddr {
    let bits = (u128::from(random.next()) << 64) | u128::from(random.next());
    // Runs of zeros, which are written short.
    let bits = bits & (u128::MAX << (16 * random.below(8))) & (u128::MAX >> (16 * random.below(8)));
    let ip = if is_ipv4 { IpAddr::V4((bits as u32).into()) } else { IpAddr::V6(bits.into()) };
    SocketAddr::new(ip, random.next() as u16)
}

fn random_pair(random: &mut Random) -> Pair {
    let (source, destination) = (random.one_in(2), random.one_in(2));
    (random_address(random, source), random_address(random, destination))
}

/// How a pair arrives: as IPv6 if one of it is.
fn as_sent((source, destination): Pair) -> Pair {
    if source.is_ipv4() && destination.is_ipv4() {
        return (source, destination);
    }
    let six = |address: SocketAddr| SocketAddr::new(as_ipv6(address).into(), address.port());
    (six(source), six(destination))
}

fn line((source, destination): Pair) -> Vec<u8> {
    let mut out = Vec::new();
    encode_v1(&mut out, Some(source), Some(destination));
    out
}

struct Values {
    alpn: Option<Vec<u8>>,
    authority: Option<Vec<u8>>,
    unique_id: Option<Vec<u8>>,
    crc32c: bool,
    ssl: Option<SslValues>,
}

/// What an SSL TLV says; the values within in the order in which they are sent.
struct SslValues {
    client: u8,
    verify: u32,
    within: [Option<Vec<u8>>; 5],
}

const WITHIN: [u8; 5] =
    [tlv::SSL_VERSION, tlv::SSL_CN, tlv::SSL_KEY_ALG, tlv::SSL_SIG_ALG, tlv::SSL_CIPHER];

impl SslValues {
    fn random(random: &mut Random) -> Self {
        let within = WITHIN.map(|_| random.one_in(2).then(|| random_bytes(random, 64)));
        Self { client: random.next() as u8 | tlv::CLIENT_SSL, verify: random.next() as u32, within }
    }

    fn out(&self) -> SslOut<'_> {
        let [version, cn, key_alg, sig_alg, cipher] = self.within.each_ref().map(Option::as_deref);
        let (client, verify) = (self.client, self.verify);
        SslOut { client, verify, version, cn, key_alg, sig_alg, cipher }
    }

    /// The value of the TLV, by the document.
    fn value(&self) -> Vec<u8> {
        let mut value = vec![self.client];
        value.extend(self.verify.to_be_bytes());
        for (kind, within) in WITHIN.iter().zip(&self.within) {
            let Some(within) = within else { continue };
            value.extend([*kind, 0, within.len() as u8]);
            value.extend(within);
        }
        value
    }
}

impl Values {
    fn random(random: &mut Random) -> Self {
        let mut value = |len_max| random.one_in(2).then(|| random_bytes(random, len_max));
        let (alpn, authority, unique_id) = (value(255), value(255), value(128));
        let ssl = random.one_in(2).then(|| SslValues::random(random));
        Self { alpn, authority, unique_id, crc32c: random.one_in(2), ssl }
    }

    fn header(&self, (source, destination): Pair) -> Vec<u8> {
        let mut out = Vec::new();
        encode_v2(
            &mut out,
            &ProxyOut {
                local: false,
                source: Some(source),
                destination: Some(destination),
                alpn: self.alpn.as_deref(),
                authority: self.authority.as_deref(),
                crc32c: self.crc32c,
                unique_id: self.unique_id.as_deref(),
                ssl: self.ssl.as_ref().map(SslValues::out),
            },
        );
        out
    }

    /// Types and values but the checksum.
    fn listed(&self) -> Vec<(u8, Vec<u8>)> {
        let list = [
            (tlv::ALPN, &self.alpn),
            (tlv::AUTHORITY, &self.authority),
            (tlv::UNIQUE_ID, &self.unique_id),
        ];
        let list = list.into_iter().filter_map(|(kind, value)| Some((kind, value.clone()?)));
        list.chain(self.ssl.as_ref().map(|ssl| (tlv::SSL, ssl.value()))).collect()
    }
}

/// Types and values of a header but its checksum.
fn listed(header: &Header, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let tlvs = header.tlvs(bytes).filter(|tlv| tlv.kind != tlv::CRC32C);
    tlvs.map(|tlv| (tlv.kind, tlv.value.to_vec())).collect()
}

fn ppp_v1_pair(bytes: &[u8]) -> Option<Pair> {
    match ppp_v1::Header::try_from(bytes).unwrap().addresses {
        ppp_v1::Addresses::Unknown => None,
        ppp_v1::Addresses::Tcp4(ip) => Some((
            (ip.source_address, ip.source_port).into(),
            (ip.destination_address, ip.destination_port).into(),
        )),
        ppp_v1::Addresses::Tcp6(ip) => Some((
            (ip.source_address, ip.source_port).into(),
            (ip.destination_address, ip.destination_port).into(),
        )),
    }
}

fn ppp_v2_pair(header: &ppp_v2::Header<'_>) -> Option<Pair> {
    match header.addresses {
        ppp_v2::Addresses::Unspecified | ppp_v2::Addresses::Unix(_) => None,
        ppp_v2::Addresses::IPv4(ip) => Some((
            (ip.source_address, ip.source_port).into(),
            (ip.destination_address, ip.destination_port).into(),
        )),
        ppp_v2::Addresses::IPv6(ip) => Some((
            (ip.source_address, ip.source_port).into(),
            (ip.destination_address, ip.destination_port).into(),
        )),
    }
}

#[test]
fn what_is_written_is_read() {
    with_seeds(1000, |random| {
        let pair = random_pair(random);
        let bytes = line(pair);
        assert_eq!(addresses(&verdict(&bytes).unwrap()), Some(as_sent(pair)));

        let values = Values::random(random);
        let bytes = values.header(pair);
        let header = verdict(&bytes).unwrap();
        assert_eq!((header.command, header.len), (Command::Proxy, bytes.len()));
        assert_eq!(addresses(&header), Some(as_sent(pair)));
        assert_eq!(listed(&header, &bytes), values.listed());
        assert_eq!(header.tlvs(&bytes).any(|tlv| tlv.kind == tlv::CRC32C), values.crc32c);
    });
}

#[test]
fn ppp_reads_what_is_written() {
    with_seeds(1000, |random| {
        let pair = random_pair(random);
        assert_eq!(ppp_v1_pair(&line(pair)), Some(as_sent(pair)));

        let values = Values::random(random);
        let bytes = values.header(pair);
        let header = ppp_v2::Header::try_from(&bytes[..]).unwrap();
        assert_eq!(header.command, ppp_v2::Command::Proxy);
        assert_eq!(header.protocol, ppp_v2::Protocol::Stream);
        assert_eq!(header.len(), bytes.len());
        assert_eq!(ppp_v2_pair(&header), Some(as_sent(pair)));
        let tlvs = header.tlvs().map(|tlv| tlv.unwrap()).filter(|tlv| tlv.kind != tlv::CRC32C);
        let read: Vec<(u8, Vec<u8>)> = tlvs.map(|tlv| (tlv.kind, tlv.value.to_vec())).collect();
        assert_eq!(read, values.listed());
    });
}

#[test]
fn what_ppp_writes_is_read() {
    with_seeds(1000, |random| {
        let is_ipv4 = random.one_in(2);
        let (source, destination) =
            (random_address(random, is_ipv4), random_address(random, is_ipv4));
        let text = match (source, destination) {
            (SocketAddr::V4(s), SocketAddr::V4(d)) => {
                ppp_v1::Addresses::new_tcp4(*s.ip(), *d.ip(), s.port(), d.port()).to_string()
            }
            (SocketAddr::V6(s), SocketAddr::V6(d)) => {
                ppp_v1::Addresses::new_tcp6(*s.ip(), *d.ip(), s.port(), d.port()).to_string()
            }
            _ => unreachable!(),
        };
        let header = verdict(text.as_bytes()).unwrap();
        assert_eq!(addresses(&header), Some((source, destination)));

        let ssl = [
            vec![1, 0, 0, 0, 0],
            [&[0x21, 0, 7][..], b"TLSv1.3"].concat(),
            [&[0x22, 0, 3][..], b"a.b"].concat(),
        ]
        .concat();
        let kinds =
            [Type::ALPN, Type::Authority, Type::NoOp, Type::UniqueId, Type::NetworkNamespace];
        let mut sent = vec![(tlv::SSL, ssl)];
        for _ in 0..random.below(8) {
            let kind = kinds[random.below(kinds.len())].into();
            sent.push((kind, random_bytes(random, 128)));
        }
        let mut builder = Builder::with_addresses(
            ppp_v2::Version::Two | ppp_v2::Command::Proxy,
            ppp_v2::Protocol::Stream,
            (source, destination),
        );
        for (kind, value) in &sent {
            builder = builder.write_tlv(*kind, value).unwrap();
        }
        let bytes = builder.build().unwrap();
        let header = verdict(&bytes).unwrap();
        assert_eq!(addresses(&header), Some((source, destination)));
        assert_eq!(listed(&header, &bytes), sent);
    });
}

/// A header of either version with a few bytes put in, taken out or replaced.
fn mutated(random: &mut Random) -> Vec<u8> {
    let pair = random_pair(random);
    let mut bytes = if random.one_in(2) { line(pair) } else { Values::random(random).header(pair) };
    random.mutate(&mut bytes);
    if random.one_in(4) {
        bytes.truncate(random.below(bytes.len() + 1));
    }
    bytes
}

/// Checks that once there is a verdict on `bytes`, it stays.
fn check_arrival(bytes: &[u8]) -> Option<Result<Header, ProxyError>> {
    let by_byte = (0..=bytes.len()).find_map(|len| parse(&bytes[..len]).transpose());
    assert_eq!(parse(bytes).transpose(), by_byte, "{}", bytes.escape_ascii());
    by_byte
}

/// Reading more than one reader would is how a client forges its address.
#[test]
fn ppp_agrees_on_what_is_accepted() {
    with_seeds(20_000, |random| {
        let bytes = mutated(random);
        let Some(Ok(header)) = check_arrival(&bytes) else { return };
        let bytes = &bytes[..header.len];
        if bytes.starts_with(b"PROXY UNKNOWN") || header.command == Command::Local {
            assert_eq!(addresses(&header), None);
        } else if bytes.starts_with(b"PROXY ") {
            assert_eq!(ppp_v1_pair(bytes), addresses(&header));
        } else {
            let read = ppp_v2::Header::try_from(bytes).unwrap();
            assert_eq!((read.len(), ppp_v2_pair(&read)), (header.len, addresses(&header)));
            assert!(addresses(&header).is_none() || read.tlvs().all(|tlv| tlv.is_ok()));
        }
    });
}

#[test]
fn random_bytes_are_never_a_panic() {
    with_seeds(20_000, |random| {
        let start: &[u8] = match random.below(4) {
            0 => b"",
            1 => b"PROXY TCP6 ",
            2 => b"\r\n\r\n\0\r\nQUIT\n",
            _ => b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x60\x01\x02\x03\x04\x05\x06\x07\x08\0\x01\0\x02",
        };
        let mut bytes = start.to_vec();
        if random.one_in(2) {
            bytes.extend(random_bytes(random, 300));
        } else {
            // Bytes that mean something where they stand: short TLVs of known types.
            bytes.extend((0..random.below(300)).map(|_| (random.next() as u8) & 0x25));
        }
        if let Some(Ok(header)) = check_arrival(&bytes) {
            assert!(header.len <= bytes.len());
            assert!(header.tlvs(&bytes).count() <= bytes.len() / 3);
        }
    });
}

#[test]
fn errors_say_what_is_wrong() {
    let cases = [
        (
            ProxyError::NotProxyHeader,
            "Received something which does not look like a PROXY protocol header",
        ),
        (ProxyError::Truncated, "Truncated PROXY protocol header received"),
        (
            ProxyError::FamilyUnsupported,
            "Received an unhandled protocol in the PROXY protocol header",
        ),
        (
            ProxyError::SourcePort,
            "Received an invalid PROXY protocol header: the source port is not valid",
        ),
    ];
    for (error, message) in cases {
        assert_eq!(error.to_string(), message);
    }
}
