// The house's capacity certificate: what it allows, whether it holds, or why it does not.

import { local_time } from '../ground/clock.ts';
import { h, refill, say, show } from '../ground/element.ts';
import { type Language, regional } from '../ground/words.ts';
import type { Certificate, CertificateView } from './contract.ts';
import { Figures } from './figures.ts';
import { REHEARSAL_WORDS } from './rehearsal_words.ts';
import { ROOM_WORDS } from './room_words.ts';

export class CertificateCard {
  readonly element: HTMLElement;
  private readonly language: Language;
  private readonly locale: string;
  private readonly figures: Figures;
  private readonly sentence = h('p', { class: 'sentence' });
  // The reasons come from the house as they stand in its log.
  private readonly why = h('p', { lang: 'en', hidden: true });
  private readonly rungs = h('div');

  constructor(language: Language) {
    this.language = language;
    this.locale = regional(language, navigator.languages);
    this.figures = new Figures(this.locale);
    this.element = h(
      'section',
      { class: 'card stack', id: 'certificate', hidden: true },
      h('h2', { class: 'big' }, REHEARSAL_WORDS[language].certificate),
      this.sentence,
      this.why,
      this.rungs,
    );
  }

  update({ certificate, holds, why_not }: CertificateView): void {
    const t = REHEARSAL_WORDS[this.language];
    show(this.element, true);
    const said = certificate ? (holds ? t.cert_holds : t.cert_lapsed) : null;
    const when = certificate ? local_time(certificate.issued, this.locale) : '';
    say(this.sentence, said && certificate ? said(certificate.number, when) : t.cert_none);
    say(this.why, why_not);
    show(this.why, certificate !== null && !holds && why_not !== '');
    refill(this.rungs, JSON.stringify([certificate?.number, holds]), () =>
      certificate && holds && certificate.findings.void === '' ? [this.ladder(certificate)] : [],
    );
  }

  private ladder(certificate: Certificate): HTMLElement {
    const [t, f] = [REHEARSAL_WORDS[this.language], this.figures];
    return h(
      'dl',
      { class: 'numbers' },
      ...certificate.findings.rungs.map((rung) => {
        const seen =
          rung.knee === null
            ? t.cert_least(f.count(rung.carried))
            : t.cert_knee(f.count(rung.carried), f.count(rung.knee));
        const gives = ROOM_WORDS[this.language].rungs[rung.rung] ?? '';
        return h(
          'div',
          { 'data-rung': rung.rung },
          h('dt', {}, t.cert_rung(rung.rung, gives)),
          h('dd', {}, h('b', {}, f.count(rung.allowed)), h('small', { class: 'quiet' }, seen)),
        );
      }),
    );
  }
}
