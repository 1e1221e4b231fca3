/** The texts of the import page in French, under the same keys as the English. */
import type { importEn } from './import.en.ts'

/** The texts of the import page. */
export const importFr: typeof importEn = {
  title: 'Importer',
  heading: 'Importer des clients et des commandes',
  lead: 'Un fichier de votre CRM, de votre boutique ou de votre outil d’e-mailing. Ce qui existe est mis à jour, ce qui est nouveau est ajouté\u00a0; rien n’est supprimé.',
  ofWhat: 'Contenu du fichier',
  of: { contacts: 'Clients', orders: 'Commandes' },
  choose: 'Choisir un fichier',
  orDrop: 'ou le déposer ici',
  dropNow: 'Relâchez pour vérifier le fichier',
  kinds: 'CSV, Excel (.xlsx), NDJSON ou JSON. Vous voyez ce qui sera importé avant que rien ne soit écrit.',
  help: 'Ce que le fichier doit contenir',
  helpText: {
    contacts: [
      'Une première ligne avec les noms des colonnes, puis un client par ligne. Les virgules, points-virgules et tabulations sont reconnus, ainsi que les encodages courants.',
      'Une colonne devrait contenir l’identifiant du client dans votre CRM\u00a0; à défaut, l’adresse e-mail sert d’identifiant. L’adresse e-mail, le téléphone et l’autorisation d’e-mail sont reconnus à leur nom\u00a0; toute autre colonne est conservée comme attribut.',
      'N’incluez ni mots de passe ni données de paiement\u00a0: Couture n’en a pas besoin.',
    ],
    orders: [
      'Une première ligne avec les noms des colonnes, puis une commande par ligne, telle que l’exportent les boutiques et les caisses.',
      'Une commande a besoin d’un numéro, d’une date, d’un total et de l’identifiant ou de l’adresse e-mail du client. La devise, le canal et les articles sont conservés aussi.',
      'Importez d’abord vos clients, pour que les commandes les retrouvent par leur adresse e-mail.',
    ],
  },

  sending: (name) => `Envoi de ${name}`,
  percent: (share) => `${share} envoyés`,
  reading: (name) => `Envoyé. Le serveur lit ${name}`,
  progress: 'Progression de l’import',
  cancel: 'Annuler',
  cancelled:
    'Annulé. Les lignes déjà lues par le serveur ont pu être conservées\u00a0; vous pouvez renvoyer le fichier sans risque.',
  another: 'Importer un autre fichier',

  check: 'Vérifier avant d’importer',
  checkLead: 'Rien n’a encore été écrit. Si une colonne est mal comprise, choisissez un autre champ.',
  confirm: (rows, n) => `Importer ${n(rows)} ${rows < 2 ? 'ligne' : 'lignes'}`,
  discard: 'Abandonner',
  discarded: 'Abandonné. Rien n’a été importé.',
  fieldOf: (column) => `Champ de la colonne ${column}`,
  preview: (rows, n) => `Les ${n(rows)} premières lignes, telles qu’elles sont comprises`,
  wouldRejectLead: 'Ces lignes seraient ignorées. Vous pouvez les corriger d’abord, ou importer les autres.',

  history: 'Imports précédents',
  state: { running: 'en cours', complete: 'terminé', 'cut short': 'interrompu' },
  undo: 'Annuler cet import',
  undoEllipsis: 'Annuler…',
  undoNot: 'Le conserver',
  undoAsk:
    'Ce que l’import a modifié retrouve ses anciennes valeurs, ce qu’il a ajouté est supprimé. Les lignes modifiées depuis restent telles quelles.',
  undone: (restored, removed, kept, n) =>
    `Annulé\u00a0: ${n(restored)} rétablies, ${n(removed)} supprimées, ${n(kept)} laissées car modifiées depuis.`,

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
    mail_refusal: 'Refus d’e-mail',
    mail_consent_at: 'Date de l’autorisation d’e-mail',
    minor: 'Mineur',
    merged_into: 'Fusionné avec un autre client',
    updated_at: 'Dernière modification',
    deleted: 'Supprimé à la source',
    attributes: 'Attributs',
    order_id: 'Numéro de commande',
    contact_id: 'Identifiant client',
    at: 'Date de la commande',
    total: 'Total',
    currency: 'Devise',
    channel: 'Canal',
    items: 'Articles',
  },
  attribute: (name) => `Attribut ${name}`,
  types: {
    text: 'texte',
    integer: 'nombre entier',
    decimal: 'nombre',
    boolean: 'oui ou non',
    date: 'date',
    timestamp: 'date et heure',
    list: 'liste',
  },
  readAs: 'Lu comme',
  delimiter: {
    comma: 'séparé par des virgules',
    semicolon: 'séparé par des points-virgules',
    tab: 'séparé par des tabulations',
    pipe: 'séparé par des barres verticales',
    spaces: 'séparé par des espaces',
  },

  permission: {
    grants: 'un oui autorise l’e-mail, un non le refuse',
    forbids: 'refuse l’e-mail, sauf si la cellule dit non',
    status: 'l’état de l’abonnement',
    state: 'seuls les mots comme «\u00a0désabonné\u00a0» comptent, comme refus',
    no_only: 'un non refuse l’e-mail\u00a0; un oui n’autorise rien, car il peut porter sur autre chose',
    doubt: 'peut porter sur autre chose que l’e-mail',
    unread: 'son intitulé donne un autre sens à oui et à non',
    date_of_yes: 'date à laquelle l’autorisation a été donnée',
    date_of_no: 'date du refus',
    date_of_change: 'dernier changement de l’autorisation',
  },
  questions: {
    title: 'Ce que le fichier laisse en suspens',
    unknown_values: (column, examples, rows, n) =>
      `«\u00a0${column}\u00a0» contient des valeurs qui ne sont ni un oui ni un non (${examples}), sur ${n(rows)} ${rows === 1 ? 'ligne' : 'lignes'}. Tant que vous n’avez pas répondu, ces clients ne reçoivent aucun e-mail.`,
    unknown_heading: (column, examples, rows, n) =>
      `«\u00a0${column}\u00a0» porte peut-être sur autre chose que l’e-mail (${examples}). Tant que vous n’avez pas répondu, le oui de ${n(rows)} ${rows === 1 ? 'ligne' : 'lignes'} n’autorise rien.`,
    odd_legend: (column, examples, rows, n) =>
      `«\u00a0${column}\u00a0» donne à oui et à non un sens inhabituel (${examples}), sur ${n(rows)} ${rows === 1 ? 'ligne' : 'lignes'}. Tant que vous n’avez pas répondu, ces clients ne reçoivent aucun e-mail.`,
    answers: {
      valuesAllow: 'Ces valeurs autorisent l’e-mail',
      allows: 'Un oui autorise l’e-mail',
      refuses: 'Cette colonne est un refus',
      other: 'Cela ne concerne pas l’e-mail',
    },
    foreignIds:
      'Les identifiants de ce fichier semblent être ceux d’un autre outil, et non ceux de votre CRM\u00a0: ils désignent d’autres clients. Comment retrouver les clients\u00a0?',
    byEmail: 'Par leur adresse e-mail',
    byId: 'Par leur identifiant\u00a0: il est juste',
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
