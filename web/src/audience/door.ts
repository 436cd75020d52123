// The page at the door: takes a ticket, shows that it waits, exchanges, renews, says goodbye.

import { call, Refusal } from '../ground/call.ts';
import type { EventState, PassReply, TicketReply } from '../ground/contract.ts';
import { forget, recall, remember } from '../ground/memory.ts';
import { backoff_s, obeyed_s, spread_s } from '../ground/retry.ts';
import { alone } from './alone.ts';
import { cohort, fraction } from './draw.ts';
import { Entrance, voucher_in } from './entrance.ts';
import {
  type Errand,
  good_pass,
  good_voucher,
  has_door,
  haste_s,
  is_turn,
  type Kept,
  next_errand,
  NOTHING,
  read_kept,
} from './errand.ts';
import { type Before, before, minutes } from './place.ts';
import { Tabs } from './tabs.ts';

/** As long as this a place is held for somebody who said goodbye. */
const GOODBYE_MS = 20_000;
/** Media that were refused bring one renewal, not one for each request. */
const DOUBT_MS = 5_000;
/** A voucher runs out five minutes after the arrival; it is shown a little before. */
const VOUCHER_MS = 285_000;

/**
 * Where a visitor stands. `free`: no pass is needed; `early`: the doors are closed; `drawing`: they
 * are open and the place is not known yet; `called`: the turn has come, the pass is on its way.
 */
export type Standing = 'free' | 'early' | 'drawing' | 'waiting' | 'called' | 'inside';

/** What the page shows of the door. */
export interface DoorSight {
  standing: Standing;
  pass: boolean;
  ticket: string | null;
  ticket_id: string | null;
  rank: number | null;
  lane: string | null;
  kept_until_ms: number | null;
  before: Before | null;
  minutes: number | null;
  /** Most people who ever stood before this ticket. */
  most: number;
  /** The turn came while this page waited, and nobody has looked at it since. */
  turn: boolean;
  lane_refused: boolean;
  /** The house defends itself: the device computes for a ticket, or its place is kept a while. */
  check: 'computing' | 'waiting' | null;
  /** How long it is kept waiting in all. */
  check_s: number;
  /** The door did not answer several times in a row. */
  lost: boolean;
  refusal: Refusal | null;
}

export class Door {
  private kept: Kept;
  private state: EventState | null = null;
  private timer = 0;
  private failures = 0;
  private refusal: Refusal | null = null;
  private lane_refused = false;
  private waited = false;
  private hastened = false;
  private turn = false;
  private most: number;
  private nonce = '';
  private doubted_ms = 0;
  private readonly id: string;
  private readonly address: string;
  private readonly changed: () => void;
  private readonly tabs: Tabs;
  private readonly entrance: Entrance;

  /** `place`: a ticket that was given out beforehand, from the link. */
  constructor(id: string, address: string, place: string | null, changed: () => void) {
    this.id = id;
    this.address = address;
    this.changed = changed;
    this.kept = read_kept(recall(`door.${id}`)) ?? NOTHING;
    this.most = Number(recall(`most.${id}`) ?? '0');
    this.tabs = new Tabs(id);
    this.entrance = new Entrance(
      (shown) => this.post('/ticket', null, shown ? { 'Rostra-Challenge': shown } : {}),
      () => this.state && this.changed(),
    );
    if (place) this.take_place(place);
    this.come_back();
    addEventListener('online', () => {
      // Not from everybody in the same moment; and what a server asked for still holds.
      if (this.refusal?.code === 'network')
        this.write({ ...this.kept, hold_ms: Date.now() + Math.random() * 2_000 });
      this.settle();
    });
    addEventListener('storage', (event) => {
      if (event.key !== `rostra.door.${id}`) return;
      this.kept = this.read();
      this.settle();
    });
  }

  learn(state: EventState): void {
    this.state = state;
    if (state.phase === 'posted' || state.phase === 'cancelled') this.forget();
    void this.draw(state);
    this.settle();
  }

  /** A ticket from a link takes the place of the one that is kept. */
  take_place(ticket: string): void {
    const known = this.kept.ticket;
    if (known?.ticket === ticket) return;
    const unknown = { id: '', lane: '', arrived_ms: 0, rank: null, admitted: false };
    const until_ms = Date.now() + 60_000; // the door tells how long it holds
    this.write({ ...this.kept, ticket: { ticket, ...unknown, until_ms, beat_ms: 0 }, hold_ms: 0 });
    this.settle();
  }

  /** A nonce came with the sound. */
  heard(nonce: string): void {
    if (nonce === this.nonce) return;
    this.nonce = nonce;
    remember(`nonce.${this.id}`, nonce);
  }

