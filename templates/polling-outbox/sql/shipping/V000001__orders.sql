-- What shipping knows of orders: a replica, written by its consumer alone.
CREATE TABLE shipping_order (
  id       uuid         PRIMARY KEY,
  customer varchar(100) NOT NULL,
  quantity bigint       NOT NULL
);
