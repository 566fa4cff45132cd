"""Whether the figures can be trusted: the way of events from the driver to who reads metrics."""

from grafana_foundation_sdk.models import dashboard as board

from .fields import ANY, Legend, Look, Panel, Query, Text
from .frame import Row, build
from .panels import chart, heat_map, stat
from .pipeline_doctor import doctor
from .pipeline_host import audit, filtering_engine, process
from .pipeline_outlets import otlp, web
from .promql import host, increase, quantile, rate, seen_hosts, top, total

LAG = "weir_etw_source_lag_seconds"


def dashboard() -> board.Dashboard:
    """The dashboard."""
    return build(
        "Pipeline",
        "Whether the figures can be trusted: the way of events from the driver to its readers.",
        [
            Row("Now", _now()),
            Row("Sessions", _sessions()),
            Row("Losses", _losses()),
            Row("OTLP", otlp()),
            Row("Web server", web()),
            Row("Collector process", process()),
            Row("Filtering engine (only on Windows)", filtering_engine()),
            Row("Doctor (only on Windows)", doctor()),
            Row("Audit trail", audit(), is_collapsed=True),
        ],
    )


def _now() -> list[Panel]:
    def number(text: Text, unit: str, expr: str, bad: float) -> Panel:
        return stat(text, Look(unit, 4, 4, [(bad, "red")]), Query(expr))

    return [
        number(
            Text(
                "Sessions down",
                "Event tracing sessions that do not run. One that somebody stops is started again "
                "within 30 s; one that stays down wants a look at the collector's log.",
                ["WeirSessionDown"],
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
                "Unaccounted",
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
                "Sessions are flushed four times a second; far more is a collector that gets no "
                "processor.",
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
                ["WeirSessionDown"],
            ),
            Look("short", 6),
            [Query(total("session", host("weir_etw_session_up")), "{{session}}")],
        ),
        chart(
            Text(
                "Session restarts",
                "Sessions that somebody else stopped and the collector started again. "
                "Look for tools on the host that stop sessions: logman, other collectors.",
                ["WeirSessionRestarts"],
            ),
            Look("short", 6, steps=ANY),
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
                ["WeirCountersStopped", "WeirNothingHeard", "WeirNoData"],
            ),
            Look("cps", is_stacked=True, legend=Legend.NAMES),
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
                "Up to a quarter of a second is the session's flush. "
                "A second band above it is a collector that was held up.",
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
    def losses(
        text: Text, by: str, metric: str, name: str, width: int = 8, height: int = 8
    ) -> Panel:
        query = Query(total(by, increase(host(metric))), name)
        look = Look("short", width, height, steps=ANY, legend=Legend.NAMES)
        return chart(text, look, [query])

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
            12,
        ),
        chart(
            Text(
                "Unaccounted events by kind",
                "The driver's marks less received less lost, without sign, over hosts. "
                "It is the difference as it stands, not a rate. "
                "Treat it as a fault or a forger until shown otherwise.",
                ["WeirEventsUnaccounted"],
            ),
            Look("short", steps=ANY, legend=Legend.NAMES),
            [Query(total("event", f"abs({host('weir_etw_unaccounted')})"), "{{event}}")],
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
                "of another version or damaged; compare versions on the dashboard Fleet. "
                "The label event of weir_events_dropped_total tells the kind.",
                ["WeirEventsLost"],
            ),
            "stage",
            "weir_events_dropped_total",
            "{{stage}}",
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
                ["WeirCountersStopped", "WeirEventsLost"],
            ),
            "reason",
            "weir_etw_sets_refused_total",
            "{{reason}}",
            12,
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
            12,
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
            12,
            9,
        ),
        chart(
            Text(
                "Series active, top 8 metrics",
                "Label sets of each metric, over hosts. What grows here grows in Prometheus and "
                "in the time of a scrape; labels of attachments are the usual cause.",
            ),
            Look("short", 12, 9, legend=Legend.BESIDE),
            [Query(top(8, total("metric", host("weir_series_active"))), "{{metric}}")],
        ),
    ]
