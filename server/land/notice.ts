/** What the operator should know about a journal and its cursor, and the sentence that says it. */

/** The numbers are those of entries, each of which holds a group of requests. */
export type Notice =
  | { kind: 'foreign cursor'; journalId: string; cursor: number; newest: number }
  | { kind: 'new journal'; journalId: string; journals: number; furthest: number }
  | { kind: 'entries gone'; journalId: string; from: number; to: number }

/** What happened, what is done about it, and what is lost, if anything. */
export function noticeText(notice: Notice): string {
  switch (notice.kind) {
    case 'foreign cursor':
      return (
        `the store records that this journal was landed up to entry ${notice.cursor}, but that is not the entry to which ` +
        `the journal gave this number (its newest is ${notice.newest}): journal.db or the store was restored from a ` +
        'backup, or another machine runs on a copy of this folder; the journal takes a new id, and all its entries are ' +
        'landed again, once'
      )
    case 'new journal':
      return (
        `journal.db is new to the store, which knows ${notice.journals} other, the furthest landed up to entry ` +
        `${notice.furthest}: if journal.db was lost, entries that it accepted after that and did not land are lost; ` +
        'if this is an additional collector, nothing is wrong'
      )
    case 'entries gone':
      return (
        `entries ${notice.from} to ${notice.to} of the journal (${notice.to - notice.from + 1} groups of requests) ` +
        'were not landed in this store and are no longer kept: the store was restored from a backup that is older than ' +
        'the entries that the journal keeps; their content is lost'
      )
  }
}
