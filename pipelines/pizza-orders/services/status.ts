/** Keeps the last status of every order: GET /api/status/ORDER. */
import { runService } from 'evpipe/kit';
import { readEvent } from './pizza-event.js';

/** ksqlDB writes names in upper case, the services of profile plain as they are. */
type StatusEvent =
  | { readonly STATUS: number; readonly TIMESTAMP: number }
  | { readonly status: number; readonly timestamp: number };

runService(async (service) => {
  const database = await service.database();

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    database,
    async apply({ key, value }, transaction) {
      const event = readEvent<StatusEvent>(value);
      const { status, timestamp } = 'STATUS' in event ? { status: event.STATUS, timestamp: event.TIMESTAMP } : event;
      await transaction.query(
        `INSERT INTO order_status (order_id, status, timestamp) VALUES ($1, $2, $3)
         ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, timestamp = excluded.timestamp
         WHERE excluded.timestamp > order_status.timestamp`, // whatever arrives late or twice
        [key, status, timestamp],
      );
    },
  });
  await service.serve({
    title: 'Status',
    database,
    routes(app) {
      app.get<{ Params: { id: string } }>('/api/status/:id', async ({ params: { id } }) => {
        const [row] = await database.query<{ status: number }>('SELECT status FROM order_status WHERE order_id = $1', [
          id,
        ]);
        return { status: row?.status ?? null };
      });
    },
  });
});
