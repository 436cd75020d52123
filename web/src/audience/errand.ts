// What a page has to ask at the door next, and when: decided from what it keeps and what is public.

import type { EventState } from '../ground/contract.ts';

/** Times are Unix ms of this device. */
export interface KeptTicket {
  ticket: string;
  id: string;
  lane: string | null;
  arrived_ms: number;
  rank: number | null;
  admitted: boolean;
  until_ms: number;
  beat_ms: number;
}

export interface KeptPass {
  pass: string;
  renew_ms: number;
  expires_ms: number;
}

/** A place that is kept for who waits instead of computing; it is shown when its time has come. */
export interface KeptVoucher {
  voucher: string;
  wait_s: number;
  until_ms: number;
}

/** What all tabs of an event share. */
export interface Kept {
  ticket: KeptTicket | null;
  pass: KeptPass | null;
  /** Nothing is asked before: a server said so, or something failed. */
  hold_ms: number;
  /** The nonce of the last renewal that was accepted. */
  nonce: string;
  voucher: KeptVoucher | null;
}

export const NOTHING: Kept = { ticket: null, pass: null, hold_ms: 0, nonce: '', voucher: null };

/** What was kept by an earlier page, or null where it is nothing we wrote. */
export function read_kept(text: string | null): Kept | null {
  try {
    const found = JSON.parse(text ?? 'null') as Kept | null;
    if (found === null || typeof found !== 'object') return null;
    if (typeof found.hold_ms !== 'number' || found.ticket === undefined) return null;
    return { ...NOTHING, ...found };
  } catch {
    return null;
  }
}

export interface Errand {
  act: 'ticket' | 'pass' | 'renew';
  at_ms: number;
}

/** Whether the event has a door at which something can be asked. */
export function has_door(state: EventState): boolean {
  return (
    Boolean(state.door) &&
    (state.phase === 'scheduled' || state.phase === 'doors_open' || state.phase === 'live')
  );
}

/** A pass that is still good. */
export function good_pass(kept: Kept, now_ms: number): KeptPass | null {
  return kept.pass && kept.pass.expires_ms > now_ms ? kept.pass : null;
}

/** A voucher that may still be shown. */
export function good_voucher(kept: Kept, now_ms: number): KeptVoucher | null {
  return kept.voucher && kept.voucher.until_ms > now_ms ? kept.voucher : null;
}

/** Whether the turn of the kept ticket has come. */
export function is_turn(kept: Kept, state: EventState): boolean {
  const { ticket } = kept;
  if (!ticket || !state.door || state.phase === 'scheduled' || !has_door(state)) return false;
  if (state.door.admission === 'open' || ticket.admitted) return true;
  return ticket.rank !== null && ticket.rank <= state.door.admitted_rank;
}

/** The next errand; null where there is none as long as nothing changes. */
export function next_errand(kept: Kept, state: EventState, now_ms: number): Errand | null {
  if (!has_door(state)) return null;
  const at = (due_ms: number) => Math.max(due_ms, kept.hold_ms);
  const pass = good_pass(kept, now_ms);
  if (pass) return { act: 'renew', at_ms: at(pass.renew_ms) };
  const { ticket } = kept;
  if (!ticket || ticket.until_ms <= now_ms) return { act: 'ticket', at_ms: at(0) };
  if (is_turn(kept, state)) return { act: 'pass', at_ms: at(0) };
  return { act: 'ticket', at_ms: at(ticket.beat_ms) };
}

/** Beats a second that all pages together send when the doors open. */
const DRAWN_S = 2_000;

/**
 * Within how many seconds a page should tell that it is still there when the doors have opened: a
 * small crowd at once, a large one (or one that nobody has counted) within a regular beat.
 */
export function haste_s({ door, audience }: EventState): number {
  const beat_s = door?.beat_s ?? 30;
  const people = Math.max(door?.waiting ?? 0, audience.waiting ?? 0, audience.connected);
  return people === 0 ? beat_s : Math.min(beat_s, Math.max(1, people / DRAWN_S));
}
