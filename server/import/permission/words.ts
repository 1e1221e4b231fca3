/**
 * The words of headings that concern a permission to mail, by what they contribute to the meaning, in English, French,
 * German, Spanish and Italian. Data only. Words are written as `wordsOf()` in `heading-words.ts` returns them: lower case
 * without accents; `optin` and `optout` are one word. A word may have one meaning only; what is not here is unknown, and a
 * heading with an unknown word never grants.
 */

const list = (...lines: string[]) => lines.flatMap((line) => line.split(' '))

/** A newsletter: to have it, or to want it, is a permission. */
export const NEWS = list(
  'newsletter newsletters infolettre infolettres infomail infomails mailinglist emailing emailings mailing mailings',
  'boletin boletines rundbrief enews',
)

/** Mail as the channel. */
export const MAIL = list(
  'email emails mail mails mailer eletter courriel courriels correo correos emailadresse mailadresse emailaddress campaign campaigns campagne',
  'campagnes kampagne kampagnen campana campanas',
)

/** Advertising by whatever channel. */
export const PROMO = list(
  'marketing promotional promotionnel promotionnels promotionnelle promotionnelles prospection publicite publicites publicitaire publicitaires',
  'publicidad publicitario publicitarios pubblicita pubblicitarie pubblicitario werbung werbe pub pubs werbemails werbemail promozionali',
  'promocional promocionales bulk outreach',
)

/** What a mail may be about; to accept an offer is no permission, to want offers is one. */
export const OFFERS = list(
  'commercial commerciale commerciales commerciaux communication communications comunicaciones comunicazioni comercial comerciales commerciali',
  'promotion promotions promo promos promozioni promozione promocion promociones offer offers offre offres oferta ofertas offerta offerte angebote',
  'angebot news actualites actualite neuigkeiten novedades novita information informations infos info updates',
)

/** Words that mean a permission by themselves. */
export const CONSENT = list(
  'optin optins optedin subscribed consent consents consented consentement consentements einwilligung einwilligungen zustimmung eingewilligt',
  'consenso consensi consentimiento permission permissions abonne abonnee abonnes abonniert suscrito suscrita suscritos',
  'iscritto iscritta subscribe permesso',
)

/** Words that mean a permission together with mail or advertising. */
export const ALLOW = list(
  'accept accepts accepted accepte acceptent acceptee acceptation acepta acepto aceptacion accetta accetto accettazione allow allows allowed',
  'agree agrees agreed agreement authorised authorized authorise authorize authorisation authorization autorise autorisee autoriser autorisation',
  'accord accords autoriza autorizacion autorizado autorizzo autorizza autorizzazione erlaubt erlaubnis erlauben zugestimmt stimmt gestattet genehmigt',
  'inscrit inscrite inscrire angemeldet anmelden signup signedup ok okay',
)

/** The same, also beside what a mail may be about. */
export const WANT = list(
  'want wants wanted like wish wishes receive receives receiving recevoir recoit recois souhaite souhaitent souhaiter veut veux voudrais desire',
  'aimerais wunscht erwunscht gewunscht gewollt mochte mochten empfangen empfang bezieht desea deseo quiere quiero recibir recibe recepcion desidera desidero vuole voglio',
  'ricevi ricevere riceve ricezione',
)

/** Words that only repeat what a permission says. */
export const FULFILLED = list(
  'enabled enable active actif active aktiv activo activa attivo attiva confirmed confirm confirmation confirme confirmee bestatigt confirmado',
  'obtenu obtenue recueilli recueillie obtained collected eingeholt vorhanden liegt vor obtenido ottenuto valide valid gultig valido',
  'confirmada confermato confermata granted accorde accordee erteilt otorgado concesso given donne gegeben dado dato yes interested',
)

/** What is subscribed to, which may as well be paid for, and who did so. */
export const SUBSCRIPTION = list(
  'subscription subscriptions subscriber subscribers abonnement abonnements abo abos suscripcion suscripciones suscriptor inscription inscripcion iscrizione anmeldung anmelde abbonamento abbonamenti',
)

/** The state of something. */
export const STATUS = list('status state statut etat estado stato zustand statu situation')

/** Words of times. */
export const TIME = list(
  'at on am date dates time timestamp datetime since datum zeit zeitpunkt zeitstempel fecha fechas data ora heure depuis seit desde add',
  'jour tag dia giorno day utc gmt hour uhrzeit moment quand when wann cuando quando',
)

