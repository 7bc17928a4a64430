-- Shaped for reading; written by the projection alone.
CREATE TABLE reporting_order (
  id       uuid         PRIMARY KEY,
  customer varchar(100) NOT NULL,
  total    bigint       NOT NULL -- in cents
);
