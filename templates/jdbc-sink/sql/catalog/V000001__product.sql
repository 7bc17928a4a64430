CREATE TABLE catalog_product (
  id             uuid         PRIMARY KEY,
  name           varchar(100) NOT NULL,
  price          bigint       NOT NULL, -- in cents
  available_from date         NOT NULL
);
