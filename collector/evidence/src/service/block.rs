//! The numbered lines of one service.

use super::unexpected;
use crate::ReadError;
use crate::text::labelled;
use weir_stages::checks::facts::{Place, Service, ServiceState};

/// Numbered lines that `sc.exe query` prints: type, state, exit codes, checkpoint, wait hint.
const QUERIED: u8 = 6;
/// With the process, which `queryex` adds.
const WITH_PROCESS: u8 = 7;
/// With its flags, the last line.
const WITH_FLAGS: u8 = 8;

/// A service whose lines are being read.
pub(super) struct Block {
    name: String,
    kind: u32,
    /// Spaces before the type; the lines of one service are all indented alike.
    indent: usize,
    state: Option<(ServiceState, Place)>,
    exit_code: u32,
    service_exit_code: u32,
    pid: Option<u32>,
    /// Numbered lines so far.
    taken: u8,
    /// The last of them.
    line: u64,
}

impl Block {
    pub(super) const fn new(line: u64, name: String, kind: u32, indent: usize) -> Self {
        let (exit_code, service_exit_code) = (0, 0);
        Self {
            name,
            kind,
            indent,
            state: None,
            exit_code,
            service_exit_code,
            pid: None,
            taken: 1,
            line,
        }
    }

    /// Takes a line that is not empty; says whether it belongs to this service.
    pub(super) fn take(&mut self, file: &str, number: u64, line: &str) -> Result<bool, ReadError> {
        self.line = number;
        let Some((_, value)) = labelled(line) else {
            // What the service accepts stands below its state, in parentheses.
            return if self.taken == 2 {
                Ok(true)
            } else if self.taken < QUERIED {
                Err(unexpected(file, number, line, "a label and a number"))
            } else {
                Ok(false)
            };
        };
        let expected = match self.taken {
            1 => {
                let state = number_and_word(value).and_then(|it| it.parse().ok());
                self.state =
                    state.and_then(ServiceState::of).map(|state| (state, Place::new(file, number)));
                self.state.is_none().then_some("a state from 1 to 7 and its word")
            }
            // Of what the service accepts, a colon may be part.
            2 if line.trim_start().starts_with('(') => return Ok(true),
            2 => set(&mut self.exit_code, exit_code(value)),
            3 => set(&mut self.service_exit_code, exit_code(value)),
            4 | 5 if is_hex(value) => None,
            4 | 5 => Some("a number as 0x0"),
            QUERIED if indent(line) == self.indent => {
                let Ok(pid) = value.parse() else { return Ok(false) };
                self.pid = Some(pid);
                None
            }
            WITH_PROCESS if indent(line) == self.indent => None,
            _ => return Ok(false),
        };
        if let Some(expected) = expected {
            return Err(unexpected(file, number, line, expected));
        }
        self.taken = (self.taken + 1).min(WITH_FLAGS);
        Ok(true)
    }

    /// The service, where all lines of it were there.
    pub(super) fn end(self, file: &str) -> Result<Service, ReadError> {
        let Some((state, place)) = self.state.filter(|_| self.taken >= QUERIED) else {
            return Err(ReadError::damaged(file, self.line, "a service ends before its wait hint"));
        };
        Ok(Service {
            name: self.name,
            kind: self.kind,
            state,
            exit_code: self.exit_code,
            service_exit_code: self.service_exit_code,
            pid: self.pid,
            place,
        })
    }
}

/// Takes a code; says what was expected where there is none.
fn set(field: &mut u32, code: Option<u32>) -> Option<&'static str> {
    let Some(code) = code else { return Some("a code as 0 (0x0)") };
    *field = code;
    None
}

/// The type of a line, where it is one: a hexadecimal number and its word, deeper than the name.
pub(super) fn kind(line: &str, outer_indent: Option<usize>) -> Option<u32> {
    let (_, value) = labelled(line)?;
    let is_below = indent(line) > outer_indent.unwrap_or(0);
    if !is_below && !is_type_for_sure(line) {
        return None;
    }
    number_and_word(value).and_then(|it| u32::from_str_radix(it, 16).ok())
}

/// Whether a line is a type wherever it stands: Windows' words for types are never translated.
pub(super) fn is_type_for_sure(line: &str) -> bool {
    let Some((_, value)) = labelled(line) else { return false };
    let (Some(number), Some((_, words))) = (number_and_word(value), value.split_once(' ')) else {
        return false;
    };
    let word = words.split_whitespace().next().unwrap_or_default();
    let is_word =
        word.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_');
    u32::from_str_radix(number, 16).is_ok() && is_word && word.len() > 3
}

/// Spaces before a line.
pub(super) fn indent(line: &str) -> usize {
    line.chars().take_while(|it| it.is_whitespace()).count()
}

/// The number of `4  RUNNING`; a code, as `0  (0x0)`, is none of these.
fn number_and_word(value: &str) -> Option<&str> {
    let (number, rest) = value.split_once(char::is_whitespace)?;
    let is_number =
        (1..=8).contains(&number.len()) && number.bytes().all(|it| it.is_ascii_hexdigit());
    (is_number && !rest.trim_start().starts_with('(')).then_some(number)
}

/// The code of `1066  (0x42a)`, whose two numbers are one.
fn exit_code(value: &str) -> Option<u32> {
    let (decimal, hex) = value.split_once(char::is_whitespace)?;
    let hex = hex.trim().strip_prefix("(0x")?.strip_suffix(')')?;
    let code = u32::from_str_radix(hex, 16).ok()?;
    let decimal: i64 = decimal.parse().ok()?;
    // Codes of NT may be printed as negative numbers.
    let is_same = decimal == i64::from(code) || decimal == i64::from(code.cast_signed());
    is_same.then_some(code)
}

fn is_hex(value: &str) -> bool {
    value.strip_prefix("0x").is_some_and(|it| u64::from_str_radix(it, 16).is_ok())
}
