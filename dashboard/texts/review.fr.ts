/** The texts about links that need review, in French, under the same keys as the English. */
import type { reviewEn } from './review.en.ts'

/** The texts of the review page and of the buttons on each link. */
export const reviewFr: typeof reviewEn = {
  title: 'À examiner',
  waiting: 'à examiner',
  lead: 'Les cas que les règles n’ont pas pu trancher seules. Rien d’urgent, et chaque décision peut être annulée.',
  duplicates: 'Doublons possibles',
  duplicatesLead:
    'La newsletter d’un autre client a été ouverte sur un navigateur où quelqu’un s’est connecté. Choisissez «\u00a0C’est exact\u00a0» si la visite était aussi celle de ce client. S’il s’agit d’une seule personne, fusionnez les deux fiches dans le CRM.',
  frozen: 'Trop de navigateurs',
  frozenLead:
    'Ces clients ont été nommés par plus de nouveaux navigateurs qu’une seule personne n’en utilise. Les nouveaux liens restent en attente jusqu’à leur examen.',
  forwarded: 'Newsletters transférées',
  forwardedLead:
    'Un lien personnel a été ouvert par d’autres personnes que son destinataire. Les règles n’ont attribué ces visites à personne.',
  ambiguous: 'Une adresse, plusieurs clients',
  ambiguousLead:
    'L’adresse appartient à plusieurs clients\u00a0: elle ne permet d’identifier personne. Le CRM peut trancher.',
  others: 'En attente d’examen',
  othersLead: 'Des déclarations qui attendent une décision de la boutique.',
  shared: 'Appareils partagés',
  sharedLead: 'Plusieurs clients se sont identifiés ici\u00a0: chaque lien ne vaut donc que pour sa propre visite.',
  none: 'Rien à examiner',
  noneHint:
    'Les doublons possibles, les newsletters transférées et les appareils partagés apparaissent ici automatiquement.',
  first: 'Seuls les mille premiers de chaque type sont affichés.',
  rest: (count, n) => `En afficher ${n(count)} de plus`,
  customers: 'Clients',
  nobody: 'Personne en particulier',
  right: 'C’est exact',
  wrong: 'C’est une erreur',
  undo: 'Annuler',
  ask: 'Est-ce exact\u00a0?',
  said: { confirm: 'Vous avez confirmé ce lien.', void: 'Vous avez signalé une erreur.' },
  saidAt: {
    confirm: (at) => `Confirmé le ${at}.`,
    void: (at) => `Signalé comme une erreur le ${at}.`,
    clear: (at) => `Décision annulée le ${at}.`,
  },
  follows: 'L’effet sera visible dans quelques instants.',
}
