//! What bpftool prints as JSON about links and programs.
//!
//! Fields that are not needed may be there or not; what is needed must be as expected, or the whole
//! answer is refused.
//! A program's name is text from outside: it is bounded and escaped where it becomes a label.
//!
//! Source: dthaler/bpftool-1, branch windows, src/link.c `show_link_close_json`, src/prog.c
//! `print_prog_header_json`, src/common.c `p_err`; a type that the store does not know is printed as
//! its number (read 2026-11)

use super::once::Trouble;
use serde::Deserialize;
use std::collections::BTreeSet;
use weir_abi::identifiers::SECTION_PREFIX;
use weir_abi::program_type::{BPF_ATTACH_TYPE, BPF_PROGRAM_TYPE, NAME};
use weir_stages::aggregate::{Link, LoadedProgram};

/// Links and programs of our types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lists {
    /// Links of our attach type whose program, where they have one, is not of another type.
    pub(super) links: Vec<Link>,
    /// Programs of our type.
    pub(super) programs: Vec<LoadedProgram>,
}

/// A type's name, or its number where nobody has registered one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Type {
    Name(String),
    Number(u32),
}

impl Type {
    fn is(&self, name: &str, number: u32) -> bool {
        match self {
            Self::Name(it) => it == name,
            Self::Number(it) => *it == number,
        }
    }
}

/// A link; or an error, which takes the place of one.
#[derive(Debug, Deserialize)]
struct LinkRow {
    error: Option<String>,
    id: Option<u32>,
    prog_id: Option<u32>,
    /// Only links of some kinds have one, ours among them.
    attach_type: Option<Type>,
}

/// A program; or an error, which takes the place of one.
#[derive(Debug, Deserialize)]
struct ProgramRow {
    error: Option<String>,
    id: Option<u32>,
    r#type: Option<Type>,
    /// Missing where the program has none.
    name: Option<String>,
}

/// Links of our attach type, from the output of `link list`.
pub(super) fn links(bytes: &[u8]) -> Result<Vec<Link>, Trouble> {
    let mut links = Vec::new();
    for row in rows::<LinkRow>(bytes)? {
        let link = match (row.error, row.id, row.prog_id) {
            (Some(error), ..) => return Err(Trouble::told(&error)),
            (None, Some(id), Some(program_id)) => Link { id, program_id },
            (None, ..) => return Err(Trouble::Unread("a link has no id or prog_id".to_owned())),
        };
        if row.attach_type.is_some_and(|it| it.is(SECTION_PREFIX, BPF_ATTACH_TYPE)) {
            links.push(link);
        }
    }
    Ok(links)
}

/// Reads the output of `prog list`, and drops links of another type's programs.
pub(super) fn lists(mut links: Vec<Link>, programs: &[u8]) -> Result<Lists, Trouble> {
    let mut ours = Vec::new();
    let mut others = BTreeSet::new();
    for row in rows::<ProgramRow>(programs)? {
        let (id, kind) = match (row.error, row.id, row.r#type) {
            (Some(error), ..) => return Err(Trouble::told(&error)),
            (None, Some(id), Some(kind)) => (id, kind),
            (None, ..) => return Err(Trouble::Unread("a program has no id or type".to_owned())),
        };
        if kind.is(NAME.to_str().unwrap_or_default(), BPF_PROGRAM_TYPE) {
            ours.push(LoadedProgram { id, name: row.name.unwrap_or_default() });
        } else {
            others.insert(id);
        }
    }
    // The number of our type is in no register, so another extension may have taken it too.
    links.retain(|link| !others.contains(&link.program_id));
    Ok(Lists { links, programs: ours })
}

/// The rows of an answer. An error before the first is printed without brackets around it.
fn rows<'a, Row: Deserialize<'a>>(bytes: &'a [u8]) -> Result<Vec<Row>, Trouble> {
    #[derive(Deserialize)]
    struct Told {
        error: String,
    }
    serde_json::from_slice(bytes).map_err(|error| match serde_json::from_slice::<Told>(bytes) {
        Ok(told) => Trouble::told(&told.error),
        Err(_) => Trouble::Unread(error.to_string()),
    })
}
