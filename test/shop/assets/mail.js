/** The mail program's only script: it moves the guide along when a link of the letter is followed. */
import * as guide from './guide.js'

// Whoever opens the mail has chosen before or will be asked by the shop: the guide goes on with the letter.
guide.choice('granted')
guide.start()
for (const link of document.querySelectorAll('.letter a')) link.addEventListener('click', () => guide.note('mailed'))
