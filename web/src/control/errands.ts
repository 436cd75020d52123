// An act of the operator: asked once, shown while it runs, its outcome said.

import { ask } from '../ground/ask.ts';
import { h, mark, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import type { Question } from './question_words.ts';
import { trouble_words } from './refusals.ts';
import { ROOM_WORDS } from './room_words.ts';
import { WORDS } from './words.ts';

export class Errands {
  readonly element: HTMLElement;
  private readonly progress = h('p', { class: 'progress quiet', role: 'status' });
  private readonly trouble = h('p', { class: 'notice', role: 'alert', hidden: true });
  private readonly language: Language;
  private running = false;

  constructor(language: Language) {
    this.language = language;
    this.element = h('div', { class: 'errands' }, this.progress, this.trouble);
  }

  /** Asks and does it; false if the person said no, or it failed. One at a time. */
  async run(question: Question, act: () => Promise<unknown>): Promise<boolean> {
    const t = WORDS[this.language];
    if (this.running || !(await ask(...question, t.yes, t.no))) return false;
    const words = ROOM_WORDS[this.language];
    this.running = true;
    show(this.trouble, false);
    say(this.progress, words.working);
    mark(this.element, 'aria-busy', 'true');
    try {
      await act();
      say(this.progress, words.done);
      return true;
    } catch (error) {
      say(this.progress, '');
      this.fail(error);
      return false;
    } finally {
      this.running = false;
      mark(this.element, 'aria-busy', null);
    }
  }

  fail(error: unknown): void {
    say(this.trouble, trouble_words(error, this.language));
    show(this.trouble, true);
  }
}
