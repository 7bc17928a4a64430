-- Milliseconds since the epoch: of the event that led to it, and of the one that it led to.
-- One row an order and stage: an event that comes twice finds its row and does nothing.
CREATE TABLE assembled (order_id text PRIMARY KEY, ordered bigint NOT NULL, timestamp bigint NOT NULL);
CREATE TABLE baked (order_id text PRIMARY KEY, assembled bigint NOT NULL, timestamp bigint NOT NULL);
