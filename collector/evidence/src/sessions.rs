//! Event sessions, as `logman query -ets` and `logman query NAME -ets` tell of them in any display
//! language.
//!
//! The list is a table below a long line of dashes. One session's page begins with its name and,
//! in the next paragraph, has the name twice as `NAME\NAME`; each provider has its GUID in braces.
//!
//! Source: learn.microsoft.com/windows-server/administration/windows-commands/logman-query; outputs
//! as public pages about event tracing quote them (read 2026-11)

use crate::ReadError;
use crate::text::{self, kept, labelled, lines, undirected};
use weir_abi::identifiers::Guid;
use weir_stages::checks::facts::{Place, Session};

/// Most sessions of a list; Windows runs 64 at once.
pub const SESSIONS_MAX: usize = 4096;
/// Most providers of a session.
pub const PROVIDERS_MAX: usize = 4096;
/// Dashes of the line below the table's head; 79 in all languages.
const RULE_DASHES_MIN: usize = 60;

/// Sessions of a list, or the one of a page.
///
/// # Errors
/// It is neither, or is cut off within a row.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Session>, ReadError> {
    parse(file, &text::decode(file, bytes)?)
}

pub(crate) fn parse(file: &str, text: &str) -> Result<Vec<Session>, ReadError> {
    if text.lines().any(is_rule) { list(file, text) } else { Ok(vec![page(file, text)?]) }
}

/// Whether a line is the one below the head of the list.
pub(crate) fn is_rule(line: &str) -> bool {
    let line = line.trim_end();
    line.len() >= RULE_DASHES_MIN && line.bytes().all(|it| it == b'-')
}

/// Whether a line has a session's name twice, as only its page has it.
pub(crate) fn is_name_twice(line: &str) -> bool {
    let line = undirected(line);
    labelled(&line).and_then(|(_, value)| half(value)).is_some()
}

/// `NAME` of `NAME\NAME`.
fn half(value: &str) -> Option<&str> {
    let at = value.len().checked_sub(1)? / 2;
    let (first, second) = (value.get(..at)?, value.get(at..)?.strip_prefix('\\')?);
    (!first.is_empty() && first == second).then_some(first)
}

fn list(file: &str, text: &str) -> Result<Vec<Session>, ReadError> {
    let below = lines(text).skip_while(|(_, line)| !is_rule(line)).skip(1);
    let mut rows = Vec::new();
    for (number, line) in below.take_while(|(_, line)| !line.is_empty()) {
        if rows.len() == SESSIONS_MAX {
            let what = format!("over {SESSIONS_MAX} sessions");
            return Err(ReadError::damaged(file, number, what));
        }
        let line = undirected(line);
        let cells: Vec<&str> =
            line.split("  ").map(str::trim).filter(|it| !it.is_empty()).collect();
        match cells[..] {
            [name, kind, _] => rows.push((number, name.to_owned(), Some(kind.to_owned()))),
            // A name that fills its column has one space behind it, and the kind runs into it.
            [name_and_kind, _] => rows.push((number, name_and_kind.to_owned(), None)),
            [ref name @ .., _, _] if !name.is_empty() => {
                let kind = cells.get(cells.len() - 2).map(|it| (*it).to_owned());
                rows.push((number, name.join("  "), kind));
            }
            _ => return Err(ReadError::damaged(file, number, "a row without a name and a state")),
        }
    }
    // Every session of this list is of one kind, whatever the language calls it.
    let kind = rows.iter().find_map(|(_, _, kind)| kind.clone());
    let sessions = rows.into_iter().map(|(number, name, own_kind)| {
        let name = match (&own_kind, &kind) {
            (Some(_), _) => name.as_str(),
            (None, Some(kind)) => name.strip_suffix(kind.as_str()).unwrap_or(&name).trim_end(),
            (None, None) => {
                name.rsplit_once(' ').map_or(name.as_str(), |(name, _)| name.trim_end())
            }
        };
        Session {
            name: kept(name),
            providers: Vec::new(),
            is_detailed: false,
            place: Place::new(file, number),
        }
    });
    Ok(sessions.collect())
}

fn page(file: &str, text: &str) -> Result<Session, ReadError> {
    let mut session: Option<Session> = None;
    let mut is_sure = false;
    for (number, line) in lines(text) {
        let line = undirected(line);
        if crate::service::command(line.trim()).is_some() {
            continue;
        }
        let Some((_, value)) = labelled(&line) else { continue };
        let Some(session) = &mut session else {
            if !value.is_empty() {
                session = Some(Session {
                    name: kept(value),
                    providers: Vec::new(),
                    is_detailed: true,
                    place: Place::new(file, number),
                });
            }
            continue;
        };
        is_sure |= half(value).is_some_and(|it| kept(it) == session.name);
        if value.starts_with('{') {
            let Some(guid) = Guid::parse(value) else {
                return Err(ReadError::damaged(file, number, "this provider's GUID is none"));
            };
            if session.providers.len() == PROVIDERS_MAX {
                let what = format!("over {PROVIDERS_MAX} providers");
                return Err(ReadError::damaged(file, number, what));
            }
            // A provider that nobody registered a name of has its GUID in place of one too.
            if session.providers.last() != Some(&guid) {
                session.providers.push(guid);
            }
        }
    }
    session.filter(|_| is_sure).ok_or_else(|| ReadError::Unknown { file: file.to_owned() })
}
