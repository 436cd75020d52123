import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, names, nearest, regional } from './words.ts';

test('the first tag that the pages speak decides, English where none does', () => {
  assert.equal(nearest('de-AT', 'fr-CA', 'en'), 'fr');
  assert.equal(nearest(null, undefined, 'xx'), 'en');
});

test('the region for dates is the viewer’s own where the language agrees', () => {
  assert.equal(regional('en', ['fr-FR', 'en-GB']), 'en-GB');
  assert.equal(regional('fr', ['en-GB']), 'fr');
});

test('numbers and names follow the grammar of the language', () => {
  assert.equal(count(0, 'fr', ['auditeur', 'auditeurs']), '0 auditeur');
  assert.equal(count(0, 'en', ['listener', 'listeners']), '0 listeners');
  assert.equal(count(1204, 'en', ['listener', 'listeners']), '1,204 listeners');
  assert.equal(names(['Ada', 'Grace'], 'fr'), 'Ada et Grace');
});
