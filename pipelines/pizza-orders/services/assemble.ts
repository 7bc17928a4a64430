/** Takes every order once, and assembles it. */
import { runService } from 'evpipe/kit';
import { type PizzaEvent, readEvent, report, STATUS, timeAfter } from './pizza-event.js';

interface Ordered extends PizzaEvent {
  readonly order: { readonly extra_toppings: readonly string[] };
}

runService(async (service) => {
  const database = await service.database();
  const outbox = await service.pollingOutbox({ database, table: 'assembly_outbox' });
  const [pendingTopic, assembledTopic] = [service.env('PENDING'), service.env('ASSEMBLED')];

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('ORDERED')],
    database,
    async apply({ key, value }, transaction) {
      const ordered = readEvent<Ordered>(value);
      const order = String(key);
      const pending = { status: STATUS.pending, timestamp: timeAfter(ordered) };
      const baking_time = 8 + 2 * ordered.order.extra_toppings.length; // minutes
      const assembled = { status: STATUS.assembled, timestamp: timeAfter(pending), baking_time };
      const [fresh] = await transaction.query(
        'INSERT INTO assembled (order_id, ordered, timestamp) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING order_id',
        [order, ordered.timestamp, assembled.timestamp],
      );
      if (fresh === undefined) return;
      await report(outbox, transaction, { topic: pendingTopic, order, event: pending });
      await report(outbox, transaction, { topic: assembledTopic, order, event: assembled });
    },
  });
});
