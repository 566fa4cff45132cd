//! What tools print, rebuilt from public outputs: words as each language has them, where they were
//! seen; in the other languages labels of our own, as nothing may depend on them.

/// Numbered lines of a driver, below whatever a language calls them.
pub(crate) fn service(name: &str, labels: [&str; 9]) -> String {
    let [head, kind, state, exit, specific, checkpoint, wait, pid, flags] = labels;
    format!(
        "\r\n{head}: {name}\r\n\
         \x20       {kind:<18} : 1  KERNEL_DRIVER\r\n\
         \x20       {state:<18} : 4  RUNNING\r\n\
         \x20                               (STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)\r\n\
         \x20       {exit:<18} : 0  (0x0)\r\n\
         \x20       {specific:<18} : 0  (0x0)\r\n\
         \x20       {checkpoint:<18} : 0x0\r\n\
         \x20       {wait:<18} : 0x0\r\n\
         \x20       {pid:<18} : 0\r\n\
         \x20       {flags:<18} :\r\n"
    )
}

/// Windows in English; German and Japanese have the same labels, and other sentences.
pub(crate) const ENGLISH: [&str; 9] = [
    "SERVICE_NAME",
    "TYPE",
    "STATE",
    "WIN32_EXIT_CODE",
    "SERVICE_EXIT_CODE",
    "CHECKPOINT",
    "WAIT_HINT",
    "PID",
    "FLAGS",
];

/// As seen in Russian.
pub(crate) const RUSSIAN: [&str; 9] = [
    "Имя_службы",
    "Тип",
    "Состояние",
    "Код_выхода_Win32",
    "Код_выхода_службы",
    "Контрольная_точка",
    "Ожидание",
    "ID_процесса",
    "Флаги",
];

/// Made up: accents.
pub(crate) const FRENCH: [&str; 9] = [
    "NOM_SERVICE",
    "TYPE",
    "ÉTAT",
    "CODE_SORTIE_WIN32",
    "CODE_SORTIE_SERVICE",
    "POINT_CONTRÔLE",
    "ATTENTE",
    "PID",
    "INDICATEURS",
];

/// Made up: letters from right to left, with the marks that Windows adds to them.
pub(crate) const ARABIC: [&str; 9] = [
    "\u{200f}اسم_الخدمة",
    "\u{200f}النوع",
    "\u{200f}الحالة",
    "\u{200f}رمز_الخروج",
    "\u{200f}رمز_الخدمة",
    "\u{200f}نقطة",
    "\u{200f}انتظار",
    "\u{200f}معرف",
    "\u{200f}علامات",
];

/// Made up: wide letters.
pub(crate) const JAPANESE: [&str; 9] = [
    "サービス名",
    "種類",
    "状態",
    "終了コード",
    "サービス終了コード",
    "チェック",
    "待機",
    "PID",
    "フラグ",
];

/// Five programs of as many ways to say so: nobody has a service of this name.
pub(crate) const NOT_INSTALLED: [&str; 7] = [
    "[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\r\n\r\nThe specified service does not exist as an installed service.\r\n\r\n",
    "[SC] EnumQueryServicesStatus:OpenService FEHLER 1060:\r\n\r\nDer angegebene Dienst ist kein installierter Dienst.\r\n\r\n",
    "[SC] EnumQueryServicesStatus:OpenService échec(s) 1060\u{a0}:\r\n\r\nLe service spécifié n'existe pas en tant que service installé.\r\n\r\n",
    "[SC] EnumQueryServicesStatus:OpenService ERROR 1060:\r\n\r\nEl servicio especificado no existe como servicio instalado.\r\n\r\n",
    "[SC] OpenService 失败 1060:\r\n\r\n指定的服务未安装。\r\n\r\n",
    "[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\r\n\r\n指定されたサービスはインストールされたサービスとして存在しません。\r\n\r\n",
    "\u{200f}[SC] EnumQueryServicesStatus:OpenService فشل 1060:\r\n\r\nالخدمة المحددة: غير مثبتة.\r\n\r\n",
];

/// A list of sessions.
pub(crate) const SESSIONS: &str = "\r\n\
Data Collector Set                      Type                          Status\r\n\
-------------------------------------------------------------------------------\r\n\
Circular Kernel Context Logger          Trace                         Running\r\n\
Microsoft-Windows-Rdp-Graphics-RdpIdd-Trace Trace                         Running\r\n\
weir-control                            Trace                         Running\r\n\
\r\n\
The command completed successfully.\r\n";

/// A session's page.
pub(crate) const SESSION: &str = "\r\n\r\n\
Name:                 weir-control\r\n\
Status:               Running\r\n\
Root Path:            %systemdrive%\\PerfLogs\\Admin\r\n\
Segment:              Off\r\n\
Schedules:            On\r\n\
\r\n\
Name:                 weir-control\\weir-control\r\n\
Type:                 Trace\r\n\
Append:               Off\r\n\
Buffers Lost:         0\r\n\
File Mode:            Real-time\r\n\
\r\n\
Provider:\r\n\
Name:                 {394F321C-5CF4-404C-AA34-4DF1428A7F9C}\r\n\
Provider Guid:        {394F321C-5CF4-404C-AA34-4DF1428A7F9C}\r\n\
Level:                255\r\n\
KeywordsAll:          0x0\r\n\
KeywordsAny:          0xffffffffffffffff\r\n\
Properties:           64\r\n\
Filter Type:          0\r\n\
\r\n\
The command completed successfully.\r\n";

