// The audience page: state in, sound and sight out.

import type { Refusal } from '../ground/call.ts';
import { ServerClock } from '../ground/clock.ts';
import type { EventState } from '../ground/contract.ts';
import { Feed } from '../ground/feed.ts';
import { recall, remember } from '../ground/memory.ts';
import { type Language, names, nearest } from '../ground/words.ts';
import { Bell } from './bell.ts';
import { Door } from './door.ts';
import { DOOR_WORDS } from './door_words.ts';
import type { Offer, Snapshot } from './offer.ts';
import { Player } from './player.ts';
import { is_older } from './order.ts';
import { SpeakerHistory } from './timeline.ts';
import type { Comfort } from './transport.ts';
import { View } from './view.ts';

interface ForTests {
  state(): EventState | null;
  player(): Snapshot;
  door(): {
    ticket_id: string | null;
    rank: number | null;
    admitted: boolean;
    pass: boolean;
    before: number | null;
    minutes: number | null;
    check: string | null;
  };
}

const page = document.getElementById('page') ?? document.body;
const address = location.pathname.replace(/\/+$/, '');
const clock = new ServerClock();
const history = new SpeakerHistory();
const server_now = () => clock.now_ms(Date.now());

let state: EventState | null = embedded();
let language: Language = nearest(recall('language'), state?.language, ...navigator.languages);
let failures = 0;
let refusal: Refusal | null = null;
let drawing = 0;
let view: View | null = null;
let tended: string | null = null;

const comfort: Comfort = {
  volume: Number(recall('volume') ?? '1'),
  muted: false,
  economy: recall('economy') === 'yes',
  rate: 1,
};
const native = new URLSearchParams(location.search).get('player') === 'native';
const player = new Player(native, crypto.randomUUID?.() ?? random_id(), server_now, {
  changed: redraw,
  nonce: (nonce) => door.heard(nonce),
  refused: () => door.doubt(),
});
const bell = new Bell();
const door = new Door(address.split('/').at(-1) ?? '', address, place_in_link(), at_door);
player.set_volume(comfort.volume, comfort.muted);
player.set_economy(comfort.economy);

const acts = {
  arm: () => {
    player.arm();
    bell.arm();
  },
  tell: () => void bell.ask().then(redraw),
  rather_wait: () => door.rather_wait(),
  toggle: () => {
    const snapshot = player.snapshot();
    if (replay_ready() && snapshot.kind === null) player.play_replay(resume_s());
    else if (snapshot.wanted && !snapshot.blocked && snapshot.kind !== null) player.pause();
    else player.play();
  },
  nudge: (seconds: number) => player.nudge(seconds),
  seek_behind: (seconds: number) => player.seek_behind(seconds),
  seek_to: (seconds: number) => player.seek_to(seconds),
  jump: () => player.jump_to_live(),
  volume: (volume: number, muted: boolean) => {
    Object.assign(comfort, { volume, muted });
    remember('volume', String(volume));
    player.set_volume(volume, muted);
    redraw();
  },
  economy: (on: boolean) => {
    comfort.economy = on;
    remember('economy', on ? 'yes' : 'no');
    player.set_economy(on);
    redraw();
  },
  rate: (rate: number) => {
    comfort.rate = rate;
    player.set_rate(rate);
    redraw();
  },
  switch_language: () => {
    language = language === 'en' ? 'fr' : 'en';
    remember('language', language);
    build();
    document.getElementById('language')?.focus();
  },
};

/** The state that the edge wrote into the page: all but its `now`, which is as old as the page. */
function embedded(): EventState | null {
  try {
    return JSON.parse(document.getElementById('rostra-state')?.textContent ?? '') as EventState;
  } catch {
    return null;
  }
}

/** `#place=TOKEN`: a place that was given out beforehand. It leaves the address bar at once. */
function place_in_link(): string | null {
  const found = /^#place=([\w.~-]+)$/.exec(location.hash)?.[1] ?? null;
  if (found) window.history.replaceState(null, '', location.pathname + location.search);
  return found;
}

