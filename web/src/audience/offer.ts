// What the page tells the player, and what the player tells the page.

import type { Playlist } from '../ground/contract.ts';
import type { Kind, Mode } from './deck.ts';

/** What there is to hear now, from state.json. */
export interface Offer {
  kind: 'live' | 'replay';
  playlists: Playlist[];
  rewind: Playlist[];
  rung: number;
  /** First moment that can be heard, Unix ms. */
  from_ms: number;
}

export interface Snapshot {
  mode: Mode;
  kind: Kind | null;
  playing: boolean;
  wanted: boolean;
  blocked: boolean;
  armed: boolean;
  finished: boolean;
  /** Unix ms of the next attempt, while something is wrong. */
  retry_at_ms: number | null;
  latency_s: number | null;
  behind: boolean;
  currentTime: number;
  duration_s: number | null;
  stalls: number;
  metadata: number;
  rendition: string | null;
  rung: number | null;
  /** Of the last change of rung or rendition, see gap.ts. */
  gap_ms: number | null;
  overlap_ms: number | null;
}

export interface PlayerListener {
  changed(): void;
  /** A nonce came with the sound. */
  nonce(nonce: string): void;
  /** Media were refused: perhaps the pass no longer holds. */
  refused(): void;
}
