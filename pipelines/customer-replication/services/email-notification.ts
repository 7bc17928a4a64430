/** Sends each requested notification once: what was sent is noted in the same transaction, and a mail that is sent again after a crash is the same mail. */
import { runService } from 'evpipe/kit';
import { type NotificationRequest, parseEvent } from './events.js';

runService(async (service) => {
  const database = await service.database();
  const mailer = await service.mailer();

  await service.consume({
    group: service.env('GROUP'),
    topics: [service.env('TOPIC')],
    database,
    async apply({ value }, transaction) {
      const request = parseEvent<NotificationRequest>(value, ['id', 'customer_id', 'email', 'subject', 'text']);
      const { id, customer_id, email, subject, text } = request;
      const [isNew] = await transaction.query(
        `INSERT INTO notification_sent (event_id, customer_id, email) VALUES ($1, $2, $3)
         ON CONFLICT (event_id) DO NOTHING RETURNING event_id`,
        [id, customer_id, email],
      );
      if (isNew !== undefined) await mailer.send({ id, to: email, subject, text });
    },
  });
});
