/**
 * What the statuses of orders say, as shop systems, marketplaces and tills write them in five languages. Each row is a
 * status and what it means; null is one that is not known, which is never a purchase.
 */
import { describe, expect, test } from 'vitest'
import { type OrderStatus, readOrderStatus } from '../../server/domain/commerce/order-status.ts'

const cases: Record<string, [OrderStatus | null, string[]]> = {
  'bought, in English': [
    'bought',
    [
      ...['paid', 'Paid', 'PAID', 'processing', 'wc-processing', 'wc-completed', 'completed', 'Complete', 'Shipped'],
      ...[
        'Partially shipped',
        'PartiallyShipped',
        'Delivered',
        'Unshipped',
        'Awaiting Fulfillment',
        'Awaiting Shipment',
      ],
      ...[
        'Awaiting Pickup',
        'authorized',
        'partially_paid',
        'Payment accepted',
        'Payment received',
        'Processing in progress',
      ],
      ...[
        'Shipped - Delivered to Buyer',
        'fulfilled',
        'unfulfilled',
        'captured',
        'Succeeded',
        'Sold',
        'Refund requested',
      ],
      ...['On backorder (paid)', 'Remote payment accepted', 'ready for pickup'],
    ],
  ],
  'bought, in French': [
    'bought',
    [
      ...[
        'Paiement accepté',
        'Payée',
        'En cours',
        'En cours de préparation',
        'En cours de livraison',
        'Expédié',
        'Livré',
      ],
      ...[
        'Terminée',
        'En attente de réapprovisionnement (payé)',
        'Paiement à distance accepté',
        'Vendu',
        'Paiement partiel',
      ],
      ...[
        'Préparation en cours',
        'Paiement reçu',
        'Prêt pour le retrait',
        'Disponible en boutique',
        'Colis envoyé',
        'Acompte versé',
      ],
    ],
  ],
  'bought, in German': [
    'bought',
    [
      'Bezahlt',
      'In Bearbeitung',
      'Abgeschlossen',
      'Versandt',
      'Zahlung eingegangen',
      'Teilweise bezahlt',
      'Geliefert',
      'versandfertig',
    ],
  ],
  'bought, in Spanish and Italian': [
    'bought',
    [
      'Pagado',
      'Completado',
      'Procesando',
      'Enviado',
      'Pago aceptado',
      'Pagato',
      'Completato',
      'In lavorazione',
      'Spedito',
      'Evaso',
    ],
  ],
  'nobody paid, in English': [
    'unpaid',
    [
      ...[
        'pending',
        'wc-pending',
        'Pending payment',
        'on-hold',
        'wc-on-hold',
        'failed',
        'wc-failed',
        'draft',
        'checkout-draft',
      ],
      ...[
        'unpaid',
        'Not paid',
        'Awaiting payment',
        'Awaiting check payment',
        'payment_review',
        'holded',
        'expired',
        'Declined',
      ],
      ...[
        'Open',
        'new',
        'Payment error',
        'Suspected Fraud',
        'On backorder (not paid)',
        'Awaiting bank wire payment',
        'trash',
      ],
      ...[
        'Payment pending',
        'abandoned',
        'Payment processing',
        'overdue',
        'quote',
        'Waiting for PayPal payment',
        'Reminded',
        'cart',
      ],
    ],
  ],
  'nobody paid, in French': [
    'unpaid',
    [
      ...[
        'En attente',
        'Attente paiement',
        'En attente de paiement',
        'En attente du paiement par chèque',
        'Échouée',
        'Échec',
      ],
      ...[
        'En attente de virement bancaire',
        'Erreur de paiement',
        'Brouillon',
        'Non payée',
        'Impayé',
        'Paiement refusé',
        'Refusée',
      ],
      ...['En attente de réapprovisionnement (non payé)', 'Devis'],
    ],
  ],
  'nobody paid, in German': [
    'unpaid',
    [
      'Zahlung ausstehend',
      'In Wartestellung',
      'Fehlgeschlagen',
      'Offen',
      'Unbezahlt',
      'Nicht bezahlt',
      'Entwurf',
      'Abgelehnt',
      'Ausstehend',
    ],
  ],
  'nobody paid, in Spanish and Italian': [
    'unpaid',
    [
      ...['Pendiente de pago', 'En espera', 'Fallido', 'Borrador', 'No pagado', 'Pendiente', 'Rechazado', 'Impagado'],
      ...['In attesa di pagamento', 'In sospeso', 'Fallito', 'Bozza', 'Non pagato', 'In attesa', 'Rifiutato'],
    ],
  ],
  cancelled: [
    'cancelled',
    [
      ...[
        'cancelled',
        'wc-cancelled',
        'Canceled',
        'voided',
        'Annulé',
        'Annulée',
        'Commande annulée',
        'Storniert',
        'Cancelado',
      ],
      ...['Anulado', 'Annullato', 'Cancellato', 'Order cancelled by customer', 'abgebrochen', 'Storno'],
    ],
  ],
  refunded: [
    'refunded',
    [
      ...[
        'refunded',
        'wc-refunded',
        'Remboursé',
        'Remboursée',
        'Erstattet',
        'Rückerstattet',
        'Reembolsado',
        'Rimborsato',
      ],
      ...['returned', 'Retourné', 'chargeback', 'Avoir', 'Devuelto'],
    ],
  ],
  'refunded in part': [
    'part_refunded',
    [
      ...[
        'partially_refunded',
        'Partially refunded',
        'partial refund',
        'Remboursement partiel',
        'Partiellement remboursée',
      ],
      ...['Teilweise erstattet', 'teilerstattet', 'Parcialmente reembolsado', 'Parzialmente rimborsato'],
    ],
  ],
  'closed, one way or another': ['closed', ['closed', 'Fermée', 'geschlossen']],
  'not known': [
    null,
    [
      ...[
        '',
        '5',
        'Mars attacks',
        'Paid by goblin',
        'en transit vers la lune',
        'partial',
        'VIP',
        'x'.repeat(500),
        'Partially cancelled',
      ],
      ...['Payment', 'Order received', 'Versandt DHL Express'],
    ],
  ],
}

describe.each(Object.entries(cases))('%s', (_, [means, statuses]) => {
  test.each(statuses.map((status) => [status]))('%j', (status) => expect(readOrderStatus(status)).toBe(means))
})
