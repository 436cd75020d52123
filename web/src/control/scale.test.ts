import assert from 'node:assert/strict';
import { test } from 'node:test';
import { band_path, type Frame, line_path, nearest_index, round_top, runs, thin } from './scale.ts';

const FRAME: Frame = { width: 300, height: 60, from_ms: 0, to_ms: 300, top: 10 };

test('the top of a scale is the next of 1, 2, 5 and 10', () => {
  assert.deepEqual(
    [0, 1, 1.1, 3, 5, 5.1, 99, 12_400].map((n) => round_top(n)),
    [1, 1, 2, 5, 5, 10, 100, 20_000],
  );
});

test('the top never falls below the least that is asked for', () => {
  assert.equal(round_top(0.004, 0.01), 0.01);
  assert.equal(round_top(0, 0.1), 0.1);
});

test('the top is never below the largest value', () => {
  for (let n = 1; n < 2_000_000; n = Math.ceil(n * 1.07)) assert.ok(round_top(n) >= n, String(n));
});

test('thinning keeps the one peak and the one pit among thousands', () => {
  const times = Array.from({ length: 5_000 }, (_, n) => n);
  const values = times.map((n) => (n === 1_234 ? 90 : n === 4_321 ? 1 : 50));
  const kept = thin(times, values, 40, 0, 5_000);
  assert.ok(kept.length <= 160);
  assert.ok(kept.includes(1_234) && kept.includes(4_321));
  assert.deepEqual(
    kept,
    [...new Set(kept)].sort((a, b) => a - b),
  );
  assert.equal(kept.at(-1), 4_999);
});

test('thinning leaves few values as they are', () => {
  assert.deepEqual(thin([0, 100, 200], [1, 2, 3], 40, 0, 300), [0, 1, 2]);
  assert.deepEqual(thin([], [], 40, 0, 300), []);
});

test('a line is cut where nothing was known', () => {
  const times = [0, 10, 200, 210];
  const values = [0, 10, 5, 5];
  const stretches = runs([0, 1, 2, 3], times, 50);
  assert.deepEqual(stretches, [
    [0, 1],
    [2, 3],
  ]);
  assert.equal(
    line_path(stretches, times, values, FRAME),
    'M0.0 60.0L10.0 0.0M200.0 30.0L210.0 30.0',
  );
});

test('a line without a bend is not cut, however few of its values are drawn', () => {
  const times = Array.from({ length: 900 }, (_, n) => n);
  const level = times.map(() => 7);
  assert.equal(runs(thin(times, level, 80, 0, 900), times, 10).length, 1);
  times.splice(300, 100);
  assert.equal(runs(thin(times, level.slice(100), 80, 0, 900), times, 10).length, 2);
});

test('one value alone is a dot', () => {
  assert.equal(line_path([[0]], [150], [5], FRAME), 'M150.0 30.0L150.0 30.0');
});

test('a band goes over the upper bound and back under the lower one', () => {
  assert.equal(
    band_path([[0, 1]], [0, 300], [4, 4], [6, 6], FRAME),
    'M0.0 24.0L300.0 24.0L300.0 36.0L0.0 36.0Z',
  );
});

test('the nearest value is found on either side and at the ends', () => {
  const times = [100, 200, 300];
  assert.deepEqual(
    [0, 149, 151, 240, 260, 999].map((at) => nearest_index(times, at)),
    [0, 0, 1, 1, 2, 2],
  );
  assert.equal(nearest_index([], 5), -1);
});