function random_id(): string {
  // Plain HTTP beyond localhost has no randomUUID.
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

function replay_ready(): boolean {
  const over = state?.phase === 'ended' || state?.phase === 'posted';
  return over && state?.links.replay !== null && (state?.links.playlists.length ?? 0) > 0;
}

function resume_s(): number {
  return Number(recall(`at.${state?.id}`) ?? '0');
}

function offer(): Offer | null {
  if (!state) return null;
  const { playlists, rewind } = state.links;
  const from_ms = Date.parse(state.live_at ?? state.start);
  if (state.phase === 'live') {
    if (!door.may_play()) return null;
    const on = state.rung < 5; // beyond, the stage is recorded and nothing is sent
    return {
      kind: 'live',
      playlists: on ? playlists : [],
      rewind: on ? rewind : [],
      rung: state.rung,
      from_ms,
    };
  }
  if (state.phase !== 'ended' && state.phase !== 'posted') return null;
  // Until the replay is there `playlists` may still be the live ones, which nobody should begin.
  return {
    kind: 'replay',
    playlists: replay_ready() ? playlists : [],
    rewind: [],
    rung: 2,
    from_ms,
  };
}

function learn(answer: EventState): void {
  if (state && is_older(answer, state)) return;
  state = answer;
  history.learn(answer.now, answer.speakers);
  door.learn(answer);
}

/** Something changed at the door, or may have. */
let rung_for_turn = false;
function at_door(): void {
  if (!state) return;
  follow();
  redraw();
  const { turn } = door.sight();
  if (turn && !rung_for_turn) {
    draw(); // a page that nobody sees is given no frame to draw in
    bell.ring(state.title, DOOR_WORDS[language].turn_note, language);
  }
  rung_for_turn = turn;
}

function follow(): void {
  if (state?.phase === 'live' && tended !== 'live') player.expect();
  tended = state?.phase ?? null;
  player.follow(offer());
  prepare_engine();
  update_media_session();
}

/** hls.js is fetched before the start, each page at its own moment. */
let engine_planned = false;
function prepare_engine(): void {
  if (engine_planned || !state || player.mode === 'native') return;
  const soon = Date.parse(state.start) - server_now() < 30 * 60_000;
  if (!soon || (state.phase !== 'scheduled' && state.phase !== 'doors_open')) return;
  engine_planned = true;
  const fetch_engine = () => void import('hls.js/light').catch(() => undefined);
  setTimeout(fetch_engine, 1_000 + Math.random() * 20_000);
}

function update_media_session(): void {
  if (!('mediaSession' in navigator) || !state) return;
  const people = state.people.length > 0 ? state.people : state.speakers.map((s) => s.name);
  if (navigator.mediaSession.metadata?.title === state.title) return;
  navigator.mediaSession.metadata = new MediaMetadata({
    title: state.title,
    artist: names(people, language),
    album: 'Rostra',
  });
  const on = (action: MediaSessionAction, act: (d: MediaSessionActionDetails) => void) => {
    try {
      navigator.mediaSession.setActionHandler(action, act);
    } catch {
      // Not every browser knows every action.
    }
  };
  on('play', () => player.play());
  on('pause', () => player.pause());
  on('stop', () => player.pause());
  on('seekbackward', (d) => player.nudge(-(d.seekOffset ?? 30)));
  on('seekforward', (d) => player.nudge(d.seekOffset ?? 30));
  on('seekto', (d) => {
    if (player.snapshot().kind === 'replay' && d.seekTime !== undefined) player.seek_to(d.seekTime);
  });
}

function build(): void {
  view = new View(page, language, acts);
  draw();
}

function redraw(): void {
  if (drawing === 0) drawing = requestAnimationFrame(draw);
}

function draw(): void {
  cancelAnimationFrame(drawing);
  drawing = 0;
  if (!state || !view) return;
  const snapshot = player.snapshot();
  const live_ms = state.live_at ? Date.parse(state.live_at) : null;
  view.update({
    state,
    snapshot,
    comfort,
    heard: history.at(player.date_ms()),
    replay: snapshot.kind === 'replay' || (snapshot.kind === null && replay_ready()),
    replay_s: null,
    window_s: player.window_s(),
    on_air_s: live_ms === null ? null : (server_now() - live_ms) / 1000,
    resume_s: snapshot.kind === null && replay_ready() ? resume_s() : 0,
    now_ms: Date.now(),
    server_now_ms: server_now(),
    stale: failures >= 4,
    refusal,
    door: door.sight(),
    notes: bell.notes,
  });
}

function on_key(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const typing = target.closest('input:not([type=checkbox]), textarea, select');
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const key = event.key.toLowerCase();
  if (key === ' ' && target.closest('button, a, summary, label, input')) return;
  const live = player.snapshot().kind !== null || state?.phase === 'live' || replay_ready();
  if (!live) return;
  const table: Record<string, () => void> = {
    ' ': acts.toggle,
    k: acts.toggle,
    j: () => acts.nudge(-30),
    l: () => acts.nudge(30),
    m: () => acts.volume(comfort.volume || 0.5, !comfort.muted),
    end: () => state?.phase === 'live' && acts.jump(),
  };
  const act = table[key];
  if (!act) return;
  event.preventDefault();
  act();
}

function remember_place(): void {
  const snapshot = player.snapshot();
  if (snapshot.kind !== 'replay' || !state) return;
  const near_end = (snapshot.duration_s ?? Number.POSITIVE_INFINITY) - snapshot.currentTime < 10;
  remember(`at.${state.id}`, String(near_end ? 0 : Math.floor(snapshot.currentTime)));
}

const feed = new Feed<EventState>({
  url: `${address}/state.json`,
  interval_s: (answer) => {
    const { standing } = door.sight();
    // Who stands in line waits for their turn, at the pace that the line can bear.
    if (answer?.door && standing !== 'free' && standing !== 'early' && standing !== 'inside')
      return answer.door.poll_s;
    let poll_s = answer?.poll_s ?? 5;
    // Nobody should be in the middle of a long pause when it begins.
    const left_s = answer ? (Date.parse(answer.start) - server_now()) / 1000 : 0;
    if (left_s > 0) poll_s = Math.min(poll_s, Math.max(2, left_s + 1));
    // A hidden page that waits for nothing needs the news for rung changes only.
    const waits = state?.phase === 'doors_open' || player.snapshot().armed;
    return document.hidden && !waits ? Math.max(poll_s, 6) : poll_s;
  },
  on_answer: (answer, received_ms) => {
    failures = 0;
    clock.learn(answer.now, received_ms);
    learn(answer);
  },
  on_trouble: (attempt, _wait_s, said) => {
    failures = attempt;
    refusal = said;
    redraw();
  },
});

build();
feed.start();
setInterval(draw, 500);
setInterval(remember_place, 5_000);
addEventListener('keydown', on_key);
addEventListener('pagehide', () => {
  remember_place();
  door.leave();
});
addEventListener('pageshow', (event) => {
  if (event.persisted) door.come_back();
});
addEventListener('hashchange', () => {
  const place = place_in_link();
  if (place) door.take_place(place);
});
for (const sign of ['pointerdown', 'keydown']) addEventListener(sign, () => door.seen());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  door.seen();
  feed.plan(Math.random() * 0.5);
});

declare global {
  interface Window {
    rostra: unknown;
  }
}
const for_tests: ForTests = {
  state: () => state,
  player: () => player.snapshot(),
  door: () => {
    const { ticket_id, rank, before, minutes, pass, standing, check } = door.sight();
    const admitted = pass || standing === 'called';
    return {
      ticket_id,
      rank,
      admitted,
      pass,
      before: before && Math.round(before.people),
      minutes,
      check,
    };
  },
};
window.rostra = for_tests;
