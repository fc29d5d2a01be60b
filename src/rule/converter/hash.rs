//! Hashes that are numbers, equal to HAProxy's bit for bit.

use proxy_config::model::rule::Hash;

/// The 32-bit ones are never negative; the 64-bit ones are signed.
pub(super) fn of(hash: Hash, bytes: &[u8]) -> i64 {
    match hash {
        Hash::Crc32 { avalanche } => narrow(crc(&CRC32, bytes), avalanche),
        Hash::Crc32c { avalanche } => narrow(crc(&CRC32C, bytes), avalanche),
        Hash::Djb2 { avalanche } => narrow(djb2(bytes), avalanche),
        Hash::Sdbm { avalanche } => narrow(sdbm(bytes), avalanche),
        Hash::Wt6 { avalanche } => narrow(wt6(bytes), avalanche),
        Hash::Xxh32 { seed } => i64::from(xxhash_rust::xxh32::xxh32(bytes, seed)),
        Hash::Xxh64 { seed } => xxhash_rust::xxh64::xxh64(bytes, seed) as i64,
        Hash::Xxh3 { seed } => xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed) as i64,
    }
}

fn narrow(hash: u32, avalanche: bool) -> i64 {
    i64::from(if avalanche { mixed(hash) } else { hash })
}

/// Bob Jenkins' integer hash with six shifts, and a prime of three quarters of 2^32 behind it.
fn mixed(hash: u32) -> u32 {
    let mut hash = hash;
    hash = hash.wrapping_add(0x7ed5_5d16).wrapping_add(hash << 12);
    hash = hash ^ 0xc761_c23c ^ (hash >> 19);
    hash = hash.wrapping_add(0x1656_67b1).wrapping_add(hash << 5);
    hash = hash.wrapping_add(0xd3a2_646c) ^ (hash << 9);
    hash = hash.wrapping_add(0xfd70_46c5).wrapping_add(hash << 3);
    hash = hash ^ 0xb55a_4f09 ^ (hash >> 16);
    hash.wrapping_mul(3_221_225_473)
}

/// That of Ethernet and gzip.
static CRC32: [u32; 256] = crc_table(0xedb8_8320);
/// Castagnoli's (RFC 9260, appendix A).
static CRC32C: [u32; 256] = crc_table(0x82f6_3b78);

const fn crc_table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ polynomial } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

fn crc(table: &[u32; 256], bytes: &[u8]) -> u32 {
    let step = |value: u32, byte: &u8| table[usize::from(value as u8 ^ byte)] ^ value >> 8;
    !bytes.iter().fold(u32::MAX, step)
}

/// Bernstein's: times 33.
fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

/// Of the database library sdbm: times 65599.
fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |hash, byte| hash.wrapping_mul(65_599).wrapping_add(u32::from(*byte)))
}

/// Willy Tarreau's: two words that turn by each other's bits.
fn wt6(bytes: &[u8]) -> u32 {
    let (mut first, mut second) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut first_turn, mut second_turn) = (6, 18);
    for byte in bytes {
        let byte = u32::from(*byte);
        first = !(first ^ byte);
        second = !second.wrapping_add(byte);
        (first, second) = (second.rotate_left(first_turn), first.rotate_left(second_turn));
        let turns = (first >> 16 ^ second) & 0xffff;
        first_turn = turns & 31;
        second_turn = turns >> 11;
    }
    first ^ second
}