/** Words that say that a state changed, whichever state it is. */
export const CHANGE = list(
  'updated update changed change changes modified modification miseajour modifie modifiee changement geandert aktualisiert anderung',
  'actualizado actualizada actualizacion modificado modificada cambio aggiornato aggiornata aggiornamento modificato modificata modifica',
)

/** Beginnings of words that refuse by themselves. */
export const REFUSAL_STEMS = list(
  'unsub optout optedout optingout blacklist blocklist blocked block suppress bounced bounce hardbounce complain spam undeliver cleaned',
  'unjoin desabonn desinscri refus refuz oppos plainte abgemeld abmeld abbestell austrag ausgetrag werbesperre sperr gesperrt',
  'blocage blocco bloqueo blokk widerspr widerruf widerrief robinson desuscri rechaz rebot disiscri disdett rifiut bloccat bloquead bloqu blockiert revoc revoqu',
  'withdraw withdrew npai dnc dne baja stop stopped gestoppt unerwunscht verbot interdi prohib vietat forbid quarantin donotsendmm objection objected objects signout signoff abwahl abgewahlt repouss graymail greymail',
  'oposicion anonymis dontmail dontemail',
)

/** Beginnings of words that refuse beside a word for mail, advertising or permission. */
export const END_STEMS = list(
  'fin ende end left fehlt fehlend manqu missing mancant storn suprim ritir sospes suspendu disabl desactiv deactivat disattiv deaktiv remov cancel annul resili gekundig kundigung arret termin ended expir abgelauf caduc scadut',
  'retir retrait withheld denied deny denial declin reject negat negad verweiger ablehn abgelehnt deneg entzog supprim gelosch',
  'eliminad eliminat quit inactiv inactif inaktiv banned ban invalid held unwanted muted prohibit forbid forbidden interdi verbot verboten',
  'prohibid vietat exclu esclus ausschl ausgeschl ausgenomm except bann discard dropped drop suspend ausgesetzt revok beendet nomail',
  'deleted delet unconsent dissent paus lapsed churn detach apagad desabilit disabilit unauthor',
)

/** Words that turn the meaning round. */
export const NOT = list(
  'no not non nicht kein keine keinen keiner pas jamais never nie niemals nunca jamas mai without sans ohne sin senza aucun aucune ningun',
  'off ninguna nessun nessuna cannot kei nein',
)

/** What one does to reach somebody; beside a negation it forbids. */
export const REACH = list(
  'contact contacts contacter contacte kontakt kontakte kontaktieren kontaktiert anschreiben contactar contacto contattare contatto send sends',
  'sending envoyer envoi enviar envio inviare invio senden zusenden zusendung versand write ecrire schreiben escribir scrivere solliciter',
  'demarcher mailen disturb deranger molestar disturbare market solicit relancer relance',
)

/** Other channels than mail. */
export const CHANNELS = list(
  'sms mms phone phones telephone telephonique telephoniques call calls appel appels anruf anrufe telefon telefonisch telefonica telefonico telefono',
  'llamada llamadas chiamata chiamate postal postale postales postaux postalisch post poste brief briefe briefpost courrier courriers fax telefax',
  'whatsapp push notification notifications print printed mobile portable rcs messenger viber telegram chat browser web door texto textos',
  'cellulare movil handy tel letter letters papier paper catalogue catalog katalog catalogo voice vocal cartaceo posta linkedin facebook',
)

/** Other purposes than mail of the shop's own. */
export const PURPOSES = list(
  'term terms condition conditions cgv cgu agb tos privacy policy confidentialite datenschutz datenschutzerklarung privacidad riservatezza cookie',
  'cookies analytics track tracking profiling profilage profilierung perfilado profilazione personalisation personalization personnalisation image images',
  'photo photos foto fotos bild bilder bildrechte imagen imagenes immagine immagini parental parentale parents parent eltern guardian',
  'partner partners partnern partenaire partenaires thirdparty tiers dritte dritten terceros terzi datenverarbeitung datenweitergabe processing traitement verarbeitung',
  'tratamiento trattamento survey surveys enquete enquetes sondage umfrage umfragen encuesta encuestas loyalty fidelite fidelidad fedelta',
  'programme kundenkarte credit schufa medical health sante event events evenement evenements veranstaltung webinar webinars advertising ads',
  'audience audiences retargeting remarketing review reviews avis satisfaction transfer transfert share shared sharing partage sell sale resale',
  'vente location geolocation geolocalisation biometric biometrie video videos audio recording enregistrement publication publish veroffentlichung',
  'rules reglement contest concours gewinnspiel sorteo concorso reward rewards membership adhesion contract contrat vertrag contrato contratto data donnees daten datos dati personendaten',
  'sponsor sponsors affiliate affiliates filiale filiales konzern dritter referral reference testimonial whitelist research recherche study etude',
  'legal legitimate interests interest legitime berechtigtes processed storage stockage retention conservation hosting export automated ai ki ia',
)

