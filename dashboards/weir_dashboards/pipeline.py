"""Whether the figures can be trusted: the way of events from the driver to who reads metrics."""

from grafana_foundation_sdk.models import dashboard as board

from .frame import Row, build
from .panels import (
    ONLY_ON_WINDOWS,
    WITH_THE_AUDIT_TRAIL,
    Look,
    Panel,
    Query,
    Text,
    chart,
    heat_map,
    stat,
)
from .promql import host, increase, quantile, rate, seen_hosts, top, total

LAG = "weir_etw_source_lag_seconds"
# Anything above nothing: these count what must not happen.
ANY = [(1e-9, "red")]
NO_OTLP = "no OTLP endpoint is set"


def dashboard() -> board.Dashboard:
    """The dashboard."""
    return build(
        "Pipeline",
        "Whether the figures can be trusted: the way of events from the driver to its readers.",
        [
            Row("Now", _now()),
            Row("Sessions", _sessions()),
            Row("Losses", _losses()),
            Row("OTLP", _otlp()),
            Row("Web server", _web()),
            Row("Collector process", _process()),
            Row("Filtering engine (only on Windows)", _filtering_engine()),
            Row("Audit trail", _audit(), is_collapsed=True),
        ],
    )


def _now() -> list[Panel]:
    def number(text: Text, unit: str, expr: str, bad: float) -> Panel:
        return stat(text, Look(unit, 4, 4, [(bad, "red")]), [Query(expr)])

    return [
        number(
            Text(
                "Sessions down",
                "Event tracing sessions that do not run. One that somebody stops is started again "
                "within 30 s; one that stays down wants a look at the collector's log.",
                ["WeirNoData"],
            ),
            "short",
            total("", f"{host('weir_etw_session_up')} == bool 0"),
            1,
        ),
        number(
            Text(
                "Events lost",
                "Numbers that the driver gave to events and that never came, in the last step. "
                "Counters are exact again with the next whole set; losses below say which events.",
                ["WeirEventsLost"],
            ),
            "short",
            total("", increase(host("weir_etw_events_lost_total"))),
            1e-9,
        ),
        number(
            Text(
                "Events unaccounted",
                "Events that were neither received nor lost, or came twice; without sign. "
                "Anything but 0 is a fault of Weir or events that somebody forged.",
                ["WeirEventsUnaccounted"],
            ),
            "short",
            total("", f"abs({host('weir_etw_unaccounted')})"),
            1e-9,
        ),
        number(
            Text(
                "Source lag p99",
                "The age that 99 of 100 events stay below when they reach the collector. "
                "Sessions flush once a second; far more is a collector that gets no processor.",
            ),
            "s",
            quantile(0.99, "", host(f"{LAG}_bucket")),
            5,
        ),
        number(
            Text(
                "OTLP points lost",
                "Points that no receiver will have, in the last step. "
                "OTLP below says why; Prometheus has them all the same.",
                ["WeirOtlpFailing"],
            ),
            "short",
            f"{total('', increase(host('weir_otlp_points_lost_total')))} or vector(0)",
            1e-9,
        ),
        number(
            Text(
                "Slowest scrape",
                "The longest that Prometheus waited for a collector's metrics. "
                "Near the scrape timeout, hosts begin to go missing: look at series active.",
                ["WeirCollectorDown"],
            ),
            "s",
            f"max({seen_hosts(host('scrape_duration_seconds'))})",
            5,
        ),
    ]


