// Places of panels.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placePanels } from '../node/layout.mjs';

const at = (x, y, w, h, more) => ({
  title: `${x},${y}`,
  type: 'text',
  gridPos: { x, y, w, h },
  ...more,
});

test('the grid has 24 columns and lines of 38 pixels', () => {
  const { panels, height } = placePanels({ panels: [at(0, 0, 12, 2), at(12, 0, 12, 2)] }, 1600);
  assert.deepEqual(
    panels.map(({ box }) => box),
    [
      { left: 0, top: 0, width: 796, height: 68 },
      { left: 804, top: 0, width: 796, height: 68 },
    ],
  );
  assert.equal(height, 68);
});

test('a collapsed row opens and pushes down what is below', () => {
  const row = at(0, 1, 24, 1, { type: 'row', collapsed: true, panels: [at(0, 40, 24, 5)] });
  const { panels, misplaced } = placePanels(
    { panels: [at(0, 2, 24, 3), row, at(0, 0, 24, 1)] },
    1600,
  );
  assert.deepEqual(
    panels.map(({ panel }) => panel.gridPos.y),
    [0, 1, 2, 7],
  );
  assert.deepEqual(misplaced, []);
});

test('panels that overlap or leave the grid are named', () => {
  const { misplaced } = placePanels({ panels: [at(0, 0, 12, 4), at(11, 3, 14, 4)] }, 1600);
  assert.deepEqual(misplaced, ['0,0 lies over 11,3', '11,3 leaves the grid']);
});
