// Places given out beforehand: who may pass the line, and the links for it.

import { copy } from '../ground/ask.ts';
import { h, refill, say, show } from '../ground/element.ts';
import { count, type Language } from '../ground/words.ts';
import type { LaneState, NewLane } from './contract.ts';
import { Errands } from './errands.ts';
import type { Figures } from './figures.ts';
import { type Crowd, QUESTIONS } from './question_words.ts';
import { ROOM_WORDS } from './room_words.ts';

const PLACES_MOST = 10_000;

export class Lanes {
  readonly element: HTMLElement;
  private readonly words;
  private readonly language: Language;
  private readonly figures: Figures;
  private readonly list = h('ul', { class: 'lanes' });
  private readonly form: HTMLFormElement;
  private readonly ready = h('div', { class: 'stack', id: 'lane-links' });

  constructor(
    language: Language,
    figures: Figures,
    crowd: () => Crowd,
    make: (name: string, places: number) => Promise<NewLane>,
  ) {
    const t = (this.words = ROOM_WORDS[language]);
    this.language = language;
    this.figures = figures;
    const errands = new Errands(language);
    const name = h('input', {
      id: 'lane-name',
      required: true,
      pattern: '[a-z0-9\\-]{1,32}',
      maxlength: 32,
      autocomplete: 'off',
      autocapitalize: 'none',
      spellcheck: 'false',
      title: t.lane_name_hint,
    });
    const places = h('input', {
      id: 'lane-places',
      type: 'number',
      min: 1,
      max: PLACES_MOST,
      value: 10,
      required: true,
      inputmode: 'numeric',
    });
    this.form = h(
      'form',
      { class: 'row top' },
      h(
        'div',
        { class: 'field grow' },
        h('label', { for: 'lane-name' }, t.lane_name),
        name,
        h('small', {}, t.lane_name_hint),
      ),
      h('div', { class: 'field' }, h('label', { for: 'lane-places' }, t.lane_places), places),
      h('button', { type: 'submit', class: 'beside-field' }, t.lane_make),
    );
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      const [which, how_many] = [name.value.trim(), Number(places.value)];
      void errands.run(QUESTIONS[language].lane(crowd(), which, how_many), async () => {
        this.hand_out(await make(which, how_many));
        name.value = '';
      });
    });
    this.element = h(
      'section',
      { class: 'card stack', id: 'lanes' },
      h('h2', { class: 'big' }, t.lanes),
      h('p', { class: 'quiet' }, t.lanes_hint),
      this.list,
      this.form,
      errands.element,
      this.ready,
    );
  }

  update(lanes: readonly LaneState[], over: boolean): void {
    const [t, f] = [this.words, this.figures];
    show(this.form, !over);
    refill(this.list, JSON.stringify(lanes), () =>
      lanes.length === 0
        ? [h('li', { class: 'quiet' }, t.lanes_none)]
        : lanes.map((lane) => {
            const bar = h('i', { 'aria-hidden': 'true' });
            bar.style.setProperty('--share', String(Math.min(1, lane.inside / lane.places)));
            const state = t.lane_state(f.count(lane.inside), f.count(lane.places));
            return h('li', {}, h('strong', {}, lane.name), bar, h('span', {}, state));
          }),
    );
  }

  /** The links, on this page only until they are put away. */
  private hand_out(lane: NewLane): void {
    const t = this.words;
    const text = `${lane.links.join('\n')}\n`;
    const how_many = count(lane.links.length, this.language, t.links);
    const outcome = h('span', { class: 'quiet', role: 'status' });
    const button = (label: string, act: () => void, primary = false) => {
      const made = h('button', { type: 'button', class: primary ? 'primary' : null }, label);
      made.addEventListener('click', act);
      return made;
    };
    const handed = h(
      'div',
      { class: 'notice good stack', role: 'group', 'aria-label': `${t.lanes}: ${lane.name}` },
      h('p', { role: 'status' }, t.lane_ready(lane.name, how_many)),
      h(
        'div',
        { class: 'row' },
        button(t.save, () => save(`${lane.name}.txt`, text), true),
        button(t.copy_all, async () => say(outcome, (await copy(text)) ? t.copied : t.copy_failed)),
        button(t.put_away, () => {
          handed.remove();
          this.form.querySelector('input')?.focus();
        }),
        outcome,
      ),
    );
    this.ready.prepend(handed);
  }
}

/** Offers `text` as a file. */
function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
