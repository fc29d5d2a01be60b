//! What is kept, how much of it, and how long.

use proxy_config::model::Verify;

use super::*;

fn key(byte: u8) -> Key {
    Key { policy: PolicyDigest::new(Verify::None, &[], &[]), id: [byte; ID_LEN] }
}

#[test]
fn the_oldest_goes_first() {
    let cache = SessionCache::new(1, 300);
    assert!(cache.put(key(1), vec![1], 0));
    assert!(cache.put(key(2), vec![2], 0));
    assert_eq!(cache.get(&key(1), 0), None);
    assert_eq!(cache.get(&key(2), 0), Some(vec![2]));

    let mut part = Part::new(3);
    for byte in 1..=5 {
        part.put(Kept { key: key(byte), put_s: 0, state: vec![byte] });
    }
    let kept = |part: &Part| (1..=9).filter(|byte| part.places.contains_key(&key(*byte))).collect();
    let ids: Vec<u8> = kept(&part);
    assert_eq!(ids, [3, 4, 5]);
    assert!(part.take(&key(4)).is_some() && part.take(&key(4)).is_none());
    for byte in [6, 7] {
        part.put(Kept { key: key(byte), put_s: 0, state: vec![byte] });
    }
    let ids: Vec<u8> = kept(&part);
    assert_eq!(ids, [5, 6, 7]);
    assert_eq!(part.kept.len(), 3);
}

#[test]
fn no_more_are_kept_than_said() {
    for len_max in [0, 1, 2, 15, 16, 17, 100] {
        let cache = SessionCache::new(len_max, 300);
        for byte in 0..=255 {
            for last in 0..=255 {
                let mut key = key(byte);
                key.id[ID_LEN - 1] = last;
                assert_eq!(cache.put(key, vec![byte], 0), len_max > 0);
            }
        }
        let kept: usize = cache.parts.iter().map(|part| part.lock().unwrap().places.len()).sum();
        assert_eq!(kept, len_max);
    }
}

#[test]
fn a_session_is_taken_once_and_not_after_its_time() {
    let cache = SessionCache::new(100, 300);
    cache.put(key(1), vec![1], 1000);
    assert_eq!(cache.get(&key(1), 1299), Some(vec![1]));
    assert_eq!(cache.get(&key(1), 1300), None);
    assert_eq!(cache.get(&key(1), 0), None, "the clock was set back");
    assert_eq!(cache.take(&key(1), 1000), Some(vec![1]));
    assert_eq!(cache.take(&key(1), 1000), None);
    cache.put(key(1), vec![1], 1000);
    cache.put(key(1), vec![2], 1000);
    assert_eq!(cache.get(&key(1), 1000), Some(vec![2]));
}

#[test]
fn policies_do_not_see_one_another() {
    let cache = Arc::new(SessionCache::new(100, 300));
    let [one, other] = [Verify::None, Verify::Required].map(|verify| PolicySessions {
        cache: cache.clone(),
        policy: PolicyDigest::new(verify, &[], &[]),
        now_s: || 0,
    });
    assert!(one.put(vec![1; ID_LEN], vec![1]));
    assert_eq!(other.get(&[1; ID_LEN]), None);
    assert_eq!(other.take(&[1; ID_LEN]), None);
    assert_eq!(one.get(&[1; ID_LEN]), Some(vec![1]));
    assert_eq!(one.get(&[1; 31]), None);
    assert!(!one.put(vec![1; 33], vec![1]));
    assert!(
        !one.put(vec![2; ID_LEN], vec![1; STATE_LEN_MAX + 1]),
        "too much of the client's choice"
    );
}