def _sessions() -> list[Panel]:
    bucket = host(f"{LAG}_bucket")
    return [
        chart(
            Text(
                "Sessions up",
                "Hosts on which each session runs. weir-detail runs only where invocation events "
                "are asked for. A line below the number of hosts is a host without figures.",
                ["WeirNoData"],
            ),
            Look("short", 8),
            [Query(total("session", host("weir_etw_session_up")), "{{session}}")],
        ),
        chart(
            Text(
                "Session restarts",
                "Sessions that somebody else stopped and the collector started again. "
                "Look for tools on the host that stop sessions: logman, other collectors.",
            ),
            Look("short", 8, steps=ANY),
            [
                Query(
                    total("session", increase(host("weir_etw_session_restarts_total"))),
                    "{{session}}",
                )
            ],
        ),
        chart(
            Text(
                "Events received",
                "What the sessions deliver, by kind. counters alone, one to a few a second and "
                "host, is a host without traffic; no counters is a host without a driver.",
                ["WeirNoData"],
            ),
            Look("cps", 8, is_stacked=True),
            [
                Query(
                    total("event", rate(host("weir_etw_events_received_total"))),
                    "{{event}}",
                )
            ],
        ),
        heat_map(
            Text(
                "Source lag",
                "Age of events when they come, by the host's clock. "
                "Up to a second is the session's flush. A second band above it is a collector "
                "that was held up.",
            ),
            Look("s"),
            total("le", increase(bucket)),
        ),
        chart(
            Text(
                "Source lag by session",
                "Half of the events, and 99 of 100, were younger. "
                "When it climbs without end the collector cannot keep up: losses come next.",
                ["WeirEventsLost"],
            ),
            Look("s", steps=[(5, "red")], is_log=True),
            [
                Query(quantile(0.5, "session", bucket), "{{session}} p50"),
                Query(quantile(0.99, "session", bucket), "{{session}} p99"),
            ],
        ),
    ]


def _losses() -> list[Panel]:
    def losses(text: Text, by: str, metric: str, legend: str) -> Panel:
        query = Query(total(by, increase(host(metric))), legend)
        return chart(text, Look("short", 8, steps=ANY), [query])

    return [
        losses(
            Text(
                "Events lost by kind",
                "Exact: from the driver's own numbers. Lost invocation and copy_fallback events "
                "harm no figure but detail; lost flow events make the flow set incomplete for "
                "seconds.",
                ["WeirEventsLost", "WeirFlowSetIncomplete"],
            ),
            "event",
            "weir_etw_events_lost_total",
            "{{event}}",
        ),
        losses(
            Text(
                "Lost by session and stage",
                "What the sessions themselves say. events: no buffer was free, the flood was too "
                "fast. realtime_buffers: the collector read too slowly. "
                "log_buffers: a file could not be written.",
                ["WeirEventsLost"],
            ),
            "session, stage",
            "weir_etw_session_lost_total",
            "{{session}} {{stage}}",
        ),
        losses(
            Text(
                "Dropped by the collector",
                "queue: the collector's own queue was full. decode: events that it cannot read, "
                "of another version or damaged; compare versions on the dashboard Fleet.",
                ["WeirEventsLost"],
            ),
            "event, stage",
            "weir_events_dropped_total",
            "{{event}} {{stage}}",
        ),
        chart(
            Text(
                "Unaccounted events by kind",
                "The driver's marks less received less lost, without sign, over hosts. "
                "It is not a rate: what is there stays until the intervals agree again. "
                "Treat it as a fault or a forger until shown otherwise.",
                ["WeirEventsUnaccounted"],
            ),
            Look("short", 8, steps=ANY),
            [Query(total("event", f"abs({host('weir_etw_unaccounted')})"), "{{event}}")],
        ),
        losses(
            Text(
                "Events out of order",
                "late: younger ones had been aggregated. hurried: aggregated early, as no more "
                "might wait. Neither is lost; many mean a host short of processors.",
            ),
            "session, handling",
            "weir_etw_events_out_of_order_total",
            "{{session}} {{handling}}",
        ),
        losses(
            Text(
                "Sets of counters refused",
                "incomplete: a part was lost. doubted: it cannot follow the one before. "
                "The next whole set makes up for it; many in a row hold figures back.",
                ["WeirNoData", "WeirEventsLost"],
            ),
            "reason",
            "weir_etw_sets_refused_total",
            "{{reason}}",
        ),
        losses(
            Text(
                "Session queries that failed",
                "The system would not say what a session lost, so the figures of lost by session "
                "stand still. Events lost by kind goes on without them.",
            ),
            "session",
            "weir_etw_session_query_failures_total",
            "{{session}}",
        ),
        losses(
            Text(
                "Series limited",
                "How often a bound left something out: programs beyond 256 become other, "
                "attachments and flows beyond their bounds are not shown one by one. "
                "Sums stay right.",
            ),
            "metric",
            "weir_series_limited_total",
            "{{metric}}",
        ),
        chart(
            Text(
                "Series active, top 10 metrics",
                "Label sets of each metric, over hosts. What grows here grows in Prometheus and "
                "in the time of a scrape; labels of attachments are the usual cause.",
            ),
            Look("short", 8),
            [Query(top(10, total("metric", host("weir_series_active"))), "{{metric}}")],
        ),
    ]


