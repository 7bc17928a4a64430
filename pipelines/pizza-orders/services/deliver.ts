/** Delivers every baked pizza once, to the customer whom the order names. */
import { NotYet, runService } from 'evpipe/kit';
import { type PizzaEvent, readEvent, report, STATUS, timeAfter } from './pizza-event.js';

interface Ordered extends PizzaEvent {
  readonly order: { readonly customer_id: string };
}

runService(async (service) => {
  const database = await service.database();
  const outbox = await service.pollingOutbox({ database, table: 'delivery_outbox' });
  const [orderedTopic, deliveredTopic] = [service.env('ORDERED'), service.env('DELIVERED')];

  await service.consume({
    group: service.env('GROUP'),
    topics: [orderedTopic, service.env('BAKED')],
    database,
    async apply({ topic, key, value }, transaction) {
      const order = String(key);
      if (topic === orderedTopic) {
        const ordered = readEvent<Ordered>(value);
        await transaction.query(
          'INSERT INTO customer (order_id, timestamp, customer_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
          [order, ordered.timestamp, ordered.order.customer_id],
        );
        return;
      }
      const baked = readEvent(value);
      const delivered = { status: STATUS.delivered, timestamp: timeAfter(baked) };
      const [customer] = await transaction.query('SELECT FROM customer WHERE order_id = $1', [order]);
      // The two topics are read at their own pace: the pizza can be here before its order. It is kept, and tried again.
      if (customer === undefined) throw new NotYet(`order ${order}`);
      const [fresh] = await transaction.query(
        `INSERT INTO delivered (order_id, baked, timestamp, customer_id)
         SELECT order_id, $2, $3, customer_id FROM customer WHERE order_id = $1 ON CONFLICT DO NOTHING RETURNING order_id`,
        [order, baked.timestamp, delivered.timestamp],
      );
      if (fresh !== undefined) await report(outbox, transaction, { topic: deliveredTopic, order, event: delivered });
    },
  });
});
