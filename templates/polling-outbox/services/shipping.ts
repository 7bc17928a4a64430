/** Keeps shipping_order. Events come at least once: writing the same one again changes nothing. */
import { runService } from 'evpipe/kit';

interface Order {
  readonly id: string;
  readonly customer: string;
  readonly quantity: number;
}

runService(async (service) => {
  const database = await service.database();

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    database,
    async apply({ key, value }, transaction) {
      if (value === null) {
        await transaction.query('DELETE FROM shipping_order WHERE id = $1', [key]);
        return;
      }
      const order = JSON.parse(value.toString()) as Order;
      await transaction.query(
        `INSERT INTO shipping_order (id, customer, quantity) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, quantity = excluded.quantity`,
        [order.id, order.customer, order.quantity],
      );
    },
  });
});
