//! Sets of any size held against plain comparisons, on random patterns and samples.

use proxy_config::model::rule::{AddressPattern, Match, Pattern, Range};

use super::super::keys::Place;
use super::super::set::{Kind, Set};
use crate::proto::testing::{Random, with_seeds};
use crate::rule::Arena;
use crate::rule::sample::Sample;

/// Which pattern was found, by its place among those written in a rule.
fn index_of(place: Place, patterns: &[Vec<u8>]) -> usize {
    let mut end = 0;
    let mut ends = patterns.iter().map(|pattern| {
        end += pattern.len() + 1;
        end
    });
    ends.position(|end| (place as usize) < end).unwrap()
}

const TEXT_METHODS: [Match; 7] =
    [Match::Str, Match::Beg, Match::End, Match::Sub, Match::Dir, Match::Dom, Match::Bin];

fn kind(method: Match, any_case: bool) -> Kind {
    Kind { method, any_case, has_groups: false }
}

fn random_text(random: &mut Random, len_max: usize) -> Vec<u8> {
    let len = random.below(len_max + 1);
    (0..len).map(|_| b"abB./?:"[random.below(7)]).collect()
}

fn words(text: &[u8], delimiters: &[u8]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, byte) in text.iter().enumerate() {
        match (delimiters.contains(byte), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| (from, text.len())));
    words
}

fn is_words_of(text: &[u8], pattern: &[u8], delimiters: &[u8]) -> bool {
    let own = words(pattern, delimiters);
    let (Some((from, _)), Some((_, to))) = (own.first(), own.last()) else { return false };
    let all = words(text, delimiters);
    all.iter().any(|(start, _)| {
        all.iter().any(|(_, end)| text.get(*start..*end) == Some(&pattern[*from..*to]))
    })
}

/// The pattern that should win.
fn expected(method: Match, patterns: &[Vec<u8>], text: &[u8]) -> Option<usize> {
    let is_match = |pattern: &[u8]| match method {
        Match::Beg => text.starts_with(pattern),
        Match::End => text.ends_with(pattern),
        Match::Sub => (0..=text.len())
            .any(|at| text[at..].len() >= pattern.len() && text[at..].starts_with(pattern)),
        Match::Dir => is_words_of(text, pattern, b"/?"),
        Match::Dom => is_words_of(text, pattern, b"/?.:"),
        _ => text == pattern,
    };
    let mut winner: Option<usize> = None;
    for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| is_match(pattern)) {
        let is_longer = winner.is_some_and(|other| pattern.len() > patterns[other].len());
        if winner.is_none() || method == Match::Beg && is_longer {
            winner = Some(index);
        }
    }
    winner
}

#[test]
fn texts_are_found_as_by_comparing_each() {
    with_seeds(3000, |random| {
        let method = TEXT_METHODS[random.below(TEXT_METHODS.len())];
        let any_case = random.one_in(3);
        let (count, len_max) = (1 + random.below(40), 1 + random.below(7));
        let patterns: Vec<_> = (0..count).map(|_| random_text(random, len_max)).collect();
        let own = |pattern: &Vec<u8>| Pattern::Bytes(pattern.as_slice().into());
        let set =
            Set::of_rule(kind(method, any_case), &patterns.iter().map(own).collect::<Vec<_>>());
        let set = set.unwrap();
        let fold = |text: &Vec<u8>| if any_case { text.to_ascii_lowercase() } else { text.clone() };
        let folded: Vec<_> = patterns.iter().map(fold).collect();
        for _ in 0..20 {
            let text = random_text(random, 12);
            let found = set.find(Sample::Str(&text), &Arena::default());
            let found = found.map(|place| index_of(place, &patterns));
            let expected = expected(method, &folded, &fold(&text));
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(found, expected, "{method:?} {any_case} {shown} of {patterns:?}");
        }
    });
}

