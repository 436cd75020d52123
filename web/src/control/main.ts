// The operator page: announces events and keeps an eye on what is on air.

import { call, call_json, Refusal } from '../ground/call.ts';
import { local_time, ServerClock } from '../ground/clock.ts';
import type { EventRecord, LiveEvent, Recording } from '../ground/contract.ts';
import { h, mark, refill, say, show } from '../ground/element.ts';
import { masthead } from '../ground/frame.ts';
import { forget, recall, remember } from '../ground/memory.ts';
import { nearest, regional } from '../ground/words.ts';
import { CertificateCard } from './certificate.ts';
import { create_form, type NewEvent } from './create.ts';
import { Health } from './health.ts';
import type {
  CertificateView,
  Done,
  DoorView,
  NewLane,
  RehearsalView,
  RoomStatus,
} from './contract.ts';
import { OnAir } from './on_air.ts';
import { RehearsalRoom } from './rehearsal.ts';
import { Room } from './room.ts';
import { ShieldRoom } from './shield.ts';
import type { ShieldView } from './shield_contract.ts';
import { Watch } from './watch.ts';
import { WORDS } from './words.ts';

const page = document.getElementById('page') ?? document.body;
const language = nearest(...navigator.languages);
const t = WORDS[language];
const clock = new ServerClock();
const trouble = h('p', { class: 'notice', role: 'alert', hidden: true });
const list = h('ul', { class: 'event-list' });
const chosen_place = h('div', { class: 'stack' });
const health = new Health(language);
const certificate = new CertificateCard(language);
const rehearsal = new RehearsalRoom(language, {
  readings: (run, since_s) => api<RehearsalView>(`/rehearsals/${run}?since=${since_s}`),
  withdraw: (run) => api(`/rehearsals/${run}/withdraw`, 'POST', {}),
});

const shield = new ShieldRoom(language, {
  view: (since_s) => api<ShieldView>(`/shield?since=${since_s}`),
  change: (change) => api<ShieldView>('/shield', 'POST', change),
  list: (which, prefix) => api<ShieldView>(`/shield/${which}`, 'POST', { prefix }),
  forget: (which, prefix) => api<ShieldView>(`/shield/${which}`, 'DELETE', { prefix }),
  lift: (source) => api<ShieldView>('/shield/lift', 'POST', { source }),
  clear: () => api<ShieldView>('/shield/clear', 'POST', {}),
  undo: (number) => api<ShieldView>(`/shield/acts/${number}/undo`, 'POST', {}),
});

let key = take_key();
let events: EventRecord[] = [];
let chosen: OnAir | null = null;
let room: Room | null = null;
let status: RoomStatus | null = null;
let events_ms = 0;
let certificate_ms = -Infinity;

/** The key from the address, which is then cleaned: an address is easily shown to others. */
function take_key(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get('key');
  if (given) {
    remember('key', given, 'session');
    window.history.replaceState(null, '', location.pathname + location.search);
    return given;
  }
  return recall('key', 'session') ?? '';
}

const api = <T>(path: string, method = 'GET', body?: unknown) =>
  call_json<T>(`/api${path}`, key, method, body);

async function create(event: NewEvent): Promise<EventRecord> {
  const made = await api<EventRecord>('/events', 'POST', event);
  await load_events();
  choose(made.id);
  return made;
}

async function load_events(): Promise<void> {
  events_ms = Date.now();
  events = await api<EventRecord[]>('/events');
  draw_list();
}

async function after(act: Promise<unknown>): Promise<void> {
  await act;
  room?.acted();
  // What was done is done, whether or not the list can be read anew just now.
  await refresh().catch(() => undefined);
}

async function refresh(): Promise<void> {
  await load_events();
  draw_chosen();
}

async function load_certificate(): Promise<void> {
  certificate_ms = Date.now();
  // Nothing of an evening hangs on it: where it does not come, the next time will do.
  const view = await api<CertificateView>('/certificate').catch(() => null);
  if (view) certificate.update(view);
}

function choose(id: string): void {
  const event = events.find((e) => e.id === id);
  if (!event) return;
  room?.stop();
  const base = `/events/${id}`;
  const opened = new Room(
    language,
    {
      door: () => api<DoorView>(`${base}/door`),
      change: (change) => api<DoorView>(`${base}/door`, 'POST', change),
      lane: (name, places) => api<NewLane>(`${base}/lanes`, 'POST', { name, places }),
      log: () => api<Done[]>(`${base}/acts`),
      undo: (number) => api<Done[]>(`${base}/acts/${number}/undo`, 'POST', {}),
    },
    () => void refresh().catch(() => undefined),
  );
  room = opened;
  chosen = new OnAir(event, language, {
    crowd: () => opened.crowd(),
    act: (which, act) => after(api(`/events/${which}/${act}`, 'POST', {})),
    announce: (which, text) => after(api(`/events/${which}/announcements`, 'POST', { text })),
    move: (which, start) => after(api(`/events/${which}`, 'PATCH', { start })),
    delay: (which, minutes) => after(api(`/events/${which}/delay`, 'POST', { minutes })),
    invite: async (which, name, role) => {
      const made = await api<{ link: string }>(`/events/${which}/invitations`, 'POST', {
        name,
        role,
      });
      return made.link;
    },
    recordings: (which) => api<Recording[]>(`/events/${which}/recordings`),
    download,
  });
  chosen_place.replaceChildren(chosen.element, room.element, chosen.more);
  draw_list();
  draw_chosen();
  room.start();
}

