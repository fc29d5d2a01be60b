//! Rotation, files, and what a ticket is good for.

use proxy_config::model::Verify;

use super::*;
use crate::tls::client_auth::PolicyDigest;
use crate::tls::ticket_key::Opened;

fn sealed(keys: &TicketKeys, now_s: u64) -> Vec<u8> {
    let opened = Opened { sealed_s: now_s, state: b"state".to_vec() };
    keys.sealing(now_s).unwrap().seal(&policy(Verify::None), &opened).unwrap()
}

fn policy(verify: Verify) -> PolicyDigest {
    PolicyDigest::new(verify, &[], &[])
}

fn opens(keys: &TicketKeys, ticket: &[u8], now_s: u64) -> bool {
    let key = keys.opening(ticket, now_s);
    key.and_then(|key| key.open(&policy(Verify::None), ticket)).is_some()
}

#[test]
fn keys_change_each_lifetime_and_the_former_still_opens() {
    let keys = TicketKeys::rotating(300, 1000).unwrap();
    let first = sealed(&keys, 1299);
    assert!(opens(&keys, &first, 1300));
    let second = sealed(&keys, 1300);
    assert_ne!(first[..16], second[..16]);
    assert!(opens(&keys, &first, 1599));
    assert!(!opens(&keys, &first, 1600), "two keys later");
    assert!(opens(&keys, &second, 1600));
    assert!(!opens(&keys, &second, 5000), "nobody asked for long");
    let third = sealed(&keys, 5000);
    assert!(!opens(&keys, &third, 10), "the clock was set back far");
}

#[test]
fn a_ticket_is_whole_and_of_its_policy_or_nothing() {
    let keys = TicketKeys::rotating(300, 0).unwrap();
    let ticket = sealed(&keys, 0);
    let key = keys.opening(&ticket, 0).unwrap();
    let opened = key.open(&policy(Verify::None), &ticket).unwrap();
    assert_eq!((opened.sealed_s, &opened.state[..]), (0, &b"state"[..]));
    assert!(key.open(&policy(Verify::Required), &ticket).is_none());
    assert_ne!(ticket, sealed(&keys, 0));
    for at in 0..ticket.len() {
        let mut other = ticket.clone();
        other[at] ^= 1;
        assert!(key.open(&policy(Verify::None), &other).is_none(), "{at}");
        assert!(key.open(&policy(Verify::None), &ticket[..at]).is_none(), "{at}");
    }
}

#[test]
fn a_file_has_at_least_three_good_keys() {
    let path = std::env::temp_dir().join(format!("corelane-ticket-keys-{}", std::process::id()));
    let [one, two, three] = [1, 2, 3].map(|byte| STANDARD.encode([byte; 80]));
    let short = STANDARD.encode([4; 48]);
    let cases = [
        (format!("{one}\n{two}\n\n  {three}\n"), Ok(2)),
        (format!("{one}\r\n{two}\n{three}\n{short}"), Ok(3)),
        (format!("{one}\n{two}\n"), Err("has 2 keys; at least 3 are needed")),
        (
            format!("{one}\n\n{}\n", STANDARD.encode([4; 49])),
            Err("line 3 is not the base64 of 48 or 80 random bytes"),
        ),
        ("\u{fffd}".into(), Err("line 1 is not the base64 of 48 or 80 random bytes")),
    ];
    for (text, expected) in cases {
        std::fs::write(&path, &text).unwrap();
        let read = TicketKeys::read(&path);
        let used = read.map(|keys| sealed(&keys, 0)[0]);
        assert_eq!(used, expected.map_err(str::to_owned), "{text}");
    }
    std::fs::remove_file(&path).unwrap();
}
