SET 'auto.offset.reset' = 'earliest';

-- Five queries that know nothing of each other: after a pause of one of them, statuses of an order arrive in another order than they
-- happened in. So the view keeps the highest, which is the latest: statuses only rise. What arrived last is shown beside it.
CREATE TABLE pizza_order_status
  WITH (KAFKA_TOPIC = '$(topics.pizza-order-status.name)', PARTITIONS = 6, VALUE_FORMAT = 'JSON')
AS SELECT
  order_id,
  MAX(status) AS status,
  LATEST_BY_OFFSET(status) AS arrived,
  LATEST_BY_OFFSET(timestamp) AS arrived_timestamp
FROM pizza_status
GROUP BY order_id
EMIT CHANGES;

INSERT INTO pizza_status SELECT order_id, status, timestamp FROM pizza_ordered EMIT CHANGES;
INSERT INTO pizza_status SELECT order_id, status, timestamp FROM pizza_pending EMIT CHANGES;
INSERT INTO pizza_status SELECT order_id, status, timestamp FROM pizza_assembled EMIT CHANGES;
INSERT INTO pizza_status SELECT order_id, status, timestamp FROM pizza_baked EMIT CHANGES;
INSERT INTO pizza_status SELECT order_id, status, timestamp FROM pizza_delivered EMIT CHANGES;
