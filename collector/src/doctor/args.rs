//! Values of the doctor's options.

use core::net::SocketAddr;
use weir_stages::checks::facts::ExpectedProgram;

/// `NAME` or `NAME=ATTACH_TYPE`.
pub(crate) fn parse_program(text: &str) -> Result<ExpectedProgram, String> {
    let (name, attach_type) = match text.split_once('=') {
        Some((name, attach_type)) => (name, Some(attach_type)),
        None => (text, None),
    };
    if name.is_empty() || attach_type == Some("") {
        return Err("needs a name, or NAME=ATTACH_TYPE as in sni=flow_classify".to_owned());
    }
    Ok(ExpectedProgram { name: name.to_owned(), attach_type: attach_type.map(str::to_owned) })
}

/// `FROM=TO`, both address and port.
pub(crate) fn parse_redirect(text: &str) -> Result<(SocketAddr, SocketAddr), String> {
    let hint = "needs two addresses with ports, as in 203.0.113.7:443=127.0.0.1:8443";
    let (from, to) = text.split_once('=').ok_or(hint)?;
    Ok((from.parse().map_err(|_| hint)?, to.parse().map_err(|_| hint)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_with_or_without_its_attach_type() {
        let parsed = parse_program("authorize_connect4=cgroup/connect4").unwrap();
        assert_eq!(parsed.attach_type.as_deref(), Some("cgroup/connect4"));
        assert_eq!(parse_program("sni").unwrap().attach_type, None);
        for wrong in ["", "=x", "x="] {
            assert!(parse_program(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_redirect_is_two_addresses_with_ports() {
        let (from, to) = parse_redirect("[2001:db8::1]:443=127.0.0.1:8443").unwrap();
        assert_eq!((from.port(), to.port()), (443, 8443));
        for wrong in ["", "1.2.3.4:5", "1.2.3.4=5.6.7.8", "a:1=b:2"] {
            assert!(parse_redirect(wrong).is_err(), "{wrong}");
        }
    }
}
