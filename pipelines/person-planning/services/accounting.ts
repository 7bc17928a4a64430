/** Owns the balance sheets. It reports nothing: its table's changes are captured from the write-ahead log. */
import { date, entity, integer, runService, uuid } from 'evpipe/kit';

const balanceSheets = entity({
  name: 'balance sheet',
  plural: 'balance-sheets',
  table: 'accounting_balancesheet',
  fields: { person_id: uuid(), date_calculated: date(), assets: integer(), liabilities: integer() },
});

runService(async (service) => {
  const database = await service.database();
  await service.serve({ title: 'Accounting', database, entities: [balanceSheets] });
});
