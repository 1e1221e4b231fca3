/**
 * The words of which shops make the statuses of orders, in English, French, German, Spanish and Italian. Data only: lower
 * case, without accents; `*` stands for any ending. A word is of the first kind that lists it.
 */

const list = (text: string) => text.split(/\s+/).filter((word) => word !== '')

/** Denies what stands beside it. */
export const NOT = list('not no non nicht nichts pas sans ohne sin senza never')

/** Not all of it. */
export const PART = list('part partial* partly partiel* partiell* teilweise teil parcial* parzial* parte')

/** Money went back. */
export const REFUND =
  list(`restituit* retornad* refund* rembours* erstattet* erstattung* ruckerstatt* zuruckerstatt* ruckzahlung* gutgeschrieben
  gutschrift reembols* rimbors* devuelt* devolu* returned return retourne retournee retourniert retoure retour zuruckgegeben
  reso resi credited avoir chargeback chargedback disput* litige ruckbuchung rucklastschrift reversed reversal contracargo`)

/** It was called off. */
export const CANCEL = list(
  `cancel* annul* stornier* storno abgebrochen cancell* void* ungultig anulad* anulaci* widerrufen`,
)

/** Somebody is waited for. */
export const WAIT =
  list(`remind* erinnert relance* sollecit* pending await* wait* attente attend* hold* holded wartestellung warten wartet wartend ausstehend*
  ausstand offen offene offener open ouvert ouverte abierto abierta aperto aperta pendiente* espera attesa sospeso sospesa
  suspend* new neu neue neuer nouveau nouvelle nuevo nueva nuovo nuova zuruckgestellt angehalten pause review verif* due overdue
  fallig* uberfallig* scaduto scaduta unconfirmed uberprufung prufung revision* todo later impaye* impagad* delayed`)

/** It came to nothing. */
export const FAIL =
  list(`cart panier warenkorb carrito carrello fail* echou* echec fehlgeschlagen gescheitert fallid* fallit* error erreur fehler errore refus*
  declin* reject* rejet* rechaz* rifiut* abgelehnt denied denegad* negat* expir* abgelaufen caduc* abandon* draft brouillon
  entwurf borrador bozza trash corbeille papierkorb papelera deleted supprim* geloscht eliminad* fraud* betrug* frode timeout
  timed incomplet* unvollstandig invalid* quote devis angebot presupuesto preventivo estimate proforma`)

/** Somebody asks for it. */
export const REQUEST = list('request* demand* angefordert beantragt solicit* richiest* anfrage initiated')

/** The money is there, or as good as there. */
export const PAID =
  list(`solde soldee verse versee paid paye payee payes payees bezahlt* gezahlt pagad* pagat* captur* charged settled succe* accept*
  acept* accett* akzeptiert angenommen approv* approuv* genehmigt autoris* authori* autoriz* autorizz* encaiss* cleared
  gutgebucht saldad* regle reglee acompte deposit anzahlung`)

/** It has come: the money, or only the order. */
export const RECEIVED = list('received recu recue erhalten recibid* ricevut* eingegangen')

/** It is about money. */
export const PAYMENT =
  list(`pay pal paypal klarna stripe sepa sofort geld payment* paiement* zahlung* zahlungseingang pago pagos pagamento pagamenti cash cheque check bank
  bancaire bancario bancaria wire transfer virement uberweisung vorkasse transferencia bonifico especes contrassegno nachnahme
  contado balance`)

/** Somebody works on it. */
export const PROCESS =
  list(`process* traitement traitee traite cours bearbeitung bearbeitet procesando proceso procesad*
  elaborazione elaborat* lavorazione progress production produktion fertigung fabrication produccion produzione`)

/** It is done, or on its way. */
export const FULFIL =
  list(`disponible available verfugbar remis transito route complet* abgeschlossen erledigt termin* done finish* finaliz* finalis* fulfil* fertig* confirm*
  bestatigt bestatigung prepar* vorbereit* zubereit* kommission* ship* dispatch* deliver* expedi* livr* envoy* versand* versendet
  verschickt geliefert zugestellt ausgeliefert lieferung unterwegs enviad* envio entreg* spedi* consegn* evas* pick* collect*
  retire retiree retrait abgeholt abholbereit abholung recogid* ritirat* ritiro ready pret prete bereit* listo lista pronto pronta
  sold vendu vendue verkauft sale vente verkauf venta vendita invoiced factur* fakturiert berechnet fatturat* valid archived
  archive archivee archiviert transit packed packing pack emballe emballee verpackt sent ok executed backorder* reapprovisionnement
  nachbestellt lieferruckstand stock fulfillment partiallyshipped`)

/** What says nothing by itself. */
export const NEUTRAL =
  list(`checkout auto magasin boutique store shop tienda negozio filiale laden colis paket paquete pacco parcel package etre pour order orders commande commandes bestellung auftrag pedido pedidos ordine ordini by par von por da de
  du des di del della la le les l d der die das den dem the of for en in im a au aux al alla el il lo wurde wird ist is has been est ete fue
  estado stato etat statut status card carte karte tarjeta carta customer client cliente kunde buyer seller vendeur merchant
  marchand invoice suspected up remote distance at zur zum per via online on auf y et und e and noch yet to be`)

/** Done, one way or another. */
export const CLOSED = list('closed close fermee ferme geschlossen cerrado cerrada chiuso chiusa')
