// Which networks ask for most, what may be done about each, and the two lists.

import { h, mark, refill, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import type { Figures } from './figures.ts';
import type { Question } from './question_words.ts';
import type { List, ShieldSource, ShieldView } from './shield_contract.ts';
import { main_reason, reason_words } from './shield_readings.ts';
import { SHIELD_WORDS } from './shield_words.ts';

const SHOWN_MOST = 12;
const NEAR_MOST = 6;
const SEVERAL = 3;

export type Run = (question: Question, act: () => Promise<ShieldView>) => Promise<boolean>;

export interface ListCalls {
  list(which: List, prefix: string): Promise<ShieldView>;
  forget(which: List, prefix: string): Promise<ShieldView>;
  lift(source: string): Promise<ShieldView>;
}

interface Row {
  element: HTMLElement;
  cells: Record<'state' | 'listeners' | 'demand' | 'explained' | 'reason', HTMLElement>;
  allow: HTMLButtonElement;
  deny: HTMLButtonElement;
  lift: HTMLButtonElement;
  seen: ShieldSource;
}

export class ShieldNetworks {
  readonly element: HTMLElement;
  readonly lists: HTMLElement;
  private readonly words;
  private readonly figures: Figures;
  private readonly run: Run;
  private readonly calls: ListCalls;
  private readonly rows = new Map<string, Row>();
  private readonly body = h('tbody', { role: 'rowgroup' });
  private readonly table: HTMLElement;
  private readonly none: HTMLElement;
  private readonly others = h('p', { class: 'quiet' });
  private readonly near: HTMLElement;
  private readonly neighbours = h('ul', { class: 'listed' });
  private readonly listed = h('ul', { class: 'listed' });
  private readonly input = h('input', {
    id: 'shield-network',
    required: true,
    maxlength: 64,
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'none',
  });

  constructor(language: Language, figures: Figures, run: Run, calls: ListCalls) {
    const t = (this.words = SHIELD_WORDS[language]);
    this.figures = figures;
    this.run = run;
    this.calls = calls;
    const head = (name: string) => h('th', { scope: 'col', role: 'columnheader' }, name);
    // A narrow screen lays the rows out anew, and they must stay rows for a screen reader.
    this.table = h(
      'table',
      { class: 'networks', role: 'table' },
      h('caption', {}, t.worst),
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...t.heads.map(head))),
      this.body,
    );
    this.none = h('p', { class: 'quiet' }, t.worst_none);
    this.near = h('div', { class: 'stack', hidden: true }, h('h3', {}, t.near), this.neighbours);
    this.element = h('div', { class: 'stack' }, this.none, this.table, this.others, this.near);
    const form = h(
      'form',
      { class: 'stack' },
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'shield-network' }, t.network),
        this.input,
        h('small', {}, t.network_hint),
      ),
      h(
        'div',
        { class: 'row' },
        h('button', { type: 'submit', value: 'allow' }, t.allow),
        h('button', { type: 'submit', value: 'deny' }, t.deny),
      ),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const chosen = (event.submitter as HTMLButtonElement | null)?.value;
      void this.put(chosen === 'deny' ? 'deny' : 'allow', this.input.value.trim(), null).then(
        (done) => {
          if (done) this.input.value = '';
        },
      );
    });
    this.lists = h(
      'div',
      { class: 'stack' },
      h('h3', {}, t.lists),
      this.listed,
      form,
      h('p', { class: 'quiet' }, t.lists_hint),
    );
  }

  update(view: ShieldView): void {
    const shown = view.worst.slice(0, SHOWN_MOST);
    show(this.none, shown.length === 0);
    show(this.table, shown.length > 0);
    const rest = view.worst.length - shown.length;
    say(this.others, rest > 0 ? this.words.worst_more(this.figures.count(rest)) : '');
    show(this.others, rest > 0);
    const wanted = new Set(shown.map((source) => source.source));
    // A row must not slip away from under a finger or the keyboard.
    const held = this.body.matches(':hover, :focus-within');
    for (const [name, row] of this.rows) {
      if (wanted.has(name) || held) continue;
      row.element.remove();
      this.rows.delete(name);
    }
    for (const source of shown) {
      const row = this.rows.get(source.source) ?? this.row(source);
      this.write(row, source);
    }
    if (!held) {
      shown.forEach((source, place) => {
        const element = this.rows.get(source.source)?.element;
        const there = this.body.children[place] ?? null;
        if (element && element !== there) this.body.insertBefore(element, there);
      });
    }
    this.fill_neighbours(view);
    this.fill_lists(view);
  }

  private row(source: ShieldSource): Row {
    const t = this.words;
    const name = source.source;
    const button = (act: string, label: string, done: () => void) => {
      const named = t.named(label, name);
      const made = h('button', { type: 'button', 'data-act': act, 'aria-label': named }, label);
      made.addEventListener('click', done);
      return made;
    };
    const cells = {
      state: h('small'),
      listeners: h('span'),
      demand: h('span'),
      explained: h('small'),
      reason: h('span'),
    };
    const cell = (place: number, ...inside: Node[]) =>
      h('td', { role: 'cell', 'data-label': t.heads[place] }, ...inside);
    const allow = button('allow', t.allow, () => void this.put('allow', name, made.seen));
    const deny = button('deny', t.deny, () => void this.put('deny', name, made.seen));
    const lift = button(
      'lift',
      t.lift,
      () => void this.run(t.ask.lift(name), () => this.calls.lift(name)),
    );
    const made: Row = {
      element: h(
        'tr',
        { role: 'row', 'data-source': name },
        h('th', { scope: 'row', role: 'rowheader' }, h('bdi', {}, name), cells.state),
        cell(1, cells.listeners),
        cell(2, cells.demand, cells.explained),
        cell(3, cells.reason),
        h('td', { role: 'cell', class: 'acts' }, h('div', { class: 'row' }, allow, deny, lift)),
      ),
      cells,
      allow,
      deny,
      lift,
      seen: source,
    };
    this.rows.set(name, made);
    this.body.append(made.element);
    return made;
  }

  private write(row: Row, source: ShieldSource): void {
    const [t, f] = [this.words, this.figures];
    row.seen = source;
    const state = [
      source.step === '' ? '' : (t.steps[source.step] ?? source.step),
      source.held === '' ? '' : (t.held[source.held] ?? source.held),
      t.connections(source.connections),
    ];
    say(row.cells.state, state.filter((part) => part !== '').join(', '));
    say(row.cells.listeners, f.count(source.listeners));
    say(row.cells.demand, f.rate(source.demand));
    say(row.cells.explained, t.share(f.percent(source.explained)));
    const reason = main_reason(source.points);
    say(row.cells.reason, reason === '' ? '–' : reason_words(reason, t));
    mark(row.element, 'data-step', source.step === '' ? null : source.step);
    show(row.allow, source.held !== 'allowed');
    show(row.lift, source.step !== '');
  }

  private put(which: List, prefix: string, source: ShieldSource | null): Promise<boolean> {
    const { ask } = this.words;
    const deny = source
      ? ask.deny(prefix, this.figures.count(source.listeners))
      : ask.deny_unseen(prefix);
    return this.run(which === 'allow' ? ask.allow(prefix) : deny, () =>
      this.calls.list(which, prefix),
    );
  }

  private fill_neighbours(view: ShieldView): void {
    const [t, f] = [this.words, this.figures];
    const several = view.neighbourhoods.filter((one) => one.bans + one.suspects >= SEVERAL);
    const shown = several.slice(0, NEAR_MOST);
    show(this.near, shown.length > 0);
    const names = shown.map((one) => one.neighbourhood);
    refill(this.neighbours, JSON.stringify(names), () =>
      names.map((name) => {
        const named = t.named(t.deny, name);
        const deny = h('button', { type: 'button', 'aria-label': named }, t.deny);
        deny.addEventListener('click', () => void this.put('deny', name, null));
        return h('li', {}, h('span', { class: 'grow' }, h('bdi', {}, name), h('small')), deny);
      }),
    );
    shown.forEach((one, place) => {
      const state = this.neighbours.children[place]?.querySelector('small');
      if (state) say(state, t.near_state(f.count(one.bans), f.count(one.suspects)));
    });
  }

  private fill_lists(view: ShieldView): void {
    const t = this.words;
    refill(this.listed, JSON.stringify([view.allow, view.deny]), () => {
      if (view.allow.length + view.deny.length === 0)
        return [h('li', { class: 'quiet' }, t.list_none)];
      const line = (which: List) => (prefix: string) => {
        const named = t.named(t.forget, prefix);
        const button = h('button', { type: 'button', 'aria-label': named }, t.forget);
        button.addEventListener(
          'click',
          () => void this.run(t.ask.forget(prefix), () => this.calls.forget(which, prefix)),
        );
        const name = h(
          'span',
          { class: 'grow' },
          h('bdi', {}, prefix),
          h('small', {}, t.listed[which]),
        );
        return h('li', { 'data-list': which }, name, button);
      };
      return [...view.deny.map(line('deny')), ...view.allow.map(line('allow'))];
    });
  }
}
