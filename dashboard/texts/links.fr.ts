/** Why a visit is attributed to a customer or not, in French, under the same keys as the English. */
import type { linksEn } from './links.en.ts'

/** The texts about links. */
export const linksFr: typeof linksEn = {
  title: 'Comment nous le savons',
  lead: 'Chaque décision qui rattache un navigateur à ce client, avec son motif.',
  none: 'Aucun navigateur n’est encore rattaché à ce client.',
  noneHint:
    'Une connexion signée ou un clic sur un lien personnel de newsletter, avec le consentement à la reconnaissance, crée le premier lien.',
  strength: { verified: 'Vérifié', confirmed: 'Confirmé', claimed: 'Déclaré seulement', typed: 'Saisi seulement' },
  state: {
    open: 'Actif',
    closed: 'Terminé',
    void: 'Annulé',
    refused: 'Refusé',
    held: 'En attente',
    review: 'À examiner',
  },
  since: 'Rattaché depuis',
  claimedAt: 'Déclaré',
  reach: 'Remonte jusqu’à',
  reachesNotBack: 'Rien avant ce moment',
  ownsNothing: 'Rien\u00a0: une déclaration sans preuve n’attribue aucune visite',
  until: 'Terminé',
  expires: 'Valable jusqu’au',
  expiresHint: 'sauf nouvelle preuve',
  thisVisit: 'La fin de cette visite, car l’appareil est partagé',
  on: 'Sur',
  proofs: (count, n) => (count === 1 ? 'La preuve en détail' : `Les ${n(count)} preuves en détail`),
  older: (count, n) => (count === 1 ? '1 plus ancien' : `${n(count)} plus anciens`),
  without: (count, n) =>
    count === 1 ? '1 déclaration refusée ou annulée' : `${n(count)} déclarations refusées ou annulées`,
  code: 'Code pour le support',

  reason: {
    signed_login: 'Le client s’est connecté, et le serveur de la boutique l’a attesté.',
    signed_login_again: 'Le client s’est connecté à nouveau, et le serveur de la boutique l’a attesté.',
    first_click: 'Un lien personnel d’une newsletter a été ouvert ici, puis quelqu’un a utilisé la page.',
    clicked_again: 'Un autre lien personnel de ce client a été ouvert ici.',
    unsigned_login: 'La page a signalé la connexion de ce client, sans signature du serveur de la boutique.',
    claimed_again: 'La page a de nouveau nommé ce client, sans preuve.',
    trusted_unsigned_login:
      'La page a nommé ce client\u00a0; le site est réglé pour accepter les connexions non signées.',
    signed_login_over_claimed:
      'Le client s’est connecté, preuve à l’appui, alors que la page n’avait fait que déclarer une autre personne.',
    click_over_claimed:
      'Un lien personnel de newsletter a été ouvert, alors que la page n’avait fait que déclarer une autre personne.',
    claimed_by_another: 'La page a nommé ce client sans preuve, après avoir nommé une autre personne de la même façon.',
    signed_login_over_click:
      'Le client s’est connecté, preuve à l’appui, alors qu’un clic de newsletter désignait une autre personne.',
    click_of_another: 'Un lien de newsletter de ce client a été ouvert, après celui d’une autre personne.',
    claimed_after_click: 'La page a nommé ce client sans preuve, après un clic de newsletter d’une autre personne.',
    signed_login_over_remembered:
      'Le client s’est connecté, preuve à l’appui, sur un navigateur utilisé auparavant par une autre personne.',
    click_over_remembered:
      'Un lien de newsletter de ce client a été ouvert sur un navigateur où une autre personne s’était connectée auparavant.',
    claimed_after_remembered:
      'La page a nommé ce client sans preuve\u00a0; une autre personne s’était connectée ici auparavant.',
    signed_login_of_another:
      'Le client s’est connecté, preuve à l’appui, alors qu’une autre personne était encore connectée.',
    possible_duplicate:
      'Un lien de newsletter de ce client a été ouvert sur un navigateur où une autre personne s’est connectée. Il s’agit peut-être d’une seule personne, enregistrée deux fois.',
    unsigned_over_verified:
      'La page a nommé ce client sans preuve alors qu’une autre personne était connectée, preuve à l’appui. La preuve l’emporte.',
    identity_withdrawn:
      'Le consentement à la reconnaissance a été retiré\u00a0: ce qui a été déclaré avant, ou avant un nouveau consentement, ne compte pas.',
    ambiguous_identifier: 'L’adresse appartient à plusieurs clients\u00a0: elle ne permet d’identifier personne.',
    ambiguous: 'Deux clients ont été nommés en même temps avec une preuve égale\u00a0: aucun des deux ne compte.',
    not_in_crm: 'La personne nommée ne figure pas parmi les clients importés, ou a été importée trop tard.',
    erased: 'Les données du client ont été effacées et ne doivent pas être rétablies.',
    minor: 'Le client est mineur.',
    token_reused: 'L’attestation signée de cette connexion avait déjà servi dans un autre navigateur.',
    token_expired:
      'Le lien de newsletter avait plus de 30\u00a0jours. Il mène toujours à la page, mais ne prouve plus rien.',
    token_revoked: 'Le lien de newsletter avait été révoqué. Il mène toujours à la page, mais ne prouve plus rien.',
    too_many_visitors: 'Trop de nouveaux navigateurs ont nommé ce client en peu de temps\u00a0; à vérifier.',
    confirmed_by_operator: 'Quelqu’un de la boutique l’a examiné et l’a confirmé.',
    voided_by_operator: 'Quelqu’un de la boutique l’a examiné et l’a signalé comme une erreur.',
    typed_in_form:
      'L’adresse de ce client a été saisie dans un formulaire. N’importe qui peut le faire\u00a0: rien n’est attribué au client.',
    typed_again: 'L’adresse de ce client déjà connu a été saisie dans un formulaire.',
    typed_by_another: 'L’adresse de ce client a été saisie dans un formulaire, après celle d’une autre personne.',
    signed_login_over_typed:
      'Le client s’est connecté, preuve à l’appui, alors qu’une adresse avait seulement été saisie dans un formulaire.',
    click_over_typed:
      'Un lien personnel de newsletter a été ouvert, alors qu’une adresse avait seulement été saisie dans un formulaire.',
    claimed_over_typed: 'La page a nommé ce client sans preuve, après la saisie de l’adresse d’une autre personne.',
    forwarded: 'Le lien de newsletter a circulé\u00a0: au moins trois navigateurs l’ont utilisé.',
  },
  end: {
    logout: 'Terminé lorsque le client s’est déconnecté.',
    session_over: 'Il n’était valable que pour cette visite.',
    proof_expired: 'Terminé faute de nouvelle preuve depuis trop longtemps.',
    forwarded_mail:
      'C’était une erreur\u00a0: la newsletter a été transférée, et une autre personne l’a ouverte puis s’est identifiée.',
    forwarded_token:
      'C’était une erreur\u00a0: le même lien de newsletter a servi dans d’autres navigateurs, puis une autre personne s’est connectée ici.',
    voided_by_operator: 'Quelqu’un de la boutique l’a signalé comme une erreur.',
    identity_withdrawn: 'Terminé parce que le consentement à la reconnaissance a été retiré.',
    signed_login: 'Terminé lorsqu’une autre personne s’est connectée, preuve à l’appui.',
    signed_login_over_claimed: 'Terminé lorsqu’une autre personne s’est connectée, preuve à l’appui.',
    signed_login_over_click: 'Terminé lorsqu’une autre personne s’est connectée, preuve à l’appui.',
    signed_login_over_remembered: 'Terminé lorsqu’une autre personne s’est connectée, preuve à l’appui.',
    signed_login_of_another: 'Terminé lorsqu’une autre personne s’est connectée, preuve à l’appui.',
    first_click: 'Terminé lorsque le lien de newsletter d’une autre personne a été ouvert ici.',
    click_over_claimed: 'Terminé lorsque le lien de newsletter d’une autre personne a été ouvert ici.',
    click_of_another: 'Terminé lorsque le lien de newsletter d’une autre personne a été ouvert ici.',
    click_over_remembered: 'Terminé lorsque le lien de newsletter d’une autre personne a été ouvert ici.',
    unsigned_login: 'Terminé lorsque la page a nommé une autre personne.',
    claimed_by_another: 'Terminé lorsque la page a nommé une autre personne.',
    claimed_after_click: 'Terminé lorsque la page a nommé une autre personne.',
    claimed_after_remembered: 'Terminé lorsque la page a nommé une autre personne.',
    proven: 'Le client a ensuite été identifié sur preuve, et un nouveau lien a remplacé celui-ci.',
    signed_login_over_typed: 'C’était une erreur\u00a0: une autre personne s’est connectée, preuve à l’appui.',
    click_over_typed: 'Terminé lorsque le lien de newsletter d’une autre personne a été ouvert ici.',
    claimed_over_typed: 'Terminé lorsque la page a nommé une autre personne.',
    typed_in_form: 'Terminé lorsque l’adresse d’une autre personne a été saisie dans un formulaire.',
    typed_by_another: 'Terminé lorsque l’adresse d’une autre personne a été saisie dans un formulaire.',
    confirmed_by_operator: 'Terminé parce que quelqu’un de la boutique a confirmé la présence d’une autre personne.',
    trusted_unsigned_login:
      'Terminé lorsque la page a nommé une autre personne\u00a0; le site est réglé pour accepter de telles connexions.',
  },
}
