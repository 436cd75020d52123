// The control room of one event: the door, the plots, the line, the lanes, the log.

import type { Phase } from '../ground/contract.ts';
import { h, say, show } from '../ground/element.ts';
import { type Language, regional } from '../ground/words.ts';
import { act_words } from './act_words.ts';
import type { Done, DoorChange, DoorView, NewLane } from './contract.ts';
import { Door } from './door.ts';
import { Figures } from './figures.ts';
import { Lanes } from './lanes.ts';
import { WaitingLine } from './line.ts';
import { Log } from './log.ts';
import { Plots } from './plots.ts';
import { type Crowd, QUESTIONS } from './question_words.ts';
import { ROOM_WORDS } from './room_words.ts';
import { Watch } from './watch.ts';

const LOG_EVERY_MS = 10_000; // hosts and time act too; an act of this page asks at once

/** The calls of one event. */
export interface RoomCalls {
  door(): Promise<DoorView>;
  change(change: DoorChange): Promise<DoorView>;
  lane(name: string, places: number): Promise<NewLane>;
  log(): Promise<Done[]>;
  undo(number: number): Promise<Done[]>;
}

export class Room {
  readonly element: HTMLElement;
  private readonly calls: RoomCalls;
  private readonly door: Door;
  private readonly plots: Plots;
  private readonly line: WaitingLine;
  private readonly lanes: Lanes;
  private readonly log: Log;
  private readonly silent = h('p', { class: 'notice', role: 'status', hidden: true });
  private readonly watch: Watch;
  private log_ms = -Infinity;
  private phase: Phase = 'scheduled';
  seen: DoorView | null = null;

  /** `after`: what else is to be asked anew once something was done here. */
  constructor(language: Language, calls: RoomCalls, after: () => void) {
    const locale = regional(language, navigator.languages);
    const figures = new Figures(locale);
    const crowd = () => this.crowd();
    this.calls = calls;
    this.door = new Door(language, locale, figures, crowd, async (change) => {
      this.show_door(await calls.change(change));
      this.acted();
    });
    this.plots = new Plots(language, figures);
    this.line = new WaitingLine(language, figures);
    this.lanes = new Lanes(language, figures, crowd, async (name, places) => {
      const lane = await calls.lane(name, places);
      this.acted();
      return lane;
    });
    this.log = new Log(
      language,
      figures,
      {
        id: 'log',
        title: ROOM_WORDS[language].log,
        words: (done, when) => act_words(done, language, when),
        ask: (what) => QUESTIONS[language].undo(crowd(), what),
      },
      async (number) => {
        this.log.update(await calls.undo(number));
        this.acted();
        after();
      },
    );
    this.watch = new Watch(
      () => this.ask(),
      (_, wait_s) => {
        say(this.silent, ROOM_WORDS[language].silent(Math.ceil(wait_s)));
        show(this.silent, true);
      },
    );
    this.element = h(
      'div',
      { class: 'stack room' },
      this.silent,
      this.door.element,
      this.plots.element,
      h('div', { class: 'pair' }, this.line.element, this.lanes.element),
      this.log.element,
    );
  }

  start(): void {
    this.watch.start();
  }

  stop(): void {
    this.watch.stop();
  }

  /** Something was done: show it without waiting for the next second. */
  acted(): void {
    this.log_ms = -Infinity;
    void this.watch.now();
  }

  follow(phase: Phase): void {
    this.phase = phase;
  }

  crowd(): Crowd {
    return { inside: this.seen?.audience.inside ?? 0, waiting: this.seen?.waiting ?? 0 };
  }

  private async ask(): Promise<void> {
    this.show_door(await this.calls.door());
    show(this.silent, false);
    if (Date.now() - this.log_ms > LOG_EVERY_MS) await this.show_log();
  }

  private show_door(door: DoorView): void {
    const over = ['ended', 'posted', 'cancelled'].includes(this.phase);
    this.door.update(door, this.phase);
    this.plots.update(door.history, Date.now());
    this.line.update(door);
    this.lanes.update(door.lanes, over);
    this.seen = door;
  }

  private async show_log(): Promise<void> {
    this.log_ms = Date.now();
    this.log.update(await this.calls.log());
  }
}
