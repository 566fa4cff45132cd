//! Services, as `sc.exe queryex NAME` and `sc.exe query` tell of them in any display language.
//!
//! Labels and sentences are translated, numbers and their order are not: after the name come the
//! type, the state, two exit codes, checkpoint and wait hint, and from `queryex` also the process
//! and flags. `[SC] … 1060:` is an error, and its last number is Windows' code.
//!
//! Source: learn.microsoft.com/windows-server/administration/windows-commands/sc-query; outputs of
//! other languages as people quote them, as github.com/chengr28/Pcap_DNSProxy/issues/24 (Chinese),
//! github.com/ComodoSecurity/openedr/issues/2 (Spanish), and public code in German, French and
//! Russian: labels, the word before the code and a space before the colon vary, and nothing else
//! (read 2026-11)

mod block;

use crate::ReadError;
use crate::text::{self, labelled, lines, quoted, undirected};
use block::Block;
use weir_stages::checks::facts::{Place, ServiceFinding};

/// Most services of one file: several times the drivers and services of a full machine together.
pub const SERVICES_MAX: usize = 8192;

/// Lines above a type: the name, and the display name that `sc query` adds.
const HEADING_LINES_MAX: usize = 2;

/// Windows' error for a service that is not installed: `ERROR_SERVICE_DOES_NOT_EXIST`.
const NOT_INSTALLED: u32 = 1060;

/// Services of a file. An error of `sc.exe` does not say which service it is about: that is `name`,
/// unless the command stands before it, as it does in what somebody copied from a console.
///
/// # Errors
/// It is cut off, is not what `sc.exe` prints, or tells of an error that no name belongs to.
pub fn read(
    file: &str,
    bytes: &[u8],
    name: Option<&str>,
) -> Result<Vec<ServiceFinding>, ReadError> {
    parse(file, &text::decode(file, bytes)?, name)
}

pub(crate) fn parse(
    file: &str,
    text: &str,
    name: Option<&str>,
) -> Result<Vec<ServiceFinding>, ReadError> {
    let mut reader = Reader { file, name, ..Reader::default() };
    for (number, line) in lines(text) {
        reader.line(number, &undirected(line))?;
    }
    reader.close()?;
    // Below whole services stands what people write there, and that may look like a name.
    if !reader.found.is_empty() {
        return Ok(reader.found);
    }
    if reader.heading.is_empty() {
        return Err(ReadError::Unknown { file: file.to_owned() });
    }
    Err(ReadError::damaged(file, reader.at, "it ends after a service's name"))
}

/// Whether a line is one that only `sc.exe` prints.
pub(crate) fn is_telling(line: &str) -> bool {
    let line = undirected(line);
    failure(line.trim()).is_some() || block::is_type_for_sure(&line)
}

#[derive(Default)]
struct Reader<'a> {
    file: &'a str,
    /// What the caller says that the file is about.
    name: Option<&'a str>,
    /// The service of the last command before it.
    command: Option<String>,
    /// An error without a name took `name`.
    is_name_taken: bool,
    /// Lines before a type: the name's, then maybe the display name's; number, indent, value.
    heading: Vec<(u64, usize, String)>,
    block: Option<Block>,
    /// The sentence that explains an error follows, or is being told.
    sentence: Sentence,
    found: Vec<ServiceFinding>,
    /// The last line that is not empty.
    at: u64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Sentence {
    #[default]
    None,
    Due,
    Told,
}

