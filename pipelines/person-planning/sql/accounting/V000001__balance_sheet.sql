-- date_calculated, assets and liabilities as of one day. The person belongs to another service: no foreign key here.
CREATE TABLE accounting_balancesheet (
  id              uuid   PRIMARY KEY,
  person_id       uuid   NOT NULL,
  date_calculated date   NOT NULL,
  assets          bigint NOT NULL,
  liabilities     bigint NOT NULL
);

CREATE INDEX accounting_balancesheet_person ON accounting_balancesheet (person_id);
