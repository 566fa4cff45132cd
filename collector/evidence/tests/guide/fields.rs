//! Objects of JSON and their fields, by where they stand in the text.

use core::ops::Range;

/// A field.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name and those of the objects around it: `meta/time`.
    pub(crate) path: String,
    /// Its value as it stands there, with quotes.
    pub(crate) value: String,
    pub(crate) range: Range<usize>,
}

/// The end of a text in quotes that begins here, behind its closing one.
fn text_end(text: &str, start: usize) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            b'"' if !is_escaped => return at + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    panic!("no end of the text at {start} in {text}")
}

/// The outermost objects of a text.
pub(crate) fn objects(text: &str) -> Vec<Range<usize>> {
    let (mut objects, mut depth, mut start, mut at) = (Vec::new(), 0_usize, 0, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => at = text_end(text, at) - 1,
            b'{' => {
                start = if depth == 0 { at } else { start };
                depth += 1;
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    objects.push(start..at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    objects
}

/// The fields of an object and of those in it.
pub(crate) fn fields(text: &str, object: &Range<usize>) -> Vec<Field> {
    let (mut fields, mut outer, mut at) = (Vec::new(), Vec::<&str>::new(), object.start + 1);
    while at < object.end {
        match text.as_bytes()[at] {
            b'"' => {
                let end = text_end(text, at);
                let name = &text[at + 1..end - 1];
                let colon = end + text[end..].find(':').unwrap();
                let start =
                    colon + 1 + text[colon + 1..].find(|it: char| !it.is_whitespace()).unwrap();
                at = match text.as_bytes()[start] {
                    b'{' => {
                        outer.push(name);
                        start + 1
                    }
                    first => {
                        let end = value_end(text, start, first);
                        let path = outer.iter().chain([&name]).copied().collect::<Vec<_>>();
                        let value = text[start..end].to_owned();
                        fields.push(Field { path: path.join("/"), value, range: start..end });
                        end
                    }
                };
            }
            b'}' => {
                outer.pop();
                at += 1;
            }
            _ => at += 1,
        }
    }
    fields
}

fn value_end(text: &str, start: usize, first: u8) -> usize {
    match first {
        b'"' => text_end(text, start),
        b'[' => start + text[start..].find(']').unwrap() + 1,
        _ => start + text[start..].find([',', '}', ' ', '\n', '\r']).unwrap(),
    }
}
