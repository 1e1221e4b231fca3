/** Why a visit counts as a customer's, or does not, in French, under the same keys as the English. */
import type { linksEn } from './links.en.ts'

/** The sentences about links. */
export const linksFr: typeof linksEn = {
  title: 'Comment nous le savons',
  lead: 'Chaque décision qui relie un navigateur à ce client, avec sa raison.',
  none: 'Rien ne relie encore un navigateur à ce client.',
  noneHint:
    'Une connexion signée ou un clic dans un lien personnel de newsletter, avec l’accord pour la reconnaissance, crée le premier lien.',
  strength: { verified: 'Vérifié', confirmed: 'Confirmé', claimed: 'Seulement déclaré', typed: 'Seulement saisi' },
  state: {
    open: 'En vigueur',
    closed: 'Terminé',
    void: 'Annulé',
    refused: 'Refusé',
    held: 'En attente',
    review: 'À examiner',
  },
  since: 'Relié depuis',
  claimedAt: 'Déclaré',
  reach: 'Remonte à',
  reachesNotBack: 'Rien avant cet instant',
  ownsNothing: 'Rien\u00a0: une déclaration sans preuve n’attribue de visite à personne',
  until: 'Terminé',
  expires: 'Fin de validité',
  expiresHint: 'sauf nouvelle preuve',
  thisVisit: 'La fin de cette visite, car l’appareil est partagé',
  on: 'Sur',
  proofs: (count, n) => (count === 1 ? 'La preuve en détail' : `Les ${n(count)} preuves en détail`),
  older: (count, n) => (count === 1 ? 'Un plus ancien' : `${n(count)} plus anciens`),
  without: (count, n) =>
    count === 1 ? 'Une déclaration refusée ou annulée' : `${n(count)} déclarations refusées ou annulées`,
  code: 'Code pour l’assistance',

  reason: {
    signed_login: 'Le client s’est connecté, et le serveur de la boutique l’a attesté.',
    signed_login_again: 'Le client s’est connecté à nouveau, et le serveur de la boutique l’a attesté.',
    first_click: 'Un lien personnel d’une newsletter a été ouvert ici, puis quelqu’un s’est servi de la page.',
    clicked_again: 'Un autre lien personnel de ce client a été ouvert ici.',
    unsigned_login: 'La page a dit que ce client s’était connecté, sans signature du serveur de la boutique.',
    claimed_again: 'La page a de nouveau nommé ce client, sans preuve.',
    trusted_unsigned_login:
      'La page a nommé ce client\u00a0; le site est réglé pour croire les connexions non signées.',
    signed_login_over_claimed:
      'Le client s’est connecté, preuve à l’appui, là où la page avait seulement déclaré quelqu’un d’autre.',
    click_over_claimed:
      'Un lien personnel de newsletter a été ouvert là où la page avait seulement déclaré quelqu’un d’autre.',
    claimed_by_another: 'La page a nommé ce client sans preuve, après avoir nommé de même quelqu’un d’autre.',
    signed_login_over_click:
      'Le client s’est connecté, preuve à l’appui, là où un clic de newsletter désignait quelqu’un d’autre.',
    click_of_another: 'Un lien de newsletter de ce client a été ouvert après celui de quelqu’un d’autre.',
    claimed_after_click: 'La page a nommé ce client sans preuve, après un clic de newsletter de quelqu’un d’autre.',
    signed_login_over_remembered:
      'Le client s’est connecté, preuve à l’appui, sur un navigateur utilisé auparavant par quelqu’un d’autre.',
    click_over_remembered:
      'Un lien de newsletter de ce client a été ouvert sur un navigateur où quelqu’un d’autre s’était connecté auparavant.',
    claimed_after_remembered:
      'La page a nommé ce client sans preuve\u00a0; quelqu’un d’autre s’était connecté ici auparavant.',
    signed_login_of_another:
      'Le client s’est connecté, preuve à l’appui, alors que quelqu’un d’autre était encore connecté.',
    possible_duplicate:
      'Un lien de newsletter de ce client a été ouvert alors que quelqu’un d’autre était connecté. Peut-être s’agit-il d’une même personne, connue deux fois.',
    unsigned_over_verified:
      'La page a nommé ce client sans preuve alors que quelqu’un d’autre était connecté, preuve à l’appui. La preuve l’emporte.',
    identity_withdrawn:
      'L’accord pour la reconnaissance a été retiré\u00a0: ce qui était connu auparavant, ou dit avant un nouvel accord, ne compte pas.',
    ambiguous_identifier: 'L’adresse appartient à plusieurs clients\u00a0: elle ne désigne donc personne.',
    ambiguous: 'Deux clients ont été nommés en même temps avec la même preuve\u00a0: aucun ne compte.',
    not_in_crm: 'La personne nommée ne figure pas parmi les clients importés, ou l’a été trop tard.',
    erased: 'Les données du client ont été effacées\u00a0; rien ne doit les faire revenir.',
    minor: 'Le client est mineur.',
    token_reused: 'L’attestation signée de cette connexion avait déjà servi dans un autre navigateur.',
    token_expired:
      'Le lien de newsletter avait plus de 30\u00a0jours. Il mène toujours à la page, mais ne prouve plus rien.',
    token_revoked: 'Le lien de newsletter avait été révoqué. Il mène toujours à la page, mais ne prouve plus rien.',
    too_many_visitors:
      'Trop de nouveaux navigateurs ont nommé ce client en peu de temps\u00a0; quelqu’un doit y regarder.',
    confirmed_by_operator: 'Quelqu’un de la boutique l’a examiné et a dit que c’est juste.',
    voided_by_operator: 'Quelqu’un de la boutique l’a examiné et a dit que c’est une erreur.',
    typed_in_form: 'L’adresse de ce client a été saisie dans un formulaire\u00a0: le panier ou la commande est à lui.',
    typed_again: 'L’adresse de ce client déjà connu a été saisie dans un formulaire.',
    typed_by_another: 'L’adresse de ce client a été saisie dans un formulaire, après celle d’une autre personne.',
    typed_address_trusted:
      'L’adresse de ce client a été saisie dans un formulaire\u00a0; le site est réglé pour s’y fier.',
    signed_login_over_typed:
      'Le client s’est connecté, preuve à l’appui, là où seule une adresse avait été saisie dans un formulaire.',
    click_over_typed:
      'Un lien personnel de newsletter a été ouvert là où seule une adresse avait été saisie dans un formulaire.',
    claimed_over_typed: 'La page a nommé ce client sans preuve, après la saisie de l’adresse d’une autre personne.',
    forwarded: 'Le lien de newsletter a circulé\u00a0: plusieurs autres navigateurs s’en étaient déjà servis.',
  },
  end: {
    logout: 'Terminé quand le client s’est déconnecté.',
    session_over: 'Il ne valait que pour cette seule visite.',
    proof_expired: 'Terminé faute de nouvelle preuve depuis trop longtemps.',
    forwarded_mail:
      'C’était une erreur\u00a0: la newsletter a été transférée, et une autre personne l’a ouverte puis s’est fait connaître.',
    forwarded_token:
      'C’était une erreur\u00a0: le même lien de newsletter a servi dans d’autres navigateurs, puis une autre personne s’est connectée ici.',
    voided_by_operator: 'Quelqu’un de la boutique a dit que c’était une erreur.',
    identity_withdrawn: 'Terminé parce que l’accord pour la reconnaissance a été retiré.',
    signed_login_over_claimed: 'Terminé quand une autre personne s’est connectée, preuve à l’appui.',
    signed_login_over_click: 'Terminé quand une autre personne s’est connectée, preuve à l’appui.',
    signed_login_over_remembered: 'Terminé quand une autre personne s’est connectée, preuve à l’appui.',
    signed_login_of_another: 'Terminé quand une autre personne s’est connectée, preuve à l’appui.',
    click_over_claimed: 'Terminé quand le lien de newsletter d’une autre personne a été ouvert ici.',
    click_of_another: 'Terminé quand le lien de newsletter d’une autre personne a été ouvert ici.',
    click_over_remembered: 'Terminé quand le lien de newsletter d’une autre personne a été ouvert ici.',
    claimed_by_another: 'Terminé quand la page a nommé une autre personne.',
    claimed_after_click: 'Terminé quand la page a nommé une autre personne.',
    claimed_after_remembered: 'Terminé quand la page a nommé une autre personne.',
    proven: 'Le client a ensuite prouvé qui il est, et cette preuve l’a remplacé.',
    signed_login_over_typed: 'C’était une erreur\u00a0: une autre personne s’est connectée, preuve à l’appui.',
    click_over_typed: 'Terminé quand le lien de newsletter d’une autre personne a été ouvert ici.',
    claimed_over_typed: 'Terminé quand la page a nommé une autre personne.',
    typed_by_another: 'Terminé quand l’adresse d’une autre personne a été saisie dans un formulaire.',
    typed_address_trusted:
      'Terminé quand l’adresse d’une autre personne a été saisie dans un formulaire\u00a0; le site s’y fie.',
    confirmed_by_operator: 'Terminé parce que quelqu’un de la boutique a confirmé la présence d’une autre personne.',
    trusted_unsigned_login:
      'Terminé quand la page a nommé une autre personne\u00a0; le site est réglé pour croire de telles connexions.',
  },
}
