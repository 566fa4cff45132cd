//! Port ranges that Windows keeps from programs, as `netsh int ipv4 show excludedportrange
//! protocol=tcp` lists them.
//!
//! Words are translated; the line of dashes below the head and the numbers are not. `*` marks
//! ranges that an administrator excluded. The list does not say of which family it is: the file's
//! name does, or the command, where it stands above.
//!
//! Source: outputs in English, Chinese and Spanish as public issues quote them, for example
//! github.com/microsoft/WSL/issues/5306 (read 2026-11)

use crate::ReadError;
use crate::service::command;
use crate::text::{self, lines, quoted};
use weir_stages::checks::facts::{Place, PortRange};

/// Most ranges of a list: every second port could be one.
pub const RANGES_MAX: usize = 32_768;

/// Ranges of one list or of several one after another.
///
/// # Errors
/// It is no such list, or a row is not two ports in their order.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<PortRange>, ReadError> {
    parse(file, &text::decode(file, bytes)?)
}

pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<PortRange>, ReadError> {
    let mut ranges = Vec::new();
    let (mut is_known, mut is_table) = (false, false);
    let mut is_ipv6 = is_of_ipv6(file);
    for (number, line) in lines(text) {
        if let Some(command) = command(line) {
            (is_ipv6, is_table) = (is_of_ipv6(command), false);
        } else if is_rule(line) {
            (is_known, is_table) = (true, true);
        } else if line.trim().is_empty() {
            is_table = false;
        } else if is_table {
            if ranges.len() == RANGES_MAX {
                let what = format!("over {RANGES_MAX} port ranges");
                return Err(ReadError::damaged(file, number, what));
            }
            let Some((first, last, is_administered)) = range(line) else {
                let what = format!("expected two ports, found {}", quoted(line.trim()));
                return Err(ReadError::damaged(file, number, what));
            };
            let place = Place::new(file, number);
            ranges.push(PortRange { first, last, is_administered, is_ipv6, place });
        }
    }
    if is_known { Ok(ranges) } else { Err(ReadError::Unknown { file: file.to_owned() }) }
}

/// Whether a line is the one below the head of two columns.
pub(crate) fn is_rule(line: &str) -> bool {
    let mut groups = line.split_whitespace();
    let mut is_dashes =
        || groups.next().is_some_and(|it| it.len() >= 4 && it.bytes().all(|it| it == b'-'));
    is_dashes() && is_dashes() && groups.next().is_none()
}

/// Whether a file's name, or a command, says IPv6: `ports/ipv6.txt`, `netsh int ipv6 show …`.
fn is_of_ipv6(name: &str) -> bool {
    name.to_ascii_lowercase().contains("ipv6")
}

/// First port, last port, and the mark.
fn range(line: &str) -> Option<(u16, u16, bool)> {
    let mut words = line.split_whitespace();
    let (first, last) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let mark = words.next();
    let is_plain = mark.is_none_or(|it| it == "*") && words.next().is_none();
    (first <= last && is_plain).then_some((first, last, mark.is_some()))
}
