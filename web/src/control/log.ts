// What was done to the event, by whom, and the way back.

import { h, refill } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import { act_words, actor } from './act_words.ts';
import type { Done } from './contract.ts';
import { Errands } from './errands.ts';
import type { Figures } from './figures.ts';
import { type Crowd, QUESTIONS } from './question_words.ts';
import { ROOM_WORDS } from './room_words.ts';

export class Log {
  readonly element: HTMLElement;
  private readonly language: Language;
  private readonly figures: Figures;
  private readonly rows = h('ol', { class: 'log' });
  private readonly region = h(
    'div',
    { class: 'log-scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'log-title' },
    this.rows,
  );
  private readonly undo: (done: Done, what: string) => void;

  constructor(
    language: Language,
    figures: Figures,
    crowd: () => Crowd,
    undo: (number: number) => Promise<unknown>,
  ) {
    this.language = language;
    this.figures = figures;
    const errands = new Errands(language);
    this.undo = (done, what) =>
      void errands.run(QUESTIONS[language].undo(crowd(), what), () => undo(done.number));
    this.element = h(
      'section',
      { class: 'card stack', id: 'log' },
      h('h2', { class: 'big', id: 'log-title' }, ROOM_WORDS[language].log),
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
            const what = act_words(done, this.language, time);
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
