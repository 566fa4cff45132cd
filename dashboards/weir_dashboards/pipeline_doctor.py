"""The row of the dashboard Pipeline about what the doctor says of the collectors' machines."""

from .fields import ONLY_ON_WINDOWS, Column, Legend, Look, Panel, Query, Text
from .panels import chart, table
from .promql import host, top, total


def doctor() -> list[Panel]:
    """What the doctor says of the machines that collectors run on."""
    status = host("weir_doctor_check_status")
    return [
        table(
            Text(
                "Checks that are not ok, worst 100",
                "As of each host's last look, which comes every 15 minutes; docs/doctor-checks.md "
                "has the ids. weir doctor on the host says what is wrong and what to type. "
                "Unknown ones stand here only where they were known within the time shown: "
                "they follow from a failure, or a look came to nothing.",
                ["WeirDoctorCheckFailed"],
                ONLY_ON_WINDOWS,
            ),
            Look("short", 12),
            [Query(_findings(status))],
            [
                Column(
                    "Value",
                    "Verdict",
                    states=[
                        ("3", "fail", "red"),
                        ("2", "warn", "orange"),
                        ("1", "unknown", "purple"),
                        ("0", "no finding", "green"),
                    ],
                    width=120,
                ),
                Column("check", "Check", width=110),
                Column("instance", "Host"),
            ],
            [("Verdict", True), ("Check", False), ("Host", False)],
        ),
        chart(
            Text(
                "Verdicts of the doctor",
                "Checks by verdict, over all chosen hosts. Some are always unknown: those of "
                "traces, and those whose evidence takes rights that the collector does not have. "
                "Where all of a host turn unknown, its looks fail or hang.",
                ["WeirDoctorBlind"],
                ONLY_ON_WINDOWS,
            ),
            Look(
                "short",
                legend=Legend.BESIDE,
                colours={"fail": "red", "warn": "orange", "unknown": "purple", "ok": "green"},
            ),
            [
                Query(total("", f"{status} == bool {value}"), name)
                for value, name in ((2, "fail"), (1, "warn"), (3, "unknown"), (0, "ok"))
            ],
        ),
    ]


def _findings(status: str) -> str:
    """Checks that are not ok as 3 fail, 2 warn, 1 unknown, so that the worst is the greatest.

    Last stands a 0 for all others wherever anybody looks: a table without rows would say that this
    is not Windows, and so would its empty cells.
    """
    known = f"min_over_time({status}[$__range]) < 3"
    fails, warns, lost = f"{status} == 2", f"{status} == 1", f"{status} == 3"
    findings = f"({fails}) + 1 or ({warns}) + 1 or (({lost}) and ({known})) - 2"
    others = f"0 * count by (job) ({status})"
    for label, text in (("check", "all others"), ("instance", "all hosts")):
        others = f'label_replace({others}, "{label}", "{text}", "job", ".*")'
    return top(100, f"{findings} or {others}")
