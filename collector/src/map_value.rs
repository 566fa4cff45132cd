//! `--map 'MAP KEY VALUE'`: typed words to the bytes of a map.

/// Three words of a `--map` option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// Name of the map.
    pub map: String,
    /// Bytes of the key, not yet padded.
    pub key: Vec<u8>,
    /// Bytes of the value, not yet padded.
    pub value: Vec<u8>,
}

/// Parses `MAP KEY VALUE`.
///
/// # Errors
/// Says which word is wrong, and how it should look.
pub fn parse_entry(text: &str) -> Result<MapEntry, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [map, key, value] = words[..] else {
        return Err(format!(
            "has {} words, needs three: 'MAP KEY VALUE', as in 'blocked_names str:example.com u32:1'",
            words.len()
        ));
    };
    let key = parse_bytes(key).map_err(|error| format!("key {error}"))?;
    let value = parse_bytes(value).map_err(|error| format!("value {error}"))?;
    Ok(MapEntry { map: map.to_owned(), key, value })
}

/// Parses `str:…`, `hex:…` or `u8:…` to `u64:…` (little-endian, decimal or `0x…`).
fn parse_bytes(word: &str) -> Result<Vec<u8>, String> {
    let Some((kind, text)) = word.split_once(':') else {
        return Err(format!(
            "`{word}` has no type: write str:, hex:, u8:, u16:, u32: or u64: first"
        ));
    };
    let bytes = match kind {
        "str" => text.as_bytes().to_vec(),
        "hex" => parse_hex(text).ok_or_else(|| {
            format!("`{word}` is not hexadecimal: write two digits a byte, as in hex:0aff")
        })?,
        "u8" | "u16" | "u32" | "u64" => parse_number(kind, text)?,
        _ => {
            return Err(format!("`{word}` has the unknown type `{kind}`: use str, hex, u8 to u64"));
        }
    };
    Ok(bytes)
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.last()?)?)).collect()
}

fn parse_number(kind: &str, text: &str) -> Result<Vec<u8>, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = match digits {
        Some(hex) if !hex.starts_with('+') => u64::from_str_radix(hex, 16),
        _ => text.trim_start_matches('+').parse(),
    };
    let wrong = || format!("`{kind}:{text}` is not a number of that type");
    let number = number.map_err(|_| wrong())?;
    match kind {
        "u8" => u8::try_from(number).map(|it| it.to_le_bytes().to_vec()).map_err(|_| wrong()),
        "u16" => u16::try_from(number).map(|it| it.to_le_bytes().to_vec()).map_err(|_| wrong()),
        "u32" => u32::try_from(number).map(|it| it.to_le_bytes().to_vec()).map_err(|_| wrong()),
        _ => Ok(number.to_le_bytes().to_vec()),
    }
}

/// Pads bytes with zeros to a map's size; `None` where they are longer.
#[must_use]
pub fn padded(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = bytes.to_vec();
    (bytes.len() <= size).then(|| out.resize(size, 0))?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_words_become_bytes() {
        let check = |word: &str, bytes: &[u8]| assert_eq!(parse_bytes(word), Ok(bytes.to_vec()));
        check("str:a.b", b"a.b");
        check("str:a:b", b"a:b");
        check("str:", b"");
        check("hex:0aFF", &[0x0a, 0xff]);
        check("u8:255", &[255]);
        check("u16:0x102", &[2, 1]);
        check("u32:1", &[1, 0, 0, 0]);
        check("u64:18446744073709551615", &[255; 8]);
    }

    #[test]
    fn wrong_words_are_named() {
        for word in ["abc", "hex:0", "hex:zz", "u8:256", "u32:-1", "u9:1", "u8:", "u8:0x", "hex:é"]
        {
            let error = parse_bytes(word).unwrap_err();
            assert!(error.contains('`'), "{word}: {error}");
        }
        assert!(parse_entry("m str:a").unwrap_err().starts_with("has 2 words"));
        assert!(parse_entry("m str:a u8:1 x").unwrap_err().starts_with("has 4 words"));
    }

    #[test]
    fn what_is_longer_than_the_map_is_refused() {
        assert_eq!(padded(b"ab", 3), Some(vec![b'a', b'b', 0]));
        assert_eq!(padded(b"abc", 3), Some(b"abc".to_vec()));
        assert_eq!(padded(b"abcd", 3), None);
    }
}
