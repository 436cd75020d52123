// One tab of a browser at a time: what one has asked for, the others need not ask again.

import { forget, recall, remember } from '../ground/memory.ts';

const HELD_MS = 20_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs `act` while no other tab runs one under the same name. */
export async function alone(name: string, act: () => Promise<void>): Promise<void> {
  if (navigator.locks) return navigator.locks.request(`rostra.${name}`, act);
  // Plain HTTP beyond localhost has no locks: a name in the storage, looked at again after a moment.
  const key = `alone.${name}`;
  const own = String(Math.random());
  for (;;) {
    const [holder, until_ms] = (recall(key) ?? '').split(' ');
    if (!holder || Number(until_ms) < Date.now()) {
      remember(key, `${own} ${Date.now() + HELD_MS}`);
      await pause(30 + Math.random() * 40);
      const found = recall(key);
      if (found === null || found.startsWith(own)) break; // null: no storage, so no other tab either
    }
    await pause(100 + Math.random() * 200);
  }
  try {
    await act();
  } finally {
    forget(key);
  }
}
