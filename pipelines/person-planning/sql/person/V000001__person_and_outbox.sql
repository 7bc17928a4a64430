CREATE TABLE person_person (
  id            uuid        PRIMARY KEY,
  first_name    varchar(100) NOT NULL,
  last_name     varchar(100) NOT NULL,
  date_of_birth date        NOT NULL,
  created       timestamptz NOT NULL DEFAULT now(),
  modified      timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX person_person_name ON person_person (last_name, first_name);

-- Written in the transaction of the entity it reports; the connector reads it out of the write-ahead log.
CREATE TABLE events_outboxitem (
  id           uuid         PRIMARY KEY,
  topic        varchar(249) NOT NULL,
  message_key  varchar(255) NOT NULL,
  timestamp    timestamptz  NOT NULL DEFAULT now(),
  event_type   varchar(255) NOT NULL,
  source       varchar(255) NOT NULL,
  content_type varchar(255) NOT NULL DEFAULT 'application/avro',
  payload      bytea        -- null: the entity was deleted
);
