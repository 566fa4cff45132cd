//! Items of XML and their values, by where they stand in the text.

use core::ops::Range;

/// A value of an item, or an element without one.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// Its element and those around it, below the item: `displayData/name`.
    pub(crate) path: String,
    pub(crate) value: String,
    /// The whole element.
    pub(crate) range: Range<usize>,
}

/// A tag.
struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    is_empty: bool,
    range: Range<usize>,
}

fn tags(text: &str, within: Range<usize>) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut at = within.start;
    while let Some(start) = text[at..within.end].find('<').map(|it| at + it) {
        let end = start + text[start..].find('>').unwrap() + 1;
        let inner = text[start..end].trim_matches(['<', '>']);
        let name = inner.trim_matches('/').split(' ').next().unwrap();
        let (is_end, is_empty) = (inner.starts_with('/'), inner.ends_with('/'));
        tags.push(Tag { name, is_end, is_empty, range: start..end });
        at = end;
    }
    tags
}

/// The outermost items of a text.
pub(crate) fn items(text: &str) -> Vec<Range<usize>> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for tag in tags(text, 0..text.len()).into_iter().filter(|it| it.name == "item") {
        if tag.is_end {
            depth -= 1;
        } else {
            start = if depth == 0 { tag.range.start } else { start };
            depth += 1;
        }
        if depth == 0 {
            items.push(start..tag.range.end);
        }
    }
    items
}

/// The values of an item.
pub(crate) fn leaves(text: &str, item: &Range<usize>) -> Vec<Leaf> {
    let inside = item.start + "<item>".len()..item.end - "</item>".len();
    let (mut leaves, mut open) = (Vec::new(), Vec::<(&str, Range<usize>, bool)>::new());
    for tag in tags(text, inside) {
        let path = |open: &[(&str, Range<usize>, bool)], name: &str| {
            let outer = open.iter().map(|it| it.0).chain([name]);
            outer.collect::<Vec<_>>().join("/")
        };
        if tag.is_end {
            let (name, start, has_children) = open.pop().unwrap();
            if !has_children {
                let value = text[start.end..tag.range.start].trim().to_owned();
                let range = start.start..tag.range.end;
                leaves.push(Leaf { path: path(&open, name), value, range });
            }
            continue;
        }
        if let Some(outer) = open.last_mut() {
            outer.2 = true;
        }
        if tag.is_empty {
            let path = path(&open, tag.name);
            leaves.push(Leaf { path, value: String::new(), range: tag.range });
        } else {
            open.push((tag.name, tag.range, false));
        }
    }
    leaves
}

/// The text with another value.
pub(crate) fn set(text: &str, leaf: &Leaf, value: &str) -> String {
    let name = leaf.path.rsplit('/').next().unwrap();
    replaced(text, &leaf.range, &format!("<{name}>{value}</{name}>"))
}

/// The text with something else in a place.
pub(crate) fn replaced(text: &str, range: &Range<usize>, by: &str) -> String {
    [&text[..range.start], by, &text[range.end..]].concat()
}

/// The text without what stands in a place.
pub(crate) fn removed(text: &str, range: &Range<usize>) -> String {
    replaced(text, range, "")
}

/// The text with what stands in a place a second time behind it.
pub(crate) fn doubled(text: &str, range: &Range<usize>, between: &str) -> String {
    let it = &text[range.clone()];
    replaced(text, range, &[it, between, it].concat())
}
