//! Failures that a user can do something about, and the exit codes that go with them.

use crate::unseen::is_unseen;
use core::fmt;

macro_rules! exit_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)+) => {
        /// Why `weir` ended. Scripts may rely on the numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum ExitCode {
            $($(#[doc = $doc])+ $name = $code,)+
        }

        impl ExitCode {
            /// Every code with its meaning, in order.
            pub const ALL: &'static [(Self, &'static str)] =
                &[$((Self::$name, concat!($($doc),+))),+];

            /// The number.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

exit_codes! {
    /// It did what was asked.
    Success = 0;
    /// Something failed that no other code covers.
    Unexpected = 1;
    /// The command line is wrong: unknown options, a map entry that is not three typed words.
    Usage = 2;
    /// An input cannot be opened or read: it is missing, a directory, or not permitted.
    InputUnreadable = 3;
    /// An input is not what it should be: no capture, cut off, corrupt.
    InputDamaged = 4;
    /// A program is refused: no ELF object, no flow_classify section, an instruction that the VM
    /// cannot execute.
    ProgramRefused = 5;
    /// A map entry is refused: unknown map, too long key or value, full map.
    MapRefused = 6;
    /// An output cannot be written.
    OutputUnwritable = 7;
    /// The listen address cannot be bound.
    AddressUnavailable = 8;
    /// The command is for Windows only, and this is another system.
    NotWindows = 9;
    /// Windows does not permit it: the command needs an elevated command prompt. What could be done
    /// without is done, and said.
    NotPermitted = 10;
    /// The driver cannot be installed, started, stopped or removed, or its program type cannot be
    /// registered. An installation that fails is undone.
    DriverFailed = 11;
    /// `weir driver status` found that not everything is as after an installation.
    DriverIncomplete = 12;
    /// The web configuration is refused: it or a file that it names cannot be read, has unknown
    /// keys or values, or asks for what cannot be had here.
    WebConfigRefused = 13;
    /// An event session cannot be started: another collector reads it, or Windows has none left.
    SessionRefused = 14;
    /// `weir doctor` could not look: codes 1 to 3 of that command say what it found, so what they
    /// mean elsewhere is this one there.
    DoctorFailed = 15;
}

/// A failure with its exit code and what to do about it.
#[derive(Debug)]
pub struct Failure {
    code: ExitCode,
    message: String,
    hint: String,
}

impl Failure {
    /// A failure; `message` fits after "failed to".
    #[must_use]
    pub fn new(code: ExitCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: one_line(&message.into()), hint: one_line(&hint.into()) }
    }

    /// The exit code.
    #[must_use]
    pub const fn code(&self) -> ExitCode {
        self.code
    }
}

/// Escapes what steers a terminal or cannot be seen: messages quote names and bytes from outside.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for it in text.chars() {
        if is_unseen(it) { line.extend(it.escape_default()) } else { line.push(it) }
    }
    line
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "weir: failed to {}\nhint: {}", self.message, self.hint)
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_two_lines_whatever_it_quotes() {
        let failure = Failure::new(ExitCode::Usage, "open `a\nb\x1b[2J`", "give\r\nanother");
        assert_eq!(
            failure.to_string(),
            "weir: failed to open `a\\nb\\u{1b}[2J`\nhint: give\\r\\nanother"
        );
    }

    #[test]
    fn what_turns_text_around_or_cannot_be_seen_is_written_out() {
        assert_eq!(one_line("a\u{202e}gpj.exe\u{2069}"), "a\\u{202e}gpj.exe\\u{2069}");
        assert_eq!(one_line("x\u{feff}\u{ad}\u{2028}"), "x\\u{feff}\\u{ad}\\u{2028}");
        assert_eq!(one_line("Größe 例 שלום 👍"), "Größe 例 שלום 👍");
    }

    #[test]
    fn codes_are_distinct_and_in_order() {
        let numbers: Vec<u8> = ExitCode::ALL.iter().map(|(code, _)| code.number()).collect();
        assert_eq!(numbers, (0..16).collect::<Vec<u8>>());
    }
}
