/**
 * Keeps planning_balancesheet. A new sheet waits for its person, who comes on a way of its own and may be later. The
 * wait holds back what follows in the partition, so it has an end: a person that was deleted meanwhile, or never
 * was, does not come. A sheet older than WAIT_MS goes in without, so none is lost; a sheet that is there already has
 * waited once, and its changes go in at once.
 */
import { type CloudEvent, NotYet, runService } from 'evpipe/kit';

const WAIT_MS = 60_000;

interface BalanceSheet {
  readonly id: string;
  readonly person_id: string;
  readonly date_calculated: string;
  readonly assets: number;
  readonly liabilities: number;
}

runService(async (service) => {
  const database = await service.database();
  const avro = await service.avro();

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    database,
    async apply({ key, value, timestamp }, transaction) {
      if (value === null) {
        await transaction.query('DELETE FROM planning_balancesheet WHERE id = $1', [key]);
        return;
      }
      const { data: sheet } = await avro.decode<CloudEvent<BalanceSheet>>(value);
      const mayWait = Date.now() - timestamp.getTime() < WAIT_MS;
      const inserted = await transaction.query(
        `INSERT INTO planning_balancesheet (id, person_id, date_calculated, assets, liabilities)
         SELECT $1, $2, $3, $4, $5
         WHERE NOT $6
            OR EXISTS (SELECT FROM planning_person WHERE id = $2)
            OR EXISTS (SELECT FROM planning_balancesheet WHERE id = $1)
         ON CONFLICT (id) DO UPDATE
         SET person_id = excluded.person_id, date_calculated = excluded.date_calculated,
             assets = excluded.assets, liabilities = excluded.liabilities
         RETURNING id`,
        [sheet.id, sheet.person_id, sheet.date_calculated, sheet.assets, sheet.liabilities, mayWait],
      );
      if (inserted.length === 0) throw new NotYet(`person ${sheet.person_id}`);
    },
  });
});
