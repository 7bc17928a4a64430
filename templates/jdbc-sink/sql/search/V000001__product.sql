-- What search knows of products: a replica, written by the sink alone.
CREATE TABLE search_product (
  id             uuid         PRIMARY KEY,
  name           varchar(100) NOT NULL,
  price          bigint       NOT NULL, -- in cents
  available_from date         NOT NULL
);
