/** The mail program's only script: it advances the guide when a link in the letter is followed. */
import * as guide from './guide.js'

// The reader has chosen before, or the shop will ask: the guide continues with the letter.
guide.choice('granted')
guide.start()
for (const link of document.querySelectorAll('.letter a')) link.addEventListener('click', () => guide.note('mailed'))
