// What the servers say to the pages (docs/reference/contract.md), as types.

export type Phase = 'scheduled' | 'doors_open' | 'live' | 'ended' | 'posted' | 'cancelled';
export type Role = 'host' | 'co-host' | 'speaker';

/** RFC 3339, UTC. */
export type Timestamp = string;

export interface Announcement {
  number: number;
  at: Timestamp;
  text: string;
}

export interface Speaker {
  id: string;
  name: string;
  role: Role;
  speaking: boolean;
  muted: boolean;
}

export interface Playlist {
  rung: number;
  rendition: string;
  codec: string;
  bandwidth: number;
  url: string;
}

/** People who wait in the cohorts from `first` to `last`. */
export type LinePiece = readonly [first: number, last: number, waiting: number];

/** How the line stands (docs/decisions/0008-door.md). */
export interface DoorState {
  admission: 'open' | 'passes';
  commitment: string | null;
  secret: string | null;
  seed: string | null;
  opened_at: Timestamp | null;
  cohort_s: number;
  /** −1: nobody yet. */
  admitted_rank: number;
  /** Joins per second. */
  pace: number;
  full: boolean;
  waiting: number;
  line: LinePiece[];
  beat_s: number;
  /** How often a page that waits should ask for the state. */
  poll_s: number;
}

/** `POST /e/ID/ticket`. */
export interface TicketReply {
  ticket: string;
  id: string;
  arrived: Timestamp;
  lane: string | null;
  cohort: number | null;
  rank: number | null;
  admitted: boolean;
  beat_s: number;
  kept_until: Timestamp;
}

/** The proof of work that may stand before a new ticket: ALTCHA's challenge, version 2. */
export interface Challenge {
  parameters: {
    algorithm: string;
    cost: number;
    data: Readonly<Record<string, string | number>>;
    keyLength: number;
    keyPrefix: string;
    nonce: string;
    salt: string;
  };
  signature: string;
}

/** `POST /e/ID/pass`. */
export interface PassReply {
  pass: string;
  expires_s: number;
  renew_s: number;
  proof: 'nonce' | null;
}

/** How many there are; `low` and `high` bound `listening` with 95 %. */
export interface AudienceCount {
  connected: number;
  listening?: number;
  low?: number;
  high?: number;
  waiting?: number;
  definition?: string;
}

/** `/e/ID/state.json`: all that an audience page needs to know. */
export interface EventState {
  v: number;
  id: string;
  phase: Phase;
  title: string;
  description: string;
  language: string;
  start: Timestamp;
  first_start: Timestamp | null;
  duration_min: number;
  now: Timestamp;
  live_at: Timestamp | null;
  ended_at: Timestamp | null;
  speakers: Speaker[];
  people: string[];
  announcements: Announcement[];
  rung: number;
  rung_since?: Timestamp;
  rung_reason?: string;
  door?: DoorState | null;
  audience: AudienceCount;
  replay_due?: Timestamp | null;
  poll_s: number;
  links: {
    page: string;
    calendar: string;
    replay: string | null;
    rewind: Playlist[];
    playlists: Playlist[];
  };
}

export interface Seat extends Speaker {
  connected: boolean;
  level_dbfs: number;
}

/** `GET /api/stage/ID`, polled by the stage page. */
export interface StageStatus {
  phase: Phase;
  title: string;
  language: string;
  start: Timestamp;
  now: Timestamp;
  live_at: Timestamp | null;
  ended_at: Timestamp | null;
  you: { role: Role; name: string | null };
  seats: Seat[];
  audience: { connected: number };
  listener_page: string;
  session: 'known' | 'gone' | null;
}

/** An event as the control port gives it. */
export interface EventRecord {
  id: string;
  title: string;
  description: string;
  language: string;
  start: Timestamp;
  first_start: Timestamp | null;
  duration_min: number;
  phase: Phase;
  live_at: Timestamp | null;
  ended_at: Timestamp | null;
  replay_s: number | null;
  people: string[];
  announcements: Announcement[];
  host_link: string;
  speaker_link: string;
  listener_link: string;
}

export interface LiveEvent extends EventRecord {
  seats: Seat[];
  audience: { connected: number };
}

export interface ProcessHealth {
  name: string;
  up: boolean;
  restarts: number;
  last_seen_s: number | null;
}

export interface StageHealth {
  seats: number;
  late_ticks: number;
  cpu_fraction: number;
  loop_lag_ms: number;
  frames_concealed: number;
  packets_lost: number;
}

export interface PackagerHealth {
  behind_ms: number;
  silence_s: number;
  cpu_fraction: number;
  events: number;
}

export interface EdgeHealth {
  edge: string;
  connections: number;
  held: number;
  requests_s: Record<string, number>;
  refusals_s: Record<string, number>;
  egress_bit_s: number;
  busy_fraction: number;
  loop_lag_ms: number;
}

/** `GET /api/status`: all that the operator page shows each second. */
export interface ControlStatus {
  now: Timestamp;
  version: string;
  uptime_s: number;
  processes: ProcessHealth[];
  stage: StageHealth | null;
  packager: PackagerHealth | null;
  edges: EdgeHealth[];
  events: LiveEvent[];
}

export interface Recording {
  name: string;
  kind: 'programme' | 'stem';
  body_bytes: number;
  finished: boolean;
  url: string;
}