/// Excluded ports.
pub(crate) const PORTS: &str = "\r\n\
Protocol tcp Port Exclusion Ranges\r\n\
\r\n\
Start Port    End Port      \r\n\
----------    --------      \r\n\
\x20     5357        5357      \r\n\
\x20    10048       10147      \r\n\
\x20    50000       50059     *\r\n\
\r\n\
* - Administered port exclusions.\r\n\
\r\n";

/// What `bcdedit /enum {current}` prints.
pub(crate) const BOOT: &str = "\r\n\
Windows Boot Loader\r\n\
-------------------\r\n\
identifier              {current}\r\n\
device                  partition=C:\r\n\
path                    \\Windows\\system32\\winload.efi\r\n\
description             Windows 11\r\n\
locale                  en-US\r\n\
inherit                 {bootloadersettings}\r\n\
recoveryenabled         Yes\r\n\
testsigning             Yes\r\n\
osdevice                partition=C:\r\n\
systemroot              \\Windows\r\n\
nx                      OptIn\r\n";

/// A program store and what the machine was started with, of `reg query`.
pub(crate) const QUERIED: &str = "\r\n\
HKEY_LOCAL_MACHINE\\Software\\eBPF\\Providers\\ProgramData\r\n\
\r\n\
HKEY_LOCAL_MACHINE\\Software\\eBPF\\Providers\\ProgramData\\{aa3ccdea-026e-400a-9fff-5081c44fc5a2}\r\n\
\x20   Version    REG_DWORD    0x1\r\n\
\x20   HelperCount    REG_DWORD    0x0\r\n\
\r\n\
HKEY_LOCAL_MACHINE\\Software\\eBPF\\Providers\\ProgramData\\{aa3ccdea-026e-400a-9fff-5081c44fc5a2}\\TypeDescriptor\r\n\
\x20   Name    REG_SZ    flow_classify\r\n\
\r\n\
HKEY_LOCAL_MACHINE\\Software\\eBPF\\Providers\\SectionData\\cgroup/connect4\r\n\
\r\n\
HKEY_LOCAL_MACHINE\\Software\\eBPF\\Providers\\SectionData\\flow_classify\r\n\
\x20   ProgramType    REG_BINARY    EACD3CAA6E020A409FFF5081C44FC5A2\r\n\
\x20   AttachType    REG_BINARY    5EF7C601DD69494DBF96C4CB80FE7246\r\n\
\x20   BpfProgType    REG_DWORD    0x3e7\r\n\
\r\n\
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\r\n\
\x20   SystemStartOptions    REG_SZ     TESTSIGNING  NOEXECUTE=OPTIN  NOVGA\r\n\
\r\n\
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\DeviceGuard\\Scenarios\\HypervisorEnforcedCodeIntegrity\r\n\
\x20   Enabled    REG_DWORD    0x1\r\n\
\x20   WasEnabledBy    REG_DWORD    0x2\r\n\
\r\n\
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\SecureBoot\\State\r\n\
\x20   UEFISecureBootEnabled    REG_DWORD    0x0\r\n\
\r\n";

/// The same sections of a user's store, of `reg export`.
pub(crate) const EXPORTED: &str = "Windows Registry Editor Version 5.00\r\n\
\r\n\
[HKEY_CURRENT_USER\\Software\\eBPF\\Providers]\r\n\
\r\n\
[HKEY_CURRENT_USER\\Software\\eBPF\\Providers\\SectionData\\flow_classify]\r\n\
\"Version\"=dword:00000001\r\n\
\"ProgramType\"=hex:ea,cd,3c,aa,6e,02,0a,40,9f,ff,\\\r\n\
\x20 50,81,c4,4f,c5,a2\r\n\
\"Note\"=\"a \\\"quote\\\" = \\\\ and more\"\r\n\
\"Many\"=hex(7):61,00,00,00,\\\r\n\
\x20 00,00\r\n";

/// A page of metrics.
pub(crate) const METRICS: &str = "# HELP weir_build_info What this is.\n\
# TYPE weir_build_info gauge\n\
weir_build_info{version=\"0.1.0\",note=\"a \\\"b\\\"\\\\c\\nd\"} 1\n\
# TYPE weir_run_seconds histogram\n\
weir_run_seconds_bucket{le=\"0.1\"} 1\n\
weir_run_seconds_bucket{le=\"+Inf\"} 2\n\
weir_run_seconds_sum 0.5\n\
weir_run_seconds_count 2\n\
# TYPE weir_events_lost_total counter\n\
weir_events_lost_total 12 1700000000000\n\
weir_age_seconds NaN\n\
go_goroutines 7\n";
