/**
 * What columns of real tools say about the permission to mail. Read a line as: in this tool, under this heading, the first
 * value forbids mail and the second allows it (`no`, `yes`); `-` says nothing about mail, and `?` must be asked. A value
 * that is not given is left out. The rule is in `server/import/permission`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readAnswer } from '../../server/import/permission/answer.ts'
import { guessPermission } from '../../server/import/permission/guess.ts'

const NONE = { allowed: new Set<string>(), refused: new Set<string>() }
const SIGNS = { yes: 'yes', no: 'no', unclear: '?' } as const

/** What a cell under a heading says, in the signs of the table. */
function says(heading: string, cell: string): string {
  const guess = guessPermission(heading, [cell], null)
  if (guess === null || guess.permission.role.startsWith('date_of_')) return '-'
  const answer = readAnswer(guess.permission.role as never, cell, NONE)
  return answer === null ? '-' : SIGNS[answer]
}

/** Lines of `tool | heading | value: meaning | value: meaning`. */
function table(text: string): [string, string, string, string][] {
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [tool = '', heading = '', ...values] = line.split(' | ').map((each) => each.trim())
      return values.map((value): [string, string, string, string] => {
        const cut = value.lastIndexOf(' = ')
        return [tool, heading, value.slice(0, cut), value.slice(cut + 3)]
      })
    })
}

