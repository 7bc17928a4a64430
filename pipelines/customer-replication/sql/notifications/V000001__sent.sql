-- What was sent, once an event: written in one transaction with the sending.
CREATE TABLE notification_sent (
  event_id    uuid         PRIMARY KEY,
  customer_id uuid         NOT NULL,
  email       varchar(254) NOT NULL,
  sent_on     timestamptz  NOT NULL DEFAULT now()
);
