-- The rows of accounting_balancesheet as the connector writes them. The value's columns are those of the topic's subject.
CREATE STREAM balance_sheet_rows (`key` VARCHAR KEY)
  WITH (KAFKA_TOPIC = '$(topics.private_accounting_bal_sheet_cdc.name)', VALUE_FORMAT = 'AVRO');
