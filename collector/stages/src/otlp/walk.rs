//! Two sorted families side by side: what is new, what goes on, what ended.

use crate::snapshot::Sample;
use core::cmp::Ordering;

/// Calls `each` with every series of either side, in order: its sample before and its sample now.
pub(super) fn pairs<'a>(
    before: &'a [Sample],
    now: &'a [Sample],
    mut each: impl FnMut(Option<&'a Sample>, Option<&'a Sample>),
) {
    let (mut before, mut now) = (before.iter().peekable(), now.iter().peekable());
    loop {
        let order = match (before.peek(), now.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => order(one, other),
        };
        match order {
            Ordering::Less => each(before.next(), None),
            Ordering::Equal => each(before.next(), now.next()),
            Ordering::Greater => each(None, now.next()),
        }
    }
}

fn order(one: &Sample, other: &Sample) -> Ordering {
    let texts = one.labels.iter().map(AsRef::<str>::as_ref);
    texts.cmp(other.labels.iter().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Value;

    fn samples(names: &[&'static str]) -> Vec<Sample> {
        let sample =
            |name: &&'static str| Sample { labels: [(*name).into()].into(), value: Value::Info };
        names.iter().map(sample).collect()
    }

    #[test]
    fn every_series_of_either_side_comes_once() {
        let (before, now) = (samples(&["a", "b", "d"]), samples(&["b", "c", "d", "e"]));
        let mut found = String::new();
        let name = |it: Option<&Sample>| it.map_or("-", |it| it.labels[0].as_ref()).to_owned();
        pairs(&before, &now, |one, other| {
            found += &format!("{}{} ", name(one), name(other));
        });
        assert_eq!(found, "a- bb -c dd -e ");
    }
}
