-- What planning knows of persons: a projection of person_person.
CREATE TABLE planning_person (
  id            uuid PRIMARY KEY,
  date_of_birth date NOT NULL
);

-- The person arrives on a way of its own and may be deleted on it: the consumer waits for it, no foreign key insists.
CREATE TABLE planning_balancesheet (
  id              uuid   PRIMARY KEY,
  person_id       uuid   NOT NULL,
  date_calculated date   NOT NULL,
  assets          bigint NOT NULL,
  liabilities     bigint NOT NULL
);

CREATE INDEX planning_balancesheet_person ON planning_balancesheet (person_id);
