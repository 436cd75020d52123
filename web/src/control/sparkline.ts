// A small line of recent numbers.

import { mark, svg } from '../ground/element.ts';

/** `d` of a path through `values` in a box of `width` × `height`, the largest value at the top. */
export function line_path(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return '';
  const top = Math.max(1, ...values);
  const step = width / (values.length - 1);
  return values
    .map((value, place) => {
      const x = (place * step).toFixed(1);
      const y = (height - (value / top) * height).toFixed(1);
      return `${place === 0 ? 'M' : 'L'}${x} ${y}`;
    })
    .join('');
}

export class Sparkline {
  readonly element: SVGSVGElement;
  private readonly path = svg('path', {
    fill: 'none',
    stroke: 'currentColor',
    'stroke-width': 2,
    'vector-effect': 'non-scaling-stroke',
  });
  private readonly values: number[] = [];
  private readonly most: number;

  constructor(label: string, most: number) {
    this.most = most;
    this.element = svg(
      'svg',
      {
        class: 'sparkline',
        viewBox: '-1 -2 302 64',
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': label,
      },
      this.path,
    );
  }

  add(value: number): void {
    this.values.push(value);
    if (this.values.length > this.most) this.values.shift();
    mark(this.path, 'd', line_path(this.values, 300, 60));
  }
}
