//! The driver's parameters in the registry: values of the key `Parameters` below its service's.

use crate::NtStatus;
use crate::ffi::zw::{
    KEY_READ, KEY_VALUE_PARTIAL_INFORMATION_CLASS, KeyValuePartialInformation,
    OBJ_CASE_INSENSITIVE, OBJ_KERNEL_HANDLE, ObjectAttributes, REG_DWORD, REG_SZ, ZwClose,
    ZwOpenKey, ZwQueryValueKey,
};
use crate::object::UnicodeString;
use core::ffi::c_void;
use core::mem::{offset_of, size_of};
use core::ptr::null_mut;

/// UTF-16 units of the longest name and value that is read.
const UNITS_MAX: usize = 32;

/// An open key, closed when it is dropped.
#[derive(Debug)]
pub struct Key {
    /// From `ZwOpenKey`.
    handle: *mut c_void,
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Absent,
    /// A number.
    Number(u32),
    /// A short text of ASCII letters, in lower case, padded with zeros.
    Word([u8; UNITS_MAX]),
    /// Something else.
    Other,
}

/// UTF-16 of a short ASCII name.
fn utf16(name: &str) -> ([u16; UNITS_MAX], u16) {
    let mut units = [0; UNITS_MAX];
    let mut count = 0_u16;
    for (unit, byte) in units.iter_mut().zip(name.bytes()) {
        *unit = u16::from(byte);
        count = count.saturating_add(2);
    }
    (units, count)
}

fn unicode(units: &mut [u16], bytes: u16) -> UnicodeString {
    UnicodeString { length: bytes, maximum_length: bytes, buffer: units.as_mut_ptr() }
}

impl Key {
    /// Opens the key `Parameters` below a service's key.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What the registry says; most often that there is no such key.
    pub fn open(service: &ServiceKey<'_>) -> Result<Self, NtStatus> {
        let parent = Self::open_at(null_mut(), service.0)?;
        let (mut units, bytes) = utf16("Parameters");
        let name = unicode(&mut units, bytes);
        Self::open_at(parent.handle, &name)
    }

    fn open_at(parent: *mut c_void, name: &UnicodeString) -> Result<Self, NtStatus> {
        let attributes = ObjectAttributes {
            length: u32::try_from(size_of::<ObjectAttributes>()).unwrap_or(0),
            root_directory: parent,
            object_name: &raw const *name,
            attributes: OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
            security_descriptor: null_mut(),
            security_quality_of_service: null_mut(),
        };
        let mut handle = null_mut();
        // SAFETY: the attributes and what they point to live during the call; `handle` has room.
        let status = unsafe { ZwOpenKey(&raw mut handle, KEY_READ, &raw const attributes) };
        status.ok()?;
        Ok(Self { handle })
    }

    /// Reads a value.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    #[must_use]
    pub fn read(&self, name: &str) -> Value {
        const HEAD: usize = offset_of!(KeyValuePartialInformation, data);
        let (mut units, bytes) = utf16(name);
        let name = unicode(&mut units, bytes);
        // Aligned as the structure is; longer values are told as an overflow, and are "other".
        let mut out = [0_u32; (HEAD + UNITS_MAX * 2) / 4];
        let mut written = 0;
        let room = u32::try_from(size_of_val(&out)).unwrap_or(0);
        // SAFETY: name and buffer live during the call, which writes at most `room` bytes.
        let status = unsafe {
            ZwQueryValueKey(
                self.handle,
                &raw const name,
                KEY_VALUE_PARTIAL_INFORMATION_CLASS,
                out.as_mut_ptr().cast(),
                room,
                &raw mut written,
            )
        };
        if status == NtStatus::OBJECT_NAME_NOT_FOUND {
            return Value::Absent;
        }
        // Title index, type, length, then the data.
        let ([_, kind, length, data @ ..], true) = (&out, status.is_success()) else {
            return Value::Other;
        };
        match (*kind, *length, data) {
            (REG_DWORD, 4, [number, ..]) => Value::Number(*number),
            (REG_SZ, length, data) => word(data, length),
            _ => Value::Other,
        }
    }
}

/// The word of a `REG_SZ`.
fn word(data: &[u32], length: u32) -> Value {
    let mut out = [0; UNITS_MAX];
    let units = data.iter().flat_map(|pair| {
        let [a, b, c, d] = pair.to_le_bytes();
        [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
    });
    let count = usize::try_from(length / 2).unwrap_or(0);
    for (byte, unit) in out.iter_mut().zip(units.take(count).take_while(|unit| *unit != 0)) {
        match u8::try_from(unit) {
            Ok(ascii) if ascii.is_ascii_alphabetic() => *byte = ascii.to_ascii_lowercase(),
            _ => return Value::Other,
        }
    }
    Value::Word(out)
}

impl Value {
    /// Whether it is this word of lower-case letters.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        let Self::Word(bytes) = self else { return false };
        let padded = word.bytes().chain(core::iter::repeat(0));
        bytes.iter().copied().zip(padded).all(|(is, wanted)| is == wanted)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: opened by `open_at`, and not used after this.
        let _always_closes = unsafe { ZwClose(self.handle) };
    }
}

/// The path of the service's key, as `DriverEntry` got it.
#[derive(Clone, Copy, Debug)]
pub struct ServiceKey<'a>(pub(crate) &'a UnicodeString);
