// What the control port says of a door (docs/reference/contract.md), as types.

import type { ControlStatus, LinePiece, Timestamp } from '../ground/contract.ts';

/** One second of the door; requests, refusals, lag and bits are those of all edges together. */
export interface DoorPoint {
  at: Timestamp;
  waiting: number;
  inside: number;
  listening: number;
  /** Bounds of `listening` with 95 %, where the count is an estimate. */
  low?: number;
  high?: number;
  /** −1: nobody yet. */
  admitted: number;
  rung: number;
  pace: number;
  requests_s: Record<string, number>;
  refusals_s: Record<string, number>;
  busy: number;
  loop_lag_ms: number;
  egress_bit_s: number;
}

export interface DoorAudience {
  connected: number;
  listening: number;
  low: number;
  high: number;
  proven: number;
  fetched: number;
  inside: number;
  waiting: number;
  peak: number;
  total_net: number;
  total_gross: number;
}

export interface Capacity {
  /** By rung, 0 to 3. */
  listeners: readonly number[];
  joins_s: number;
  source: string;
}

export interface LaneState {
  name: string;
  places: number;
  inside: number;
}

/** `GET /api/events/ID/door`. */
export interface DoorView {
  admitted_rank: number;
  pace: number;
  rung: number;
  reason: string;
  rung_since: Timestamp | null;
  opened_at: Timestamp | null;
  full: boolean;
  waiting: number;
  cap: number | null;
  hold: boolean;
  open_all: boolean;
  rung_forced: number | null;
  capacity: Capacity;
  line: readonly LinePiece[];
  audience: DoorAudience;
  lanes: readonly LaneState[];
  replay_due: Timestamp | null;
  history: readonly DoorPoint[];
}

/** `POST /api/events/ID/door`: only what is to change. */
export interface DoorChange {
  cap?: number | null;
  hold?: boolean;
  open_all?: boolean;
  rung?: number | null;
}

/** `POST /api/events/ID/lanes`; the links are in this answer and never again. */
export interface NewLane {
  name: string;
  places: number;
  links: readonly string[];
}

/** One line of the operator's log. */
export interface Done {
  number: number;
  at: Timestamp;
  act: string;
  by: string;
  detail: string;
  undoable: boolean;
}

/** One step of a growing crowd (src/rostra/rehearsal/findings.py). */
export interface RehearsalStep {
  rung: number;
  listeners: number;
  carried: boolean;
  /** Why it was not carried, or ''. */
  reason: string;
  /** Why it says nothing about the house, or ''. */
  void: string;
  stalled_share: number;
  join_p99_s: number;
  joined: number;
  edges_cpu: number;
  generator_cpu: number;
}

/** What the conductor of a rehearsal says each second. */
export interface RehearsalProgress {
  phase: string;
  says: string;
  rung: number;
  step_listeners: number;
  here: number;
  playing: number;
  stalled_share: number;
  join_p99_s: number;
  generator_cpu: number;
  generator_late_ms: number;
  elapsed_s: number;
  left_s: number;
  steps: readonly RehearsalStep[];
}

/** The rehearsal that runs now, as `/api/status` has it. */
export interface Rehearsal {
  run: string;
  event_id: string;
  until: Timestamp;
  progress: Partial<RehearsalProgress> | null;
}

export interface EdgeReading {
  edge: string;
  cpu: number;
  busy: number;
  loop_lag_p99_ms: number;
  connections: number;
  requests_s: number;
  egress_bit_s: number;
}

/** One second of the house in `GET /api/rehearsals/RUN`. */
export interface HouseReading {
  at: Timestamp;
  edges: readonly EdgeReading[];
  rung: number;
  inside: number;
  waiting: number;
}

export interface RehearsalView {
  withdrawn: boolean;
  readings: readonly HouseReading[];
}

/** What of a certificate the control room shows. */
export interface Certificate {
  number: string;
  issued: Timestamp;
  findings: {
    void: string;
    rungs: readonly { rung: number; carried: number; knee: number | null; allowed: number }[];
  };
}

/** `GET /api/certificate`. */
export interface CertificateView {
  certificate: Certificate | null;
  holds: boolean;
  why_not: string;
}

/** `GET /api/status`, with what only the operator page knows of it. */
export interface RoomStatus extends ControlStatus {
  rehearsal?: Rehearsal | null;
}
