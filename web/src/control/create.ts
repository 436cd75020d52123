// The form that announces an event.

import type { EventRecord } from '../ground/contract.ts';
import { h, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import { link_list } from './links.ts';
import { WORDS } from './words.ts';

export interface NewEvent {
  title: string;
  start: string;
  description: string;
  language: string;
  duration_min: number;
  people: string[];
}

/** The viewer's time zone by name: "Europe/Paris". */
export function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The value of a datetime-local field for a moment, in the viewer's zone. */
export function local_value(at: Date): string {
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** A datetime-local value, which is in the viewer's zone, as RFC 3339 UTC. */
export function to_utc(value: string): string {
  return `${new Date(value).toISOString().slice(0, 19)}Z`;
}

export function create_form(
  language: Language,
  create: (event: NewEvent) => Promise<EventRecord>,
): HTMLElement {
  const t = WORDS[language];
  const title = h('input', { id: 'new-title', required: true, maxlength: 200 });
  const start = h('input', { id: 'new-start', type: 'datetime-local', required: true });
  const soon = new Date(Math.ceil(Date.now() / 900_000) * 900_000 + 900_000);
  start.value = local_value(soon);
  const description = h('textarea', { id: 'new-description', rows: 3 });
  const tongue = h(
    'select',
    { id: 'new-language' },
    h('option', { value: 'en' }, 'English'),
    h('option', { value: 'fr' }, 'Français'),
  );
  tongue.value = language;
  const minutes = h('input', {
    id: 'new-duration',
    type: 'number',
    min: 1,
    max: 1440,
    value: 60,
    required: true,
  });
  const people = h('input', { id: 'new-people', 'aria-describedby': 'new-people-hint' });
  const trouble = h('p', { class: 'notice', role: 'alert', hidden: true });
  const result = h('div', { class: 'stack', role: 'status' });
  const button = h('button', { class: 'primary', type: 'submit', id: 'create' }, t.create_it);
  const field = (id: string, label: string, input: HTMLElement, hint?: string) =>
    h(
      'div',
      { class: 'field grow' },
      h('label', { for: id }, label),
      input,
      hint ? h('small', { id: `${id}-hint` }, hint) : null,
    );
  const form = h(
    'form',
    { class: 'stack' },
    field('new-title', t.title, title),
    h(
      'div',
      { class: 'row top' },
      field('new-start', t.start(zone()), start),
      field('new-duration', t.duration, minutes),
      field('new-language', t.language, tongue),
    ),
    field('new-people', t.people, people, t.people_hint),
    field('new-description', t.description, description),
    trouble,
    h('div', {}, button),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    show(trouble, false);
    try {
      const made = await create({
        title: title.value.trim(),
        start: to_utc(start.value),
        description: description.value.trim(),
        language: tongue.value,
        duration_min: Number(minutes.value),
        people: people.value
          .split(/[,;\n]/)
          .map((name) => name.trim())
          .filter(Boolean),
      });
      result.replaceChildren(h('p', {}, t.created(made.title)), link_list(made, language));
      form.reset();
      start.value = local_value(soon);
      tongue.value = language;
    } catch (error) {
      say(trouble, error instanceof Error ? error.message : String(error));
      show(trouble, true);
    } finally {
      button.disabled = false;
    }
  });
  return h('section', { class: 'card stack' }, h('h2', { class: 'big' }, t.create), form, result);
}
