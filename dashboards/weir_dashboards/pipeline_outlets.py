"""Rows of the dashboard Pipeline about the ways out: OTLP, and the web server."""

from .fields import ANY, RARE, Legend, Look, Panel, Query, Text
from .panels import chart
from .promql import host, increase, rate, total

# Nobody has these series who exports nothing.
NO_OTLP = "no OTLP endpoint is set"


def otlp() -> list[Panel]:
    """Exports to OpenTelemetry receivers."""

    def panel(title: str, description: str, look: Look, query: Query) -> Panel:
        return chart(Text(title, description, ["WeirOtlpFailing"], NO_OTLP), look, [query])

    return [
        panel(
            "OTLP exports",
            "Requests that receivers took. It is even: one for each interval, signal and host. "
            "A fall with failures beside it is a receiver or the way to it.",
            Look("reqps", 6, interval=RARE),
            Query(total("signal", rate(host("weir_otlp_exports_total"))), "{{signal}}"),
        ),
        panel(
            "OTLP failures",
            "Attempts that a receiver did not take, tried again or not. "
            "A few are a restart of the receiver; look at its log. "
            "The label endpoint of weir_otlp_failures_total tells where it is.",
            Look("reqps", 6, steps=ANY, interval=RARE),
            Query(total("signal", rate(host("weir_otlp_failures_total"))), "{{signal}}"),
        ),
        panel(
            "OTLP points lost by reason",
            "dropped: the queue was full. refused: the receiver will never take them. "
            "rejected: it took the request without them.",
            Look("short", 6, steps=ANY, legend=Legend.NAMES),
            Query(
                total("signal, reason", increase(host("weir_otlp_points_lost_total"))),
                "{{signal}} {{reason}}",
            ),
        ),
        panel(
            "OTLP points queued",
            "Points that wait to be sent. It rises while a receiver is away; "
            "when the queue is full, points are lost.",
            Look("short", 6),
            Query(total("signal", host("weir_otlp_queue_points")), "{{signal}}"),
        ),
    ]


def web() -> list[Panel]:
    """Requests of scrapers and others."""
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
            Look("reqps", 8, steps=ANY, legend=Legend.NAMES),
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
            Look("cps", legend=Legend.BESIDE),
            [
                Query(
                    total("reason", rate(host("weir_web_connections_closed_total"))),
                    "{{reason}}",
                )
            ],
        ),
    ]
