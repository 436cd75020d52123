import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { cohort, fraction } from './draw.ts';

test('everyone before the doors opened is one cohort, then each ten seconds make one', () => {
  assert.deepEqual(
    [0, 99, 100, 109, 110, 1_100].map((arrived) => cohort(arrived, 100, 10)),
    [0, 0, 1, 1, 2, 101],
  );
});

test('the fraction is the first four bytes of SHA-256 over label, seed and id', async () => {
  const seed = createHash('sha256').update('any seed').digest('hex');
  const hash = createHash('sha256').update('rostra rank\0').update(seed, 'hex').update('ticket');
  assert.equal(await fraction(seed, 'ticket'), hash.digest().readUInt32BE(0));
});
