import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stood_still_ms } from './gap.ts';

test('silence is the time in which the audio clock did not move', () => {
  assert.equal(stood_still_ms(1_000, 1, 1), 0);
  assert.equal(stood_still_ms(1_000, 0.75, 1), 250);
  assert.equal(stood_still_ms(1_000, 1.5, 2), 250);
  assert.equal(stood_still_ms(1_000, 1.2, 1), 0);
});
