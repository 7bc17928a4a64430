CREATE TABLE orders_order (
  id       uuid         PRIMARY KEY,
  customer varchar(100) NOT NULL,
  quantity bigint       NOT NULL,
  price    bigint       NOT NULL -- of one piece, in cents
);
