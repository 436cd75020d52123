import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Playlist } from '../ground/contract.ts';
import { choose, type Wish } from './choice.ts';

const CODEC: Record<string, string> = { aac: 'mp4a.40.2', opus: 'opus', eco: 'mp4a.40.2' };
const offer = (rungs: number[], renditions: string[]): Playlist[] =>
  rungs.flatMap((rung) =>
    renditions.map((rendition) => ({
      rung,
      rendition,
      codec: CODEC[rendition] ?? '',
      bandwidth: rendition === 'aac' ? 72_000 : 36_000,
      url: `${rung}/${rendition}`,
    })),
  );
const all = offer([0, 1, 2, 3], ['aac', 'opus', 'eco']);
const wish = (more: Partial<Wish>): Wish => ({
  rung: 0,
  economy: false,
  refused: new Set(),
  can_play: () => true,
  ...more,
});
const chosen = (list: Playlist[], more: Partial<Wish>) => choose(list, wish(more))?.url ?? null;

test('Opus where the browser plays it, AAC where it does not', () => {
  assert.equal(chosen(all, {}), '0/opus');
  assert.equal(chosen(all, { can_play: (codec) => codec.startsWith('mp4a') }), '0/aac');
});

test('a listener who saves data gets the economy rendition', () => {
  assert.equal(chosen(all, { economy: true, rung: 1 }), '1/eco');
});

test('a rendition that failed here is not tried again while another is left', () => {
  assert.equal(chosen(all, { refused: new Set(['opus']) }), '0/aac');
  assert.equal(chosen(offer([0], ['opus']), { refused: new Set(['opus']) }), '0/opus');
});

test('the rung of the state is followed, and the nearest higher one where it is not offered', () => {
  assert.equal(chosen(all, { rung: 3 }), '3/opus');
  assert.equal(chosen(offer([0, 2], ['aac']), { rung: 1 }), '2/aac');
  assert.equal(chosen(offer([3], ['eco']), { rung: 0 }), '3/eco');
});

test('when the house is full, those inside keep rung 3', () => {
  assert.equal(chosen(all, { rung: 4 }), '3/opus');
});

test('nothing that plays is no choice', () => {
  assert.equal(chosen(all, { can_play: () => false }), null);
  assert.equal(chosen([], {}), null);
});
