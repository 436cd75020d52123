import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shield_act_words } from './shield_act_words.ts';
import type { ShieldPoint } from './shield_contract.ts';
import {
  act_count,
  main_reason,
  reason_words,
  met_share,
  shield_series,
} from './shield_readings.ts';
import { kernel_words } from './shield_kernel_words.ts';
import { SHIELD_WORDS } from './shield_words.ts';

const point = (spent: number, explained: number, refused: Record<string, number> = {}) =>
  ({
    at: '2036-12-01T20:00:00Z',
    pressure: 2,
    spent,
    explained,
    refused,
    sources: 1_204,
    busy: 0.7,
  }) satisfies ShieldPoint;

test('what listeners explain is never more than what was asked', () => {
  const lines = shield_series('incoming', [point(400, 1_000), point(31_000, 400)]);
  assert.deepEqual(
    lines.map((line) => [line.key, line.values]),
    [
      ['explained', [400, 400]],
      ['unexplained', [0, 30_600]],
    ],
  );
});

test('all that nobody explains is slowed or refused at most', () => {
  const refused = { source_spent: 600, source_banned: 370 };
  assert.equal(met_share({ unexplained: 1_000, refused, acts: {} }), 0.97);
  assert.equal(met_share({ unexplained: 1_000, refused, acts: { slowed: 10 } }), 0.98);
  assert.equal(met_share({ unexplained: 10, refused, acts: {} }), 1);
  assert.equal(met_share({ unexplained: 10, refused: {}, acts: {} }), 0);
});

test('refusals are drawn by reason, the rare ones as one line', () => {
  const rare = Object.fromEntries([...'abcdefg'].map((key, n) => [key, 10 - n]));
  const lines = shield_series('refused', [point(0, 0, rare)]);
  assert.equal(lines.length, 6);
  assert.deepEqual(lines.at(-1), { key: 'others', values: [9] });
});

test('a reason that is not known is shown as its code', () => {
  const words = SHIELD_WORDS.en;
  assert.equal(reason_words('decoy', words), 'followed a link that no person sees');
  assert.equal(reason_words('would_dropped', words), 'connection dropped (would be)');
  assert.equal(reason_words('quite_new', words), 'quite_new');
  assert.equal(reason_words('others', words), 'other reasons');
});

test('the reason that counts most is named first', () => {
  assert.equal(main_reason({ garbage: 3, source_spent: 40 }), 'source_spent');
  assert.equal(main_reason({}), '');
});

test('in a dry run it counts what would have been done', () => {
  assert.equal(act_count({ would_slowed: 12 }, 'slowed'), 12);
  assert.equal(act_count({ slowed: 3 }, 'slowed'), 3);
  assert.equal(act_count({}, 'slowed'), 0);
});

test('what the kernel does is said in French where it is known, and as it is where not', () => {
  const notes: readonly (readonly [string, RegExp])[] = [
    ['kernel bans are on: table inet rostra_01', /^Le noyau coupe/],
    ['kernel bans are not asked for yet', /pas encore sollicité/],
    [
      'kernel bans are off: nft is not installed (Debian: nftables); edges drop in-process instead',
      /nft n’est pas installé.*Les diffuseurs coupent eux-mêmes\.$/,
    ],
    [
      'kernel bans are off: this process has no CAP_NET_ADMIN; edges drop in-process instead',
      /n’a pas CAP_NET_ADMIN.*eux-mêmes\.$/,
    ],
    ['kernel bans falter: x; edges drop in-process meanwhile', /n’obéit pas.*eux-mêmes\.$/],
    ['quite new', /^Quite new\.$/],
  ];
  for (const [note, says] of notes) assert.match(kernel_words(note, 'fr'), says);
  assert.equal(kernel_words('quite new', 'en'), 'Quite new.');
  assert.equal(kernel_words('', 'fr'), '');
});

test('a line of the log says what became of what, in words', () => {
  const room = { acts: { undo: 'Taken back' }, colon: ': ' };
  const words = (act: string, detail: string) =>
    shield_act_words({ act, detail }, SHIELD_WORDS.en, room);
  assert.equal(words('mode', 'auto → attack'), 'Who decides: Rostra decides → under attack');
  assert.equal(words('deny', '203.0.113.0/24'), 'Kept out: 203.0.113.0/24');
  assert.equal(words('clear', ''), 'All bans lifted');
  assert.equal(words('undo', 'dry_run no → yes'), 'Taken back: Dry run: no → yes');
  assert.equal(words('lift', 'a network'), 'Ban lifted: a network (its address is not kept)');
});
