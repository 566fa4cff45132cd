//! Text from outside as a label value: escaped, bounded.

/// The value of `program` for what a bound left out; a program of that label is summed with it.
pub const OTHER: &str = "other";

/// Makes a label value of a text: control and direction-changing characters are escaped, and what
/// is longer than `bytes_max` is cut at a character.
#[must_use]
pub fn label_value(text: &str, bytes_max: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let before = out.len();
        if is_hidden(letter) {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
        if out.len() > bytes_max {
            out.truncate(before);
            break;
        }
    }
    out
}

/// Characters that do not print or that reorder what stands beside them.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(label_value(text, 24), expected);
    }

    #[test]
    fn hidden_characters_are_escaped_and_long_texts_are_cut() {
        check("sni-block", "sni-block");
        check("a\nb", "a\\u{a}b");
        check("a\u{202e}b", "a\\u{202e}b");
        check("\"\\", "\"\\");
        check(&"x".repeat(30), &"x".repeat(24));
        check(&"ü".repeat(30), &"ü".repeat(12));
        check(&"\n".repeat(30), &"\\u{a}".repeat(4));
    }
}
