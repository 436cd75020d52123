// The languages of the pages. Each page keeps its own typed dictionary of this shape.

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

/** One dictionary: every language has the same keys, or the types do not check. */
export type Dictionary<Words> = Readonly<Record<Language, Words>>;

/** The nearest language that the pages speak, for tags as in RFC 5646; English where none is near. */
export function nearest(...tags: (string | null | undefined)[]): Language {
  for (const tag of tags) {
    const primary = tag?.toLowerCase().split('-')[0];
    const found = LANGUAGES.find((language) => language === primary);
    if (found) return found;
  }
  return 'en';
}

/** The viewer's own region of a language, for dates and numbers: "en-GB" for "en", if preferred. */
export function regional(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language;
}

/** `{n}` with the plural form of the language: `count(3, 'fr', ['auditeur', 'auditeurs'])`. */
export function count(n: number, language: string, forms: readonly [string, string]): string {
  const one = new Intl.PluralRules(language).select(n) === 'one';
  return `${new Intl.NumberFormat(language).format(n)} ${one ? forms[0] : forms[1]}`;
}

/** Names in a sentence: "Ada, Grace and Alan". */
export function names(list: readonly string[], language: string): string {
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(list);
}
