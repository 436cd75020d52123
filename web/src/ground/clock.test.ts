import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock_text, local_time, remaining, ServerClock } from './clock.ts';

test('what is left is rounded up, so that zero is shown when the time has come and not before', () => {
  assert.deepEqual(remaining(90_061_000, 0), { days: 1, hours: 1, minutes: 1, seconds: 1 });
  assert.deepEqual(remaining(1, 0), { days: 0, hours: 0, minutes: 0, seconds: 1 });
  assert.deepEqual(remaining(0, 5_000), { days: 0, hours: 0, minutes: 0, seconds: 0 });
});

test('a duration is written as people write it', () => {
  assert.equal(clock_text(3), '0:03');
  assert.equal(clock_text(123.9), '2:03');
  assert.equal(clock_text(3_723), '1:02:03');
  assert.equal(clock_text(-5), '0:00');
});

test('the server clock believes the freshest answer, since caches only make answers older', () => {
  const clock = new ServerClock();
  assert.equal(clock.now_ms(1_000), 1_000);
  const sent = Date.parse('2026-12-01T20:00:00Z');
  clock.learn('2026-12-01T20:00:00Z', sent - 60_000 + 900);
  clock.learn('2026-12-01T20:00:00Z', sent - 60_000 + 30);
  clock.learn('2026-12-01T20:00:00Z', sent - 60_000 + 4_000);
  assert.equal(clock.offset_ms, 59_970);
  clock.learn('no time at all', sent);
  assert.equal(clock.offset_ms, 59_970);
});

test('a step of the clock is believed once the old samples are gone', () => {
  const clock = new ServerClock();
  clock.learn('2026-12-01T20:00:00Z', 0);
  for (let n = 0; n < 20; n += 1)
    clock.learn('2026-12-01T20:00:00Z', Date.parse('2026-12-01T20:00:00Z'));
  assert.equal(clock.offset_ms, 0);
});

test('local time names the zone in the language of the page', () => {
  const at = '2026-12-01T20:00:00Z';
  assert.match(local_time(at, 'en', 'Europe/Paris'), /Tuesday.*9:00.*GMT\+1/);
  assert.match(local_time(at, 'fr', 'Europe/Paris'), /mardi 1 décembre 2026.*21:00/);
});
