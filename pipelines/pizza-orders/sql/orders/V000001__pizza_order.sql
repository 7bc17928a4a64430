CREATE TABLE pizza_order (
  id uuid PRIMARY KEY,
  name varchar(100) NOT NULL,
  customer_id varchar(100) NOT NULL,
  sauce varchar(100) NOT NULL,
  cheese varchar(100) NOT NULL,
  main_topping varchar(100) NOT NULL,
  extra_toppings varchar(200) NOT NULL,
  -- Milliseconds since the epoch, as the events say it.
  timestamp bigint NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000)::bigint
);
