// What the control port says of the shield (src/rostra/control/shield_desk_io.py), as types.

import type { Timestamp } from '../ground/contract.ts';
import type { Done } from './contract.ts';

export type Mode = 'auto' | 'attack' | 'off';
export type List = 'allow' | 'deny';

/** One second of all edges. `spent`, `explained`: units of cost without a ticket or pass. */
export interface ShieldPoint {
  at: Timestamp;
  pressure: number;
  spent: number;
  explained: number;
  /** By reason. */
  refused: Record<string, number>;
  sources: number;
  /** Of the busiest edge. */
  busy: number;
}

/** One suspected source. */
export interface ShieldSource {
  source: string;
  /** What it did lately, by reason; half of it is forgotten each 30 s. */
  points: Record<string, number>;
  /** Units lately, likewise, and the share of them that its listeners explain. */
  demand: number;
  explained: number;
  /** Whose ticket or pass holds. */
  listeners: number;
  connections: number;
  /** The step of its ban, '' for none. */
  step: string;
  /** Why it is not banned, or not further; '' where nothing holds. */
  held: string;
}

export interface ShieldBan {
  source: string;
  step: string;
  reason: string;
  since: Timestamp;
  until: Timestamp;
}

/** Bans and suspects of one /24 or /48. */
export interface Neighbourhood {
  neighbourhood: string;
  bans: number;
  suspects: number;
}

/** `GET /api/shield?since=SECONDS`: the last second, and the seconds after `since`. */
export interface ShieldView {
  now: Timestamp;
  mode: Mode;
  dry_run: boolean;
  failed: boolean;
  /** 0 peace, 1 watch, 2 attack, 3 siege. */
  pressure: number;
  /** A code, and its sentence. */
  why: string;
  says: string;
  since: Timestamp | null;
  /** When it began, as far as can be told. */
  onset: Timestamp | null;
  difficulty: number;
  spent: number;
  explained: number;
  unexplained: number;
  refused: Record<string, number>;
  /** What was done; with `would_` before it where it was not (dry run). */
  acts: Record<string, number>;
  sources: number;
  listeners: number;
  busy: number;
  /** What is to be said of drops in the kernel. */
  kernel: string;
  /** Packets, since control started. */
  kernel_drops: number;
  worst: readonly ShieldSource[];
  neighbourhoods: readonly Neighbourhood[];
  /** The newest; `bans_all` counts them all. */
  bans: readonly ShieldBan[];
  bans_all: number;
  allow: readonly string[];
  deny: readonly string[];
  log: readonly Done[];
  history: readonly ShieldPoint[];
}

/** `POST /api/shield`: only what is to change. */
export interface ShieldChange {
  mode?: Mode;
  dry_run?: boolean;
}
