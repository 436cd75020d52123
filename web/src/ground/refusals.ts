// What a refusal says to a person.

import type { Refusal } from './call.ts';
import type { Dictionary } from './words.ts';

/** Sentences by refusal code. A language holds only what differs from the server's own sentence. */
export type Sentences = Dictionary<Readonly<Record<string, string>>>;

/** The catalogue's sentence for the refusal's code; where it has none, the server's (English). */
export function sentence(refusal: Refusal, catalogue: Sentences['en']): string {
  return Object.hasOwn(catalogue, refusal.code)
    ? (catalogue[refusal.code] as string)
    : refusal.message;
}
