SET 'auto.offset.reset' = 'earliest';

CREATE STREAM IF NOT EXISTS pizza_ordered (
  order_id VARCHAR KEY,
  status INT,
  timestamp BIGINT,
  order STRUCT<
    extra_toppings ARRAY<STRING>,
    customer_id STRING,
    name STRING,
    sauce STRING,
    cheese STRING,
    main_topping STRING
  >
) WITH (KAFKA_TOPIC = '$(topics.pizza-ordered.name)', VALUE_FORMAT = 'JSON', TIMESTAMP = 'timestamp');

CREATE STREAM IF NOT EXISTS pizza_pending (order_id VARCHAR KEY, status INT, timestamp BIGINT)
  WITH (KAFKA_TOPIC = '$(topics.pizza-pending.name)', VALUE_FORMAT = 'JSON', TIMESTAMP = 'timestamp');

CREATE STREAM IF NOT EXISTS pizza_assembled (order_id VARCHAR KEY, status INT, timestamp BIGINT, baking_time INT)
  WITH (KAFKA_TOPIC = '$(topics.pizza-assembled.name)', VALUE_FORMAT = 'JSON', TIMESTAMP = 'timestamp');

CREATE STREAM IF NOT EXISTS pizza_baked (order_id VARCHAR KEY, status INT, timestamp BIGINT)
  WITH (KAFKA_TOPIC = '$(topics.pizza-baked.name)', VALUE_FORMAT = 'JSON', TIMESTAMP = 'timestamp');

CREATE STREAM IF NOT EXISTS pizza_delivered (order_id VARCHAR KEY, status INT, timestamp BIGINT)
  WITH (KAFKA_TOPIC = '$(topics.pizza-delivered.name)', VALUE_FORMAT = 'JSON', TIMESTAMP = 'timestamp');

CREATE STREAM IF NOT EXISTS pizza_status (order_id VARCHAR KEY, status INT, timestamp BIGINT)
  WITH (KAFKA_TOPIC = '$(topics.pizza-status.name)', VALUE_FORMAT = 'JSON', TIMESTAMP = 'timestamp');
