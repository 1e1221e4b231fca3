/** The sentences of the import page in English. */

type Write = (value: number) => string

/** The texts of the import page. */
export const importEn = {
  title: 'Import',
  heading: 'Import customers',
  lead: 'A file from your CRM or mail tool. Customers already known are updated, the others are added; nobody is deleted.',
  choose: 'Choose a file',
  orDrop: 'or drop it here',
  dropNow: 'Let go to import',
  kinds: 'CSV, NDJSON or JSON. The file is sent as it is, and as soon as it is chosen.',
  help: 'What the file should hold',
  helpText: [
    'A first line with the names of the columns, then one customer a line. Commas, semicolons and tabs are understood, and so are the usual encodings.',
    'One column should hold the id by which your CRM knows the customer; without it, the e-mail address serves as the id. E-mail address, phone number and mail permission are recognised by their names; every other column is kept as an attribute.',
    'Leave out passwords and payment data: Couture has no use for them.',
  ],

  sending: (name: string) => `Sending ${name}`,
  percent: (share: string) => `${share} sent`,
  reading: (name: string) => `Sent. The server is reading ${name}`,
  progress: 'Progress of the import',
  cancel: 'Cancel',
  cancelled: 'Cancelled. What the server had already read may have been kept; sending the file again does no harm.',
  another: 'Import another file',

  several: 'One file at a time, please.',
  empty: 'The file is empty.',
  spreadsheet: 'This is a spreadsheet. Save it as CSV in your spreadsheet program, and import that.',
  refused: 'The file was not imported',

  done: 'The import is done',
  doneNothing: 'Nothing was imported',
  created: 'Added',
  updated: 'Updated',
  unchanged: 'Unchanged',
  rejected: 'Rejected',
  rejectedHint: 'not imported',
  summary: (created: number, updated: number, unchanged: number, rejected: number, n: Write) =>
    `${n(created)} added, ${n(updated)} updated, ${n(unchanged)} unchanged, ${n(rejected)} rejected.`,

  columns: 'How the columns were understood',
  column: 'Column',
  understood: 'Understood as',
  type: 'Kind',
  note: 'Note',
  dropped: 'Left out',
  field: {
    id: 'Customer id',
    email: 'E-mail address',
    email_sha256: 'E-mail address, hashed',
    phone: 'Phone number',
    mail_consent: 'Mail permission',
    mail_consent_at: 'Date of the mail permission',
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
    pipe: 'separated by bars',
  },

  rejectedTitle: 'Rejected rows',
  rejectedLead: 'They were left out; all the others were imported. Correct them and send the file again.',
  rejectedShown: (shown: number, total: number, n: Write) => `The first ${n(shown)} of ${n(total)} are listed.`,
  row: 'Row',
  reason: 'Reason',
  more: 'Show more',
  download: 'Download the list as CSV',
  downloadName: 'rejected-rows.csv',
  code: 'Code',
}
