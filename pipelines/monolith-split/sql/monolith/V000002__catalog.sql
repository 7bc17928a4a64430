-- Reference data that both sides have of their own.
CREATE TABLE catalog_market (
  iso_code char(2)      PRIMARY KEY,
  name     varchar(100) NOT NULL
);

-- What the monolith keeps of the catalog's entries; its row ids are its own.
CREATE TABLE catalog_catalogentry (
  id              uuid    PRIMARY KEY DEFAULT gen_random_uuid(),
  product_uuid    uuid    NOT NULL REFERENCES product_product (product_uuid),
  market_iso_code char(2) NOT NULL REFERENCES catalog_market,
  start_offering  date    NOT NULL,
  offering_ends   date    NOT NULL,
  revision        bigint  NOT NULL,
  UNIQUE (product_uuid, market_iso_code)
);
