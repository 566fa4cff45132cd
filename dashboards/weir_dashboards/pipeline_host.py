"""Rows of the dashboard Pipeline about the host: process, filtering engine, audit trail."""

from .fields import (
    ANY,
    ONLY_ON_WINDOWS,
    WITH_THE_AUDIT_TRAIL,
    Legend,
    Look,
    Panel,
    Query,
    Text,
)
from .panels import chart
from .promql import host, increase, rate, seen_hosts, top, total


def process() -> list[Panel]:
    """What the collector takes of its host."""
    return [
        chart(
            Text(
                "Processor time, top 10 hosts",
                "What the collector takes; 100 % is one processor. It follows the rate of events; "
                "invocation events are what costs most.",
            ),
            Look("percentunit", 6, legend=Legend.NAMES),
            [Query(top(10, rate(host("process_cpu_seconds_total"))), "{{instance}}")],
        ),
        chart(
            Text(
                "Memory, top 10 hosts",
                "Resident memory of the collector. "
                "It grows with undecided flows and attachments, both bounded; "
                "a line that rises for days is a fault.",
            ),
            Look("bytes", 6, legend=Legend.NAMES),
            [Query(top(10, host("process_resident_memory_bytes")), "{{instance}}")],
        ),
        chart(
            Text(
                "Age, youngest 10 hosts",
                "Time since the collector started. Young ones that nobody updated have crashed: "
                "look at the service's events on the host.",
                ["WeirCollectorDown"],
            ),
            Look("s", 6, legend=Legend.NAMES),
            [
                Query(
                    f"bottomk(10, time() - {host('process_start_time_seconds')})",
                    "{{instance}}",
                )
            ],
        ),
        chart(
            Text(
                "Scrape duration, top 10 hosts",
                "How long Prometheus waits for a collector's metrics. "
                "It grows with series and with a host that has no processor to spare.",
                ["WeirCollectorDown"],
            ),
            Look("s", 6, steps=[(5, "red")], legend=Legend.NAMES),
            [
                Query(
                    top(10, seen_hosts(host("scrape_duration_seconds"))),
                    "{{instance}}",
                )
            ],
        ),
    ]


def filtering_engine() -> list[Panel]:
    """What stands in the filtering engine beside and instead of the driver's objects."""

    def panel(title: str, description: str, runbook: str, query: Query, look: Look) -> Panel:
        return chart(Text(title, description, [runbook], ONLY_ON_WINDOWS), look, [query])

    surveys = rate(host("weir_wfp_surveys_total"))
    failures = rate(host("weir_wfp_survey_failures_total"))
    return [
        panel(
            "Filtering objects missing",
            "Objects of the driver that the filtering engine has not, or has with other contents. "
            "Without its filters and callouts Weir sees no flows. "
            "Somebody deleted them, or the driver has not made them yet.",
            "WeirWfpObjectMissing",
            Query(
                total("layer, kind", f"{host('weir_wfp_object_present')} == bool 0"),
                "{{kind}} {{layer}}",
            ),
            Look("short", 8, steps=[(1, "red")], legend=Legend.NAMES),
        ),
        panel(
            "Callouts of others",
            "Callouts that filters at the same layers call, by what those may do. "
            "terminating ones can permit or block before Weir or take bytes from it; "
            "compare with bytes missed on the dashboard Fleet.",
            "WeirForeignCallout",
            Query(
                total("layer, kind", host("weir_wfp_foreign_callouts")),
                "{{kind}} {{layer}}",
            ),
            Look("short", 8, legend=Legend.NAMES),
        ),
        chart(
            Text(
                "Looks at the filtering engine",
                "How often the collector looked, and how often that failed. "
                "While looks fail nothing is known of objects; "
                "the account needs the right to read the engine's objects.",
                ["WeirWfpSurveyFailing"],
                ONLY_ON_WINDOWS,
            ),
            Look("cps", 8, colours={"failed": "red"}),
            [Query(total("", surveys), "looks"), Query(total("", failures), "failed")],
        ),
    ]


def audit() -> list[Panel]:
    """Metrics whose names are reserved until there is an audit trail."""

    def panel(title: str, description: str, runbook: str, query: Query, look: Look) -> Panel:
        return chart(Text(title, description, [runbook], WITH_THE_AUDIT_TRAIL), look, [query])

    backlog, disk = "WeirAuditBacklog", "WeirAuditDiskLow"
    return [
        panel(
            "Audit records",
            "Records that are durable on disk, by kind. "
            "heartbeat never stops; gap records say where something is missing.",
            backlog,
            Query(total("kind", rate(host("weir_audit_records_total"))), "{{kind}}"),
            Look("cps", 8, legend=Legend.NAMES),
        ),
        panel(
            "Audit records unsent",
            "Records that no receiver has acknowledged. It rises while a receiver is away and "
            "falls after; the disk is what bounds it.",
            backlog,
            Query(top(10, host("weir_audit_unsent_records")), "{{instance}}"),
            Look("short", 8, legend=Legend.NAMES),
        ),
        panel(
            "Oldest unsent audit record",
            "How far the receiver is behind. Minutes are a restart; "
            "hours want a look at the receiver and at the way to it.",
            backlog,
            Query(top(10, host("weir_audit_unsent_oldest_seconds")), "{{instance}}"),
            Look("s", 8, steps=[(900, "red")], legend=Legend.NAMES),
        ),
        panel(
            "Audit trail on disk",
            "Bytes that the trail takes, the greatest ten hosts. "
            "Compare with what is free, beside, and with records unsent, above.",
            disk,
            Query(top(10, host("weir_audit_disk_bytes")), "{{instance}}"),
            Look("bytes", 6, legend=Legend.NAMES),
        ),
        panel(
            "Disk free for the audit trail",
            "Of its volume or of its own bound, whichever is less, the least ten hosts. "
            "At 0, records are dropped.",
            disk,
            Query(f"bottomk(10, {host('weir_audit_disk_free_bytes')})", "{{instance}}"),
            Look("bytes", 6, legend=Legend.NAMES),
        ),
        panel(
            "Audit records dropped",
            "Records that no receiver will have. disk_full: no room. expired: older than the "
            "trail keeps. refused: the receiver will never take them. The trail says where.",
            "WeirAuditRecordsDropped",
            Query(total("reason", increase(host("weir_audit_dropped_total"))), "{{reason}}"),
            Look("short", 6, steps=ANY),
        ),
        panel(
            "Audit records sent again",
            "It was not known whether the receiver had them. "
            "Many mean that a receiver's answers are lost on the way.",
            backlog,
            Query(total("", increase(host("weir_audit_duplicates_total"))), "duplicates"),
            Look("short", 6),
        ),
    ]
