-- Written in the transaction of what it reports; sent becomes true once Kafka has acknowledged it.
CREATE TABLE assembly_outbox (
  id uuid PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY,
  topic varchar(200) NOT NULL,
  key varchar(200) NOT NULL,
  body text,
  time_created timestamptz NOT NULL DEFAULT now(),
  sent boolean NOT NULL DEFAULT false,
  failure text -- why the broker did not take it when it was last tried
);

CREATE INDEX assembly_outbox_unsent ON assembly_outbox (number) WHERE NOT sent;
