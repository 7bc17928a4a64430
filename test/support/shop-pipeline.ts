/** A shop on addresses: a database, a topic, a service, a check and a smoke test. */
export const SHOP_PIPELINE = `version: 1
name: shop
databases:
  shop: {}
topics:
  orders: { partitions: 2 }
services:
  shop: { command: [node, shop.js], port: 8001, produces: [orders] }
checks:
  copies:
    source: { database: shop, table: orders }
    replica: { database: shop, table: orders_copy }
    key: [id]
    through: []
    within: 1s
smoke:
  an-order-arrives:
    request: { service: shop, method: POST, path: /orders, body: { item: tea } }
    expect:
      - { topic: orders, key: $(response.id), value: { item: tea, line: { amount: 2 } } }
      - {
          database: shop,
          table: orders,
          where: { id: $(response.id) },
          row: { item: tea, price: 1.5, ordered: 2026-01-01, note: null, extra: { b: [1], a: 2 } },
        }
    within: 2s
targets:
  test: { base: cluster, services: { shop: { url: "\${SHOP_URL}" } } }
`;
