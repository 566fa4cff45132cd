//! The command that repeats a test, printed when it fails, in whichever way it does.

/// Prints the command when it is dropped by a panic.
#[derive(Debug)]
pub struct OnFailure {
    command: String,
}

impl OnFailure {
    /// Of the test within which `here` is, a function's path: `BINARY::MODULE::TEST::here`.
    #[must_use]
    pub fn at(here: &str) -> Self {
        let test = here.rsplit_once("::").map_or(here, |(test, _)| test);
        let (binary, test) = test.split_once("::").unwrap_or((test, ""));
        // Seeds are written in the test, so its name says all but which image it was.
        let image = std::env::var("WEIR_SYS")
            .map_or_else(|_| String::new(), |it| format!("WEIR_SYS='{it}' "));
        let all = std::env::var("WEIR_SEQUENCES")
            .map_or_else(|_| String::new(), |it| format!("WEIR_SEQUENCES='{it}' "));
        let command = format!(
            "{image}{all}cargo test --locked --package weir-sim --test {binary} -- --exact {test}"
        );
        Self { command }
    }

    /// The command.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }
}

impl Drop for OnFailure {
    #[expect(clippy::print_stderr, reason = "beside the words of the panic")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat with: {}", self.command);
        }
    }
}

/// Prints the command that repeats this test, if it fails; the value lives as long as the test.
#[macro_export]
macro_rules! on_failure {
    () => {{
        // Its path is that of the test, which a name in quotes would not follow.
        const fn here() {}
        $crate::repeat::OnFailure::at(core::any::type_name_of_val(&here))
    }};
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_names_the_binary_and_this_test() {
        let command = crate::on_failure!().command().to_owned();
        let wanted = "--test weir_sim -- --exact \
                      repeat::tests::the_command_names_the_binary_and_this_test";
        assert!(command.ends_with(wanted), "{command}");
    }
}