def _otlp() -> list[Panel]:
    def otlp(text: str, description: str, look: Look, query: Query) -> Panel:
        return chart(Text(text, description, ["WeirOtlpFailing"], NO_OTLP), look, [query])

    return [
        otlp(
            "OTLP exports",
            "Requests that receivers took. It is even: one for each interval, signal and host. "
            "A fall with failures beside it is a receiver or the way to it.",
            Look("reqps", 6),
            Query(total("signal", rate(host("weir_otlp_exports_total"))), "{{signal}}"),
        ),
        otlp(
            "OTLP failures",
            "Attempts that a receiver did not take, tried again or not. "
            "A few are a restart of the receiver; look at its log and at the endpoint's name here.",
            Look("reqps", 6, steps=ANY),
            Query(
                total("signal, endpoint", rate(host("weir_otlp_failures_total"))),
                "{{signal}} {{endpoint}}",
            ),
        ),
        otlp(
            "OTLP points lost by reason",
            "dropped: the queue was full. refused: the receiver will never take them. "
            "rejected: it took the request without them.",
            Look("short", 6, steps=ANY),
            Query(
                total("signal, reason", increase(host("weir_otlp_points_lost_total"))),
                "{{signal}} {{reason}}",
            ),
        ),
        otlp(
            "OTLP points queued",
            "Points that wait to be sent. It rises while a receiver is away; "
            "when the queue is full, points are lost.",
            Look("short", 6),
            Query(total("signal", host("weir_otlp_queue_points")), "{{signal}}"),
        ),
    ]


def _web() -> list[Panel]:
    return [
        chart(
            Text(
                "Web requests",
                "Requests with a complete head, refused ones included. "
                "It is the number of scrapers by their interval; more is a reader you do not know.",
            ),
            Look("reqps", 8),
            [Query(total("", rate(host("weir_web_requests_total"))), "requests")],
        ),
        chart(
            Text(
                "Web requests refused",
                "denied: wrong user or password. limited: over the rate. busy: too many passwords "
                "at once. unconfigured: the web configuration cannot be used. "
                "denied that goes on is a scraper with old credentials, or a guesser.",
                ["WeirCollectorDown"],
            ),
            Look("reqps", 8, steps=ANY),
            [
                Query(
                    total("reason", rate(host("weir_web_requests_refused_total"))),
                    "{{reason}}",
                )
            ],
        ),
        chart(
            Text(
                "Web configurations refused",
                "A changed web configuration was not taken; the one before goes on. "
                "The collector's log says what is wrong with it.",
            ),
            Look("short", 8, steps=ANY),
            [Query(total("", increase(host("weir_web_config_refused_total"))), "refused")],
        ),
        chart(
            Text(
                "Web connections",
                "Connections to collectors now. A scraper keeps one open; "
                "many on one host are readers that do not close.",
            ),
            Look("short"),
            [Query(total("", host("weir_web_connections")), "connections")],
        ),
        chart(
            Text(
                "Web connections closed by the server",
                "evicted: others needed the place. timed_out: something took too long. "
                "handshake: TLS failed, so look at certificates and at who connects.",
            ),
            Look("cps"),
            [
                Query(
                    total("reason", rate(host("weir_web_connections_closed_total"))),
                    "{{reason}}",
                )
            ],
        ),
    ]


