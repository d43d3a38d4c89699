"""The GraphQL documents we send to Shopify's Admin API 2026-07; a test holds each to the schema.

An order is asked for in slices: Shopify prices a query by what it might return (an object one point, a list
by its ``first``, 1000 points at most), so the page asks for the first few lines of each order, and what is
longer than that, and what only some orders have (refunds, duties, units taken off again), is asked for afterwards.
"""

MONEY = """
fragment Money on MoneyBag {
  presentmentMoney { amount currencyCode }
  shopMoney { amount currencyCode }
}
"""

ADDRESS = """
fragment Address on MailingAddress {
  name company address1 address2 city province provinceCode zip countryCodeV2 phone
}
"""

DISCOUNT = """
fragment Discount on DiscountAllocation {
  allocatedAmountSet { ...Money }
  discountApplication {
    ... on DiscountCodeApplication { code }
    ... on AutomaticDiscountApplication { title }
    ... on ManualDiscountApplication { title }
    ... on ScriptDiscountApplication { title }
  }
}
"""

LINE = """
fragment Line on LineItem {
  id name sku quantity currentQuantity requiresShipping isGiftCard
  variant { id barcode }
  product { id }
  originalTotalSet { ...Money }
  discountAllocations { ...Discount }
  taxLines { priceSet { ...Money } }
}
"""

DUTY = """
fragment Levied on Duty {
  id price { ...Money } taxLines { priceSet { ...Money } }
}
"""

TRANSACTION = """
fragment Transaction on OrderTransaction {
  id kind status gateway createdAt processedAt
  amountSet { ...Money }
}
"""

ORDER = """
fragment OrderParts on Order {
  id name number createdAt processedAt updatedAt cancelledAt cancelReason test taxesIncluded dutiesIncluded
  currencyCode presentmentCurrencyCode displayFinancialStatus displayFulfillmentStatus
  email phone note tags
  customer { id displayName numberOfOrders }
  shippingAddress { ...Address }
  billingAddress { ...Address }
  totalPriceSet { ...Money }
  originalTotalDutiesSet { ...Money }
  additionalFees { id name price { ...Money } taxLines { priceSet { ...Money } } }
  risk { recommendation assessments { riskLevel } }
  disputes { id initiatedAs status }
  shippingLines(first: 3) {
    nodes {
      id title code
      originalPriceSet { ...Money }
      discountedPriceSet { ...Money }
      discountAllocations { ...Discount }
      taxLines { priceSet { ...Money } }
    }
  }
  lineItems(first: $lines) { nodes { ...Line } pageInfo { hasNextPage endCursor } }
  transactions(first: 3) { ...Transaction }
  transactionsCount { count }
  refunds(first: 5) { id }
}
"""

_PARTS = MONEY + ADDRESS + DISCOUNT + LINE + TRANSACTION + ORDER

