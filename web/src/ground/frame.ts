// Mast and foot of the pages, and the seats that every page shows.

import mark_address from '../style/mark.svg';
import type { Role } from './contract.ts';
import { h, mark, say } from './element.ts';

/** The brand at the top; `tools` stand on the right. */
export function masthead(home: string, label: string, ...tools: Node[]): HTMLElement {
  return h(
    'header',
    { class: 'masthead' },
    h(
      'a',
      { class: 'brand', href: home, 'aria-label': label },
      h('img', { src: mark_address, alt: '', width: 30, height: 30 }),
      'Rostra',
    ),
    h('div', { class: 'row' }, ...tools),
  );
}

export interface SeatLine {
  id: string;
  name: string;
  role: Role;
  speaking: boolean;
  muted: boolean;
  away?: boolean;
  note: string;
  /** 0 to 1; no meter where absent. */
  level?: number;
}

/** Brings a list of seats up to date without rebuilding the lines that stay. */
export function update_seats(list: HTMLElement, seats: readonly SeatLine[]): void {
  const old = new Map(
    [...list.children].map((child) => [(child as HTMLElement).dataset['id'], child]),
  );
  seats.forEach((seat, place) => {
    let line = old.get(seat.id) as HTMLElement | undefined;
    if (!line) {
      line = h(
        'li',
        { class: 'seat', 'data-id': seat.id },
        h('span', { class: 'face', 'aria-hidden': 'true' }),
        h('span', { class: 'who' }),
        h('span', { class: 'note' }),
      );
      if (seat.level !== undefined)
        line.append(h('span', { class: 'meter', 'aria-hidden': 'true' }, h('i')));
    }
    old.delete(seat.id);
    if (list.children[place] !== line) list.insertBefore(line, list.children[place] ?? null);
    const [face, who, note, meter] = line.children;
    if (face) say(face, [...seat.name.trim()][0]?.toUpperCase() ?? '?');
    if (who) say(who, seat.name);
    if (note) say(note, seat.note);
    mark(line, 'data-speaking', seat.speaking && !seat.muted);
    mark(line, 'data-away', seat.away ?? false);
    (meter as HTMLElement | undefined)?.style.setProperty('--level', String(seat.level ?? 0));
  });
  for (const gone of old.values()) gone.remove();
}

/** −60 dBFS … 0 dBFS as 0 … 1. */
export function level_of(dbfs: number): number {
  return Math.min(1, Math.max(0, (dbfs + 60) / 60));
}
