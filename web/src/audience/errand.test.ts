import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoorState, EventState } from '../ground/contract.ts';
import {
  good_voucher,
  haste_s,
  is_turn,
  type Kept,
  next_errand,
  NOTHING,
  read_kept,
} from './errand.ts';

const NOW = 1_000_000;
const C = 2 ** 32;

function state(phase: string, door: Partial<DoorState> = {}): EventState {
  return { phase, door: { admission: 'passes', admitted_rank: -1, ...door } } as EventState;
}

function kept(rank: number | null, more: Partial<Kept> = {}): Kept {
  const ticket = {
    ticket: 't',
    id: 'i',
    lane: null,
    arrived_ms: NOW - 60_000,
    rank,
    admitted: false,
    until_ms: NOW + 9_000_000,
    beat_ms: NOW + 30_000,
  };
  return { ...NOTHING, ticket, ...more };
}

const pass = { pass: 'p', renew_ms: NOW + 60_000, expires_ms: NOW + 120_000 };

test('a ticket is taken at once, before the doors open too, and never when it is over', () => {
  for (const phase of ['scheduled', 'doors_open', 'live'])
    assert.deepEqual(next_errand(NOTHING, state(phase), NOW), { act: 'ticket', at_ms: 0 });
  for (const phase of ['ended', 'posted', 'cancelled'])
    assert.equal(next_errand(NOTHING, state(phase), NOW), null);
  assert.equal(next_errand(NOTHING, { phase: 'live' } as EventState, NOW), null);
});

test('who waits beats, and asks for nothing else', () => {
  const found = next_errand(kept(5 * C), state('live', { admitted_rank: 4 * C }), NOW);
  assert.deepEqual(found, { act: 'ticket', at_ms: NOW + 30_000 });
});

test('the turn comes with the admitted rank, but not before the doors open', () => {
  const open = { admitted_rank: 5 * C };
  assert.equal(next_errand(kept(5 * C), state('doors_open', open), NOW)?.act, 'pass');
  assert.equal(next_errand(kept(5 * C + 1), state('doors_open', open), NOW)?.act, 'ticket');
  assert.equal(is_turn(kept(5 * C), state('scheduled', open)), false);
  assert.equal(is_turn(kept(null), state('live', open)), false);
});

test('with an open door every ticket has its turn', () => {
  assert.equal(next_errand(kept(null), state('live', { admission: 'open' }), NOW)?.act, 'pass');
});

test('a pass is renewed in time; one that ran out sends back to the ticket', () => {
  const inside = kept(C, { pass });
  const door = { admitted_rank: C };
  assert.deepEqual(next_errand(inside, state('live', door), NOW), {
    act: 'renew',
    at_ms: NOW + 60_000,
  });
  assert.equal(next_errand(inside, state('live', door), NOW + 120_001)?.act, 'pass');
});

test('whatever is due, nothing is asked before the door allows it', () => {
  const hold_ms = NOW + 7_000;
  for (const found of [
    next_errand({ ...NOTHING, hold_ms }, state('live'), NOW),
    next_errand(kept(C, { hold_ms }), state('live', { admitted_rank: C }), NOW),
    next_errand(kept(C, { hold_ms, pass: { ...pass, renew_ms: 0 } }), state('live'), NOW),
  ])
    assert.equal(found?.at_ms, hold_ms);
});

test('a ticket that no longer holds is taken anew', () => {
  const old = kept(C);
  assert.deepEqual(next_errand(old, state('live', { admitted_rank: C }), NOW + 9_000_001), {
    act: 'ticket',
    at_ms: 0,
  });
});

test('what somebody else wrote into the storage is not taken for a ticket', () => {
  for (const text of [null, '', 'null', '7', '[]', '{', '{"ticket": 1}'])
    assert.equal(read_kept(text), null);
  const good = kept(C, { pass });
  assert.deepEqual(read_kept(JSON.stringify(good)), good);
});

test('a voucher is shown as long as it holds', () => {
  const voucher = { voucher: 'v', wait_s: 20, until_ms: NOW + 1 };
  assert.equal(good_voucher({ ...NOTHING, voucher }, NOW), voucher);
  assert.equal(good_voucher({ ...NOTHING, voucher }, NOW + 1), null);
  assert.equal(good_voucher(NOTHING, NOW), null);
});

test('what an older page kept knows nothing of vouchers', () => {
  const { voucher, ...older } = kept(C);
  assert.equal(voucher, null);
  assert.equal(read_kept(JSON.stringify(older))?.voucher, null);
});

test('when the doors open a small crowd says at once that it is there, a large one over a beat', () => {
  const crowd = (connected: number, waiting: number) =>
    haste_s({ door: { beat_s: 30, waiting }, audience: { connected } } as EventState);
  assert.equal(crowd(4, 0), 1);
  assert.equal(crowd(4, 20_000), 10);
  assert.equal(crowd(500_000, 0), 30);
  assert.equal(crowd(0, 0), 30);
});
