//! Identifiers that are Weir's for good: GUIDs and names.

use crate::metadata::{provider_traits, provider_traits_bytes};

/// A GUID in the memory order, and with the alignment, of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C, align(4))]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// A GUID from the four groups of its usual text form and its last six bytes.
    #[must_use]
    pub const fn new(a: u32, b: u16, c: u16, d: u16, last: [u8; 6]) -> Self {
        let [a0, a1, a2, a3] = a.to_le_bytes();
        let ([b0, b1], [c0, c1], [d0, d1]) = (b.to_le_bytes(), c.to_le_bytes(), d.to_be_bytes());
        let [e0, e1, e2, e3, e4, e5] = last;
        Self([a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, e0, e1, e2, e3, e4, e5])
    }

    /// Reads the usual text form, in braces or not, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        let mut groups = inner.unwrap_or(text).split('-');
        let mut group = |digits: usize| {
            let group = groups.next().filter(|it| it.len() == digits)?;
            let is_hex = group.bytes().all(|it| it.is_ascii_hexdigit());
            if is_hex { u64::from_str_radix(group, 16).ok() } else { None }
        };
        let (a, b, c) = (group(8)?, group(4)?, group(4)?);
        let (d, [_, _, last @ ..]) = (group(4)?, group(12)?.to_be_bytes());
        let small = |group: u64| u16::try_from(group).ok();
        let guid = Self::new(u32::try_from(a).ok()?, small(b)?, small(c)?, small(d)?, last);
        if groups.next().is_some() { None } else { Some(guid) }
    }

    /// The text form without braces, as JSON and tables have it.
    #[must_use]
    pub const fn bare(&self) -> BareGuid {
        BareGuid(*self)
    }
}

/// A [`Guid`] that prints without braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BareGuid(Guid);

impl core::fmt::Display for BareGuid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = self.0.0;
        let (a, b) = (u32::from_le_bytes([a0, a1, a2, a3]), u16::from_le_bytes([b0, b1]));
        write!(f, "{a:08x}-{b:04x}-{:04x}-", u16::from_le_bytes([c0, c1]))?;
        for (place, byte) in rest.iter().enumerate() {
            let dash = if place == 2 { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl core::fmt::Display for Guid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{{{}}}", self.bare())
    }
}

/// `EBPF_PROGRAM_TYPE_FLOW_CLASSIFY`.
pub const PROGRAM_TYPE: Guid =
    Guid::new(0xaa3c_cdea, 0x026e, 0x400a, 0x9fff, [0x50, 0x81, 0xc4, 0x4f, 0xc5, 0xa2]);

/// `EBPF_ATTACH_TYPE_STREAM_FLOW_CLASSIFY`.
pub const ATTACH_TYPE: Guid =
    Guid::new(0x01c6_f75e, 0x69dd, 0x4d49, 0xbf96, [0xc4, 0xcb, 0x80, 0xfe, 0x72, 0x46]);

/// The provider of the driver's objects in the Windows Filtering Platform.
pub const WFP_PROVIDER: Guid =
    Guid::new(0x22fa_64d4, 0xda7c, 0x4318, 0xa6a6, [0x90, 0x43, 0xbd, 0x51, 0xa5, 0xad]);

/// The sublayer of the driver's filters.
pub const SUBLAYER: Guid =
    Guid::new(0x9cc0_db5c, 0x53e4, 0x4f13, 0x9552, [0xd9, 0xb5, 0x16, 0xca, 0xb8, 0xe6]);

/// The callouts: flow established for IPv4 and IPv6, stream for IPv4 and IPv6.
pub const CALLOUTS: [Guid; 4] = [
    Guid::new(0x5814_b9b6, 0xdccf, 0x4eb7, 0xb49d, [0xdb, 0x1d, 0xd6, 0xa9, 0x3d, 0xa5]),
    Guid::new(0x515e_85c9, 0x5e0f, 0x47e5, 0xac04, [0xb3, 0x32, 0x96, 0xb7, 0x69, 0x18]),
    Guid::new(0xf431_4231, 0x5368, 0x41ad, 0xb42c, [0x04, 0x91, 0x9f, 0x82, 0xee, 0xf6]),
    Guid::new(0x3d0f_4d37, 0x0e08, 0x4f3e, 0xbbc8, [0x4e, 0x57, 0xd0, 0x22, 0xd0, 0x80]),
];

/// The filters, in the order of [`CALLOUTS`].
pub const FILTERS: [Guid; 4] = [
    Guid::new(0x9680_c327, 0x7e03, 0x4d18, 0xa051, [0xec, 0x49, 0x54, 0x63, 0x22, 0x71]),
    Guid::new(0x0675_4d47, 0x6898, 0x49f6, 0xb09e, [0xf1, 0xb2, 0x7c, 0x5e, 0x1b, 0xac]),
    Guid::new(0xc648_7948, 0x87a5, 0x4fcf, 0xade6, [0x16, 0x37, 0x4c, 0xfe, 0x3d, 0xa8]),
    Guid::new(0x315c_ef57, 0x2f4c, 0x43df, 0x9fd8, [0xa9, 0xaf, 0xe5, 0x3a, 0xdc, 0xe5]),
];

/// The ETW provider; the standard hash of [`PROVIDER_NAME`].
pub const PROVIDER: Guid =
    Guid::new(0x35a3_33c2, 0x4a21, 0x5096, 0x9128, [0x14, 0x37, 0xb3, 0x60, 0x6b, 0x9a]);

/// Name of the ETW provider.
pub const PROVIDER_NAME: &str = "Weir.FlowClassify";

/// What a self-describing event says of its provider.
pub const PROVIDER_TRAITS: &[u8] =
    &provider_traits::<{ provider_traits_bytes(PROVIDER_NAME) }>(PROVIDER_NAME);

/// Programs are found by this prefix of their ELF section's name.
pub const SECTION_PREFIX: &str = "flow_classify";

/// Where the collector listens unless told otherwise. The port stands in no public register yet.
pub const LISTEN_ADDRESS: &str = "127.0.0.1:10061";

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn guids_print_as_windows_writes_them() {
        assert_eq!(PROVIDER.to_string(), "{35a333c2-4a21-5096-9128-1437b3606b9a}");
        assert_eq!(ATTACH_TYPE.to_string(), "{01c6f75e-69dd-4d49-bf96-c4cb80fe7246}");
        assert_eq!(PROGRAM_TYPE.to_string(), "{aa3ccdea-026e-400a-9fff-5081c44fc5a2}");
    }

    #[test]
    fn guids_are_read_as_they_are_written() {
        for guid in [PROVIDER, ATTACH_TYPE, PROGRAM_TYPE] {
            assert_eq!(Guid::parse(&guid.to_string()), Some(guid));
            assert_eq!(Guid::parse(&guid.bare().to_string().to_uppercase()), Some(guid));
        }
        for wrong in [
            "",
            "{35a333c2-4a21-5096-9128-1437b3606b9a",
            "35a333c2-4a21-5096-9128-1437b3606b9",
            "35a333c2-4a21-5096-9128-1437b3606b9a-",
            "+5a333c2-4a21-5096-9128-1437b3606b9a",
            "35a333c24a21-5096-9128-1437-b3606b9a",
        ] {
            assert_eq!(Guid::parse(wrong), None, "{wrong}");
        }
    }
}
