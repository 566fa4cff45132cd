"""Flows that nobody has decided yet, how long decisions take, and what is not decided at all."""

from grafana_foundation_sdk.models import dashboard as board

from .fields import RARE, Column, Legend, Look, Panel, Query, Text
from .frame import Row, build
from .panels import chart, heat_map, stat, table
from .promql import host, increase, program, quantile, rate, top, total

UNDECIDED = "weir_flow_undecided"
OLDEST = "weir_flow_undecided_oldest_seconds"
DECISION = "weir_flow_decision_seconds"


def dashboard() -> board.Dashboard:
    """The dashboard."""
    return build(
        "Flows",
        "Flows that nobody has decided yet, how long decisions take, and what is never decided.",
        [
            Row("Now", _now()),
            Row("Undecided", _undecided()),
            Row("Oldest flows", [_oldest()]),
            Row("Time to decision", _decisions()),
            Row("Data", _data()),
        ],
        per_program=True,
    )


def _now() -> list[Panel]:
    def number(text: Text, unit: str, expr: str, bad: float | None = None) -> Panel:
        steps = [] if bad is None else [(bad, "orange")]
        return stat(text, Look(unit, 4, 4, steps), Query(expr))

    return [
        number(
            Text(
                "Undecided",
                "Pairs of a flow and a program that classifies it now. "
                "Some are normal: a flow is undecided until its first useful bytes came.",
            ),
            "short",
            total("", program(UNDECIDED)),
        ),
        number(
            Text(
                "Waiting",
                "Undecided flows that had no data yet. "
                "Idle connections do that; the application or its peer has to speak first.",
            ),
            "short",
            total("", program("weir_flow_waiting")),
        ),
        number(
            Text(
                "Stuck",
                "Undecided flows that had data and are older than stuck_after: the program asked "
                "for more data and got none, or never answers. "
                "The table of the oldest flows names them.",
                ["WeirFlowsStuck"],
            ),
            "short",
            total("", program("weir_flow_stuck")),
            1,
        ),
        number(
            Text(
                "Oldest",
                "Age of the oldest undecided flow; 0 where there is none. "
                "The table of the oldest flows has its addresses and its process.",
                ["WeirFlowsStuck"],
            ),
            "s",
            f"max({program(OLDEST)})",
        ),
        number(
            Text(
                "Incomplete sets",
                "Hosts whose collector lost events and does not know every undecided flow now. "
                "Stuck, waiting and ages are wrong there, too low or too high: flows are missing, "
                "and some that are gone remain. It lasts until the driver has told its flows anew, "
                "which takes seconds. Look at losses on the dashboard Pipeline.",
                ["WeirFlowSetIncomplete", "WeirEventsLost"],
            ),
            "short",
            total("", f"{host('weir_flow_set_complete')} == bool 0"),
            1,
        ),
        number(
            Text(
                "Settled flows",
                "Flows whose fate was settled, each second, by any program of the chosen hosts. "
                "0 with traffic on a host means that no program is attached, or no driver is "
                "there.",
                ["WeirNoData"],
            ),
            "cps",
            total("", rate(host("weir_flow_verdicts_total"))),
        ),
    ]


def _undecided() -> list[Panel]:
    return [
        chart(
            Text(
                "Undecided, waiting, stuck",
                "Waiting and stuck are parts of undecided; the rest is young and had data. "
                "Stuck flows that add up and never end are a program's fault, "
                "those that come and go with peers that stop speaking are not.",
                ["WeirFlowsStuck"],
            ),
            Look(
                "short",
                legend=Legend.BESIDE,
                colours={"stuck": "orange", "waiting": "blue", "undecided": "green"},
            ),
            [
                Query(total("", program(UNDECIDED)), "undecided"),
                Query(total("", program("weir_flow_waiting")), "waiting"),
                Query(total("", program("weir_flow_stuck")), "stuck"),
            ],
        ),
        chart(
            Text(
                "Undecided flows by age",
                "Flows older than each age. The lines contain one another: "
                "a flow of 70 s is in three of them, so they are never added up. "
                "The line of 600 s is what nobody will decide.",
                ["WeirFlowsStuck"],
            ),
            Look("short", legend=Legend.BESIDE),
            [
                Query(
                    total("than", program("weir_flow_undecided_older")),
                    "older than {{than}}",
                )
            ],
        ),
        chart(
            Text(
                "Stuck flows by program",
                "The program that asked for more data. "
                "One program on many hosts is the program's fault, "
                "many programs on one host the host's: the chart beside tells.",
                ["WeirFlowsStuck"],
            ),
            Look("short", 8, steps=[(1, "orange")], legend=Legend.NAMES),
            [Query(total("program", program("weir_flow_stuck")), "{{program}}")],
        ),
        chart(
            Text(
                "Stuck flows by host, top 10",
                "Over the chosen programs, once for each program of a flow. "
                "Trust it while the host's flow set is complete.",
                ["WeirHostFlowsStuck", "WeirFleetFlowsStuck"],
            ),
            Look("short", 8, steps=[(1, "orange")], legend=Legend.NAMES),
            [Query(top(10, total("job, instance", program("weir_flow_stuck"))), "{{instance}}")],
        ),
        chart(
            Text(
                "Oldest undecided flow by program",
                "Age of the oldest flow that each program still classifies. "
                "A saw that falls to 0 is healthy, a line that only rises is one flow that stays.",
                ["WeirFlowsStuck"],
            ),
            Look("s", 8, legend=Legend.NAMES),
            [Query(f"max by (program) ({program(OLDEST)})", "{{program}}")],
        ),
        chart(
            Text(
                "Undecided flows by program",
                "Flows that each program classifies now, exact whatever events were lost. "
                "It follows traffic; a rise without traffic is a program that no longer answers.",
            ),
            Look("short", legend=Legend.BESIDE),
            [Query(total("program", program(UNDECIDED)), "{{program}}")],
        ),
        chart(
            Text(
                "Incomplete sets over time",
                "Hosts that do not know every undecided flow, over time. "
                "Short spikes follow losses; one that stays means losses that go on.",
                ["WeirFlowSetIncomplete"],
            ),
            Look("short", steps=[(1, "orange")]),
            [
                Query(
                    total("", f"{host('weir_flow_set_complete')} == bool 0"),
                    "hosts",
                )
            ],
        ),
    ]


