// What this browser can play.

import type { Mode } from './deck.ts';

/** MediaSource, or the one that iPhones have; null where the browser must play HLS itself. */
export function media_source(): typeof MediaSource | null {
  const scope = window as unknown as Record<string, typeof MediaSource | undefined>;
  return scope['ManagedMediaSource'] ?? scope['MediaSource'] ?? null;
}

/** The browser's own HLS gets AAC alone: what it says of other codecs in HLS is not to be trusted. */
export function can_play(mode: Mode, codec: string): boolean {
  const type = `audio/mp4; codecs="${codec}"`;
  if (mode === 'native') {
    return codec.startsWith('mp4a') && document.createElement('audio').canPlayType(type) !== '';
  }
  return media_source()?.isTypeSupported(type) ?? false;
}

/** An unseen element that loads nothing by itself. */
export function audio_element(): HTMLAudioElement {
  const audio = document.createElement('audio');
  audio.preload = 'none';
  audio.hidden = true;
  document.body.append(audio);
  return audio;
}
