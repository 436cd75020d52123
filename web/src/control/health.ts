// Are the processes well? Tables that follow `/api/status`.

import type { ControlStatus } from '../ground/contract.ts';
import { h, refill } from '../ground/element.ts';
import { count, type Language } from '../ground/words.ts';
import { WORDS } from './words.ts';

type Cell = string | { bad: string };

export class Health {
  readonly element: HTMLElement;
  private readonly processes = h('div');
  private readonly edges = h('div');
  private readonly lines = h('div');
  private readonly language: Language;

  constructor(language: Language) {
    this.language = language;
    const t = WORDS[language];
    this.element = h(
      'section',
      { class: 'card stack' },
      h('h2', { class: 'big' }, t.health),
      this.processes,
      this.lines,
      this.edges,
    );
  }

  update(status: ControlStatus): void {
    const t = WORDS[this.language];
    const restarts = (n: number) => (n === 0 ? '' : count(n, this.language, t.restarts));
    table(
      this.processes,
      t.processes,
      [],
      status.processes.map((p) => [
        p.name,
        p.up ? t.up : { bad: t.down },
        p.restarts > 0 ? { bad: restarts(p.restarts) } : '',
      ]),
    );
    const percent = (part: number): Cell => {
      const text = `${Math.round(part * 100)} %`;
      return part > 0.8 ? { bad: text } : text;
    };
    const { stage, packager } = status;
    const share = (n: number) => `${Math.round(n * 100)} % CPU`;
    table(
      this.lines,
      `${t.stage_health}, ${t.packager}`,
      [],
      [
        [
          t.stage_health,
          stage
            ? `${share(stage.cpu_fraction)}, ${t.late_ticks} ${stage.late_ticks}, ${t.concealed} ${stage.frames_concealed}, ${t.lost_packets} ${stage.packets_lost}`
            : { bad: t.none },
        ],
        [
          t.packager,
          packager
            ? `${share(packager.cpu_fraction)}, ${Math.round(packager.behind_ms)} ${t.behind}, ${packager.silence_s.toFixed(1)} ${t.silence}`
            : { bad: t.none },
        ],
      ],
    );
    const sum = (rates: Record<string, number>) =>
      Math.round(Object.values(rates).reduce((a, b) => a + b, 0));
    table(
      this.edges,
      t.edges,
      ['', t.connections, t.held, t.requests, t.refusals, t.egress, t.busy, t.lag],
      status.edges.map((e) => [
        e.edge,
        String(e.connections),
        String(e.held),
        String(sum(e.requests_s)),
        String(sum(e.refusals_s)),
        (e.egress_bit_s / 1e6).toFixed(1),
        percent(e.busy_fraction),
        e.loop_lag_ms > 50 ? { bad: e.loop_lag_ms.toFixed(0) } : e.loop_lag_ms.toFixed(0),
      ]),
    );
  }
}

function table(place: HTMLElement, caption: string, heads: string[], rows: Cell[][]): void {
  refill(place, JSON.stringify(rows), () => {
    const cell = (value: Cell, first: boolean) => {
      const bad = typeof value !== 'string';
      const tag = first ? 'th' : 'td';
      return h(
        tag,
        { class: bad ? 'bad' : null, scope: first ? 'row' : null },
        bad ? value.bad : value,
      );
    };
    const body = rows.map((row) => h('tr', {}, ...row.map((value, at) => cell(value, at === 0))));
    const head = heads.map((name, at) => (at === 0 ? h('td') : h('th', { scope: 'col' }, name)));
    return [
      h(
        'div',
        { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
        h(
          'table',
          {},
          h('caption', {}, caption),
          heads.length > 0 && h('thead', {}, h('tr', {}, ...head)),
          h('tbody', {}, ...body),
        ),
      ),
    ];
  });
}
