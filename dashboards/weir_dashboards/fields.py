"""Parts of panels: queries, links, thresholds, what a column looks like."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from grafana_foundation_sdk.builders import common, dashboard, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models import dashboard as board

# Where the runbooks are; the names of their pages are those of the alerts.
RUNBOOKS = "https://github.com/weir-project/weir/blob/main/docs/runbooks/"

# Why a panel may be empty. Tests let panels with these texts be empty, and no others.
ONLY_ON_WINDOWS = "only on Windows"
WITH_THE_AUDIT_TRAIL = "with the audit trail"

DATASOURCE = board.DataSourceRef(type_val="prometheus", uid="${datasource}")

Panel = Builder[board.Panel]

# Seconds of a call at the network path: what nobody notices, and what WeirClassifySlow is about.
SLOW = [(0.0001, "orange"), (0.001, "red")]

# Anything above nothing: a threshold for what must not happen.
ANY = [(1e-9, "red")]

# The step for quantiles of what is rare: those of a few flows jump from bucket to bucket.
RARE = "2m"


class Legend(Enum):
    """Where the names of lines stand. Below a chart is room for three rows of a table."""

    # Names with their last and their greatest value; up to three lines.
    BELOW = "below"
    # The same at the side, for wide panels with more lines.
    BESIDE = "beside"
    # Names one after another, for many lines, and for narrow panels.
    NAMES = "names"


@dataclass(frozen=True)
class Query:
    """One expression, and how its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Text:
    """What a panel says about itself."""

    title: str
    # What it means, then what to do or where to look next.
    description: str
    # Alerts whose runbooks the panel links to.
    runbooks: Sequence[str] = ()
    # What stands there while there is nothing to show.
    empty: str | None = None


@dataclass(frozen=True)
class Look:
    """Unit, size and bounds of good and bad."""

    unit: str
    width: int = 12
    height: int = 8
    # (from, colour) in ascending order; green below the first.
    steps: Sequence[tuple[float, str]] = ()
    decimals: int | None = None
    maximum: float | None = None
    # As far as an axis goes at least; values beyond are shown.
    soft_maximum: float | None = None
    is_log: bool = False
    is_stacked: bool = False
    legend: Legend = Legend.BELOW
    # The least step, and with it the least window of a rate: for what is rare.
    interval: str | None = None
    colours: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A column of a table: the field that Prometheus answers with, and how it is shown."""

    field: str
    title: str
    unit: str | None = None
    # (value, text, colour)
    states: Sequence[tuple[str, str, str]] = ()
    # A dashboard that a click on a cell opens, with the cell as this variable.
    opens: tuple[str, str] | None = None
    # A label that holds a number: labels are text, and as text 10 stands before 2.
    is_number: bool = False
    steps: Sequence[tuple[float, str]] = ()
    # Pixels. Columns without one share what is left, 150 each at least.
    width: int | None = None


def target(at: int, query: Query) -> prometheus.Dataquery:
    """A query as a panel asks it, over the time shown."""
    return (
        prometheus.Dataquery()
        .expr(query.expr)
        .legend_format(query.legend)
        .ref_id(chr(ord("A") + at))
        .datasource(DATASOURCE)
        .range()
    )


def legend(kind: Legend) -> common.VizLegendOptions:
    """Lines by name, and where there is room their last and their greatest value."""
    is_list = kind is Legend.NAMES
    is_beside = kind is Legend.BESIDE
    return (
        common.VizLegendOptions()
        .display_mode(models.LegendDisplayMode.LIST if is_list else models.LegendDisplayMode.TABLE)
        .placement(
            models.LegendPlacement.RIGHT if is_beside else models.LegendPlacement.BOTTOM
        )
        .show_legend(True)
        # What does not fit is the least.
        .sort_by("Max")
        .sort_desc(True)
        .calcs([] if is_list else ["lastNotNull", "max"])
    )


def thresholds(steps: Sequence[tuple[float, str]]) -> dashboard.ThresholdsConfig:
    """Green below the first bound; no colour where there is no bound."""
    first = board.Threshold(value=None, color="green" if steps else "text")
    rest = [board.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(board.ThresholdsMode.ABSOLUTE).steps([first, *rest])


def runbook_links(names: Sequence[str]) -> list[Builder[board.DashboardLink]]:
    """Links to the pages of these alerts."""
    return [
        dashboard.DashboardLink(f"Runbook {name}")
        .type(board.DashboardLinkType.LINK)
        .url(f"{RUNBOOKS}{name}.md")
        .target_blank(True)
        for name in names
    ]


def colour_of(name: str, colour: str) -> dashboard.DashboardFieldConfigSourceOverrides:
    """A fixed colour for the line of this name."""
    value = {"mode": "fixed", "fixedColor": colour}
    return (
        dashboard.DashboardFieldConfigSourceOverrides()
        .matcher(board.MatcherConfig(id_val="byName", options=name))
        .properties([board.DynamicConfigValue(id_val="color", value=value)])
    )


def column_look(column: Column) -> dashboard.DashboardFieldConfigSourceOverrides | None:
    """What sets a column apart; nothing where it is plain."""
    properties: list[board.DynamicConfigValue] = []
    is_label = not column.field.startswith("Value")
    # Grafana takes text that looks like a number for one, and writes process 31012 as 31.0 K.
    unit = "string" if is_label and not column.is_number else column.unit
    if unit is not None:
        properties.append(board.DynamicConfigValue(id_val="unit", value=unit))
    if column.width is not None:
        properties.append(board.DynamicConfigValue(id_val="custom.width", value=column.width))
    if column.states:
        options = {
            value: {"text": text, "color": colour, "index": at}
            for at, (value, text, colour) in enumerate(column.states)
        }
        mappings = [{"type": "value", "options": options}]
        properties.append(board.DynamicConfigValue(id_val="mappings", value=mappings))
    if column.steps:
        steps = thresholds(column.steps).build()
        properties.append(board.DynamicConfigValue(id_val="thresholds", value=steps))
    if column.states or column.steps:
        cell = {"type": "color-text"}
        properties.append(board.DynamicConfigValue(id_val="custom.cellOptions", value=cell))
    if column.opens is not None:
        uid, variable = column.opens
        kept = "${__url_time_range}&${datasource:queryparam}"
        url = f"/d/{uid}?var-{variable}=${{__value.raw}}&{kept}"
        link = {"title": f"Open {uid}", "url": url}
        properties.append(board.DynamicConfigValue(id_val="links", value=[link]))
    if not properties:
        return None
    return (
        dashboard.DashboardFieldConfigSourceOverrides()
        .matcher(board.MatcherConfig(id_val="byName", options=column.title))
        .properties(properties)
    )
