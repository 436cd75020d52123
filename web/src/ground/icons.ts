// The few signs that the pages draw.

import { svg } from './element.ts';

const PATHS = {
  play: 'M7 4.5v15a1 1 0 0 0 1.5.87l12.5-7.5a1 1 0 0 0 0-1.74L8.5 3.63A1 1 0 0 0 7 4.500z',
  pause: 'M6 4h4v16H6zM14 4h4v16h-4z',
  volume:
    'M3 9v6h4l5 4.500v-15L7 9zM15 8.200v7.600a4.2 4.2 0 0 0 0-7.600zM15 4.300v2.100a6 6 0 0 1 0 11.200v2.100a8 8 0 0 0 0-15.400z',
  muted:
    'M3 9v6h4l5 4.500v-15L7 9zM22 9.4 20.6 8 18 10.6 15.4 8 14 9.4 16.6 12 14 14.6 15.4 16 18 13.4 20.6 16 22 14.6 19.4 12z',
  calendar:
    'M7 2h2v2h6V2h2v2h3a1 1 0 0 1 1 1v15a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1h3zM5 10v9h14v-9z',
  microphone:
    'M12 2a3.5 3.5 0 0 1 3.5 3.500v6a3.5 3.5 0 0 1-7 0v-6A3.5 3.5 0 0 1 12 2zM5 11h2a5 5 0 0 0 10 0h2a7 7 0 0 1-6 6.900V22h-2v-4.100A7 7 0 0 1 5 11z',
  door: 'M5 2h14a1 1 0 0 1 1 1v18h2v1H2v-1h2V3a1 1 0 0 1 1-1zM6 4v17h9V4zm6.500 8a1.200 1.200 0 1 1 0 2.400 1.200 1.200 0 0 1 0-2.400z',
} as const;

export type Icon = keyof typeof PATHS;

/** A decorative icon; the button around it carries the words. */
export function icon(name: Icon): SVGSVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    svg('path', { d: PATHS[name] }),
  );
}
