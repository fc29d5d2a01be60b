//! Addresses under masks: `ip`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proxy_config::model::rule::AddressPattern;

use super::keys::Place;
use super::segments::{Segments, Stretch};

/// The longest network wins; masks with holes come last, in their order, and only for IPv4, as in
/// HAProxy.
pub(super) struct Networks {
    v4: Segments<u32>,
    v6: Segments<u128>,
    holed: Box<[Holed]>,
}

struct Holed {
    address: u32,
    mask: u32,
    place: Place,
}

impl Networks {
    pub(super) fn new(patterns: impl Iterator<Item = (Place, AddressPattern)>) -> Self {
        let (mut v4, mut v6, mut holed) = (Vec::new(), Vec::new(), Vec::new());
        for (place, own) in patterns {
            match (own.address, own.mask) {
                (IpAddr::V4(address), IpAddr::V4(mask)) => {
                    let (address, mask) = (address.to_bits(), mask.to_bits());
                    if mask.leading_ones() + mask.trailing_zeros() < u32::BITS {
                        holed.push(Holed { address: address & mask, mask, place });
                    } else {
                        let from = address & mask;
                        let rank = mask.trailing_zeros();
                        v4.push(Stretch { from, to: from | !mask, rank, owner: place });
                    }
                }
                (IpAddr::V6(address), IpAddr::V6(mask)) => {
                    let (address, mask) = (address.to_bits(), mask.to_bits());
                    let from = address & mask;
                    let rank = mask.trailing_zeros();
                    v6.push(Stretch { from, to: from | !mask, rank, owner: place });
                }
                _ => {}
            }
        }
        Self { v4: Segments::new(&v4), v6: Segments::new(&v6), holed: holed.into() }
    }

    /// Networks of the address's own family are looked at first, then those of the other one in which
    /// it is written otherwise.
    pub(super) fn find(&self, address: IpAddr) -> Option<Place> {
        match address {
            IpAddr::V4(address) => self
                .v4
                .at(address.to_bits())
                .or_else(|| self.v6.at(address.to_ipv6_mapped().to_bits()))
                .or_else(|| self.find_holed(address)),
            IpAddr::V6(address) => self.v6.at(address.to_bits()).or_else(|| {
                let address = embedded(address)?;
                self.v4.at(address.to_bits()).or_else(|| self.find_holed(address))
            }),
        }
    }

    fn find_holed(&self, address: Ipv4Addr) -> Option<Place> {
        let address = address.to_bits();
        let found = self.holed.iter().find(|own| address & own.mask == own.address);
        found.map(|own| own.place)
    }
}

/// The address of IPv4 that one of IPv6 stands for: mapped, compatible (RFC 4291, section 2.5.5), or of
/// 6to4 (RFC 3056, section 2).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    match bits >> 32 {
        0 | 0xffff => Some(Ipv4Addr::from_bits(bits as u32)),
        _ if bits >> 112 == 0x2002 => Some(Ipv4Addr::from_bits((bits >> 80) as u32)),
        _ => None,
    }
}