def _process() -> list[Panel]:
    return [
        chart(
            Text(
                "Collector processor time, top 10 hosts",
                "1 is one processor. It follows the rate of events; "
                "invocation events are what costs most.",
            ),
            Look("short", 6, decimals=3),
            [Query(top(10, rate(host("process_cpu_seconds_total"))), "{{instance}}")],
        ),
        chart(
            Text(
                "Collector memory, top 10 hosts",
                "Resident memory. It grows with undecided flows and attachments, both bounded; "
                "a line that rises for days is a fault.",
            ),
            Look("bytes", 6),
            [Query(top(10, host("process_resident_memory_bytes")), "{{instance}}")],
        ),
        chart(
            Text(
                "Collector age, lowest 10 hosts",
                "Time since the collector started. Young ones that nobody updated have crashed: "
                "look at the service's events on the host.",
                ["WeirCollectorDown"],
            ),
            Look("s", 6),
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
            Look("s", 6, steps=[(5, "red")]),
            [
                Query(
                    top(10, seen_hosts(host("scrape_duration_seconds"))),
                    "{{instance}}",
                )
            ],
        ),
    ]


def _filtering_engine() -> list[Panel]:
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
            Look("short", 8, steps=[(1, "red")]),
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
            Look("short", 8),
        ),
        chart(
            Text(
                "Looks at the filtering engine",
                "How often the collector looked, and how often that failed. "
                "While looks fail nothing is known of objects; "
                "the account needs the right to read the engine's objects.",
                ["WeirWfpObjectMissing"],
                ONLY_ON_WINDOWS,
            ),
            Look("cps", 8, colours={"failed": "red"}),
            [Query(total("", surveys), "looks"), Query(total("", failures), "failed")],
        ),
    ]


def _audit() -> list[Panel]:
    def audit(title: str, description: str, runbook: str, query: Query, look: Look) -> Panel:
        return chart(Text(title, description, [runbook], WITH_THE_AUDIT_TRAIL), look, [query])

    backlog, disk = "WeirAuditBacklog", "WeirAuditDiskLow"
    return [
        audit(
            "Audit records",
            "Records that are durable on disk, by kind. "
            "heartbeat never stops; gap records say where something is missing.",
            backlog,
            Query(total("kind", rate(host("weir_audit_records_total"))), "{{kind}}"),
            Look("cps", 8),
        ),
        audit(
            "Audit records unsent",
            "Records that no receiver has acknowledged. It rises while a receiver is away and "
            "falls after; the disk is what bounds it.",
            backlog,
            Query(top(10, host("weir_audit_unsent_records")), "{{instance}}"),
            Look("short", 8),
        ),
        audit(
            "Oldest unsent audit record",
            "How far the receiver is behind. Minutes are a restart; "
            "hours want a look at the receiver and at the way to it.",
            backlog,
            Query(top(10, host("weir_audit_unsent_oldest_seconds")), "{{instance}}"),
            Look("s", 8, steps=[(600, "orange"), (3600, "red")]),
        ),
        audit(
            "Audit trail on disk",
            "Bytes that the trail takes, the greatest ten hosts. "
            "What was acknowledged is freed; a rise is a backlog.",
            disk,
            Query(top(10, host("weir_audit_disk_bytes")), "{{instance}}"),
            Look("bytes", 6),
        ),
        audit(
            "Disk free for the audit trail",
            "Of its volume or of its own bound, whichever is less, the least ten hosts. "
            "At 0, records are dropped.",
            disk,
            Query(f"bottomk(10, {host('weir_audit_disk_free_bytes')})", "{{instance}}"),
            Look("bytes", 6),
        ),
        audit(
            "Audit records dropped",
            "Records that no receiver will have. disk_full: no room. expired: older than the "
            "trail keeps. refused: the receiver will never take them. The trail says where.",
            disk,
            Query(total("reason", increase(host("weir_audit_dropped_total"))), "{{reason}}"),
            Look("short", 6, steps=ANY),
        ),
        audit(
            "Audit records sent again",
            "It was not known whether the receiver had them. "
            "Receivers tell duplicates by the record's id; many mean that answers are lost.",
            backlog,
            Query(total("", increase(host("weir_audit_duplicates_total"))), "duplicates"),
            Look("short", 6),
        ),
    ]
