import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Speaker } from '../ground/contract.ts';
import { date_at, SpeakerHistory, time_at } from './timeline.ts';

const start = Date.parse('2026-12-01T20:00:00Z');
const stretches = [0, 1, 2].map((n) => ({
  start: 100 + n * 4,
  duration: 4,
  // A pause of a minute between the second and the third, as after a restart.
  programDateTime: start + n * 4_000 + (n === 2 ? 60_000 : 0),
}));

test('media time and wall time are inverse to each other, also after a gap', () => {
  for (const time of [100, 101.5, 107.9, 108, 111.9]) {
    const date = date_at(stretches, time);
    assert.ok(date !== null);
    assert.ok(Math.abs((time_at(stretches, date) ?? 0) - time) < 1e-6);
  }
});

test('a moment outside the window is not there', () => {
  assert.equal(time_at(stretches, start - 1), null);
  assert.equal(time_at(stretches, start + 1e9), null);
  assert.equal(time_at([], start), null);
  assert.equal(date_at([], 3), null);
});

test('parts after the last whole segment are dated from it', () => {
  assert.equal(date_at(stretches, 113), start + 68_000 + 5_000);
});

test('a name lights up when its voice arrives, not when it is spoken', () => {
  const history = new SpeakerHistory();
  const ada = (speaking: boolean): Speaker[] => [
    { id: 'a', name: 'Ada', role: 'host', speaking, muted: false },
  ];
  history.learn('2026-12-01T20:00:00Z', ada(false));
  history.learn('2026-12-01T20:00:02Z', ada(true));
  assert.equal(history.at(start + 1_000)[0]?.speaking, false);
  assert.equal(history.at(start + 2_500)[0]?.speaking, true);
  assert.equal(history.at(null)[0]?.speaking, true);
});
