"""What makes panels a dashboard: variables, links, places and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as board

from .fields import DATASOURCE, RUNBOOKS, Panel
from .promql import HOST

# Grafana's grid.
COLUMNS = 24

# Title and uid of every dashboard. Links and bookmarks hold the uid, so it never changes.
UIDS = {
    "Fleet": "weir-fleet",
    "Programs": "weir-programs",
    "Flows": "weir-flows",
    "Pipeline": "weir-pipeline",
}


@dataclass(frozen=True)
class Row:
    """Panels under a heading, filling whole lines of the grid."""

    title: str
    panels: Sequence[Panel]
    is_collapsed: bool = False


def build(
    name: str, description: str, rows: Sequence[Row], per_program: bool = False
) -> board.Dashboard:
    """The dashboard, complete."""
    builder = (
        dashboard.Dashboard(f"Weir / {name}")
        .uid(UIDS[name])
        .description(description)
        .tags(["weir"])
        .readonly()
        .timezone("browser")
        .time("now-30m", "now")
        .refresh("30s")
        .tooltip(board.DashboardCursorSync.CROSSHAIR)
        .variables(_variables(per_program))
        .links(_links(name))
    )
    for row in rows:
        head = dashboard.Row(row.title)
        if row.is_collapsed:
            for panel in row.panels:
                head = head.with_panel(panel)
            builder = builder.with_row(head)
        else:
            builder = builder.with_row(head)
            for panel in row.panels:
                builder = builder.with_panel(panel)
    built = builder.build()
    _number(built)
    return built


def _number(built: board.Dashboard) -> None:
    """Numbers the panels: Grafana wants every number once, those within rows too."""
    number = 0
    for panel in built.panels or []:
        inner = panel.panels if isinstance(panel, board.RowPanel) else []
        for one in [panel, *inner]:
            number += 1
            one.id_val = number
            place = one.grid_pos
            if place is None or place.x + place.w > COLUMNS:
                raise ValueError(f"{built.uid}: panel {one.title!r} does not fit its line")


def _variables(per_program: bool) -> list[Builder[board.VariableModel]]:
    variables: list[Builder[board.VariableModel]] = [
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        # What only Weir has, so the list holds no other jobs.
        _choice("job", "label_values(weir_build_info, job)"),
        _choice("instance", 'label_values(weir_build_info{job=~"$job"}, instance)'),
    ]
    if per_program:
        query = f"label_values(weir_program_invocations_total{{{HOST}}}, program)"
        variables.append(_choice("program", query))
    return variables


def _choice(name: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(name.capitalize())
        .datasource(DATASOURCE)
        .query(query)
        .refresh(board.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(board.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(board.VariableOption(selected=True, text="All", value="$__all"))
    )


def _links(name: str) -> list[Builder[board.DashboardLink]]:
    others: list[Builder[board.DashboardLink]] = [
        dashboard.DashboardLink(f"Weir / {other}")
        .type(board.DashboardLinkType.LINK)
        .url(f"/d/{uid}")
        .icon("dashboard")
        .keep_time(True)
        .include_vars(True)
        for other, uid in UIDS.items()
        if other != name
    ]
    runbooks = (
        dashboard.DashboardLink("Runbooks")
        .type(board.DashboardLinkType.LINK)
        .url(f"{RUNBOOKS}README.md")
        .icon("doc")
        .target_blank(True)
    )
    return [*others, runbooks]
