/** The texts about users, sessions and passwords, in French, under the same keys as the English. */
import type { accountEn } from './account.en.ts'

/** The texts of the account page. */
export const accountFr: typeof accountEn = {
  title: 'Compte',
  role: { owner: 'Propriétaire', marketer: 'Marketing', reader: 'Lecture seule' },
  roleMay: {
    owner: 'Propriétaire\u00a0: peut tout faire, y compris gérer les utilisateurs.',
    marketer: 'Marketing\u00a0: peut consulter, importer, trancher et télécharger, mais pas gérer les utilisateurs.',
    reader: 'Lecture seule\u00a0: peut tout consulter, sans rien modifier ni télécharger.',
  },

  users: 'Utilisateurs',
  usersLead:
    'Chacun se connecte avec son propre nom et son propre mot de passe. Un changement de rôle ou de mot de passe ferme ses sessions.',
  you: 'vous',
  signedIn: (ago) => `dernière connexion ${ago}`,
  neverSignedIn: 'aucune connexion pour l’instant',
  roleLabel: 'Rôle',
  roleOf: (name) => `Rôle de ${name}`,
  renew: 'Nouveau mot de passe',
  renewOf: (name) => `Nouveau mot de passe pour ${name}`,
  remove: 'Supprimer',
  removeOf: (name) => `Supprimer ${name}`,
  removeAsk: (name) => `Supprimer ${name}\u00a0?`,
  keep: 'Garder',
  email: 'E-mail',
  optional: '(facultatif)',
  add: 'Ajouter',
  invalidUser:
    'Un nom compte de 1 à 60 lettres, chiffres, espaces et . _ - @, et commence par une lettre ou un chiffre. Une adresse e-mail contient un @.',
  nameTaken: 'Ce nom est déjà pris.',
  made: (name) => `Mot de passe de ${name}\u00a0:`,
  madeHint: 'Transmettez-le maintenant, il ne sera plus affiché.',

  sessions: 'Sessions ouvertes',
  sessionsLead: 'Vos appareils connectés. Une session inutilisée se ferme au bout de trois jours.',
  sessionsLeadAll: 'Les appareils connectés de toute l’équipe. Une session inutilisée se ferme au bout de trois jours.',
  thisSession: 'celle-ci',
  end: 'Fermer',
  endOf: (user, place) => `Fermer la session de ${user}, ${place}`,
  unknownBrowser: 'Navigateur inconnu',
  from: (address) => `depuis ${address}`,
  since: (at) => `ouverte le ${at}`,
  used: (ago) => `dernière activité ${ago}`,

  ownPassword: 'Votre mot de passe',
  ownPasswordLead: 'En le changeant, vous fermez vos sessions sur les autres appareils.',
  currentPassword: 'Mot de passe actuel',
  newPassword: 'Nouveau mot de passe',
  change: 'Modifier',
  passwordRule: 'Un mot de passe compte de 10 à 200 caractères et diffère de votre nom.',
  passwordChanged: 'Votre mot de passe est modifié.',
  currentWrong: 'Le mot de passe actuel est incorrect.',
}
