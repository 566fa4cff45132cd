"""All hosts at once: is everything there, what does it decide, which host differs."""

from grafana_foundation_sdk.models import dashboard as board

from .fields import ANY, SLOW, Column, Legend, Look, Panel, Query, Text
from .frame import UIDS, Row, build
from .panels import chart, stat, table
from .promql import ALERTS_FIRING, host, increase, quantile, rate, seen_hosts, share, top, total

# How many hosts a chart of hosts shows.
TOP = 10

# The same colours wherever a flow's fate is shown.
FATES = {
    "allow": "green",
    "block": "orange",
    "undecided": "yellow",
    "failed_open": "red",
    "failed_closed": "dark-red",
}

HOSTS = "job, instance"
VERDICTS = "weir_flow_verdicts_total"
OK_OR_DOWN = [("1", "up", "green"), ("0", "down", "red")]


def dashboard() -> board.Dashboard:
    """The dashboard."""
    return build(
        "Fleet",
        "All hosts at once: is everything there, what does it decide, which host differs.",
        [
            Row("State", [*_state(), *_same()]),
            Row("Verdicts", _verdicts()),
            Row("Flows by host", _flows()),
            Row("Losses and segments by host", _losses()),
            Row("Hosts", [_hosts()]),
        ],
    )


def _block_share(by: str) -> str:
    blocked = total(by, rate(host(VERDICTS, 'verdict="block"')))
    return share(blocked, total(by, rate(host(VERDICTS))))


def _small(unit: str, bad: float | None = None, colour: str = "red", width: int = 4) -> Look:
    steps = [] if bad is None else [(bad, colour)]
    return Look(unit, width, 4, steps)


def _state() -> list[Panel]:
    up = host("up")
    return [
        stat(
            Text(
                "Hosts up",
                "Hosts whose collector answers Prometheus now. "
                "Fewer than expected: look at Collectors down, then at the targets page of "
                "Prometheus. A host that was silent for the whole time shown is not known here; "
                "choose a longer time.",
                ["WeirNoData"],
            ),
            _small("short"),
            Query(total("", seen_hosts(up))),
        ),
        stat(
            Text(
                "Collectors down",
                "Hosts that Prometheus cannot scrape now and could within the time shown. "
                "While a collector is down the driver goes on deciding, unseen. "
                "The table below names the hosts.",
                ["WeirCollectorDown"],
            ),
            _small("short", 1),
            Query(total("", seen_hosts(f"{up} == bool 0"))),
        ),
        stat(
            Text(
                "Drivers down",
                "Hosts whose collector hears no driver: nothing is classified there, or the "
                "session that carries the driver's events is down, which looks the same; Sessions "
                "down on the dashboard Pipeline tells. "
                "Look at the service on the host with `weir driver status`.",
                ["WeirDriverDown"],
            ),
            _small("short", 1),
            Query(total("", f"{host('weir_driver_up')} == bool 0")),
        ),
        stat(
            Text(
                "BFE down",
                "Hosts where the driver runs without the base filtering engine (BFE): "
                "programs stay attached and nothing is enforced. "
                "Hosts whose driver is not heard of are left out, as nobody knows. "
                "Look at the service BFE on the host.",
                ["WeirFilteringEngineDown"],
            ),
            _small("short", 1),
            # weir_bfe_up is 0 too while the driver is down. A factor, so that the sum is 0 and not
            # nothing where all drivers are.
            Query(
                total(
                    "",
                    f"({host('weir_bfe_up')} == bool 0) "
                    f"* on (job, instance) {host('weir_driver_up')}",
                )
            ),
        ),
        stat(
            Text(
                "Alerts firing",
                "Alerts of Weir that fire now; 0 too where Prometheus has no rules of Weir. "
                "The alerts page of Prometheus lists them, each with its runbook.",
            ),
            _small("short", 1, "orange"),
            Query(f"count({ALERTS_FIRING}) or vector(0)"),
        ),
        stat(
            Text(
                "Flows stuck",
                "Undecided flows that had data and are older than the collector's stuck_after, "
                "once for each program that classifies them. "
                "Flows by host shows where, the dashboard Flows which.",
                ["WeirFlowsStuck", "WeirFleetFlowsStuck"],
            ),
            _small("short", 1, "orange"),
            Query(total("", host("weir_flow_stuck"))),
        ),
    ]


