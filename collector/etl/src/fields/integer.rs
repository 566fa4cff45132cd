//! Integers, and all that they may stand for.

use super::text::windows_1252;
use super::{OutType, Value};
use crate::FileTime;
use core::net::{IpAddr, Ipv4Addr};
use std::borrow::Cow;

/// An integer as its in type says.
#[derive(Clone, Copy)]
pub(super) struct Integer {
    /// Not sign-extended.
    pub(super) bits: u64,
    /// 1, 2, 4 or 8.
    pub(super) bytes: usize,
    pub(super) style: Style,
}

#[derive(Clone, Copy)]
pub(super) enum Style {
    Signed,
    Unsigned,
    Hex,
}

/// Digits of a status, so that all are of one length.
const STATUS_DIGITS: u8 = 8;

impl Integer {
    /// The value it stands for.
    ///
    /// A little wider than the header's list: a meaning is accepted for signed, unsigned and hex
    /// types alike where the size is right.
    pub(super) fn value(self, out_type: OutType) -> Value<'static> {
        match (out_type, self.bytes) {
            (OutType::Text, 1 | 2) => Value::Text(Cow::Owned(self.character().to_string())),
            (OutType::Boolean, 1) => Value::Bool(self.bits != 0),
            (OutType::Hex | OutType::CodePointer, _) => Value::Hex { value: self.bits, digits: 1 },
            (OutType::Port, 2) => Value::Port(self.unit().swap_bytes()),
            (OutType::Ipv4, 4) => Value::Ip(IpAddr::V4(self.ipv4())),
            (OutType::NtStatus | OutType::HResult, 4) => {
                Value::Hex { value: self.bits, digits: STATUS_DIGITS }
            }
            (OutType::ProcessId | OutType::ThreadId | OutType::Win32Error, 4)
            | (OutType::Unsigned, _) => Value::U64(self.bits),
            (OutType::Signed, _) => Value::I64(self.signed()),
            (OutType::DateTime | OutType::DateTimeInvariant | OutType::DateTimeUtc, 8) => {
                Value::Time(FileTime(self.signed()))
            }
            _ => self.plain(),
        }
    }

    fn plain(self) -> Value<'static> {
        match self.style {
            Style::Signed => Value::I64(self.signed()),
            Style::Unsigned => Value::U64(self.bits),
            Style::Hex => Value::Hex { value: self.bits, digits: 1 },
        }
    }

    fn signed(self) -> i64 {
        match self.bits.to_le_bytes() {
            [a, ..] if self.bytes == 1 => i64::from(i8::from_le_bytes([a])),
            [a, b, ..] if self.bytes == 2 => i64::from(i16::from_le_bytes([a, b])),
            [a, b, c, d, ..] if self.bytes == 4 => i64::from(i32::from_le_bytes([a, b, c, d])),
            all => i64::from_le_bytes(all),
        }
    }

    /// The lowest two bytes.
    fn unit(self) -> u16 {
        let [low, high, ..] = self.bits.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    /// The four bytes in memory order are those on the wire.
    fn ipv4(self) -> Ipv4Addr {
        let [a, b, c, d, ..] = self.bits.to_le_bytes();
        Ipv4Addr::new(a, b, c, d)
    }

    /// Of one byte a Windows-1252 character, of two a UTF-16 unit.
    fn character(self) -> char {
        let [low, ..] = self.bits.to_le_bytes();
        if self.bytes == 1 {
            return windows_1252(low);
        }
        char::from_u32(u32::from(self.unit())).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}
