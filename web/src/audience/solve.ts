// ALTCHA's own solver in workers of its own. The widget around it is left out: it draws a box to be
// ticked, and watches how a person moves the mouse.

import Solver from 'altcha/workers/pbkdf2?worker';
import type { Challenge } from '../ground/contract.ts';

/** Beyond, a phone gets warm and little is won. */
const WORKERS = 4;

/** What a worker says: the solution, null when it gave up, or what went wrong. */
type Said = { counter: number; derivedKey: string; error?: unknown } | null;

/** The solution as `Rostra-Challenge` carries it; null when aborted. Throws where workers fail. */
export async function solve(challenge: Challenge, signal: AbortSignal): Promise<string | null> {
  const count = Math.min(WORKERS, Math.max(1, navigator.hardwareConcurrency || 2));
  const workers: Worker[] = [];
  try {
    const said = await new Promise<Said>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(null));
      if (signal.aborted) resolve(null);
      for (let first = 0; first < count; first += 1) {
        const worker = new Solver();
        workers.push(worker);
        worker.addEventListener('error', reject);
        worker.addEventListener('message', ({ data }: MessageEvent<Said>) => {
          if (data?.error) reject(new Error(String(data.error)));
          else resolve(data);
        });
        worker.postMessage({
          type: 'work',
          challenge,
          counterStart: first,
          counterStep: count,
          timeout: 0,
        });
      }
    });
    if (said === null) return null;
    const { counter, derivedKey } = said;
    return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}