def _oldest() -> Panel:
    labels = "job, instance, flow_id, program, local, remote, pid"
    queries = [
        f"max by ({labels}) ({program('weir_flow_detail_age_seconds')})",
        f"max by ({labels}) ({program('weir_flow_detail_segments')})",
        f"max by ({labels}) ({program('weir_flow_detail_bytes')})",
    ]
    columns = [
        Column("Value #A", "Age", "s", steps=[(30, "orange"), (600, "red")], width=100),
        Column("program", "Program"),
        Column("local", "Local"),
        Column("remote", "Remote"),
        Column("pid", "Process", width=90),
        Column("Value #B", "Segments", "short", width=95),
        Column("Value #C", "Bytes", "bytes", width=90),
        Column("instance", "Host"),
        Column("flow_id", "Flow", width=110),
    ]
    return table(
        Text(
            "Oldest undecided flows",
            "The oldest flows of each host, once for each program that classifies them. "
            "With segments and no decision, the program did not find what it looks for in that "
            "many bytes; without, nobody has spoken yet. "
            "Both are as of the driver's last telling where invocation events are not read. "
            "Find the process by its number on the host.",
            ["WeirFlowsStuck"],
            empty="no flow is undecided, or flows are not kept one by one",
        ),
        Look("short", 24, 10),
        [Query(expr) for expr in queries],
        columns,
        [("Age", True)],
    )


def _decisions() -> list[Panel]:
    bucket = f"{DECISION}_bucket"
    return [
        heat_map(
            Text(
                "Time to decision",
                "From flow established to the end of a program's interest, however it ended. "
                "Milliseconds are the first bytes; a band near a peer's timeout is flows that are "
                "never decided.",
            ),
            Look("s"),
            total("le", increase(program(bucket))),
        ),
        chart(
            Text(
                "Time to decision by verdict",
                "Half of the flows, and 99 of 100, took less. Undecided ones ended without the "
                "program's answer. Gaps are times in which no flow ended so. "
                "Each point covers two minutes at least, as slow decisions are rare.",
            ),
            Look("s", is_log=True, legend=Legend.BESIDE, interval=RARE),
            [
                Query(quantile(0.5, "verdict", program(bucket)), "{{verdict}} p50"),
                Query(quantile(0.99, "verdict", program(bucket)), "{{verdict}} p99"),
            ],
        ),
        chart(
            Text(
                "Ends of interest by verdict",
                "How often a program's interest in a flow ended, by its own answer or without one. "
                "A growing part of undecided wants a look at what ends them, beside.",
            ),
            Look(
                "cps",
                is_stacked=True,
                legend=Legend.BESIDE,
                colours={"allow": "green", "block": "orange", "undecided": "yellow"},
            ),
            [Query(total("verdict", rate(program(f"{DECISION}_count"))), "{{verdict}}")],
        ),
        chart(
            Text(
                "Flows that ended undecided, by reason",
                "closed: the connection ended first. blocked_by_other: another program blocked. "
                "failed, engine: a failure or the filtering engine's end took the decision. "
                "detached, unload: the program or the driver left.",
                ["WeirProgramErrors", "WeirFilteringEngineDown"],
            ),
            Look("cps", legend=Legend.BESIDE, colours={"failed": "red", "engine": "dark-red"}),
            [
                Query(
                    total("reason", rate(program("weir_flow_deleted_undecided_total"))),
                    "{{reason}}",
                )
            ],
        ),
    ]


def _data() -> list[Panel]:
    def by_direction(text: Text, unit: str, metric: str) -> Panel:
        query = Query(total("direction", rate(host(metric))), "{{direction}}")
        return chart(text, Look(unit, 8), [query])

    return [
        by_direction(
            Text(
                "Bytes dropped of blocked flows",
                "Data that came after a block and was absorbed. "
                "It goes on while an application retries; flows that should have ended "
                "and have not show here.",
            ),
            "Bps",
            "weir_stream_absorbed_bytes_total",
        ),
        by_direction(
            Text(
                "Segments copied",
                "Segments that were not in one piece. "
                "The dashboard Fleet compares hosts and shows the share.",
                ["WeirCopyFallbackHigh"],
            ),
            "cps",
            "weir_stream_copies_total",
        ),
        by_direction(
            Text(
                "Bytes copied",
                "What those copies moved. Large against the traffic of the host means that "
                "classification costs memory bandwidth.",
                ["WeirCopyFallbackHigh"],
            ),
            "Bps",
            "weir_stream_copy_bytes_total",
        ),
    ]