def _same() -> list[Panel]:
    parameters = "failure_policy, block_action, clock"
    return [
        table(
            Text(
                "Versions",
                "Hosts by version of the driver and of the collector. "
                "More than one row is normal while an update is under way, and only then.",
            ),
            Look("short", 12, 5),
            [
                Query(f"count by (version) ({host('weir_driver_info')})"),
                Query(f"count by (version) ({host('weir_build_info')})"),
            ],
            [
                Column("version", "Version"),
                Column("Value #A", "Drivers", "short"),
                Column("Value #B", "Collectors", "short"),
            ],
            [("Version", True)],
        ),
        table(
            Text(
                "Parameters of drivers",
                "Hosts by failure policy, action on a block, and clock. "
                "A fleet is easier to understand where all are the same; "
                "with the clock none there are no run times.",
            ),
            Look("short", 12, 5),
            [Query(f"count by ({parameters}) ({host('weir_driver_info')})")],
            [
                Column("failure_policy", "Failure policy"),
                Column("block_action", "Action on a block"),
                Column("clock", "Clock"),
                Column("Value", "Hosts", "short"),
            ],
            [("Hosts", True)],
        ),
    ]


def _verdicts() -> list[Panel]:
    return [
        chart(
            Text(
                "Settled flows by verdict",
                "Flows whose fate was settled, each second. "
                "Undecided flows ended before any program had answered; failed ones were settled "
                "by the driver's failure policy, since a program or the driver failed. "
                "On failures look at errors on the dashboard Programs.",
                ["WeirFlowsFailed"],
            ),
            Look("cps", is_stacked=True, legend=Legend.BESIDE, colours=FATES),
            [Query(total("verdict", rate(host(VERDICTS))), "{{verdict}}")],
        ),
        chart(
            Text(
                "Block share",
                "Part of the settled flows that was blocked, over all hosts; 0 while nothing is "
                "settled. A jump is a change of policy, of traffic, or an attack: "
                "compare with the rate beside it, then by program on the dashboard Programs.",
                ["WeirBlockRateJump"],
            ),
            Look("percentunit", maximum=1),
            [Query(_block_share(""), "block share")],
        ),
        chart(
            Text(
                f"Settled flows, top {TOP} hosts",
                "The busiest hosts at each moment. "
                "One host far above the others is worth a look at what runs there.",
            ),
            Look("cps", 8, legend=Legend.NAMES),
            [Query(top(TOP, total(HOSTS, rate(host(VERDICTS)))), "{{instance}}")],
        ),
        chart(
            Text(
                f"Block share, top {TOP} hosts",
                "The hosts that block the greatest part of their flows. "
                "One host alone points at what runs there, all together at a policy.",
                ["WeirBlockRateJump"],
            ),
            Look("percentunit", 8, maximum=1, legend=Legend.NAMES),
            [Query(top(TOP, _block_share(HOSTS)), "{{instance}}")],
        ),
        chart(
            Text(
                "Flows that no program inspects",
                "Flows that every program allowed before any data, so their segments cost "
                "nothing. Programs that could decide early and do not are on the dashboard "
                "Programs, under answers.",
            ),
            Look("cps", 8),
            [Query(total("", rate(host("weir_flows_uninspected_total"))), "uninspected")],
        ),
    ]


def _flows() -> list[Panel]:
    return [
        chart(
            Text(
                f"Stuck flows, top {TOP} hosts",
                "Undecided flows with data that are older than stuck_after, once for each program. "
                "Trust it while the host's flow set is complete. "
                "Open the host's Flows from the table below.",
                ["WeirHostFlowsStuck", "WeirFleetFlowsStuck"],
            ),
            Look("short", 8, steps=[(1, "orange")], legend=Legend.NAMES),
            [Query(top(TOP, total(HOSTS, host("weir_flow_stuck"))), "{{instance}}")],
        ),
        chart(
            Text(
                f"Oldest undecided, top {TOP} hosts",
                "Age of each host's oldest flow without a decision, data or not. "
                "A line that rises without end is a flow that nobody will decide; "
                "the dashboard Flows names it.",
                ["WeirFlowsStuck"],
            ),
            Look("s", 8, legend=Legend.NAMES),
            [
                Query(
                    top(
                        TOP,
                        f"max by ({HOSTS}) ({host('weir_flow_undecided_oldest_seconds')})",
                    ),
                    "{{instance}}",
                )
            ],
        ),
        chart(
            Text(
                f"Classify time p99, top {TOP} hosts",
                "The time that 99 of 100 calls of Weir's callouts stay below, programs included. "
                "It is added to the network path of the host. "
                "The dashboard Programs says which program takes it. "
                "The bounds are for release builds; debug builds are slower.",
                ["WeirClassifySlow"],
            ),
            Look("s", 8, steps=SLOW, is_log=True, legend=Legend.NAMES),
            [
                Query(
                    top(TOP, quantile(0.99, HOSTS, host("weir_classify_seconds_bucket"))),
                    "{{instance}}",
                )
            ],
        ),
    ]


