"""What each program is asked and answers, what it costs, and where it fails."""

from grafana_foundation_sdk.models import dashboard as board

from .fields import ANY, RARE, SLOW, Column, Legend, Look, Panel, Query, Text
from .frame import Row, build
from .panels import chart, heat_map, stat, table
from .promql import host, increase, mean, program, quantile, rate, share, total

INVOCATIONS = "weir_program_invocations_total"
VERDICTS = "weir_program_verdicts_total"
RUN = "weir_program_run_seconds"
ERRORS = "weir_program_errors_total"
DECISION = "weir_flow_decision_seconds"
CLASSIFY = "weir_classify_seconds"

# What a DELETED invocation returns is ignored by the hook.
COUNTS = 'state!="deleted"'


def dashboard() -> board.Dashboard:
    """The dashboard."""
    return build(
        "Programs",
        "What each program is asked and answers, what it costs, and where it fails.",
        [
            Row("Now", _now()),
            Row("Chain", [_chain()]),
            Row("Answers", _answers()),
            Row("Run time", _run_time()),
            Row("Errors", _errors()),
            Row("Decisions", _decisions()),
            Row("Ends", _ends()),
        ],
        per_program=True,
    )


def _block_share(by: str) -> str:
    blocks = total(by, rate(program(VERDICTS, f'verdict="block", {COUNTS}')))
    finals = total(by, rate(program(VERDICTS, f'verdict=~"allow|block", {COUNTS}')))
    return share(blocks, finals)


def _now() -> list[Panel]:
    def number(text: Text, look: Look, expr: str) -> Panel:
        return stat(text, look, Query(expr))

    return [
        number(
            Text(
                "Attachments",
                "Programs that are attached now, once for each compartment and host. "
                "The chain below lists them.",
                ["WeirProgramsGone"],
            ),
            Look("short", 4, 4),
            f"count({program('weir_program_info')})",
        ),
        number(
            Text(
                "Invocations",
                "Calls of the chosen programs each second, in any state of a flow. "
                "0 with traffic on the host: every flow is decided at once, or no program is "
                "attached.",
            ),
            Look("cps", 4, 4),
            total("", rate(program(INVOCATIONS))),
        ),
        number(
            Text(
                "Block share",
                "Blocks among the final answers, those that end a program's interest; "
                "0 while there are none.",
                ["WeirBlockRateJump"],
            ),
            Look("percentunit", 4, 4),
            _block_share(""),
        ),
        number(
            Text(
                "Program failures",
                "Invocations that failed, and answers outside the three of the hook. "
                "Either counts as a failure of the program, and the failure policy decides. "
                "Look at errors by result below.",
                ["WeirProgramErrors"],
            ),
            Look("cps", 4, 4, ANY),
            f"{total('', rate(program(ERRORS)))} + "
            f"{total('', rate(program(VERDICTS, _and_counts('invalid'))))}",
        ),
        number(
            Text(
                "Run time p99",
                "The time that 99 of 100 invocations of the chosen programs stay below. "
                "Run time below shows which program and which state. "
                "The bounds are for release builds; debug builds are slower.",
                ["WeirClassifySlow"],
            ),
            Look("s", 4, 4, SLOW),
            quantile(0.99, "", program(f"{RUN}_bucket")),
        ),
        number(
            Text(
                "Processor time",
                "Time that all processors together spend in Weir's callouts, programs included. "
                "100 % is one processor, over the chosen hosts.",
                ["WeirClassifySlow"],
            ),
            Look("percentunit", 4, 4, decimals=2),
            total("", rate(host(f"{CLASSIFY}_sum"))),
        ),
    ]


def _and_counts(verdict: str) -> str:
    return f'verdict="{verdict}", {COUNTS}'


def _chain() -> Panel:
    columns = [
        Column("instance", "Host"),
        Column("compartment", "Compartment", width=115),
        Column("chain_index", "Place", is_number=True, width=80),
        Column("program", "Program"),
        Column("program_source", "Name from", width=100),
        Column("program_id", "Program id", width=105),
        Column("attach_id", "Attachment", width=105),
        # A GUID.
        Column("attach_type", "Attach type", width=320),
    ]
    return table(
        Text(
            "Chain",
            "Attachments in the order in which they are invoked, from place 0; a block ends the "
            "walk, so those behind it never see the flow. Programs of other compartments stand "
            "in the same order and are passed over. Programs attached again stand at the end.",
            empty="no program is attached",
        ),
        Look("string", 24, 8),
        [Query(program("weir_program_info"))],
        columns,
        [("Host", False), ("Place", False)],
    )