  /** Media were refused: a renewal tells whether the pass still holds. */
  doubt(): void {
    const now = Date.now();
    if (!this.kept.pass || now - this.doubted_ms < DOUBT_MS) return;
    this.doubted_ms = now;
    this.write({ ...this.kept, pass: { ...this.kept.pass, renew_ms: now } });
    this.plan();
  }

  /** The page goes. The pass is given back unless another tab of the event stays. */
  leave(): void {
    clearTimeout(this.timer);
    if (!this.tabs.gone() || !good_pass(this.kept, Date.now())) return;
    if (!this.state || !has_door(this.state)) return;
    remember(`left.${this.id}`, String(Date.now()));
    navigator.sendBeacon?.(`${this.address}/leave`);
  }

  /** The page is here again: soon enough, a renewal takes the goodbye back. */
  come_back(): void {
    this.tabs.seen();
    const left_ms = Number(recall(`left.${this.id}`) ?? '0');
    forget(`left.${this.id}`);
    const { pass } = this.kept;
    const now = Date.now();
    if (pass && left_ms > 0)
      this.write({
        ...this.kept,
        pass: now - left_ms < GOODBYE_MS ? { ...pass, renew_ms: now } : null,
      });
    this.settle();
  }

  /** The person would rather wait than have the device compute. */
  rather_wait(): void {
    this.entrance.rather_wait();
  }

  /** Somebody looks at the page. */
  seen(): void {
    this.turn = false;
  }

  /** Whether media may be asked for. */
  may_play(): boolean {
    const door = this.state?.door;
    return !door || door.admission === 'open' || good_pass(this.kept, Date.now()) !== null;
  }

  sight(): DoorSight {
    const { ticket } = this.kept;
    const door = this.state?.door;
    const standing = this.standing();
    const waits = standing === 'waiting' || standing === 'called';
    const found =
      waits && door && ticket && ticket.rank !== null
        ? before(ticket.rank, door.admitted_rank, door.line)
        : null;
    if (found && found.people > this.most) {
      this.most = found.people;
      remember(`most.${this.id}`, String(found.people));
    }
    return {
      standing,
      pass: good_pass(this.kept, Date.now()) !== null,
      ticket: ticket?.ticket ?? null,
      ticket_id: ticket?.id || null,
      rank: ticket?.rank ?? null,
      lane: ticket?.lane || null,
      kept_until_ms: ticket?.id ? ticket.until_ms : null,
      before: found,
      minutes: found && door ? minutes(found.people, door.pace) : null,
      most: this.most,
      turn: this.turn,
      lane_refused: this.lane_refused,
      check: this.check(),
      check_s: this.kept.voucher?.wait_s ?? 0,
      lost: this.failures >= 4,
      refusal: this.refusal,
    };
  }

  /** The rank as soon as the seed is public; the door hears soon that it is still wanted. */
  private async draw(state: EventState): Promise<void> {
    const { door } = state;
    const drawn = this.kept.ticket;
    if (!drawn?.id || drawn.lane !== null || drawn.rank !== null) return;
    if (!door?.seed || !door.opened_at) return;
    if (!this.hastened) {
      this.hastened = true;
      const beat_ms = Date.now() + Math.random() * haste_s(state) * 1000;
      this.write({ ...this.kept, ticket: { ...drawn, beat_ms: Math.min(drawn.beat_ms, beat_ms) } });
    }
    const found = await fraction(door.seed, drawn.id);
    const { ticket } = this.kept;
    if (found === null || ticket?.id !== drawn.id || ticket.rank !== null) return;
    const opened_at_s = Date.parse(door.opened_at) / 1000;
    const place = cohort(drawn.arrived_ms / 1000, opened_at_s, door.cohort_s);
    this.write({ ...this.kept, ticket: { ...ticket, rank: place * 2 ** 32 + found } });
    this.settle();
  }

  private standing(): Standing {
    const { state } = this;
    if (!state?.door || !has_door(state) || state.door.admission === 'open') return 'free';
    if (good_pass(this.kept, Date.now())) return 'inside';
    if (state.phase === 'scheduled') return 'early';
    if (is_turn(this.kept, state)) return 'called';
    return this.kept.ticket?.rank == null ? 'drawing' : 'waiting';
  }

  private check(): DoorSight['check'] {
    if (this.entrance.computing) return 'computing';
    return !this.kept.ticket && good_voucher(this.kept, Date.now()) ? 'waiting' : null;
  }

  /** Storage is what all tabs agree on; without any, what this tab holds. */
  private read(): Kept {
    return read_kept(recall(`door.${this.id}`)) ?? this.kept;
  }

  private write(kept: Kept): void {
    this.kept = kept;
    remember(`door.${this.id}`, JSON.stringify(kept));
  }

