import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal, refusal_of } from './call.ts';
import { sentence } from './refusals.ts';

test('a known code speaks the page’s language, an unknown one the server’s', () => {
  const catalogue = { full: 'C’est plein.' };
  assert.equal(sentence(new Refusal(503, 'full', 'It is full.'), catalogue), 'C’est plein.');
  assert.equal(
    sentence(new Refusal(503, 'new_code', 'Something new.'), catalogue),
    'Something new.',
  );
  assert.equal(sentence(new Refusal(400, 'constructor', 'Odd.'), catalogue), 'Odd.');
});

test('a refusal of ours keeps its code and sentence', async () => {
  const body = JSON.stringify({ error: { code: 'full', message: 'It is full.' } });
  const refusal = await refusal_of(new Response(body, { status: 503 }));
  assert.deepEqual(
    [refusal.status, refusal.code, refusal.message, refusal.ours],
    [503, 'full', 'It is full.', true],
  );
});

test('an error page of something in between is known as such', async () => {
  for (const body of ['<h1>Bad gateway</h1>', 'null', '"no"', '{}', '{"error": "no"}']) {
    const refusal = await refusal_of(
      new Response(body, { status: 502, statusText: 'Bad Gateway' }),
    );
    assert.deepEqual(
      [refusal.status, refusal.code, refusal.message, refusal.ours],
      [502, 'http_502', 'Bad Gateway', false],
    );
  }
  assert.equal(new Refusal(0, 'network', 'no answer').ours, false);
});