def _answers() -> list[Panel]:
    return [
        chart(
            Text(
                "Invocations by program",
                "How often each program is called, failed calls included. "
                "A program that stands behind one that blocks is called less.",
            ),
            Look("cps", legend=Legend.BESIDE),
            [Query(total("program", rate(program(INVOCATIONS))), "{{program}}")],
        ),
        chart(
            Text(
                "Invocations by state",
                "new: a flow was established. established: a segment of an undecided flow. "
                "deleted: a flow ended before the program had answered. "
                "Many established for one new: programs decide late.",
            ),
            Look("cps", is_stacked=True, legend=Legend.BESIDE),
            [Query(total("state", rate(program(INVOCATIONS))), "{{state}}")],
        ),
        chart(
            Text(
                "New flows by direction",
                "Invocations for flows just established, by who opened the connection: inbound is "
                "the peer. Later invocations are left out, as they tell the segment's direction. "
                "A side that stays at 0: no flow of that kind comes, or none is classified.",
            ),
            Look("cps", is_stacked=True, legend=Legend.BESIDE),
            [
                Query(
                    total("direction", rate(program(INVOCATIONS, 'state="new"'))),
                    "{{direction}}",
                )
            ],
        ),
        chart(
            Text(
                "Answers",
                "What programs answer to new flows and to segments. "
                "need_more_data is normal at first; where it is most of the answers, programs "
                "decide late. invalid is a number that the hook does not know: a fault of the "
                "program.",
                ["WeirFlowsStuck", "WeirProgramErrors"],
            ),
            Look(
                "cps",
                is_stacked=True,
                legend=Legend.BESIDE,
                colours={
                    "allow": "green",
                    "block": "orange",
                    "invalid": "red",
                    "need_more_data": "blue",
                },
            ),
            [Query(total("verdict", rate(program(VERDICTS, COUNTS))), "{{verdict}}")],
        ),
        chart(
            Text(
                "Block share by program",
                "Blocks among the final answers of each program; 0 while it gives none. "
                "A jump of one program is its policy or its input; "
                "the dashboard Fleet shows what it does to flows.",
                ["WeirBlockRateJump"],
            ),
            Look("percentunit", maximum=1, legend=Legend.BESIDE),
            [Query(_block_share("program"), "{{program}}")],
        ),
        chart(
            Text(
                "Blocks by program",
                "How many flows each program blocks. "
                "Flow events and the audit trail name the flows.",
                ["WeirBlockRateJump"],
            ),
            Look("cps", legend=Legend.BESIDE),
            [
                Query(
                    total("program", rate(program(VERDICTS, _and_counts("block")))),
                    "{{program}}",
                )
            ],
        ),
    ]


def _run_time() -> list[Panel]:
    bucket = program(f"{RUN}_bucket")
    callout = host(f"{CLASSIFY}_bucket")
    return [
        heat_map(
            Text(
                "Run time",
                "Invocations of the chosen programs by run time. "
                "Two bands are two paths through a program; a band that climbs is input that "
                "grows. Empty where the driver's clock is none.",
            ),
            Look("s"),
            total("le", increase(bucket)),
        ),
        chart(
            Text(
                "Run time p99 by program",
                "The time that 99 of 100 invocations stay below. "
                "Far above the p50 it is rare input or an interrupted processor. "
                "Choose one program to compare states below. "
                "The bounds are for release builds; debug builds are slower.",
                ["WeirClassifySlow"],
            ),
            Look("s", steps=SLOW, is_log=True, legend=Legend.BESIDE),
            [Query(quantile(0.99, "program", bucket), "{{program}}")],
        ),
        chart(
            Text(
                "Run time p50 by program",
                "Half of the invocations took less: what a program costs as a rule. "
                "A step is a new build, other input, or a processor that runs slower.",
                ["WeirClassifySlow"],
            ),
            Look("s", is_log=True, legend=Legend.BESIDE),
            [Query(quantile(0.5, "program", bucket), "{{program}}")],
        ),
        chart(
            Text(
                "Mean run time by program",
                "Exact, as it comes from sums and not from buckets. "
                "Times the invocations it is the processor time of the program.",
            ),
            Look("s", legend=Legend.BESIDE),
            [
                Query(
                    mean("program", program(f"{RUN}_sum"), program(f"{RUN}_count")),
                    "{{program}}",
                )
            ],
        ),
        chart(
            Text(
                "Run time p99 by state",
                "established reads data, new and deleted do not: they should be far below it.",
                ["WeirClassifySlow"],
            ),
            Look("s", steps=SLOW, is_log=True, legend=Legend.BESIDE),
            [Query(quantile(0.99, "state", bucket), "{{state}}")],
        ),
        chart(
            Text(
                "Classify time by layer",
                "The whole callout: all programs of the chain, the lookup and copies. "
                "Well above the programs' own times, the cost is copying or waiting for a flow's "
                "lock. The choice of program makes no difference here.",
                ["WeirClassifySlow"],
            ),
            Look("s", steps=SLOW, is_log=True, legend=Legend.BESIDE),
            [
                Query(quantile(0.5, "layer", callout), "{{layer}} p50"),
                Query(quantile(0.99, "layer", callout), "{{layer}} p99"),
            ],
        ),
    ]


