import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff_s, obeyed_s, retry_after_s, spread_s } from './retry.ts';

const chances = Array.from({ length: 101 }, (_, n) => n / 101);

test('back-off stays between half a second and eight seconds, whatever chance says', () => {
  for (let attempt = 0; attempt < 60; attempt += 1)
    for (const chance of chances) {
      const wait = backoff_s(attempt, () => chance);
      assert.ok(wait >= 0.5 && wait <= 8, `${attempt}: ${wait}`);
    }
});

test('the ceiling doubles with each attempt until it is reached', () => {
  const ceilings = [0, 1, 2, 3, 4, 5].map((attempt) => backoff_s(attempt, () => 1));
  assert.deepEqual(ceilings, [1, 2, 4, 8, 8, 8]);
});

test('who lost a connection together comes back over a second at least', () => {
  for (const [floor, over] of [
    [0.5, 1],
    [1, 0],
  ] as const) {
    const waits = chances.map((chance) => backoff_s(0, () => chance, floor, 30, over));
    assert.ok(Math.max(...waits) - Math.min(...waits) >= 0.98);
  }
});

test('jitter is full: a crowd spreads over the whole range', () => {
  const waits = chances.map((chance) => backoff_s(4, () => chance));
  assert.ok(Math.min(...waits) < 0.6 && Math.max(...waits) > 7.8);
});

test('a regular question is spread by a fifth to either side', () => {
  assert.equal(
    spread_s(10, () => 0),
    8,
  );
  assert.equal(
    spread_s(10, () => 0.5),
    10,
  );
  assert.ok(spread_s(10, () => 0.999) < 12);
});

test('Retry-After is read as seconds or as a date, and nonsense is no answer', () => {
  const now = Date.parse('2026-12-01T20:00:00Z');
  assert.equal(retry_after_s('7', now), 7);
  assert.equal(retry_after_s('Tue, 01 Dec 2026 20:00:30 GMT', now), 30);
  assert.equal(retry_after_s('Tue, 01 Dec 2026 19:00:00 GMT', now), 0);
  assert.equal(retry_after_s('999999', now), 600);
  assert.equal(retry_after_s('soon', now), null);
  assert.equal(retry_after_s('', now), null);
  assert.equal(retry_after_s(null, now), null);
});

test('nobody comes back before Retry-After, and not all in the same moment', () => {
  const waits = chances.map((chance) => obeyed_s(10, () => chance));
  assert.ok(Math.min(...waits) >= 10 && Math.max(...waits) < 14);
  assert.ok(new Set(waits).size > 100);
});
