//! `ipmask`: the network of an address.

use std::net::IpAddr;

use super::super::sample::Sample;

/// An address of IPv4 in IPv6's clothes is one of IPv4. `None` without a mask for IPv6.
pub(super) fn mask<'a>(sample: Sample<'a>, v4: u32, v6: Option<u128>) -> Option<Sample<'a>> {
    Some(Sample::Ip(match sample.ip()?.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() & v4).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & v6?).into()),
    }))
}
