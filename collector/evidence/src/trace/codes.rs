//! Error codes with their names, and what they stand for here.
//!
//! eBPF for Windows turns its own results into NTSTATUS in the kernel, Windows turns these into its
//! errors, and ebpfapi turns them back: one failure is told by three numbers.
//!
//! Sources: microsoft/ebpf-for-windows, include/ebpf_result.h and include/ebpf_error.h;
//! learn.microsoft.com/windows/win32/debug/system-error-codes and
//! learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)

use weir_stages::checks::facts::KnownFailure;

/// Whose number a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `ebpf_result_t`.
    Ebpf,
    /// `NTSTATUS`.
    Nt,
    /// Windows' errors, those of remote calls among them.
    Win32,
}

/// What a code says of the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// It is the cause.
    Cause(KnownFailure),
    /// It is an answer that callers expect, as the end of an enumeration, and logged as an error.
    Answer,
    /// What failed says more than the number.
    Open,
}

use KnownFailure::{AccessDenied, FileNotFound, NmrAttach, Policy, Verification};
use Meaning::{Answer, Cause, Open};

/// A code: family, number, name, meaning.
type Row = (Family, u32, &'static str, Meaning);

const CODES: [Row; 78] = [
    (Family::Ebpf, 0, "EBPF_SUCCESS", Answer),
    (Family::Ebpf, 1, "EBPF_VERIFICATION_FAILED", Cause(Verification)),
    (Family::Ebpf, 2, "EBPF_JIT_COMPILATION_FAILED", Open),
    (Family::Ebpf, 3, "EBPF_PROGRAM_LOAD_FAILED", Open),
    (Family::Ebpf, 4, "EBPF_INVALID_FD", Open),
    (Family::Ebpf, 5, "EBPF_INVALID_OBJECT", Open),
    (Family::Ebpf, 6, "EBPF_INVALID_ARGUMENT", Open),
    (Family::Ebpf, 7, "EBPF_OBJECT_NOT_FOUND", Cause(FileNotFound)),
    (Family::Ebpf, 8, "EBPF_OBJECT_ALREADY_EXISTS", Open),
    (Family::Ebpf, 9, "EBPF_FILE_NOT_FOUND", Cause(FileNotFound)),
    (Family::Ebpf, 10, "EBPF_ALREADY_PINNED", Open),
    (Family::Ebpf, 11, "EBPF_NOT_PINNED", Open),
    (Family::Ebpf, 12, "EBPF_NO_MEMORY", Open),
    (Family::Ebpf, 13, "EBPF_PROGRAM_TOO_LARGE", Open),
    (Family::Ebpf, 14, "EBPF_RPC_EXCEPTION", Cause(Verification)),
    (Family::Ebpf, 15, "EBPF_ALREADY_INITIALIZED", Open),
    (Family::Ebpf, 16, "EBPF_ELF_PARSING_FAILED", Open),
    (Family::Ebpf, 17, "EBPF_FAILED", Open),
    (Family::Ebpf, 18, "EBPF_OPERATION_NOT_SUPPORTED", Open),
    (Family::Ebpf, 19, "EBPF_KEY_NOT_FOUND", Answer),
    (Family::Ebpf, 20, "EBPF_ACCESS_DENIED", Cause(AccessDenied)),
    (Family::Ebpf, 21, "EBPF_BLOCKED_BY_POLICY", Cause(Policy)),
    (Family::Ebpf, 22, "EBPF_ARITHMETIC_OVERFLOW", Open),
    (Family::Ebpf, 23, "EBPF_EXTENSION_FAILED_TO_LOAD", Cause(NmrAttach)),
    (Family::Ebpf, 24, "EBPF_INSUFFICIENT_BUFFER", Answer),
    (Family::Ebpf, 25, "EBPF_NO_MORE_KEYS", Answer),
    (Family::Ebpf, 26, "EBPF_KEY_ALREADY_EXISTS", Open),
    (Family::Ebpf, 27, "EBPF_NO_MORE_TAIL_CALLS", Open),
    (Family::Ebpf, 28, "EBPF_PENDING", Answer),
    (Family::Ebpf, 29, "EBPF_OUT_OF_SPACE", Open),
    (Family::Ebpf, 30, "EBPF_CANCELED", Open),
    (Family::Ebpf, 31, "EBPF_INVALID_POINTER", Open),
    (Family::Ebpf, 32, "EBPF_TIMEOUT", Open),
    (Family::Ebpf, 33, "EBPF_STALE_ID", Open),
    (Family::Ebpf, 34, "EBPF_INVALID_STATE", Open),
    (Family::Nt, 0, "STATUS_SUCCESS", Answer),
    (Family::Nt, 0x103, "STATUS_PENDING", Answer),
    (Family::Nt, 0x8000_0005, "STATUS_BUFFER_OVERFLOW", Answer),
    (Family::Nt, 0xc000_000d, "STATUS_INVALID_PARAMETER", Open),
    (Family::Nt, 0xc000_000f, "STATUS_NO_SUCH_FILE", Cause(FileNotFound)),
    (Family::Nt, 0xc000_0022, "STATUS_ACCESS_DENIED", Cause(AccessDenied)),
    (Family::Nt, 0xc000_0034, "STATUS_OBJECT_NAME_NOT_FOUND", Cause(FileNotFound)),
    (Family::Nt, 0xc000_003a, "STATUS_OBJECT_PATH_NOT_FOUND", Cause(FileNotFound)),
    (Family::Nt, 0xc000_009a, "STATUS_INSUFFICIENT_RESOURCES", Open),
    (Family::Nt, 0xc000_00bb, "STATUS_NOT_SUPPORTED", Open),
    (Family::Nt, 0xc000_0225, "STATUS_NOT_FOUND", Answer),
    (Family::Nt, 0xc000_026c, "STATUS_DRIVER_UNABLE_TO_LOAD", Cause(NmrAttach)),
    (Family::Nt, 0xc000_0273, "STATUS_NO_MORE_MATCHES", Answer),
    (Family::Nt, 0xc000_02b9, "STATUS_NOINTERFACE", Open),
    (Family::Nt, 0xc000_0421, "STATUS_VERIFIER_STOP", Cause(Verification)),
    (Family::Nt, 0xc000_0804, "STATUS_CONTENT_BLOCKED", Cause(Policy)),
    (Family::Nt, 0xc002_001b, "RPC_NT_CALL_FAILED", Cause(Verification)),
    (Family::Win32, 0, "ERROR_SUCCESS", Answer),
    (Family::Win32, 2, "ERROR_FILE_NOT_FOUND", Cause(FileNotFound)),
    (Family::Win32, 3, "ERROR_PATH_NOT_FOUND", Cause(FileNotFound)),
    (Family::Win32, 5, "ERROR_ACCESS_DENIED", Cause(AccessDenied)),
    (Family::Win32, 6, "ERROR_INVALID_HANDLE", Open),
    (Family::Win32, 8, "ERROR_NOT_ENOUGH_MEMORY", Open),
    (Family::Win32, 11, "ERROR_BAD_FORMAT", Open),
    (Family::Win32, 87, "ERROR_INVALID_PARAMETER", Open),
    (Family::Win32, 234, "ERROR_MORE_DATA", Answer),
    (Family::Win32, 259, "ERROR_NO_MORE_ITEMS", Answer),
    (Family::Win32, 537, "ERROR_VERIFIER_STOP", Cause(Verification)),
    (Family::Win32, 577, "ERROR_INVALID_IMAGE_HASH", Open),
    (Family::Win32, 626, "ERROR_NO_MORE_MATCHES", Answer),
    (Family::Win32, 997, "ERROR_IO_PENDING", Answer),
    (Family::Win32, 1168, "ERROR_NOT_FOUND", Answer),
    (Family::Win32, 1296, "ERROR_CONTENT_BLOCKED", Cause(Policy)),
    (Family::Win32, 1450, "ERROR_NO_SYSTEM_RESOURCES", Open),
    (Family::Win32, 1702, "RPC_S_INVALID_BINDING", Cause(Verification)),
    (Family::Win32, 1717, "RPC_S_UNKNOWN_IF", Cause(Verification)),
    (Family::Win32, 1722, "RPC_S_SERVER_UNAVAILABLE", Cause(Verification)),
    (Family::Win32, 1723, "RPC_S_SERVER_TOO_BUSY", Cause(Verification)),
    (Family::Win32, 1726, "RPC_S_CALL_FAILED", Cause(Verification)),
    (Family::Win32, 1727, "RPC_S_CALL_FAILED_DNE", Cause(Verification)),
    (Family::Win32, 1753, "EPT_S_NOT_REGISTERED", Cause(Verification)),
    (Family::Win32, 2001, "ERROR_BAD_DRIVER", Cause(NmrAttach)),
    (Family::Win32, 0x8007_0005, "E_ACCESSDENIED", Cause(AccessDenied)),
];

/// A code of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// Whose.
    pub family: Family,
    /// The number, as of 32 bits without a sign.
    pub number: u32,
}

