/**
 * The headings of columns in exports of orders: shop systems, marketplaces and tills, in English, French, German, Spanish
 * and Italian. Data only. A heading is compared as `orderHeading()` returns it: plain, without articles and prepositions, and
 * with `no` for every word and sign for a number.
 */
import { plain } from './heading.ts'
import { ID } from './headings.ts'

const SMALL = new Set(
  'de d du des la le les l da do dos das del della dell dello di of the der die von vom et y e'.split(' '),
)
const NUMBERS = new Set('n no nr num numero nummer number nro'.split(' '))

/** A heading of an order's column in the form of the lists below. */
export function orderHeading(heading: string): string {
  const words = plain(heading)
    .split(' ')
    .filter((word) => !SMALL.has(word))
  return words.map((word) => (NUMBERS.has(word) ? 'no' : word)).join(' ')
}

const list = (text: string) =>
  text
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '')

/** Columns by field, the most certain heading first. */
export const ORDER = {
  order_id:
    list(`order id, orderid, order no, orderno, amazon order id, increment id, order reference, order ref, order code
    order, commande no, no commande, id commande, reference commande, ref commande, commande, bestellnummer, bestellnr
    bestell no, bestellung no, bestell id, bestellungs no, bestellung, auftragsnummer, auftragsnr, auftrags no, auftrag no
    auftrag, no pedido, pedido no, id pedido, referencia pedido, pedido, no ordine, ordine no, id ordine, riferimento ordine
    ordine, sales record no, receipt no, receipt id, no ticket, ticket no, ticket id, ticket caisse no, no ticket caisse
    bon no, bonnr, bonnummer, beleg no, belegnr, belegnummer, kassenbon no, kassenbon, no scontrino, scontrino no, scontrino
    no vente, vente no, id vente, no venta, id venta, no vendita, sale id, sale no, purchase id, purchase no, order transaction id
    transaction id, transactionid, transaction no, id transaction, invoice no, invoice id, invoice, no facture, facture no, facture
    rechnungsnummer, rechnungsnr, rechnung no, rechnungs no, no factura, factura no, factura, no fattura, fattura no, fattura
    receipt, ticket, bon, beleg, transaction, vente, sale, reference, referencia, riferimento, ref`),
  payment_status:
    list(`financial status, payment status, payment state, statut paiement, etat paiement, zahlungsstatus, zahlstatus
    estado pago, estado pagos, stato pagamento, payment order state`),
  status:
    list(`order status, status order, status, order state, statut commande, etat commande, statut, etat, bestellstatus
    auftragsstatus, status bestellung, estado pedido, estado, stato ordine, stato, transaction status, state, sale status`),
  item_status: list(
    'item status, lineitem status, line status, line item status, product status, statut ligne, positionsstatus',
  ),
  cancelled:
    list(`cancelled at, canceled at, cancelled on, canceled on, cancelled date, canceled date, date cancelled, date canceled
    cancellation date, cancel date, cancelled, canceled, is cancelled, is canceled, annulee le, annule le, date annulation, annulee
    annule, storniert am, stornodatum, storniert, storno, fecha cancelacion, fecha anulacion, cancelado, anulado, data annullamento
    annullato`),
  at: list(`order date, orderdate, date order, ordered at, ordered on, date ordered, order placed, placed at, order created at
    order created, order datetime, order timestamp, purchase date, purchased at, purchased on, date purchase, date purchased
    sale date, date sale, sold at, sold on, date sold, transaction date, date transaction, receipt date, date commande, commande le
    date commandes, date heure commande, passee le, date achat, date vente, date ticket, date facture, bestelldatum, bestellzeit
    bestellzeitpunkt, auftragsdatum, kaufdatum, verkaufsdatum, belegdatum, bondatum, rechnungsdatum, datum bestellung
    fecha pedido, fecha compra, fecha venta, fecha factura, data ordine, data acquisto, data vendita, data scontrino, data fattura
    invoice date, created at, created on, created, date created, creation date, date creation, date add, creee le, cree le
    erstellt am, fecha creacion, data creazione, datetime, date time, date heure, datum uhrzeit, datum zeit, fecha hora, data ora
    timestamp, date, datum, fecha, data, jour, tag, at, order time, processed at, payments date, when`),
  time: list(
    'time, heure, uhrzeit, zeit, hora, ora, order time, heure vente, heure commande, heure ticket, transaction time, sale time',
  ),
  zone: list('time zone, timezone, fuseau horaire, zeitzone, zona horaria, fuso orario'),
  paid: list(`paid at, paid on, paid on date, paid date, date paid, payment date, paid, is paid, paye le, payee le, date paiement, payee
    paye, reglee, bezahlt am, zahlungsdatum, bezahlt, fecha pago, pagado, data pagamento, pagato`),
  total:
    list(`order total, order total amount, total order, total order amount, order grand total, grand total, total commande
    montant total commande, montant commande, total paid tax incl, total paid, total amount, total price, total incl tax
    total tax incl, total inc tax, total inc vat, total gross, order amount, order value, order price, amount paid, total collected
    total sales, montant total ttc, total ttc, montant ttc, montant total, prix total ttc, prix total, net a payer, total a payer
    total paye, gesamtbetrag, gesamtsumme, gesamtpreis, gesamt brutto, gesamt, bestellwert, bestellsumme, bestellbetrag
    auftragswert, rechnungsbetrag, endbetrag, endsumme, bruttobetrag, bruttosumme, brutto, summe brutto, summe, total pedido
    importe total, precio total, total con iva, total factura, total venta, totale ordine, importo totale, prezzo totale
    totale fattura, totale scontrino, totale, total, sum, revenue, no revenue, n revenue, umsatz, chiffre affaires, ca ttc`),
  amount:
    list(`amount, montant, betrag, importe, monto, importo, value, valeur, wert, valor, valore, net sales, gross sales
    sales, spend, dollars, order subtotal amount, subtotal`),
  refunded:
    list(`refunded amount, amount refunded, total refunded, refunded total, order refund amount, refund amount, refund total
    partial refunds, refunds, refund, refunded, montant rembourse, total rembourse, remboursements, remboursement, rembourse
    remboursee, erstattungsbetrag, erstatteter betrag, erstattung, erstattet, ruckerstattung, ruckerstattet, importe reembolsado
    reembolso, reembolsos, reembolsado, importo rimborsato, rimborso, rimborsi, rimborsato`),
  tax: list(`order total tax amount, order tax, tax total, total tax, tax amount, taxes, tax, sales tax, vat amount, vat, montant tva
    total tva, tva, mwst betrag, mwst, ust, umsatzsteuer, mehrwertsteuer, steuerbetrag, steuer, importe iva, importo iva, iva`),
  currency:
    list(`currency, currency code, order currency, order currency code, base currency code, base currency, currency iso
    devise, monnaie, code devise, wahrung, wahrungscode, moneda, divisa, valuta`),
  items:
    list(`product details, line items, lineitems, order items, items, products, product, articles, produits, positionen, artikel, produkte
    articulos, productos, articoli, prodotti, contenu, contenu commande, panier`),
  item_id:
    list(`lineitem sku, line item sku, item sku, product sku, variant sku, sku, custom label, item id, itemid, product id, productid
    product code, item code, item no, product no, article no, article id, product reference, code article, ref article
    reference article, reference produit, ref produit, code produit, artikelnummer, artikelnr, artikel no, artikel id, art no, artnr
    produktnummer, produkt no, codigo articulo, codigo producto, referencia articulo, referencia producto, codice articolo
    codice prodotto, cod articolo, stock code, asin, listing id, plu, ean, gtin, upc, barcode, code barre, code barres, ugs, ref produit, reference, referencia, riferimento, ref`),
  item_name:
    list(`lineitem name, line item name, item name, item title, product name, product title, article name, item, title
    designation, libelle article, nom article, libelle, nom produit, produit, article, description article, artikelbezeichnung, artikelname
    bezeichnung, produktname, produkt, descripcion, nombre producto, articulo, producto, descrizione, nome prodotto, articolo
    prodotto, description`),
  quantity:
    list(`lineitem quantity, line item quantity, item quantity, product quantity, quantity purchased, quantity ordered
    qty ordered, quantity, qty, units, item qty, quantite, qte, menge, stuckzahl, stuck, anzahl, cantidad, cant, unidades, uds
    q ta, quantita, qta, pezzi`),
  price:
    list(`lineitem price, line item price, unit price, price unit, price each, price per unit, price per item, item price
    product price, item cost, sold for, price, prix unitaire ttc, prix unitaire, pu ttc, pu, prix vente, prix ttc, prix, einzelpreis
    stuckpreis, artikelpreis, preis, precio unitario, precio, prezzo unitario, prezzo`),
  line_total:
    list(`lineitem total, line item total, line total, item total, item subtotal, item amount, row total, line amount
    product total, extended price, total ligne, montant ligne, total article, zeilensumme, positionssumme, positionsbetrag
    positionspreis, total linea, importe linea, totale riga, importo riga`),
  variant: list('lineitem variant, variant, variant title, variations, variation, variante, declinaison, variant name'),
  category:
    list(`item category, product category, category, categorie, kategorie, categoria, product type, rayon, famille, warengruppe
    familia, reparto`),
  channel:
    list(`channel, sales channel, order channel, canal vente, canal, canal venta, vertriebskanal, verkaufskanal, kanal, canale
    canale vendita, purchase point, store name, store, location, shop, magasin, boutique, point vente, filiale, kasse, caisse, tienda
    negozio, source name, source, order source`),
} satisfies Record<string, string[]>

/** Columns of the customer's id; the shop's reference to its CRM first. */
export const ORDER_CONTACT: string[] = [
  'customer reference id',
  'customer reference',
  ...ID.map(orderHeading).filter(
    (name) => !['id', 'external id', 'externalid', 'record id', 'entity id'].includes(name),
  ),
]

/** Headings that may name a customer or hold an id of one: their cells decide. */
export const CUSTOMER = list('client, kunde, cliente, customer, buyer, acheteur, kaufer, comprador, acquirente')

/** Headings that hold the id of an order in some exports and something else in others: their cells decide. */
export const MAYBE_ORDER_ID = list('name, no, id')