const TOOLS = `
Mailchimp | UNSUB_TIME | 2026-05-01 10:11:12 = no
Mailchimp | UNSUB_CAMPAIGN_TITLE | Soldes d'hiver = no
Mailchimp | UNSUB_CAMPAIGN_ID | 8f3a1c = no
Mailchimp | UNSUB_REASON_OTHER | too many = no
Mailchimp | CLEAN_TIME | 2026-05-01 10:11:12 = no
Mailchimp | CLEAN_CAMPAIGN_TITLE | Noël = no
Mailchimp | OPTIN_TIME | 2024-05-01 10:11:12 = -
Mailchimp | OPTIN_IP | 192.0.2.1 = -
Mailchimp | MEMBER_RATING | 2 = - | 5 = -
Mailchimp | Email Marketing Status | Unsubscribed = no | Cleaned = no | Non-Subscribed = no | Pending = - | Subscribed = yes
Mailchimp | Marketing Permissions: Email | No = no | Yes = yes
Brevo | EMAIL_BLACKLISTED | true = no | false = -
Brevo | emailBlacklisted | true = no | false = -
Brevo | smsBlacklisted | true = - | false = -
Brevo | DOUBLE_OPT-IN | No = no | Yes = yes
Brevo | Unsubscribed campaigns | 3 = no
Klaviyo | Email Marketing Consent | NEVER_SUBSCRIBED = - | UNSUBSCRIBED = no | SUBSCRIBED = yes
Klaviyo | Email Marketing Consent Timestamp | 2026-01-02 10:00:00 = -
Klaviyo | SMS Marketing Consent | UNSUBSCRIBED = - | SUBSCRIBED = -
Klaviyo | Accepts Marketing | False = no | True = yes
Klaviyo | Email Suppressions Timestamp | 2026-01-02 10:00:00 = no
Klaviyo | $consent | ["email"] = yes | ["web"] = -
HubSpot | Unsubscribed from all email | Yes = no | No = -
HubSpot | Opted out of email: One to One | true = no | false = -
HubSpot | Email hard bounce reason | MAILBOX_FULL = no
HubSpot | Legal basis for processing contact's data | Not applicable = - | Legitimate interest = -
HubSpot | Marketing contact status | Non-marketing contact = no | Marketing contact = -
HubSpot | hs_email_optout | true = no | false = -
HubSpot | hs_email_optout_12345 | true = no | false = -
HubSpot | Invalid email address | true = no | false = -
HubSpot FR | Désinscrit de tous les e-mails | Oui = no | Non = -
Salesforce | Email Opt Out | 1 = no | 0 = -
Salesforce | HasOptedOutOfEmail | TRUE = no | FALSE = -
Salesforce | HasOptedOutOfFax | true = - | false = -
Salesforce | DoNotCall | true = - | false = -
Salesforce | EmailBouncedReason | 550 no such user = no
Salesforce | Newsletter__c | false = no | true = yes
Salesforce MC | Status | Unsubscribed = no | Bounced = no | Active = -
Pardot | Opted Out | Yes = no | No = -
Pardot | Do Not Email | Yes = no | No = -
Pardot | Prospect Do Not Call | Yes = - | No = -
Zoho | Email Opt Out | true = no | false = -
Zoho | Unsubscribed Time | 2026-01-02 10:00:00 = no
Zoho | Consent Status | Pending = - | Obtained = ?
Dynamics | Bulk E-mail | Do Not Allow = no | Allow = yes
Dynamics | donotbulkemail | 1 = no | 0 = -
Dynamics | donotphone | 1 = - | 0 = -
Dynamics | donotpostalmail | True = - | False = -
Dynamics | Do not allow Bulk Emails | Do Not Allow = no | Allow = -
Dynamics | Do not allow Phone Calls | Do Not Allow = - | Allow = -
Dynamics FR | Ne pas autoriser les courriers électroniques en nombre | Ne pas autoriser = no | Autoriser = -
Dynamics DE | E-Mails nicht zulassen | Ja = no | Nein = -
Pipedrive | Person - Marketing status | No consent = no | Unsubscribed = no | Archived = ? | Subscribed = yes
Odoo | is_blacklisted | True = no | False = -
Odoo | Opt-Out | True = no | False = -
Odoo | Unsubscription Date | 2026-01-02 10:00:00 = no
Odoo | Phone Blacklisted | True = - | False = -
Odoo | Bounce | 3 = no | 0 = -
PrestaShop | newsletter | 0 = no | 1 = yes
PrestaShop | optin | 0 = - | 1 = -
PrestaShop | Partner offers | 0 = - | 1 = -
PrestaShop | newsletter_date_add | 2026-01-02 10:00:00 = -
PrestaShop | ip_registration_newsletter | 192.0.2.1 = -
Magento | is_subscribed | 0 = no | 1 = yes
Magento | subscriber_status | Unsubscribed = no | Not Activated = no | Subscribed = yes
Magento | Newsletter Subscription | No = no | Yes = yes
MailPoet | Global Status | Unsubscribed = no | Bounced = no | Inactive = no | Subscribed = yes
MailPoet | Status | unsubscribed = no | subscribed = -
MailPoet | List | Newsletter = -
WooCommerce | wc_marketing_optin | no = no | yes = yes
WooCommerce | _mailchimp_woocommerce_is_subscribed | 0 = no | 1 = yes
Shopify | Accepts Email Marketing | no = no | yes = yes
Shopify | Accepts SMS Marketing | no = - | yes = -
Shopify | Email Marketing: Status | unsubscribed = no | not subscribed = no | pending = - | subscribed = yes
Shopify | Email Marketing: Level | single_opt_in = -
Shopify | email_marketing_consent.state | unsubscribed = no | subscribed = yes
Shopify | accepts_marketing_updated_at | 2026-01-02T10:00:00Z = -
Wix | Email subscriber status | Unsubscribed = no | Never subscribed = - | Subscribed = yes
Wix | SMS subscriber status | Unsubscribed = - | Subscribed = -
Wix | Email Subscription Status | Unsubscribed = no | Subscribed = yes
Squarespace | Accepts Marketing | No = no | Yes = yes
Dolibarr | Refuse bulk emailings | 1 = no | 0 = -
Dolibarr FR | Refuse les e-mailings de masse | Oui = no | Non = -
Dolibarr | no_email | 1 = no | 0 = -
Sarbacane | Désabonné | Oui = no | Non = -
Sarbacane | Liste noire | Oui = no | Non = -
Mailjet | IsExcludedFromCampaigns | true = no | false = -
Mailjet | is_unsubscribed | true = no | false = -
Mailjet | IsUnsub | true = no | false = -
Mailjet | UnsubscribedAt | 2026-01-02T10:00:00Z = no
ActiveCampaign | Status | Unsubscribed = no | Bounced = no | 2 = no | 1 = - | Active = -
ActiveCampaign | Unsubscribed Date | 2026-01-02 10:00:00 = no
CleverReach | Abgemeldet | 2026-01-02 10:00:00 = no
CleverReach | activated | 2026-01-02 10:00:00 = -
CleverReach | deactivated | 2026-01-02 10:00:00 = -
CleverReach | bounced | 1 = no | 0 = -
Acumbamail | Estado | Baja = no | Activo = -
Acumbamail | Fecha de baja | 2026-01-02 10:00:00 = no
Acumbamail | Motivo de la baja | Demasiados = no
Rapidmail | Status | abgemeldet = no | aktiv = -
Rapidmail | Abmeldedatum | 2026-01-02 10:00:00 = no
Newsletter2Go | Abgemeldet am | 2026-01-02 10:00:00 = no
MailerLite | Unsubscribed | 2026-01-02 10:00:00 = no
MailerLite | Subscribed | 2026-01-02 10:00:00 = -
MailerLite | Status | unsubscribed = no | junk = no | active = -
Constant Contact | Email status | Unsubscribed = no | Opted out = no | Active = -
Constant Contact | Email Opt-out Date | 2026-01-02 = no
Constant Contact | Email permission status | Unsubscribed = no | Implied = ?
AWeber | Status | unsubscribed = no | subscribed = -
AWeber | Unsubscribed At | 2026-01-02 10:00:00 = no
Campaign Monitor | Subscription State | Unsubscribed = no | Bounced = no | Deleted = no
GetResponse | Unsubscribed on | 2026-01-02 = no
SendGrid | global_unsubscribe | true = no | false = -
Omnisend | Email status | unsubscribed = no | nonSubscribed = no | subscribed = yes
Omnisend | SMS status | unsubscribed = - | subscribed = -
Omnisend | emailConsent | unsubscribed = no | subscribed = yes
Drip | status | removed = - | unsubscribed = no | active = -
Iterable | unsubscribedChannelIds | 3 = no
Braze | email_subscribe | unsubscribed = no | subscribed = yes | opted_in = yes
Braze | push_subscribe | unsubscribed = - | opted_in = -
Customer.io | unsubscribed | true = no | false = -
Customer.io | cio_subscription_preferences | 1 = -
Intercom | unsubscribed_from_emails | true = no | false = -
Intercom | Has hard bounced | true = no | false = -
Intercom | Marked email as spam | true = no | false = -
Freshmarketer | Email Unsubscribed | TRUE = no | FALSE = -
Emarsys | Opt-In | 2 = ? | False = no | True = yes
Splio | optin_sms | 0 = - | 1 = -
Sendy | Status | Unsubscribed = no | Bounced = no | Complaint = no | Active = -
phpList | blacklisted | 1 = no | 0 = -
phpList | confirmed | 0 = - | 1 = -
Listmonk | status | blocklisted = no | enabled = -
Listmonk | subscription_status | unsubscribed = no | unconfirmed = - | confirmed = yes
Mautic | Do Not Contact | 1 = no | 0 = -
Mautic | dnc_reason | bounced = no
ConvertKit | state | cancelled = - | bounced = no | complained = no | active = -
Ghost | subscribed_to_emails | false = no | true = yes
Substack | email_disabled | true = no | false = -
Gravity Forms | Newsletter (Consent) | Checked = yes
WordPress | Newsletter opt-in | no = no | yes = yes
Eventbrite | Email opt-in | No = no | Yes = yes
Stripe | Marketing opt-in | false = no | true = yes
Square | Email Subscription Status | unsubscribed = no | subscribed = yes
Square | Marketing Consent | No = no | Yes = yes
Lightspeed | Do not email | 1 = no | 0 = -
Vend | do_not_email | 1 = no | 0 = -
Ecwid | Accepts marketing | false = no | true = yes
BigCommerce | Receive ACS/Review Emails | No = - | Yes = -
BigCommerce | Accepts Marketing | No = no | Yes = yes
OpenCart | newsletter | 0 = no | 1 = yes
Oxid | OXDBOPTIN | 0 = - | 1 = -
Shopware | newsletter | 0 = no | 1 = yes
JTL | Newsletter | N = no | Y = yes
Axonaut | Désinscrit de la newsletter | Oui = no | Non = -
Sellsy | Refus d'emailing | Oui = no | Non = -
Teamleader | Opted in for marketing e-mails | No = no | Yes = yes
Teamleader | Marketing mails consent | No = no | Yes = yes
Capsule | Do not market | Yes = no | No = -
Copper | Email Opt-Out | Yes = no | No = -
Insightly | EMAIL_OPTED_OUT | TRUE = no | FALSE = -
SugarCRM | email_opt_out | 1 = no | 0 = -
SugarCRM | invalid_email | 1 = no | 0 = -
vTiger | Email Opt Out | 1 = no | 0 = -
CiviCRM | No Bulk Emails (User Opt Out) | Yes = no | No = -
CiviCRM | Do Not Email | Yes = no | No = -
CiviCRM | do_not_sms | 1 = - | 0 = -
CiviCRM | is_opt_out | 1 = no | 0 = -
CiviCRM | On Hold | On Hold Bounce = -
HubSpot FR | Statut du contact marketing | Contact non marketing = no | Contact marketing = -
HubSpot | Email address quarantined | true = no | false = -
Zoho | SMS Opt Out | true = - | false = -
Dynamics | Send Marketing Materials | Do Not Send = no | Send = -
Dynamics | donotsendmm | True = no | False = -
Dynamics | Follow Email | Do Not Allow = - | Allow = -
Dynamics FR | Ne pas autoriser les appels téléphoniques | Ne pas autoriser = - | Autoriser = -
Odoo FR | Désinscrit | Vrai = no | Faux = -
PrestaShop FR | Inscription à la newsletter | Non = no | Oui = yes
PrestaShop FR | Date d'inscription à la newsletter | 2026-01-02 = -
Magento | subscriber_status | 3 = no | 1 = ?
MailPoet | List status | unsubscribed = no | subscribed = -
Sellsy | Abonnement emailing | Non = no | Oui = yes
SendGrid | unsubscribe_groups | 14 = no
Splio | optout_email | 1 = no | 0 = -
Shopware | newsletter_status | optOut = no | notSet = - | optIn = yes
Brevo | SMS BLACKLIST | 1 = - | 0 = -
Shopify | email_marketing_consent_level | single_opt_in = -
Mailchimp | Email Client | Gmail = -
Mailchimp | TAGS | "newsletter" = -
Mailchimp | NOTES | does not want mails = -
Mailchimp | Unsubscribed Reason | spam = no
Brevo | Blocklisted | true = no | false = -
Brevo | Unsubscribed | true = no | false = -
Brevo | EXT_ID | 12 = -
Klaviyo | Email Consent | unsubscribed = no | subscribed = yes
Klaviyo | Consent Method | form = -
Klaviyo | Consent Form ID | a1 = -
Klaviyo | Email Suppressed | TRUE = no | FALSE = -
Klaviyo | Suppression Reason | UNSUBSCRIBE = no
Klaviyo | Last Email Opened | 2026-01-02 = -
HubSpot | Marketing emails bounced | 1 = no | 0 = -
HubSpot | Marketing emails delivered | 12 = - | 0 = -
HubSpot | Marketing emails opened | 12 = - | 0 = -
HubSpot | Marketing emails clicked | 1 = - | 0 = -
HubSpot | Last marketing email name | Soldes = -
HubSpot | Email Confirmed | true = - | false = -
HubSpot | Opted out of email: Newsletter FR | true = no | false = -
HubSpot FR | Désabonné des e-mails : newsletter | true = no | false = -
HubSpot FR | Motif du hard bounce | MAILBOX_FULL = no
Salesforce | Email Opt-Out Date | 2026-01-02 = no
Salesforce | Individual: Don't Market | true = no | false = -
Salesforce | Individual: Don't Process | true = - | false = -
Salesforce | ShouldForget | true = - | false = -
Salesforce | SMS_Opt_Out__c | true = - | false = -
Salesforce | Marketing_Opt_In__c | false = no | true = yes
Salesforce | EmailOptIn__c | false = no | true = yes
Pardot | Email Bounced | Yes = no | No = -
Pardot | Is Archived | Yes = - | No = -
Marketo | Unsubscribed | true = no | false = -
Marketo | Marketing Suspended | true = no | false = -
Marketo | Black Listed | true = no | false = -
Marketo | Email Invalid | true = no | false = -
Marketo | Email Suspended | true = no | false = -
Eloqua | Email Unsubscribe | Yes = no | No = -
Eloqua | Is Subscribed | No = no | Yes = yes
Eloqua | Is Bounced | Yes = no | No = -
Pipedrive | Person - Do not email | Yes = no | No = -
PrestaShop | customer_newsletter | 0 = no | 1 = yes
WooCommerce | billing_newsletter_optin | 0 = no | 1 = yes
WooCommerce | _klaviyo_newsletter_consent | 0 = no | 1 = yes
WooCommerce | mailchimp_opt_in | 0 = no | 1 = yes
Wix | Subscriber Status | Unsubscribed = no | Subscribed = yes
Squarespace | Mailing list subscriber | No = no | Yes = yes
Sarbacane | Statut | Désinscrit = no | Actif = -
Sarbacane | Désinscriptions | 1 = no | 0 = -
Mailjet | Opt-in | false = no | true = yes
ActiveCampaign | Unsubscribe Reason | too many = no
CleverReach | Registriert | 2026-01-02 = -
Campaign Monitor | State | Unsubscribed = no | Active = -
Campaign Monitor | Consent to Track | No = - | Yes = -
GetResponse | Unsubscribe date | 2026-01-02 = no
EmailOctopus | Status | UNSUBSCRIBED = no | SUBSCRIBED = -
Moosend | Unsubscribed On | 2026-01-02 = no
Omnisend | SMS consent | unsubscribed = - | subscribed = -
Omnisend | Email consent date | 2026-01-02 = -
Drip | prospect | false = - | true = -
Attentive | Email Subscriber | No = no | Yes = yes
Yotpo | Accepts SMS Marketing | No = - | Yes = -
Ometria | marketing_optin | EXPLICITLY_OPTED_OUT = no | NOT_SPECIFIED = - | EXPLICITLY_OPTED_IN = ?
Bloomreach | consent_email | false = no | true = yes
Bloomreach | consent_sms | false = - | true = -
Segment | email_subscribed | false = no | true = yes
Gorgias | Newsletter consent | false = no | true = yes
`

