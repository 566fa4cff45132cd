// What a person, or a test, wants to know of every panel without looking.

/** The report: one entry a panel, how many are empty, empty and say why themselves, or failed. */
export function reportOf(drawing, placed, drawn) {
  const panels = drawing.panels
    .filter(({ panel }) => panel.type !== 'row')
    .map((one) => ({ ...aboutPanel(one), ...drawn?.panels[one.panel.id] }));
  return {
    dashboard: drawing.title,
    empty: panels.filter((panel) => panel.isEmpty && !panel.noValue).length,
    explained: panels.filter((panel) => panel.isEmpty && panel.noValue).length,
    failed: panels.filter((panel) => panel.errors.length > 0 || panel.unknown).length,
    misplaced: placed.misplaced,
    variables: drawing.variables.map(({ name, value, values, error }) => ({
      name,
      value,
      values: values?.length,
      error,
    })),
    console: drawn?.console,
    pictures: drawn?.pictures,
    panels,
  };
}

function aboutPanel({ panel, answers }) {
  const series = answers.flatMap((answer) => seriesOf(answer));
  const points = series.flatMap((one) => one.values ?? (one.value ? [one.value] : []));
  const known = points.filter(([, value]) => value !== 'NaN').length;
  return {
    id: panel.id,
    title: panel.title,
    type: panel.type,
    description: panel.description,
    noValue: panel.fieldConfig?.defaults?.noValue,
    unit: panel.fieldConfig?.defaults?.unit,
    series: series.length,
    points: points.length,
    isEmpty: (panel.targets ?? []).length > 0 && known === 0,
    emptyTargets: answers
      .filter((one) => seriesOf(one).length === 0)
      .map((one) => `${one.refId}: ${one.expr}`),
    notANumber: points.length - known || undefined,
    errors: answers.filter((one) => one.error).map((one) => `${one.refId}: ${one.error}`),
  };
}

// A scalar is one sample without labels.
function seriesOf({ resultType, result }) {
  return resultType === 'scalar' ? [{ metric: {}, value: result }] : result;
}
