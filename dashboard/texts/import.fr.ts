/** The texts of the import page in French, under the same keys as the English. */
import type { importEn } from './import.en.ts'

/** The texts of the import page. */
export const importFr: typeof importEn = {
  title: 'Importer',
  heading: 'Importer des clients',
  lead: 'Un fichier de votre CRM ou de votre outil d’e-mailing. Les clients existants sont mis à jour, les nouveaux sont ajoutés\u00a0; aucun n’est supprimé.',
  choose: 'Choisir un fichier',
  orDrop: 'ou le déposer ici',
  dropNow: 'Relâchez pour importer',
  kinds: 'CSV, Excel (.xlsx), NDJSON ou JSON. Le fichier est envoyé tel quel, dès que vous l’avez choisi.',
  help: 'Ce que le fichier doit contenir',
  helpText: [
    'Une première ligne avec les noms des colonnes, puis un client par ligne. Les virgules, points-virgules et tabulations sont reconnus, ainsi que les encodages courants.',
    'Une colonne devrait contenir l’identifiant du client dans votre CRM\u00a0; à défaut, l’adresse e-mail sert d’identifiant. L’adresse e-mail, le téléphone et l’autorisation d’e-mail sont reconnus à leur nom\u00a0; toute autre colonne est conservée comme attribut.',
    'N’incluez ni mots de passe ni données de paiement\u00a0: Couture n’en a pas besoin.',
  ],

  sending: (name) => `Envoi de ${name}`,
  percent: (share) => `${share} envoyés`,
  reading: (name) => `Envoyé. Le serveur lit ${name}`,
  progress: 'Progression de l’import',
  cancel: 'Annuler',
  cancelled:
    'Annulé. Les lignes déjà lues par le serveur ont pu être conservées\u00a0; vous pouvez renvoyer le fichier sans risque.',
  another: 'Importer un autre fichier',

  several: 'Un seul fichier à la fois, s’il vous plaît.',
  empty: 'Le fichier est vide.',
  spreadsheet: 'Ce classeur est dans un ancien format. Enregistrez-le en .xlsx ou en CSV, puis importez ce fichier.',
  refused: 'Le fichier n’a pas été importé',

  done: 'Import terminé',
  doneNothing: 'Rien n’a été importé',
  created: 'Ajoutés',
  updated: 'Mis à jour',
  unchanged: 'Inchangés',
  rejected: 'Rejetés',
  rejectedHint: 'non importés',
  summary: (created, updated, unchanged, rejected, n) =>
    `Ajoutés\u00a0: ${n(created)}, mis à jour\u00a0: ${n(updated)}, inchangés\u00a0: ${n(unchanged)}, rejetés\u00a0: ${n(rejected)}.`,

  columns: 'Comment les colonnes ont été reconnues',
  column: 'Colonne',
  understood: 'Reconnue comme',
  type: 'Type',
  note: 'Remarque',
  dropped: 'Ignorée',
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
    'Ces lignes ont été ignorées\u00a0; toutes les autres ont été importées. Corrigez-les, puis renvoyez le fichier.',
  rejectedShown: (shown, total, n) => `Affichage des ${n(shown)} premières sur ${n(total)}.`,
  row: 'Ligne',
  reason: 'Motif',
  more: 'Afficher la suite',
  download: 'Télécharger la liste en CSV',
  downloadName: 'lignes-rejetees.csv',
  code: 'Code',
}
