//! Causes in words.

use weir_stages::checks::facts::KnownFailure;

/// What a cause means, in one line.
const fn meaning(cause: KnownFailure) -> &'static str {
    match cause {
        KnownFailure::AccessDenied => {
            "access is denied: whoever loads is no administrator, or the device is not open to them"
        }
        KnownFailure::FileNotFound => "a file is not there: the path of an object is wrong",
        KnownFailure::ZeroProgramType => "the program's type is zero: its section names none",
        KnownFailure::ZeroAttachType => "the attach type is zero: the program names none",
        KnownFailure::NmrAttach => {
            "no extension for these types: its driver is not running, or does not know them"
        }
        KnownFailure::Verification => "the service that verifies refused, failed or did not answer",
        KnownFailure::AttachLimit => "the hook takes no more programs: another one is attached",
        KnownFailure::Open => "the object cannot be opened",
        KnownFailure::Load => "the object cannot be loaded",
        KnownFailure::Attach => "the program cannot be attached",
        KnownFailure::Ioctl => "ebpfcore refused a request",
        KnownFailure::Other => "something failed that has no known cause",
        KnownFailure::Policy => {
            "a policy blocks it: with memory integrity, programs that are not native"
        }
    }
}

/// What a code says more exactly than its cause.
///
/// Source: learn.microsoft.com/windows/win32/rpc/rpc-return-values (read 2026-11)
fn detail(cause: KnownFailure, code: Option<&str>) -> Option<&'static str> {
    let number: String = code?.chars().take_while(char::is_ascii_alphanumeric).collect();
    if cause == KnownFailure::FileNotFound {
        return matches!(number.to_ascii_lowercase().as_str(), "3" | "7" | "0xc000003a").then_some(
            "the path of a pinned object or file does not exist, or what was asked for by name",
        );
    }
    if cause != KnownFailure::Verification {
        return None;
    }
    match number.as_str() {
        "1753" | "1722" => {
            Some("nothing listens at the verifying service's endpoint: ebpfsvc is not running")
        }
        "1726" | "1727" => {
            Some("the verifying service ended within the call: ebpfsvc crashed or was stopped")
        }
        "1" => Some("the verifier turned the program down"),
        _ => None,
    }
}

/// A cause in words, as exactly as its code has it.
pub(super) fn words(cause: KnownFailure, code: Option<&str>) -> &'static str {
    detail(cause, code).unwrap_or_else(|| meaning(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_words_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            KnownFailure::ALL.iter().map(|cause| meaning(*cause)).collect();
        assert_eq!(words.len(), KnownFailure::ALL.len());
    }

    #[test]
    fn a_path_that_is_not_there_is_told_from_a_file_that_is_not() {
        let said = |code| words(KnownFailure::FileNotFound, Some(code));
        for code in ["7 (EBPF_OBJECT_NOT_FOUND)", "3(WIN=x)", "0xC000003A(NT=x)"] {
            assert!(said(code).contains("pinned"), "{code}");
        }
        for code in ["2(WIN=x)", "9 (EBPF_FILE_NOT_FOUND)", "0xC000000F(NT=x)", "30"] {
            assert!(!said(code).contains("pinned"), "{code}");
        }
    }

    #[test]
    fn a_service_that_does_not_listen_is_said() {
        let said = |code| detail(KnownFailure::Verification, code);
        assert!(said(Some("1753 (EPT_S_NOT_REGISTERED)")).unwrap().contains("ebpfsvc"));
        assert_eq!(said(Some("17 (EBPF_FAILED)")), None);
        assert_eq!(said(None), None);
        assert_eq!(detail(KnownFailure::Other, Some("1753")), None);
    }
}
