//! Characters that say nothing by themselves, but change how the rest is shown: controls, marks of
//! direction, joiners, separators of lines. A name with one can pass for another.

use core::ops::RangeInclusive;

/// General categories Cf (format), Zl and Zp (separators of lines and paragraphs), in order.
///
/// Source: unicode.org/Public/15.0.0/ucd/UnicodeData.txt (read 2026-11)
const RANGES: [RangeInclusive<char>; 21] = [
    '\u{ad}'..='\u{ad}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{2064}',
    '\u{2066}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0001}'..='\u{e0001}',
    '\u{e0020}'..='\u{e007f}',
];

/// Whether a character is a control or one of these.
pub(crate) fn is_unseen(it: char) -> bool {
    it.is_control() || RANGES.iter().any(|range| range.contains(&it))
}

/// A JSON document in which strings have these escaped, as JSON escapes them: it says the same, and
/// steers no terminal that it is printed on.
pub(crate) fn escaped_in_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for it in json.chars() {
        // Between strings stands nothing of them but line ends.
        if it == '\n' || !is_unseen(it) {
            text.push(it);
            continue;
        }
        for unit in it.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stand_in_order_and_apart() {
        assert!(RANGES.is_sorted_by(|one, next| one.end() < next.start()));
    }

    #[test]
    fn marks_of_direction_joiners_and_separators_are_unseen_and_letters_are_not() {
        let unseen = "\u{7f}\u{85}\u{ad}\u{200b}\u{200e}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\
                      \u{2066}\u{2069}\u{feff}\u{e0041}";
        assert!(unseen.chars().all(is_unseen));
        assert!(!" aßя例שא…\u{2027}\u{202f}\u{2065}👍".chars().any(is_unseen));
    }

    #[test]
    fn json_says_the_same_and_steers_nothing() {
        let value = serde_json::json!({ "a": "x\u{202e}y\u{e0041}\u{7f}\u{1b}\n" });
        let text = escaped_in_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.contains(r"x\u202ey\udb40\udc41\u007f"), "{text}");
        assert!(!text.chars().any(|it| it != '\n' && is_unseen(it)));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
