-- Versions go up by two: the one in between is that of a deletion, so that a customer created again with the same id is newer.
CREATE SEQUENCE customer_version AS bigint INCREMENT BY 2;

CREATE TABLE api_customers_customer (
  id         uuid         PRIMARY KEY,
  name       varchar(100) NOT NULL,
  phone      varchar(40)  NOT NULL,
  email      varchar(254) NOT NULL,
  version    bigint       NOT NULL DEFAULT nextval('customer_version'),
  created_on timestamptz  NOT NULL DEFAULT now(),
  created_by varchar(100) NOT NULL DEFAULT 'customers',
  updated_on timestamptz  NOT NULL DEFAULT now(),
  updated_by varchar(100) NOT NULL DEFAULT 'customers'
);

CREATE INDEX api_customers_customer_name ON api_customers_customer (name);

-- Written in the transaction of the customer it reports; the connector reads it out of the write-ahead log, in the order of the commits.
CREATE TABLE events_outboxitem (
  id           uuid         PRIMARY KEY,
  topic        varchar(249) NOT NULL,
  message_key  varchar(255) NOT NULL,
  timestamp    timestamptz  NOT NULL DEFAULT now(),
  event_type   varchar(255) NOT NULL,
  source       varchar(255) NOT NULL,
  content_type varchar(255) NOT NULL DEFAULT 'application/json',
  payload      bytea        NOT NULL
);
