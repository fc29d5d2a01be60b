//! Connections that stand: how what comes is cut, what is heard besides data, and what is answered.

use rustls::AlertDescription as Alert;

use super::super::super::io;
use super::super::testing::{
    Rustls, Site, hear, is_13, noise, on_shard, say, schemes, suite, suites,
};
use super::{ASIDES_MAX, Broken, Content, FATAL, HEADER_LEN, Open, PLAIN_MAX, WARNING};

const TLS13: rustls::CipherSuite = rustls::CipherSuite::TLS13_AES_128_GCM_SHA256;
const TLS12: rustls::CipherSuite = rustls::CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

const OK: (Vec<u8>, Result<(), Broken>) = (Vec::new(), Ok(()));
const KEY_UPDATE: [u8; 5] = [24, 0, 0, 1, 0];
const KEY_UPDATE_ASKED: [u8; 5] = [24, 0, 0, 1, 1];

fn wrong(alert: Alert) -> (Vec<u8>, Result<(), Broken>) {
    (Vec::new(), Err(Broken::Wrong(alert)))
}

fn unexpected() -> (Vec<u8>, Result<(), Broken>) {
    wrong(Alert::UnexpectedMessage)
}

/// A record that carries anything, from one of ours that does what it is told.
fn record(from: &mut Open, content: Content, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(from.tx.seal(content, &mut out, |out| out.extend_from_slice(bytes)));
    out
}

fn data(from: &mut Open, bytes: &[u8]) -> Vec<u8> {
    record(from, Content::Data, bytes)
}

fn alert(from: &mut Open, level: u8, description: Alert) -> Vec<u8> {
    record(from, Content::Alert, &[level, u8::from(description)])
}

/// Announces new keys and uses them.
fn key_update(from: &mut Open, message: [u8; 5]) -> Vec<u8> {
    let bytes = record(from, Content::Handshake, &message);
    use_next_keys(from);
    bytes
}

fn use_next_keys(from: &mut Open) {
    let (number, secrets) = from.agreed.next_tx().unwrap();
    from.tx = super::Protection::new(&secrets, number, true).unwrap();
}

/// What `from` has to say besides data, as `to` opens it, record by record.
fn asides(from: &mut Open, to: &mut Open) -> Vec<(Content, Vec<u8>)> {
    let mut bytes = from.take_sealed();
    let (mut said, mut rest) = (Vec::new(), bytes.as_mut_slice());
    while let Some(len) = to.rx.record_len(rest).unwrap() {
        let (record, behind) = rest.split_at_mut(len);
        let (content, range) = to.rx.open(record).unwrap();
        said.push((content, record[range].to_vec()));
        rest = behind;
    }
    said
}

fn pair(suite_of: rustls::CipherSuite) -> (Open, Open) {
    Site::of(suite(suite_of)).pair()
}

/// Both of us on either side, as both versions have it.
fn each_end(test: impl Fn(&str, Open, Open) + Send + 'static) {
    on_shard(move || {
        for suite in schemes() {
            let (near, far) = Site::of(suite).pair();
            test(&format!("{suite:?}, of a client"), near, far);
            let (far, near) = Site::of(suite).pair();
            test(&format!("{suite:?}, of a server"), near, far);
        }
    });
}

/// Data both ways between us and rustls, on either side.
fn talk(us: &mut Open, them: &mut Rustls, what: &str) {
    for len in [1, 100, PLAIN_MAX - 1, PLAIN_MAX, PLAIN_MAX + 1, 100_000] {
        let sent = noise(len);
        let sealed = say(us, &[&sent]);
        assert!(them.open(&sealed).unwrap() == sent, "{what}: {len} to rustls");
        let sealed = them.seal(&sent);
        let (got, outcome) = hear(us, &sealed);
        assert!(got == sent && outcome == Ok(()), "{what}: {len} from rustls: {outcome:?}");
    }
}