impl Code {
    /// A code; negative numbers are those of signed fields. `None` for what has more than 32 bits.
    #[must_use]
    pub fn new(family: Family, number: i128) -> Option<Self> {
        let signed = || i32::try_from(number).map(i32::cast_unsigned);
        let number = u32::try_from(number).or_else(|_| signed()).ok()?;
        Some(Self { family, number })
    }

    fn row(self) -> Option<&'static Row> {
        CODES.iter().find(|row| (row.0, row.1) == (self.family, self.number))
    }

    /// `STATUS_ACCESS_DENIED`, …
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.2)
    }

    /// The cause that it is, whatever failed with it.
    #[must_use]
    pub fn cause(self) -> Option<KnownFailure> {
        match self.row()?.3 {
            Cause(cause) => Some(cause),
            Answer | Open => None,
        }
    }

    /// Whether callers expect it: what failed with it is no failure.
    #[must_use]
    pub fn is_answer(self) -> bool {
        self.row().is_some_and(|row| row.3 == Answer)
    }
}

/// The cause that a text names, in words that are not translated: the first name in it that is one.
pub(super) fn cause_in_text(text: &str) -> Option<KnownFailure> {
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let mut words = text.split(|it| !is_part(it)).filter(|word| word.contains('_'));
    let named = words.find_map(|word| {
        let row = CODES.iter().find(|row| row.2 == word)?;
        let cause = Code { family: row.0, number: row.1 }.cause()?;
        matches!(cause, AccessDenied | FileNotFound).then_some(cause)
    });
    // Source: microsoft/ebpf-for-windows, libs/api/Verifier.cpp `load_byte_code`; vbpf/prevail,
    // src/io/elf_loader.cpp (read 2026-11)
    let is_unopened = ["failed to open file:", "No such file or directory opening"]
        .iter()
        .any(|words| text.contains(words));
    named.or_else(|| is_unopened.then_some(FileNotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_and_in_order() {
        assert!(CODES.windows(2).all(|pair| (pair[0].0, pair[0].1) < (pair[1].0, pair[1].1)));
        let ebpf = CODES.iter().filter(|row| row.0 == Family::Ebpf);
        assert!(ebpf.enumerate().all(|(at, row)| u32::try_from(at) == Ok(row.1)));
    }

    #[test]
    fn one_failure_has_one_cause_in_every_family() {
        for (cause, codes) in [
            (AccessDenied, [(Family::Ebpf, 20), (Family::Nt, 0xc000_0022), (Family::Win32, 5)]),
            (FileNotFound, [(Family::Ebpf, 9), (Family::Nt, 0xc000_000f), (Family::Win32, 2)]),
            (FileNotFound, [(Family::Ebpf, 7), (Family::Nt, 0xc000_003a), (Family::Win32, 3)]),
            (Policy, [(Family::Ebpf, 21), (Family::Nt, 0xc000_0804), (Family::Win32, 1296)]),
            (NmrAttach, [(Family::Ebpf, 23), (Family::Nt, 0xc000_026c), (Family::Win32, 2001)]),
            (Verification, [(Family::Ebpf, 14), (Family::Nt, 0xc002_001b), (Family::Win32, 1726)]),
        ] {
            for (family, number) in codes {
                assert_eq!(Code::new(family, number).unwrap().cause(), Some(cause), "{number:#x}");
            }
        }
    }

    #[test]
    fn a_number_means_what_its_family_says() {
        assert_eq!(Code::new(Family::Ebpf, 5).unwrap().cause(), None, "EBPF_INVALID_OBJECT");
        assert_eq!(
            Code::new(Family::Ebpf, 2).unwrap().cause(),
            None,
            "EBPF_JIT_COMPILATION_FAILED"
        );
        let signed = Code::new(Family::Nt, -1_073_741_790).unwrap();
        assert_eq!((signed.number, signed.cause()), (0xc000_0022, Some(AccessDenied)));
        assert_eq!(Code::new(Family::Nt, 1 << 40), None);
        assert_eq!(Code::new(Family::Nt, i128::from(i64::MIN)), None);
    }

    #[test]
    fn names_in_text_tell_the_cause_and_parts_of_names_do_not() {
        assert_eq!(cause_in_text("failed: ERROR_ACCESS_DENIED."), Some(AccessDenied));
        assert_eq!(cause_in_text("(STATUS_OBJECT_NAME_NOT_FOUND)"), Some(FileNotFound));
        assert_eq!(cause_in_text("error: failed to open file: x.o"), Some(FileNotFound));
        for text in ["", "MY_ERROR_ACCESS_DENIED_COUNT", "access denied", "ERROR_BAD_DRIVER"] {
            assert_eq!(cause_in_text(text), None, "{text}");
        }
    }
}