impl Reader<'_> {
    fn line(&mut self, number: u64, line: &str) -> Result<(), ReadError> {
        let told = line.trim();
        if told.is_empty() {
            if self.sentence == Sentence::Told {
                self.sentence = Sentence::None;
            }
            return Ok(());
        }
        self.at = number;
        if let Some(block) = &mut self.block
            && block.take(self.file, number, line)?
        {
            return Ok(());
        }
        self.close()?;
        if let Some(code) = failure(told) {
            return self.failed(number, code);
        }
        if told.starts_with("[SC]") || told.starts_with("Enum:") {
            return Ok(());
        }
        if let Some(command) = command(told) {
            self.command = service_of(command);
            self.heading.clear();
            self.sentence = Sentence::None;
            return Ok(());
        }
        let indent = block::indent(line);
        let outer = self.heading.first().map(|(_, indent, _)| *indent);
        if let Some(kind) = block::kind(line, outer) {
            return self.open(number, kind, indent);
        }
        if self.sentence != Sentence::None {
            self.sentence = Sentence::Told;
        } else if let Some((_, value)) = labelled(told) {
            if self.heading.last().is_some_and(|(above, _, _)| above + 1 != number)
                || self.heading.len() == HEADING_LINES_MAX
            {
                self.heading.clear();
            }
            self.heading.push((number, indent, value.to_owned()));
        }
        Ok(())
    }

    /// Begins with the line of the type.
    fn open(&mut self, number: u64, kind: u32, indent: usize) -> Result<(), ReadError> {
        let heading = core::mem::take(&mut self.heading);
        let is_right_above = heading.last().is_some_and(|(line, _, _)| line + 1 == number);
        let name = heading.into_iter().next().map(|(_, _, name)| name);
        let name = match name.filter(|name| is_right_above && !name.is_empty()) {
            Some(name) => name,
            None => self.nameless(number)?,
        };
        self.sentence = Sentence::None;
        self.block = Some(Block::new(number, text::kept(&name.to_lowercase()), kind, indent));
        Ok(())
    }

    fn failed(&mut self, number: u64, code: u32) -> Result<(), ReadError> {
        self.heading.clear();
        let name = self.nameless(number)?;
        let (name, place) = (text::kept(&name.to_lowercase()), Place::new(self.file, number));
        self.sentence = Sentence::Due;
        self.add(if code == NOT_INSTALLED {
            ServiceFinding::NotInstalled { name, place }
        } else {
            ServiceFinding::Refused { name, code, place }
        })
    }

    /// The name of a service that the output itself does not name.
    fn nameless(&mut self, number: u64) -> Result<String, ReadError> {
        if let Some(name) = self.command.take() {
            return Ok(name);
        }
        match self.name {
            Some(name) if !self.is_name_taken => {
                self.is_name_taken = true;
                Ok(name.to_owned())
            }
            _ => Err(ReadError::damaged(self.file, number, "nothing says which service this is")),
        }
    }

    fn close(&mut self) -> Result<(), ReadError> {
        let Some(block) = self.block.take() else { return Ok(()) };
        let service = block.end(self.file)?;
        self.command = None;
        self.add(ServiceFinding::Installed(service))
    }

    fn add(&mut self, finding: ServiceFinding) -> Result<(), ReadError> {
        if self.found.len() == SERVICES_MAX {
            return Err(ReadError::damaged(self.file, 0, format!("over {SERVICES_MAX} services")));
        }
        self.found.push(finding);
        Ok(())
    }
}

/// The code of an error: the last number of a line that begins with `[SC]`. Lines of success have
/// none.
fn failure(line: &str) -> Option<u32> {
    let rest = line.strip_prefix("[SC]")?;
    let end = rest.rfind(|it: char| it.is_ascii_digit())? + 1;
    let rest = rest.get(..end)?;
    let start = rest.rfind(|it: char| !it.is_ascii_digit()).map_or(0, |at| at + 1);
    // A digit that belongs to a word, as in `QueryServiceConfig2`, is no code.
    let before = rest.get(..start)?.chars().next_back();
    if before.is_some_and(|it| it.is_ascii_alphabetic()) {
        return None;
    }
    rest.get(start..)?.parse().ok()
}

/// The command of a line with a prompt, as in `C:\>sc queryex bfe`.
pub(crate) fn command(line: &str) -> Option<&str> {
    let (prompt, command) = line.split_once('>')?;
    prompt.contains(":\\").then_some(command.trim())
}

/// The service of a command `sc.exe queryex NAME`.
pub(crate) fn service_of(command: &str) -> Option<String> {
    let mut words = command.split_whitespace();
    let tool = words.next()?.rsplit('\\').next()?.to_ascii_lowercase();
    let verb = words.next()?.to_ascii_lowercase();
    let is_query = ["sc", "sc.exe"].contains(&tool.as_str()) && verb.starts_with("query");
    let name = words.next().filter(|_| is_query)?.trim_matches('"');
    // Options end in `=`, as in `state= all`.
    (!name.is_empty() && !name.ends_with('=')).then(|| name.to_lowercase())
}

/// An error about a field, with what stands there.
fn unexpected(file: &str, number: u64, line: &str, expected: &str) -> ReadError {
    let what = format!("expected {expected}, found {}", quoted(line.trim()));
    ReadError::damaged(file, number, what)
}