def _losses() -> list[Panel]:
    segments = total(HOSTS, rate(host("weir_classify_seconds_count", 'layer="stream"')))
    copies = total(HOSTS, rate(host("weir_stream_copies_total")))
    return [
        chart(
            Text(
                f"Events lost, top {TOP} hosts",
                "Events that the driver wrote and the collector never had. "
                "Counters stay exact, single flows do not. "
                "The dashboard Pipeline says which events, and where they were lost.",
                ["WeirEventsLost"],
            ),
            Look("short", 6, steps=ANY, legend=Legend.NAMES),
            [
                Query(
                    top(TOP, total(HOSTS, increase(host("weir_etw_events_lost_total")))),
                    "{{instance}}",
                )
            ],
        ),
        chart(
            Text(
                f"Copied segments, top {TOP} hosts",
                "Share of segments that were not in one piece and had to be copied to be read, of "
                "the timed calls for segments. Copies cost time on every segment; they depend on "
                "the network adapter, on offloads and on other filters. "
                "Compare hosts of one kind.",
                ["WeirCopyFallbackHigh"],
            ),
            Look("percentunit", 6, steps=[(0.5, "orange")], soft_maximum=1, legend=Legend.NAMES),
            [Query(top(TOP, share(copies, segments)), "{{instance}}")],
        ),
        chart(
            Text(
                f"Unread segments, top {TOP} hosts",
                "Segments that could be neither read in place nor copied. "
                "No program sees such a segment and the failure policy settles the flow. "
                "Anything but 0 wants a look: memory pressure, or a filter that hands on "
                "damaged buffers.",
                ["WeirCopyFallbackHigh"],
            ),
            Look("short", 6, steps=ANY, legend=Legend.NAMES),
            [
                Query(
                    top(TOP, total(HOSTS, increase(host("weir_stream_copy_failures_total")))),
                    "{{instance}}",
                )
            ],
        ),
        chart(
            Text(
                f"Bytes missed, top {TOP} hosts",
                "Bytes that another filter took out of a stream before Weir saw them. "
                "A program must not take a stream with a hole for whole, so the failure policy "
                "settles the flow. Look for callouts of others on the dashboard Pipeline.",
                ["WeirForeignCallout"],
            ),
            Look("Bps", 6, steps=ANY, legend=Legend.NAMES),
            [
                Query(
                    top(TOP, total(HOSTS, rate(host("weir_stream_missed_bytes_total")))),
                    "{{instance}}",
                )
            ],
        ),
    ]


def _hosts() -> Panel:
    def by_host(operator: str, metric: str) -> str:
        return f"{operator} by ({HOSTS}) ({host(metric)})"

    # The collector's version has the label of the driver's: it takes another name.
    collector = f'label_replace({host("weir_build_info")}, "collector", "$1", "version", "(.*)")'
    queries = [
        f"sum by ({HOSTS}) ({seen_hosts(host('up'))})",
        by_host("min", "weir_driver_up"),
        # 0 too while the driver is down: no word of it is left then.
        f"{by_host('min', 'weir_bfe_up')} and on ({HOSTS}) {host('weir_driver_up')} == 1",
        by_host("min", "weir_flow_set_complete"),
        by_host("sum", "weir_attachments"),
        by_host("sum", "weir_flow_stuck"),
        total(HOSTS, rate(host(VERDICTS))),
        _block_share(HOSTS),
        f"count by ({HOSTS}, version, failure_policy) ({host('weir_driver_info')})",
        f"count by ({HOSTS}, collector) ({collector})",
    ]
    columns = [
        Column("instance", "Host", opens=(UIDS["Flows"], "instance")),
        Column("job", "Job", width=85),
        Column("Value #A", "Collector", states=OK_OR_DOWN, width=80),
        Column("Value #B", "Driver", states=OK_OR_DOWN, width=70),
        Column("Value #C", "BFE", states=OK_OR_DOWN, width=60),
        Column(
            "Value #D",
            "Flow set",
            states=[("1", "complete", "green"), ("0", "incomplete", "orange")],
            width=90,
        ),
        Column("Value #E", "Attachments", "short", width=105),
        Column("Value #F", "Stuck", "short", steps=[(1, "orange")], width=80),
        Column("Value #G", "Settled", "cps", width=85),
        Column("Value #H", "Block share", "percentunit", width=100),
        Column("version", "Driver version", width=110),
        Column("failure_policy", "Policy", width=70),
        Column("collector", "Collector version", width=130),
    ]
    return table(
        Text(
            "Hosts",
            "One row for each host seen within the time shown. "
            "A click on a host opens its flows. Cells of a host whose collector is down are empty, "
            "as nobody says what its driver does; so is the filtering engine's where the driver is "
            "down.",
            ["WeirCollectorDown", "WeirDriverDown", "WeirFlowSetIncomplete"],
        ),
        Look("short", 24, 12),
        [Query(expr) for expr in queries],
        columns,
        [("Stuck", True), ("Host", False)],
    )
