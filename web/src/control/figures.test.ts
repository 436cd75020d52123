import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Figures } from './figures.ts';

const english = new Figures('en-GB', 'UTC');

test('bits have the unit that keeps the number short', () => {
  assert.equal(english.bits(0), '0\u00a0bit/s');
  assert.equal(english.bits(999), '999\u00a0bit/s');
  assert.equal(english.bits(82_000_000), '82\u00a0Mbit/s');
  assert.equal(english.bits(4_250_000_000), '4.3\u00a0Gbit/s');
});

test('an exact count shows no bounds, an estimate does', () => {
  assert.equal(english.estimate(12, 12, 12), '12');
  assert.equal(english.estimate(812_000, 806_000, 818_000), '812,000 (806,000 – 818,000)');
});

test('figures follow the language', () => {
  const french = new Figures('fr', 'Europe/Paris');
  assert.equal(french.count(12_400), '12\u202f400');
  assert.match(french.percent(0.5), /^50\s%$/);
  assert.equal(french.time(0), '01:00:00');
});

test('small rates keep a digit, large ones do not', () => {
  assert.equal(english.rate(1.26), '1.3');
  assert.equal(english.rate(126.4), '126');
});
