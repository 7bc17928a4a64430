/** Sends every new user one e-mail, however often RabbitMQ delivers the message. */
import { entity, Refused, runService, text, timestamp, uuid } from 'evpipe/kit';

interface UserCreated {
  readonly user_id: string;
  readonly name: string;
  readonly email: string;
}

const notifications = entity({
  name: 'notification',
  plural: 'notifications',
  table: 'notification_notification',
  order: ['email'],
  fields: { user_id: uuid(), email: text({ max: 200 }), subject: text({ max: 200 }), created: timestamp('created') },
});

runService(async (service) => {
  const database = await service.database();
  const mailer = await service.mailer();

  await service.receive({
    queue: service.env('QUEUE'),
    database,
    async apply({ id, body }, transaction) {
      const { user_id, name, email } = read(body);
      const subject = `Welcome, ${name}`;
      const [fresh] = await transaction.query(
        `INSERT INTO notification_notification (id, user_id, email, subject) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO NOTHING RETURNING id`,
        [id, user_id, email, subject],
      );
      // Before the commit: a crash in between sends the same mail again, under the same Message-ID.
      if (fresh !== undefined)
        await mailer.send({ id, to: email, subject, text: `Hello ${name}, your list is ready.` });
    },
  });
  await service.serve({
    title: 'Notification',
    database,
    entities: [notifications],
    api: '/api/v1/notifications',
    notice: 'What was sent. Rows that are added here were never sent: verify-consistency will name them.',
  });
});

/** What can't be read will never be readable: it is refused, for somebody to look at in the dead-letter queue. */
function read(body: Buffer): UserCreated {
  try {
    const { user_id, name, email } = JSON.parse(body.toString('utf8')) as Partial<UserCreated>;
    if (user_id !== undefined && name !== undefined && email !== undefined) return { user_id, name, email };
  } catch {
    throw new Refused('the body is not valid JSON');
  }
  throw new Refused('the body lacks user_id, name or email');
}
