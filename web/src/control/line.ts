// Who waits, by time of arrival, as bars.

import { h, refill } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import { arrived_ms, line_rows, type LineRow } from './cohorts.ts';
import type { DoorView } from './contract.ts';
import type { Figures } from './figures.ts';
import { ROOM_WORDS } from './room_words.ts';

const ROWS = 12;

export class WaitingLine {
  readonly element: HTMLElement;
  private readonly words;
  private readonly figures: Figures;
  private readonly rows = h('ol', { class: 'bars' });

  constructor(language: Language, figures: Figures) {
    this.words = ROOM_WORDS[language];
    this.figures = figures;
    this.element = h(
      'section',
      { class: 'card stack', id: 'line' },
      h('h2', { class: 'big' }, this.words.line),
      this.rows,
    );
  }

  update(door: DoorView): void {
    const rows = line_rows(door.line, ROWS);
    const opened_ms = door.opened_at === null ? null : Date.parse(door.opened_at);
    refill(this.rows, JSON.stringify([rows, opened_ms]), () => {
      if (rows.length === 0) return [h('li', { class: 'quiet' }, this.words.line_empty)];
      const most = Math.max(...rows.map((row) => row.waiting));
      return rows.map((row) => {
        const bar = h('i', { 'aria-hidden': 'true' });
        bar.style.setProperty('--share', String(row.waiting / most));
        return h(
          'li',
          {},
          h('span', {}, this.when(row, opened_ms)),
          bar,
          h('b', {}, this.figures.count(row.waiting)),
        );
      });
    });
  }

  private when(row: LineRow, opened_ms: number | null): string {
    const t = this.words;
    if (row.last === 0) return t.before_doors;
    const arrived = opened_ms === null ? null : arrived_ms(row.first, row.last, opened_ms);
    if (!arrived) return t.cohorts(String(row.first), String(row.last));
    return `${this.figures.time(arrived.from_ms)} – ${this.figures.time(arrived.to_ms)}`;
  }
}
