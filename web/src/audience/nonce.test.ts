import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nonce_in } from './nonce.ts';

const utf8 = new TextEncoder();

function frame(kind: string, body: Uint8Array): number[] {
  return [...utf8.encode(kind), 0, 0, body.length >> 7, body.length & 0x7f, 0, 0, ...body];
}

function tag(...frames: number[][]): Uint8Array {
  const body = frames.flat();
  const head = [...utf8.encode('ID3'), 4, 0, 0, 0, 0, body.length >> 7, body.length & 0x7f];
  return Uint8Array.from([...head, ...body]);
}

const txxx = (name: string, value: string) => frame('TXXX', utf8.encode(`\x03${name}\0${value}\0`));

test('the nonce is read from its TXXX frame, wherever it stands in the tag', () => {
  assert.equal(nonce_in(tag(txxx('rostra.nonce', 'n0nce'))), 'n0nce');
  const long = txxx('other', 'x'.repeat(300));
  assert.equal(nonce_in(tag(long, txxx('rostra.nonce', 'second'))), 'second');
});

test('the tag that the packager writes is read (src/rostra/packaging/boxes.py, id3_text)', () => {
  const written =
    '494433040000000000215458585800000017000003726f737472612e6e6f6e6365005a6b332d5f39615100';
  assert.equal(nonce_in(Uint8Array.from(Buffer.from(written, 'hex'))), 'Zk3-_9aQ');
});

test('other frames, other bytes and tags that are cut off hold no nonce', () => {
  assert.equal(nonce_in(tag(txxx('other', 'value'))), null);
  assert.equal(nonce_in(tag(frame('TIT2', utf8.encode('\x03rostra.nonce\0no\0')))), null);
  assert.equal(nonce_in(utf8.encode('not a tag at all')), null);
  const whole = tag(txxx('rostra.nonce', 'n0nce'));
  for (let cut = 0; cut < 24; cut += 1) assert.equal(nonce_in(whole.subarray(0, cut)), null);
});
