"""Kinds of panels, as all dashboards want them.

Nothing here knows a metric. Every function wants a title, a description and a unit, because a panel
without one of them leaves its reader to guess.
"""

from dataclasses import dataclass, field
from typing import Sequence

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus
from grafana_foundation_sdk.builders import stat as stat_panel
from grafana_foundation_sdk.builders import table as table_panel
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models import dashboard as board
from grafana_foundation_sdk.models import heatmap as heat
from grafana_foundation_sdk.models import prometheus as query_models

# Where the runbooks are; the names of their pages are those of the alerts.
RUNBOOKS = "https://github.com/weir-project/weir/blob/main/docs/runbooks/"

# Why a panel may be empty. Tests let panels with these texts be empty, and no others.
ONLY_ON_WINDOWS = "only on Windows"
WITH_THE_AUDIT_TRAIL = "with the audit trail"

DATASOURCE = board.DataSourceRef(type_val="prometheus", uid="${datasource}")

Panel = Builder[board.Panel]


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
    is_log: bool = False
    is_stacked: bool = False
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
    steps: Sequence[tuple[float, str]] = ()


def stat(text: Text, look: Look, queries: Sequence[Query], names: bool = False) -> Panel:
    """A number of now; with `names`, one for each series."""
    panel = (
        stat_panel.Panel()
        .graph_mode(models.BigValueGraphMode.NONE if names else models.BigValueGraphMode.AREA)
        .color_mode(models.BigValueColorMode.VALUE)
        .text_mode(
            models.BigValueTextMode.VALUE_AND_NAME if names else models.BigValueTextMode.VALUE
        )
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .title(text.title)
        .description(text.description)
        .datasource(DATASOURCE)
        .links(_runbook_links(text.runbooks))
        .unit(look.unit)
        .thresholds(_thresholds(look.steps))
        .span(look.width)
        .height(look.height)
        .targets([_target(at, query) for at, query in enumerate(queries)])
    )
    if look.decimals is not None:
        panel = panel.decimals(look.decimals)
    if text.empty is not None:
        panel = panel.no_value(text.empty)
    return panel


def chart(text: Text, look: Look, queries: Sequence[Query]) -> Panel:
    """Lines over time."""
    panel = (
        timeseries.Panel()
        .title(text.title)
        .description(text.description)
        .datasource(DATASOURCE)
        .links(_runbook_links(text.runbooks))
        .unit(look.unit)
        .thresholds(_thresholds(look.steps))
        .span(look.width)
        .height(look.height)
        .line_width(1)
        .fill_opacity(30 if look.is_stacked else 8)
        .show_points(models.VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(models.TooltipDisplayMode.MULTI).sort(
            models.SortOrder.DESCENDING
        ))
        .overrides(
            [_colour(name, colour) for name, colour in sorted(look.colours.items())]
        )
        .targets([_target(at, query) for at, query in enumerate(queries)])
    )
    if look.steps:
        panel = panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(models.GraphThresholdsStyleMode.DASHED)
        )
    if look.is_stacked:
        panel = panel.stacking(common.StackingConfig().mode(models.StackingMode.NORMAL))
    if look.is_log:
        # No minimum: there is no logarithm of 0.
        scale = common.ScaleDistributionConfig().type(models.ScaleDistribution.LOG).log(2)
        panel = panel.scale_distribution(scale)
    else:
        panel = panel.min(0)
    if look.maximum is not None:
        panel = panel.max(look.maximum)
    if look.decimals is not None:
        panel = panel.decimals(look.decimals)
    if text.empty is not None:
        panel = panel.no_value(text.empty)
    return panel


def heat_map(text: Text, look: Look, expr: str) -> Panel:
    """A histogram over time; `expr` gives increases by `le`, the unit is that of `le`."""
    target = _target(0, Query(expr, "{{le}}")).format(query_models.PromQueryFormat.HEATMAP)
    return (
        heatmap.Panel()
        .title(text.title)
        .description(text.description)
        .datasource(DATASOURCE)
        .links(_runbook_links(text.runbooks))
        .unit("short")
        .span(look.width)
        .height(look.height)
        # The bounds are the driver's own; Grafana shall not make others of them.
        .calculate(False)
        .color(
            heatmap.HeatmapColorOptions()
            .mode(heat.HeatmapColorMode.SCHEME)
            .scheme("Oranges")
            .scale(heat.HeatmapColorScale.EXPONENTIAL)
            .exponent(0.5)
            .steps(64)
        )
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .y_axis(heatmap.YAxisConfig().unit(look.unit).axis_placement(models.AxisPlacement.LEFT))
        .cell_values(heatmap.CellValues().unit("short").decimals(0))
        .rows_frame(heatmap.RowsHeatmapOptions().layout(models.HeatmapCellLayout.AUTO))
        .mode(models.TooltipDisplayMode.SINGLE)
        .show_y_histogram()
        .targets([target])
    )


