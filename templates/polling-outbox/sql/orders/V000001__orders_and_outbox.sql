CREATE TABLE orders_order (
  id       uuid         PRIMARY KEY,
  customer varchar(100) NOT NULL,
  quantity bigint       NOT NULL
);

-- Written in the transaction of the order it tells of, sent in the order of `number`, marked once Kafka has it.
CREATE TABLE order_event (
  id           uuid        PRIMARY KEY,
  number       bigint      GENERATED ALWAYS AS IDENTITY,
  topic        text        NOT NULL,
  key          text        NOT NULL,
  body         text,       -- JSON; null: the order is gone
  time_created timestamptz NOT NULL DEFAULT now(),
  sent         boolean     NOT NULL DEFAULT false,
  failure      text -- why the broker did not take it when it was last tried
);

CREATE INDEX order_event_unsent ON order_event (number) WHERE NOT sent;
