//! What the tests under Wine need: Wine, the program for Windows, and the C compiler of mingw-w64
//! for what is beside these tests in `wine`. Without it they skip, and say so.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The exit code of `cargo xtask windows` where the toolchain is incomplete.
const NO_TOOLCHAIN: i32 = 3;

/// What every test uses.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Wine's loader.
    pub(crate) wine: PathBuf,
    /// Wine's server, to end what a test began.
    pub(crate) server: PathBuf,
    /// A Windows that nobody has used yet.
    pub(crate) template: PathBuf,
    /// `weir.exe`.
    pub(crate) weir: PathBuf,
    /// What was built from `wine`.
    pub(crate) folder: PathBuf,
}

/// The tools, or `None` and a word on why where one is missing.
#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
pub(crate) fn tools_or_skip() -> Option<&'static Tools> {
    static TOOLS: OnceLock<Result<Tools, String>> = OnceLock::new();
    match TOOLS.get_or_init(find) {
        Ok(tools) => Some(tools),
        Err(told) => {
            eprintln!("skipped: {told}");
            None
        }
    }
}

/// The error is what is missing; what is there and does not work fails the test.
fn find() -> Result<Tools, String> {
    let wine = first(&["/usr/lib/wine/wine64", "/usr/bin/wine64"]);
    let server = first(&["/usr/lib/wine/wineserver64", "/usr/bin/wineserver"]);
    let (Some(wine), Some(server)) = (wine, server) else {
        return Err("Wine is missing (apt-get install --no-install-recommends wine64)".to_owned());
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("driver");
    std::fs::create_dir_all(&folder).unwrap();
    // Test programs may run at once; one makes what all use.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    compile(&folder, "bcryptprimitives", "dll", &["-ladvapi32"])?;
    for driver in ["starts", "refuses"] {
        let link = ["-nostdlib", "-Wl,--subsystem,native", "-Wl,--entry,DriverEntry"];
        compile(&folder, driver, "sys", &link)?;
    }
    let weir = program()?;
    let template = template(&folder, &wine, &server);
    Ok(Tools { wine, server, template, weir, folder })
}

fn first(paths: &[&str]) -> Option<PathBuf> {
    paths.iter().map(PathBuf::from).find(|path| path.exists())
}

fn compile(folder: &Path, name: &str, ending: &str, link: &[&str]) -> Result<(), String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/driver/wine");
    let output = Command::new("x86_64-w64-mingw32-gcc")
        .args(["-shared", "-Os", "-s", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(folder.join(name).with_extension(ending))
        .arg(source.join(name).with_extension("c"))
        .args(link)
        .output()
        .map_err(|_| {
            "mingw-w64 is missing (apt-get install --no-install-recommends gcc-mingw-w64-x86-64)"
        })?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The program of `WEIR_EXE`, else the one that `cargo xtask windows --debug` builds.
fn program() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("WEIR_EXE").map(PathBuf::from) {
        assert!(path.exists(), "WEIR_EXE: {} is not there", path.display());
        return Ok(path);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["xtask", "windows", "--debug"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NO_TOOLCHAIN) {
        return Err(told.into_owned());
    }
    assert!(output.status.success(), "cargo xtask windows --debug: {told}");
    let out = String::from_utf8(output.stdout).unwrap();
    Ok(PathBuf::from(out.lines().last().unwrap()))
}

/// Makes a Windows once for each version of Wine, which takes ten seconds and 700 MB.
fn template(folder: &Path, wine: &Path, server: &Path) -> PathBuf {
    let version = Command::new(wine).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let name = version.split_whitespace().next().unwrap();
    let template = folder.join(name);
    if template.exists() {
        return template;
    }
    let unfinished = folder.join("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).unwrap();
    }
    let environment = [("WINEPREFIX", unfinished.as_os_str()), ("WINEDEBUG", "-all".as_ref())];
    let made = Command::new("timeout")
        .args(["300".as_ref(), wine.as_os_str(), "wineboot".as_ref(), "--init".as_ref()])
        .envs(environment)
        .env_remove("DISPLAY")
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // Its files are whole when its server has ended.
    Command::new(server).arg("-w").envs(environment).status().unwrap();
    let dll = folder.join("bcryptprimitives.dll");
    let there = unfinished.join("drive_c/windows/system32/bcryptprimitives.dll");
    // A later Wine has its own.
    if !there.exists() {
        std::fs::copy(dll, there).unwrap();
    }
    std::fs::rename(&unfinished, &template).unwrap();
    template
}
