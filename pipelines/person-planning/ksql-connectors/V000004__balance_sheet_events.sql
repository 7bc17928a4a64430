SET 'auto.offset.reset' = 'earliest';

-- One public event a row. A deleted row is a record without a value, and passes as one.
CREATE STREAM balance_sheet_events
  WITH (KAFKA_TOPIC = '$(topics.public_balance_sheet_entity_events.name)', VALUE_FORMAT = 'AVRO')
AS SELECT
  `key`,
  '1.0' AS `specversion`,
  UUID() AS `id`,
  'balance-sheet.changed' AS `type`,
  'accounting' AS `source`,
  FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'yyyy-MM-dd''T''HH:mm:ss.SSSX') AS `time`,
  STRUCT(
    `id` := ID,
    `person_id` := PERSON_ID,
    `date_calculated` := FORMAT_DATE(FROM_DAYS(DATE_CALCULATED), 'yyyy-MM-dd'),
    `assets` := ASSETS,
    `liabilities` := LIABILITIES
  ) AS `data`
FROM balance_sheet_rows
EMIT CHANGES;
