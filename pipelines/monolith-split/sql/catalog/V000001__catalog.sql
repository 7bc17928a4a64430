-- Reference data that both sides have of their own.
CREATE TABLE catalog_market (
  iso_code char(2)      PRIMARY KEY,
  name     varchar(100) NOT NULL
);

-- What the catalog keeps of the monolith's products; its row ids are its own.
CREATE TABLE catalog_product (
  id               uuid    PRIMARY KEY DEFAULT gen_random_uuid(),
  product_uuid     uuid    NOT NULL UNIQUE,
  name             varchar(200) NOT NULL,
  product_category varchar(50)  NOT NULL,
  discontinued     boolean NOT NULL,
  revision         bigint  NOT NULL,
  updated_at       timestamptz NOT NULL DEFAULT now() -- for people: nothing is decided by it
);

-- The entries' master.
CREATE TABLE catalog_catalogentry (
  id              uuid    PRIMARY KEY,
  product_uuid    uuid    NOT NULL,
  market_iso_code char(2) NOT NULL REFERENCES catalog_market,
  start_offering  date    NOT NULL,
  offering_ends   date    NOT NULL,
  revision        bigint  NOT NULL DEFAULT 1, -- counts the changes: what a replica compares
  UNIQUE (product_uuid, market_iso_code)
);

-- Written in the transaction of the entry it reports, sent by the service itself.
CREATE TABLE catalog_event (
  id           uuid        PRIMARY KEY,
  number       bigint      GENERATED ALWAYS AS IDENTITY,
  topic        text        NOT NULL,
  key          text        NOT NULL,
  body         text,
  time_created timestamptz NOT NULL DEFAULT now(),
  sent         boolean     NOT NULL DEFAULT false,
  failure      text -- why the broker did not take it when it was last tried
);

CREATE INDEX catalog_event_unsent ON catalog_event (number) WHERE NOT sent;
