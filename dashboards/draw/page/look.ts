// What the page can tell of its own panels: what is cut off, what says that it cannot be drawn.

import { getFieldDisplayName } from '@grafana/data';
import { selectors } from '@grafana/e2e-selectors';
import { type DrawnPanel, isDrawn } from './panels/Panel';

// A person reads no more colours than this.
const MANY_SERIES = 12;

/** Notes on every panel, by its number. */
export function lookAtPanels(panels: DrawnPanel[]) {
  return Object.fromEntries(panels.map((placed) => [placed.panel.id, lookAt(placed)]));
}

function lookAt({ panel, data, problems }: DrawnPanel) {
  const element = document.querySelector<HTMLElement>(`[data-panel="${panel.id}"]`);
  const words = element?.querySelector('[data-words]')?.textContent ?? undefined;
  const names = data.flatMap((frame) =>
    frame.fields
      .filter(({ type }) => type !== 'time')
      .map((field) => getFieldDisplayName(field, frame, data)),
  );
  const isChart = panel.type === 'timeseries';
  const twice = isChart ? names.filter((name, index) => names.indexOf(name) !== index) : [];
  return {
    unknown: isDrawn(panel.type) ? undefined : panel.type,
    says: words,
    shown: element?.innerText.replace(/\s+/g, ' ').trim().slice(0, 400),
    names: panel.type === 'heatmap' ? undefined : names.slice(0, 30),
    cut: element ? cutTexts(element) : [],
    notes: [
      ...problems,
      ...(words?.startsWith('failed to draw') ? [words] : []),
      ...(isChart && names.length > MANY_SERIES ? [`${names.length} series`] : []),
      ...[...new Set(twice)].map((name) => `two series are called ${name}`),
      ...(isChart || names.length > 1
        ? names.filter(isRaw).map((name) => `${name} has no legend of its own`)
        : []),
      ...(panel.type === 'table' && data.length > 1 ? [`shows one of ${data.length} frames`] : []),
      ...(panel.repeat ? [`repeats for ${panel.repeat}, and is drawn once`] : []),
      ...(isChart ? legendNotes(element) : []),
      ...(panel.type === 'table' ? tableNotes(element) : []),
    ],
  };
}

// What Prometheus calls a series where the panel does not.
const isRaw = (name: string) => /\{.*=".*\}/.test(name);

// Texts that are wider than their box; those for screen readers are a pixel wide.
function cutTexts(element: Element): string[] {
  const cut = [...element.querySelectorAll<HTMLElement>('*')].filter(
    (node) =>
      node.childElementCount === 0 &&
      node.textContent &&
      node.clientWidth > 1 &&
      node.scrollWidth > node.clientWidth + 1 &&
      getComputedStyle(node).overflow !== 'visible',
  );
  return [...new Set(cut.map((node) => node.textContent!))];
}

// A legend that is higher than its third of the panel scrolls, and a picture cannot.
function legendNotes(element: Element | null | undefined): string[] {
  const legend = element?.querySelector(`[data-testid="${selectors.components.VizLayout.legend}"]`);
  const scrolled = [...(legend?.querySelectorAll<HTMLElement>('*') ?? [])].find(
    (node) =>
      node.scrollHeight > node.clientHeight + 2 &&
      /auto|scroll/.test(getComputedStyle(node).overflowY),
  );
  return scrolled
    ? [`the legend shows ${scrolled.clientHeight} of ${scrolled.scrollHeight} pixels`]
    : [];
}

// Columns that one has to scroll to are seen by nobody in passing; rows are expected to go on.
function tableNotes(element: Element | null | undefined): string[] {
  const grid = element?.querySelector<HTMLElement>(
    '[role="grid"], [role="treegrid"], [role="table"]',
  );
  if (!grid || grid.scrollWidth <= grid.clientWidth + 1) return [];
  return [`the table shows ${grid.clientWidth} of ${grid.scrollWidth} pixels of its width`];
}
