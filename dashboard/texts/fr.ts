/**
 * All texts of the dashboard in French, under the same keys as the English. French has a no-break space before a colon
 * and counts zero as singular.
 */
import { accountFr } from './account.fr.ts'
import { contactFr } from './contact.fr.ts'
import type { Texts } from './en.ts'
import { importFr } from './import.fr.ts'
import { linksFr } from './links.fr.ts'
import { reviewFr } from './review.fr.ts'

const visiteurs = (count: number) => (count < 2 ? 'visiteur' : 'visiteurs')

/** The French texts. */
export const fr: Texts = {
  appName: 'Couture',
  skip: 'Aller au contenu',
  nav: 'Pages',
  language: 'Langue',
  signOut: 'Se déconnecter',
  retry: 'Réessayer',
  loading: 'Chargement…',
  newTab: '(nouvel onglet)',
  none: '–',

  signIn: 'Se connecter',
  signInLead: 'Rattachez les visites aux clients que vous connaissez déjà, avec leur consentement.',
  userName: 'Nom',
  nameMissing: 'Veuillez saisir votre nom.',
  password: 'Mot de passe',
  passwordHint:
    'Le premier mot de passe s’est affiché au démarrage de Couture. Un propriétaire peut remplacer un mot de passe perdu.',
  signInRefused: 'Aucun utilisateur ne correspond à ce nom et à ce mot de passe.',
  signInTooMany: 'Trop de mots de passe erronés. Patientez quelques secondes.',
  passwordMissing: 'Veuillez saisir le mot de passe.',
  signingIn: 'Connexion…',
  sessionEnded: 'Votre session a expiré. Reconnectez-vous pour reprendre là où vous en étiez.',

  unreachable: 'Le serveur est injoignable. Vérifiez votre connexion.',
  failed: (detail) => `Le serveur n’a pas pu traiter la demande\u00a0: ${detail}`,
  notRefreshed: 'Échec de l’actualisation. Nouvelle tentative en cours.',
  updated: (seconds, n) => (seconds < 1 ? 'Actualisé à l’instant' : `Actualisé il y a ${n(seconds)}\u00a0s`),
  justNow: 'à l’instant',

  overview: 'Vue d’ensemble',
  period: 'Période',
  periodDays: (days, n) => `${n(days)}\u00a0jours`,
  between: (from, to) => `Du ${from} au ${to}, jours en UTC`,

  missingConsent: 'Consentement manquant',
  missingConsentSentence: ({ count, of }, n) =>
    `Sur la dernière heure, ${n(count)}\u00a0événements sur ${n(of)} sont arrivés sans consentement.`,
  missingConsentAdvice: (site, door) =>
    `Reçus pour le site ${site} par ${door}, ils n’ont pas été conservés. Demandez à la personne qui a raccordé la boutique de transmettre le choix du visiteur avec chaque événement\u00a0; docs/consent.md#missing-consent explique comment.`,
  doors: { tag: 'le tag', api: 'un serveur avec clé', segment: 'l’API de Segment' },

  matchRate: 'Taux de rapprochement',
  matchSentence: ({ count, of }, n) =>
    of === 0
      ? 'Aucun visiteur n’a encore accepté la reconnaissance sur cette période.'
      : `${n(count)} ${visiteurs(count)} sur ${n(of)} ayant accepté la reconnaissance ${count < 2 ? 'est un client connu' : 'sont des clients connus'}.`,
  audience: 'Visiteurs et consentement',
  visitors: 'Visiteurs',
  visitorsHint: 'ayant accepté la mesure d’audience',
  identityRate: 'Acceptent la reconnaissance',
  marketingRate: 'Acceptent le marketing',
  ofVisitors: ({ count, of }, n) => (of === 0 ? 'aucun visiteur' : `${n(count)} sur ${n(of)}`),
  withdrawals: 'Consentements retirés',

  carts: 'Paniers',
  cartsOpen: 'Ouverts',
  cartsOpenHint: 'en cours de remplissage',
  cartsAbandoned: 'Abandonnés',
  cartsAbandonedHint: 'au cours des sept derniers jours',
  mailableNow: 'Peuvent être relancés maintenant',
  cartsRecovered: 'Récupérés',
  cartsRecoveredHint: 'abandonnés, puis commandés',
  recoveredByLink: 'Grâce à un lien d’e-mail',
  boughtAnyway: 'Achetés sans relance',
  unknownValue: (count, n) => `et ${n(count)} de montant inconnu`,
  seeWho: 'Voir à qui ils sont',

  byDay: 'Évolution par jour',
  known: 'Clients connus',
  chartSummary: (visitors, known, best, most, n) =>
    visitors === 0
      ? 'Histogramme des visiteurs par jour\u00a0: aucun visiteur sur la période.'
      : `Histogramme des visiteurs par jour\u00a0: ${n(visitors)} sur la période, dont ${n(known)} clients connus. Jour le plus fréquenté\u00a0: ${best}, avec ${n(most)}.`,
  chartReadout: (day, visitors, known, n) =>
    `${day}\u00a0: ${n(visitors)} ${visiteurs(visitors)}, dont ${n(known)} ${known < 2 ? 'connu' : 'connus'}`,
  chartTable: 'Afficher ces chiffres en tableau',
  chartTableCaption: 'Visiteurs et clients connus par jour',
  date: 'Date',

  abandonedCarts: 'Paniers abandonnés',
  abandonedLead:
    'Paniers sans activité depuis sept jours au plus. Les réglages du site fixent le délai à partir duquel un panier est abandonné.',
  show: 'Afficher',
  everyone: 'Tous',
  customers: 'Clients connus',
  anonymous: 'Anonymes',
  loaded: (shown, loaded, more, n) => {
    const all = more ? (loaded < 2 ? 'chargé' : 'chargés') : 'au total'
    return shown === loaded ? `${n(loaded)} ${all}` : `${n(shown)} sur ${n(loaded)} ${all}`
  },
  loadMore: 'Charger la suite',
  loadingMore: 'Chargement de la suite…',
  cartsCaption: 'Personnes ayant un panier abandonné',
  who: 'Client',
  what: 'Articles',
  value: 'Montant',
  since: 'Depuis',
  evidence: 'Preuve',
  mail: 'E-mail',

  anonymousVisitor: 'Visiteur anonyme',
  customerId: (id) => `Client ${id}`,
  visitorId: (id) => `Visiteur ${id}`,
  itemsMore: (count, n) => `et ${n(count)} de plus`,
  cartHidden: {
    no_mail_consent: 'Panier masqué\u00a0: e-mail non autorisé',
    permission_unclear: 'Panier masqué\u00a0: autorisation d’e-mail à préciser',
    no_marketing_consent: 'Panier masqué\u00a0: pas de consentement marketing',
    not_a_contact: 'Panier masqué\u00a0: client inconnu',
    minor: 'Panier masqué\u00a0: client mineur',
  },
  cartUnknown: 'Contenu du panier inconnu',
  hidden: 'Masqué',
  mailable: 'Autorisé',
  notMailable: {
    no_mail_consent: 'Pas d’autorisation',
    permission_unclear: 'Autorisation à préciser\u00a0: voir l’import',
    no_marketing_consent: 'Pas de consentement marketing',
    not_a_contact: 'Adresse inconnue',
    minor: 'Jamais\u00a0: client mineur',
  },
  notMailableOther: 'Non autorisé',

  strength: { verified: 'Vérifié', confirmed: 'Confirmé', typed: 'Saisi seulement' },
  grade: {
    proven: 'prouvé lors de cette visite',
    shared: 'sur un navigateur partagé',
    remembered: 'visite ultérieure',
    before: 'visite antérieure',
    clicked: 'un seul clic de newsletter',
    after_click: 'après un seul clic de newsletter',
    cart: 'panier d’avant le clic',
  },
  notLinked: 'Pas encore reconnu',
  proof: {
    login_verified: { label: 'Connexion signée', short: 'Attestée par la boutique.' },
    email_click: { label: 'Clic dans une newsletter', short: 'Elle avait été envoyée à ce client.' },
    login_claimed: { label: 'Connexion non signée', short: 'Indiquée par la page, sans preuve.' },
    form_email: { label: 'Adresse saisie', short: 'Saisie dans un formulaire, sans preuve.' },
  },
  proofTitle: 'Comment une visite est rattachée à un client',
  proofs: [
    {
      label: 'Vérifié',
      text: 'Le client s’est connecté, et le serveur de la boutique a signé une attestation de son identité. C’est la preuve la plus forte.',
    },
    {
      label: 'Confirmé',
      text: 'Quelqu’un a ouvert un lien personnel d’une newsletter, puis a utilisé la page. Un lien seulement visité par un antivirus de messagerie ne compte pas.',
    },
    {
      label: 'Saisi seulement',
      text: 'Quelqu’un a saisi l’adresse de ce client dans un formulaire, à côté du panier. N’importe qui peut le faire\u00a0: le panier n’est donc pas attribué au client. Il apparaît sous cette adresse uniquement parce que les réglages du site autorisent les relances de ces paniers.',
    },
    {
      label: 'Pas encore reconnu',
      text: 'Rien ne rattache ce navigateur à un client, ou la reconnaissance n’a pas été acceptée. Le panier est compté, mais reste anonyme.',
    },
  ],

  emptyTitle: 'Aucun panier abandonné pour le moment',
  emptyText:
    'Lorsqu’un visiteur remplit un panier puis s’en va, son panier apparaît ici automatiquement\u00a0: avec un nom s’il s’agit d’un client connu, sans nom sinon. Il disparaît une fois la commande passée, ou au bout de sept jours.',
  emptyFilter: 'Aucun des paniers chargés ne correspond à ce filtre.',

  downloadCsv: 'Télécharger en CSV',
  account: accountFr,
  contact: contactFr,
  links: linksFr,
  imports: importFr,
  review: reviewFr,
}
