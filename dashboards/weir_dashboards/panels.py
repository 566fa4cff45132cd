"""Kinds of panels, as all dashboards want them.

Nothing here knows a metric. Every function wants a title, a description and a unit, because a panel
without one of them leaves its reader to guess.
"""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import common, heatmap, timeseries
from grafana_foundation_sdk.builders import stat as stat_panel
from grafana_foundation_sdk.builders import table as table_panel
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models import dashboard as board
from grafana_foundation_sdk.models import heatmap as heat
from grafana_foundation_sdk.models import prometheus as query_models

from .fields import (
    DATASOURCE,
    Column,
    Look,
    Panel,
    Query,
    Text,
    colour_of,
    column_look,
    legend,
    runbook_links,
    target,
    thresholds,
)


# Where the axis of a chart ends at least, by unit: one of nothing but zeros would run to 100.
# Counts end where whole numbers fit between, rates low, since one event a minute is 0.017 a second.
# Times and bytes have no such bound.
SOFT_MAXIMUM = {"short": 5.0, "cps": 0.1, "reqps": 0.1, "Bps": 1000.0}

# A bound below this lies on the zero line of any chart.
LEAST_LINE = 1e-6


def stat(text: Text, look: Look, query: Query) -> Panel:
    """A number of now; charts have room for what was."""
    panel = (
        stat_panel.Panel()
        .graph_mode(models.BigValueGraphMode.NONE)
        .color_mode(models.BigValueColorMode.VALUE)
        .text_mode(models.BigValueTextMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .title(text.title)
        .description(text.description)
        .datasource(DATASOURCE)
        .links(runbook_links(text.runbooks))
        .unit(look.unit)
        .thresholds(thresholds(look.steps))
        .span(look.width)
        .height(look.height)
        .targets([target(0, query)])
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
        .links(runbook_links(text.runbooks))
        .unit(look.unit)
        .thresholds(thresholds(look.steps))
        .span(look.width)
        .height(look.height)
        .line_width(1)
        # Ten filled lines over one another are one brown block.
        .fill_opacity(30 if look.is_stacked else 0)
        .show_points(models.VisibilityMode.NEVER)
        .legend(legend(look.legend))
        .tooltip(
            common.VizTooltipOptions()
            .mode(models.TooltipDisplayMode.MULTI)
            .sort(models.SortOrder.DESCENDING)
        )
        .overrides([colour_of(name, colour) for name, colour in sorted(look.colours.items())])
        .targets([target(at, query) for at, query in enumerate(queries)])
    )
    if look.steps and look.steps[0][0] > LEAST_LINE:
        panel = panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(models.GraphThresholdsStyleMode.DASHED)
        )
    if look.is_stacked:
        panel = panel.stacking(common.StackingConfig().mode(models.StackingMode.NORMAL))
    if look.is_log:
        # No minimum: there is no logarithm of 0. Powers of 2 of a second are no round numbers.
        base = 10 if look.unit == "s" else 2
        scale = common.ScaleDistributionConfig().type(models.ScaleDistribution.LOG).log(base)
        panel = panel.scale_distribution(scale)
    else:
        panel = panel.min(0)
        if look.maximum is not None:
            panel = panel.max(look.maximum)
        elif look.soft_maximum is not None:
            panel = panel.axis_soft_max(look.soft_maximum)
        elif look.unit in SOFT_MAXIMUM:
            panel = panel.axis_soft_max(SOFT_MAXIMUM[look.unit])
    if look.interval is not None:
        panel = panel.interval(look.interval)
    if look.decimals is not None:
        panel = panel.decimals(look.decimals)
    if text.empty is not None:
        panel = panel.no_value(text.empty)
    return panel


def heat_map(text: Text, look: Look, expr: str) -> Panel:
    """A histogram over time; `expr` gives increases by `le`, the unit is that of `le`."""
    query = target(0, Query(expr, "{{le}}")).format(query_models.PromQueryFormat.HEATMAP)
    return (
        heatmap.Panel()
        .title(text.title)
        .description(text.description)
        .datasource(DATASOURCE)
        .links(runbook_links(text.runbooks))
        .unit("short")
        .span(look.width)
        .height(look.height)
        # The bounds are the driver's own; Grafana shall not make others of them.
        .calculate(False)
        # Its least colour stands out in either theme: rare slow calls are what one seeks.
        .color(
            heatmap.HeatmapColorOptions()
            .mode(heat.HeatmapColorMode.SCHEME)
            .scheme("Viridis")
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
        .targets([query])
    )


def table(
    text: Text,
    look: Look,
    queries: Sequence[Query],
    columns: Sequence[Column],
    sort: Sequence[tuple[str, bool]],
) -> Panel:
    """Rows of now: the queries' answers joined where their labels agree.

    Several queries are aggregations, all by the same labels at least: a bare selector's answer has
    the metric's name as one more label, in which they would never agree. `sort` is of columns'
    titles, and whether they descend.
    """
    shown = {column.field: at for at, column in enumerate(columns)}
    numbers = [
        {"targetField": column.field, "destinationType": "number"}
        for column in columns
        if column.is_number
    ]
    transformations = [
        board.DataTransformerConfig(id_val="merge", options={}),
        # Time and what else comes is not shown.
        board.DataTransformerConfig(
            id_val="filterFieldsByName", options={"include": {"names": list(shown)}}
        ),
        board.DataTransformerConfig(
            id_val="convertFieldType", options={"conversions": numbers, "fields": {}}
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
        .links(runbook_links(text.runbooks))
        .unit(look.unit)
        .span(look.width)
        .height(look.height)
        .cell_height(models.TableCellHeight.SM)
        .sort_by([common.TableSortByFieldState().display_name(by).desc(down) for by, down in sort])
        .transformations(transformations)
        .overrides([o for column in columns if (o := column_look(column)) is not None])
        .targets(
            [
                target(at, query).instant().format(query_models.PromQueryFormat.TABLE)
                for at, query in enumerate(queries)
            ]
        )
    )
    return panel if text.empty is None else panel.no_value(text.empty)
