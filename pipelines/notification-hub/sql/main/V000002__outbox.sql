-- Written in the transaction of what it reports; sent becomes true once RabbitMQ has confirmed the message.
CREATE TABLE outbox_message (
  id uuid PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY,
  topic varchar(200) NOT NULL, -- an exchange
  key varchar(200) NOT NULL,
  body text,
  time_created timestamptz NOT NULL DEFAULT now(),
  sent boolean NOT NULL DEFAULT false,
  failure text -- why the broker did not take it when it was last tried
);

CREATE INDEX outbox_message_unsent ON outbox_message (number) WHERE NOT sent;
