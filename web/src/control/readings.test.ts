import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoorPoint } from './contract.ts';
import { by_key, each_minute, looks, OTHERS, series_of, sum } from './readings.ts';

const point = (seconds: number, more: Partial<DoorPoint> = {}): DoorPoint => ({
  at: new Date(Date.UTC(2036, 11, 1, 20, 0, seconds)).toISOString(),
  waiting: seconds,
  inside: 3,
  listening: 100,
  admitted: -1,
  rung: 0,
  pace: 1,
  requests_s: {},
  refusals_s: {},
  busy: 0.1,
  loop_lag_ms: 2,
  egress_bit_s: 8,
  ...more,
});

test('classes that come and go are lines of the same length', () => {
  assert.deepEqual(by_key([{ media: 5 }, { media: 6, page: 1 }, {}]), [
    { key: 'media', values: [5, 6, 0] },
    { key: 'page', values: [0, 1, 0] },
  ]);
});

test('beyond six classes the smallest are summed, and nothing is lost', () => {
  const row = { a: 1, b: 20, c: 30, d: 40, e: 50, f: 60, g: 2 };
  const lines = by_key([row]);
  assert.deepEqual(
    lines.map((line) => line.key),
    ['b', 'c', 'd', 'e', 'f', OTHERS],
  );
  assert.equal(lines.at(-1)?.values[0], 3);
  assert.equal(sum(Object.fromEntries(lines.map((l) => [l.key, l.values[0] as number]))), sum(row));
});

test('a class keeps its look while others come and go', () => {
  const first = looks(new Map(), ['media', 'page', 'state']);
  const second = looks(first, ['asset', 'media', 'state']);
  assert.equal(second.get('media'), first.get('media'));
  assert.equal(second.get('state'), first.get('state'));
  assert.equal(second.get('asset'), first.get('page'));
  assert.equal(new Set(second.values()).size, 3);
});

test('the bounds of an exact count are the count', () => {
  const [line] = series_of('listening', [point(0), point(1, { low: 90, high: 110 })]);
  assert.deepEqual(line?.low, [100, 90]);
  assert.deepEqual(line?.high, [100, 110]);
});

test('the table has the last point of each minute, the newest first', () => {
  const rows = each_minute([point(0), point(58), point(61), point(125)]);
  assert.deepEqual(
    rows.map((row) => row.waiting),
    [125, 61, 58],
  );
});
