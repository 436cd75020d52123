import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventState, Phase } from '../ground/contract.ts';
import { is_older } from './order.ts';

const answer = (phase: Phase, now: string, replay: string | null = null) =>
  ({ phase, now, links: { replay } }) as unknown as EventState;

test('an edge that is a second behind cannot take the replay away', () => {
  const known = answer('posted', '2026-12-01T21:00:00Z', '/e/x/replay/index.m3u8');
  assert.ok(is_older(answer('live', '2026-12-01T21:00:01Z'), known));
  assert.ok(is_older(answer('ended', '2026-12-01T21:00:01Z'), known));
  assert.ok(is_older(answer('posted', '2026-12-01T21:00:01Z'), known));
});

test('what is newer is learnt, also where a page was embedded with a later clock', () => {
  const known = answer('live', '2026-12-01T21:00:05Z');
  assert.ok(!is_older(answer('ended', '2026-12-01T21:00:04Z'), known));
  assert.ok(!is_older(answer('live', '2026-12-01T21:00:06Z'), known));
  assert.ok(is_older(answer('live', '2026-12-01T21:00:04Z'), known));
});
