//! What kernel functions return.

/// An `NTSTATUS`: success and information are not negative, warnings and errors are.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
#[must_use]
pub struct NtStatus(pub i32);

/// Numbers are those of ntstatus.h.
///
/// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref, 2.3.1, and
/// microsoft/windows-rs, `Win32_Foundation` (read 2026-11)
impl NtStatus {
    /// `STATUS_SUCCESS`.
    pub const SUCCESS: Self = Self(0);
    /// `STATUS_PENDING`: it is being done.
    pub const PENDING: Self = Self::of(0x0000_0103);
    /// `STATUS_OBJECT_NAME_EXISTS`: passes for success.
    pub const OBJECT_NAME_EXISTS: Self = Self::of(0x4000_0000);
    /// `STATUS_DEVICE_BUSY`: a warning.
    pub const DEVICE_BUSY: Self = Self::of(0x8000_0011);
    /// `STATUS_UNSUCCESSFUL`.
    pub const UNSUCCESSFUL: Self = Self::of(0xC000_0001);
    /// `STATUS_INVALID_PARAMETER`.
    pub const INVALID_PARAMETER: Self = Self::of(0xC000_000D);
    /// `STATUS_BUFFER_TOO_SMALL`.
    pub const BUFFER_TOO_SMALL: Self = Self::of(0xC000_0023);
    /// `STATUS_OBJECT_NAME_NOT_FOUND`.
    pub const OBJECT_NAME_NOT_FOUND: Self = Self::of(0xC000_0034);
    /// `STATUS_QUOTA_EXCEEDED`.
    pub const QUOTA_EXCEEDED: Self = Self::of(0xC000_0044);
    /// `STATUS_DELETE_PENDING`.
    pub const DELETE_PENDING: Self = Self::of(0xC000_0056);
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub const INSUFFICIENT_RESOURCES: Self = Self::of(0xC000_009A);
    /// `STATUS_INVALID_DEVICE_STATE`.
    pub const INVALID_DEVICE_STATE: Self = Self::of(0xC000_0184);
    /// `STATUS_NOT_FOUND`.
    pub const NOT_FOUND: Self = Self::of(0xC000_0225);
    /// `STATUS_NOINTERFACE`.
    pub const NOINTERFACE: Self = Self::of(0xC000_02B9);
    /// `STATUS_FWP_CALLOUT_NOT_FOUND`.
    pub const FWP_CALLOUT_NOT_FOUND: Self = Self::of(0xC022_0001);
    /// `STATUS_FWP_FILTER_NOT_FOUND`.
    pub const FWP_FILTER_NOT_FOUND: Self = Self::of(0xC022_0003);
    /// `STATUS_FWP_PROVIDER_NOT_FOUND`.
    pub const FWP_PROVIDER_NOT_FOUND: Self = Self::of(0xC022_0005);
    /// `STATUS_FWP_SUBLAYER_NOT_FOUND`.
    pub const FWP_SUBLAYER_NOT_FOUND: Self = Self::of(0xC022_0007);
    /// `STATUS_FWP_NOT_FOUND`.
    pub const FWP_NOT_FOUND: Self = Self::of(0xC022_0008);
    /// `STATUS_FWP_ALREADY_EXISTS`.
    pub const FWP_ALREADY_EXISTS: Self = Self::of(0xC022_0009);
    /// `STATUS_FWP_IN_USE`.
    pub const FWP_IN_USE: Self = Self::of(0xC022_000A);
    /// `STATUS_FWP_TXN_ABORTED`.
    pub const FWP_TXN_ABORTED: Self = Self::of(0xC022_000F);
    /// `STATUS_FWP_SESSION_ABORTED`.
    pub const FWP_SESSION_ABORTED: Self = Self::of(0xC022_0010);

    /// A status by the number that headers write it with.
    const fn of(number: u32) -> Self {
        Self(i32::from_le_bytes(number.to_le_bytes()))
    }

    /// The number that headers write it with.
    #[must_use]
    pub const fn number(self) -> u32 {
        u32::from_le_bytes(self.0.to_le_bytes())
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
