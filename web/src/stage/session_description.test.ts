import assert from 'node:assert/strict';
import { test } from 'node:test';
import { for_speech } from './session_description.ts';

const offer = [
  'v=0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;stereo=1;useinbandfec=0',
  'a=rtpmap:63 red/48000/2',
  'a=fmtp:63 111/111',
  '',
].join('\r\n');

test('Opus is offered as mono speech with in-band error correction', () => {
  assert.match(for_speech(offer), /a=fmtp:111 minptime=10;useinbandfec=1\r\n/);
});

test('every other line stays as the browser wrote it', () => {
  const before = offer.split('\r\n').filter((line) => !line.startsWith('a=fmtp:111'));
  const after = for_speech(offer)
    .split('\r\n')
    .filter((line) => !line.startsWith('a=fmtp:111'));
  assert.deepEqual(after, before);
});

test('doing it twice changes nothing more', () => {
  assert.equal(for_speech(for_speech(offer)), for_speech(offer));
});