def table(
    text: Text,
    look: Look,
    queries: Sequence[Query],
    columns: Sequence[Column],
    sort: tuple[str, bool],
) -> Panel:
    """Rows of now: the queries' answers joined where their labels agree; `sort` is descending?"""
    shown = {column.field: at for at, column in enumerate(columns)}
    transformations = [
        board.DataTransformerConfig(id_val="merge", options={}),
        # Time and what else comes is not shown.
        board.DataTransformerConfig(
            id_val="filterFieldsByName", options={"include": {"names": list(shown)}}
        ),
        board.DataTransformerConfig(
            id_val="organize",
            options={
                "indexByName": shown,
                "renameByName": {column.field: column.title for column in columns},
            },
        ),
    ]
    panel = (
        table_panel.Panel()
        .title(text.title)
        .description(text.description)
        .datasource(DATASOURCE)
        .links(_runbook_links(text.runbooks))
        .unit(look.unit)
        .span(look.width)
        .height(look.height)
        .cell_height(models.TableCellHeight.SM)
        .sort_by([common.TableSortByFieldState().display_name(sort[0]).desc(sort[1])])
        .transformations(transformations)
        .overrides([o for column in columns if (o := _column(column)) is not None])
        .targets([
            _target(at, query).instant().format(query_models.PromQueryFormat.TABLE)
            for at, query in enumerate(queries)
        ])
    )
    return panel if text.empty is None else panel.no_value(text.empty)


def _target(at: int, query: Query) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .expr(query.expr)
        .legend_format(query.legend)
        .ref_id(chr(ord("A") + at))
        .datasource(DATASOURCE)
        .range()
    )


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(models.LegendDisplayMode.TABLE)
        .placement(models.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )


def _thresholds(steps: Sequence[tuple[float, str]]) -> dashboard.ThresholdsConfig:
    first = board.Threshold(value=None, color="green" if steps else "text")
    rest = [board.Threshold(value=value, color=colour) for value, colour in steps]
    return (
        dashboard.ThresholdsConfig()
        .mode(board.ThresholdsMode.ABSOLUTE)
        .steps([first, *rest])
    )


def _runbook_links(names: Sequence[str]) -> list[Builder[board.DashboardLink]]:
    return [
        dashboard.DashboardLink(f"Runbook {name}")
        .type(board.DashboardLinkType.LINK)
        .url(f"{RUNBOOKS}{name}.md")
        .target_blank(True)
        for name in names
    ]


def _colour(name: str, colour: str) -> dashboard.DashboardFieldConfigSourceOverrides:
    value = {"mode": "fixed", "fixedColor": colour}
    return (
        dashboard.DashboardFieldConfigSourceOverrides()
        .matcher(board.MatcherConfig(id_val="byName", options=name))
        .properties([board.DynamicConfigValue(id_val="color", value=value)])
    )


def _column(column: Column) -> dashboard.DashboardFieldConfigSourceOverrides | None:
    properties: list[board.DynamicConfigValue] = []
    if column.unit is not None:
        properties.append(board.DynamicConfigValue(id_val="unit", value=column.unit))
    if column.states:
        options = {
            value: {"text": text, "color": colour, "index": at}
            for at, (value, text, colour) in enumerate(column.states)
        }
        mappings = [{"type": "value", "options": options}]
        properties.append(board.DynamicConfigValue(id_val="mappings", value=mappings))
    if column.steps:
        steps = _thresholds(column.steps).build()
        properties.append(board.DynamicConfigValue(id_val="thresholds", value=steps))
    if column.states or column.steps:
        cell = {"type": "color-text"}
        properties.append(board.DynamicConfigValue(id_val="custom.cellOptions", value=cell))
    if column.opens is not None:
        uid, variable = column.opens
        url = f"/d/{uid}?var-{variable}=${{__value.raw}}&${{__url_time_range}}&${{datasource:queryparam}}"
        link = {"title": f"Open {uid}", "url": url}
        properties.append(board.DynamicConfigValue(id_val="links", value=[link]))
    if not properties:
        return None
    return (
        dashboard.DashboardFieldConfigSourceOverrides()
        .matcher(board.MatcherConfig(id_val="byName", options=column.title))
        .properties(properties)
    )
