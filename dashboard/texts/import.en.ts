/** The texts of the import page in English. */

type Write = (value: number) => string

/** The texts of the import page. */
export const importEn = {
  title: 'Import',
  heading: 'Import customers',
  lead: 'A file from your CRM or e-mail tool. Existing customers are updated, new ones are added; none are deleted.',
  choose: 'Choose a file',
  orDrop: 'or drop it here',
  dropNow: 'Drop to import',
  kinds: 'CSV, Excel (.xlsx), NDJSON or JSON. The file is sent unchanged, as soon as you choose it.',
  help: 'What the file should contain',
  helpText: [
    'A first line with the column names, then one customer per line. Commas, semicolons and tabs are all understood, and so are the usual encodings.',
    'One column should hold the customer’s id in your CRM; without it, the e-mail address serves as the id. E-mail address, phone number and e-mail permission are recognised by their names; every other column is kept as an attribute.',
    'Leave out passwords and payment data: Couture does not need them.',
  ],

  sending: (name: string) => `Sending ${name}`,
  percent: (share: string) => `${share} sent`,
  reading: (name: string) => `Sent. The server is reading ${name}`,
  progress: 'Progress of the import',
  cancel: 'Cancel',
  cancelled: 'Cancelled. Rows that the server had already read may have been kept; you can safely send the file again.',
  another: 'Import another file',

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
    mail_consent_at: 'Date of the e-mail permission',
    minor: 'Minor',
    merged_into: 'Merged into another customer',
    updated_at: 'Last change',
  },
  attribute: (name: string) => `Attribute ${name}`,
  types: {
    text: 'text',
    integer: 'whole number',
    decimal: 'number',
    boolean: 'yes or no',
    date: 'date',
    timestamp: 'date and time',
  },
  readAs: 'Read as',
  delimiter: {
    comma: 'separated by commas',
    semicolon: 'separated by semicolons',
    tab: 'separated by tabs',
    pipe: 'separated by vertical bars',
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