ORDERS = (
    """
query Orders($first: Int!, $after: String, $query: String!, $lines: Int!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { ...OrderParts }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _PARTS
)

ONE_ORDER = "query Order($id: ID!, $lines: Int!) { order(id: $id) { ...OrderParts } }" + _PARTS

ORDER_LINES = (
    """
query OrderLines($id: ID!, $after: String) {
  order(id: $id) {
    lineItems(first: 40, after: $after) { nodes { ...Line } pageInfo { hasNextPage endCursor } }
  }
}
"""
    + MONEY
    + DISCOUNT
    + LINE
)

ORDER_DUTIES = (
    """
query OrderDuties($id: ID!, $after: String) {
  order(id: $id) {
    lineItems(first: 40, after: $after) {
      nodes { id duties { ...Levied } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + MONEY
    + DUTY
)

TRANSACTIONS = (
    """
query Transactions($id: ID!) {
  order(id: $id) {
    taxesIncluded
    transactions(first: 100) { ...Transaction parentTransaction { id } }
  }
}
"""
    + MONEY
    + TRANSACTION
)

REFUND_IDS = "query RefundIds($id: ID!) { order(id: $id) { refunds(first: 250) { id } } }"

REFUND = (
    """
query Refund($id: ID!) {
  refund(id: $id) {
    id createdAt note
    totalRefundedSet { ...Money }
    duties { amountSet { ...Money } originalDuty { ...Levied } }
    transactions(first: 20) { nodes { ...Transaction } }
  }
}
"""
    + MONEY
    + DUTY
    + TRANSACTION
)

REFUND_LINES = (
    """
query RefundLines($id: ID!, $after: String) {
  refund(id: $id) {
    refundLineItems(first: 50, after: $after) {
      nodes {
        quantity restocked restockType
        lineItem { id }
        subtotalSet { ...Money }
        totalTaxSet { ...Money }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
    + MONEY
)

FULFILLMENTS = """
query Fulfillments($id: ID!) {
  order(id: $id) {
    fulfillments(first: 100) { id status trackingInfo(first: 5) { company number url } }
  }
}
"""

FULFILLMENT_LINES = """
query FulfillmentLines($id: ID!, $after: String) {
  fulfillment(id: $id) {
    fulfillmentLineItems(first: 100, after: $after) {
      nodes { quantity lineItem { id } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

FULFILLMENT_ORDERS = """
query FulfillmentOrders($id: ID!, $after: String) {
  order(id: $id) {
    fulfillmentOrders(first: 50, after: $after) {
      nodes { id status supportedActions { action } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

FULFILLMENT_ORDER_LINES = """
query FulfillmentOrderLines($id: ID!, $after: String) {
  fulfillmentOrder(id: $id) {
    lineItems(first: 100, after: $after) {
      nodes { id remainingQuantity lineItem { id } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

FULFIL = """
mutation Fulfil($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id }
    userErrors { field message }
  }
}
"""

UPDATE_TRACKING = """
mutation UpdateTracking($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) {
  fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) {
    fulfillment { id }
    userErrors { field message }
  }
}
"""

CREATE_REFUND = (
    """
mutation CreateRefund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id transactions(first: 20) { nodes { ...Transaction } } }
    userErrors { field message }
  }
}
"""
    + MONEY
    + TRANSACTION
)

CANCEL = """
mutation Cancel(
  $orderId: ID!, $reason: OrderCancelReason!, $refundMethod: OrderCancelRefundMethodInput, $staffNote: String
) {
  orderCancel(
    orderId: $orderId, reason: $reason, restock: false, refundMethod: $refundMethod,
    notifyCustomer: false, staffNote: $staffNote
  ) {
    job { id done }
    orderCancelUserErrors { code field message }
  }
}
"""

JOB = "query Job($id: ID!) { job(id: $id) { id done } }"

CANCELLED = "query Cancelled($id: ID!) { order(id: $id) { id cancelledAt } }"

LOCATIONS = "query Locations { locations(first: 2) { nodes { id name } } }"

VARIANTS = """
query Variants($first: Int!, $after: String, $location: ID!) {
  productVariants(first: $first, after: $after, sortKey: ID) {
    nodes {
      id displayName sku barcode
      product { id }
      inventoryItem {
        id tracked
        inventoryLevel(locationId: $location) { quantities(names: ["available"]) { quantity } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

STOCK = """
query Stock($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on InventoryItem {
      id
      inventoryLevel(locationId: $location) { quantities(names: ["available"]) { quantity } }
    }
  }
}
"""

SET_STOCK = """
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}
"""

ACTIVATE_STOCK = """
mutation ActivateStock($item: ID!, $location: ID!, $available: Int, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available)
    @idempotent(key: $key) {
    inventoryLevel { id quantities(names: ["available"]) { quantity } }
    userErrors { field message }
  }
}
"""

WEBHOOKS = """
query Webhooks($after: String) {
  webhookSubscriptions(first: 100, after: $after) {
    nodes { id topic uri }
    pageInfo { hasNextPage endCursor }
  }
}
"""

SUBSCRIBE = """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""
