//! Which element stands in which.

use super::draft::{Draft, Lined};
use super::keep::Keep;
use super::tag::{Field, Tag};
use super::text::{NAME_BYTES_MAX, Text, quoted};
use crate::ReadError;
use quick_xml::events::{BytesRef, Event};
use weir_stages::checks::facts::WfpState;

/// Deepest nesting. A range in a condition of a filter in a layer, the deepest that is known, has
/// eleven. Beyond it reading ends with an error.
pub const DEPTH_MAX: usize = 64;

/// Most flags of an object. They are bits of a number of 32 bits. Beyond it reading ends with an
/// error.
pub const FLAGS_MAX: usize = 32;

/// An element that is open.
#[derive(Debug)]
struct Level {
    tag: Tag,
    /// Where it begins.
    line: u64,
    /// What it says of an item, and how many levels above it that is.
    field: Option<(Field, usize)>,
    /// It is the first element in what it stands in.
    is_first: bool,
    has_children: bool,
    has_text: bool,
    /// What was said of it, if anything.
    draft: Option<Box<Draft>>,
}

/// Follows the elements.
#[derive(Debug)]
pub(super) struct Walk {
    keep: Keep,
    levels: Vec<Level>,
    /// The text of the innermost element, where it is a field.
    text: Text,
    /// A root element, or one directly below it, is known.
    is_known: bool,
    /// A `wfpstate` root was there.
    has_state: bool,
    /// It was closed.
    is_closed: bool,
    has_sublayers: bool,
    has_layers: bool,
}

impl Walk {
    pub(super) fn new(file: &str) -> Self {
        Self {
            keep: Keep::new(file),
            levels: Vec::new(),
            text: Text::default(),
            is_known: false,
            has_state: false,
            is_closed: false,
            has_sublayers: false,
            has_layers: false,
        }
    }

    fn damaged(&self, line: u64, what: impl Into<String>) -> ReadError {
        ReadError::damaged(self.keep.file(), line, what)
    }