/** With the key in a header, which a plain link cannot carry. */
async function download(recording: Recording): Promise<void> {
  const response = await call(recording.url, key, { signal: AbortSignal.timeout(3_600_000) });
  const address = URL.createObjectURL(await response.blob());
  h('a', { href: address, download: recording.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function draw_list(): void {
  const order = [...events].sort((a, b) => rank(a) - rank(b) || nearness(a) - nearness(b));
  const shape = order.map((e) => [e.id, e.title, e.start, e.phase, e.id === chosen?.id]);
  refill(list, JSON.stringify(shape), () => {
    if (order.length === 0) return [h('li', { class: 'quiet' }, t.no_events)];
    return order.map((event) => {
      const phase = h('span', { class: 'phase' }, t.phase[event.phase]);
      mark(phase, 'data-live', event.phase === 'live');
      const button = h(
        'button',
        { type: 'button', 'data-id': event.id, 'aria-pressed': String(event.id === chosen?.id) },
        h('strong', {}, event.title),
        h('small', {}, local_time(event.start, regional(language, navigator.languages))),
        phase,
      );
      button.addEventListener('click', () => {
        choose(event.id);
        list.querySelector<HTMLElement>(`[data-id="${event.id}"]`)?.focus();
      });
      return h('li', {}, button);
    });
  });
}

/** On air first, then what is to come, then what is over. */
function rank(event: EventRecord): number {
  if (event.phase === 'live') return 0;
  return event.phase === 'scheduled' || event.phase === 'doors_open' ? 1 : 2;
}

function nearness(event: EventRecord): number {
  const start = Date.parse(event.start);
  return rank(event) === 2 ? -start : start;
}

function draw_chosen(): void {
  if (!chosen) return;
  const id = chosen.id;
  const live = status?.events.find((e) => e.id === id);
  const event: (EventRecord & Partial<LiveEvent>) | undefined =
    live ?? events.find((e) => e.id === id);
  if (!event) return;
  room?.follow(event.phase);
  chosen.update(event, clock.now_ms(Date.now()));
}

const watch = new Watch(
  async () => {
    status = await api<RoomStatus>('/status');
    clock.learn(status.now, Date.now());
    show(trouble, false);
    const known = new Map(status.events.map((e) => [e.id, e.phase]));
    const differs = [...known].some(
      ([id, phase]) => events.find((e) => e.id === id)?.phase !== phase,
    );
    if (differs || Date.now() - events_ms > 15_000) await load_events();
    if (!chosen) {
      const first = status.events.find((e) => e.phase === 'live') ?? status.events[0];
      if (first) choose(first.id);
    }
    health.update(status);
    draw_chosen();
    const ended = rehearsal.update(status.rehearsal ?? null, Date.parse(status.now));
    if (ended || Date.now() - certificate_ms > 60_000) await load_certificate();
  },
  (error, wait_s) => {
    if (error instanceof Refusal && (error.status === 401 || error.status === 403)) {
      forget('key', 'session');
      room?.stop();
      [room, chosen] = [null, null];
      watch.stop();
      shield.stop();
      return ask_key(t.key_bad);
    }
    say(trouble, t.lost(Math.ceil(wait_s)));
    show(trouble, true);
  },
);

function ask_key(reason: string): void {
  const input = h('input', { id: 'key', type: 'password', required: true, autocomplete: 'off' });
  const form = h(
    'form',
    { class: 'card stack narrow' },
    h('h1', { class: 'big' }, t.control),
    reason ? h('p', { class: 'notice', role: 'alert' }, reason) : null,
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'key' }, t.key),
      input,
      h('small', {}, t.key_hint),
    ),
    h('div', {}, h('button', { class: 'primary', type: 'submit' }, t.open)),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    key = input.value.trim();
    remember('key', key, 'session');
    build();
  });
  page.replaceChildren(masthead('/', t.home), h('main', {}, form));
}

function build(): void {
  page.replaceChildren(
    masthead('/', t.home, h('span', { class: 'quiet' }, t.control)),
    h(
      'main',
      { class: 'control' },
      h('h1', { class: 'unseen' }, t.control),
      h('section', { class: 'card stack events' }, h('h2', { class: 'big' }, t.events), list),
      h(
        'div',
        { class: 'stack' },
        trouble,
        rehearsal.element,
        shield.element,
        chosen_place,
        create_form(language, create),
        certificate.element,
        health.element,
      ),
    ),
  );
  document.title = `${t.control} · Rostra`;
  watch.start();
  shield.start();
}

document.documentElement.lang = language;
if (key === '') ask_key('');
else build();

declare global {
  interface Window {
    rostra: unknown;
  }
}
window.rostra = { state: () => status, events: () => events, door: () => room?.seen ?? null };
