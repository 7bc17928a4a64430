CREATE TABLE orders_order (
  id       uuid         PRIMARY KEY,
  customer varchar(100) NOT NULL,
  quantity bigint       NOT NULL
);

-- Written in the transaction of the order it tells of; the connector reads it out of the write-ahead log.
CREATE TABLE events_outboxitem (
  id           uuid         PRIMARY KEY,
  topic        varchar(249) NOT NULL,
  message_key  varchar(255) NOT NULL,
  timestamp    timestamptz  NOT NULL DEFAULT now(),
  event_type   varchar(255) NOT NULL,
  source       varchar(255) NOT NULL,
  content_type varchar(255) NOT NULL DEFAULT 'application/json',
  payload      bytea        -- null: the order is gone
);
