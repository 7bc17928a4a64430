-- One row a message, whose id it has: a message that comes twice finds its row and does nothing.
CREATE TABLE notification_notification (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  email varchar(200) NOT NULL,
  subject varchar(200) NOT NULL,
  created timestamptz NOT NULL DEFAULT now()
);
