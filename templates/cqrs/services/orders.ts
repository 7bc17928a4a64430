/** The side that writes: it owns the orders. Its table's changes are captured from the write-ahead log. */
import { entity, integer, runService, text } from 'evpipe/kit';

const orders = entity({
  name: 'order',
  plural: 'orders',
  table: 'orders_order',
  fields: { customer: text(), quantity: integer(), price: integer() },
});

runService(async (service) => {
  const database = await service.database();
  await service.serve({ title: 'Orders', database, entities: [orders] });
});
