-- The rows of orders_order as the connector writes them. The value's columns are those of the topic's subject.
CREATE STREAM order_rows (`key` VARCHAR KEY)
  WITH (KAFKA_TOPIC = '$(topics.order_rows.name)', VALUE_FORMAT = 'AVRO');
