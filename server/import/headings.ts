/**
 * The headings of columns in exports of shops, CRMs, mail tools and address books, in English, French, German, Spanish
 * and Italian. Data only. Every spelling is written as `plain()` in `heading.ts` returns it: lower case, no accents,
 * single spaces between words, `email`, `optin` and `optout` in one word, without brackets.
 */

/** Columns that identify a contact, the most certain first. */
export const ID = [
  ...['contact id', 'contactid', 'id contact', 'contact key', 'crm id', 'external id', 'externalid', 'kontakt id'],
  ...['customer id', 'customerid', 'customer no', 'customer nr', 'customer number', 'customer code', 'client id'],
  ...['clientid', 'client number', 'client no', 'kundennummer', 'kundennr', 'kunden nr', 'kunden id', 'kundenid'],
  ...['kunden nummer', 'debitorennummer', 'numero client', 'no client', 'n client', 'num client', 'id client'],
  ...['identifiant client', 'code client', 'reference client', 'id cliente', 'codigo cliente', 'codigo de cliente'],
  ...['numero cliente', 'numero de cliente', 'n cliente', 'codice cliente', 'identificativo cliente', 'cliente id'],
  ...['id customer', 'entity id', 'subscriber id', 'subscriber key', 'user id', 'userid', 'id user', 'member id'],
  ...['mitgliedsnummer', 'numero adherent', 'lead id', 'person id', 'record id', 'profile id', 'euid', 'identifiant'],
  ...['kennung', 'identificador', 'identificativo', 'id'],
]

/** Columns of the contact's own address. */
export const EMAIL = [
  ...['email', 'email address', 'emailaddress', 'email addr', 'mail', 'mail address', 'emails', 'primary email'],
  ...[
    'email primary',
    'main email',
    'customer email',
    'contact email',
    'subscriber email',
    'user email',
    'client email',
  ],
  ...['email 1', 'email1', 'email 1 value', 'email home', 'home email', 'personal email', 'email personal', 'email id'],
  ...['work email', 'email work', 'business email', 'courriel', 'adresse email', 'adresse mail', 'adresse courriel'],
  ...['adresse electronique', 'courrier electronique', 'mel', 'email client', 'mail client', 'email adresse'],
  ...['emailadresse', 'mailadresse', 'mail adresse', 'kunden email', 'email privat', 'correo', 'correo electronico'],
  ...[
    'direccion de correo',
    'direccion de correo electronico',
    'direccion email',
    'direccion de email',
    'correo email',
  ],
  ...['email cliente', 'correo cliente', 'indirizzo email', 'indirizzo mail', 'indirizzo di posta elettronica'],
  ...['posta elettronica', 'indirizzo email cliente'],
]

/** Words that mark a heading of addresses. */
export const EMAIL_WORDS = [
  'email',
  'emails',
  'mail',
  'courriel',
  'correo',
  'emailadresse',
  'mailadresse',
  'emailaddress',
]

/** Words that mark a secondary address of the same person. */
export const SECOND_WORDS = [
  ...['secondary', 'second', 'alternate', 'alternative', 'alt', 'backup', 'other', 'additional', 'billing', 'invoice'],
  ...['paypal', 'old', 'previous', 'former', '2', '3', '4', '5', 'email2', 'email3', 'secondaire', 'autre', 'ancien'],
  ...[
    'facturation',
    'zweite',
    'weitere',
    'andere',
    'alte',
    'rechnung',
    'rechnungs',
    'secundario',
    'otro',
    'facturacion',
  ],
  ...['secondario', 'secondaria', 'altro', 'altra', 'alternativa', 'alternativo', 'fatturazione'],
]