def _errors() -> list[Panel]:
    failed = host("weir_flow_verdicts_total", 'verdict=~"failed_open|failed_closed"')
    return [
        chart(
            Text(
                "Errors by program and result",
                "Invocations that failed, by what the eBPF core returned. "
                "Anything but 0 is a fault: of the program, of its maps, or of memory. "
                "The driver's Error events on the host have the flow and the status.",
                ["WeirProgramErrors"],
            ),
            Look("cps", steps=ANY, legend=Legend.NAMES),
            [Query(total("program, result", rate(program(ERRORS))), "{{program}} {{result}}")],
        ),
        chart(
            Text(
                "Flows that the failure policy settled",
                "failed_open went through without a decision, failed_closed were cut. "
                "The first is a gap in enforcement, the second an outage; the causes are errors "
                "beside, unreadable segments, or missed bytes on the dashboard Fleet.",
                ["WeirFlowsFailed", "WeirProgramErrors"],
            ),
            Look("cps", steps=ANY, legend=Legend.BESIDE),
            [Query(total("verdict", rate(failed)), "{{verdict}}")],
        ),
    ]


def _decisions() -> list[Panel]:
    decided = 'verdict=~"allow|block"'

    def time(text: Text, q: float) -> Panel:
        bucket = program(f"{DECISION}_bucket", decided)
        look = Look("s", is_log=True, legend=Legend.BESIDE, interval=RARE)
        return chart(text, look, [Query(quantile(q, "program", bucket), "{{program}}")])

    def spread(text: Text, unit: str, metric: str) -> Panel:
        bucket = program(f"{metric}_bucket", decided)
        return chart(
            text,
            Look(unit, is_log=True, legend=Legend.BESIDE, interval=RARE),
            [
                Query(quantile(0.5, "program", bucket), "{{program}} p50"),
                Query(quantile(0.99, "program", bucket), "{{program}} p99"),
            ],
        )

    return [
        time(
            Text(
                "Time to decision p50 by program",
                "From flow established to the program's own allow or block; half took less. "
                "It follows the peers more than the program; the dashboard Flows has those that "
                "were never decided. Each point covers two minutes at least.",
            ),
            0.5,
        ),
        time(
            Text(
                "Time to decision p99 by program",
                "From flow established to the program's own allow or block; 99 of 100 took less. "
                "Seconds are peers that speak late, or a program that waits for more. "
                "Each point covers two minutes at least, as slow decisions are rare.",
            ),
            0.99,
        ),
        spread(
            Text(
                "Bytes inspected until the decision",
                "How much of a flow a program wants to see. "
                "A p99 far above the p50 is flows in which it does not find what it looks for.",
            ),
            "bytes",
            "weir_flow_inspected_bytes",
        ),
        spread(
            Text(
                "Segments inspected until the decision",
                "Each segment is an invocation, so this is the price of a decision. "
                "Compare with bytes: many small segments are the peer's choice. "
                "Within a bucket the value is interpolated, so that one segment for each decision "
                "reads 0.5 at the p50.",
            ),
            "short",
            "weir_flow_inspected_segments",
        ),
    ]


def _ends() -> list[Panel]:
    return [
        chart(
            Text(
                "Ended undecided by program",
                "Flows whose classification ended without the program's answer. "
                "The dashboard Flows has the reasons.",
                ["WeirFlowsStuck"],
            ),
            Look("cps", legend=Legend.BESIDE),
            [
                Query(
                    total("program", rate(program("weir_flow_deleted_undecided_total"))),
                    "{{program}}",
                )
            ],
        ),
        chart(
            Text(
                "Cleanup by reason",
                "DELETED invocations, in which a program frees what it kept for a flow, and those "
                "left out because the program was detached: what it kept in maps then stays.",
            ),
            Look("cps", legend=Legend.BESIDE),
            [
                Query(
                    total("reason", rate(program("weir_cleanup_invocations_total"))),
                    "{{reason}}",
                )
            ],
        ),
    ]
