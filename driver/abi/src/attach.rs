//! What a program is attached with: nothing, a compartment, or a structure with a label.
//!
//! Any compartment and no label is the default. A number of 4 bytes is a compartment, as other
//! extensions of eBPF for Windows take it.
//! Source: microsoft/ebpf-for-windows, netebpfext/net_ebpf_ext_hook_provider.c (client data of 4
//! bytes is a compartment id; read 2026-11)

use crate::wire::{TEXT_BYTES_MAX, Text};

/// Version of [`AttachParameters`].
pub const ATTACH_VERSION: u16 = 1;

/// `weir_attach_parameters_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct AttachParameters {
    /// [`ATTACH_VERSION`].
    pub version: u16,
    /// Bytes of the structure.
    pub size: u16,
    /// Compartment whose flows the program sees; 0 for any.
    pub compartment_id: u32,
    /// UTF-8 of at most 63 bytes, NUL after the last; begins with one where there is no label.
    pub label: [u8; TEXT_BYTES_MAX + 1],
}

/// An attach parameter, understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttachParameter {
    /// Compartment whose flows the program sees; 0 for any.
    pub compartment_id: u32,
    /// Label; empty for none.
    pub label: Text,
}

impl AttachParameter {
    /// Reads a parameter of any bytes; `None` where it is none of the three forms.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [] => Some(Self::default()),
            [a, b, c, d] => {
                let compartment_id = u32::from_le_bytes([*a, *b, *c, *d]);
                Some(Self { compartment_id, label: Text::EMPTY })
            }
            _ => Self::parse_structure(bytes),
        }
    }

    fn parse_structure(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first_chunk::<2>()?;
        let (size, rest) = rest.split_first_chunk::<2>()?;
        let (compartment, label) = rest.split_first_chunk::<4>()?;
        let size = usize::from(u16::from_le_bytes(*size));
        let is_known = u16::from_le_bytes(*version) == ATTACH_VERSION
            && size == size_of::<AttachParameters>()
            && size == bytes.len();
        let end = label.iter().position(|byte| *byte == 0)?;
        let label = core::str::from_utf8(label.get(..end)?).ok()?;
        let is_shown = !label.chars().any(char::is_control);
        let (compartment_id, label) = (u32::from_le_bytes(*compartment), Text::new(label)?);
        (is_known && is_shown).then_some(Self { compartment_id, label })
    }

    /// The structure's bytes, for whoever attaches.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; size_of::<AttachParameters>()] {
        let mut out = [0; size_of::<AttachParameters>()];
        let [version_low, version_high] = ATTACH_VERSION.to_le_bytes();
        // 72 bytes.
        let head = [version_low, version_high, 72, 0];
        let compartment = self.compartment_id.to_le_bytes();
        let label = self.label.as_str().bytes();
        let bytes = head.into_iter().chain(compartment).chain(label);
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = from;
        }
        out
    }
}

const _: () = assert!(size_of::<AttachParameters>() == 72);

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(label: &str) -> [u8; 72] {
        AttachParameter { compartment_id: 7, label: Text::new(label).unwrap() }.to_bytes()
    }

    #[test]
    fn each_of_the_three_forms_is_understood() {
        assert_eq!(AttachParameter::parse(&[]), Some(AttachParameter::default()));
        let compartment = AttachParameter::parse(&[3, 1, 0, 0]).unwrap();
        assert_eq!((compartment.compartment_id, compartment.label), (0x103, Text::EMPTY));
        let longest = "x".repeat(63);
        for label in ["", "sni", "förster", longest.as_str()] {
            let read = AttachParameter::parse(&labelled(label)).unwrap();
            assert_eq!((read.compartment_id, read.label.as_str()), (7, label));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let good = labelled("sni");
        for (at, byte) in [(0, 2), (1, 1), (2, 71), (3, 1), (8, 0xff), (9, b'\n')] {
            let mut bad = good;
            bad[at] = byte;
            assert_eq!(AttachParameter::parse(&bad), None, "byte {at} is {byte}");
        }
        for length in 1..good.len() {
            let is_compartment = length == 4;
            assert_eq!(AttachParameter::parse(&good[..length]).is_some(), is_compartment);
        }
        let mut endless = good;
        endless[8..].fill(b'x');
        assert_eq!(AttachParameter::parse(&endless), None, "no NUL");
        assert_eq!(AttachParameter::parse(&[good.as_slice(), &[0]].concat()), None, "longer");
    }
}