const LANGUAGES = `
FR | Inscrit à la newsletter | Non = no | Oui = yes
FR | Abonné newsletter (oui/non) | non = no | oui = yes
FR | Newsletter (1=oui, 0=non) | 0 = no | 1 = yes
FR | Newsletter (0=oui, 1=non) | 0 = ? | 1 = ?
FR | Newsletter O/N | N = no | O = yes
FR | Accepte de recevoir la newsletter par e-mail | Non = no | Oui = yes
FR | J'accepte de recevoir des offres commerciales par email | Non = no | Oui = yes
FR | Souhaite recevoir nos actualités | Non = no | Oui = yes
FR | Lettre d'information | Non = no | Oui = yes
FR | Infolettre | Non = no | Oui = yes
FR | Optin email | 0 = no | 1 = yes
FR | Opt-in partenaires | 0 = - | 1 = -
FR | Opt-in e-mail partenaires | 0 = - | 1 = -
FR | Opt-in SMS/email | 0 = no | 1 = -
FR | Consentement marketing | Refusé = no | En attente = - | Donné = ?
FR | Consentement e-mail | Retiré = no | Accordé = yes
FR | Consentement téléphone | Non = - | Oui = -
FR | Consentement cookies | Non = - | Oui = -
FR | Consentement profilage | Non = - | Oui = -
FR | Consentement CGV | Non = - | Oui = -
FR | Consentement atelier | Non = ? | Oui = -
FR | Newsletter bijoux | Non = no | Oui = -
FR | Autorisation photo | Non = - | Oui = -
FR | Désinscription newsletter | Oui = no | Non = -
FR | Demande de désinscription | Oui = no | Non = -
FR | Désabonnement le | 12/03/2026 = no
FR | Motif de désinscription | Trop de mails = no
FR | Ne veut pas de mails | Oui = no | Non = -
FR | Ne veut plus de mails | x = no | Non = -
FR | Pas de newsletter | Oui = no | Non = -
FR | Pas de prospection | Oui = no | Non = -
FR | Refus prospection commerciale | Oui = no | Non = -
FR | Refus démarchage téléphonique | Oui = - | Non = -
FR | Opposition prospection | Oui = no | Non = -
FR | Opposition au traitement des données | Oui = no | Non = -
FR | Stop mail | 1 = no | 0 = -
FR | STOP SMS | 1 = - | 0 = -
FR | Stop pub | Oui = no | Non = -
FR | Exclu des campagnes | Oui = no | Non = -
FR | Bloqué | Oui = no | Non = -
FR | E-mail invalide | Oui = no | Non = -
FR | Adresse en erreur (NPAI) | Oui = no | Non = -
FR | Mail bloqué | Oui = no | Non = -
FR | Interdiction de mailing | Oui = no | Non = -
FR | Non abonné à la newsletter | Oui = no | Non = -
FR | Statut newsletter | Désabonné = no | Abonné = yes
FR | Statut abonnement | Résilié = no | Abonné = yes
FR | Statut | Client = - | Désinscrit = no
FR | Abonnement | Non = - | Oui = -
FR | Nombre de newsletters reçues | 0 = - | 12 = -
FR | Ouvertures newsletter | 0 = - | 3 = -
FR | Date d'inscription newsletter | 2026-01-02 = -
FR | Commercial | Dupont = -
FR | N° client | 12 = -
EN | Newsletter | No = no | Yes = yes | never = no | weekly = ?
EN | Email Newsletter Opt In? | N = no | Y = yes
EN | Subscribed | no = no | yes = yes
EN | Marketing consent | declined = no | granted = yes | perhaps = ?
EN | Marketing consent (email) | no = no | yes = yes
EN | Marketing consent (SMS) | no = - | yes = -
EN | Email consent | withdrawn = no | given = yes
EN | Can we email you? | No = no | Yes = yes
EN | Wants to receive our newsletter | No = no | Yes = yes
EN | I would like to receive marketing emails | No = no | Yes = yes
EN | Please do not send me marketing emails | Yes = no | No = -
EN | Don't send newsletter | Yes = no | No = -
EN | Never email | Yes = no | No = -
EN | No longer wishes to receive emails | Yes = no | No = -
EN | No marketing | Yes = no | No = -
EN | Not subscribed | Yes = no | No = -
EN | Not unsubscribed | Yes = ? | No = ?
EN | Without newsletter | Yes = no | No = -
EN | Removed from mailing list | Yes = no | No = -
EN | Mailing list | No = no | Yes = yes
EN | Unsubscribed by | admin = no
EN | Unsubscribe reason | other = no
EN | Unsubscribe link | https://x.example/u/1 = -
EN | unsubscribe_token | a1b2 = -
EN | Opt out date | 2026-01-02 = no
EN | Opted-out (email) | Yes = no | No = -
EN | Opted-out (phone) | Yes = - | No = -
EN | Email suppressed | Yes = no | No = -
EN | Do not mail list | Yes = no | No = -
EN | Spam complaint | 1 = no | 0 = -
EN | Hard bounces | 2 = no | 0 = -
EN | Soft bounces | 2 = - | 0 = -
EN | Consent given | No = no | Yes = yes
EN | GDPR consent | No = no | Yes = -
EN | Privacy policy accepted | No = - | Yes = -
EN | Terms and conditions accepted | No = - | Yes = -
EN | Consent to data processing | No = - | Yes = -
EN | Third-party marketing consent | No = - | Yes = -
EN | Consent source | web form = -
EN | Consent text | I agree to receive mails = -
EN | Consent IP | 192.0.2.1 = -
EN | Opt-in requested | No = - | Yes = -
EN | Confirmation email sent | No = - | Yes = -
EN | Email verified | No = - | Yes = -
EN | Email confirmed | No = - | Yes = -
EN | Emails received | 0 = - | 12 = -
EN | Offer accepted | No = - | Yes = -
EN | Account blocked | Yes = no | No = -
EN | Payment status | refused = - | paid = -
EN | Status | lost = - | opted out = no
EN | State | CA = -
EN | Membership cancelled | Yes = - | No = -
EN | Newsletter cancelled at | 2026-01-02 = no
EN | Photo consent | No = - | Yes = -
EN | Legal guardian consent | No = - | Yes = -
EN | Loyalty programme opt-in | No = - | Yes = -
EN | Survey opt-in | No = - | Yes = -
EN | Catalogue opt-in | No = - | Yes = -
DE | Newsletter abonniert | Nein = no | Ja = yes
DE | Newsletter-Abo | Nein = no | Ja = yes
DE | Newsletterempfang | Nein = no | Ja = yes
DE | Newsletter-Anmeldung | Nein = no | Ja = yes
DE | E-Mail-Werbung erlaubt | Nein = no | Ja = yes
DE | Werbung per E-Mail | Nein = no | Ja = yes
DE | Werbeeinwilligung | Nein = no | Ja = yes
DE | Werbeeinwilligung E-Mail | widerrufen = no | erteilt = yes
DE | Werbeeinwilligung Telefon | Nein = - | Ja = -
DE | Einwilligung | abgelehnt = no | erteilt = yes
DE | Einwilligung Newsletter am | 2026-01-02 = -
DE | DSGVO-Einwilligung | Nein = no | Ja = -
DE | Einwilligung Bildrechte | Nein = - | Ja = -
DE | Einwilligung Profiling | Nein = - | Ja = -
DE | Zustimmung AGB | Nein = - | Ja = -
DE | Werbeverbot | Ja = no | Nein = -
DE | Werbesperre | Ja = no | Nein = -
DE | Mailsperre | Ja = no | Nein = -
DE | Kontaktsperre | Ja = no | Nein = -
DE | Keine Werbung | Ja = no | Nein = -
DE | Keine E-Mails | Ja = no | Nein = -
DE | Nicht anschreiben | Ja = no | Nein = -
DE | Will keinen Newsletter | Ja = no | Nein = -
DE | Möchte keinen Newsletter mehr | Ja = no | Nein = -
DE | Newsletter abbestellt | Ja = no | Nein = -
DE | Newsletter-Abmeldung am | 02.01.2026 = no
DE | Newsletter deaktiviert | Ja = no | Nein = -
DE | Widerspruch Werbung | Ja = no | Nein = -
DE | Widerspruch gegen Datenverarbeitung | Ja = no | Nein = -
DE | Werbewiderspruch | Ja = no | Nein = -
DE | Widerruf der Einwilligung | Ja = no | Nein = -
DE | Einwilligung widerrufen am | 02.01.2026 = no
DE | Einwilligung entzogen | Ja = no | Nein = -
DE | Sperrkennzeichen | X = no
DE | Robinsonliste | Ja = no | Nein = -
DE | Newsletterstatus | abgemeldet = no | ausgetragen = no | angemeldet = yes
DE | Status | gesperrt = no | aktiv = -
DE | Anzahl Newsletter | 0 = - | 4 = -
ES | Suscrito al boletín | No = no | Sí = yes
ES | Acepta recibir correos | No = no | Sí = yes
ES | Acepta publicidad | No = no | Sí = yes
ES | Consentimiento | Revocado = no | Denegado = no | Aceptado = yes
ES | Consentimiento comercial | No = no | Sí = yes
ES | Consentimiento RGPD | No = no | Sí = -
ES | Consentimiento de imagen | No = - | Sí = -
ES | Autoriza envío de correos | No = no | Sí = yes
ES | Acepta SMS | No = - | Sí = -
ES | Acepta cesión a terceros | No = - | Sí = -
ES | No enviar publicidad | Sí = no | No = -
ES | No desea recibir correos | Sí = no | No = -
ES | No contactar | Sí = no | No = -
ES | Dado de baja | Sí = no | No = -
ES | Motivo de baja | Muchos correos = no
ES | Lista negra | Sí = no | No = -
ES | Correo rebotado | Sí = no | No = -
ES | Suscripción cancelada | Sí = no | No = -
ES | Estado de suscripción | Baja = no | Suscrito = yes
IT | Iscritto alla newsletter | No = no | Sì = yes
IT | Consenso marketing | Revocato = no | No = no | Sì = yes
IT | Consenso newsletter | No = no | Sì = yes
IT | Consenso profilazione | No = - | Sì = -
IT | Consenso privacy | No = - | Sì = -
IT | Consenso trattamento dati | No = - | Sì = -
IT | Consenso cessione a terzi | No = - | Sì = -
IT | Accetta comunicazioni commerciali via email | No = no | Sì = yes
IT | Disiscritto | Sì = no | No = -
IT | Data disiscrizione | 2026-01-02 = no
IT | Non inviare email | Sì = no | No = -
IT | Non contattare | Sì = no | No = -
IT | Newsletter disdetta | Sì = no | No = -
IT | Rifiuta newsletter | Sì = no | No = -
IT | Revoca consenso | Sì = no | No = -
IT | Lista nera | Sì = no | No = -
IT | Stato iscrizione | Disiscritto = no | Iscritto = yes
FR | Ne pas relancer | Oui = no | Non = -
FR | Ne pas solliciter | Oui = no | Non = -
FR | Pas de pub | Oui = no | Non = -
FR | À ne pas contacter | Oui = no | Non = -
FR | Fin d'abonnement newsletter | 2026-01-02 = no
FR | Droit d'opposition exercé | Oui = no | Non = -
FR | S'oppose à la prospection | Oui = no | Non = -
FR | Consentement obtenu | Non = no | Oui = yes
FR | Consentement expiré | Oui = no | Non = -
FR | Consentement refusé | Oui = no | Non = -
FR | Consentement newsletter | Pas abonné = no | Accepte = yes | Refuse = no
FR | Consentement WhatsApp | Non = - | Oui = -
FR | Newsletter suspendue | Oui = no | Non = -
FR | Suppression newsletter | Oui = no | Non = -
FR | Opt-in courrier | Non = - | Oui = -
FR | Opt-in courriel | Non = no | Oui = yes
FR | Newsletter non renseignée | Oui = no
EN | Newsletter stopped | Yes = no | No = -
EN | Consent missing | Yes = no | No = -
EN | Consent not given | Yes = no | No = -
EN | Consent obtained | No = no | Yes = yes
EN | Newsletter left | Yes = no | No = -
EN | Data consent | No = - | Yes = -
EN | Excluded from marketing | Yes = no | No = -
EN | Rejected newsletter | Yes = no | No = -
EN | Opened newsletters | 0 = - | 4 = -
EN | Do not disturb | Yes = no | No = -
EN | Contact deleted | Yes = - | No = -
DE | Kontaktverbot | Ja = no | Nein = -
DE | Newsletter erwünscht | Nein = no | Ja = yes
DE | Newsletter unerwünscht | Ja = no | Nein = -
DE | Einwilligung liegt vor | Nein = no | Ja = yes
DE | Einwilligung fehlt | Ja = no | Nein = -
DE | Newsletter storniert | Ja = no | Nein = -
DE | Newsletterabbestellung | Ja = no | Nein = -
DE | Nicht mehr anschreiben | Ja = no | Nein = -
DE | Einwilligung Post | Nein = - | Ja = -
DE | Newsletter | nicht abonniert = no | abonniert = yes
ES | Consentimiento retirado | Sí = no | No = -
ES | Consentimiento caducado | Sí = no | No = -
ES | Suprimido de newsletter | Sí = no | No = -
ES | Newsletter desactivado | Sí = no | No = -
ES | Nunca llamar | Sí = - | No = -
ES | Exclusión newsletter | Sí = no | No = -
IT | Consenso ritirato | Sì = no | No = -
IT | Newsletter sospesa | Sì = no | No = -
IT | Mai inviare newsletter | Sì = no | No = -
IT | Nessuna newsletter | Sì = no | No = -
IT | Consenso scaduto | Sì = no | No = -
IT | Esclusione newsletter | Sì = no | No = -
IT | Consenso SMS | No = - | Sì = -
FR | Accord newsletter | Non = no | Oui = yes
FR | Accord RGPD | Non = no | Oui = -
FR | Autorise l'envoi d'e-mails | Non = no | Oui = yes
FR | Souhaite recevoir la newsletter | Non = no | Oui = yes
FR | Ne souhaite pas recevoir d'e-mails | Oui = no | Non = -
FR | Ne veut pas être contacté | Oui = no | Non = -
FR | Ne pas mailer | 1 = no | 0 = -
FR | Mailing interdit | Oui = no | Non = -
FR | Emailing autorisé | Non = no | Oui = yes
FR | Abonné à l'infolettre | Non = no | Oui = yes
FR | Newsletter hebdomadaire | Non = no | Oui = -
FR | Statut emailing | Refusé = no | Accepté = yes
FR | Mail refusé | Oui = no | Non = -
FR | Désabonné newsletter le | 12/03/2026 = no
FR | Contact bloqué | Oui = no | Non = -
FR | Client VIP | Oui = - | Non = -
FR | Consentement vidéo | Non = - | Oui = -
FR | Consentement partage partenaires | Non = - | Oui = -
FR | Consentement cookies marketing | Non = - | Oui = -
FR | Opt-out | Oui = no | Non = -
FR | Optout SMS | Oui = - | Non = -
EN | Email permission | denied = no | granted = yes
EN | Permission to email | No = no | Yes = yes
EN | Permission to call | No = - | Yes = -
EN | OK to email | No = no | Yes = yes
EN | OK to call | No = - | Yes = -
EN | Newsletter signup | No = no | Yes = yes
EN | On mailing list | No = no | Yes = yes
EN | Off mailing list | Yes = no | No = -
EN | Do Not Solicit | Yes = no | No = -
EN | Email opt-in status | opted out = no | opted in = yes
EN | Email bounced at | 2026-01-02 = no
EN | Marked as spam | Yes = no | No = -
EN | Junk | Yes = - | No = -
EN | Marketing preference | none = -
EN | Subscriber since | 2020-01-01 = -
EN | Email frequency | weekly = -
EN | Cookie opt-out | Yes = - | No = -
EN | Opt-out of data sale | Yes = - | No = -
DE | Newsletter-Einwilligung | Nein = no | Ja = yes
DE | E-Mail-Marketing | Nein = no | Ja = yes
DE | E-Mail-Einwilligung | widerrufen = no | erteilt = yes
DE | Kontakt per E-Mail erlaubt | Nein = no | Ja = yes
DE | Kontakt per Telefon erlaubt | Nein = - | Ja = -
DE | Einwilligung Werbung Post | Nein = - | Ja = -
DE | Abmeldegrund | zu viele = no
DE | Mailing gesperrt | Ja = no | Nein = -
DE | Bounce | hard = no
DE | Keine Mailings | Ja = no | Nein = -
ES | Recibir newsletter | No = no | Sí = yes
ES | Acepta recibir comunicaciones comerciales | No = no | Sí = yes
ES | Baja | Sí = no | No = -
ES | Fecha de alta | 2026-01-02 = -
ES | Envío de publicidad | No = no | Sí = yes
ES | Bloqueado | Sí = no | No = -
IT | Ricevi newsletter | No = no | Sì = yes
IT | Consenso email marketing | No = no | Sì = yes
IT | Consenso telefono | No = - | Sì = -
IT | Data disiscrizione newsletter | 2026-01-02 = no
IT | Cancellato dalla newsletter | Sì = no | No = -
`

