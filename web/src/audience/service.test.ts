import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventState } from '../ground/contract.ts';
import { DOOR_WORDS } from './door_words.ts';
import { service } from './service.ts';

const NOW = Date.parse('2026-12-01T20:10:00Z');
const t = DOOR_WORDS.en;

function at(rung: number, rung_reason: string, since_s = 5): EventState {
  const rung_since = new Date(NOW - since_s * 1000).toISOString();
  return { phase: 'live', rung, rung_reason, rung_since } as EventState;
}

test('each rung below the best says why, what it means and what comes', () => {
  const said = service(at(1, 'rung_demand'), t, '', NOW);
  assert.equal(said, `Many people are listening. ${t.effect[1]} ${t.comes}`);
  assert.ok(service(at(3, 'rung_loop_lag'), t, '', NOW).includes('economy quality'));
  assert.equal(service(at(2, 'rung_not_known_yet'), t, '', NOW), `${t.effect[2]} ${t.comes}`);
});

test('the best rung is worth a word only when things have just become better', () => {
  assert.equal(service(at(0, 'rung_best'), t, '', NOW), '');
  assert.equal(service(at(0, 'rung_recovered'), t, '', NOW), `${t.calm} ${t.effect[0]}`);
  assert.equal(service(at(0, 'rung_recovered', 90), t, '', NOW), '');
});

test('a full house and a live that failed promise the recording', () => {
  const promise = t.replay_by('22:15');
  assert.equal(service(at(4, 'rung_house_full'), t, promise, NOW), `${t.inside_full} ${promise}`);
  const failed = service(at(5, 'rung_live_failed'), t, promise, NOW);
  assert.equal(failed, `The live sound has failed. ${t.recorded} ${promise}`);
  assert.equal(
    service(at(5, 'rung_operator'), t, promise, NOW),
    `${t.live_off} ${t.recorded} ${promise}`,
  );
});

test('nothing is said of rungs before and after the live part', () => {
  assert.equal(service({ ...at(2, 'rung_demand'), phase: 'ended' }, t, '', NOW), '');
});
