/** Owns users and their todo lists, and tells RabbitMQ of every new user. */
import { date, entity, runService, text, timestamp, uuid } from 'evpipe/kit';

runService(async (service) => {
  const database = await service.database();
  const cache = await service.cache();
  const publisher = await service.rabbitmqPublisher();
  const exchange = service.env('EXCHANGE');
  const outbox = await service.pollingOutbox({ database, table: 'outbox_message', publisher });

  const users = entity({
    name: 'user',
    plural: 'users',
    table: 'users_user',
    order: ['name'],
    fields: { name: text(), email: text({ max: 200 }), created: timestamp('created') },
    async onChange(transaction, { kind, row: { id, name, email } }) {
      if (kind !== 'created') return;
      const body = JSON.stringify({ message: 'user_created', user_id: id, name, email });
      await outbox.add(transaction, { topic: exchange, key: 'user.created', body });
    },
  });

  const todos = entity({
    name: 'todo',
    plural: 'todos',
    table: 'todos_todo',
    order: ['due', 'title'],
    fields: { user_id: uuid(), title: text({ max: 200 }), due: date(), created: timestamp('created') },
  });

  await service.serve({
    title: 'Main',
    database,
    entities: [users, todos],
    api: '/api/v1/main',
    cache: cache && { of: cache, listSeconds: 10, rowSeconds: 100 },
  });
});
