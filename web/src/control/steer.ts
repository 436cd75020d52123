// Hold, call everyone, cap, rung: what an operator may ask of the door.

import { h, mark, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import type { DoorChange, DoorView } from './contract.ts';
import type { Errands } from './errands.ts';
import { type Crowd, QUESTIONS } from './question_words.ts';
import { ROOM_WORDS } from './room_words.ts';

export class Steer {
  readonly element: HTMLElement;
  private readonly words;
  private readonly hold = h('button', { type: 'button', id: 'hold' });
  private readonly open_all = h('button', { type: 'button', id: 'open-all' });
  private readonly cap = h('input', {
    id: 'cap',
    type: 'number',
    min: 1,
    max: 100_000_000,
    step: 1,
    required: true,
    inputmode: 'numeric',
  });
  private readonly lift: HTMLButtonElement;
  private readonly rung: HTMLSelectElement;
  private door: DoorView | null = null;

  constructor(
    language: Language,
    errands: Errands,
    crowd: () => Crowd,
    change: (change: DoorChange) => Promise<unknown>,
  ) {
    const t = (this.words = ROOM_WORDS[language]);
    const q = QUESTIONS[language];
    say(this.hold, t.hold);
    say(this.open_all, t.open_all);
    this.hold.addEventListener('click', () => {
      const held = this.door?.hold === true;
      void errands.run((held ? q.release : q.hold)(crowd()), () => change({ hold: !held }));
    });
    this.open_all.addEventListener('click', () => {
      const open = this.door?.open_all === true;
      void errands.run((open ? q.close_all : q.open_all)(crowd()), () =>
        change({ open_all: !open }),
      );
    });
    this.lift = h('button', { type: 'button', id: 'lift-cap' }, t.cap_lift);
    this.lift.addEventListener(
      'click',
      () => void errands.run(q.uncap(crowd()), () => change({ cap: null })),
    );
    const cap_form = h(
      'form',
      { class: 'row end' },
      h('div', { class: 'field grow' }, h('label', { for: 'cap' }, t.cap), this.cap),
      h('button', { type: 'submit' }, t.cap_set),
      this.lift,
    );
    cap_form.addEventListener('submit', (event) => {
      event.preventDefault();
      const cap = Number(this.cap.value);
      void errands
        .run(q.cap(crowd(), cap), () => change({ cap }))
        .then((done) => {
          if (done) this.cap.value = '';
        });
    });
    this.rung = h(
      'select',
      { id: 'rung' },
      h('option', { value: '' }, t.rung_auto),
      ...t.rungs.map((name, number) => h('option', { value: number }, `${number} · ${name}`)),
    );
    const rung_form = h(
      'form',
      { class: 'row end' },
      h('div', { class: 'field grow' }, h('label', { for: 'rung' }, t.rung_label), this.rung),
      h('button', { type: 'submit' }, t.rung_set),
    );
    rung_form.addEventListener('submit', (event) => {
      event.preventDefault();
      const rung = this.rung.value === '' ? null : Number(this.rung.value);
      const question = rung === null ? q.rung_auto(crowd()) : q.rung(crowd(), rung);
      void errands.run(question, () => change({ rung }));
    });
    this.element = h(
      'div',
      { class: 'stack', id: 'steer' },
      h('h3', {}, t.steer),
      h('div', { class: 'row' }, this.hold, this.open_all),
      cap_form,
      rung_form,
      errands.element,
    );
  }

  update(door: DoorView): void {
    const t = this.words;
    // The choice follows the door, but not while somebody is choosing.
    if (door.rung_forced !== this.door?.rung_forced && document.activeElement !== this.rung)
      this.rung.value = door.rung_forced === null ? '' : String(door.rung_forced);
    this.door = door;
    say(this.hold, door.hold ? t.release : t.hold);
    say(this.open_all, door.open_all ? t.close_all : t.open_all);
    mark(this.cap, 'placeholder', door.cap === null ? t.cap_none : String(door.cap));
    show(this.lift, door.cap !== null);
  }
}
