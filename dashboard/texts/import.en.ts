/** The texts of the import page in English. */

type Write = (value: number) => string

/** The texts of the import page. */
export const importEn = {
  title: 'Import',
  heading: 'Import customers and orders',
  lead: 'A file from your CRM, your shop or your e-mail tool. What exists is updated, what is new is added; nothing is deleted.',
  ofWhat: 'What the file holds',
  of: { contacts: 'Customers', orders: 'Orders' },
  choose: 'Choose a file',
  orDrop: 'or drop it here',
  dropNow: 'Drop to check the file',
  kinds: 'CSV, Excel (.xlsx), NDJSON or JSON. You see what would be imported before anything is written.',
  help: 'What the file should contain',
  helpText: {
    contacts: [
      'A first line with the column names, then one customer per line. Commas, semicolons and tabs are all understood, and so are the usual encodings.',
      'One column should hold the customer’s id in your CRM; without it, the e-mail address serves as the id. E-mail address, phone number and e-mail permission are recognised by their names; every other column is kept as an attribute.',
      'Leave out passwords and payment data: Couture does not need them.',
    ],
    orders: [
      'A first line with the column names, then one order per line, as shops and tills export them.',
      'An order needs an order number, a date, a total and the customer’s id or e-mail address. Its currency, channel and articles are kept too.',
      'Import your customers first, so that orders find them by e-mail address.',
    ],
  },

  sending: (name: string) => `Sending ${name}`,
  percent: (share: string) => `${share} sent`,
  reading: (name: string) => `Sent. The server is reading ${name}`,
  progress: 'Progress of the import',
  cancel: 'Cancel',
  cancelled: 'Cancelled. Rows that the server had already read may have been kept; you can safely send the file again.',
  another: 'Import another file',

  check: 'Check before importing',
  checkLead: 'Nothing has been written yet. If a column is read wrongly, choose another field for it.',
  confirm: (rows: number, n: Write) => `Import ${n(rows)} ${rows === 1 ? 'row' : 'rows'}`,
  discard: 'Discard',
  discarded: 'Discarded. Nothing was imported.',
  fieldOf: (column: string) => `Field of the column ${column}`,
  preview: (rows: number, n: Write) => `The first ${n(rows)} ${rows === 1 ? 'row' : 'rows'}, as they are understood`,
  wouldRejectLead: 'These rows would be skipped. You can correct them first, or import the others.',

  history: 'Imported so far',
  state: { running: 'running', complete: 'complete', 'cut short': 'cut short' },
  undo: 'Undo this import',
  undoEllipsis: 'Undo…',
  undoNot: 'Keep it',
  undoAsk:
    'What the import changed gets its former values back, and what it added is removed. Rows that something has changed since stay as they are.',
  undone: (restored: number, removed: number, kept: number, n: Write) =>
    `Undone: ${n(restored)} restored, ${n(removed)} removed, ${n(kept)} left because they have changed since.`,

  several: 'One file at a time, please.',
  empty: 'The file is empty.',
  spreadsheet: 'This is a spreadsheet of an old format. Save it as .xlsx or CSV, then import that file.',
  refused: 'The file was not imported',

  done: 'Import complete',
  doneNothing: 'Nothing was imported',
  created: 'Added',
  updated: 'Updated',
  unchanged: 'Unchanged',
  rejected: 'Rejected',
  rejectedHint: 'not imported',
  summary: (created: number, updated: number, unchanged: number, rejected: number, n: Write) =>
    `${n(created)} added, ${n(updated)} updated, ${n(unchanged)} unchanged, ${n(rejected)} rejected.`,

  columns: 'How the columns were recognised',
  column: 'Column',
  understood: 'Recognised as',
  type: 'Type',
  note: 'Note',
  dropped: 'Skipped',
  field: {
    id: 'Customer id',
    email: 'E-mail address',
    email_sha256: 'E-mail address, hashed',
    phone: 'Phone number',
    mail_consent: 'E-mail permission',
    mail_refusal: 'Refusal of e-mail',
    mail_consent_at: 'Date of the e-mail permission',
    minor: 'Minor',
    merged_into: 'Merged into another customer',
    updated_at: 'Last change',
    deleted: 'Deleted at the source',
    attributes: 'Attributes',
    order_id: 'Order number',
    contact_id: 'Customer id',
    at: 'Date of the order',
    total: 'Total',
    currency: 'Currency',
    channel: 'Channel',
    items: 'Articles',
  },
  attribute: (name: string) => `Attribute ${name}`,
  types: {
    text: 'text',
    integer: 'whole number',
    decimal: 'number',
    boolean: 'yes or no',
    date: 'date',
    timestamp: 'date and time',
    list: 'list',
  },
  readAs: 'Read as',
  delimiter: {
    comma: 'separated by commas',
    semicolon: 'separated by semicolons',
    tab: 'separated by tabs',
    pipe: 'separated by vertical bars',
    spaces: 'separated by spaces',
  },

  permission: {
    grants: 'a yes allows e-mail, a no refuses it',
    forbids: 'refuses e-mail, unless it says no',
    status: 'the state of the subscription',
    state: 'only words such as “unsubscribed” count, as a refusal',
    no_only: 'a no refuses e-mail; a yes allows nothing, as it may be about something else',
    doubt: 'it may be about something other than e-mail',
    unread: 'its heading gives yes and no another meaning',
    date_of_yes: 'when the permission was given',
    date_of_no: 'when e-mail was refused',
    date_of_change: 'when the permission last changed',
  },
  questions: {
    title: 'What the file leaves open',
    unknown_values: (column: string, examples: string, rows: number, n: Write) =>
      `“${column}” holds values that are neither a yes nor a no (${examples}), in ${n(rows)} ${rows === 1 ? 'row' : 'rows'}. Until you answer, nobody in these rows is sent e-mail.`,
    unknown_heading: (column: string, examples: string, rows: number, n: Write) =>
      `“${column}” may be about something other than e-mail (${examples}). Until you answer, the yes in ${n(rows)} ${rows === 1 ? 'row' : 'rows'} allows nothing.`,
    odd_legend: (column: string, examples: string, rows: number, n: Write) =>
      `“${column}” gives yes and no another meaning than usual (${examples}), in ${n(rows)} ${rows === 1 ? 'row' : 'rows'}. Until you answer, nobody in these rows is sent e-mail.`,
    answers: {
      valuesAllow: 'These values allow e-mail',
      allows: 'A yes allows e-mail',
      refuses: 'This column refuses e-mail',
      other: 'It is not about e-mail',
    },
    foreignIds:
      'The ids in this file seem to be another tool’s, not those of your CRM: they belong to other customers. How should customers be found?',
    byEmail: 'By their e-mail address',
    byId: 'By their id: the ids are right',
  },

  rejectedTitle: 'Rejected rows',
  rejectedLead: 'These rows were skipped; all others were imported. Correct them and send the file again.',
  rejectedShown: (shown: number, total: number, n: Write) => `Showing the first ${n(shown)} of ${n(total)}.`,
  row: 'Row',
  reason: 'Reason',
  more: 'Show more',
  download: 'Download the list as CSV',
  downloadName: 'rejected-rows.csv',
  code: 'Code',
}
