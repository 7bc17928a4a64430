/** Keeps reporting_order. Events come at least once: writing the same one again changes nothing. */
import { runService } from 'evpipe/kit';

interface OrderTotal {
  readonly id: string;
  readonly customer: string;
  readonly total: number;
}

runService(async (service) => {
  const database = await service.database();
  const avro = await service.avro();

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    database,
    async apply({ key, value }, transaction) {
      if (value === null) {
        await transaction.query('DELETE FROM reporting_order WHERE id = $1', [key]);
        return;
      }
      const order = await avro.decode<OrderTotal>(value);
      await transaction.query(
        `INSERT INTO reporting_order (id, customer, total) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, total = excluded.total`,
        [order.id, order.customer, order.total],
      );
    },
  });
});
