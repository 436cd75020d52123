import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Refusal } from '../ground/call.ts';
import type { Challenge, TicketReply } from '../ground/contract.ts';
import { Entrance, type Solve, voucher_in } from './entrance.ts';

const CHALLENGE = { parameters: { cost: 1 }, signature: 's' } as Challenge;
const TICKET = { ticket: 't' } as TicketReply;

function refusal(code: string, more: object = {}): Refusal {
  return new Refusal(403, code, code, null, { error: { code }, ...more });
}

const required = refusal('challenge_required', { challenge: CHALLENGE });
const failed = refusal('challenge_failed', { challenge: CHALLENGE });
const waits = refusal('challenge_waits', { voucher: 'v.v.v', wait_s: 20 });

/** A door that answers in this order, and what it was shown. */
function door(...answers: (TicketReply | Refusal)[]) {
  const shown: string[] = [];
  const post = async (text: string) => {
    shown.push(text);
    const answer = answers[shown.length - 1];
    if (answer === undefined) throw new Error('asked too often');
    if (answer instanceof Refusal) throw answer;
    return answer;
  };
  return { shown, post };
}

const quick: Solve = async () => 'solution';
const nothing = () => undefined;
const able = () => true;

test('in peace a ticket is just asked for', async () => {
  const { shown, post } = door(TICKET);
  assert.equal(await new Entrance(post, nothing, able, quick).ticket(''), TICKET);
  assert.deepEqual(shown, ['']);
});

test('a challenge is computed, and the page says so while it is', async () => {
  const { shown, post } = door(required, TICKET);
  const states: boolean[] = [];
  const entrance = new Entrance(post, () => states.push(entrance.computing), able, quick);
  assert.equal(await entrance.ticket(''), TICKET);
  assert.deepEqual(shown, ['', 'solution']);
  assert.deepEqual(states, [true, false]);
});

test('where nothing can be computed the page waits by itself', async () => {
  const { shown, post } = door(required, waits);
  const entrance = new Entrance(post, nothing, () => false, quick);
  await assert.rejects(entrance.ticket(''), waits);
  assert.deepEqual(shown, ['', 'wait']);
});

test('a solver that breaks, or gives up, or fails twice leads to waiting', async () => {
  const breaks: Solve = async () => {
    throw new Error('no workers here');
  };
  const gives_up: Solve = async () => null;
  for (const solve of [breaks, gives_up]) {
    const { shown, post } = door(required, waits);
    await assert.rejects(new Entrance(post, nothing, able, solve).ticket(''), waits);
    assert.deepEqual(shown, ['', 'wait']);
  }
  const { shown, post } = door(required, failed, failed, waits);
  await assert.rejects(new Entrance(post, nothing, able, quick).ticket(''), waits);
  assert.deepEqual(shown, ['', 'solution', 'solution', 'wait']);
});

test('who would rather wait stops the computing, and is not computed for again', async () => {
  const { shown, post } = door(required, waits, required, waits);
  const until_aborted: Solve = (_, signal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));
  const entrance: Entrance = new Entrance(
    post,
    () => entrance.computing && setTimeout(() => entrance.rather_wait()),
    able,
    until_aborted,
  );
  for (let time = 0; time < 2; time += 1) await assert.rejects(entrance.ticket(''), waits);
  assert.deepEqual(shown, ['', 'wait', '', 'wait']);
});

test('who has not computed it after fifteen seconds waits instead', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { shown, post } = door(required, waits);
  const slow: Solve = (_, signal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));
  const entrance: Entrance = new Entrance(
    post,
    () => {
      if (!entrance.computing) return;
      mock.timers.tick(14_999);
      assert.ok(entrance.computing);
      queueMicrotask(() => mock.timers.tick(1));
    },
    able,
    slow,
  );
  await assert.rejects(entrance.ticket(''), waits);
  assert.deepEqual(shown, ['', 'wait']);
  mock.timers.reset();
});

test('a voucher is shown when its time has come, and any other refusal goes on', async () => {
  const busy = refusal('no_such_thing');
  const { shown, post } = door(TICKET, busy);
  const entrance = new Entrance(post, nothing, able, quick);
  assert.equal(await entrance.ticket('v.v.v'), TICKET);
  await assert.rejects(entrance.ticket(''), busy);
  assert.deepEqual(shown, ['v.v.v', '']);
});

test('a voucher that nobody could read is none', () => {
  assert.deepEqual(voucher_in(waits), { voucher: 'v.v.v', wait_s: 20 });
  assert.equal(voucher_in(required), null);
  assert.equal(voucher_in(refusal('challenge_waits', { voucher: 7 })), null);
  assert.equal(voucher_in(refusal('challenge_waits', { voucher: 'v', wait_s: 1e9 }))?.wait_s, 300);
});
