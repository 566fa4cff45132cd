//! Identifiers that are Weir's for good: GUIDs and names.

/// A GUID in the memory order of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
}

impl core::fmt::Display for Guid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = self.0;
        let (a, b) = (u32::from_le_bytes([a0, a1, a2, a3]), u16::from_le_bytes([b0, b1]));
        write!(f, "{{{a:08x}-{b:04x}-{:04x}-", u16::from_le_bytes([c0, c1]))?;
        for (place, byte) in rest.iter().enumerate() {
            let dash = if place == 2 { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        f.write_str("}")
    }
}

/// `EBPF_PROGRAM_TYPE_FLOW_CLASSIFY`.
pub const PROGRAM_TYPE: Guid =
    Guid::new(0xaa3c_cdea, 0x026e, 0x400a, 0x9fff, [0x50, 0x81, 0xc4, 0x4f, 0xc5, 0xa2]);

/// `EBPF_ATTACH_TYPE_STREAM_FLOW_CLASSIFY`.
pub const ATTACH_TYPE: Guid =
    Guid::new(0x01c6_f75e, 0x69dd, 0x4d49, 0xbf96, [0xc4, 0xcb, 0x80, 0xfe, 0x72, 0x46]);

/// The ETW provider; the standard hash of [`PROVIDER_NAME`].
pub const PROVIDER: Guid =
    Guid::new(0x35a3_33c2, 0x4a21, 0x5096, 0x9128, [0x14, 0x37, 0xb3, 0x60, 0x6b, 0x9a]);

/// Name of the ETW provider.
pub const PROVIDER_NAME: &str = "Weir.FlowClassify";

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
}