/** Words that mark a column about somebody else. */
export const OTHER_PERSON_WORDS = [
  ...['owner', 'manager', 'managers', 'assigned', 'assignee', 'agent', 'rep', 'representative', 'salesperson', 'sales'],
  ...['seller', 'advisor', 'adviser', 'consultant', 'assistant', 'assistants', 'spouse', 'partner', 'parent', 'mother'],
  ...['father', 'guardian', 'emergency', 'referrer', 'referral', 'referred', 'sponsor', 'inviter', 'by', 'creator'],
  ...['author', 'editor', 'reporter', 'support', 'staff', 'employee', 'boss', 'supervisor', 'coach', 'broker', 'buyer'],
  ...['vendor', 'supplier', 'sender', 'reply', 'from', 'store', 'shop', 'recipient', 'gift', 'kam', 'betreuer'],
  ...['kundenbetreuer', 'verantwortlich', 'verantwortlicher', 'ansprechpartner', 'besitzer', 'berater', 'vertreter'],
  ...['verkaufer', 'zustandig', 'eltern', 'notfall', 'werber', 'von', 'proprietaire', 'responsable', 'commercial'],
  ...['conseiller', 'vendeur', 'parrain', 'conjoint', 'gestionnaire', 'assigne', 'par', 'propietario', 'asignado'],
  ...['comercial', 'asesor', 'vendedor', 'gestor', 'conyuge', 'por', 'proprietario', 'assegnato', 'venditore'],
  ...['agente', 'referente', 'consulente', 'coniuge', 'da'],
]

/** Phone numbers, unless the cells hold no digits. */
export const PHONE = [
  ...[
    'phone',
    'phone number',
    'phonenumber',
    'telephone',
    'telephone number',
    'tel',
    'tel no',
    'mobile',
    'mobile phone',
  ],
  ...['mobile number', 'mobile phone number', 'cell', 'cell phone', 'cellphone', 'primary phone', 'home phone'],
  ...['home mobile', 'phone 1', 'phone 1 value', 'work phone', 'business phone', 'customer phone', 'contact phone'],
  ...['telephone portable', 'tel portable', 'portable', 'numero de telephone', 'numero telephone', 'telephone mobile'],
  ...['telephone fixe', 'telefon', 'telefonnummer', 'handy', 'handynummer', 'mobil', 'mobilnummer', 'mobiltelefon'],
  ...['rufnummer', 'telefono', 'numero de telefono', 'telefono movil', 'movil', 'celular', 'cellulare'],
  ...['numero di telefono', 'telefono cellulare', 'numero cellulare'],
]

/** Whether the contact is a minor. */
export const MINOR = [
  ...['minor', 'is minor', 'under age', 'underage', 'under 18', 'mineur', 'est mineur', 'minderjahrig', 'menor'],
  ...['menor de edad', 'minore', 'minorenne'],
]

export const MERGED_INTO = [
  'merged into',
  'merged into id',
  'merged to',
  'master id',
  'fusionne avec',
  'zusammengefuhrt mit',
]

/** When the row was last changed at its source. */
export const UPDATED_AT = [
  ...['updated at', 'updated', 'updated on', 'last updated', 'date updated', 'update date', 'date upd', 'last changed'],
  ...['changed at', 'modified', 'modified at', 'modified on', 'modified date', 'date modified', 'last modified'],
  ...['last modified date', 'lastmodified', 'lastmodifieddate', 'last modified at', 'mis a jour', 'mis a jour le'],
  ...['modifie le', 'date de modification', 'date modification', 'derniere modification', 'geandert am'],
  ...[
    'letzte anderung',
    'aktualisiert am',
    'zuletzt geandert',
    'actualizado',
    'actualizado el',
    'fecha de modificacion',
  ],
  ...['ultima modificacion', 'modificado', 'aggiornato il', 'data modifica', 'ultima modifica', 'modificato il'],
]

