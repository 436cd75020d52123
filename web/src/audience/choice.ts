// Which playlist a listener plays.

import type { Playlist } from '../ground/contract.ts';

export interface Wish {
  rung: number;
  economy: boolean;
  /** Renditions that failed to decode on this device. */
  refused: ReadonlySet<string>;
  can_play: (codec: string) => boolean;
}

const BEST = ['opus', 'aac', 'eco'];
const SAVING = ['eco', 'opus', 'aac'];

/**
 * The playlist of the wanted rung (or the nearest one that is offered, rather higher than lower) in
 * the best codec that the browser plays; null where nothing fits.
 */
export function choose(playlists: readonly Playlist[], wish: Wish): Playlist | null {
  const playable = playlists.filter((p) => wish.can_play(p.codec));
  const trusted = playable.filter((p) => !wish.refused.has(p.rendition));
  const order = wish.economy ? SAVING : BEST;
  const place = (rendition: string) => {
    const found = order.indexOf(rendition);
    return found < 0 ? order.length : found;
  };
  const far = (p: Playlist) =>
    Math.abs(p.rung - wish.rung) + (p.rung < wish.rung && wish.rung <= 3 ? 0.5 : 0);
  const candidates = trusted.length > 0 ? trusted : playable;
  return (
    [...candidates].sort(
      (a, b) =>
        far(a) - far(b) || place(a.rendition) - place(b.rendition) || a.bandwidth - b.bandwidth,
    )[0] ?? null
  );
}
