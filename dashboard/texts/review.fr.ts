/** What is to be looked at, in French, under the same keys as the English. */
import type { reviewEn } from './review.en.ts'

/** The sentences of the review page and of the buttons on each link. */
export const reviewFr: typeof reviewEn = {
  title: 'À examiner',
  waiting: 'à examiner',
  lead: 'Ce que les règles ne pouvaient trancher seules. Rien ne presse, et tout ce que vous dites peut être repris.',
  duplicates: 'Peut-être une même personne, connue deux fois',
  duplicatesLead:
    'Quelqu’un était connecté et a ouvert la newsletter d’un autre client. Juste\u00a0: la visite était aussi celle de ce client. S’il s’agit d’une seule personne, réunissez les deux fiches dans le CRM.',
  frozen: 'Trop de navigateurs',
  frozenLead:
    'Plus de nouveaux navigateurs ont nommé ces clients qu’une seule personne n’en a. Les nouveaux liens attendent que quelqu’un y regarde.',
  forwarded: 'Newsletters transmises à d’autres',
  forwardedLead:
    'Un lien personnel a été ouvert par d’autres que son destinataire. Les règles n’ont attribué ces visites à personne.',
  ambiguous: 'Une adresse, plusieurs clients',
  ambiguousLead: 'L’adresse appartient à plusieurs clients\u00a0: elle ne désigne donc personne. Le CRM peut trancher.',
  others: 'En attente d’examen',
  othersLead: 'Des déclarations qui attendent un mot de quelqu’un de la boutique.',
  shared: 'Appareils partagés',
  sharedLead: 'Plusieurs clients y ont prouvé qui ils sont\u00a0: chaque lien ne vaut donc que pour sa propre visite.',
  none: 'Rien à examiner',
  noneHint:
    'Les doublons possibles, les newsletters transmises et les appareils partagés apparaissent ici d’eux-mêmes.',
  first: 'Les mille premiers de chaque sorte sont affichés.',
  rest: (count, n) => `En afficher ${n(count)} de plus`,
  customers: 'Clients',
  nobody: 'Personne en particulier',
  right: 'C’est juste',
  wrong: 'C’est une erreur',
  undo: 'Annuler',
  ask: 'Juste ou non\u00a0?',
  said: { confirm: 'Vous avez dit que c’est juste.', void: 'Vous avez dit que c’est une erreur.' },
  saidAt: {
    confirm: (at) => `Dit juste le ${at}.`,
    void: (at) => `Dit erroné le ${at}.`,
    clear: (at) => `Ce qui avait été dit a été repris le ${at}.`,
  },
  follows: 'Ce qui en découle apparaît dans quelques instants.',
}