#[test]
fn data_to_and_from_rustls() {
    on_shard(|| {
        for suite in suites() {
            let site = Site::of(suite);
            let (mut us, mut them) = site.with_rustls_client();
            talk(&mut us, &mut them, &format!("{suite:?} client"));
            let (mut us, mut them) = site.with_rustls_server();
            talk(&mut us, &mut them, &format!("{suite:?} server"));
        }
    });
}

/// Pieces of the queue need not fit records: small ones go together, large ones are cut.
#[test]
fn pieces_are_gathered_and_cut() {
    each_end(|what, mut near, mut far| {
        let bytes = noise(150_000);
        for cut in [1, 7, 1000, PLAIN_MAX - 1, PLAIN_MAX, PLAIN_MAX + 1, 70_000] {
            let len = bytes.len().min(cut * 3000);
            let pieces: Vec<&[u8]> = bytes[..len].chunks(cut).collect();
            let sealed = say(&mut near, &pieces);
            let (got, outcome) = hear(&mut far, &sealed);
            assert!(got == bytes[..len] && outcome == Ok(()), "{what} {cut}");
            let records = len.div_ceil(PLAIN_MAX);
            let least = len + records * HEADER_LEN;
            assert!(sealed.len() <= least + records * 40 + 200, "{what} {cut}: many records");
        }
        let sealed = say(&mut near, &[b"", b"a", b"", b""]);
        assert_eq!(hear(&mut far, &sealed), (b"a".to_vec(), Ok(())), "{what}");
    });
}

/// Three records, of which one is empty and one is no data, cut in two anywhere and into pieces of
/// every length.
#[test]
fn records_are_cut_anywhere() {
    each_end(|what, mut near, mut far| {
        let mut wire = data(&mut far, b"first");
        wire.extend(data(&mut far, b""));
        wire.extend(alert(&mut far, WARNING, Alert::UserCanceled));
        wire.extend(data(&mut far, b"second, longer"));
        let (number, len) = (near.rx.number, wire.len());
        let mut try_pieces = |pieces: &[&[u8]]| {
            near.rx.number = number;
            let mut got = Vec::new();
            for piece in pieces {
                let (data, outcome) = hear(&mut near, piece);
                got.extend(data);
                assert_eq!(outcome, Ok(()), "{what}");
            }
            assert_eq!(got, b"firstsecond, longer", "{what}");
            assert!(near.is_between_records(), "{what}");
        };
        for cut in 0..=len {
            try_pieces(&[&wire[..cut], &wire[cut..]]);
        }
        for piece_len in 1..=len {
            try_pieces(&wire.chunks(piece_len).collect::<Vec<_>>());
        }
    });
}

/// Of a record that is not there as a whole nothing is passed on, and it is known that it began.
#[test]
fn half_a_record() {
    each_end(|what, mut near, mut far| {
        let wire = data(&mut far, b"data");
        for byte in &wire[..wire.len() - 1] {
            assert_eq!(hear(&mut near, &[*byte]), OK, "{what}");
            assert!(!near.is_between_records(), "{what}");
        }
        assert_eq!(hear(&mut near, &wire[wire.len() - 1..]), (b"data".to_vec(), Ok(())));
        assert!(near.is_between_records(), "{what}");
    });
}

/// What came before a wrong record is passed on; the wrong one and what follows are not.
#[test]
fn a_wrong_record_behind_good_ones() {
    each_end(|what, mut near, mut far| {
        let good = [data(&mut far, b"1"), data(&mut far, b"2")].concat();
        let mut bad = data(&mut far, b"3");
        *bad.last_mut().unwrap() ^= 1;
        let behind = data(&mut far, b"4");
        let (got, outcome) = hear(&mut near, &[good, bad, behind].concat());
        assert_eq!(got, b"12", "{what}");
        assert_eq!(outcome, Err(Broken::Wrong(Alert::BadRecordMac)), "{what}");
    });
}

