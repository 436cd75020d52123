import assert from 'node:assert/strict';
import { test } from 'node:test';
import { act_words, actor } from './act_words.ts';

const when = (at: string) => at.slice(11, 16);

test('values are said in the language of the page', () => {
  assert.equal(
    act_words({ act: 'cap', detail: 'none → 500' }, 'fr', when),
    'Auditeurs au plus : aucun → 500',
  );
  assert.equal(act_words({ act: 'hold', detail: 'no → yes' }, 'en', when), 'Line held: no → yes');
});

test('a delay shows times of the operator’s own clock', () => {
  const detail = '10 minutes: 2036-12-01T20:00:00Z → 2036-12-01T20:10:00.000Z';
  assert.equal(
    act_words({ act: 'delay', detail }, 'en', when),
    'Start moved: 10 minutes: 20:00 → 20:10',
  );
});

test('an undo names what it took back', () => {
  assert.equal(
    act_words({ act: 'undo', detail: 'hold no → yes' }, 'en', when),
    'Taken back: Line held: no → yes',
  );
});

test('an announcement is left as it was written', () => {
  const detail = 'none of you → yes';
  assert.equal(act_words({ act: 'announce', detail }, 'fr', when), `Annonce : ${detail}`);
});

test('an act that this page does not know is shown as the server wrote it', () => {
  assert.equal(act_words({ act: 'new_thing', detail: '' }, 'fr', when), 'new_thing');
});

test('who did it is said in words', () => {
  assert.equal(actor('operator', 'fr'), 'un opérateur');
  assert.equal(actor('host Ada', 'en'), 'host Ada');
  assert.equal(actor('host', 'en'), 'the host');
});
