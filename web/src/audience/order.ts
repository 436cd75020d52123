// Which of two answers is the older one: a cache or another edge may be a second behind.

import type { EventState } from '../ground/contract.ts';

/** The life of an event runs one way (docs/reference/life.md). */
const LIFE = ['scheduled', 'doors_open', 'live', 'ended', 'posted', 'cancelled'];

/** Whether `answer` tells of an earlier moment than `known`; then it is to be ignored. */
export function is_older(answer: EventState, known: EventState): boolean {
  const step = LIFE.indexOf(answer.phase) - LIFE.indexOf(known.phase);
  if (step !== 0) return step < 0;
  // Both say that it is over, but only one knows the replay.
  if (answer.phase !== 'live' && known.links.replay && !answer.links.replay) return true;
  return Date.parse(answer.now) < Date.parse(known.now);
}