  private forget(): void {
    this.kept = NOTHING;
    for (const name of ['door', 'most', 'nonce', 'left']) forget(`${name}.${this.id}`);
  }

  private settle(): void {
    const standing = this.standing();
    this.waited ||= standing === 'waiting' || standing === 'early';
    this.plan();
    if (this.state) this.changed();
  }

  private plan(): void {
    clearTimeout(this.timer);
    const errand = this.state && next_errand(this.kept, this.state, Date.now());
    if (!errand) return;
    const wait_ms = Math.min(Math.max(0, errand.at_ms - Date.now()), 3_600_000);
    this.timer = window.setTimeout(() => void this.run(), wait_ms);
  }

  /** Does what is due, if no other tab has done it meanwhile. */
  private async run(): Promise<void> {
    await alone(`door.${this.id}`, async () => {
      this.kept = this.read();
      const now = Date.now();
      const errand = this.state && next_errand(this.kept, this.state, now);
      if (errand && errand.at_ms <= now) await this.ask(errand);
    });
    this.settle();
  }

  private async ask({ act }: Errand): Promise<void> {
    try {
      if (act === 'ticket') await this.ask_ticket();
      else await this.ask_pass(act === 'renew');
      this.failures = 0;
      this.refusal = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.refused(error, act);
    }
  }

  private async post<T>(
    path: string,
    token: string | null,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const response = await call(this.address + path, token, { method: 'POST', headers });
    return (await response.json()) as T;
  }

  private async ask_ticket(): Promise<void> {
    const held = this.kept.ticket?.ticket;
    const reply = held
      ? await this.post<TicketReply>('/ticket', held)
      : await this.entrance.ticket(good_voucher(this.kept, Date.now())?.voucher ?? '');
    // By the server's clock, since a device's may be hours off; and never so short that it is asked
    // for again at once.
    const kept_ms = Date.parse(reply.kept_until) - Date.parse(this.state?.now ?? '');
    const ticket = {
      ticket: reply.ticket,
      id: reply.id,
      lane: reply.lane,
      arrived_ms: Date.parse(reply.arrived),
      rank: reply.rank,
      admitted: reply.admitted,
      until_ms: Date.now() + Math.max(kept_ms || 0, 60_000),
      beat_ms: Date.now() + spread_s(Math.max(1, reply.beat_s), Math.random) * 1000,
    };
    this.write({ ...this.kept, ticket, voucher: null });
  }

  private async ask_pass(renewal: boolean): Promise<void> {
    const { ticket, pass } = this.kept;
    const heard = recall(`nonce.${this.id}`) ?? this.nonce;
    const nonce = renewal && heard !== this.kept.nonce ? heard : '';
    const token = renewal ? pass?.pass : ticket?.ticket;
    const asked_ms = Date.now();
    const proof: Record<string, string> = nonce ? { 'Rostra-Nonce': nonce } : {};
    const reply = await this.post<PassReply>('/pass', token ?? null, proof);
    const renew_s = reply.renew_s * (0.9 + 0.2 * Math.random());
    const fresh = {
      pass: reply.pass,
      renew_ms: asked_ms + renew_s * 1000,
      expires_ms: asked_ms + reply.expires_s * 1000,
    };
    const hold_ms = asked_ms + 1_000;
    this.write({ ...this.kept, pass: fresh, hold_ms, nonce: nonce || this.kept.nonce });
    if (!renewal && this.waited) this.turn = true;
    this.waited = false;
  }

  private refused(refusal: Refusal, act: Errand['act']): void {
    const { code } = refusal;
    const voucher = voucher_in(refusal);
    if (voucher) {
      // The place is kept: that is no failure.
      const now = Date.now();
      const known = good_voucher(this.kept, now);
      const kept = known ?? { ...voucher, until_ms: now + VOUCHER_MS };
      const hold_ms = now + (voucher.wait_s + Math.random()) * 1000;
      this.write({ ...this.kept, hold_ms, voucher: { ...kept, voucher: voucher.voucher } });
      this.failures = 0;
      this.refusal = null;
      return;
    }
    const wait_s = Math.max(
      backoff_s(this.failures, Math.random, 1, 30),
      obeyed_s(refusal.retry_after_s ?? 0, Math.random),
    );
    const kept = { ...this.kept, hold_ms: Date.now() + wait_s * 1000 };
    if (code.startsWith('pass_') && act === 'renew') kept.pass = null;
    if (code.startsWith('ticket_')) {
      this.lane_refused ||= kept.ticket?.lane !== null;
      kept.ticket = null;
    }
    this.write(kept);
    this.refusal = refusal;
    // A full house is no failure: the door answers, and says when to ask again.
    this.failures = code === 'no_place_free' ? 0 : this.failures + 1;
  }
}
