-- The products' master. What others know a product by is product_uuid; deleting one sets discontinued.
CREATE TABLE product_product (
  id               uuid    PRIMARY KEY,
  product_uuid     uuid    GENERATED ALWAYS AS (id) STORED UNIQUE,
  name             varchar(200) NOT NULL,
  product_category varchar(50)  NOT NULL,
  discontinued     boolean NOT NULL DEFAULT false,
  revision         bigint  NOT NULL DEFAULT 1 -- counts the changes: what a replica compares
);

-- Written in the transaction of the product it reports, sent by the service itself.
CREATE TABLE product_event (
  id           uuid        PRIMARY KEY,
  number       bigint      GENERATED ALWAYS AS IDENTITY,
  topic        text        NOT NULL,
  key          text        NOT NULL,
  body         text,
  time_created timestamptz NOT NULL DEFAULT now(),
  sent         boolean     NOT NULL DEFAULT false,
  failure      text -- why the broker did not take it when it was last tried
);

CREATE INDEX product_event_unsent ON product_event (number) WHERE NOT sent;
