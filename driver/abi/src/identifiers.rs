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
    Guid::new(0x503c_a1de, 0xcab8, 0x414c, 0x894f, [0x8a, 0xf3, 0x12, 0xd4, 0x9c, 0xbf]);

/// The sublayer of the driver's filters.
pub const SUBLAYER: Guid =
    Guid::new(0x3a27_1ff3, 0x75f9, 0x4a7c, 0xbae4, [0x28, 0x31, 0xda, 0x61, 0x1b, 0x3a]);

/// The callouts: flow established for IPv4 and IPv6, stream for IPv4 and IPv6.
pub const CALLOUTS: [Guid; 4] = [
    Guid::new(0xa547_5ab1, 0x7230, 0x4d26, 0xb361, [0x12, 0xc5, 0xcd, 0x3f, 0x47, 0x5e]),
    Guid::new(0x204a_f7df, 0x8100, 0x41af, 0xa0c1, [0x2f, 0xd0, 0x7c, 0x14, 0x30, 0xdc]),
    Guid::new(0xe3ea_7d5d, 0x350c, 0x4c06, 0x8946, [0x36, 0xd1, 0xf8, 0x12, 0x9e, 0xcd]),
    Guid::new(0x0107_5d34, 0x85c2, 0x4af6, 0x9c28, [0xdb, 0xec, 0x44, 0x15, 0x2c, 0x27]),
];

/// The filters, in the order of [`CALLOUTS`].
pub const FILTERS: [Guid; 4] = [
    Guid::new(0x0173_4590, 0x378f, 0x49a5, 0x9024, [0x53, 0x2c, 0x97, 0x9f, 0x2c, 0x25]),
    Guid::new(0x6093_fb6f, 0x957d, 0x44a1, 0x810f, [0x20, 0xf4, 0x32, 0x02, 0x35, 0x67]),
    Guid::new(0x588b_c478, 0xbbfc, 0x4124, 0xa80d, [0x08, 0x7f, 0x05, 0x6e, 0x81, 0xd2]),
    Guid::new(0x052e_c4e1, 0xab94, 0x4d72, 0xa780, [0xb5, 0x0c, 0xe6, 0x90, 0x7e, 0xb1]),
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
