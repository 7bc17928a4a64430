CREATE TABLE users_user (
  id uuid PRIMARY KEY,
  name varchar(100) NOT NULL,
  email varchar(200) NOT NULL,
  created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE todos_todo (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  title varchar(200) NOT NULL,
  due date NOT NULL,
  created timestamptz NOT NULL DEFAULT now()
);
