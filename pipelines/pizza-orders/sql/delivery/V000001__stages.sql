-- Who gets which order, as the orders said it.
CREATE TABLE customer (order_id text PRIMARY KEY, timestamp bigint NOT NULL, customer_id text NOT NULL);
-- One row an order: an event that comes twice finds its row and does nothing.
CREATE TABLE delivered (
  order_id text PRIMARY KEY,
  baked bigint NOT NULL,
  timestamp bigint NOT NULL,
  customer_id text NOT NULL
);