/** Words of other purposes that make a refusal of mail one that concerns somebody else's. */
export const OTHERS_MAIL = list(
  'partner partners partnern partenaire partenaires thirdparty tiers dritte dritten terceros terzi sponsor sponsors',
)

/** Other purposes that a refusal makes one of mail too: who may not be processed may not be mailed. */
export const PROCESSING = list(
  'processing traitement verarbeitung datenverarbeitung tratamiento trattamento data donnees daten datos dati personendaten processed',
)

/** The law on personal data: a permission by it is not yet one to mail. */
export const LAW = list('rgpd gdpr dsgvo lopd lopdgdd lgpd ccpa cnil casl pecr eprivacy uwg avg')

/** Words of columns that count or list things. */
export const COUNTS = list(
  'opens opened open clicks clicked click count counts number numbers nombre anzahl total lists list listes liste lista listas liste rate score frequency',
  'views sessions ouvertures ouverture clics clic aperture offnungen klicks received recus recibidos ricevute erhalten aperturas visits ids segments tags frequence frequenz frecuencia taux quote',
)

/** Words of columns that hold something about a permission, or a step towards it. */
export const ABOUT = list(
  'requested request requests required require requires asked ask pending sent demande demandee demandes attente erforderlich angefragt anfrage ausstehend',
  'solicitado solicitud requerido requerida pendiente richiesto richiesta attesa invite invited invitation einladung text texte version source sources',
  'ip url link lien enlace form formulaire formular formulario modulo method methode metodo language langue sprache idioma lingua name nom id origin',
  'quelle origine origen fonte wording reason raison grund motivo proof preuve nachweis prueba prova hash token key page website site comment',
  'commentaire kommentar notes type basis base uuid guid agent browser device country unconfirmed reminder relance delivered mode template',
  'verified verification verifie validation validity quality deliverability domain provider',
)

/** Words that make even a refusal's column one of addresses or texts of the sender. */
export const SENDERS_OWN = list(
  'url link lien enlace token hash key page version language langue sprache text wording template website',
)

/** Words that change nothing. */
export const SMALL = list(
  'the a an of for to our your my me us we you i it its this that all any every each de des du d la le les l un une nos notre vos votre mon ma',
  'mes je il elle y j se s pour aux au et ou tous toutes tout toute ensemble en der die das den dem des fur zu zum zur und oder an auf via bei',
  'ich wir sie ihr ihre ihren unser unsere unseren uns mir im in mit el los las nuestro nuestra nuestros nuestras su sus con lo gli e al alla alle agli nel',
  'di della dello delle dei degli del nostro nostra nostre nostri sua suo i o is are was be been has have had will would may can could does do did',
  'est sont ont a ai ist hat haben sind ha es son sono customer customers client clients cliente clienti clientes kunde kunden kundin person personne personal',
  'user users member members profile profil recipient empfanger destinataire global globally globale globals general',
  'generale allgemein overall current actuel actuelle aktuell actual attuale last latest first flag boolean bool double single simple channel canal kanal',
  'canale api field champ feld campo custom c online billing ne n dass per from regarding about concerning',
  'more please nous vous leur their them voie as regularly',
  'automatewoo mailchimp brevo sendinblue klaviyo hubspot hs shopify woocommerce woo wc prestashop magento odoo zoho wix mailpoet mailjet cleverreach acumbamail salesforce',
  'dolibarr drupal wordpress wp squarespace pipedrive dynamics sarbacane activecampaign getresponse omnisend drip emarsys splio iterable braze',
  'mautic sellsy axonaut actito sendgrid substack beehiiv dotdigital intercom freshsales customerio constantcontact mailerlite sendy egoi',
)
