// The proof of listening: a nonce that travels in the sound as timed ID3 (docs/decisions/0008-door.md).

const NAME = 'rostra.nonce';
const text = new TextDecoder();

/** 28 bits in four bytes of seven (ID3v2.4 6.2). */
function syncsafe(bytes: Uint8Array, at: number): number {
  return [0, 1, 2, 3].reduce((sum, n) => (sum << 7) | ((bytes[at + n] ?? 0) & 0x7f), 0);
}

/** The nonce in an ID3v2.4 tag (the frame TXXX "rostra.nonce", UTF-8), or null. */
export function nonce_in(tag: Uint8Array): string | null {
  if (text.decode(tag.subarray(0, 3)) !== 'ID3') return null;
  const end = Math.min(tag.length, 10 + syncsafe(tag, 6));
  for (let at = 10; at + 10 < end;) {
    const length = syncsafe(tag, at + 4);
    if (length < 1) return null;
    if (text.decode(tag.subarray(at, at + 4)) === 'TXXX') {
      const body = tag.subarray(at + 11, Math.min(end, at + 10 + length));
      const [name, value] = text.decode(body).split('\0');
      if (name === NAME && value) return value;
    }
    at += 10 + length;
  }
  return null;
}

/** The nonces that a browser's own HLS shows in a track of metadata (WebKit's DataCue), as they come. */
export function watch_cues(audio: HTMLAudioElement, heard: (nonce: string) => void): void {
  const read = (track: TextTrack) => {
    for (const cue of track.activeCues ?? []) {
      const { value } = cue as TextTrackCue & { value?: { info?: unknown; data?: unknown } };
      if (value?.info === NAME && typeof value.data === 'string') heard(value.data);
    }
  };
  audio.textTracks?.addEventListener('addtrack', ({ track }) => {
    if (!track || track.kind !== 'metadata') return;
    track.mode = 'hidden';
    track.addEventListener('cuechange', () => read(track));
  });
}
