//! What kernel functions return.

/// An `NTSTATUS`: success and information are not negative, warnings and errors are.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
#[must_use]
pub struct NtStatus(pub i32);

impl NtStatus {
    /// `STATUS_SUCCESS`.
    pub const SUCCESS: Self = Self(0);
    /// `STATUS_INVALID_PARAMETER`, 0xC000000D.
    pub const INVALID_PARAMETER: Self = Self::of(0xC000_000D);

    /// A status by the number that headers write it with.
    const fn of(number: u32) -> Self {
        Self(i32::from_le_bytes(number.to_le_bytes()))
    }

    /// What `NT_SUCCESS` asks.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 >= 0
    }

    /// A result of it.
    ///
    /// # Errors
    /// Where it is a warning or an error.
    pub const fn ok(self) -> Result<(), Self> {
        if self.is_success() { Ok(()) } else { Err(self) }
    }
}