#[test]
fn expressions_are_found_as_by_trying_each() {
    const PARTS: [&str; 8] = ["a", "b", ".", "^", "$", "a?", "[ab]", "(b|.a)"];
    with_seeds(150, |random| {
        let count = 1 + random.below(12);
        let pattern = |random: &mut Random| -> String {
            (0..=random.below(3)).map(|_| PARTS[random.below(PARTS.len())]).collect()
        };
        let patterns: Vec<_> = (0..count).map(|_| pattern(random)).collect();
        let texts: Vec<_> = patterns.iter().map(|text| text.as_bytes().to_vec()).collect();
        let own = |text: &String| Pattern::Bytes(text.as_bytes().into());
        let inline: Vec<_> = patterns.iter().map(own).collect();
        let set = Set::of_rule(kind(Match::Reg, false), &inline).unwrap();
        let each: Vec<_> =
            patterns.iter().map(|text| regex::bytes::Regex::new(text).unwrap()).collect();
        for _ in 0..20 {
            let text = random_text(random, 6);
            let found = set.find(Sample::Str(&text), &Arena::default());
            let found = found.map(|place| index_of(place, &texts));
            let expected = each.iter().position(|regex| regex.is_match(&text));
            assert_eq!(found, expected, "{text:?} of {patterns:?}");
            assert_eq!(set.matches(Sample::Str(&text), &Arena::default()), expected.is_some());
        }
    });
}

#[test]
fn numbers_are_found_as_by_comparing_each() {
    const EXTREMES: [i64; 4] = [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX];
    fn random_number(random: &mut Random) -> i64 {
        if random.one_in(12) { EXTREMES[random.below(4)] } else { random.below(40) as i64 - 20 }
    }
    with_seeds(1000, |random| {
        let range = |random: &mut Random| {
            let (min, max) = (random_number(random), random_number(random));
            Range { min, max }
        };
        let ranges: Vec<_> = (0..=random.below(20)).map(|_| range(random)).collect();
        let patterns: Vec<_> = ranges.iter().copied().map(Pattern::Range).collect();
        let set = Set::of_rule(kind(Match::Int, false), &patterns).unwrap();
        for _ in 0..20 {
            let number = random_number(random);
            let found =
                set.find(Sample::Int(number), &Arena::default()).map(|index| index as usize);
            let expected = ranges.iter().position(|own| own.min <= number && number <= own.max);
            assert_eq!(found, expected, "{number} of {ranges:?}");
        }
    });
}

#[test]
fn networks_are_found_as_by_comparing_each() {
    with_seeds(1000, |random| {
        // Few bits that differ, at both ends, so that networks nest.
        let address = |random: &mut Random| (random.below(4) as u32) << 30 | random.below(8) as u32;
        let lens = [0, 1, 2, 8, 29, 30, 31, 32];
        let network = |random: &mut Random| {
            let len = lens[random.below(lens.len())];
            (address(random), len)
        };
        let networks: Vec<_> = (0..=random.below(20)).map(|_| network(random)).collect();
        let mask = |len: u32| u32::MAX.checked_shl(32 - len).unwrap_or(0);
        let wide = |bits: u32| std::net::Ipv6Addr::from_bits(u128::from(bits) << 64).into();
        for is_v6 in [false, true] {
            let pattern = |(address, len): &(u32, u32)| {
                let (address, mask) = (*address, mask(*len));
                Pattern::Ip(if is_v6 {
                    // The upper half of it is fixed.
                    let mask = u128::from(mask) << 64 | u128::from(u32::MAX) << 96;
                    let mask = std::net::Ipv6Addr::from_bits(mask).into();
                    AddressPattern { address: wide(address), mask }
                } else {
                    let address = std::net::Ipv4Addr::from_bits(address).into();
                    AddressPattern { address, mask: std::net::Ipv4Addr::from_bits(mask).into() }
                })
            };
            let patterns: Vec<_> = networks.iter().map(pattern).collect();
            let set = Set::of_rule(kind(Match::Ip, false), &patterns).unwrap();
            for _ in 0..20 {
                let own = address(random);
                let sample =
                    if is_v6 { wide(own) } else { std::net::Ipv4Addr::from_bits(own).into() };
                let found = set.find(Sample::Ip(sample), &Arena::default());
                let holds =
                    |(_, (address, len)): &(usize, &(u32, u32))| (own ^ address) & mask(*len) == 0;
                let fitting = networks.iter().enumerate().filter(holds);
                let expected = fitting.min_by_key(|(index, (_, len))| (32 - len, *index));
                let expected = expected.map(|(index, _)| index as u32);
                assert_eq!(found, expected, "{sample} of {networks:?}");
            }
        }
    });
}
