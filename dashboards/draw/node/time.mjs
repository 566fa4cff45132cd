// Grafana's own reading of times and intervals.

import { createRequire } from 'node:module';

// Node reads Grafana's modules only in their older form: the newer one imports names that a
// library of theirs does not tell Node of.
const { dateMath, dateTime, rangeUtil } = createRequire(import.meta.url)('@grafana/data');

export { dateMath, dateTime, rangeUtil };