/// A length that no record has is refused as soon as it is there.
#[test]
fn overlong_records() {
    each_end(|what, mut near, mut far| {
        let good = data(&mut far, b"1");
        let header = [23, 3, 3, 0xff, 0xff];
        assert_eq!(hear(&mut near, &header[..4]), OK, "{what}");
        assert_eq!(hear(&mut near, &header[4..]), wrong(Alert::RecordOverflow), "{what}");
        let (mut near, mut far) = (far, near);
        near.record.clear();
        let good_too = data(&mut far, b"1");
        let (got, outcome) = hear(&mut near, &[&good_too, &header[..]].concat());
        assert_eq!((got, outcome), (b"1".to_vec(), Err(Broken::Wrong(Alert::RecordOverflow))));
        drop(good);
    });
}

#[test]
fn what_is_no_tls() {
    each_end(|what, mut near, _| {
        let (got, outcome) = hear(&mut near, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(got, b"", "{what}");
        assert!(matches!(outcome, Err(Broken::Wrong(_))), "{what}: {outcome:?}");
    });
}

#[test]
fn asides_are_bounded() {
    each_end(|what, mut near, mut far| {
        // Tickets came with the handshake.
        near.asides = 0;
        for kind in 0..2 {
            let mut aside = || match kind {
                0 => data(&mut far, b""),
                _ => alert(&mut far, WARNING, Alert::UserCanceled),
            };
            for _ in 0..ASIDES_MAX {
                assert_eq!(hear(&mut near, &aside()), OK, "{what}");
            }
            let one_more = aside();
            let number = near.rx.number;
            assert_eq!(hear(&mut near, &one_more), unexpected(), "{what}");
            // Data lets as many follow.
            near.rx.number = number + 1;
            let data = data(&mut far, b"x");
            assert_eq!(hear(&mut near, &data), (b"x".to_vec(), Ok(())), "{what}");
        }
        let flood: Vec<u8> = (0..1000).flat_map(|_| data(&mut far, b"")).collect();
        assert_eq!(hear(&mut near, &flood), unexpected(), "{what}");
    });
}

#[test]
fn the_end_is_heard() {
    each_end(|what, mut near, mut far| {
        let wire = [
            data(&mut far, b"last"),
            alert(&mut far, WARNING, Alert::CloseNotify),
            data(&mut far, b"too late"),
            b"and this is no record at all".to_vec(),
        ];
        assert!(!near.heard_end);
        assert_eq!(hear(&mut near, &wire.concat()), (b"last".to_vec(), Ok(())), "{what}");
        assert!(near.heard_end, "{what}");
        assert_eq!(hear(&mut near, b"more, later"), OK, "{what}");
        // We may still send (RFC 8446 section 6.1).
        let sealed = say(&mut near, &[b"answer"]);
        assert_eq!(hear(&mut far, &sealed), (b"answer".to_vec(), Ok(())), "{what}");
    });
}

/// The end is cut too.
#[test]
fn the_end_is_heard_byte_by_byte() {
    each_end(|what, mut near, mut far| {
        let wire = [data(&mut far, b"last"), alert(&mut far, WARNING, Alert::CloseNotify)].concat();
        let mut got = Vec::new();
        for byte in wire {
            assert!(!near.heard_end, "{what}");
            let (data, outcome) = hear(&mut near, &[byte]);
            got.extend(data);
            assert_eq!(outcome, Ok(()), "{what}");
        }
        assert!(near.heard_end && got == b"last", "{what}");
        assert_eq!(hear(&mut near, b"garbage"), OK, "{what}");
    });
}

#[test]
fn we_say_the_end_once() {
    each_end(|what, mut near, mut far| {
        assert!(near.say_end(), "{what}");
        assert_eq!(asides(&mut near, &mut far), [(Content::Alert, vec![WARNING, 0])], "{what}");
        assert!(!near.say_end(), "{what}");
        assert_eq!(asides(&mut near, &mut far), [], "{what}");
        // What the other side says is heard all the same.
        let wire = data(&mut far, b"still here");
        assert_eq!(hear(&mut near, &wire), (b"still here".to_vec(), Ok(())), "{what}");
    });
}

/// The end goes with the last data, behind it.
#[test]
fn the_end_follows_the_last_data() {
    each_end(|what, mut near, mut far| {
        let mut queue = [super::Chunk::Static(b"last")].into();
        let (sealed, taken) = near.seal(io(), &mut queue, true).unwrap();
        assert_eq!(taken, 4, "{what}");
        assert_eq!(hear(&mut far, &sealed), (b"last".to_vec(), Ok(())), "{what}");
        assert!(far.heard_end && !near.say_end(), "{what}");
    });
}

#[test]
fn alerts() {
    each_end(|what, mut near, mut far| {
        let is_13 = near.is_13;
        for (level, description, is_borne) in [
            (WARNING, Alert::UserCanceled, true),
            (FATAL, Alert::UserCanceled, true),
            (WARNING, Alert::NoRenegotiation, !is_13),
            (WARNING, Alert::UnrecognisedName, !is_13),
            (WARNING, Alert::Unknown(200), !is_13),
            (FATAL, Alert::HandshakeFailure, false),
            (FATAL, Alert::InternalError, false),
            (FATAL, Alert::Unknown(200), false),
        ] {
            let wire = alert(&mut far, level, description);
            let expected = if is_borne { Ok(()) } else { Err(Broken::GivenUp) };
            assert_eq!(
                hear(&mut near, &wire),
                (vec![], expected),
                "{what} {level} {description:?}"
            );
            assert!(!near.heard_end, "{what}");
        }
        for bytes in [&[2][..], &[1, 0, 0], &[1, 0, 1, 0]] {
            let wire = record(&mut far, Content::Alert, bytes);
            assert_eq!(hear(&mut near, &wire), wrong(Alert::DecodeError), "{what} {bytes:?}");
        }
    });
}

#[test]
fn we_say_why() {
    each_end(|what, mut near, mut far| {
        near.say_why(Alert::BadRecordMac);
        assert!(!near.say_end(), "nothing follows: {what}");
        assert_eq!(asides(&mut near, &mut far), [(Content::Alert, vec![FATAL, 20])], "{what}");
    });
}

/// New keys in each direction, asked for or not, again and again, with data in between.
#[test]
fn key_updates() {
    on_shard(|| {
        for (mut near, mut far) in [pair(TLS13), {
            let (far, near) = pair(TLS13);
            (near, far)
        }] {
            for round in 0..10 {
                let update = key_update(&mut far, KEY_UPDATE);
                assert_eq!(hear(&mut near, &update), OK, "{round}");
                assert_eq!(asides(&mut near, &mut far), [], "{round}");
                let update = key_update(&mut far, KEY_UPDATE_ASKED);
                assert_eq!(hear(&mut near, &update), OK, "{round}");
                let answer = near.take_sealed();
                assert_eq!(hear(&mut far, &answer), OK, "{round}");
                let wire = say(&mut near, &[b"ours"]);
                assert_eq!(hear(&mut far, &wire), (b"ours".to_vec(), Ok(())), "{round}");
                let wire = data(&mut far, b"theirs");
                assert_eq!(hear(&mut near, &wire), (b"theirs".to_vec(), Ok(())), "{round}");
            }
        }
    });
}

/// All in one read, between data; and byte by byte.
#[test]
fn key_updates_between_data() {
    on_shard(|| {
        for is_whole in [true, false] {
            let (mut near, mut far) = pair(TLS13);
            let wire = [
                data(&mut far, b"1"),
                key_update(&mut far, KEY_UPDATE_ASKED),
                data(&mut far, b"2"),
                key_update(&mut far, KEY_UPDATE),
                key_update(&mut far, KEY_UPDATE_ASKED),
                data(&mut far, b"3"),
            ]
            .concat();
            let pieces = if is_whole { wire.chunks(wire.len()) } else { wire.chunks(1) };
            let mut got = Vec::new();
            for piece in pieces {
                let (data, outcome) = hear(&mut near, piece);
                got.extend(data);
                assert_eq!(outcome, Ok(()));
            }
            assert_eq!(got, b"123");
            // However often it was asked, one answer is enough while none has left.
            let mut answer = near.take_sealed();
            let len = far.rx.record_len(&answer).unwrap().unwrap();
            assert_eq!(answer.len(), len, "one record");
            let (content, range) = far.rx.open(&mut answer).unwrap();
            assert_eq!((content, &answer[range]), (Content::Handshake, &KEY_UPDATE[..]));
        }
    });
}

/// An answer that left is followed by another when that is asked for.
#[test]
fn key_updates_are_answered_each_time() {
    on_shard(|| {
        let (mut near, mut far) = pair(TLS13);
        for _ in 0..5 {
            let update = key_update(&mut far, KEY_UPDATE_ASKED);
            assert_eq!(hear(&mut near, &update), OK);
            // With data behind it, in one send.
            let sealed = say(&mut near, &[b"data"]);
            assert_eq!(hear(&mut far, &sealed), (b"data".to_vec(), Ok(())));
            let more = data(&mut far, b"x");
            assert_eq!(hear(&mut near, &more), (b"x".to_vec(), Ok(())));
        }
    });
}

#[test]
fn key_updates_are_bounded() {
    on_shard(|| {
        let (mut near, mut far) = pair(TLS13);
        let flood: Vec<u8> =
            (0..=ASIDES_MAX).flat_map(|_| key_update(&mut far, KEY_UPDATE_ASKED)).collect();
        assert_eq!(hear(&mut near, &flood), unexpected());
    });
}

#[test]
fn wrong_key_updates() {
    on_shard(|| {
        for (message, expected) in [
            (&[24, 0, 0, 1, 2][..], Alert::IllegalParameter),
            (&[24, 0, 0, 1, 255], Alert::IllegalParameter),
            (&[24, 0, 0, 0], Alert::DecodeError),
            (&[24, 0, 0, 2, 0, 0], Alert::DecodeError),
            // Not at the end of its record (RFC 8446 section 5.1).
            (&[24, 0, 0, 1, 0, 24, 0, 0, 1, 0], Alert::UnexpectedMessage),
            (&[24, 0, 0, 1, 0, 4], Alert::UnexpectedMessage),
        ] {
            for is_of_client in [true, false] {
                let (one, other) = pair(TLS13);
                let (mut near, mut far) = if is_of_client { (one, other) } else { (other, one) };
                let wire = record(&mut far, Content::Handshake, message);
                assert_eq!(hear(&mut near, &wire), wrong(expected), "{message:?}");
            }
        }
    });
}

/// A message cut over records is one message, and nothing comes between its parts.
#[test]
fn messages_cut_over_records() {
    on_shard(|| {
        for cut in 1..5 {
            let (mut near, mut far) = pair(TLS13);
            let (start, end) = KEY_UPDATE_ASKED.split_at(cut);
            let mut wire = record(&mut far, Content::Handshake, start);
            wire.extend(record(&mut far, Content::Handshake, end));
            use_next_keys(&mut far);
            wire.extend(data(&mut far, b"new keys"));
            assert_eq!(hear(&mut near, &wire), (b"new keys".to_vec(), Ok(())), "{cut}");
            for between in [Content::Data, Content::Alert] {
                let (mut near, mut far) = pair(TLS13);
                let start = record(&mut far, Content::Handshake, start);
                assert_eq!(hear(&mut near, &start), OK);
                assert!(!near.is_between_records(), "a message waits for its rest");
                let bytes = if between == Content::Data { &b"x"[..] } else { &[WARNING, 90] };
                let wire = record(&mut far, between, bytes);
                assert_eq!(hear(&mut near, &wire), unexpected(), "{cut} {between:?}");
            }
        }
    });
}

/// A message may be long, but not without end.
#[test]
fn long_messages() {
    each_end(|what, mut near, mut far| {
        let endless = [4, 0xff, 0xff, 0xff];
        let wire = record(&mut far, Content::Handshake, &endless);
        assert_eq!(hear(&mut near, &wire), unexpected(), "{what}");
    });
}

/// What a server of TLS 1.3 gives its clients, in records of any length.
#[test]
fn tickets_in_pieces() {
    on_shard(|| {
        let body = ticket(200);
        for piece_len in [7, 16, 50, body.len() - 1, body.len(), 1000] {
            let (mut far, mut near) = pair(TLS13);
            for _ in 0..2 {
                let wire: Vec<u8> = body
                    .chunks(piece_len)
                    .flat_map(|piece| record(&mut far, Content::Handshake, piece))
                    .collect();
                near.asides = 0;
                let expected = if body.len().div_ceil(piece_len) > ASIDES_MAX.into() {
                    unexpected()
                } else {
                    OK
                };
                assert_eq!(hear(&mut near, &wire), expected, "{piece_len}");
                if expected != OK {
                    break;
                }
            }
        }
        // Two in one record, and one with data behind it.
        let (mut far, mut near) = pair(TLS13);
        let two = record(&mut far, Content::Handshake, &[&body[..], &body].concat());
        assert_eq!(hear(&mut near, &two), OK);
        let wire = [record(&mut far, Content::Handshake, &body), data(&mut far, b"x")].concat();
        assert_eq!(hear(&mut near, &wire), (b"x".to_vec(), Ok(())));
        let large = ticket(60_000);
        let wire: Vec<u8> = large
            .chunks(PLAIN_MAX)
            .flat_map(|piece| record(&mut far, Content::Handshake, piece))
            .collect();
        assert_eq!(hear(&mut near, &wire), OK);
    });
}

/// A NewSessionTicket (RFC 8446 section 4.6.1) with a ticket of this length.
fn ticket(len: u16) -> Vec<u8> {
    let mut body = vec![0, 0, 0x1c, 0x20, 1, 2, 3, 4, 1, 7];
    body.extend(len.to_be_bytes());
    body.extend(noise(len.into()));
    body.extend([0, 0]);
    let [_, high, mid, low] = (body.len() as u32).to_be_bytes();
    [vec![4, high, mid, low], body].concat()
}

#[test]
fn wrong_tickets() {
    on_shard(|| {
        for body in [&[4, 0, 0, 0][..], &[4, 0, 0, 3, 1, 2, 3]] {
            let (mut far, mut near) = pair(TLS13);
            let wire = record(&mut far, Content::Handshake, body);
            assert_eq!(hear(&mut near, &wire), wrong(Alert::DecodeError), "{body:?}");
        }
        // A client gives none, and in TLS 1.2 there are none behind the handshake.
        let (mut near, mut far) = pair(TLS13);
        let wire = record(&mut far, Content::Handshake, &ticket(100));
        assert_eq!(hear(&mut near, &wire), unexpected());
        let (mut far, mut near) = pair(TLS12);
        let wire = record(&mut far, Content::Handshake, &ticket(100));
        assert_eq!(hear(&mut near, &wire), unexpected());
    });
}

/// Messages that nobody sends once the connection stands.
#[test]
fn messages_out_of_place() {
    each_end(|what, mut near, mut far| {
        let is_of_client = matches!(near.agreed, super::Agreed::Client(_));
        for kind in 0..=255_u8 {
            let is_known = match kind {
                0 => !near.is_13 && !is_of_client,
                1 => !near.is_13 && is_of_client,
                4 => near.is_13 && !is_of_client,
                24 => near.is_13,
                _ => false,
            };
            if is_known {
                continue;
            }
            let number = near.rx.number;
            let wire = record(&mut far, Content::Handshake, &[kind, 0, 0, 1, 0]);
            near.asides = 0;
            assert_eq!(hear(&mut near, &wire), unexpected(), "{what} {kind}");
            near.rx.number = number + 1;
        }
    });
}

/// TLS 1.2: asked for a new handshake, politely refused; asked again, ended.
#[test]
fn renegotiation() {
    on_shard(|| {
        let hello_request = [0, 0, 0, 0];
        let client_hello = [&[1, 0, 0, 40][..], &[3; 40]].concat();
        for (is_of_client, ask) in [(false, &hello_request[..]), (true, &client_hello)] {
            for scheme in &schemes()[1..] {
                let (one, other) = Site::of(*scheme).pair();
                let (mut near, mut far) = if is_of_client { (one, other) } else { (other, one) };
                let wire = record(&mut far, Content::Handshake, ask);
                assert_eq!(hear(&mut near, &wire), OK, "{scheme:?}");
                let polite = (Content::Alert, vec![WARNING, 100]);
                assert_eq!(asides(&mut near, &mut far), [polite], "{scheme:?}");
                let wire = data(&mut far, b"goes on");
                assert_eq!(hear(&mut near, &wire), (b"goes on".to_vec(), Ok(())), "{scheme:?}");
                let wire = record(&mut far, Content::Handshake, ask);
                assert_eq!(hear(&mut near, &wire), unexpected(), "{scheme:?}");
            }
        }
    });
}

/// TLS 1.3 renews a key before it is worn; TLS 1.2 cannot, and ends.
#[test]
fn worn_keys() {
    on_shard(|| {
        let (mut near, mut far) = pair(TLS13);
        for round in 0..5 {
            near.tx.number_max = 2;
            let bytes = noise(5 * PLAIN_MAX);
            let sealed = say(&mut near, &[&bytes]);
            let (got, outcome) = hear(&mut far, &sealed);
            assert!(got == bytes && outcome == Ok(()), "{round}: {outcome:?}");
        }
        for scheme in &schemes()[1..] {
            let (mut near, mut far) = Site::of(*scheme).pair();
            near.tx.number_max = near.tx.number + 1;
            let sealed = say(&mut near, &[b"last"]);
            assert_eq!(hear(&mut far, &sealed), (b"last".to_vec(), Ok(())), "{scheme:?}");
            let mut queue = [super::Chunk::Static(b"too much")].into();
            assert!(near.seal(io(), &mut queue, false).is_none(), "{scheme:?}");
            near.say_end();
            assert_eq!(asides(&mut near, &mut far), [(Content::Alert, vec![WARNING, 0])]);
        }
    });
}

/// rustls asks for new keys and answers ours.
#[test]
fn key_updates_with_rustls() {
    on_shard(|| {
        for is_client in [true, false] {
            let site = Site::of(suite(TLS13));
            let (mut us, mut them) =
                if is_client { site.with_rustls_client() } else { site.with_rustls_server() };
            for round in 0..10 {
                them.0.refresh_traffic_keys().unwrap();
                let asked = them.seal(b"with new keys");
                assert_eq!(hear(&mut us, &asked), (b"with new keys".to_vec(), Ok(())), "{round}");
                let answer = us.take_sealed();
                assert_eq!(them.open(&answer).unwrap(), b"", "{round}");
                us.renew_tx().unwrap();
                let sealed = say(&mut us, &[b"ours"]);
                assert_eq!(them.open(&sealed).unwrap(), b"ours", "{round}");
            }
        }
    });
}

/// rustls says that it ends, and hears that we do.
#[test]
fn ends_with_rustls() {
    on_shard(|| {
        for suite in suites() {
            let (mut us, mut them) = Site::of(suite).with_rustls_client();
            them.0.send_close_notify();
            assert_eq!(hear(&mut us, &them.said()), OK, "{suite:?}");
            assert!(us.heard_end, "{suite:?}");
            us.say_end();
            them.open(&us.take_sealed()).unwrap();
            assert!(them.0.process_new_packets().unwrap().peer_has_closed(), "{suite:?}");
        }
        assert!(is_13(suite(TLS13)) && !is_13(suite(TLS12)));
    });
}
