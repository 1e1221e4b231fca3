/** The sentences of the import page in French, under the same keys as the English. */
import type { importEn } from './import.en.ts'

/** The texts of the import page. */
export const importFr: typeof importEn = {
  title: 'Importer',
  heading: 'Importer des clients',
  lead: 'Un fichier de votre CRM ou de votre outil d’e-mailing. Les clients connus sont mis à jour, les autres ajoutés\u00a0; personne n’est supprimé.',
  choose: 'Choisir un fichier',
  orDrop: 'ou le déposer ici',
  dropNow: 'Relâchez pour importer',
  kinds: 'CSV, NDJSON ou JSON. Le fichier est envoyé tel quel, dès qu’il est choisi.',
  help: 'Ce que le fichier doit contenir',
  helpText: [
    'Une première ligne avec le nom des colonnes, puis un client par ligne. Virgules, points-virgules et tabulations sont compris, ainsi que les encodages courants.',
    'Une colonne devrait contenir l’identifiant du client dans votre CRM\u00a0; à défaut, l’adresse e-mail en tient lieu. L’adresse e-mail, le téléphone et l’autorisation d’e-mail sont reconnus à leur nom\u00a0; toute autre colonne est gardée comme attribut.',
    'N’y laissez ni mot de passe ni données de paiement\u00a0: Couture n’en a pas l’usage.',
  ],

  sending: (name) => `Envoi de ${name}`,
  percent: (share) => `${share} envoyés`,
  reading: (name) => `Envoyé. Le serveur lit ${name}`,
  progress: 'Progression de l’import',
  cancel: 'Annuler',
  cancelled: 'Annulé. Ce que le serveur avait déjà lu a pu être gardé\u00a0; renvoyer le fichier est sans conséquence.',
  another: 'Importer un autre fichier',

  several: 'Un seul fichier à la fois, s’il vous plaît.',
  empty: 'Le fichier est vide.',
  spreadsheet: 'C’est un classeur. Enregistrez-le en CSV dans votre tableur, puis importez ce fichier-là.',
  refused: 'Le fichier n’a pas été importé',

  done: 'L’import est terminé',
  doneNothing: 'Rien n’a été importé',
  created: 'Ajoutés',
  updated: 'Mis à jour',
  unchanged: 'Inchangés',
  rejected: 'Rejetés',
  rejectedHint: 'non importés',
  summary: (created, updated, unchanged, rejected, n) =>
    `Ajoutés\u00a0: ${n(created)}, mis à jour\u00a0: ${n(updated)}, inchangés\u00a0: ${n(unchanged)}, rejetés\u00a0: ${n(rejected)}.`,

  columns: 'Comment les colonnes ont été comprises',
  column: 'Colonne',
  understood: 'Comprise comme',
  type: 'Genre',
  note: 'Remarque',
  dropped: 'Laissée de côté',
  field: {
    id: 'Identifiant client',
    email: 'Adresse e-mail',
    email_sha256: 'Adresse e-mail hachée',
    phone: 'Téléphone',
    mail_consent: 'Autorisation d’e-mail',
    mail_consent_at: 'Date de l’autorisation d’e-mail',
    minor: 'Mineur',
    merged_into: 'Fusionné avec un autre client',
    updated_at: 'Dernière modification',
  },
  attribute: (name) => `Attribut ${name}`,
  types: {
    text: 'texte',
    integer: 'nombre entier',
    decimal: 'nombre',
    boolean: 'oui ou non',
    date: 'date',
    timestamp: 'date et heure',
  },
  readAs: 'Lu comme',
  delimiter: {
    comma: 'séparé par des virgules',
    semicolon: 'séparé par des points-virgules',
    tab: 'séparé par des tabulations',
    pipe: 'séparé par des barres verticales',
  },

  rejectedTitle: 'Lignes rejetées',
  rejectedLead:
    'Elles ont été laissées de côté\u00a0; toutes les autres sont importées. Corrigez-les et renvoyez le fichier.',
  rejectedShown: (shown, total, n) => `Les ${n(shown)} premières sur ${n(total)} sont listées.`,
  row: 'Ligne',
  reason: 'Raison',
  more: 'Afficher la suite',
  download: 'Télécharger la liste en CSV',
  downloadName: 'lignes-rejetees.csv',
  code: 'Code',
}