    /// Takes the next event, which begins on this line.
    pub(super) fn take(&mut self, event: &Event<'_>, line: u64) -> Result<(), ReadError> {
        match event {
            Event::Start(start) => self.begin(start.name().into_inner(), line),
            Event::Empty(start) => {
                self.begin(start.name().into_inner(), line)?;
                self.end(start.name().into_inner(), line)
            }
            Event::End(end) => self.end(end.name().into_inner(), line),
            Event::Text(text) => self.text(text, line),
            Event::CData(text) => self.text(text, line),
            Event::GeneralRef(reference) => {
                let character = self.character(reference, line)?;
                self.text(character.encode_utf8(&mut [0; 4]), line)
            }
            Event::DocType(_) => Err(self.damaged(
                line,
                "a DOCTYPE, which Windows never writes; no entity is read that somebody defined",
            )),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn begin(&mut self, name: &str, line: u64) -> Result<(), ReadError> {
        if self.levels.len() == DEPTH_MAX {
            return Err(self.damaged(line, format!("more than {DEPTH_MAX} elements are nested")));
        }
        if name.is_empty() {
            return Err(self.damaged(line, "an element has no name"));
        }
        if name.len() > NAME_BYTES_MAX {
            let what = format!("an element's name has more than {NAME_BYTES_MAX} bytes");
            return Err(self.damaged(line, what));
        }
        let tag = Tag::of(name);
        self.root(tag, line)?;
        let mut outer = self.levels.iter().rev().map(|it| it.tag);
        let (parent, outer) = (outer.next(), outer.next());
        let is_first = self.levels.last_mut().is_none_or(|it| {
            let is_first = !it.has_children;
            it.has_children = true;
            is_first
        });
        // The firewall's own state has other things in items.
        let is_firewall = self.levels.first().is_some_and(|it| it.tag == Tag::FirewallState);
        let parent = parent.filter(|_| !is_firewall);
        let field = parent.and_then(|parent| Field::of(outer, parent, tag));
        self.text.take();
        self.levels.push(Level {
            tag,
            line,
            field,
            is_first,
            has_children: false,
            has_text: false,
            draft: None,
        });
        Ok(())
    }

    /// Notes what the outermost elements say of the whole.
    fn root(&mut self, tag: Tag, line: u64) -> Result<(), ReadError> {
        match (self.levels.as_slice(), tag) {
            ([], Tag::WfpState) if self.has_state => {
                return Err(self.damaged(line, "a second <wfpstate>: two files in one"));
            }
            ([], Tag::WfpState) => (self.has_state, self.is_known) = (true, true),
            ([], Tag::WfpDiag) => self.is_known = true,
            ([], _) => self.is_known |= tag.is_list(),
            ([root], Tag::SubLayers) => self.has_sublayers |= root.tag == Tag::WfpState,
            ([root], Tag::Layers) => self.has_layers |= root.tag == Tag::WfpState,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str, line: u64) -> Result<(), ReadError> {
        let is_blank = text.trim_ascii_start().is_empty();
        let Some(level) = self.levels.last_mut() else {
            return match is_blank {
                true => Ok(()),
                false => Err(self.stray(text, line)),
            };
        };
        level.has_text |= !is_blank;
        if level.field.is_some() {
            self.text.push(text);
        } else if !is_blank && level.tag.has_no_text() {
            return Err(self.stray(text, line));
        }
        Ok(())
    }

    /// Text where none may be; white space before it is not what is wrong.
    fn stray(&self, text: &str, line: u64) -> ReadError {
        let shown = text.trim_ascii();
        let before = text.len() - text.trim_ascii_start().len();
        let line_ends = text.bytes().take(before).map(|it| u64::from(it == b'\n')).sum::<u64>();
        let what = format!("\"{}\" stands outside of any element that has text", quoted(shown));
        self.damaged(line + line_ends, what)
    }

    fn character(&self, reference: &BytesRef<'_>, line: u64) -> Result<char, ReadError> {
        let known = match &**reference {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        known.ok_or_else(|| {
            let what = format!("&{}; is no character; entities are not read", quoted(reference));
            self.damaged(line, what)
        })
    }

    fn end(&mut self, name: &str, line: u64) -> Result<(), ReadError> {
        let Some(level) = self.levels.pop() else {
            // Items that somebody copied out of a list, with the end of the list.
            return match Tag::of(name).is_list() && !self.has_state {
                true => Ok(()),
                false => Err(self.damaged(line, format!("</{}> ends nothing", quoted(name)))),
            };
        };
        if let Some((field, above)) = level.field {
            self.field(&level, field, above);
        }
        if let Some(mut draft) = level.draft {
            if level.has_text {
                draft.is_wrong(level.line, "an item has text beside its elements");
            }
            let list = self.levels.last().map(|it| it.tag);
            self.keep.item(*draft, list, level.line)?;
        } else if level.tag == Tag::WfpState && self.levels.is_empty() {
            self.is_closed = true;
        }
        Ok(())
    }

    /// A field has ended.
    fn field(&mut self, level: &Level, field: Field, above: usize) {
        let text = Lined { value: self.text.take(), line: level.line };
        if field == Field::Time {
            self.keep.set_time(text.value);
            return;
        }
        let place = self.levels.len().checked_sub(above);
        let Some(item) = place.and_then(|place| self.levels.get_mut(place)) else { return };
        let draft = item.draft.get_or_insert_default();
        draft.begins_with_provider |= field == Field::Provider && level.is_first;
        draft.set(field, text, level.has_children);
    }

    /// The end of the file, on this line.
    pub(super) fn finish(self, line: u64) -> Result<WfpState, ReadError> {
        if let Some(level) = self.levels.last() {
            let what = format!("it is cut off in an element that begins on line {}", level.line);
            return Err(self.damaged(line, what));
        }
        if !self.is_known && !self.keep.has_any() {
            return Err(ReadError::Unknown { file: self.keep.file().to_owned() });
        }
        // Without these two lists nobody knows what is missing in them.
        let is_whole = self.is_closed && self.has_sublayers && self.has_layers;
        Ok(self.keep.finish(is_whole))
    }
}
