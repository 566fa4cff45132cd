// Variables of a dashboard: what they are asked for, and their values put into text.

import { labelValues } from './prometheus.mjs';

// What a variable may look like: $name, ${name}, ${name:format}, [[name]].
const REFERENCE = /\$(\w+)|\$\{(\w+)(?:\.[^:}]+)?(?::(\w+))?\}|\[\[(\w+)\]\]/g;

/** The dashboard's variables with the values that they have, or could have. */
export async function answerVariables(dashboard, options) {
  const variables = [];
  for (const variable of dashboard.templating?.list ?? []) {
    variables.push(await answerVariable(variable, variables, options));
  }
  return variables;
}

async function answerVariable(variable, before, options) {
  const answered = {
    name: variable.name,
    label: variable.label || variable.name,
    type: variable.type,
    hide: variable.hide === 2 || variable.hide === 'hideVariable',
    ...chosen(variable, options.values[variable.name]),
  };
  const query = variable.type === 'query' ? textOf(variable) : undefined;
  if (query === undefined) return answered;
  const asked = /^\s*label_values\(\s*(?:([^]*\S)\s*,\s*)?(\w+)\s*\)\s*$/.exec(query);
  if (!asked) return { ...answered, error: `${query} is no label_values(…)` };
  const selector = asked[1] && interpolate(asked[1], before);
  try {
    const values = await labelValues(
      options.prometheus,
      asked[2],
      selector,
      options.from,
      options.to,
    );
    const keep = regexOf(variable.regex);
    return { ...answered, values: keep ? values.filter((value) => keep.test(value)) : values };
  } catch (error) {
    return { ...answered, error: error.message };
  }
}

// All is .* here even where the dashboard names no value for it: Grafana then lists every value,
// which matches the same series unless the label is missing.
function chosen(variable, given) {
  if (given !== undefined) return { value: given, text: given };
  if (variable.type === 'datasource') return { value: 'prometheus', text: 'Prometheus' };
  const current = variable.current?.value;
  const isAll = current === '$__all' || (Array.isArray(current) && current.includes('$__all'));
  if (['constant', 'custom', 'interval', 'textbox'].includes(variable.type) && !isAll) {
    const first = [current].flat()[0] ?? textOf(variable)?.split(',')[0]?.trim() ?? '';
    return { value: first, text: first };
  }
  return { value: variable.allValue || '.*', text: 'All' };
}

function textOf(variable) {
  const query = variable.query ?? variable.definition;
  return typeof query === 'object' ? (query?.query ?? variable.definition) : query;
}

function regexOf(text) {
  const parts = /^\/(.*)\/(\w*)$/.exec(text ?? '');
  return text ? new RegExp(parts ? parts[1] : text, parts?.[2]) : undefined;
}

/** Text with the variables' values, or their names for people, in it; unknown ones stay. */
export function interpolate(text, variables, builtin = {}, forPeople = false) {
  return text.replace(REFERENCE, (reference, bare, braced, _format, square) => {
    const name = bare ?? braced ?? square;
    if (name in builtin) return builtin[name];
    const variable = variables.find((one) => one.name === name);
    if (!variable) return reference;
    return forPeople ? variable.text : variable.value;
  });
}
