import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinePiece } from '../ground/contract.ts';
import { arrived_ms, line_rows, place_of } from './cohorts.ts';

const COHORT = 2 ** 32;

test('few pieces stay as they are, and empty ones are left out', () => {
  assert.deepEqual(
    line_rows(
      [
        [0, 0, 800],
        [1, 1, 0],
        [2, 3, 50],
      ],
      12,
    ),
    [
      { first: 0, last: 0, waiting: 800 },
      { first: 2, last: 3, waiting: 50 },
    ],
  );
});

test('many pieces become few rows, nobody is lost, and cohort 0 stays alone', () => {
  const pieces: LinePiece[] = [[0, 0, 9_000]];
  for (let n = 1; n < 64; n += 1) pieces.push([n * 3, n * 3 + 2, n]);
  const rows = line_rows(pieces, 12);
  assert.ok(rows.length <= 12);
  assert.deepEqual(rows[0], { first: 0, last: 0, waiting: 9_000 });
  const total = rows.reduce((sum, row) => sum + row.waiting, 0);
  assert.equal(total, 9_000 + (63 * 64) / 2);
  for (const [n, row] of rows.entries()) assert.ok(n === 0 || row.first > (rows[n - 1]?.last ?? 0));
});

test('a line without anybody has no rows', () => {
  assert.deepEqual(line_rows([], 12), []);
});

test('a rank is a cohort and a share of it', () => {
  assert.equal(place_of(-1), null);
  assert.deepEqual(place_of(0), { cohort: 0, share: 0 });
  const half = place_of(7 * COHORT + COHORT / 2);
  assert.equal(half?.cohort, 7);
  assert.ok(Math.abs((half?.share ?? 0) - 0.5) < 1e-6);
  assert.equal(place_of(8 * COHORT - 1)?.share, 1);
});

test('a cohort is ten seconds of arrival after the doors opened', () => {
  assert.equal(arrived_ms(0, 0, 5_000), null);
  assert.deepEqual(arrived_ms(1, 1, 5_000), { from_ms: 5_000, to_ms: 15_000 });
  assert.deepEqual(arrived_ms(4, 6, 0), { from_ms: 30_000, to_ms: 60_000 });
});
