//! `install`, `status` and `remove` on a service control manager that starts drivers.

use crate::tools::tools_or_skip;
use crate::windows::Windows;

const SERVICE: &str = r"HKLM\System\CurrentControlSet\Services\weir";
const IMAGE: &str = "windows/system32/drivers/weir.sys";

/// What an installation leaves: service, image, store.
fn traces(windows: &Windows) -> (String, Option<Vec<u8>>, String) {
    (
        windows.registry(SERVICE),
        std::fs::read(windows.path(IMAGE)).ok(),
        windows.registry(r"HKLM\Software\eBPF") + &windows.registry(r"HKCU\Software\eBPF"),
    )
}

fn nothing() -> (String, Option<Vec<u8>>, String) {
    (String::new(), None, String::new())
}

/// Verdicts of `status`, by part.
fn verdict(windows: &Windows, part: &str) -> String {
    let json: serde_json::Value =
        serde_json::from_str(&windows.weir(&["status", "--json"]).out).unwrap();
    let checks = json["checks"].as_array().unwrap();
    let check = checks.iter().find(|it| it["part"] == part).unwrap();
    check["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn a_driver_is_installed_runs_and_is_removed_and_each_of_it_twice() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    let image = windows.driver("starts.sys", false);
    let text = windows.weir(&["install", "--image", &image]).ok();
    assert!(text.contains("driver: started"), "{text}");
    let installed = traces(&windows);
    assert!(
        installed.0.contains(r"_SZ    \SystemRoot\System32\drivers\weir.sys"),
        "{}",
        installed.0
    );
    assert!(installed.0.contains("Start    REG_DWORD    0x3"), "{}", installed.0);
    assert!(installed.0.contains("Type    REG_DWORD    0x1"), "{}", installed.0);
    assert!(installed.0.contains("DisplayName    REG_SZ    Weir"), "{}", installed.0);
    for part in ["image", "service", "start type", "store, this user", "store, everybody"] {
        assert_eq!(verdict(&windows, part), "ok", "{part}");
    }
    assert_eq!(verdict(&windows, "signature"), "missing");
    let again = windows.weir(&["install", "--image", &image]).ok();
    assert!(again.contains("driver: runs"), "{again}");
    assert_eq!(traces(&windows), installed);
    let text = windows.weir(&["remove"]).ok();
    assert!(text.contains("driver: stopped\nservice: weir deleted"), "{text}");
    assert_eq!(traces(&windows), nothing());
    let again = windows.weir(&["remove"]).ok();
    assert!(again.contains("service: none\nimage: none"), "{again}");
}

#[test]
fn a_driver_that_does_not_start_leaves_nothing_behind() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    let image = windows.driver("refuses.sys", false);
    let err = windows.weir(&["install", "--image", &image]).fails(11);
    assert!(err.contains("failed to start service `weir`"), "{err}");
    assert!(err.contains("nothing is left of the attempt") && err.contains("hint: "), "{err}");
    assert_eq!(traces(&windows), nothing());
    // What was registered before stays registered.
    windows.weir(&["register"]).ok();
    let before = traces(&windows);
    windows.weir(&["install", "--image", &image]).fails(11);
    assert_eq!(traces(&windows), before);
}

#[test]
fn status_is_0_only_if_everything_is_there() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    let image = windows.driver("starts.sys", true);
    windows.weir(&["status"]).fails(12);
    windows.weir(&["install", "--image", &image]).ok();
    windows.weir(&["status"]).fails(12);
    for name in ["ebpfcore", "bfe"] {
        let words = ["sc", "create", name, "type=", "kernel", "start=", "demand", "binPath="];
        windows.driver("starts.sys", false);
        let own = format!(r"C:\{name}.sys");
        std::fs::copy(windows.path("starts.sys"), windows.path(&format!("{name}.sys"))).unwrap();
        windows.run(&[&words[..], &[own.as_str()]].concat()).ok();
        assert_eq!(
            verdict(&windows, if name == "bfe" { "filtering engine" } else { "eBPF core" }),
            "differs"
        );
        windows.run(&["sc", "start", name]).ok();
    }
    let run = windows.weir(&["status"]);
    assert!(run.code == 0 && !run.out.contains("hint"), "{}{}", run.out, run.err);
    windows.run(&["sc", "stop", "weir"]).ok();
    windows.weir(&["status"]).fails(12);
    assert_eq!(verdict(&windows, "service"), "differs");
}

/// Does by hand what a dry run prints: the file's commands in a command prompt, and the file.
fn by_hand(windows: &Windows, text: &str) {
    let is_command = |line: &&str| ["copy ", "sc ", "del "].iter().any(|it| line.starts_with(it));
    let commands = text.lines().filter_map(|line| line.strip_prefix("; ")).filter(is_command);
    let commands: String = commands.map(|it| format!("{it}\r\n")).collect();
    std::fs::write(windows.path("steps.bat"), commands).unwrap();
    windows.import(text);
    windows.run(&["cmd", "/c", r"C:\steps.bat"]).ok();
}

#[test]
fn what_dry_runs_print_done_by_hand_is_what_install_and_remove_do() {
    let Some(tools) = tools_or_skip() else { return };
    let [by_hand_there, there] = [true, false].map(|is_by_hand| {
        let windows = Windows::new(tools);
        let image = windows.driver("starts.sys", false);
        if is_by_hand {
            let text = windows.weir(&["install", "--dry-run", "--image", &image]).ok();
            assert!(text.contains(&format!("; image: {image}: ")), "{text}");
            assert_eq!(traces(&windows), nothing());
            by_hand(&windows, &text);
        } else {
            windows.weir(&["install", "--image", &image]).ok();
        }
        assert_eq!(verdict(&windows, "service"), "ok");
        let (service, image, _) = traces(&windows);
        let store = windows.registry(r"HKLM\Software\eBPF");
        if is_by_hand {
            by_hand(&windows, &windows.weir(&["remove", "--dry-run"]).ok());
            let (service, image, _) = traces(&windows);
            assert_eq!((service, image), (String::new(), None));
        }
        (service, image, store)
    });
    assert_eq!(by_hand_there, there);
}

#[test]
fn what_is_no_driver_for_this_machine_is_refused() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    windows.weir(&["install", "--image", r"C:\nothing.sys"]).fails(3);
    std::fs::write(windows.path("text.sys"), "no image").unwrap();
    windows.weir(&["install", "--image", r"C:\text.sys"]).fails(4);
    let program = r"C:\windows\system32\reg.exe";
    let err = windows.weir(&["install", "--image", program]).fails(4);
    assert!(err.contains("is a program, not a driver"), "{err}");
    assert_eq!(traces(&windows), nothing());
}

#[test]
fn a_service_of_that_name_made_by_others_is_left_alone() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = Windows::new(tools);
    let image = windows.driver("starts.sys", false);
    let words = ["sc", "create", "weir", "type=", "kernel", "start=", "demand", "binPath=", &image];
    windows.run(&words).ok();
    let before = traces(&windows);
    let err = windows.weir(&["install", "--image", &image]).fails(11);
    assert!(err.contains("pnputil"), "{err}");
    let err = windows.weir(&["remove"]).fails(11);
    assert!(err.contains("pnputil"), "{err}");
    assert_eq!(traces(&windows), before);
}
