CREATE TABLE order_status (order_id text PRIMARY KEY, status integer NOT NULL, timestamp bigint NOT NULL);
