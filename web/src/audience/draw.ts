// A ticket's rank, worked out by the page itself as soon as the seed is public: nobody has to be asked.

const text = new TextEncoder();

/** Cohort 0 came before the doors opened; then one more each `cohort_s` (src/rostra/admission/draw.py). */
export function cohort(arrived_s: number, opened_at_s: number, cohort_s: number): number {
  return arrived_s < opened_at_s ? 0 : 1 + Math.floor((arrived_s - opened_at_s) / cohort_s);
}

/** The fraction of a ticket id under `seed` (hex); null where the browser has no SHA-256 (plain HTTP). */
export async function fraction(seed: string, ticket_id: string): Promise<number | null> {
  if (!globalThis.crypto?.subtle) return null;
  const bytes = (seed.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const drawn = Uint8Array.from([
    ...text.encode('rostra rank\0'),
    ...bytes,
    ...text.encode(ticket_id),
  ]);
  return new DataView(await crypto.subtle.digest('SHA-256', drawn)).getUint32(0);
}
