-- The rows of orders_order as the connector writes them. The value's columns are those of the topic's subject.
CREATE STREAM order_rows (`key` VARCHAR KEY)
  WITH (KAFKA_TOPIC = 'order_rows', VALUE_FORMAT = 'AVRO');