/** Whether, or when, the row was deleted at its source. */
export const DELETED = [
  ...['is deleted', 'isdeleted', 'deleted', 'deleted at', 'deleted on', 'date deleted', 'deletion date', 'supprime'],
  ...['supprimee', 'supprime le', 'est supprime', 'date de suppression', 'date suppression', 'geloscht', 'geloscht am'],
  ...['loschdatum', 'ist geloscht', 'eliminado', 'eliminado el', 'fecha de eliminacion', 'eliminato', 'eliminato il'],
  ...['data eliminazione', 'borrado', 'fecha de borrado'],
]

/** Names, under which the dashboard finds them. */
export const NAMES: Record<string, string[]> = {
  first_name: [
    ...[
      'first name',
      'firstname',
      'fname',
      'given name',
      'givenname',
      'forename',
      'prenom',
      'vorname',
      'nombre de pila',
    ],
    ...[
      'primer nombre',
      'nome di battesimo',
      'customer first name',
      'fornamn',
      'voornaam',
      'imie',
      'contact first name',
    ],
  ],
  last_name: [
    ...['last name', 'lastname', 'lname', 'family name', 'familyname', 'surname', 'nom de famille', 'nachname'],
    ...['familienname', 'apellido', 'apellidos', 'cognome', 'customer last name', 'efternamn', 'achternaam', 'zuname'],
    ...['nom usuel', 'nom d usage', 'nom de naissance', 'primer apellido', 'contact last name'],
  ],
  name: [
    'name',
    'full name',
    'fullname',
    'display name',
    'nom complet',
    'nom et prenom',
    'nombre completo',
    'nome completo',
    'nom prenom',
    'prenom nom',
    'prenom et nom',
    'nombre y apellidos',
    'nome e cognome',
    'vor und nachname',
    'vorname nachname',
    'namn',
    'naam',
    'nom client',
    'nom du client',
    'kundenname',
    'customer name',
    'contact name',
  ],
}

/**
 * Headings of a whole name, or of the part of it for which there is no other column: `Nom` is the surname beside `Prénom`,
 * `Nombre` the first name beside `Apellidos`.
 */
export const OPEN_NAMES = ['name', 'nom', 'nombre', 'nome', 'namn', 'naam']

/** Columns with such a word are never read: they hold credentials. */
export const SECRET_WORDS = [
  ...['password', 'passwords', 'passwd', 'pwd', 'pass', 'passphrase', 'passcode', 'passwordhash', 'hash', 'hashed'],
  ...['salt', 'token', 'tokens', 'secret', 'secrets', 'reset', 'otp', 'totp', 'mfa', '2fa', 'cvv', 'cvc'],
  ...['passwort', 'passworter', 'kennwort', 'losungswort', 'geheimnis', 'mdp', 'contrasena', 'contrasenas', 'parola'],
]

/** The same in several words. */
export const SECRET_PHRASES = [
  ...['mot de passe', 'mots de passe', 'palabra de paso', 'parola chiave', 'parola d ordine', 'api key', 'apikey'],
  ...[
    'private key',
    'card number',
    'credit card',
    'secret question',
    'security question',
    'security answer',
    'pin code',
  ],
]

/** A column with such a word holds no quantities, whatever its cells look like. */
export const TEXT_WORDS = [
  ...[
    'zip',
    'zipcode',
    'postcode',
    'postal',
    'plz',
    'cp',
    'cap',
    'postleitzahl',
    'phone',
    'mobile',
    'cell',
    'fax',
    'tel',
  ],
  ...[
    'telephone',
    'telefon',
    'telefono',
    'pager',
    'id',
    'ids',
    'code',
    'number',
    'nr',
    'no',
    'num',
    'nummer',
    'numero',
  ],
  ...[
    'ref',
    'reference',
    'sku',
    'ean',
    'gtin',
    'isbn',
    'iban',
    'bic',
    'vat',
    'taxvat',
    'siret',
    'siren',
    'tax',
    'house',
  ],
  ...[
    'kundennummer',
    'card',
    'account',
    'serial',
    'movil',
    'handy',
    'portable',
    'codigo',
    'codice',
    'key',
    'icq',
    'groups',
  ],
]