describe.each([
  ['tools', TOOLS],
  ['languages', LANGUAGES],
])('columns of %s', (_, text) => {
  test.each(table(text))('%s | %s | %s = %s', (_tool, heading, value, right) => {
    expect(says(heading, value)).toBe(right)
  })
})

describe('the collected columns of tools and shops', () => {
  const file = new URL('../../../shared/data/cases/consent-columns.json', import.meta.url).pathname
  const isThere = existsSync(file)
  type Case = { heading: string; no: string; yes: string; rightNo: boolean | null; rightYes: boolean | null }
  const cases = isThere ? (JSON.parse(readFileSync(file, 'utf8')) as Case[]) : []
  const signOf = (right: boolean | null) => (right === null ? ['-', '?'] : [right ? 'yes' : 'no'])

  test.skipIf(!isThere)(`are all read as they are meant${isThere ? '' : ' (skipped: they are not at hand)'}`, () => {
    expect(cases.length).toBeGreaterThan(100)
    const wrong = cases.flatMap(({ heading, no, yes, rightNo, rightYes }) => {
      const read = [says(heading, no), says(heading, yes)] as const
      return signOf(rightNo).includes(read[0]) && signOf(rightYes).includes(read[1]) ? [] : [{ heading, no, yes, read }]
    })
    expect(wrong).toEqual([])
  })
})
