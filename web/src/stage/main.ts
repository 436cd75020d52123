// The stage page: a name, a microphone, a place among the others.

import { ask } from '../ground/ask.ts';
import { Refusal } from '../ground/call.ts';
import { ServerClock } from '../ground/clock.ts';
import { recall, remember } from '../ground/memory.ts';
import { sentence } from '../ground/refusals.ts';
import { nearest } from '../ground/words.ts';
import { Floor } from './floor.ts';
import { devices, MicrophoneError } from './microphone.ts';
import { REFUSALS } from './refusals.ts';
import { StageView } from './view.ts';
import { WORDS } from './words.ts';

const page = document.getElementById('page') ?? document.body;
const id = location.pathname.split('/').filter(Boolean)[1] ?? '';
const language = nearest(...navigator.languages);
const t = WORDS[language];
const clock = new ServerClock();
const floor = new Floor({ id, token: location.hash.slice(1) }, hear, redraw);

let trouble: string | null = null;
let been_here = false;
let sound_blocked = false;
let learned = '';
let left = false;

const view = new StageView(page, language, {
  check: () => void attempt(open_microphone),
  join: () => void join(),
  leave: () => {
    left = true;
    floor.leave();
  },
  mute: () => void floor.set_muted(!floor.muted),
  go_live: () => void decide('go-live', t.go_live_ask, t.go_live_detail, t.yes_live),
  end: () => void decide('end', t.end_ask, t.end_detail, t.yes_end),
  treat: () => floor.microphone.track && void attempt(open_microphone),
  output: (device) => void choose_output(device),
  hear: () => void play(),
});

function hear(stream: MediaStream): void {
  view.others.srcObject = stream;
  void play();
}

async function play(): Promise<void> {
  try {
    await view.others.play();
    sound_blocked = false;
  } catch (error) {
    sound_blocked = error instanceof DOMException && error.name === 'NotAllowedError';
  }
  redraw();
}

async function choose_output(device: string): Promise<void> {
  const element = view.others as HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
  await element.setSinkId?.(device).catch(() => undefined);
}

/** Runs it, and says in words what went wrong. */
async function attempt(act: () => Promise<void>): Promise<void> {
  trouble = null;
  try {
    await act();
  } catch (error) {
    trouble = words_of(error);
  }
  redraw();
}

function words_of(error: unknown): string {
  if (error instanceof MicrophoneError) return t.trouble[error.trouble];
  if (error instanceof Refusal) {
    if (error.ours) return sentence(error, REFUSALS[language]);
    if (error.status === 401 || error.status === 403) return t.link_bad;
    return t.network;
  }
  return error instanceof Error ? error.message : String(error);
}

async function open_microphone(): Promise<void> {
  await floor.treat(view.treatment());
  await list_devices();
}

async function list_devices(): Promise<void> {
  view.offer_devices(await devices('audioinput'), await devices('audiooutput'));
}

async function join(): Promise<void> {
  const name = view.name.value.trim();
  if (name === '') {
    trouble = t.name_missing;
    view.name.focus();
    return redraw();
  }
  remember('name', name);
  await attempt(async () => {
    await floor.join(name, view.treatment());
    been_here = true;
    left = false;
    await list_devices();
  });
  if (floor.place === 'joined') document.getElementById('mute')?.focus();
}

async function decide(act: 'go-live' | 'end', question: string, detail: string, yes: string) {
  if (await ask(question, detail, yes, t.no)) await attempt(() => floor.ask(act));
}

/** Words for what stands in the way now, the newest and gravest first. */
function standing_trouble(): string | null {
  if (location.hash.length < 2) return t.link_missing;
  if (floor.place === 'returning') {
    const left_s = floor.retry_at_ms === null ? 0 : (floor.retry_at_ms - Date.now()) / 1000;
    return t.returning(Math.max(0, Math.ceil(left_s)));
  }
  if (trouble) return trouble;
  return floor.refusal ? words_of(floor.refusal) : null;
}

function redraw(): void {
  const { status } = floor;
  if (status && status.now !== learned) {
    learned = status.now;
    clock.learn(status.now, Date.now());
    if (status.you.name && view.name.value === '') view.name.value = status.you.name;
  }
  view.update({
    status,
    place: floor.place,
    been_here,
    muted: floor.muted,
    trouble: standing_trouble(),
    retry_at_ms: floor.retry_at_ms,
    line: floor.line,
    level_dbfs: floor.microphone.level_dbfs(),
    microphone_open: floor.microphone.track !== null,
    sound_blocked,
    server_now_ms: clock.now_ms(Date.now()),
    now_ms: Date.now(),
  });
}

view.name.value = recall('name') ?? '';
navigator.mediaDevices?.addEventListener?.('devicechange', () => void list_devices());
addEventListener('pagehide', () => floor.vanish());
addEventListener('hashchange', () => location.reload());
addEventListener('pageshow', (event) => {
  // Back from the page cache: the session was ended by pagehide.
  if (event.persisted && been_here && !left) void join();
});
addEventListener('beforeunload', (event) => {
  if (floor.place !== 'away' && floor.status?.phase === 'live') event.preventDefault();
});
setInterval(redraw, 100);
if (location.hash.length >= 2) floor.watch();
// Where the microphone was allowed before, its level shows at once.
void navigator.permissions
  ?.query({ name: 'microphone' as PermissionName })
  .then((answer) => (answer.state === 'granted' ? attempt(open_microphone) : undefined))
  .catch(() => undefined);

declare global {
  interface Window {
    rostra: unknown;
  }
}
window.rostra = {
  state: () => floor.status,
  place: () => floor.place,
  pc: () => floor.pc,
  levels: () => ({
    own_dbfs: floor.microphone.level_dbfs(),
    seats: Object.fromEntries((floor.status?.seats ?? []).map((s) => [s.name, s.level_dbfs])),
  }),
  join: (name?: string) => {
    if (name) view.name.value = name;
    return join();
  },
};
