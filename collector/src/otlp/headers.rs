//! Headers for the receiver. Their values are secrets: nothing here prints one.

use super::variables::{Found, Variables, pairs};
use crate::failure::{ExitCode, Failure};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::path::Path;

/// Longest headers file: more is no list of headers.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Headers of a variable; bad pairs are warnings.
pub(super) fn of_variable(variables: &mut Variables<'_>, found: Option<Found>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(found) = found else { return headers };
    for pair in pairs(&found.value) {
        match pair.and_then(|(name, value)| header(&name, &value)) {
            Ok((name, value)) => {
                headers.insert(name, value);
            }
            Err(what) => variables.warn(&found.name, &format!("in part: {what}")),
        }
    }
    headers
}

/// Headers of `--otlp.headers-file`.
///
/// # Errors
/// Where it cannot be read or a line is no header.
pub(super) fn of_file(path: &Path) -> Result<HeaderMap, Failure> {
    let name = path.display();
    let read = || -> std::io::Result<String> {
        if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
            return Err(std::io::Error::other("it is too long for a list of headers"));
        }
        std::fs::read_to_string(path)
    };
    let text = read().map_err(|error| {
        let message = format!("read `{name}`: {error}");
        Failure::new(ExitCode::InputUnreadable, message, "give --otlp.headers-file a text file")
    })?;
    let mut headers = HeaderMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let pair = line.split_once('=').ok_or("it has no `=`");
        let pair = pair.and_then(|(name, value)| header(name.trim(), value.trim()));
        let (header, value) = pair.map_err(|what| {
            let message = format!("use line {} of `{name}`: {what}", at + 1);
            Failure::new(ExitCode::InputDamaged, message, "write one NAME=VALUE a line")
        })?;
        headers.insert(header, value);
    }
    Ok(headers)
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let name = name.parse::<HeaderName>().map_err(|_| "a name is no name of a header")?;
    let mut value = value.parse::<HeaderValue>().map_err(|_| "a value is no value of a header")?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_neither_printed_nor_told_in_warnings() {
        let lookup = |_: &str| None;
        let mut variables = Variables::new(&lookup);
        let value = "authorization=Bearer%20secret1,bad name=secret2,x=a%0Asecret3,secret4";
        let found = Found { name: "H".to_owned(), value: value.to_owned() };
        let headers = of_variable(&mut variables, Some(found));
        assert_eq!(headers["authorization"], "Bearer secret1");
        assert_eq!((headers.len(), variables.warnings.len()), (1, 3));
        let told = format!("{headers:?} {:?}", variables.warnings);
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn a_file_of_headers_names_the_bad_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headers");
        std::fs::write(&path, "a=1\n\nx-key = two=2\n").unwrap();
        let headers = of_file(&path).unwrap();
        assert_eq!(
            (&headers["a"], &headers["x-key"]),
            (&"1".parse().unwrap(), &"two=2".parse().unwrap())
        );
        std::fs::write(&path, "a=1\nsecret\n").unwrap();
        let failure = of_file(&path).unwrap_err();
        assert_eq!(failure.code(), ExitCode::InputDamaged);
        assert!(failure.to_string().contains("line 2") && !failure.to_string().contains("secret"));
    }
}
