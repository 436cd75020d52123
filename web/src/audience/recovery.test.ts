import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recovery } from './recovery.ts';

const HALF = () => 0.5;

test('a network attempt is made although the buffer still sounds', () => {
  const recovery = new Recovery();
  assert.equal(recovery.fails('network', 1_000, HALF), 1);
  assert.equal(recovery.heard(1_500, true), false);
  assert.equal(recovery.at_ms, 2_000);
});

test('after the attempt only new sound shows that it helped', () => {
  for (const failure of ['network', 'media', 'stuck'] as const) {
    const recovery = new Recovery();
    recovery.fails(failure, 0, HALF);
    recovery.made();
    assert.equal(recovery.heard(1_000, false), false);
    assert.equal(recovery.heard(2_000, true), true);
    assert.equal(recovery.at_ms, null);
  }
});

test('who was merely stuck is well again with the first sound', () => {
  const recovery = new Recovery();
  recovery.fails('stuck', 0, HALF);
  assert.equal(recovery.heard(200, false), true);
  assert.equal(recovery.at_ms, null);
});

test('being stuck does not put off an attempt that is on its way', () => {
  const recovery = new Recovery();
  recovery.fails('network', 0, HALF);
  assert.equal(recovery.fails('stuck', 100, HALF), null);
  assert.equal(recovery.at_ms, 1_000);
  assert.equal(recovery.attempts, 1);
  recovery.made();
  assert.equal(recovery.fails('stuck', 10_000, HALF), 1.25);
});

test('waits grow while the buffer sounds, and begin anew after ten seconds that went well', () => {
  const recovery = new Recovery();
  let now_ms = 0;
  const waits = [1, 1.25, 2.25, 4.25, 4.25].map((wait_s) => {
    assert.equal(recovery.fails('network', now_ms, HALF), wait_s);
    recovery.made();
    now_ms += 30_000;
    assert.equal(recovery.heard(now_ms, false), false);
    return wait_s;
  });
  assert.equal(recovery.attempts, waits.length);
  assert.equal(recovery.heard(now_ms, true), true);
  recovery.heard(now_ms + 10_000, true);
  assert.equal(recovery.attempts, waits.length);
  recovery.heard(now_ms + 10_001, true);
  assert.equal(recovery.attempts, 0);
});

test('an attempt made at once counts as well', () => {
  const recovery = new Recovery();
  recovery.tried(50_000);
  recovery.heard(51_000, true);
  assert.equal(recovery.attempts, 1);
  assert.equal(recovery.fails('media', 52_000, HALF), 1.25);
});

test('what a server asked for is waited for, and up to two fifths more', () => {
  const recovery = new Recovery();
  assert.ok(Math.abs((recovery.fails('network', 0, HALF, 4) ?? 0) - 4.8) < 1e-9);
  recovery.made();
  assert.equal(recovery.fails('network', 10_000, HALF, 0), 1.25);
});
