//! The values that come out of a payload.

use super::{Sid, SystemTime};
use crate::{FileTime, Guid};
use core::net::{IpAddr, SocketAddr};
use core::ops::Deref;
use std::borrow::Cow;

/// A value, as its in type and out type say. Text and bytes are borrowed from the payload where
/// they can be.
///
/// `Display` writes what `Serialize` does, without the quotes; text is not escaped, so whoever
/// writes to a terminal cleans it first.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value: of the type that has no bytes.
    Null,
    /// True or false.
    Bool(bool),
    /// A number with a sign.
    I64(i64),
    /// A number without a sign; also process and thread numbers and Win32 errors.
    U64(u64),
    /// A number that is read in hexadecimal: hex types, addresses, statuses.
    Hex {
        /// The number.
        value: u64,
        /// At least so many digits are shown; 8 for statuses, else 1.
        digits: u8,
    },
    /// Single precision.
    F32(f32),
    /// Double precision.
    F64(f64),
    /// Text, a character, or an array of characters. A NUL within counted text is kept.
    Text(Cow<'a, str>),
    /// Bytes.
    Binary(&'a [u8]),
    /// A GUID.
    Guid(Guid),
    /// A time stamp.
    Time(FileTime),
    /// A date and time of day.
    SystemTime(SystemTime),
    /// A user, group or other account.
    Sid(Sid<'a>),
    /// An address without a port.
    Ip(IpAddr),
    /// A TCP or UDP port.
    Port(u16),
    /// An address and a port.
    SocketAddress(SocketAddr),
    /// The elements of an array.
    Array(Vec<Self>),
    /// The fields of a structure.
    Struct(Fields<'a>),
}

/// A value and its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'a> {
    /// The name; its siblings have others.
    pub name: &'a str,
    /// The value.
    pub value: Value<'a>,
}

/// Fields in their order: an event's or a structure's. Serialized as one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields<'a>(pub Vec<Field<'a>>);

impl<'a> Fields<'a> {
    /// The value of the field of this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|field| field.name == name).map(|field| &field.value)
    }
}

impl<'a> Deref for Fields<'a> {
    type Target = [Field<'a>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
