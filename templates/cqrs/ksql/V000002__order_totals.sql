SET 'auto.offset.reset' = 'earliest';

-- What readers want to know of an order. A deleted row is a record without a value, and passes as one.
CREATE STREAM order_totals
  WITH (KAFKA_TOPIC = '$(topics.order_totals.name)', VALUE_FORMAT = 'AVRO')
AS SELECT
  `key`,
  ID AS `id`,
  CUSTOMER AS `customer`,
  QUANTITY * PRICE AS `total`
FROM order_rows
EMIT CHANGES;
