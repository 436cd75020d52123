import assert from 'node:assert/strict';
import { test } from 'node:test';
import { line_path } from './sparkline.ts';

test('the largest value touches the top and the line spans the width', () => {
  assert.equal(line_path([0, 10, 5], 300, 60), 'M0.0 60.0L150.0 0.0L300.0 30.0');
});

test('one value is no line yet, and zeros lie on the ground', () => {
  assert.equal(line_path([3], 300, 60), '');
  assert.equal(line_path([0, 0], 300, 60), 'M0.0 60.0L300.0 60.0');
});
