// What was done, by whom, and the way back.

import { h, refill } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import { actor } from './act_words.ts';
import type { Done } from './contract.ts';
import { Errands } from './errands.ts';
import type { Figures } from './figures.ts';
import type { Question } from './question_words.ts';
import { ROOM_WORDS } from './room_words.ts';

/** Whose log it is. `words`: a line of it, moments written by `when`; `ask`: before it is undone. */
export interface LogOf {
  id: string;
  title: string;
  words(done: Done, when: (at: string) => string): string;
  ask(what: string): Question;
}

export class Log {
  readonly element: HTMLElement;
  private readonly language: Language;
  private readonly figures: Figures;
  private readonly of: LogOf;
  private readonly rows = h('ol', { class: 'log' });
  private readonly region: HTMLElement;
  private readonly undo: (done: Done, what: string) => void;

  constructor(
    language: Language,
    figures: Figures,
    of: LogOf,
    undo: (number: number) => Promise<unknown>,
  ) {
    this.language = language;
    this.figures = figures;
    this.of = of;
    const title = `${of.id}-title`;
    this.region = h(
      'div',
      { class: 'log-scroll', tabindex: '0', role: 'region', 'aria-labelledby': title },
      this.rows,
    );
    const errands = new Errands(language);
    this.undo = (done, what) => void errands.run(of.ask(what), () => undo(done.number));
    this.element = h(
      'section',
      { class: 'card stack', id: of.id },
      h('h2', { class: 'big', id: title }, of.title),
      errands.element,
      this.region,
    );
  }

  update(log: readonly Done[]): void {
    const t = ROOM_WORDS[this.language];
    const time = (at: string) => this.figures.time(Date.parse(at));
    const held = this.rows.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset['number']
      : undefined;
    refill(this.rows, JSON.stringify(log), () =>
      log.length === 0
        ? [h('li', { class: 'quiet' }, t.log_none)]
        : log.map((done) => {
            const what = this.of.words(done, time);
            const button = h(
              'button',
              { type: 'button', 'aria-label': t.undo_named(what), 'data-number': done.number },
              t.undo,
            );
            button.addEventListener('click', () => this.undo(done, what));
            return h(
              'li',
              {},
              h('time', { datetime: done.at }, time(done.at)),
              h(
                'span',
                { class: 'grow' },
                what,
                h('small', {}, ` ${actor(done.by, this.language)}`),
              ),
              done.undoable && button,
            );
          }),
    );
    // New lines must not cost the keyboard its place.
    if (held !== undefined && !this.rows.contains(document.activeElement))
      (this.rows.querySelector<HTMLElement>(`[data-number="${held}"]`) ?? this.region).focus();
  }
}
