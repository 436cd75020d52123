import assert from 'node:assert/strict';
import test from 'node:test';
import type { HouseReading } from './contract.ts';
import { drawn, joined, type Told, whole, would_be_void } from './rehearsal_readings.ts';

const told = (at_ms: number, playing: number): Told => ({
  at_ms,
  progress: { playing, stalled_share: 0.002, join_p99_s: 1.5, generator_cpu: 0.4 },
});

const reading = (at: string, ...busy: number[]): HouseReading => ({
  at,
  edges: busy.map((part, n) => ({
    edge: `edge-${n}`,
    cpu: part,
    busy: part,
    loop_lag_p99_ms: 10 * part,
    connections: 1,
    requests_s: 1,
    egress_bit_s: 1,
  })),
  rung: 0,
  inside: 0,
  waiting: 0,
});

test('the worst edge is drawn, and nothing where no edge told', () => {
  const seen = drawn(
    'busy',
    [],
    [reading('2036-12-01T20:00:00Z', 0.2, 0.7), reading('2036-12-01T20:00:01Z')],
  );
  assert.deepEqual(seen.values, [0.7, 0]);
  assert.equal((seen.times[1] ?? 0) - (seen.times[0] ?? 0), 1000);
  assert.deepEqual(drawn('lag', [], [reading('2036-12-01T20:00:00Z', 0.2, 0.5)]).values, [5]);
});

test('what the conductor said is drawn at the time it was said', () => {
  const seen = drawn('playing', [told(1000, 3), told(2000, 5)], []);
  assert.deepEqual(seen, { times: [1000, 2000], values: [3, 5] });
});

test('only what is new is joined, and what is old is let go', () => {
  const numbers = (n: number) => n;
  assert.deepEqual(joined([1, 2, 3], [2, 3, 4], numbers, 2), [2, 3, 4]);
  assert.deepEqual(joined([], [], numbers, 2), []);
  assert.deepEqual(joined([], [7], numbers, 2), [7]);
});

test('a generator that is too busy or too late would make a step void', () => {
  assert.equal(would_be_void({ generator_cpu: 0.85, generator_late_ms: 250 }), false);
  assert.equal(would_be_void({ generator_cpu: 0.86, generator_late_ms: 0 }), true);
  assert.equal(would_be_void({ generator_cpu: 0, generator_late_ms: 251 }), true);
});

test('a conductor that has said nothing yet is at the beginning', () => {
  assert.equal(whole(null).phase, 'begin');
  assert.equal(whole({ rung: 2 }).rung, 2);
});
