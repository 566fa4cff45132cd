// Where panels stand: the grid of 24 columns, rows opened, in pixels of the page.

// Source: github.com/grafana/grafana public/app/core/constants.ts (read 2026-11).
const COLUMNS = 24;
const CELL_HEIGHT = 30;
const CELL_MARGIN = 8;

/** Every panel with its place in pixels, the page's height, and what stands where it should not. */
export function placePanels(dashboard, width) {
  const panels = openRows(dashboard.panels ?? []).map((panel) => ({
    panel,
    box: boxOf(panel, width),
  }));
  const height = Math.max(0, ...panels.map(({ box }) => box.top + box.height));
  return { panels, height, misplaced: misplacedOf(panels.map(({ panel }) => panel)) };
}

// Panels of a collapsed row are within it; opening pushes down what stands below.
function openRows(panels) {
  const opened = [];
  let pushed = 0;
  for (const panel of [...panels].sort(
    (a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x,
  )) {
    const row = moved(panel, pushed);
    opened.push(row);
    const inner = panel.type === 'row' && panel.collapsed ? (panel.panels ?? []) : [];
    if (inner.length === 0) continue;
    const top = Math.min(...inner.map((one) => one.gridPos.y));
    const bottom = Math.max(...inner.map((one) => one.gridPos.y + one.gridPos.h));
    const start = row.gridPos.y + row.gridPos.h;
    opened.push(...inner.map((one) => moved(one, start - top)));
    pushed += bottom - top;
  }
  return opened;
}

function moved(panel, rows) {
  return { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + rows } };
}

function boxOf({ gridPos }, width) {
  const column = (width - CELL_MARGIN * (COLUMNS - 1)) / COLUMNS;
  return {
    left: gridPos.x * (column + CELL_MARGIN),
    top: gridPos.y * (CELL_HEIGHT + CELL_MARGIN),
    width: gridPos.w * column + (gridPos.w - 1) * CELL_MARGIN,
    height: gridPos.h * CELL_HEIGHT + (gridPos.h - 1) * CELL_MARGIN,
  };
}

function misplacedOf(panels) {
  const words = [];
  panels.forEach((one, index) => {
    const { x, w } = one.gridPos;
    if (x < 0 || x + w > COLUMNS) words.push(`${one.title} leaves the grid`);
    for (const other of panels.slice(index + 1)) {
      if (overlap(one.gridPos, other.gridPos)) words.push(`${one.title} lies over ${other.title}`);
    }
  });
  return words;
}

function overlap(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
